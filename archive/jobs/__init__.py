"""The queue of steps that scans walk: the task table of our own database.

Workers hear of new tasks through the database itself (`database:`) or through a broker (archive/jobs/dispatch.py).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from archive.config import Settings
from archive.jobs.desk import Progress, progress, restart, retry, urgent
from archive.jobs.dispatch import Dispatcher, open_jobs, telling
from archive.jobs.queue import Claim, add, beat, claim, expire, fail, finish, release

if TYPE_CHECKING:
    from archive.jobs.worker import Worker

__all__ = [
    "Claim", "Dispatcher", "Progress", "Worker", "add", "beat", "claim", "expire", "fail", "finish", "open_jobs",
    "progress", "release", "restart", "retry", "telling", "urgent", "work",
]  # fmt: skip


def work(settings: Settings, stop: threading.Event) -> None:
    """What `vanthu work` does: one worker until `stop` is set."""
    from archive.jobs.worker import Worker

    Worker(settings).run(stop)


def __getattr__(name: str) -> Any:
    # The worker knows the steps, and the steps know the queue: imported only when asked for.
    if name == "Worker":
        from archive.jobs.worker import Worker

        return Worker
    raise AttributeError(name)
