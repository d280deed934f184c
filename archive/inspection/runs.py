"""Looks at everything that were asked for on the page, and what the last one found.

Whoever has the time takes one that waits (`vanthu scrub`, which `vanthu up` starts); one whose process died is taken
over by the next. `vanthu check --deep` keeps what it found in the same place.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.database import Sessions
from archive.errors import ArchiveError
from archive.inspection.checks import Check, Place
from archive.inspection.everything import deep
from archive.models import Inspection, now

SILENT = dt.timedelta(minutes=15)
"""Without a sign of life so long, the process that was at it is taken for dead: one check may be that long silent."""
TOLD_EVERY = 2.0
KEPT = 20
SUBJECT = "archive"


def ask(session: Session, actor: str, at: dt.datetime | None = None) -> Inspection:
    """A look at everything, to be done soon; the one that waits or is under way, if there is one."""
    session.execute(sa.select(Inspection.id).order_by(Inspection.id.desc()).limit(1).with_for_update())
    found = underway(session)
    if found is None:
        found = Inspection(asked_by=actor, asked_at=at or now())
        session.add(found)
        session.flush()
        history.append(session, actor, "inspection_asked", SUBJECT, {"inspection": found.id}, at)
    return found


def underway(session: Session) -> Inspection | None:
    """The one that waits or is being done."""
    wanted = sa.select(Inspection).where(Inspection.ended_at.is_(None))
    return session.scalars(wanted.order_by(Inspection.id.desc()).limit(1)).one_or_none()


def last(session: Session) -> Inspection | None:
    """The last one that was finished."""
    wanted = sa.select(Inspection).where(Inspection.ended_at.is_not(None))
    return session.scalars(wanted.order_by(Inspection.ended_at.desc()).limit(1)).one_or_none()


def take(sessions: Sessions, at: dt.datetime | None = None) -> int | None:
    """One that waits, or that died under somebody, is ours from now on."""
    at = at or now()
    free = sa.or_(Inspection.started_at.is_(None), Inspection.beat_at < at - SILENT)
    with sessions() as session:  # looked at every few seconds: without the writer's place of SQLite
        session.connection(execution_options={"reading": True})
        if session.scalar(sa.select(Inspection.id).where(Inspection.ended_at.is_(None), free).limit(1)) is None:
            return None
    waiting = sa.select(Inspection).where(Inspection.ended_at.is_(None), free).order_by(Inspection.id).limit(1)
    with sessions.begin() as session:
        found = session.scalars(waiting.with_for_update(skip_locked=True)).one_or_none()
        if found is None:
            return None
        found.started_at = found.beat_at = at
        return found.id


class _Stopped(Exception):
    """The process is to end before the look does."""


def run(place: Place, number: int, stop: Callable[[], bool] = lambda: False) -> bool:
    """Do the one that was taken; whether all is well. When `stop` says so it is given back, to be begun anew."""
    tell = _Teller(place.sessions, number, stop)
    try:
        checks = list(deep(place, tell))
    except _Stopped:
        with place.sessions.begin() as session:
            session.execute(sa.update(Inspection).where(Inspection.id == number).values(started_at=None))
        return True
    except ArchiveError as error:
        checks = [Check("kiểm tra", ok=False, says=str(error), todo="Hãy kiểm tra lại sau.")]
    with place.sessions.begin() as session:
        found = session.get(Inspection, number)
        return found is None or end(session, found, checks)


def keep(sessions: Sessions, actor: str, checks: Sequence[Check], began: dt.datetime) -> None:
    """Keep what `vanthu check --deep` found."""
    with sessions.begin() as session:
        found = Inspection(asked_by=actor, asked_at=began, started_at=began)
        session.add(found)
        session.flush()
        end(session, found, checks)


def end(session: Session, found: Inspection, checks: Sequence[Check]) -> bool:
    """Write what it found, in the caller's transaction, and forget looks of long ago."""
    found.ended_at, found.stage = now(), ""
    found.checks, found.ok = [one.as_json() for one in checks], all(one.ok for one in checks)
    session.flush()
    wrong = sorted({one.name for one in checks if not one.ok})
    history.append(session, found.asked_by, "inspected", SUBJECT, {"ok": found.ok, "wrong": wrong})
    old = sa.select(Inspection.id).order_by(Inspection.id.desc()).offset(KEPT)
    session.execute(sa.delete(Inspection).where(Inspection.id.in_(session.scalars(old).all())))
    return bool(found.ok)


class _Teller:
    """Writes now and then how far it is, which also says that it lives."""

    def __init__(self, sessions: Sessions, number: int, stop: Callable[[], bool]) -> None:
        self._sessions, self._number, self._stop = sessions, number, stop
        self._next = 0.0

    def __call__(self, name: str, done: int, total: int) -> None:
        if self._stop():
            raise _Stopped
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + TOLD_EVERY
        with self._sessions.begin() as session:
            told = {"stage": name, "done": done, "total": total, "beat_at": now()}
            session.execute(sa.update(Inspection).where(Inspection.id == self._number).values(told))
