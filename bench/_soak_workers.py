"""A nursery for bench/soak.py: answers each line on its standard input with the pid of a new worker, forked from here.

What `vanthu work` does, without the second that Python needs to import it: so a thousand can be killed in a morning.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from archive import jobs
from archive.config import Settings
from archive.jobs.worker import Worker


def main(database: str, data: str, lease: str) -> None:
    settings = Settings(data=Path(data), database=database, reserve_mb=1, lease_seconds=float(lease))
    assert Worker  # imported before the first fork, lest every worker does it again
    nurse(lambda stop: jobs.work(settings, stop))


def nurse(work: Callable[[threading.Event], None]) -> None:
    """Fork a process that does `work` until it is told to stop, for each line that comes; its pid is the answer."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(0)
            _work(work)
        print(pid, flush=True)


def _work(work: Callable[[threading.Event], None]) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        work(stop)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
