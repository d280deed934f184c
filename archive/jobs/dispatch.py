"""How workers hear that there is work: by the task table alone, or by messages that a broker carries.

The table stays the truth. A message is a hint with a task's id in it: who hears it must still claim the task, behind
the same fence as ever, and a sweep finds what no message told. So a broker may lose, double or delay what it likes.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from archive.errors import BadSettings
from archive.jobs.queue import TELLS, TOLD, Hint
from archive.jobs.waiting import Bell

if TYPE_CHECKING:
    from archive.config import Settings
    from archive.database import Sessions
    from archive.jobs.broker import Broker

TABLE = "database:"
SCHEMES = ("celery+amqp", "celery+amqps", "celery+redis", "celery+rediss")


class Calls(Protocol):
    """What one worker waits at; used by one thread."""

    def serve(self, do: Callable[[int | None], bool]) -> bool:
        """Let the worker do the task of a hint, or (None) whatever is due; False when there was nothing to do."""

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Return when there may be work, after `seconds`, or on `stop`."""

    def excuse(self) -> None:
        """The worker cannot do anything just now; it will serve again when it can."""

    def close(self) -> None:
        """The worker ends."""


class Dispatcher(Protocol):
    """Carries hints from whoever commits a task to the workers."""

    def notify(self, hints: Sequence[Hint]) -> None:
        """Tell of tasks that can be claimed. Never raises, never waits; what gets lost is found by a sweep."""

    def calls(self, engine: sa.Engine, stop: threading.Event) -> Calls:
        """What a worker waits at; it may set `stop` when an operator asks for that by other means than a signal."""

    def fault(self) -> str | None:
        """Why nothing is carried just now, in Vietnamese; None when all is well."""

    def flush(self) -> None:
        """Give what was not sent yet a moment: this process is about to end."""


class Table:
    """The default: waiting workers hear the commit itself (archive/jobs/waiting.py)."""

    def notify(self, hints: Sequence[Hint]) -> None:
        """Nothing is left to be told."""

    def calls(self, engine: sa.Engine, stop: threading.Event) -> Calls:  # noqa: ARG002
        """The bell of the database."""
        return Bell(engine)

    def fault(self) -> str | None:
        """None: it is the database, which is looked at anyway."""
        return None

    def flush(self) -> None:
        """Nothing waits."""


def open_jobs(settings: Settings) -> Dispatcher:
    """The dispatcher of the setting `jobs`; one a process and address. BadSettings."""
    if settings.jobs == TABLE:
        return Table()
    if settings.jobs.partition("://")[0] not in SCHEMES:
        address = settings.masked()["jobs"]
        raise BadSettings(f"Hàng đợi không rõ: {address}. Hãy dùng {TABLE}, celery+amqp://… hoặc celery+redis://…")
    if settings.database_url.startswith("sqlite"):
        # All processes of an SQLite are on one machine and hear its commits within 50 ms: a broker could only fail.
        raise BadSettings(
            f"Hàng đợi celery+… cần cơ sở dữ liệu PostgreSQL (VANTHU_DATABASE). Với SQLite hãy để VANTHU_JOBS={TABLE}"
        )
    return _broker(settings.jobs)


@functools.cache
def _broker(url: str) -> Broker:
    from archive.jobs.broker import Broker

    return Broker(url)


def telling(sessions: Sessions, dispatcher: Dispatcher) -> Sessions:
    """The same sessions; whenever one has committed, the tasks it made ready are told to `dispatcher`."""
    if isinstance(dispatcher, Table):
        return sessions

    def tell(session: Session) -> None:
        if not session.in_nested_transaction() and (hints := session.info.pop(TOLD, ())):
            dispatcher.notify(hints)

    sessions.configure(info={TELLS: True})
    event.listen(sessions, "after_commit", tell)
    event.listen(sessions, "after_rollback", lambda session: session.info.pop(TOLD, None))
    return sessions
