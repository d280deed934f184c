"""Gap-free numbers: processes of threads register papers, a fifth of the requests rolled back, processes killed.

    python -m bench register [--requests 500] [--threads 16] [--processes 2] [--kills 6] [--database URL]

Processes get kill -9 at random moments and are started again with all their papers; neighbours share a third of them:
two clerks press the same button. Afterwards every paper must have one number, and the numbers be 1, 2, 3 … without gap
or double: exit status 1 otherwise. `--database` names a PostgreSQL server where a database may be made; without it an
SQLite file is used.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from archive import database, history, register
from archive.models import Document, RegisterEntry, Scan
from migrations import upgrade

DAY = dt.date(2026, 3, 25)
ROLLED_BACK = 0.2
BUSY = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the program runs
"""A line for each request that was told to come again."""


class Thrown(Exception):
    """A request that fails after it was given a number."""


def request(sessions: database.Sessions, document_id: str, *, fails: bool) -> None:
    """One clerk's click, in a transaction of its own."""
    try:
        with sessions.begin() as session:
            register.register(session, session.get_one(Document, document_id), "den", DAY, actor="bench")
            if fails:
                raise Thrown
    except Thrown:
        pass


def sent(sessions: database.Sessions, document_id: str, *, fails: bool) -> None:
    """The click again and again while the database is too busy to begin."""
    while True:
        try:
            return request(sessions, document_id, fails=fails)
        except (sa.exc.OperationalError, sa.exc.TimeoutError) as error:
            if "locked" not in str(error) and "QueuePool" not in str(error):
                raise
            print("busy", flush=True)


def work(url: str, ids: list[str], threads: int) -> None:
    """A web process: every paper once, a fifth of the requests failing first and sent again."""
    engine = database.open_engine(url)
    sessions, chance = database.sessions(engine), random.Random(ids[0])

    def one(document_id: str) -> None:
        if chance.random() < ROLLED_BACK:
            sent(sessions, document_id, fails=True)
        sent(sessions, document_id, fails=False)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, ids))
    engine.dispose()


def papers(sessions: database.Sessions, count: int) -> list[str]:
    """Documents waiting for a number."""
    with sessions.begin() as session:
        rows = []
        for number in range(count):
            scan = Scan(sha256=f"{number:064x}", filename=f"{number}.pdf", media_type="application/pdf", size=1,
                        received_by="bench")  # fmt: skip
            scan.documents = [Document(pages=[1], full_code=f"{number}/UBND-VX")]
            rows.append(scan)
        session.add_all(rows)
        session.flush()
        return [row.documents[0].id for row in rows]


def start(url: str, ids: list[str], threads: int) -> subprocess.Popen[bytes]:
    code = "import sys; from bench.register import work; work(sys.argv[1], sys.argv[3:], int(sys.argv[2]))"
    command = [sys.executable, "-c", code, url, str(threads), *ids]
    return subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=BUSY)


def hammer(url: str, shares: list[list[str]], threads: int, kills: int) -> int:
    """Run the processes to the end, killing one now and then; how many kills hit a living one."""
    chance, hit = random.Random(7), 0
    running = [start(url, share, threads) for share in shares]
    for _ in range(kills):
        time.sleep(chance.uniform(2.0, 8.0))
        victim = chance.randrange(len(running))
        if running[victim].poll() is None:
            running[victim].kill()
            running[victim].wait()
            hit += 1
            # The clerk presses the button again: papers that have a number answer with it.
            running[victim] = start(url, shares[victim], threads)
    for process in running:
        if process.wait() != 0:
            sys.exit("a process ended with an error")
    return hit


def counted(sessions: database.Sessions, ids: list[str]) -> dict[str, int]:
    """What is wrong, by kind; every number should be 0."""
    with sessions() as session:
        entries = session.scalars(sa.select(RegisterEntry)).all()
        numbers = Counter(entry.number for entry in entries)
        held = Counter(entry.document_id for entry in entries)
        return {
            "doubled numbers": sum(count - 1 for count in numbers.values()),
            "gaps": len(set(range(1, max(numbers, default=0) + 1)) - set(numbers)),
            "papers with two numbers": sum(count - 1 for count in held.values()),
            "papers without a number": len(set(ids) - set(held)),
            "numbers too many": max(numbers, default=0) - len(ids),
            "broken events": len(list(history.broken(session))),
        }


@contextmanager
def database_of(server: str | None) -> Iterator[str]:
    """The URL of a new database."""
    if not server:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/vanthu.db"
        return
    name = f"vanthu_bench_{uuid.uuid4().hex[:12]}"
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=500, help="papers in all")
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--database")
    given = parser.parse_args()
    with database_of(given.database) as url:
        engine = database.open_engine(url)
        upgrade(engine)
        sessions = database.sessions(engine)
        ids = papers(sessions, given.requests)
        size = len(ids) // given.processes
        shares = [ids[max(0, n * size - size // 3) : (n + 1) * size] for n in range(given.processes)]
        began = time.monotonic()
        hit = hammer(url, shares, given.threads, given.kills)
        took = time.monotonic() - began
        wrong = counted(sessions, ids)
        kind = engine.dialect.name
        engine.dispose()
    print(f"{kind}: {given.processes} processes x {given.threads} threads, {len(ids)} papers, {ROLLED_BACK:.0%} rolled "
          f"back, {hit} kills, {took:.0f} s, {len(ids) / took:.0f} numbers a second")  # fmt: skip
    BUSY.seek(0)
    print(
        ", ".join(f"{name} {count}" for name, count in {**wrong, "told to come again": len(BUSY.readlines())}.items())
    )
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
