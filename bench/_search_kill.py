"""kill -9 at a random moment of commits and rebuilds, with two readers at work: what is unreadable, lost, an error?

A writer does what a worker does: papers into the database, then into the index; every few commits it builds a whole
new generation, now and then in parts. After each kill the index is opened anew and must hold what was confirmed; after
what a restarted worker does first (keep_up) it must hold every paper of the database.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from archive import database
from archive.errors import ArchiveError
from archive.models import Document, Scan
from archive.search import indexing, open_search, parse
from archive.search.indexing import drain, enqueue, keep_up, rebuild
from bench.register import database_of
from migrations import upgrade

FORK = multiprocessing.get_context("fork")
BATCH = 3
MOST = 1500
"""More papers than this, and the next round begins with none."""


def _url(folder: Path) -> str:
    server = folder / "url"
    return server.read_text() if server.exists() else f"sqlite:///{folder}/kill.db"


def _tell(file: Path, text: str) -> None:
    draft = file.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(file)


def _write(kind: str, folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    if seed % 10 == 0:
        indexing.LARGE = 1  # type: ignore[misc]  # in parts, by children
    engine = database.open_engine(_url(folder))
    sessions, index = database.sessions(engine), open_search(kind, folder, _url(folder))
    keep_up(sessions, index)
    for turn in range(10_000):
        _tell(folder / "phase", "commit")
        with sessions.begin() as session:
            for _ in range(BATCH):
                name = f"{rng.getrandbits(128):032x}"
                session.add(Scan(id=name, sha256=name, filename="x", media_type="x", size=1, received_by="bench"))
                text = "chung " + " ".join(f"{rng.choice('bcdgh')}{n}" for n in range(200))
                session.add(Document(id=name, scan_id=name, text=text, pages=[1]))
                enqueue(session, name)
        while drain(sessions, index):
            pass
        with sessions() as session:
            _tell(folder / "confirmed", str(_papers(session)))
        if turn % 4 == seed % 4:
            _tell(folder / "phase", "rebuild")
            rebuild(sessions, index)


def _papers(session: database.Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Document)) or 0


def _read(kind: str, folder: Path, errors: str) -> None:
    index, count, bad = open_search(kind, folder, _url(folder)), 0, 0
    while True:
        try:
            index.search(parse("chung b1"), 50)
            count += 1
        except ArchiveError as error:
            bad += 1
            _tell(folder / f"{errors}-last", repr(error.__cause__ or error))
        _tell(folder / errors, f"{count} {bad}")
        time.sleep(0.01)


def _begun(kind: str, folder: Path) -> None:
    for file in folder.glob("kill.db*"):
        file.unlink()
    engine = database.open_engine(_url(folder), durable=False)
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    upgrade(engine)
    rebuild(database.sessions(engine), open_search(kind, folder, _url(folder)))
    engine.dispose()
    _tell(folder / "confirmed", "0")


def _after(kind: str, folder: Path, counts: Counter[str]) -> int:
    """What is there after a kill; how many papers the database has."""
    engine, index = database.open_engine(_url(folder)), open_search(kind, folder, _url(folder))
    confirmed = int((folder / "confirmed").read_text())
    try:
        there = index.search(parse("chung"), 10).total
    except ArchiveError:
        there = 0
        counts["unreadable"] += 1
    counts["lost"] += max(0, confirmed - there)
    keep_up(database.sessions(engine), index)
    with database.readers(engine)() as session:
        papers = _papers(session)
    counts["missing after keep_up"] += papers - index.search(parse("chung"), 10).total
    index.close()
    engine.dispose()
    return papers


def kill(count: int, folder: Path, server: str | None, kinds: Sequence[str]) -> None:
    """`count` kills of each engine; papers in a new database at `server`, or in a file."""
    for kind in kinds:
        place = folder / kind
        place.mkdir()
        with database_of(server) as url:
            if server:
                (place / "url").write_text(url)
            _kill(f"{kind}:", place, count)


def _kill(kind: str, folder: Path, count: int) -> None:
    rng, counts = random.Random(3), Counter[str]()
    FORK.Process(target=_begun, args=(kind, folder)).run()
    readers = [FORK.Process(target=_read, args=(kind, folder, f"reader-{n}"), daemon=True) for n in range(2)]
    for reader in readers:
        reader.start()
    for n in range(count):
        (folder / "phase").unlink(missing_ok=True)
        writer = FORK.Process(target=_write, args=(kind, folder, n))
        writer.start()
        while not (folder / "phase").exists() and writer.is_alive():
            time.sleep(0.002)
        time.sleep(rng.random() * rng.choice((0.1, 0.4, 1.2)))
        counts["died by itself"] += not writer.is_alive()
        os.kill(writer.pid or 0, signal.SIGKILL)
        writer.join()
        counts[f"kills during {(folder / 'phase').read_text()}"] += 1
        if _after(kind, folder, counts) > MOST:
            FORK.Process(target=_begun, args=(kind, folder)).run()
    for reader in readers:
        reader.kill()
        reader.join()
    read = [(folder / f"reader-{n}").read_text().split() for n in range(2)]
    print(f"  {kind} {count} kills: " + ", ".join(f"{value} {name}" for name, value in sorted(counts.items())))
    print(f"    readers: {sum(int(a) for a, _ in read)} searches, {sum(int(b) for _, b in read)} errors")
    for last in folder.glob("*-last"):
        print("    ", last.read_text()[:200])
