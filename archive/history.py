"""Append-only, hash-chained events: who did what to which paper, before and after.

Lock order everywhere: scan or document, then the book's counter, then the chain's head (here, last).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import Event, EventHead, now

FIRST = "0" * 64
_head = sa.select(EventHead).where(EventHead.id == 1).with_for_update()

_for: ContextVar[str] = ContextVar("in_place_of", default="")


def act_in_place_of(name: str) -> None:
    """From now on, in this thread, events are of acts in the place of this person; "": in one's own."""
    _for.set(name)


@contextmanager
def in_place_of(name: str) -> Iterator[None]:
    """The same, for as long as the block lasts."""
    before = _for.set(name)
    try:
        yield
    finally:
        _for.reset(before)


def append(
    session: Session, actor: str, action: str, subject: str, data: dict[str, Any] | None = None,
    at: dt.datetime | None = None,
) -> Event:  # fmt: skip
    """Write one event into the caller's transaction; `subject` is the id of what it happened to.

    Whoever stands in for another is the actor still; for whom, the data say as `for`.
    """
    if name := _for.get():
        data = {**(data or {}), "for": name}
    head = session.scalars(_head).one()
    moment = (at or now()).isoformat(timespec="milliseconds")
    body = json.dumps(data or {}, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    line = Event(seq=head.seq + 1, at=moment, actor=actor, action=action, subject=subject, data=body,
                 previous=head.hash, hash="")  # fmt: skip
    line.hash = digest(line)
    session.add(line)
    head.seq, head.hash = line.seq, line.hash
    session.flush()
    return line


def append_once(
    session: Session, actor: str, action: str, subject: str, hours: float = 1.0, at: dt.datetime | None = None
) -> bool:  # fmt: skip
    """Like `append`, unless the same was written in the last `hours`; whether it was written now."""
    at = at or now()
    session.scalars(_head).one()  # whoever else is at it has written before we look, or waits until we have
    if was_written(session, actor, action, subject, hours, at):
        return False
    append(session, actor, action, subject, None, at)
    return True


def was_written(session: Session, actor: str, action: str, subject: str, hours: float, at: dt.datetime) -> bool:
    """Whether this person did this to this in the last `hours`."""
    since = (at - dt.timedelta(hours=hours)).isoformat(timespec="milliseconds")
    same = sa.select(Event.seq).where(Event.subject == subject, Event.action == action, Event.actor == actor)
    return session.scalar(same.where(Event.at > since).limit(1)) is not None


def digest(line: Event) -> str:
    """SHA-256 over the line and the hash of the one before."""
    parts = [line.previous, line.seq, line.at, line.actor, line.action, line.subject, line.data]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def broken(session: Session) -> Iterator[int]:
    """The sequence numbers at which the chain does not hold."""
    previous, expected = FIRST, 1
    for line in session.scalars(sa.select(Event).order_by(Event.seq).execution_options(yield_per=500)):
        if line.seq != expected or line.previous != previous or line.hash != digest(line):
            yield line.seq
        previous, expected = line.hash, line.seq + 1
    head = session.get(EventHead, 1)
    if head is None or head.hash != previous:
        yield expected
