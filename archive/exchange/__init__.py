"""A book of a year as a BagIt bag, for another archive or for the time after us; and such a bag taken over.

    data/book.json            the lines, awaited and voided ones too, closed days, units, events of the book
    data/documents/<id>.json  a sidecar a document, with its words and its history
    data/originals/<sha256>   the files as they came
    data/register.csv         the book for people

Files in quarantine are never in it. A bag is taken over whole or not at all: first every hash, then every shape, then
every conflict with what is here, then every page for a mark of secrecy, and only then is anything written. Nothing that
is here is changed.
"""

from archive.exchange.outgoing import export
from archive.exchange.taking import take_over

__all__ = ["export", "take_over"]
