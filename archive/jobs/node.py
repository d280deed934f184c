"""A Celery worker beside the workers of this process: it hears hints, and answers `celery inspect` and Flower.

Celery runs in a thread and does nothing but hand the id of a task to the loop of the office whose queue it came by, and
wait until that is done with it, so that what runs is what Celery shows as active. The loops do not depend on it: a
broker that is away, or a Celery that fell over, leaves workers that sweep their tables every few seconds.
"""

from __future__ import annotations

import logging
import os
import queue
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any, cast

from archive.jobs.broker import TASK

if TYPE_CHECKING:
    from archive.jobs.broker import Broker

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

    def __init__(self, broker: Broker, stop: threading.Event) -> None:
        self._stop = stop
        self._calls: queue.SimpleQueue[_Call] = queue.SimpleQueue()
        self._next: _Call | None = None
        self._open, self._door = True, threading.Lock()
        # Workers that were started together need not sweep together.
        self._sweep_at = time.monotonic() + random.uniform(0, SWEEP)  # noqa: S311 - no secret
        self._finds = self._fails = False
        self._celery = _shared(broker)
        self._celery.add(broker.queue, self)

    def serve(self, do: Callable[[int | None], bool]) -> bool:
        """A hint's task; every SWEEP seconds, and as long as that finds work that no hint tells of, whatever is due.

        What is found brings hints of what follows it: where many hints were lost, those must not end the search.
        """
        self._fails = False
        if self._celery.sees_to_itself(self._stop):
            self._stop.set()
        call = self._taken(0)
        if time.monotonic() >= self._sweep_at or (call is None and self._finds):
            found = self._finds = do(None)
            if call or not found:
                self._sweep_at = time.monotonic() + SWEEP
            return found
        if call is None:
            return False
        self._next = None
        found = False
        try:
            found = do(call[0])
        finally:
            call[1].set_result(found)
        return found

    def excuse(self) -> None:
        """The loop cannot serve just now (its database is away, mostly): nobody else shall wait for what it was told.

        Its hints are as good as lost, and a sweep finds their tasks. Where it is alone they wait.
        """
        self._fails = True
        while not self._celery.is_for_one and (call := self._taken(0)):
            self._next = None
            call[1].set_result(False)

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Return when a hint is here or a sweep is due, after `seconds`, or on `stop`."""
        end = min(time.monotonic() + seconds, self._sweep_at)
        while not stop.is_set() and (rest := end - time.monotonic()) > 0:
            if self._taken(min(GLANCE, rest)):
                return

    def close(self) -> None:
        """Give hints that were not looked at back to the broker, and end Celery when nobody else needs it."""
        if self._stop.is_set():
            self._celery.tell()  # first: what is given back must not come again
        with self._door:
            self._open = False
        while call := self._taken(0):
            self._next = None
            call[1].cancel()
        self._celery.remove(self)

    def _taken(self, seconds: float) -> _Call | None:
        """The next call; it stays the next until it is answered."""
        if self._next is None:
            try:
                self._next = self._calls.get(timeout=seconds) if seconds else self._calls.get_nowait()
            except queue.Empty:
                return None
        return self._next

    def take(self, task: int) -> bool:
        """Have the loop do a task, in a thread of Celery's; True when there was something to claim."""
        from celery.exceptions import Reject

        if self._fails and not self._celery.is_for_one:
            return False
        answer: Future[bool] = Future()
        with self._door:
            if not self._open:
                raise Reject("closing", requeue=True)
            self._calls.put((task, answer))
        try:
            return answer.result()
        except CancelledError as error:
            raise Reject("closing", requeue=True) from error


class _Shared:
    """The Celery worker of this process: it hears the queue of every node, one hint at a time.

    More than one a process cannot be: what tells Celery to stop, and what it finds its tasks by, is the process's.
    """

    def __init__(self, broker: Broker) -> None:
        self.url, self._app = broker.url, broker.app
        self._nodes: dict[str, Node] = {}
        self._turn = threading.RLock()
        self._start_at, self._ends = 0.0, False
        self._thread: _Celery | None = None
        self._app.tasks.pop(TASK, None)  # of a worker that was in this process before

        def hear(celery_task: Any, task: int) -> bool:
            return self._hand_over(celery_task.request.delivery_info["routing_key"], int(task))

        self._app.task(hear, name=TASK, shared=False, bind=True)

    def add(self, name: str, node: Node) -> None:
        """One more queue to be heard."""
        with self._turn:
            self._nodes[name] = node
            queues = self._app.amqp.queues
            if len(self._nodes) == 1:
                queues.select([name])
            else:
                queues.select_add(queues[name])
            if self._thread:
                self._thread.hear(name)

    def remove(self, node: Node) -> None:
        """Nobody answers for its queue any more; Celery ends with the last one."""
        with self._turn:
            self._nodes = {name: one for name, one in self._nodes.items() if one is not node}
            if self._nodes:
                return
            _running.pop(self.url, None)
        self.tell()
        if self._thread:
            self._thread.join(PARTING)

    @property
    def is_for_one(self) -> bool:
        """Whether there is one queue alone."""
        return len(self._nodes) == 1

    def tell(self) -> None:
        """To end after what it has in hand; what still comes goes back to the broker."""
        self._ends = True
        if self._thread:
            self._thread.tell()

    def sees_to_itself(self, stop: threading.Event) -> bool:
        """Start Celery when it does not run; True when it ended because somebody wanted it."""
        with self._turn:
            if self._thread and self._thread.is_alive():
                return False
            if self._thread and self._thread.was_told:
                return True
            if not stop.is_set() and time.monotonic() >= self._start_at:
                self._start_at = time.monotonic() + AGAIN
                self._thread = _Celery(self._app)
                self._thread.start()
            return False

    def _hand_over(self, name: str, task: int) -> bool:
        """What Celery runs. A hint for an office that is not served just now is as good as lost."""
        from celery.exceptions import Reject

        node = self._nodes.get(name)
        if node is None and self._ends:
            raise Reject("closing", requeue=True)
        return node.take(task) if node else False


_running: dict[str, _Shared] = {}
_begin = threading.Lock()


def _shared(broker: Broker) -> _Shared:
    with _begin:
        return _running.get(broker.url) or _running.setdefault(broker.url, _Shared(broker))


class _Celery(threading.Thread):
    """Celery's worker with one place."""

    def __init__(self, app: Any) -> None:
        super().__init__(name="celery", daemon=True)
        self._app, self._controller = app, cast(Any, None)

    def run(self) -> None:
        from celery.worker import state

        self._app.set_default()  # threads of its pool ask for the default one
        state.should_stop = state.should_terminate = None
        self._controller = self._app.WorkController(
            pool="threads", concurrency=1, hostname=_name(), without_gossip=True, without_mingle=True,
        )  # fmt: skip
        self._controller.start()

    def hear(self, name: str) -> None:
        """One more queue, by the thread that has the connection; before it has one the queue is known anyway."""
        consumer = self._controller and self._controller.consumer
        if consumer and consumer.task_consumer:
            consumer.call_soon(consumer.add_task_queue, name)

    @property
    def was_told(self) -> bool:
        """Whether it ended because somebody wanted it."""
        return self._controller is not None and self._controller.exitcode == os.EX_OK

    def tell(self) -> None:
        """To end after what it has in hand."""
        from celery.worker import state

        state.should_stop = os.EX_OK


def _name() -> str:
    """No two workers', not even of containers that bear one name and count their processes from one."""
    return f"vanthu-{os.getpid()}-{uuid.uuid4().hex[:6]}@{socket.gethostname()}"
