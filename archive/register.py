"""Sổ đăng ký văn bản đến: arrival numbers without gaps, one series a book and a year.

NĐ 30/2020/NĐ-CP, art. 22: the numbers run from 01 in the order of arrival within the year, paper and electronic
together. A number once given is never deleted, only voided with a reason. The counter's row is locked before anything
is looked up: two requests for one document would otherwise collide, and MAX() + 1 gave 229 duplicates of 320.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, defer, selectinload

from archive import history, register_days, register_restored, routing
from archive.errors import BadValue, Conflict, NumberTaken, OutOfOrder
from archive.models import DOCUMENT_FOR_UPDATE, BookYear, Document, Outbox, RegisterEntry, now
from archive.register_books import FARTHEST_AHEAD, await_numbers, book_for, books, lock_counter
from archive.register_export import export_csv, export_html, export_xlsx
from archive.register_report import plain_code
from archive.vietnamese import fold
from archive.workdays import HANOI

__all__ = [
    "Lines", "amend", "asks_where_to_begin", "book_for", "books", "conceal", "duplicates", "entry_of", "expected",
    "export_csv", "export_html", "export_xlsx", "missing", "page", "register", "repeated", "take_turn", "void",
]  # fmt: skip

MOST_ALIKE = 200
"""Papers of one code that are looked at."""
FAR_FOR_A_FIRST = 20
"""An empty book whose first paper has a number beyond this was begun on paper: its numbers are not awaited here."""


_WHO_MAY_SEE = selectinload(RegisterEntry.document).load_only(Document.status, Document.secrecy, Document.unit_id)


def register(
    session: Session, document: Document, book_id: str, arrived_on: dt.date, number: int | None = None, *,
    actor: str, at: dt.datetime | None = None, reason: str | None = None, begin: bool = False,
) -> RegisterEntry:  # fmt: skip
    """Write the document into the book and give it the next number, in the caller's transaction.

    `number` is what the stamp already says: the next one, one that is awaited, or one ahead, and then the numbers
    between stand as awaited; or that of a line taken over from an old book, whose paper this is. Again for the same
    document: the entry that is there. `reason` allows a day that is out of order and is noted in the book.
    NumberTaken, OutOfOrder, DayClosed, NumbersUnknown, Conflict, BadValue, NotFound: nothing was written.
    """
    at = at or now()
    _check(arrived_on, number, at)
    document = session.scalars(DOCUMENT_FOR_UPDATE, {"id": document.id}).one()
    counter = lock_counter(session, book_id, arrived_on.year)
    if there := entry_of(session, document, book_id):
        return _the_same(there, number)
    if document.status == "void":
        raise Conflict("Văn bản này đã huỷ nên không vào sổ được.")
    register_days.check(session, book_id, arrived_on)
    number = number or counter.last + 1
    if number > counter.last:
        register_restored.check(session, counter)
    if begin and not counter.last:
        _begin(session, counter, number, actor, at)
    awaited = _awaited(session, counter, number, document)
    _check_order(session, counter, number, arrived_on, reason)
    _reserve(session, counter, number, actor, at)
    entry = awaited or RegisterEntry(book_id=counter.book_id, year=counter.year, number=number)
    _fill(entry, document, arrived_on, reason, actor, at)
    session.add(entry)
    if document.status == "review":
        document.status = "registered"
    routing.resume(session, document)
    _changed(session, document)
    history.append(
        session, actor, "registered", document.id, _facts(entry) | ({"reason": reason} if reason else {}), at
    )
    return entry


def take_turn(session: Session, document: Document, book_id: str, year: int) -> None:
    """Lock document and counter, in this order, at the beginning of a transaction that does more than register.

    Whoever writes an event holds the head of the chain; were the counter asked for only then, two such transactions
    would wait for each other for ever.
    """
    session.scalars(DOCUMENT_FOR_UPDATE, {"id": document.id}).one()
    lock_counter(session, book_id, year)


def _check(arrived_on: dt.date, number: int | None, at: dt.datetime) -> None:
    if arrived_on > at.astimezone(HANOI).date():
        raise BadValue("Ngày đến không thể ở tương lai. Hãy xem lại ngày trên dấu ĐẾN.")
    if arrived_on.year < 1945:
        raise BadValue("Ngày đến quá xa trong quá khứ. Hãy xem lại ngày trên dấu ĐẾN.")
    if number is not None and number < 1:
        raise BadValue("Số đến bắt đầu từ 1.")


def entry_of(session: Session, document: Document, book_id: str | None = None) -> RegisterEntry | None:
    """The line that stands for this document, in this book or, without one, in any."""
    wanted = sa.select(RegisterEntry).where(
        RegisterEntry.document_id == document.id, RegisterEntry.status == "registered"
    )
    if book_id:
        wanted = wanted.where(RegisterEntry.book_id == book_id)
    return session.scalars(wanted.order_by(RegisterEntry.registered_at).limit(1)).one_or_none()


def _the_same(entry: RegisterEntry, number: int | None) -> RegisterEntry:
    if number not in (None, entry.number):
        raise Conflict(
            f"Văn bản này đã vào sổ với số đến {entry.number} năm {entry.year}. "
            "Muốn đổi số, hãy huỷ số cũ và nêu lý do."
        )
    return entry


def _awaited(session: Session, counter: BookYear, number: int, document: Document) -> RegisterEntry | None:
    """The line with this number, if it waits for its paper; None when the number is ahead of the book."""
    if number > counter.last + FARTHEST_AHEAD:
        raise BadValue(f"Số đến {number} quá xa so với sổ (số tiếp theo là {counter.last + 1}). Hãy xem lại dấu ĐẾN.")
    if number > counter.last:
        return None
    entry = session.get(RegisterEntry, (counter.book_id, counter.year, number), populate_existing=True)
    if entry and (entry.status == "awaited" or _is_paper_of(entry, document)):
        return entry
    if entry is None and number < counter.first:
        return None  # of the time before this book: its paper is archived later, under the number it has
    how = "đã huỷ và không được dùng lại" if entry and entry.status == "void" else "đã cấp cho văn bản khác"
    raise NumberTaken(f"Số đến {number} năm {counter.year} {how}. Số tiếp theo của sổ là {counter.last + 1}.")


def _is_paper_of(entry: RegisterEntry, document: Document) -> bool:
    """Whether this is the paper of a line that was taken over without one."""
    if entry.status != "registered" or entry.document_id:
        return False
    return not entry.code or not document.full_code or plain_code(entry.code) == plain_code(document.full_code)


def _begin(session: Session, counter: BookYear, number: int, actor: str, at: dt.datetime) -> None:
    """The counter of an empty book as if every number before `number` were given."""
    counter.first, counter.last = number, number - 1
    facts = {"book": counter.book_id, "year": counter.year, "first": number}
    history.append(session, actor, "book_begun", f"{counter.book_id}/{counter.year}", facts, at)


def _check_order(session: Session, counter: BookYear, number: int, day: dt.date, reason: str | None) -> None:
    if reason and reason.strip():
        return
    of_year = sa.and_(RegisterEntry.book_id == counter.book_id, RegisterEntry.year == counter.year)
    days = sa.select(
        sa.func.max(sa.case((RegisterEntry.number < number, RegisterEntry.arrived_on))),
        sa.func.min(sa.case((RegisterEntry.number > number, RegisterEntry.arrived_on))),
    ).where(of_year, RegisterEntry.status == "registered")
    before, after = session.execute(days).one()
    if before and day < before:
        raise OutOfOrder(_order_sentence(number, day, "sớm hơn ngày", before))
    if after and day > after:
        raise OutOfOrder(_order_sentence(number, day, "muộn hơn ngày", after))


def _order_sentence(number: int, day: dt.date, how: str, other: dt.date) -> str:
    return (
        f"Số đến {number} ngày {day:%d/%m/%Y} {how} {other:%d/%m/%Y} đã ghi ở số bên cạnh trong sổ. "
        "Văn bản vẫn được lưu an toàn; hãy xem lại ngày đến, hoặc nêu lý do để ghi không theo thứ tự."
    )


def _reserve(session: Session, counter: BookYear, number: int, actor: str, at: dt.datetime) -> None:
    """Move the counter to `number`; the numbers that are skipped wait for their papers."""
    await_numbers(session, counter, number - 1, actor, at)
    counter.last = max(counter.last, number)


def _fill(
    entry: RegisterEntry, document: Document, day: dt.date, reason: str | None, actor: str, at: dt.datetime
) -> None:
    entry.status, entry.document_id, entry.arrived_on = "registered", document.id, day
    entry.registered_by, entry.registered_at = actor, at
    entry.note = f"Ghi không theo thứ tự: {reason.strip()}"[:500] if reason and reason.strip() else ""
    _copy_columns(entry, document)


def _copy_columns(entry: RegisterEntry, document: Document) -> None:
    entry.issuer = document.issuing_organ or ""
    entry.code = document.full_code or ""
    entry.document_date = document.date
    entry.type_and_subject = type_and_subject(document)


def type_and_subject(document: Document) -> str:
    """Column 6: `Công văn V/v triển khai …`, `Chỉ thị về …`."""
    subject = (document.subject or "").strip()
    kind = document.document_type or ""
    if kind == "Công văn" and subject and not fold(subject).startswith(("v/v", "ve viec")):
        subject = f"V/v {subject}"
    return " ".join(part for part in (kind, subject) if part)


def _changed(session: Session, document: Document) -> None:
    document.version += 1
    session.add(Outbox(document_id=document.id))
    session.flush()


def _facts(entry: RegisterEntry) -> dict[str, Any]:
    day = entry.arrived_on.isoformat() if entry.arrived_on else None
    return {"book": entry.book_id, "year": entry.year, "number": entry.number, "arrived_on": day}


def amend(session: Session, document: Document, *, actor: str, at: dt.datetime | None = None) -> None:
    """Carry a correction of a registered document into its lines; what stood there goes into the history. DayClosed."""
    wanted = sa.select(RegisterEntry).where(
        RegisterEntry.document_id == document.id, RegisterEntry.status == "registered"
    )
    lines = [(entry, _columns(entry)) for entry in session.scalars(wanted.order_by(RegisterEntry.book_id))]
    for entry, _before in lines:
        _copy_columns(entry, document)
    changed = [(entry, before) for entry, before in lines if _columns(entry) != before]
    for entry, _before in changed:  # all before the first event, lest somebody closes the day meanwhile
        lock_counter(session, entry.book_id, entry.year)
        register_days.check(session, entry.book_id, entry.arrived_on)
    for entry, before in changed:
        facts = {"number": entry.number} if document.secrecy else {"before": before, "after": _columns(entry)}
        history.append(session, actor, "entry_amended", document.id, facts, at)


def conceal(session: Session, document: Document) -> None:
    """Take out of the book what a secret paper says; day, number, issuer and code stay, as its rules allow."""
    for entry in session.scalars(sa.select(RegisterEntry).where(RegisterEntry.document_id == document.id)):
        entry.type_and_subject, entry.note = document.document_type or "", "Văn bản mật"


def _columns(entry: RegisterEntry) -> dict[str, Any]:
    names = ("issuer", "code", "document_date", "type_and_subject", "recipient")
    return {name: getattr(entry, name) for name in names}


def void(
    session: Session, entry: RegisterEntry, reason: str, actor: str, at: dt.datetime | None = None
) -> RegisterEntry:
    """Huỷ số: the number stays in the book with its reason, never used again; its document may be registered anew.

    Again: nothing happens. BadValue without a reason, DayClosed.
    """
    reason = " ".join(reason.split())
    if not reason or len(reason) > 500:
        raise BadValue("Huỷ số phải nêu lý do, dài nhất 500 ký tự.")
    held = entry.document_id
    document = session.scalars(DOCUMENT_FOR_UPDATE, {"id": held}).one() if held else None
    lock_counter(session, entry.book_id, entry.year)
    session.refresh(entry)
    if entry.status == "void":
        return entry
    register_days.check(session, entry.book_id, entry.arrived_on)
    entry.status, entry.void_reason = "void", reason
    if document:
        entry.document_id = None
        session.flush()
        if entry_of(session, document) is None:  # another book may have it, too
            document.status = "review"
        _changed(session, document)
    subject = held or f"{entry.book_id}/{entry.year}"
    history.append(session, actor, "number_voided", subject, _facts(entry) | {"document": held, "reason": reason}, at)
    return entry


def expected(session: Session, book_id: str, year: int) -> int:
    """The number the next paper would get."""
    counter = session.get(BookYear, (book_id, year))
    return counter.last + 1 if counter else 1


def asks_where_to_begin(session: Session, book_id: str, year: int, number: int | None) -> bool:
    """Whether a book without a line is given a number so far on that it must have been begun on paper."""
    return (number or 0) > FAR_FOR_A_FIRST and expected(session, book_id, year) == 1


def missing(session: Session, book_id: str, year: int) -> list[int]:
    """Numbers the book should have and has not (never, unless somebody wrote into the database by hand)."""
    of_year = sa.select(RegisterEntry.number).where(RegisterEntry.book_id == book_id, RegisterEntry.year == year)
    have = set(session.scalars(of_year))
    last = max(expected(session, book_id, year) - 1, max(have, default=0))
    counter = session.get(BookYear, (book_id, year))
    return sorted(set(range(counter.first if counter else 1, last + 1)) - have)


@dataclasses.dataclass(frozen=True)
class Lines:
    """One page of a book, oldest number first; `cursor` is what to ask for next, None at the end."""

    entries: Sequence[RegisterEntry]
    cursor: str | None
    total: int


def page(session: Session, book_id: str, year: int, cursor: str | None = None, limit: int = 50) -> Lines:
    """The lines after `cursor` (a number, as the page before said), at most `limit` (1..500)."""
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise BadValue("Vị trí trang trong sổ không hợp lệ.")
    limit = max(1, min(limit, 500))
    of_year = sa.and_(RegisterEntry.book_id == book_id, RegisterEntry.year == year)
    after = sa.select(RegisterEntry).where(of_year, RegisterEntry.number > int(cursor or 0)).options(_WHO_MAY_SEE)
    found = session.scalars(after.order_by(RegisterEntry.number).limit(limit + 1)).all()
    total = session.scalar(sa.select(sa.func.count()).select_from(RegisterEntry).where(of_year)) or 0
    return Lines(found[:limit], str(found[limit - 1].number) if len(found) > limit else None, total)


def duplicates(session: Session, document: Document) -> list[Document]:
    """Other documents that may be this one: the same number and symbol of the same organ in the same year.

    NĐ 30/2020, Appendix VI asks for a warning on the same number, symbol and issuer. State numbers begin anew each
    year, so the year belongs to it; Party numbers run for a term of the committee, so the date does (HD 36-HD/VPTW).
    What is not known of either paper counts as equal: a warning too many costs a look.
    """
    if not document.full_code:
        return []
    same = sa.select(Document).where(
        Document.full_code.in_(_written(document.full_code)), Document.id != document.id, Document.status != "void"
    )
    light = defer(Document.text), defer(Document.folded)
    found = session.scalars(same.options(*light).order_by(Document.created_at).limit(MOST_ALIKE))
    return [other for other in found if _may_be_same(document, other)]


def repeated(session: Session, documents: Collection[Document]) -> set[str]:
    """Ids of those of `documents` that have `duplicates`, asked once for all."""
    ways = {one.id: _written(one.full_code) for one in documents if one.full_code}
    columns = Document.id, Document.full_code, Document.issuing_organ, Document.date, Document.system
    wanted = sa.select(*columns).where(Document.full_code.in_(set().union(*ways.values())), Document.status != "void")
    by_code: dict[str, list[Any]] = {}
    for row in session.execute(wanted.limit(MOST_ALIKE * len(ways))):
        by_code.setdefault(row.full_code, []).append(row)

    def has_other(one: Document) -> bool:
        others = (row for way in ways.get(one.id, ()) for row in by_code.get(way, ()))
        return any(row.id != one.id and _may_be_same(one, row) for row in others)

    return {one.id for one in documents if has_other(one)}


def _written(code: str) -> set[str]:
    """The ways to write a code: `05/UBND-VX`, `5/UBND-VX`."""
    number = re.match(r"\d*", code.strip())
    digits = number.group() if number else ""
    bare = digits.lstrip("0")
    return {code} | ({bare.zfill(width) + code.strip()[len(digits) :] for width in range(1, 6)} if bare else set())


def _may_be_same(one: Document, other: Document | sa.Row[Any]) -> bool:
    if one.issuing_organ and other.issuing_organ and fold(one.issuing_organ) != fold(other.issuing_organ):
        return False
    if not one.date or not other.date:
        return True
    return one.date == other.date if one.system == "party" else one.date[:4] == other.date[:4]
