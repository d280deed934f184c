"""Search: judged known-item queries, speed, and what survives; beside plain Whoosh, plain FTS5 and tantivy.

    python -m bench search [--size 2000] [--engine whoosh sqlite] [--queries 240] [--no-references]
    python -m bench search --database URL --engine whoosh sqlite postgresql
                                            papers in a PostgreSQL, in a database that is made there and dropped
    python -m bench search --real DIR…      the texts themselves, cut into documents, in place of made-up ones
    python -m bench search --kill 500       kills writers, builders and readers in place of all this

Papers and queries: bench/_search_papers.py. Queries are split into a tuning half and a test half: weights may be tried
on the first only. "best" is what a reader of minds could have: the same words stand in several papers. Times are
milliseconds of wall clock and, behind the bar, of this process' own time: others may be at work on the machine.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from archive import access, database
from archive.models import Document, EventHead, Scan, User
from archive.search import Index, open_search, parse
from archive.search.find import find, matching
from archive.search.index import ENGINES
from archive.search.indexing import drain, enqueue, rebuild
from archive.search.postgres_generations import SCHEMA
from archive.search.words import folded_words
from bench._search_mixed import MIXED_SECONDS, answered
from bench._search_papers import Judged, Paper, cut, generated, judged, sentences
from bench._search_references import Reference, folded_text, references
from bench.register import database_of
from migrations import upgrade

KEPT = 20_000
"""Of more papers only so many are kept in memory, for queries."""
TIMED = 60


@dataclass
class Bench:
    """One archive of made-up papers."""

    folder: Path
    engine: sa.Engine
    papers: list[Paper]
    """The first KEPT."""
    size: int
    queries: list[Judged]

    def name(self, number: int) -> str:
        return f"{number:032x}"

    @property
    def url(self) -> str:
        return database.address(self.engine)


def keep(engine: sa.Engine, papers: Iterable[Paper]) -> Iterator[Paper]:
    """Writes the documents, a thousand at a time, and hands each on."""
    rest, number = iter(papers), 0
    while batch := list(islice(rest, 1000)):
        with database.sessions(engine).begin() as session:
            session.execute(sa.insert(Scan), [_scan(number + n) for n in range(len(batch))])
            session.execute(sa.insert(Document), [_document(number + n, paper) for n, paper in enumerate(batch)])
        number += len(batch)
        yield from batch


def _scan(number: int) -> dict[str, Any]:
    name = f"{number:032x}"
    facts = {"filename": "x.pdf", "media_type": "application/pdf", "size": 1, "received_by": "bench"}
    return {"id": name, "sha256": name, **facts}


def _document(number: int, paper: Paper) -> dict[str, Any]:
    name = f"{number:032x}"
    return {
        "id": name, "scan_id": name, "text": paper.text, "subject": paper.subject, "full_code": paper.code,
        "pages": [1], "document_type": paper.type, "issuing_organ": paper.organ, "date": paper.date,
        "status": ("registered", "review", "done")[number % 3], "province_current": f"Tỉnh {number % 7}",
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------- quality


def rank_of(names: Sequence[str], target: str) -> int:
    """1-based; 0 when it is not there."""
    return names.index(target) + 1 if target in names else 0


def judge(bench: Bench, seek: Callable[[Judged], Sequence[str]]) -> None:
    """Prints how well `seek` finds what each query was made from."""
    ranks = [rank_of(seek(query), bench.name(query.target)) for query in bench.queries]
    both = list(zip(bench.queries, ranks, strict=True))
    words = [(query, rank) for query, rank in both if query.kind != "code"]
    _say("words, tuning half", words[::2])
    _say("words, test half", words[1::2])
    for kind in ("plain", "no marks", "misread", "code"):
        _say(kind, [(query, rank) for query, rank in both if query.kind == kind])


def _say(title: str, ranked: Sequence[tuple[Judged, int]]) -> None:
    mrr = statistics.fmean(1 / rank if rank else 0.0 for _, rank in ranked)
    best = statistics.fmean(query.best for query, _ in ranked)
    recall = statistics.fmean(0 < rank <= 10 for _, rank in ranked)
    first = statistics.fmean(rank == 1 for _, rank in ranked)
    print(
        f"    {title:<20} MRR {mrr:.3f} (best {best:.3f})  recall@10 {recall:.3f}  first {first:.3f}  ({len(ranked)})"
    )


# ---------------------------------------------------------------------------------------------- speed


def timed(title: str, calls: Sequence[Any], work: Callable[[Any], object]) -> None:
    """p50 and p95 of `work`, each call once, after five others."""
    for call in calls[:5]:
        work(call)
    wall, own = [], []
    for call in calls[5:]:
        began, busy = time.perf_counter(), time.process_time()
        work(call)
        own.append((time.process_time() - busy) * 1000)
        wall.append((time.perf_counter() - began) * 1000)
    wall.sort()
    own.sort()
    half, most = len(wall) // 2, int(len(wall) * 0.95)
    print(f"    {title:<34} {wall[half]:7.1f} {wall[most]:7.1f} | {own[half]:7.1f} {own[most]:7.1f}")


def windows(papers: Sequence[Paper], rng: random.Random, length: int, count: int = TIMED) -> list[str]:
    """Folded words that stand side by side in a paper."""
    found = []
    while len(found) < count:
        words = folded_words(rng.choice(papers).clean)
        at = rng.randrange(len(words) - length)
        window = words[at : at + length]
        if all(word.isalpha() for word in window):
            found.append(" ".join(window))
    return found


def kinds(bench: Bench, rng: random.Random) -> dict[str, list[str]]:
    """What is asked of every engine."""
    prefixes = [text[:3] for text in windows(bench.papers, rng, 1, 400) if len(text) > 3]
    return {
        "and": windows(bench.papers, rng, 3), "phrase": windows(bench.papers, rng, 3), "prefix": prefixes[:TIMED],
        "word": windows(bench.papers, rng, 1), "code": [paper.code for paper in rng.sample(bench.papers, TIMED)],
    }  # fmt: skip


def clock(bench: Bench, session: Any, index: Index, asked: dict[str, list[str]]) -> None:
    """Our own times of every kind of query."""
    everyone = sa.true()
    staff = access.visible(User(name="staff", role="staff", unit_id="u", active=True))

    def ids(text: str, **options: Any) -> object:
        return matching(session, index, parse(text), everyone, most=10, **options)

    def shown(text: str, limit: int = 10, *, with_facets: bool) -> object:
        return find(session, index, parse(text), everyone, limit=limit, with_facets=with_facets)

    def of_staff(text: str) -> object:
        return find(session, index, parse(text), staff, limit=10)

    def after_a_commit(text: str) -> object:
        with database.sessions(bench.engine).begin() as other:
            other.execute(sa.update(EventHead).values(seq=EventHead.seq + 1))
        return shown(text, with_facets=True)

    def by_date(text: str) -> object:
        query = parse(text, type="Công văn", date_from="2018", date_to="2021")
        return matching(session, index, query, everyone, sort="date", most=10)

    print("    ms                                    wall: p50     p95 | own: p50   p95")
    timed("AND of three, index alone", asked["and"], lambda text: index.search(parse(text), 1000))
    timed("AND of three", asked["and"], ids)
    timed("  with six facets", asked["and"], lambda text: shown(text, 1, with_facets=True))
    timed("  with ten snippets", asked["and"], lambda text: shown(text, with_facets=False))
    timed("  with both", asked["and"], lambda text: shown(text, 20, with_facets=True))
    timed("  with both, as a unit sees it", asked["and"], of_staff)
    timed("  with both, right after a commit", asked["and"][:25], after_a_commit)
    timed("phrase of three", [f'"{text}"' for text in asked["phrase"]], ids)
    timed("prefix of three letters", [text + "*" for text in asked["prefix"]], ids)
    timed("one word", asked["word"], ids)
    timed("word, type, days; by date", asked["word"], by_date)
    timed("code", asked["code"], ids)
    timed("everything, by arrival, with both", [""] * 12, lambda text: shown(text, 20, with_facets=True))


def mixed(bench: Bench, kind: str, asked: dict[str, list[str]]) -> None:
    """Two processes at once."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        counts = pool.starmap(answered, [(bench.url, kind, str(bench.folder), asked, seed) for seed in (1, 2)])
    print(f"    mixed, whole pages, two processes: {sum(counts) / MIXED_SECONDS:.1f} queries/s")


def arrive(bench: Bench, index: Index) -> None:
    """How long after its commit a paper is found by another process' index: alone, and the last of fifty."""
    sessions, reader = database.sessions(bench.engine), open_search(f"{index.kind}:", bench.folder, bench.url)
    for count in (1, 50):
        spent = []
        for turn in range(8):
            with sessions.begin() as session:
                for n in range(count):
                    enqueue(session, bench.name(turn * count + n))
            began = time.perf_counter()
            while drain(sessions, index):
                pass
            reader.search(parse("so"), 1)
            spent.append((time.perf_counter() - began) * 1000)
        spent.sort()
        print(f"    told and found, {count:2d} at once: p50 {spent[4]:.0f}  most {spent[-1]:.0f} ms")
    reader.close()


# ---------------------------------------------------------------------------------------------- the run


@contextmanager
def building(title: str, size: int, stored: Callable[[], int]) -> Iterator[None]:
    """Says how fast an index was made and how large it is."""
    began, busy = time.perf_counter(), time.process_time()
    yield
    wall, own = time.perf_counter() - began, time.process_time() - busy
    each = stored() / 1024 / size
    print(f"  {title}: built {size / wall:.0f}/s wall, {size / own:.0f}/s of own time; {each:.1f} KB a document")


def in_folder(folder: Path) -> int:
    """Bytes of its files."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def in_schema(engine: sa.Engine) -> int:
    """Bytes of the tables of an index in the database."""
    tables = "SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = to_regnamespace(:schema)"
    asked = sa.text(f"SELECT sum(pg_total_relation_size(oid)) FROM ({tables}) AS own")
    with engine.connect() as connection:
        return int(connection.scalar(asked, {"schema": SCHEMA}) or 0)


def ours(bench: Bench, kind: str, rng: random.Random) -> None:
    """One of our engines."""
    index = open_search(f"{kind}:", bench.folder, bench.url)
    stored = partial(in_folder, bench.folder / "index") if index.in_folder else partial(in_schema, bench.engine)
    with building(f"ours on {kind}", bench.size, stored):
        rebuild(database.sessions(bench.engine), index)
    with database.readers(bench.engine)() as session:
        if bench.queries:
            judge(bench, lambda query: matching(session, index, parse(query.text), sa.true(), most=100))
        asked = kinds(bench, rng)
        clock(bench, session, index, asked)
    mixed(bench, f"{kind}:", asked)
    arrive(bench, index)
    index.close()


def theirs(bench: Bench, other: Reference, rng: random.Random, texts: Callable[[], Iterable[tuple[str, str]]]) -> None:
    """One of the others, on the text as it was read."""
    with building(other.name, bench.size, partial(in_folder, bench.folder / other.name.split()[-1].lower())):
        other.build(texts())
    if bench.queries:
        judge(bench, lambda query: other.words(folded_words(query.text), 100))
    asked = kinds(bench, rng)
    timed("AND of three", asked["and"], lambda text: other.words(text.split(), 20))
    timed("phrase of three", asked["phrase"], lambda text: other.phrase(text.split()))
    timed("prefix of three letters", asked["prefix"], other.prefix)


def run(given: argparse.Namespace, folder: Path, url: str) -> None:
    """Makes the archive, then asks each engine."""
    rng = random.Random(given.seed)
    made = cut(given.real, rng) if given.real else generated(given.size, sentences(rng), rng)
    engine = database.open_engine(url, durable=False)
    upgrade(engine)
    papers, size = [], 0
    for paper in keep(engine, made):
        size += 1
        papers += [paper] if size <= KEPT else []
    queries = judged(papers, given.queries, rng) if size <= KEPT else []
    bench = Bench(folder, engine, papers, size, queries)
    print(f"{size} documents, {sum(query.kind != 'code' for query in queries)} judged queries")
    for kind in given.engine:
        ours(bench, kind, random.Random(given.seed + 1))

    def texts() -> Iterator[tuple[str, str]]:
        with database.readers(engine)() as session:
            found = session.execute(sa.select(Document.id, Document.subject, Document.text).order_by(Document.id))
            yield from ((name, folded_text(f"{subject}\n{text}")) for name, subject, text in found.yield_per(500))

    for other in references(folder) if given.references else ():
        theirs(bench, other, random.Random(given.seed + 1), texts)
    engine.dispose()


def main() -> None:
    options = argparse.ArgumentParser(prog="bench search")
    options.add_argument("--size", type=int, default=2000)
    options.add_argument("--engine", nargs="+", default=["whoosh", "sqlite"], choices=ENGINES)
    options.add_argument("--database", help="URL of a PostgreSQL in which a database may be made")
    options.add_argument("--queries", type=int, default=240)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--real", type=Path, nargs="+", default=[])
    options.add_argument("--no-references", dest="references", action="store_false")
    options.add_argument("--kill", type=int, default=0)
    options.add_argument("--folder", type=Path)
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="vanthu-bench-", dir=given.folder))
    try:
        if given.kill:
            from bench._search_kill import kill

            kill(given.kill, folder, given.database, given.engine)
        else:
            with database_of(given.database) as url:
                run(given, folder, url)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
