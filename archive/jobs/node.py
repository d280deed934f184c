"""A Celery worker beside the worker's own loop: it hears hints, and answers `celery inspect` and Flower.

Celery runs in a thread and does nothing but hand the id of a task to the loop and wait until that is done with it, so
that what runs is what Celery shows as active. The loop does not depend on it: a broker that is away, or a Celery that
fell over, leaves a worker that sweeps the table every few seconds.
"""

from __future__ import annotations

import logging
import os
import queue
import random
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any, cast

from archive.jobs.broker import TASK

log = logging.getLogger(__name__)

SWEEP = 10.0
"""Seconds between two looks into the table, busy or not: what no hint told of waits no longer for being found."""
GLANCE = 0.25
"""Seconds between two looks at whether to stop."""
AGAIN = 5.0
"""Seconds before Celery is started again when it ended by itself."""
PARTING = 3.0
"""Seconds Celery has to end."""

_Call = tuple[int, "Future[bool]"]


class Node:
    """What a worker with a broker waits at; `stop` is set when an operator says `celery control shutdown`."""

    def __init__(self, app: Any, stop: threading.Event) -> None:
        self._app, self._stop = app, stop
        self._calls: queue.SimpleQueue[_Call] = queue.SimpleQueue()
        self._next: _Call | None = None
        self._open, self._door = True, threading.Lock()
        # Workers that were started together need not sweep together.
        self._sweep_at = time.monotonic() + random.uniform(0, SWEEP)  # noqa: S311 - no secret
        self._finds = False
        self._start_at = 0.0
        self._celery: _Celery | None = None
        app.tasks.pop(TASK, None)  # of a worker that was in this process before
        app.task(self._hand_over, name=TASK, shared=False)

    def serve(self, do: Callable[[int | None], bool]) -> bool:
        """A hint's task; every SWEEP seconds, and as long as that finds work that no hint tells of, whatever is due.

        What is found brings hints of what follows it: where many hints were lost, those must not end the search.
        """
        self._see_to_celery()
        call = self._taken(0)
        if time.monotonic() >= self._sweep_at or (call is None and self._finds):
            found = self._finds = do(None)
            if call or not found:
                self._sweep_at = time.monotonic() + SWEEP
            return found
        if call is None:
            return False
        self._next = None
        return _answered(call, do)

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Return when a hint is here or a sweep is due, after `seconds`, or on `stop`."""
        end = min(time.monotonic() + seconds, self._sweep_at)
        while not stop.is_set() and (rest := end - time.monotonic()) > 0:
            if self._taken(min(GLANCE, rest)):
                return

    def close(self) -> None:
        """Give hints that were not looked at back to the broker, and end Celery."""
        if self._celery:
            self._celery.tell()  # first: what is given back must not come again
        with self._door:
            self._open = False
        while call := self._taken(0):
            self._next = None
            call[1].cancel()
        if self._celery:
            self._celery.join(PARTING)

    def _taken(self, seconds: float) -> _Call | None:
        """The next call; it stays the next until it is answered."""
        if self._next is None:
            try:
                self._next = self._calls.get(timeout=seconds) if seconds else self._calls.get_nowait()
            except queue.Empty:
                return None
        return self._next

    def _hand_over(self, task: int) -> bool:
        """What Celery runs, in a thread of its pool; True when there was something to claim."""
        from celery.exceptions import Reject

        answer: Future[bool] = Future()
        with self._door:
            if not self._open:
                raise Reject("closing", requeue=True)
            self._calls.put((int(task), answer))
        try:
            return answer.result()
        except CancelledError as error:
            raise Reject("closing", requeue=True) from error

    def _see_to_celery(self) -> None:
        if self._celery and self._celery.is_alive():
            return
        if self._celery and self._celery.was_told:
            self._stop.set()
        elif not self._stop.is_set() and time.monotonic() >= self._start_at:
            self._start_at = time.monotonic() + AGAIN
            self._celery = _Celery(self._app)
            self._celery.start()


def _answered(call: _Call, do: Callable[[int | None], bool]) -> bool:
    task, answer = call
    found = False
    try:
        found = do(task)
    finally:
        answer.set_result(found)
    return found


class _Celery(threading.Thread):
    """Celery's worker with one place; of its kind one a process, for what tells it to stop is global."""

    def __init__(self, app: Any) -> None:
        super().__init__(name="celery", daemon=True)
        self._app, self._controller = app, cast(Any, None)

    def run(self) -> None:
        from celery.worker import state

        self._app.set_default()  # threads of its pool ask for the default one
        state.should_stop = state.should_terminate = None
        self._controller = self._app.WorkController(
            pool="threads", concurrency=1, hostname=f"vanthu-{os.getpid()}@{socket.gethostname()}",
            without_gossip=True, without_mingle=True,
        )  # fmt: skip
        self._controller.start()

    @property
    def was_told(self) -> bool:
        """Whether it ended because somebody wanted it."""
        return self._controller is not None and self._controller.exitcode == os.EX_OK

    def tell(self) -> None:
        """To end after what it has in hand."""
        from celery.worker import state

        state.should_stop = os.EX_OK
