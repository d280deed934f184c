"""Khóa sổ ngày: a closed day, and all days of its year before it, take no new line and no change until it is reopened.

Closing writes how many lines the day has, its first and last number and a digest of them; reopening is an event with a
reason. Who has a paper and who signed for it (columns 7 to 9) is filled in later and does not belong to what is closed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.errors import BadValue, Conflict, DayClosed
from archive.models import ClosedDay, RegisterEntry, now
from archive.register_books import lock_counter
from archive.workdays import HANOI


@dataclass(frozen=True)
class Day:
    """What a day of a book looks like now."""

    day: dt.date
    entries: Sequence[RegisterEntry]
    awaited: Sequence[int]
    """Numbers up to the day's last one that still wait for their papers."""

    @property
    def first(self) -> int | None:
        return self.entries[0].number if self.entries else None

    @property
    def last(self) -> int | None:
        return self.entries[-1].number if self.entries else None


def closed_until(session: Session, book_id: str, year: int) -> dt.date | None:
    """The last closed day of the year's book; None while none is. Each year has its own: an old book may come in."""
    closed = sa.select(sa.func.max(ClosedDay.day)).where(
        ClosedDay.book_id == book_id, ClosedDay.open.is_(False), _of_year(year)
    )
    return session.scalar(closed)


def _of_year(year: int) -> sa.ColumnElement[bool]:
    return ClosedDay.day.between(dt.date(year, 1, 1), dt.date(year, 12, 31))


def check(session: Session, book_id: str, day: dt.date | None) -> None:
    """DayClosed when this day of the book takes no change; None, the day of an awaited number, is never closed."""
    last = closed_until(session, book_id, day.year) if day else None
    if day and last and day <= last:
        raise DayClosed(
            f"Sổ đã khóa đến hết ngày {last:%d/%m/%Y} nên không ghi thêm hay sửa dòng của ngày {day:%d/%m/%Y}. "
            "Văn bản vẫn được lưu an toàn; hãy nhờ người có quyền mở lại ngày và nêu lý do."
        )


def look(session: Session, book_id: str, day: dt.date) -> Day:
    """The day as it stands."""
    of_book = sa.and_(RegisterEntry.book_id == book_id, RegisterEntry.year == day.year)
    lines = sa.select(RegisterEntry).where(of_book, RegisterEntry.arrived_on == day, RegisterEntry.status != "awaited")
    entries = session.scalars(lines.order_by(RegisterEntry.number)).all()
    last = entries[-1].number if entries else 0
    waiting = sa.select(RegisterEntry.number).where(
        of_book, RegisterEntry.status == "awaited", RegisterEntry.number < last
    )
    return Day(day, entries, session.scalars(waiting.order_by(RegisterEntry.number)).all())


def close(session: Session, book_id: str, day: dt.date, actor: str, at: dt.datetime | None = None) -> ClosedDay:
    """Close the day, in the caller's transaction; again: nothing happens. BadValue for a day to come.

    Conflict while a number up to the day's last one waits for its paper: that paper would belong to this day.
    """
    at = at or now()
    if day > at.astimezone(HANOI).date():
        raise BadValue("Chưa đến ngày này nên chưa khóa sổ được.")
    lock_counter(session, book_id, day.year)
    row = session.get(ClosedDay, (book_id, day), populate_existing=True)
    if row and not row.open:
        return row
    found = look(session, book_id, day)
    if found.awaited:
        raise Conflict(
            f"Còn {len(found.awaited)} số đang chờ văn bản (từ số {found.awaited[0]}). "
            "Hãy vào sổ các văn bản ấy, hoặc huỷ số với lý do, rồi khóa sổ."
        )
    row = row or ClosedDay(book_id=book_id, day=day)
    row.open, row.lines, row.first, row.last = False, len(found.entries), found.first, found.last
    row.digest, row.closed_by, row.closed_at = digest(found.entries), actor, at
    facts = {"lines": row.lines, "first": row.first, "last": row.last, "digest": row.digest}
    row.event = history.append(session, actor, "day_closed", f"{book_id}/{day}", facts, at).hash
    session.add(row)
    session.flush()
    return row


def reopen(
    session: Session, book_id: str, day: dt.date, reason: str, actor: str, at: dt.datetime | None = None
) -> int:  # fmt: skip
    """Open the day and every closed one of its year after it; how many. BadValue without a reason; Conflict: open."""
    reason = " ".join(reason.split())
    if not reason or len(reason) > 500:
        raise BadValue("Mở lại ngày đã khóa phải nêu lý do, dài nhất 500 ký tự.")
    lock_counter(session, book_id, day.year)
    closed = sa.select(ClosedDay).where(
        ClosedDay.book_id == book_id, ClosedDay.day >= day, ClosedDay.open.is_(False), _of_year(day.year)
    )
    rows = session.scalars(closed.order_by(ClosedDay.day)).all()
    if not rows:
        raise Conflict("Ngày này không khóa, nên không có gì để mở lại.")
    for row in rows:
        row.open = True
    facts = {"days": [row.day.isoformat() for row in rows], "reason": reason}
    history.append(session, actor, "day_reopened", f"{book_id}/{day}", facts, at)
    session.flush()
    return len(rows)


def digest(entries: Iterable[RegisterEntry]) -> str:
    """SHA-256 over what the lines say, columns 7 to 9 left out."""
    said = [
        [one.number, one.status, one.arrived_on.isoformat() if one.arrived_on else None, one.issuer, one.code,
         one.document_date, one.type_and_subject, one.note, one.void_reason]
        for one in entries
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def recent(session: Session, book_id: str, count: int = 60) -> Sequence[ClosedDay]:
    """The days that were ever closed, the latest first."""
    days = sa.select(ClosedDay).where(ClosedDay.book_id == book_id)
    return session.scalars(days.order_by(ClosedDay.day.desc()).limit(count)).all()


def altered(session: Session, book_id: str) -> list[ClosedDay]:
    """Closed days whose lines are no longer what they were when they were closed."""
    days = sa.select(ClosedDay).where(ClosedDay.book_id == book_id, ClosedDay.open.is_(False))
    return [
        row for row in session.scalars(days.order_by(ClosedDay.day))
        if digest(look(session, book_id, row.day).entries) != row.digest
    ]  # fmt: skip


def intact(session: Session, entries: Iterable[RegisterEntry]) -> list[ClosedDay]:
    """The closed days of these lines that are as they were when they were closed."""
    days = {(one.book_id, one.arrived_on) for one in entries if one.arrived_on}
    rows = [session.get(ClosedDay, key) for key in sorted(days)]
    return [row for row in rows if row and not row.open and _digest_now(session, row) == row.digest]


def _digest_now(session: Session, row: ClosedDay) -> str:
    return digest(look(session, row.book_id, row.day).entries)


def state_anew(session: Session, rows: Sequence[ClosedDay]) -> dict[str, str]:
    """Days of which something had to be taken out, for the law wants it so: their new digests, for the event."""
    for row in rows:
        row.digest = _digest_now(session, row)
    return {f"{row.book_id}/{row.day}": row.digest for row in rows}
