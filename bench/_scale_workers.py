"""Scans a minute by so many workers, and what each part that all of them share costs a scan.

Simulated scans of one page go through the real line: door, Tesseract, stamps, plugins, index. A worker keeps a core
busy; the database, the store, the broker and the index are the same for all, so what a scan costs there says how many
workers each of them could serve on paper: one that is busy for 10 ms a scan can serve 100 scans a second.
"""

from __future__ import annotations

import io
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from archive import database, history, intake
from archive.blobs import open_blobs
from archive.config import Settings
from archive.models import Document, Scan, Task
from archive.search import open_search
from archive.search.indexing import drain, enqueue, rebuild
from bench.register import database_of
from migrations import upgrade
from server import demo

SETTLED = ("review", "done", "failed", "quarantined")
_PIDS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
HINTS = 300


class DatabaseTime:
    """Processor seconds of PostgreSQL's processes for one database, as long as it is entered; they come and go."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine, self._stop = engine, threading.Event()
        self._spent: dict[int, tuple[float, float]] = {}
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def seconds(self) -> float:
        """Of all of them together."""
        return sum(last - first for first, last in self._spent.values())

    def _watch(self) -> None:
        known: set[int] | None = None
        while not self._stop.wait(0.2):
            with self._engine.connect() as connection:
                pids = set(connection.scalars(sa.text(_PIDS)))
            for pid in pids:
                spent = seconds_of(pid)
                first = self._spent[pid][0] if pid in self._spent else spent if known is None else 0.0
                self._spent[pid] = first, spent
            known = pids


def seconds_of(pid: int) -> float:
    """Processor seconds of a process of one thread; 0 where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return 0.0


def tree_seconds(pid: int) -> float:
    """Processor seconds of a process, of those it started and of those that they did, also of who has ended since."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        young = [one for file in Path(f"/proc/{pid}/task").glob("*/children") for one in file.read_text().split()]
    except OSError:
        return 0.0
    own = sum(map(int, told[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(tree_seconds(int(child)) for child in young)


def pictures(count: int) -> list[bytes]:
    """PDFs of one scanned page each."""
    made = []
    for number in range(count):
        papers = demo.papers()
        page = demo.draw(papers[number % len(papers)], seed=1000 + number)[0]
        out = io.BytesIO()
        page.save(out, "PDF", resolution=demo.DPI, quality=80)
        made.append(out.getvalue())
    return made


def run(server: str, folder: Path, counts: Sequence[int], scans: int, broker: str) -> None:
    """Prints a row for each number of workers, then what the shared parts cost."""
    files = pictures(scans)
    for workers in counts:
        with tempfile.TemporaryDirectory(dir=folder) as data, database_of(server) as url:
            settings = Settings(data=Path(data), database=url, search="postgresql:", reserve_mb=1)
            engine = database.open_engine(url)
            upgrade(engine)
            rebuild(database.sessions(engine), index := open_search(settings.search, settings.data, url))
            index.close()
            received(engine, settings, files)
            worked(engine, settings, workers, scans)
            if workers == counts[-1]:
                events_of(engine)
                told(engine, settings)
            engine.dispose()
    if broker:
        hinted(broker)


def received(engine: sa.Engine, settings: Settings, files: Sequence[bytes]) -> None:
    """Takes them in; says what the store alone costs."""
    sessions, blobs = database.sessions(engine), open_blobs(settings.blobs, settings.data)
    spent, began = [], time.perf_counter()
    for number, content in enumerate(files):
        intake.receive(sessions, blobs, settings, io.BytesIO(content), f"{number}.pdf", actor="bench", source="cli")
    whole = time.perf_counter() - began
    for content in files:
        began = time.perf_counter()
        blobs.put(io.BytesIO(content + b"\n%"), 1 << 30)
        spent.append(time.perf_counter() - began)
    print(f"  door: {1000 * whole / len(files):.0f} ms a scan of {sum(map(len, files)) / len(files) / 1024:.0f} KB, "
          f"of which the store {1000 * statistics.median(spent):.1f}")  # fmt: skip


def worked(engine: sa.Engine, settings: Settings, workers: int, scans: int) -> None:
    """Until all are read."""
    ours = {"VANTHU_DATA": str(settings.data), "VANTHU_DATABASE": settings.database, "VANTHU_SEARCH": "postgresql:",
            "VANTHU_RESERVE_MB": "1"}  # fmt: skip
    command = [sys.executable, "-m", "server.cli", "work"]
    with engine.connect() as connection:
        commits = connection.scalar(sa.text(_COMMITS)) or 0
    with DatabaseTime(engine) as clock:
        crew = [subprocess.Popen(command, env={**os.environ, **ours}, stderr=subprocess.DEVNULL)
                for _ in range(workers)]  # fmt: skip
        while _left(engine):
            time.sleep(0.2)
        own = sum(tree_seconds(process.pid) for process in crew)
        for process in crew:
            process.send_signal(signal.SIGTERM)
        for process in crew:
            process.wait(60)
    with engine.connect() as connection:
        first, last = connection.execute(sa.select(sa.func.min(Task.started), sa.func.max(Task.ended))).one()
        done = (connection.scalar(sa.text(_COMMITS)) or 0) - commits
        states = connection.execute(sa.select(Scan.status, sa.func.count()).group_by(Scan.status)).all()
    print(f"{workers} workers: {scans} scans in {last - first:.1f} s, {60 * scans / (last - first):.1f} a minute; "
          f"a scan: {own / scans:.2f} s of the workers' own, {1000 * clock.seconds / scans:.0f} ms of PostgreSQL's, "
          f"{done / scans:.0f} transactions; {dict(map(tuple, states))}", flush=True)  # fmt: skip


def _left(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).where(Scan.status.not_in(SETTLED))) or 0


def events_of(engine: sa.Engine, count: int = 200) -> None:
    """What all writers wait for one after another: the head of the chain of events."""
    sessions, began = database.sessions(engine), time.perf_counter()
    for number in range(count):
        with sessions.begin() as session:
            history.append(session, "bench", "received", f"{number}")
    print(
        f"  chain of events: {1000 * (time.perf_counter() - began) / count:.1f} ms from lock to commit, one at a time"
    )


def told(engine: sa.Engine, settings: Settings, batches: int = 10) -> None:
    """The index, which one writer at a time tells: a batch of all papers there are."""
    sessions, index = database.sessions(engine), open_search(settings.search, settings.data, settings.database_url)
    with engine.connect() as connection:
        names = connection.scalars(sa.select(Document.id)).all()
    wall = ours = papers = 0.0
    with DatabaseTime(engine) as clock:
        for _ in range(batches):
            with sessions.begin() as session:
                for name in names:
                    enqueue(session, name)
            began, own = time.perf_counter(), time.process_time()
            papers += drain(sessions, index)
            wall, ours = wall + time.perf_counter() - began, ours + time.process_time() - own
    print(f"  index: {1000 * wall / batches:.0f} ms a batch of {papers / batches:.0f} papers under its lock "
          f"({1000 * ours / batches:.0f} ms of ours, {1000 * clock.seconds / batches:.0f} of PostgreSQL)")  # fmt: skip
    index.close()


def hinted(broker: str) -> None:
    """Messages of a broker, sent one after another as a committing process sends them."""
    from archive.jobs.broker import Broker
    from archive.jobs.queue import NORMAL, Hint

    sender = Broker(broker)
    began, ours = time.perf_counter(), time.process_time()
    sender.notify([Hint(number, "read", NORMAL) for number in range(HINTS)])
    while sender._sender._waiting.unfinished_tasks:
        time.sleep(0.005)
    wall, ours = time.perf_counter() - began, time.process_time() - ours
    print(f"  broker: {1000 * wall / HINTS:.2f} ms a message, {1000 * ours / HINTS:.2f} of ours")
    with sender.connect() as connection:
        connection.default_channel.queue_delete(sender.queue)
