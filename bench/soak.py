"""Soak: the real line under kill -9, from the door to the index.

    python -m bench soak [--scans 60] [--kills 20] [--workers 2] [--every 4] [--database URL] [FILE…]

Scans are tiny pictures without text (all steps run, but no recognition) unless FILEs are given; then each is received
once. Workers are `vanthu work` processes; one of them is killed at a random moment, on average every --every seconds,
and started again. Afterwards everything is counted: lost scans, effects that happened twice, runs beyond the first,
originals, the chain of events, documents in the index. Exit status 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from PIL import Image

from archive import database, history, intake
from archive.blobs import open_blobs
from archive.config import Settings
from archive.models import Document, Event, Outbox, Scan, Task
from archive.search import open_search
from migrations import upgrade

SETTLED = ("review", "done", "failed", "quarantined")


def pictures(count: int) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of pages with one dark pixel, each somewhere else."""
    for number in range(count):
        image = Image.new("L", (128, 128), 255)
        image.putpixel(divmod(number, 128), 0)
        out = io.BytesIO()
        image.save(out, "PNG")
        yield f"{number}.png", out.getvalue()


class Crew:
    """Worker processes that are killed and replaced."""

    def __init__(self, settings: Settings, size: int) -> None:
        ours = {"VANTHU_DATA": str(settings.data), "VANTHU_DATABASE": settings.database_url, "VANTHU_RESERVE_MB": "1",
                "VANTHU_LEASE_SECONDS": str(settings.lease_seconds)}  # fmt: skip
        self._environment = {**os.environ, **ours}
        self.workers = [self._start() for _ in range(size)]

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "server.cli", "work"]
        return subprocess.Popen(command, env=self._environment, stderr=subprocess.DEVNULL)

    def kill_one(self) -> None:
        victim = random.randrange(len(self.workers))
        self.workers[victim].kill()
        self.workers[victim].wait()
        self.workers[victim] = self._start()

    def end(self) -> None:
        for worker in self.workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self.workers:
            worker.wait(30)


def run(given: argparse.Namespace, settings: Settings) -> list[str]:
    engine = database.open_engine(settings.database_url)
    upgrade(engine)
    sessions, blobs = database.sessions(engine), open_blobs(settings.blobs, settings.data)
    files = [(file.name, file.read_bytes()) for file in given.files] or pictures(given.scans)
    began = time.monotonic()
    for name, content in files:
        intake.receive(sessions, blobs, settings, io.BytesIO(content), name, actor="soak", source="cli")
    print(f"received in {time.monotonic() - began:.1f} s")
    kills = soak(given, settings, sessions)
    wrong = list(faults(sessions, settings))
    report(sessions, kills, time.monotonic() - began)
    engine.dispose()
    return wrong


def soak(given: argparse.Namespace, settings: Settings, sessions: database.Sessions) -> int:
    crew, kills = Crew(settings, given.workers), 0
    try:
        while left(sessions):
            time.sleep(random.uniform(0, 2 * given.every))
            if kills < given.kills:
                crew.kill_one()
                kills += 1
    finally:
        crew.end()
    return kills


def left(sessions: database.Sessions) -> int:
    with sessions() as session:
        unsettled = sa.select(sa.func.count()).select_from(Scan).where(Scan.status.not_in(SETTLED))
        return int(session.scalar(unsettled) or 0) + int(session.scalar(sa.select(sa.func.count(Outbox.id))) or 0)


def faults(sessions: database.Sessions, settings: Settings) -> Iterator[str]:
    """What should not be, in words."""
    blobs = open_blobs(settings.blobs, settings.data)
    with sessions() as session:
        scans = session.scalars(sa.select(Scan)).all()
        said = Counter(session.execute(sa.select(Event.subject, Event.action)).all())
        for (subject, action), times in said.items():
            if times > 1:
                yield f"{action} happened {times} times to {subject}"
        for scan in scans:
            if not blobs.verify(scan.sha256):
                yield f"original of {scan.id} is gone or changed"
            if scan.status in ("review", "done") and said[(scan.id, "shelved")] != 1:
                yield f"{scan.id} was never shelved"
        yield from (f"events are broken at {seq}" for seq in history.broken(session))
        documents = session.scalar(sa.select(sa.func.count(Document.id)))
    indexed = open_search(settings.search, settings.data).status().documents
    if indexed != documents:
        yield f"{indexed} of {documents} documents in the index"


def report(sessions: database.Sessions, kills: int, seconds: float) -> None:
    with sessions() as session:
        statuses = Counter(session.scalars(sa.select(Scan.status)))
        tasks, attempts = session.execute(sa.select(sa.func.count(), sa.func.sum(Task.attempt)).select_from(Task)).one()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{sum(statuses.values())} scans {dict(statuses)}, {kills} kills, {attempts - tasks} of {tasks} tasks run again"
    )
    print(f"{seconds:.1f} s, {used.ru_utime + used.ru_stime:.1f} CPU s of the workers")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench soak")
    parser.add_argument("--scans", type=int, default=60)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=float, default=4.0)
    parser.add_argument("--database", default="")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vanthu-soak-") as folder:
        settings = Settings(data=Path(folder), database=given.database, reserve_mb=1, lease_seconds=5.0)
        wrong = run(given, settings)
    print("\n".join(wrong) or "nothing lost, nothing doubled")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
