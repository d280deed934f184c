"""What the book and the other dates say of an arrival stamp, put beside what the pen wrote (archive/expected.py).

Worked out anew whenever the stamp is asked about, and never kept: the book goes on while a paper waits, and what was
expected when it was read says nothing by then. The pen's own findings stay as they were read.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import expected
from archive.expected import Expected
from archive.findings import Finding, Settled, Stamp, weigh
from archive.models import BookYear, Document, RegisterEntry, Scan, StampRow
from archive.register_books import book_for, books
from archive.workdays import HANOI

WITNESS = "register"
BELIEVED = 0.8
"""Confidence from which the number on the paper scanned before says where the stack stands."""
PLAIN = 0.9
"""Confidence from which the pen alone is not overruled by what is expected."""
FAR = 300
"""A stamp that is farther ahead of the book than this is no neighbour."""
MOST_AWAITED = 50
"""More awaited lines than this expect nobody in particular."""
FOR_AWAITED = 0.15
"""Of the probability of all expected numbers: a paper whose number the book waits for."""
_awaited = sa.select(RegisterEntry.number).where(RegisterEntry.status == "awaited").limit(MOST_AWAITED + 1)
_in_book = (
    sa.select(RegisterEntry.number).where(RegisterEntry.document_id == sa.bindparam("d"),
                                          RegisterEntry.status == "registered").limit(1)
)  # fmt: skip
_previous = (
    sa.select(StampRow)
    .join(Document, Document.id == StampRow.document_id).join(Scan, Scan.id == Document.scan_id)
    .where(Document.status == "review", sa.or_(
        Scan.received_at < sa.bindparam("at"),
        sa.and_(Scan.id == sa.bindparam("scan"), Document.ordinal < sa.bindparam("ordinal")),
    ))
    .order_by(Scan.received_at.desc(), Document.ordinal.desc()).limit(1)
)  # fmt: skip


def with_witnesses(session: Session, document: Document, stamp: Stamp) -> Stamp:
    """`stamp` with its number and date weighed anew before the pen's own findings; as it is once it is in the book."""
    if not any(one.witness == "pen" for one in stamp.fields) or session.scalar(_in_book, {"d": document.id}):
        return stamp
    year, known = _year(document, stamp), len(books(session))
    if not known:
        return stamp
    book = book_for(session, document).id
    numbers = _numbers(session, document, book, year)
    if numbers and known > 1:  # the clerk may put it into another book, which counts by itself
        numbers = dataclasses.replace(numbers, most=expected.DOUBTED)
    more = (
        *_weighed(_of(stamp, "number"), numbers),
        *_weighed(_of(stamp, "date"), _dates(session, document, book, year)),
    )
    return dataclasses.replace(stamp, fields=(*more, *stamp.fields))


def _weighed(own: Sequence[Finding], prior: Expected | None) -> tuple[Finding, ...]:
    """Nothing where the witnesses would overrule what is plainly written: a clerk looks at it as it is."""
    found = expected.findings(own, prior)
    best = max(own, key=lambda one: one.confidence, default=None)
    return () if found and best and best.confidence >= PLAIN and _overrules(found[0], best) else found


def _overrules(weighed: Finding, own: Finding) -> bool:
    """Whether it says something else than the pen; a date whose year the pen left out may get one."""
    has_year_now = own.partial is not None and str(weighed.value)[4:] == own.partial[1:]
    return weighed.value != own.value and not has_year_now


def settled(found: Sequence[Finding]) -> Settled:
    """One field of a stamp: by witnesses where there are any, else by the pen alone.

    The weighed findings hold the pen's own evidence, so the two are never taken together.
    """
    weighed = [one for one in found if one.witness == WITNESS]
    if not weighed:
        return weigh(found)
    best = weighed[0]
    is_sure = best.value is not None and best.confidence >= expected.SURE
    return Settled(best.value, best.confidence, is_sure, best.page, best.box, best.source or None, best.partial,
                   best.reason, tuple(weighed[1:]))  # fmt: skip


def alone(found: Sequence[Finding]) -> Settled | None:
    """The reading without witnesses, where there are some."""
    if not any(one.witness == WITNESS for one in found):
        return None
    return weigh([one for one in found if one.witness != WITNESS])


def _of(stamp: Stamp, field: str) -> list[Finding]:
    return [one for one in stamp.fields if one.field == field]


def _year(document: Document, stamp: Stamp) -> int:
    """The year in whose book the paper belongs, by the pen's own reading of its date, else that of the scan."""
    text = next((one.value for one in _of(stamp, "date") if one.value), None)
    return int(text[:4]) if isinstance(text, str) and text[:4].isdigit() else _scanned(document).year


def _scanned(document: Document) -> dt.date:
    return document.scan.received_at.astimezone(HANOI).date()


def _numbers(session: Session, document: Document, book: str, year: int) -> Expected | None:
    counter = session.get(BookYear, (book, year))
    if counter is None or not counter.last:
        return None
    before = _number_before(session, document, book, counter.last)
    prior = expected.next_numbers(before or counter.last)
    if prior and before:
        # A hand that is misread once is misread twice: far from the book nobody else has seen where the stack stands.
        most = 1.0 if before <= counter.last + len(expected.AHEAD) else expected.DOUBTED
        prior = dataclasses.replace(prior, reason=f"Văn bản quét trước mang số {before}.", most=most)
    of_year = _awaited.where(RegisterEntry.book_id == book, RegisterEntry.year == year)
    return _with_awaited(prior, list(session.scalars(of_year)))


def _number_before(session: Session, document: Document, book: str, last: int) -> int | None:
    """The number on the paper scanned before this one, when the pen was well read there and the book waits for it."""
    here = {"at": document.scan.received_at, "scan": document.scan_id, "ordinal": document.ordinal}
    row = session.scalars(_previous, here).one_or_none()
    if row and book_for(session, session.get_one(Document, row.document_id)).id != book:
        return None
    read = [one for one in row.findings if one["field"] == "number"] if row else []
    best = max(read, key=lambda one: float(one["confidence"]), default=None)
    if best is None or best["confidence"] < BELIEVED or not str(best["value"]).isdecimal():
        return None
    number = int(best["value"])
    return number if last < number <= last + FAR else None


def _with_awaited(prior: Expected | None, numbers: Sequence[int]) -> Expected | None:
    """Lines of the book that wait for their paper are expected, too."""
    if prior is None or not numbers or len(numbers) > MOST_AWAITED:
        return prior
    values = {text: chance * (1 - FOR_AWAITED) for text, chance in prior.values.items()}
    for number in numbers:
        values[str(number)] = values.get(str(number), 0.0) + FOR_AWAITED / len(numbers)
    return dataclasses.replace(prior, values=values)


def _dates(session: Session, document: Document, book: str, year: int) -> Expected | None:
    """The day the paper was signed (if that is sure), the day of the scan, the last arrival in the book."""
    field = document.fields.get("date", {})
    issued = field.get("value") if field.get("sure") else None
    wanted = sa.select(sa.func.max(RegisterEntry.arrived_on)).where(
        RegisterEntry.book_id == book, RegisterEntry.year == year, RegisterEntry.status == "registered"
    )
    previous = session.scalar(wanted)
    prior = expected.arrival_dates(issued, _scanned(document).isoformat(), previous.isoformat() if previous else None)
    if prior is None or issued or (previous and _may_be_of(field, previous.year)):
        return prior
    return dataclasses.replace(prior, most=expected.DOUBTED)


def _may_be_of(date: Mapping[str, Any], year: int) -> bool:
    """Whether the paper's own date, as far as it was read, is of this year or of the end of the one before.

    Old papers are scanned, too: then the days of the scan and of the book say nothing of theirs.
    """
    text = str(date.get("value") or date.get("partial") or "")
    return text[:4] == str(year) or (text[:4] == str(year - 1) and text[5:7] in ("", "11", "12"))
