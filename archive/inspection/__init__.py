"""A look at everything the archive keeps: is it still what it was, and what is to be done where it is not.

Each check is a small function that answers one or more `Check`; the command `vanthu check --deep` and the page /ledger
show the same ones. Nothing here stops reading or search.
"""

from __future__ import annotations

from archive.inspection.checks import Check, Place, Tell
from archive.inspection.everything import deep

__all__ = ["Check", "Place", "Tell", "deep"]
