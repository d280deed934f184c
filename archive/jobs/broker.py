"""RabbitMQ or Redis as carrier of hints, through Celery (an optional extra).

Address `celery+amqp://user:password@host:5672/vhost` or `celery+redis://:password@host:6379/0`, with amqps or rediss
over TLS; `?queue=NAME` where several archives share one. Messages hold a task's id, the name of its step for people
who look at them, and a priority. This module sends; archive/jobs/node.py receives.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import queue
import socket
import threading
import time
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from archive.errors import BadSettings
from archive.jobs.desk import STEPS
from archive.jobs.dispatch import Calls
from archive.jobs.queue import URGENT, Hint

if TYPE_CHECKING:
    import sqlalchemy as sa

log = logging.getLogger(__name__)

TASK = "vanthu.step"
"""The one Celery task; what is shown of it bears the step's name, `vanthu.read`."""
PATIENCE = 2.0
"""Seconds for a broker to answer."""
SILENT = 5.0
"""Seconds without another attempt after one that failed."""
MOST_WAITING = 10_000
"""Hints that wait to be sent; beyond them none is taken, the sweep will find their tasks."""
FLUSH = 1.0
_SILENCE = {
    socket.TCP_KEEPIDLE: 5, socket.TCP_KEEPINTVL: 2, socket.TCP_KEEPCNT: 3, socket.TCP_USER_TIMEOUT: 10_000
}  # fmt: skip
"""A broker whose machine went without a word is given up after some ten seconds, also by who only listens."""
LOWEST = 9
"""Celery's brokers know ten priorities."""
_MISSING = (
    "Để dùng VANTHU_JOBS=celery+… hãy cài thêm phần tùy chọn: "
    "pip install --no-deps --require-hashes -r requirements-celery.lock"
)

_AWAY = (
    "máy chủ hàng đợi không trả lời ({}). Không mất gì: các tiến trình đọc tự tìm việc trong cơ sở dữ liệu, chậm hơn "
    "vài giây. Hãy xem lại máy chủ RabbitMQ hoặc Redis và VANTHU_JOBS"
)


def level(hint: Hint) -> int:
    """Its place among the hints, 0 (soonest) to 9: urgent papers first, then the later step.

    A broker keeps what is equal in order of arrival. By arrival alone every scan would be looked at before any is
    finished; the later step first ends one scan before the next begins, as the table's own order does.
    """
    late = min(4, STEPS.index(hint.step) // 2) if hint.step in STEPS else 0
    return (0 if hint.priority <= URGENT else 5) + 4 - late


class Broker:
    """Hints through Celery; the connection is opened by the first."""

    def __init__(self, url: str) -> None:
        if importlib.util.find_spec("celery") is None or importlib.util.find_spec("redis") is None:
            raise BadSettings(_MISSING)
        self.url, self.queue = _parts(url)
        self._sender = _Sender(self)

    @cached_property
    def app(self) -> Any:
        """The Celery application, as `celery -A archive.jobs.celery_app` and Flower see it."""
        from celery import Celery

        app = Celery("vanthu", broker=self.url, set_as_current=False)
        app.conf.update(self._settings())
        # A line for each hint that comes, is done or given back: the worker itself says what is worth saying.
        logging.getLogger("celery").setLevel(logging.WARNING)
        logging.getLogger("celery.app.trace").setLevel(logging.ERROR)
        return app

    def _settings(self) -> dict[str, Any]:
        levels = list(range(LOWEST + 1))
        rabbit = {"socket_settings": _SILENCE}
        redis = {"priority_steps": levels, "queue_order_strategy": "priority", "socket_keepalive": True,
                 "socket_keepalive_options": _SILENCE}  # fmt: skip
        return {
            "task_default_queue": self.queue, "task_ignore_result": True,
            "task_queue_max_priority": None if self._is_redis else LOWEST,
            # Acknowledged when done and one at a time, so that no hint lies with a worker that is busy while another
            # is idle. Nobody relies on a second delivery: a task that is claimed already is claimed by nobody again.
            "task_acks_late": True, "worker_prefetch_multiplier": 1, "worker_enable_prefetch_count_reduction": False,
            "worker_cancel_long_running_tasks_on_connection_loss": False,
            "worker_send_task_events": True,
            "broker_connection_timeout": PATIENCE, "broker_heartbeat": 30, "broker_connection_max_retries": None,
            "broker_connection_retry_on_startup": True, "broker_transport_options": redis if self._is_redis else rabbit,
        }  # fmt: skip

    @property
    def _is_redis(self) -> bool:
        return self.url.startswith("redis")

    def priority(self, hint: Hint) -> int:
        """As this broker counts: for Redis the smallest is the soonest, for RabbitMQ the largest."""
        return level(hint) if self._is_redis else LOWEST - level(hint)

    def notify(self, hints: Sequence[Hint]) -> None:
        """Have them sent by a thread of its own: who commits waits for no broker."""
        self._sender.take(hints)

    def calls(self, engine: sa.Engine, stop: threading.Event) -> Calls:  # noqa: ARG002
        """The Celery worker of this process, which hears this queue, too."""
        from archive.jobs.node import Node

        return Node(self, stop)

    def fault(self) -> str | None:
        """Whether the broker answers, asked now."""
        try:
            with self.connect() as connection:
                connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
        except self.failures as error:
            return _AWAY.format(type(error).__name__)
        return None

    def flush(self) -> None:
        """Until all is sent, for FLUSH seconds at most."""
        self._sender.flush(FLUSH)

    def connect(self) -> Any:
        """A connection for sending, not opened yet. Nobody beats its heart, so none is promised."""
        return self.app.connection_for_write(connect_timeout=PATIENCE, heartbeat=0)

    @cached_property
    def failures(self) -> tuple[type[Exception], ...]:
        """What a broker that is away, or refuses, is told by."""
        from kombu.exceptions import OperationalError

        connection = self.connect()
        return (OperationalError, OSError, *connection.connection_errors, *connection.channel_errors)


def _parts(url: str) -> tuple[str, str]:
    """What Celery calls the broker, and the queue's name."""
    parts = urlsplit(url.removeprefix("celery+"))
    if not parts.hostname or ";" in url:
        raise BadSettings("Địa chỉ hàng đợi phải có dạng celery+amqp://người-dùng:mật-khẩu@máy-chủ:5672/vhost")
    asked = parse_qsl(parts.query, keep_blank_values=True)
    rest = urlencode([(name, value) for name, value in asked if name != "queue"])
    return urlunsplit(parts._replace(query=rest)), dict(asked).get("queue") or "vanthu"


class _Sender:
    """A thread that sends hints, one connection of its own; it begins with the first of them, and anew after a fork."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._waiting: queue.Queue[Hint] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._begin = threading.Lock()
        self._connection: Any = None
        self._silent_until = 0.0

    def take(self, hints: Sequence[Hint]) -> None:
        for hint in hints:
            try:
                self._waiting.put_nowait(hint)
            except queue.Full:
                break
        with self._begin:
            if self._thread is None or not self._thread.is_alive():
                self._connection = None
                self._thread = threading.Thread(target=self._run, name="hints", daemon=True)
                self._thread.start()

    def flush(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self._waiting.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.01)

    def _run(self) -> None:
        while True:
            hint = self._waiting.get()
            try:
                if time.monotonic() >= self._silent_until:
                    self._try(hint)
            finally:
                self._waiting.task_done()

    def _try(self, hint: Hint) -> None:
        if self._connection is not None:
            with contextlib.suppress(*self._broker.failures):
                self._send(hint)
                return
            self._hang_up()  # it stood idle and was cut, maybe long ago
        try:
            self._send(hint)
        except self._broker.failures as error:
            self._hang_up()
            log.warning("hints not sent cause=%s silent=%.0f", type(error).__name__, SILENT)
            self._silent_until = time.monotonic() + SILENT

    def _send(self, hint: Hint) -> None:
        if self._connection is None:
            connection = self._broker.connect()
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
            self._connection = connection
        app = self._broker.app
        producer = app.amqp.Producer(self._connection)
        app.send_task(TASK, (hint.id,), producer=producer, retry=False, priority=self._broker.priority(hint),
                      shadow=f"vanthu.{hint.step}")  # fmt: skip

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*self._broker.failures):
                connection.release()
