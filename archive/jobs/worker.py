"""The worker's loop: claim a task, let a child compute it, finish it. Any number of workers may run.

Only the child touches foreign bytes and plugins; it is killed when a page takes too long, when the lease is lost, and
when the worker itself dies. This is one of the two places with a broad `except`: whatever a step raises stops its
task, never the worker.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from archive import converted, database, logs
from archive.children import Child
from archive.config import Settings
from archive.converted import Original
from archive.errors import ArchiveError, Crashed, NotFound, Spared, StoreAway, TooMuchWork, Transient
from archive.jobs import queue
from archive.jobs.dispatch import open_jobs, telling
from archive.jobs.queue import Claim
from archive.jobs.spent import Spent
from archive.models import Scan
from archive.pipeline import STEPS, Archive, Step, quarantine
from archive.pipeline.following import Following
from archive.pipeline.line import Args
from archive.pipeline.reading import IN_VAIN, LEFT
from archive.search import open_search
from archive.search.indexing import keep_up
from archive.tally import STEP, Tally

log = logging.getLogger(__name__)

IDLE = 1.0
"""Longest sleep in seconds: expired leases and back-offs make no sound."""
LONGEST_PAUSE = 10.0
"""Seconds between two attempts while the database is away or the disk is full."""
INDEX_PAUSE = 0.5
"""Seconds after the index was told something in which it is told nothing more while there is work: a commit of many
costs little more than of one, but the next task may take long, and who waits for a paper waits for that, too."""
HELD = 60.0
"""Seconds after which PostgreSQL takes back what a worker has locked that stands still within a transaction."""
GRACE = 8.0
"""Seconds a worker that was told to stop gives the call in hand."""
_AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError, OSError, StoreAway)
"""What the loop waits out."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM})


class _LostLease(Exception):
    """Somebody else has the task by now."""


class _Stopping(Exception):
    """The worker must end before the call in hand does."""


class Worker:
    """One worker with one child; `stop` ends it after the task in hand, or after GRACE seconds without it."""

    def __init__(
        self, settings: Settings, *, engine: sa.Engine | None = None, steps: Mapping[str, Step] = STEPS,
        name: str | None = None,
    ) -> None:  # fmt: skip
        self._jobs = open_jobs(settings)
        self.settings = settings
        self.name = name or f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
        self.stop = threading.Event()
        self._own_engine = engine is None
        self._engine = engine or database.open_engine(settings.database_url, idle=HELD, longest=database.PAUSE)
        self._sessions = telling(database.sessions(self._engine), self._jobs)
        self._reading = database.readers(self._engine)
        self._archive = Archive.of(settings, self._sessions)
        self._following = Following(self._reading, self._archive)
        self._steps = steps
        self._child = Child(name="step", walled=True)
        self._index = open_search(settings.search, settings.data, database.address(self._engine))
        self._tally = Tally(settings.data)
        self._stop_at: float | None = None
        self._lost, self._spent = 0, Spent()
        self._index_due = self._index_not_before = 0.0

    def run(self, stop: threading.Event | None = None) -> None:
        """Work until `stop` is set; a database or store that is away, or a full disk, is waited out."""
        self.stop = stop or self.stop
        calls, pause, noted = self._jobs.calls(self._engine, self.stop), 0.1, False
        try:
            while not self.stop.is_set():
                try:
                    noted = noted or self._note_settings()
                    self._following.turn()
                    worked, pause = calls.serve(self.run_once), 0.1
                    if not self._fill_index(rests=not worked) and not worked:
                        calls.wait(IDLE, self.stop)
                except _AWAY as error:
                    calls.excuse()
                    log.warning("worker waits worker=%s cause=%s", self.name, type(error).__name__)
                    self.stop.wait(pause)
                    pause = min(2 * pause, LONGEST_PAUSE)
        finally:
            calls.close()
            self.close()

    def _note_settings(self) -> bool:
        with self._sessions.begin() as session:
            quarantine.note_setting(session, self._archive)
        return True

    def drain(self, is_done: Callable[[], bool] | None = None, seconds: float = 3600.0) -> bool:
        """Work until nothing is queued any more or `is_done`; for `vanthu ingest --wait` and tests.

        Waits for back-offs and for what other workers have in hand; False when `seconds` did not suffice.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if is_done and is_done():
                return True
            worked = self.run_once()
            if self._fill_index(rests=not worked) or worked:
                continue
            if not is_done and not self._is_anything_left():
                return True
            self.stop.wait(0.05)
        return False

    def close(self) -> None:
        """End the child, and the connections where they are ours."""
        self._child.close()
        self._index.close()
        self._tally.close()
        self._jobs.flush()
        if self._own_engine:
            self._engine.dispose()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run_once(self, task: int | None = None) -> bool:
        """Do `task`, or the one that is next, whatever becomes of it; False when there was none to claim."""
        with self._sessions.begin() as session:
            claim = queue.claim(session, self.name, lease=self.settings.lease_seconds, task=task)
        if claim is None:
            return False
        with logs.about(scan=claim.scan_id, task=claim.id):
            self._try(claim)
        return True

    def _try(self, claim: Claim) -> None:
        began, outcome = time.monotonic(), "released"
        try:
            outcome = self._do(claim, began)
        except _LostLease:
            outcome = "lost"
            log.warning("lease lost task=%d scan=%s step=%s", claim.id, claim.scan_id, claim.step)
        except _Stopping:
            self._release(claim)
        except Exception as error:
            if self._is_away(error):
                # Nobody is to blame: the task waits with the worker, and is not counted as tried.
                self._release(claim)
                raise
            outcome = self._fail(claim, error)
        finally:
            self._tally.count(STEP, (claim.step, outcome), time.monotonic() - began)

    def _is_away(self, error: Exception) -> bool:
        """Whether what the worker needs for any task is away, not what this one needs."""
        if isinstance(error, StoreAway):  # one object that cannot be had must not hold up all others
            return self._archive.blobs.fault() is not None
        return database.is_away(error) or (isinstance(error, OSError) and error.errno in _NO_ROOM)

    def _do(self, claim: Claim, began: float) -> str:
        """ "done"; "fenced": somebody else has the task, nothing of this was kept."""
        step = self._steps[claim.step]
        if step.opens and not self._archive.blobs.is_local:
            self._bring(claim)
        with self._reading() as session:
            calls = step.prepare(session, self._archive, claim)
            self._lost = step.lost(session, claim) if step.lost else 0
            original = Original.of(session.get_one(Scan, claim.scan_id)) if step.opens and calls else None
        if original and converted.is_missing(self._archive.derived, original):
            self._convert(claim, original)
        self._spent.begin(claim.scan_id, claim.step, claim.part, claim.attempt)
        answers = [self._answer(step, claim, args) for args in calls] if step.work else []
        if step.save:
            step.save(self._archive, claim, answers)
        with self._sessions.begin() as session:
            kept = queue.finish(
                session, claim, lambda session, scan: step.keep(session, self._archive, scan, claim, answers)
            )
        outcome = "done" if kept else "fenced"
        log.info("step %s task=%d scan=%s step=%s part=%d attempt=%d ms=%d", outcome, claim.id, claim.scan_id,
                 claim.step, claim.part, claim.attempt, 1000 * (time.monotonic() - began))  # fmt: skip
        return outcome

    def _bring(self, claim: Claim) -> None:
        """An original that lies elsewhere comes to this machine while the lease is held."""
        with self._reading() as session:
            sha256 = session.scalar(sa.select(Scan.sha256).where(Scan.id == claim.scan_id))
        with contextlib.suppress(NotFound):  # the step says so, or brings it back out of a quarantine
            self._archive.blobs.path(sha256 or "", _Beat(self, claim))

    def _convert(self, claim: Claim, original: Original) -> None:
        """Make the PDF of an office file, of which the step looks at pages."""
        if claim.is_hopeless:
            raise Crashed("")
        here = self._archive
        converted.make(here.blobs, here.derived, original, here.limits, _Beat(self, claim))

    def _answer(self, step: Step, claim: Claim, args: Args) -> Any:
        """What the child says, or what stands for it when it cannot be had."""
        if step.instead and self._lost >= IN_VAIN:
            return step.instead(claim, args, Spared())
        try:
            return self._ask(step, claim, args)
        except ArchiveError as error:
            tries_again = queue.may_pass(claim, error) and not claim.is_last
            if tries_again or step.instead is None:
                raise
            self._lost += isinstance(error, TooMuchWork | Crashed)
            log.warning("step gave up scan=%s step=%s part=%d cause=%s", claim.scan_id, claim.step, claim.part,
                        type(error).__name__)  # fmt: skip
            return step.instead(claim, args, error)

    def _ask(self, step: Step, claim: Claim, args: Args) -> Any:
        if claim.is_hopeless:
            raise Crashed("")
        seconds = step.seconds(self.settings)
        beat, limit = _Beat(self, claim), seconds * step.share
        cpu = limit * (LEFT if self._lost else 1)
        if step.instead and step.opens:
            cpu = min(cpu, self._spent.left(claim.scan_id, self.settings.page_seconds))
            if cpu <= 0 or self._spent.is_over(claim.scan_id, claim.step, limit):
                raise TooMuchWork("")  # not this page by itself: see archive/jobs/spent.py
        try:
            return self._child.run(step.work or "", *args, wall=seconds, cpu=cpu, beat=beat)
        finally:
            self._spent.add(claim.scan_id, claim.step, self._child.spent)

    def _fail(self, claim: Claim, error: Exception) -> str:
        """ "again", "dead", "fenced": what became of the task."""
        with self._sessions.begin() as session:
            became = queue.fail(session, claim, error)
        # The text of a foreign error may quote the paper; its kind and place do not.
        say = log.error if became == "dead" else log.warning
        say("step failed task=%d scan=%s step=%s part=%d attempt=%d cause=%s now=%s %s", claim.id, claim.scan_id,
            claim.step, claim.part, claim.attempt, type(error).__name__, became, _place(error))  # fmt: skip
        return {"ready": "again", "dead": "dead", None: "fenced"}[became]

    def _release(self, claim: Claim) -> None:
        try:
            with self._sessions.begin() as session:
                queue.release(session, claim)
        except sa.exc.SQLAlchemyError:
            log.warning("lease left to end task=%d scan=%s", claim.id, claim.scan_id)

    def _fill_index(self, *, rests: bool) -> bool:
        """Tell the index what it has not heard of, now and then also between tasks; True when something was told.

        A projection: another worker may be at it just now, nothing waits for it and nothing fails because of it.
        """
        moment = time.monotonic()
        if moment < (self._index_not_before if rests else self._index_due):
            return False
        with self._reading() as session:
            if session.scalar(_unheard) is None and not self._index.is_lost():
                return False
        self._index_due = moment + INDEX_PAUSE
        try:
            return keep_up(self._sessions, self._index) > 0
        except Transient as error:  # IndexBroken too
            log.info("index later cause=%s", type(error).__name__)
        except Exception as error:
            log.error("index failed cause=%s %s", type(error).__name__, _place(error))
        self._index_not_before = self._index_due = time.monotonic() + INDEX_PAUSE
        return False

    def _is_anything_left(self) -> bool:
        with self._reading() as session:
            return session.scalar(_anything) is not None

    def seconds_since_stop(self) -> float:
        """How long ago the worker was told to stop; 0 while it was not."""
        if not self.stop.is_set():
            return 0.0
        self._stop_at = self._stop_at or time.monotonic()
        return time.monotonic() - self._stop_at

    def hold(self, claim: Claim) -> bool:
        """Hold a task for another lease; True also when the database does not answer: the fence guards the finish."""
        try:
            with self._sessions.begin() as session:
                return queue.beat(session, claim, lease=self.settings.lease_seconds)
        except (sa.exc.OperationalError, sa.exc.InterfaceError):
            return True


class _Beat:
    """Called about every second while a child computes: holds the lease, and ends the call when it must."""

    def __init__(self, worker: Worker, claim: Claim) -> None:
        self._worker, self._claim = worker, claim
        self._next = time.monotonic() + worker.settings.lease_seconds / 3

    def __call__(self) -> None:
        if self._worker.seconds_since_stop() > GRACE:
            raise _Stopping
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._worker.settings.lease_seconds / 3
            if not self._worker.hold(self._claim):
                raise _LostLease


_unheard = sa.text("SELECT id FROM outbox LIMIT 1")
_anything = sa.text("SELECT id FROM task WHERE state IN ('ready', 'running') LIMIT 1")


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    code = trace.tb_frame.f_code if trace else None
    notes: Sequence[str] = getattr(error, "__notes__", ())
    return " ".join([f"{Path(code.co_filename).name}:{code.co_firstlineno}" if code else "", *notes])
