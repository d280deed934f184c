"""Packages that were asked for on the page: their copies are drawn by whoever has the time (`vanthu scrub`).

What is made are projections (archive/derived.py), which are thrown away with a quarantine; the package itself is bound
when it is taken, so that none lies about. A process that dies is followed by the next, which goes on.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history, work_files
from archive.blobs import Blobs
from archive.config import Settings
from archive.database import Sessions
from archive.derived import Derived
from archive.errors import ArchiveError, Conflict
from archive.handover.contents import Package, plan
from archive.handover.packing import ZipBag, prepare, write
from archive.models import Handover, WorkFile, now
from archive.scans import Limits

SILENT = dt.timedelta(minutes=30)
"""Without a sign of life so long, the process that was at it is taken for dead: a copy of 500 pages takes half that."""
TOLD_EVERY = 1.0
NOT_READY = "Gói nộp lưu chưa chuẩn bị xong. Hãy bấm “Chuẩn bị gói” rồi chờ."


def ask(session: Session, settings: Settings, file: WorkFile, actor: str, at: dt.datetime | None = None) -> Handover:
    """A package, to be prepared soon; the one under way, if there is one. Conflict: there can be none."""
    at = at or now()
    file = work_files.locked(session, file.id)
    row = session.get(Handover, file.id)
    if row is not None and row.ended_at is None:
        return row
    package = plan(session, settings, file, at)
    row = row or Handover(file_id=file.id)
    row.asked_by, row.asked_at, row.started_at, row.beat_at, row.ended_at = actor, at, None, None, None
    row.done, row.total, row.unmade, row.error = 0, len(package.items), [], ""
    session.add(row)
    history.append(session, actor, "package_asked", file.id, _facts(package), at)
    return row


def _facts(package: Package) -> dict[str, object]:
    return {
        "year": package.year, "code": package.code, "documents": len(package.items),
        "left_out": len(package.left_out),
    }  # fmt: skip


def take(sessions: Sessions, at: dt.datetime | None = None) -> str | None:
    """The file of a package that waits, or that died under somebody: ours from now on."""
    at = at or now()
    free = sa.or_(Handover.started_at.is_(None), Handover.beat_at < at - SILENT)
    waiting = sa.select(Handover.file_id).where(Handover.ended_at.is_(None), free).order_by(Handover.asked_at).limit(1)
    with sessions() as session:  # looked at every few seconds: without the writer's place of SQLite
        session.connection(execution_options={"reading": True})
        if session.scalar(waiting) is None:
            return None
    with sessions.begin() as session:
        file_id = session.scalar(waiting.with_for_update(skip_locked=True))
        if file_id is not None:
            session.execute(_of(file_id).values(started_at=at, beat_at=at))
        return file_id


def _of(file_id: str) -> sa.Update:
    return sa.update(Handover).where(Handover.file_id == file_id)


class _Stopped(Exception):
    """The process is to end first."""


def run(
    settings: Settings, sessions: Sessions, blobs: Blobs, limits: Limits, file_id: str,
    stop: Callable[[], bool] = lambda: False,
) -> bool:  # fmt: skip
    """Prepare the one that was taken; whether it can be taken away. When `stop` says so it is given back."""
    unmade: list[str] = []
    error = ""
    try:
        with sessions() as session:
            package = plan(session, settings, session.get_one(WorkFile, file_id), now())
        unmade = prepare(sessions, blobs, Derived(settings.data), limits, package, _Teller(sessions, file_id, stop))
    except _Stopped:
        with sessions.begin() as session:
            session.execute(_of(file_id).values(started_at=None))
        return False
    except ArchiveError as refusal:
        error = str(refusal)[:500]
    with sessions.begin() as session:
        session.execute(_of(file_id).values(ended_at=now(), unmade=unmade, error=error))
    return not error


class _Teller:
    """Writes now and then how far it is, which also says that it lives."""

    def __init__(self, sessions: Sessions, file_id: str, stop: Callable[[], bool]) -> None:
        self._sessions, self._file_id, self._stop, self._next = sessions, file_id, stop, 0.0

    def __call__(self, _what: str, done: int, total: int) -> None:
        if self._stop():
            raise _Stopped
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + TOLD_EVERY
            with self._sessions.begin() as session:
                session.execute(_of(self._file_id).values(done=done, total=total, beat_at=now()))


def bound(
    settings: Settings, sessions: Sessions, blobs: Blobs, file_id: str, actor: str, target: BinaryIO
) -> str:  # fmt: skip
    """Bind the prepared package into `target` as a ZIP and write down who took it; the name for it. Conflict."""
    at = now()
    with sessions() as session:
        row = session.get(Handover, file_id)
        if row is None or row.ended_at is None or row.error:
            raise Conflict(row.error if row and row.error else NOT_READY)
        package, unmade = plan(session, settings, session.get_one(WorkFile, file_id), at), set(row.unmade)
    payload = write(
        ZipBag(target, package.name, at), package, blobs, Derived(settings.data), unmade, tell=lambda *_: None
    )
    with sessions.begin() as session:
        note_taken(session, package, payload, actor)
    return package.name


def note_taken(session: Session, package: Package, payload: Mapping[str, str], actor: str) -> None:
    """Who took which package away: `mets` is the digest by which it is known again."""
    facts = _facts(package) | {"mets": payload["data/METS.xml"]}
    history.append(session, actor, "package_taken", package.file_id, facts)


def spool(settings: Settings) -> BinaryIO:
    """A nameless file on the disk of the archive: a package may be larger than /tmp."""
    settings.data.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=settings.data)
