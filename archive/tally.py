"""What the processes of one machine count together: requests answered, steps done, processes that died.

One small SQLite file for each machine, DATA/metrics/HOST.db, and one statement for each thing that happened: exact
whatever number of processes and threads count at once, and whoever of them is killed. It is no part of the archive:
nothing waits for the disk because of it (a power cut may cost the last counts), and what cannot be counted is let go.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import math
import os
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

REQUEST, STEP, DEATH = "request", "step", "death"
"""Labels: (route, method, class of status), (step, outcome), (part of `vanthu up`)."""
BOUNDS = {
    REQUEST: (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    STEP: (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0),
    DEATH: (),
}
"""Seconds, ascending; what took longer than the last counts under infinity."""
PATIENCE = 1.0
"""Seconds for which one who counts waits for another."""
PAUSE = 60.0
"""Seconds in which nothing is counted after counting failed: nobody shall wait PATIENCE again and again."""

_TABLE = (
    "CREATE TABLE IF NOT EXISTS tally (family TEXT, labels TEXT, bound REAL, count INTEGER, seconds REAL, "
    "PRIMARY KEY (family, labels, bound)) WITHOUT ROWID"
)
_COUNT = (
    "INSERT INTO tally VALUES (?, ?, ?, 1, ?) "
    "ON CONFLICT DO UPDATE SET count = count + 1, seconds = seconds + excluded.seconds"
)
_ALL = "SELECT family, labels, bound, count, seconds FROM tally ORDER BY family, labels, bound"


@dataclass(frozen=True, slots=True)
class Counted:
    """How often something happened that took at most `bound` seconds, and longer than the next smaller bound."""

    family: str
    labels: tuple[str, ...]
    bound: float
    count: int
    seconds: float
    """All of them together."""


class Tally:
    """The file of this machine, opened when it is first needed; a process that counts must not fork afterwards."""

    def __init__(self, data: Path, machine: str = "") -> None:
        name = re.sub(r"[^A-Za-z0-9.-]", "_", machine or socket.gethostname()) or "_"
        self.file = data.absolute() / "metrics" / f"{name}.db"
        self._turn = threading.Lock()
        self._opened: sqlite3.Connection | None = None
        self._not_before = 0.0

    def count(self, family: str, labels: tuple[str, ...], seconds: float = 0.0) -> None:
        """One more; `labels` come from a closed list, never from what a stranger sends. Raises nothing."""
        bound = next((one for one in BOUNDS[family] if seconds <= one), math.inf)
        self._ask(_COUNT, family, json.dumps(labels), bound, seconds)

    def all(self) -> list[Counted]:
        """Everything this machine counted; nothing where it cannot be read."""
        return [Counted(family, tuple(json.loads(labels)), *rest) for family, labels, *rest in self._ask(_ALL)]

    def close(self) -> None:
        """Give the file back; counting opens it again."""
        with self._turn:
            self._drop()

    def __del__(self) -> None:
        self._drop()

    def _ask(self, statement: str, *values: object) -> list[Any]:
        with self._turn:
            if time.monotonic() < self._not_before:
                return []
            try:
                self._opened = self._opened or self._open()
                return self._opened.execute(statement, values).fetchall()
            except (sqlite3.Error, OSError) as error:
                log.warning("not counted cause=%s again_in=%.0f", type(error).__name__, PAUSE)
                self._drop()
                self._not_before = time.monotonic() + PAUSE
                return []

    def _open(self) -> sqlite3.Connection:
        folder = self.file.parent
        folder.mkdir(parents=True, exist_ok=True)
        # Turning a new file to WAL does not wait for others who do the same: one after another.
        with _alone(folder):
            opened = sqlite3.connect(self.file, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            for words in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", _TABLE):
                opened.execute(words)
        return opened

    def _drop(self) -> None:
        if self._opened:
            self._opened.close()
        self._opened = None


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
