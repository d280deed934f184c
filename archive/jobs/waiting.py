"""Waiting for work at next to no cost, and waking within some 50 ms of it.

SQLite: PRAGMA data_version changes when any other connection commits (3 µs, no lock). PostgreSQL: LISTEN.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from archive.jobs.queue import CHANNEL

GLANCE = 0.05
"""Seconds between two looks at data_version."""


class Bell:
    """Something a worker waits at; one a worker, used by one thread."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._listens = engine.dialect.name == "postgresql"
        self._raw: Any = None
        self._seen: object = None

    def serve(self, do: Callable[[int | None], bool]) -> bool:
        """Let a worker do what lies in the table; False when it found nothing."""
        return do(None)

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Return when there may be work, after `seconds`, or on `stop`; a database that is away is slept out."""
        try:
            if self._listens:
                self._listen(seconds, stop)
            else:
                self._watch(seconds, stop)
        except (sa.exc.DBAPIError, self._driver_error):
            self.close()
            stop.wait(seconds)

    def excuse(self) -> None:
        """Nobody waits for this worker: the table has the tasks."""

    def close(self) -> None:
        """Give the connection up; the next wait opens one."""
        raw, self._raw = self._raw, None
        if raw is not None:
            with contextlib.suppress(self._driver_error):
                raw.close()

    @property
    def _driver_error(self) -> type[Exception]:
        error: type[Exception] = self._engine.dialect.loaded_dbapi.Error
        return error

    def _connection(self) -> Any:
        if self._raw is None:
            fairy = self._engine.raw_connection()
            self._raw = fairy.driver_connection
            fairy.detach()  # ours from now on: the pool must never hand it to somebody else
            if self._listens:
                self._raw.autocommit = True
                self._raw.execute(f"LISTEN {CHANNEL}")
            # Whatever came before we listened was not heard: the first wait is none.
            self._seen = None
        return self._raw

    def _watch(self, seconds: float, stop: threading.Event) -> None:
        connection, end = self._connection(), time.monotonic() + seconds
        while not stop.is_set() and time.monotonic() < end:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            if version != self._seen:
                self._seen = version
                return
            stop.wait(GLANCE)

    def _listen(self, seconds: float, stop: threading.Event) -> None:
        connection = self._connection()
        if self._seen is None:
            self._seen = True
            return
        end = time.monotonic() + seconds
        while not stop.is_set() and (rest := end - time.monotonic()) > 0:
            if list(connection.notifies(timeout=min(0.25, rest), stop_after=1)):
                return
