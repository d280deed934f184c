"""Pages of a large archive in PostgreSQL, side by side with a small one; and what more workers would bring.

    python -m bench scale [--rows 10000 1000000] [--different 395000] [--keep] [--database URL]
        pages of archives of so many papers
    python -m bench scale --workers 1 2 [--scans 24] [--broker URL]
        scans a minute by so many workers

The archives are written by bench/_scale_fill.py into databases of their own, and indexed by the program; with `--keep`
they stay, and are used, or gone on with, the next time. Pages are asked of the real application in this process, by a
clerk, a leader and one who sees what a unit sees. Beside the wall clock stands the processor's: of this process and of
PostgreSQL's for this database, where it runs on this machine; others may be at work on it.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

import sqlalchemy as sa
from flask.testing import FlaskClient

from archive import database
from archive.config import Settings
from archive.models import Document, RegisterEntry
from archive.search import open_search, parse
from archive.search.find import find
from archive.search.indexing import drain, enqueue, rebuild
from bench._scale_copies import copy
from bench._scale_fill import PASSWORD, PEOPLE, fill
from migrations import upgrade
from server import create_app

SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
TURNS = 40
LONGEST, FEWEST = 12, 3
"""Seconds for pages of one kind, and how many are asked all the same."""
LAST = 7_000
"""Papers of a large archive that are not copies."""
_PIDS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"


@dataclass(frozen=True)
class Kind:
    """Pages of one kind, asked by one person."""

    name: str
    who: str
    addresses: Sequence[str]


class Clock:
    """Processor seconds of this process and of the database's processes."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._pids: list[int] = []

    def watch(self) -> None:
        """Looks which processes there are."""
        with self._engine.connect() as connection:
            self._pids = list(connection.scalars(sa.text(_PIDS)))

    def read(self) -> tuple[float, float, float]:
        """Wall, ours, the database's."""
        return time.perf_counter(), time.process_time(), sum(map(_seconds, self._pids))


def _seconds(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return 0.0


def kinds(engine: sa.Engine, dice: random.Random) -> Iterator[Kind]:
    """What is asked."""
    with database.readers(engine)() as session:
        last = sa.select(sa.func.max(RegisterEntry.number), RegisterEntry.year)
        books = dict.fromkeys(range(2019, 2027), 0)
        for most, year in session.execute(last.where(RegisterEntry.book_id == "den").group_by(RegisterEntry.year)):
            books[year] = most
        years = [year for year, most in books.items() if most]
        some = sa.select(Document.id, Document.text, Document.full_code, Document.issuing_organ).order_by(Document.id)
        start = f"{dice.getrandbits(128):032x}"
        papers = session.execute(some.where(Document.id > start, Document.status == "done").limit(4 * TURNS)).all()
    yield Kind("register, newest page", "van", [f"/register?year={dice.choice(years)}" for _ in range(TURNS)])
    deep = [(year, dice.randrange(1, books[year] + 1)) for year in dice.choices(years, k=TURNS)]
    yield Kind("register, page in the middle", "van", [f"/register?year={year}&at={at}" for year, at in deep])
    words = [paper.text.split("\n")[4].split()[:2] for paper in papers]
    asked = [{"year": dice.choice(years), "q": " ".join(two)} for two in words]
    yield Kind("register, words in a year", "van", [f"/register?{urlencode(one)}" for one in asked[:12]])
    yield Kind("routing board", "lanh_dao", ["/routing"] * TURNS)
    yield Kind("review queue and paper", "van", ["/"] * TURNS)
    yield Kind("unit's desk", "chuyen_vien", ["/inbox"] * TURNS)
    yield Kind("document", "van", [f"/documents/{paper.id}" for paper in papers[:TURNS]])
    yield from _searches([paper.text for paper in papers], [paper.full_code for paper in papers], years, dice)


def _searches(texts: Sequence[str], codes: Sequence[str], years: Sequence[int], dice: random.Random) -> Iterator[Kind]:
    from archive.vietnamese import fold

    def windows(length: int, count: int = TURNS) -> list[str]:
        found = []
        while len(found) < count:
            words = dice.choice(dice.choice(texts).split("\n")[4:]).split()
            at = dice.randrange(max(1, len(words) - length))
            if len(words) > length and all(word.isalpha() for word in words[at : at + length]):
                found.append(" ".join(words[at : at + length]))
        return found

    def asked(questions: Sequence[str], **more: object) -> list[str]:
        return [f"/search?{urlencode({'q': words, **more})}" for words in questions]

    yield Kind("search, four words with marks", "van", asked(windows(4)))
    yield Kind("search, four words without marks", "van", asked([fold(words) for words in windows(4)]))
    yield Kind("  as a unit sees it", "chuyen_vien", asked(windows(4)))
    yield Kind("search, phrase of three", "van", asked([f'"{words}"' for words in windows(3)]))
    yield Kind("search, one word", "van", asked(windows(1)))
    yield Kind("search, number and symbol", "van", asked(codes[:TURNS]))
    days = {"from": f"01/01/{years[0]}", "to": f"30/06/{years[0]}"}
    yield Kind("search, words, issuer, days", "van", asked(windows(2), issuer="Cơ quan số 2", **days))
    yield Kind("search, an issuer, by arrival", "van",
               [f"/search?{urlencode({'issuer': f'Cơ quan số {n + 1}'})}" for n in range(12)])  # fmt: skip


def measure(engine: sa.Engine, settings: Settings) -> None:
    """Prints what each kind of page takes."""
    clock = Clock(engine)
    app = create_app(settings)
    people = {name: app.test_client() for name in PEOPLE}
    for name, client in people.items():
        answer = client.post("/login", data={"name": name, "password": PASSWORD})
        assert answer.status_code in (302, 303), answer.status
    parts = [f"{name + ': p50':>17}      p95" for name in ("wall", "ours", "PostgreSQL")]
    print(f"    {'ms':<34}", " |".join(parts), flush=True)
    for kind in kinds(engine, random.Random(11)):
        timed(kind.name, people[kind.who], kind.addresses, clock)
    words = ["/search?q=" + one for one in ("các", "của", "trong")] * 3
    timed("search, a paper changed before each", people["van"], words, clock, engine)
    timed("  as a unit sees it", people["chuyen_vien"], words, clock, engine)
    issuers = [f"/search?{urlencode({'issuer': f'Cơ quan số {n + 1}'})}" for n in range(9)]
    timed("  an issuer, by arrival", people["van"], issuers, clock, engine)
    undisturbed(engine, settings)
    told(engine, settings)


def undisturbed(engine: sa.Engine, settings: Settings) -> None:
    """Searches within one snapshot: as if nobody committed anything between them, in any database of the server."""
    index = open_search(settings.search, settings.data, settings.database_url)
    with database.readers(engine.execution_options(isolation_level="REPEATABLE READ"))() as session:
        some = sa.select(Document.text).where(Document.id > "5").order_by(Document.id).limit(TURNS)
        words = [text.split()[20:24] for text in session.scalars(some)]
        for length in (0, 4, 1):
            spent = []
            for four in words[: TURNS if length else 2]:
                began, own = time.perf_counter(), time.process_time()
                total = find(session, index, parse(" ".join(four[: length or 1])), sa.true(), limit=10).total
                spent.append((time.perf_counter() - began, time.process_time() - own, total))
            wall, ours, hits = (sorted(column) for column in zip(*spent, strict=True))
            title = f"in one snapshot, {length} words" if length else "in one snapshot, the first"
            half, most = len(wall) // 2, int(len(wall) * 0.95)
            print(f"    {title:<34} {1000 * wall[half]:14.1f} {1000 * wall[most]:8.1f} |{1000 * ours[half]:14.1f} "
                  f"{1000 * ours[most]:8.1f} | {hits[half]} found", flush=True)  # fmt: skip
    index.close()


def timed(
    title: str, client: FlaskClient, addresses: Sequence[str], clock: Clock, commits: sa.Engine | None = None
) -> None:  # fmt: skip
    """Each address once, the first twice, as long as there is time; `commits`: a paper is changed before each."""
    spent: list[tuple[float, float, float]] = []
    until = time.monotonic() + LONGEST
    for number, address in enumerate([addresses[0], *addresses]):
        if len(spent) >= FEWEST and time.monotonic() > until:
            break
        if commits:
            with commits.begin() as connection:
                one = sa.select(Document.id).order_by(Document.id).offset(number).limit(1).scalar_subquery()
                day = f"2026-01-{number % 28 + 1:02}"
                connection.execute(sa.update(Document).where(Document.id == one).values(date=day))
        clock.watch()
        before = clock.read()
        answer = client.get(address)
        after = clock.read()
        assert answer.status_code == 200, (address, answer.status)
        if number:
            spent.append((after[0] - before[0], after[1] - before[1], after[2] - before[2]))
    columns = [sorted(1000 * one for one in column) for column in zip(*spent, strict=True)]
    halves = [(statistics.median(column), column[int(len(column) * 0.95)]) for column in columns]
    told = " |".join(f"{half:14.1f} {most:8.1f}" for half, most in halves)
    print(f"    {title:<34} {told} |{len(spent):4}", flush=True)


def told(engine: sa.Engine, settings: Settings) -> None:
    """What it takes to tell the index of fifty papers."""
    sessions, index = database.sessions(engine), open_search(settings.search, settings.data, settings.database_url)
    with sessions.begin() as session:
        for name in session.scalars(sa.select(Document.id).where(Document.id > "7").order_by(Document.id).limit(50)):
            enqueue(session, name)
    began, ours = time.perf_counter(), time.process_time()
    drain(sessions, index)
    print(f"    the index told of 50 papers: {1000 * (time.perf_counter() - began):.0f} ms, ours "
          f"{1000 * (time.process_time() - ours):.0f} ms", flush=True)  # fmt: skip
    index.close()


def archive_of(server: str, rows: int) -> str:
    """The URL of the database of that archive; made where there is none."""
    name = f"vanthu_scale_{rows}"
    with _admin(server) as connection:
        known = connection.scalar(sa.text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name})
        if not known:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def _admin(server: str) -> sa.Connection:
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    return admin.connect()


def look(server: str, rows: int, folder: Path, different: int, *, keep: bool) -> None:
    """Fills, indexes and measures one archive."""
    url = archive_of(server, rows)
    engine = database.open_engine(url)
    try:
        upgrade(engine)
        settings = replace(Settings(), data=folder / str(rows), database=url, search="postgresql:")
        filled(engine, settings, rows, min(rows, different or rows))
        print(f"{rows} papers, {_size(engine)} MB, of which the index {_size(engine, 'vanthu_search')} MB")
        measure(engine, settings)
    finally:
        engine.dispose()
        if not keep:
            with _admin(server) as connection:
                connection.exec_driver_sql(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")


def filled(engine: sa.Engine, settings: Settings, rows: int, different: int) -> None:
    """Papers and index: the first `different` are written and indexed, then copied; the last, of which many are not
    done yet, are written again, and the index is told of them as of any that come."""
    sessions, began = database.sessions(engine), time.monotonic()
    index = open_search(settings.search, settings.data, settings.database_url)
    if papers(engine) < different:
        fill(engine, rows, different)
    if not index.status().documents:
        rebuild(sessions, index)
        print(f"index of {papers(engine)} built after {time.monotonic() - began:.0f} s", flush=True)
    if papers(engine) < rows:
        copy(engine, rows - LAST)
        fill(engine, rows)
    if late := sorted(set(names(engine)).difference(index.identifiers())):
        with sessions.begin() as session:
            for name in late:
                enqueue(session, name)
        while drain(sessions, index):
            pass
        print(f"index told of {len(late)} more after {time.monotonic() - began:.0f} s", flush=True)
    index.close()


def papers(engine: sa.Engine) -> int:
    """How many there are."""
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(Document)) or 0


def names(engine: sa.Engine) -> Sequence[str]:
    """Their ids."""
    with engine.connect() as connection:
        return connection.scalars(sa.select(Document.id)).all()


def _size(engine: sa.Engine, schema: str = "%") -> int:
    asked = """SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
               WHERE relkind = 'r' AND nspname LIKE :schema"""
    with engine.connect() as connection:
        return int(connection.scalar(sa.text(asked), {"schema": schema}) or 0) >> 20


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, nargs="+", default=[10_000])
    options.add_argument("--different", type=int, default=0, help="so many papers are written, the others are copies")
    options.add_argument("--database", default=SERVER, help="a PostgreSQL in which databases may be made")
    options.add_argument("--keep", action="store_true")
    options.add_argument("--folder", type=Path, help="where what the web keeps lies; kept with --keep")
    options.add_argument("--workers", type=int, nargs="+", default=[])
    options.add_argument("--scans", type=int, default=24)
    options.add_argument("--broker", default="", help="as VANTHU_JOBS, with a ?queue= of its own")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="vanthu-scale-") as own:
        folder = given.folder or Path(own)
        if given.workers:
            from bench import _scale_workers

            _scale_workers.run(given.database, folder, given.workers, given.scans, given.broker)
            return
        for rows in given.rows:
            look(given.database, rows, folder, given.different, keep=given.keep)


if __name__ == "__main__":
    main()
