"""The chain of events as JSON lines that a stranger can check with nothing but SHA-256 (docs/events.md)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.errors import BadValue
from archive.models import Event, EventHead
from archive.workdays import HANOI

FIELDS = ("seq", "at", "actor", "action", "subject", "data", "previous", "hash")
HASHED = ("previous", "seq", "at", "actor", "action", "subject", "data")
"""What `hash` is over, in this order: SHA-256 of the JSON list of them, UTF-8, not escaped."""


@dataclass(frozen=True)
class Head:
    """Where the chain ends: what is written down elsewhere proves everything before it."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"dòng {self.seq}, mã {self.hash}"


def head(session: Session) -> Head:
    """The last event."""
    row = session.get_one(EventHead, 1)
    return Head(row.seq, row.hash)


def lines(session: Session, first: dt.date | None = None, last: dt.date | None = None) -> Iterator[str]:
    """Events of these days of Hanoi's calendar, both included, without a gap: one JSON object each.

    A clock that was set back may have put an event of another day between them: it comes, too.
    """
    low, high = _between(session, first, last)
    wanted = sa.select(Event).where(Event.seq >= low, Event.seq <= high).order_by(Event.seq)
    for event in session.scalars(wanted.execution_options(yield_per=500)):
        yield json.dumps({name: getattr(event, name) for name in FIELDS}, ensure_ascii=False)


def _between(session: Session, first: dt.date | None, last: dt.date | None) -> tuple[int, int]:
    of_days = sa.select(sa.func.min(Event.seq), sa.func.max(Event.seq))
    if first:
        of_days = of_days.where(Event.at >= _moment(first))
    if last:
        of_days = of_days.where(Event.at < _moment(last + dt.timedelta(1)))
    low, high = session.execute(of_days).one()
    return low or 1, high or 0


def _moment(day: dt.date) -> str:
    """As `Event.at` has it: UTC, ISO 8601."""
    return dt.datetime.combine(day, dt.time(), HANOI).astimezone(dt.UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Verdict:
    """What an exported file proves."""

    count: int
    first: Head | None
    last: Head | None
    broken: list[int]
    """Lines of the file, from 1, that do not hang on the line before or are not what their hash says."""


def verify(file: Iterable[str]) -> Verdict:
    """Whether every line is what its hash says and hangs on the one before. BadValue: no such file."""
    known: list[Event] = []
    broken: list[int] = []
    first = None
    for number, line in enumerate(file, 1):
        event = _event(line, number)
        first = first or event
        if history.digest(event) != event.hash or (known and not _follows(event, known[0])):
            broken.append(number)
        known = [event]
    last = known[0] if known else None
    return Verdict(
        number if known else 0, Head(first.seq, first.hash) if first else None,
        Head(last.seq, last.hash) if last else None, broken,
    )  # fmt: skip


def _follows(event: Event, before: Event) -> bool:
    return event.previous == before.hash and event.seq == before.seq + 1


def _event(line: str, number: int) -> Event:
    try:
        said = json.loads(line)
        return Event(**{name: said[name] for name in FIELDS})
    except (ValueError, KeyError, TypeError) as error:
        raise BadValue(f"Dòng {number} không phải một dòng nhật ký đã xuất.") from error


def strangers(session: Session, file: Iterable[str]) -> list[int]:
    """Lines of a file that this archive does not have: it was changed since, or the file is another archive's."""
    missing = []
    for number, line in enumerate(file, 1):
        event = _event(line, number)
        if session.scalar(sa.select(Event.hash).where(Event.seq == event.seq)) != event.hash:
            missing.append(number)
    return missing
