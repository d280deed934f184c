"""A worker of bench/apart.py: what `vanthu work` does, with its settings, over steps of a few milliseconds.

The first step opens the original on this machine and answers its SHA-256, the others compute next to nothing; each
writes one event into its finishing transaction, so that a step done twice is seen.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from archive import config, history
from archive.durable import sha256_of
from archive.jobs import queue
from archive.jobs.queue import Claim, Next
from archive.jobs.worker import Worker
from archive.models import Scan
from archive.pipeline import Archive, Step

ACTOR = "apart"
"""Who the events of the steps are said to be by."""
PAGES = 2
EVERY_STEP = Counter(["survey 0", *(f"read {page}" for page in range(1, PAGES + 1)), "mark 0", "shelve 0"])
"""What was done for a scan that is done, by its events."""


def opened(path: str) -> str:
    """The first step: the bytes are here, in the process that decodes."""
    return sha256_of(Path(path))


def pause(seconds: float) -> float:
    """The other steps."""
    time.sleep(seconds)
    return seconds


def _step(name: str, seconds: float, following: list[Next]) -> Step:
    def keep(session: Session, _archive: Archive, scan: Scan, claim: Claim, _answers: Sequence[Any]) -> Iterable[Next]:
        history.append(session, ACTOR, f"{name} {claim.part}", scan.id)
        scan.status = "review" if name == "shelve" else "reading"
        return [] if queue.left(session, scan.id, name) else following

    return Step(name, lambda *_: [(seconds,)], "bench._apart_worker:pause", keep, lambda _settings: 60.0)


def _surveyed(keep: Callable[..., Iterable[Next]]) -> Step:
    def prepare(session: Session, archive: Archive, claim: Claim) -> Sequence[tuple[str]]:
        return [(str(archive.blobs.path(session.get_one(Scan, claim.scan_id).sha256)),)]

    def kept(session: Session, archive: Archive, scan: Scan, claim: Claim, answers: Sequence[Any]) -> Iterable[Next]:
        if answers != [scan.sha256]:
            history.append(session, ACTOR, "wrong bytes", scan.id)
        return keep(session, archive, scan, claim, answers)

    return Step("survey", prepare, "bench._apart_worker:opened", kept, lambda _settings: 60.0, opens=True)


STEPS = {
    "survey": _surveyed(_step("survey", 0, [("read", range(1, PAGES + 1))]).keep),
    "read": _step("read", 0.1, [("mark", (0,))]),
    "mark": _step("mark", 0.05, [("shelve", (0,))]),
    "shelve": _step("shelve", 0.02, []),
}


def main() -> None:
    """Until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    Worker(config.load(), steps=STEPS).run(stop)


if __name__ == "__main__":
    main()
