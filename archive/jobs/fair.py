"""One worker process for several offices: each has a thread with a worker of its own, and one computes at a time.

Who has waited longest is next, so an office that sends a thousand papers holds up another's one for a single task.
Whether there is anything to do, and whether it may be taken, is asked before a turn is: a database that does not answer
or that somebody has locked holds up nobody else. One that is locked while its office computes does, as long as a worker
waits for a lock at all (database.PATIENCE).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping

from archive.config import Settings
from archive.jobs import queue
from archive.jobs.worker import Worker
from archive.pipeline import STEPS, Step

KEPT = 3
"""Children of a process that are kept for their office's next task, some 300 MB each; starting one takes a second."""


class Turns:
    """Which office's worker computes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._given = self._called = 0
        self._latest: list[FairWorker] = []

    @contextlib.contextmanager
    def of(self, worker: FairWorker) -> Iterator[None]:
        """Its turn, once it comes."""
        with self._changed:
            mine, self._given = self._given, self._given + 1
            self._changed.wait_for(lambda: self._called == mine)
        try:
            self._spare(worker)
            yield
        finally:
            with self._changed:
                self._called += 1
                self._changed.notify_all()

    def _spare(self, worker: FairWorker) -> None:
        """End the children of those whose last turn is longest ago."""
        self._latest = [worker, *(one for one in self._latest if one is not worker)]
        for rested in self._latest[KEPT:]:
            rested.end_child()
        del self._latest[KEPT:]


class FairWorker(Worker):
    """The worker of one of several offices."""

    def __init__(self, settings: Settings, turns: Turns, steps: Mapping[str, Step] = STEPS) -> None:
        super().__init__(settings, steps=steps)
        self._turns = turns

    def run_once(self, task: int | None = None) -> bool:
        """As a worker does, when it is this office's turn."""
        if not self._is_due():
            return False
        with self._turns.of(self):
            return not self.stop.is_set() and super().run_once(task)

    def end_child(self) -> None:
        """Give its memory back; the next task starts another."""
        self._child.close()

    def _is_due(self) -> bool:
        with self._reading() as session:
            is_due = queue.is_due(session, self.settings.lease_seconds)
        if is_due:
            with self._sessions.begin() as session:  # a writer's: on SQLite it waits for the lock a claim needs
                session.connection()
        return is_due
