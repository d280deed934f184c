"""Soak: the real line under kill -9, from the door to the index, while clerks give numbers.

    python -m bench soak [--scans 60] [--kills 20] [--workers 2] [--every 4] [--database URL] [FILE…]
    python -m bench soak --moments 1000 [--workers 2] [--every 1] [--database URL]

Scans are tiny pictures without text (all steps run, but no recognition) unless FILEs are given; then each is received
once. Workers do what `vanthu work` does; one of them is killed at a random moment, on average every --every seconds,
and started again; with --moments new scans come in as long as there are kills to come. Two clerks register whatever
has been read, at once. At the end all workers are killed together and started again, and it is measured when the last
task that a dead one held is in hand again. Then everything is counted: lost scans, effects that happened twice, runs
beyond the first, originals, numbers; and `vanthu check --deep` looks at all. Exit status 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import io
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa
from PIL import Image

from archive import database, intake, register
from archive.blobs import open_blobs
from archive.config import Settings
from archive.inspection import Place, deep
from archive.models import Document, Event, Outbox, RegisterEntry, Scan, Task
from archive.register_books import book_for
from archive.search import open_search
from archive.workdays import HANOI
from migrations import upgrade

SETTLED = ("review", "done", "failed", "quarantined")


def pictures() -> Iterator[tuple[str, bytes]]:
    """Names and bytes of pages with one dark pixel, each somewhere else."""
    for number in range(128 * 128):
        image = Image.new("L", (128, 128), 255)
        image.putpixel(divmod(number, 128), 0)
        out = io.BytesIO()
        image.save(out, "PNG")
        yield f"{number}.png", out.getvalue()


class Crew:
    """Worker processes that are killed and replaced; one that has imported everything forks them."""

    def __init__(self, settings: Settings, size: int) -> None:
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "bench._soak_workers", settings.database_url, str(settings.data),
             str(settings.lease_seconds)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.workers = [self._start() for _ in range(size)]

    def _start(self) -> int:
        assert self._nursery.stdin and self._nursery.stdout
        self._nursery.stdin.write("\n")
        self._nursery.stdin.flush()
        return int(self._nursery.stdout.readline())

    def kill_one(self) -> None:
        victim = random.randrange(len(self.workers))
        os.kill(self.workers[victim], signal.SIGKILL)
        self.workers[victim] = self._start()

    def kill_all(self) -> None:
        for pid in self.workers:
            os.kill(pid, signal.SIGKILL)
        self.workers = [self._start() for _ in self.workers]

    def end(self) -> None:
        for pid in self.workers:
            os.kill(pid, signal.SIGTERM)
        self._nursery.communicate(timeout=60)


class Clerks:
    """Two people who register what has been read, each in a thread, both going through the same list."""

    def __init__(self, sessions: database.Sessions) -> None:
        self._sessions, self._stop = sessions, threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(name,)) for name in ("huong", "lan")]
        self.numbers: list[tuple[str, int]] = []
        """(document, number), as they were told."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, name: str) -> None:
        while not self._stop.wait(0.2):
            with self._sessions() as session:
                found = session.scalars(sa.select(Document.id).where(Document.status == "review").limit(5)).all()
            for id_ in found:
                with contextlib.suppress(sa.exc.OperationalError):  # locked: told so, tried again
                    self.numbers.append((id_, self._register(id_, name)))

    def _register(self, id_: str, name: str) -> int:
        with self._sessions.begin() as session:
            document = session.get_one(Document, id_)
            today = dt.datetime.now(HANOI).date()
            return register.register(session, document, book_for(session, document).id, today, actor=name).number


def run(given: argparse.Namespace, settings: Settings) -> list[str]:
    engine = database.open_engine(settings.database_url)
    upgrade(engine)
    sessions, blobs = database.sessions(engine), open_blobs(settings.blobs, settings.data)
    began, names = time.monotonic(), iter(pictures())

    def receive(name: str, content: bytes) -> None:
        intake.receive(sessions, blobs, settings, io.BytesIO(content), name, actor="soak", source="cli")

    for file in given.files:
        receive(file.name, file.read_bytes())
    for _ in range(0 if given.files else given.scans):
        receive(*next(names))
    print(f"received in {time.monotonic() - began:.1f} s")
    clerks = Clerks(sessions)
    kills = soak(given, settings, sessions, clerks, lambda: receive(*next(names)))
    wrong = [*faults(sessions, settings), *doubled(sessions, clerks.numbers)]
    report(sessions, kills, time.monotonic() - began)
    engine.dispose()
    return wrong


def soak(
    given: argparse.Namespace, settings: Settings, sessions: database.Sessions, clerks: Clerks,
    receive: Callable[[], None],
) -> int:  # fmt: skip
    crew, kills, most = Crew(settings, given.workers), 0, given.moments or given.kills
    try:
        while left(sessions) or kills < given.moments:
            if kills < given.moments and left(sessions) < 20:
                receive()
            time.sleep(random.uniform(0, 2 * given.every))
            if kills < most:
                crew.kill_one()
                kills += 1
                if kills == most:
                    print(f"all workers killed at once: all in hand again after {resumed(crew, sessions):.1f} s")
        clerks.end()
        while left(sessions):  # the index hears of their last numbers
            time.sleep(0.1)
    finally:
        clerks.end()
        crew.end()
    return kills


def resumed(crew: Crew, sessions: database.Sessions) -> float:
    """Seconds from the restart of all workers to the moment when none of their tasks is a dead one's."""
    crew.kill_all()
    began, alive = time.monotonic(), [f":{pid}:" for pid in crew.workers]
    held = sa.select(Task.worker).where(Task.state == "running")
    while True:
        with sessions() as session:
            if all(any(pid in (worker or "") for pid in alive) for worker in session.scalars(held)):
                return time.monotonic() - began
        time.sleep(0.05)


def doubled(sessions: database.Sessions, told: list[tuple[str, int]]) -> Iterator[str]:
    """Numbers given twice, told otherwise than they stand in the book, or left out."""
    with sessions() as session:
        lines = session.execute(sa.select(RegisterEntry.document_id, RegisterEntry.number)).all()
    numbers = sorted(number for _, number in lines)
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"numbers have gaps or doubles: {numbers[:10]} … of {len(numbers)}"
    yield from (f"number {number} was told of {id_}" for id_, number in set(told) - {tuple(line) for line in lines})
    print(f"{len(numbers)} numbers given by two clerks, {len(told) - len(set(told))} times asked for at once")


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
            if times > 1 and action != "refused":
                yield f"{action} happened {times} times to {subject}"
        for scan in scans:
            if not blobs.verify(scan.sha256):
                yield f"original of {scan.id} is gone or changed"
            if scan.status in ("review", "done") and said[(scan.id, "shelved")] != 1:
                yield f"{scan.id} was never shelved"
            if scan.status == "failed" and not scan.error:
                yield f"{scan.id} was given up without a reason"
    index = open_search(settings.search, settings.data)
    place = Place(settings, sessions, database.readers(sessions.kw["bind"]), blobs, index)
    yield from (f"{check.name}: {check.says}" for check in deep(place) if not check.ok)
    index.close()


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
    parser.add_argument("--moments", type=int, default=0, help="as many kills, with new scans all the while")
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
