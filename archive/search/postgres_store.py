"""The PostgreSQL engine: segments of tokens as rows of bytes in the archive's own database, for many machines.

The tokens are those of the SQLite engine and so is what is asked of them (token_query.py); how they lie in segments
says segments.py. What was told last stands beside them, a row for each document, until there is enough of it to be
folded into a segment. A document that is told again gets a new number and the old one is dead. Who reads sees one
commit, by the database's own snapshots.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, cast

import numpy as np
import sqlalchemy as sa

from archive.search import segments
from archive.search.entry import UNREADABLE, Flags, Found, Ids, IndexEntry, bare
from archive.search.postgres_generations import SCHEMA, PostgresGenerations, drop
from archive.search.postgres_query import Blocks, PostgresLists, Recent
from archive.search.query import Query
from archive.search.segments import REST_BITS, SPAN, Segment, row_of
from archive.search.token_query import Token, best

VERSION = 2
SEGMENT = 16_384
"""Documents of one segment, at most."""
RECENT = 1_024
"""From so many documents on that lie in no segment they are folded into one; fewer when their numbers lie far apart."""
AT_ONCE = 256
"""Buckets of a segment that are read and written together."""
_TABLES = """
CREATE TABLE {}_made(commits bigint NOT NULL, documents bigint NOT NULL, last integer NOT NULL, folds integer NOT NULL);
INSERT INTO {}_made VALUES (0, 0, 0, 0);
CREATE TABLE {}_entry(number integer NOT NULL, id text COLLATE "C" NOT NULL);
CREATE TABLE {}_sequence(number integer NOT NULL, words bytea NOT NULL);
CREATE TABLE {}_word(word text COLLATE "C" NOT NULL, documents bigint NOT NULL);
CREATE TABLE {}_segment(base integer PRIMARY KEY, documents integer NOT NULL, last integer NOT NULL);
CREATE TABLE {}_block(bucket integer NOT NULL, base integer NOT NULL, data bytea NOT NULL);
CREATE TABLE {}_recent(number integer PRIMARY KEY, tokens bytea NOT NULL);
CREATE TABLE {}_gone(number integer NOT NULL, commit bigint NOT NULL);
ALTER TABLE {}_sequence ALTER words SET STORAGE EXTERNAL, ALTER words SET STATISTICS 0;
ALTER TABLE {}_block ALTER data SET STORAGE EXTERNAL, ALTER data SET STATISTICS 0;
ALTER TABLE {}_recent ALTER tokens SET STORAGE EXTERNAL, ALTER tokens SET STATISTICS 0;
"""
_INDEXES = """
SET LOCAL maintenance_work_mem = '256MB';
ALTER TABLE {}_entry ADD PRIMARY KEY (number), ADD UNIQUE (id);
ALTER TABLE {}_sequence ADD PRIMARY KEY (number);
ALTER TABLE {}_word ADD PRIMARY KEY (word);
ALTER TABLE {}_block ADD PRIMARY KEY (bucket, base);
CREATE INDEX ON {}_gone(commit);
"""
_NEXT = "UPDATE {}_made SET commits = commits + 1, documents = documents + :more, last = last + :new RETURNING *"
_GONE = """
WITH out AS (DELETE FROM {}_entry WHERE id = ANY(:gone) RETURNING number),
     unsaid AS (DELETE FROM {}_sequence WHERE number IN (SELECT number FROM out)),
     forgotten AS (DELETE FROM {}_recent WHERE number IN (SELECT number FROM out))
INSERT INTO {}_gone SELECT number, (SELECT commits + 1 FROM {}_made) FROM out
"""
_WORDS = """
INSERT INTO {}_word AS known SELECT * FROM unnest(CAST(:words AS text[]), CAST(:counts AS bigint[]))
ON CONFLICT (word) DO UPDATE SET documents = known.documents + excluded.documents
"""
_MANY = "SELECT count(*) >= :many OR max(number) - min(number) >= :apart FROM {}_recent"
"""A few papers that are told again and again leave numbers farther apart than a segment tells them."""
_DEAD = "SELECT number FROM {}_gone WHERE number BETWEEN :first AND :last"
_OLD = "DELETE FROM {}_block WHERE base = :base AND bucket >= :first AND bucket < :after RETURNING bucket, data"
_ALL = "SELECT array_agg(number ORDER BY number) AS numbers, array_agg(id ORDER BY number) AS ids FROM {}_entry"
_NEW = "SELECT array_agg(number), array_agg(id) AS ids FROM {}_entry WHERE number >= :known"


class PostgresStore:
    """See Store. The tables of the generation called after `folder`, whose notes are `base`."""

    kind = "postgresql"
    version = VERSION
    spoiled: tuple[type[Exception], ...] = (sa.exc.DBAPIError, *UNREADABLE)
    _reader: sa.Connection
    """While it is looked into."""

    def __init__(self, folder: Path, base: PostgresGenerations | None = None) -> None:
        self.folder, self._tables = folder, f"{SCHEMA}.{folder.name}"
        self._base = cast(PostgresGenerations, base)
        """None in a child that writes a part, and nothing else."""
        self._made: Any = None
        """What was read last."""
        self._names: list[str] = [""]
        """Id of each number; the first is nobody's, nor are those of what was deleted."""
        self._alive: Flags = np.zeros(1, np.bool_)
        self._blocks, self._recent = Blocks(), Recent()
        self._lists: PostgresLists | None = None

    def create(self) -> None:
        """Makes an empty index."""
        with self._writing() as connection:
            drop(connection, self.folder.name)
            self._run(connection, _TABLES + _INDEXES)

    def newest(self) -> object:
        """Opens the newest commit; the answer is another after each."""
        with self._looking():
            return self._made.commits

    @property
    def documents(self) -> int:
        """How many documents can be found."""
        with self._looking():
            return int(self._made.documents)

    def identifiers(self) -> Sequence[str]:
        """The ids of all documents that can be found."""
        with self._looking():
            return [row.id for row in self._ask("SELECT id FROM {}_entry")]

    def search(self, query: Query, limit: int | None) -> Found:
        """The best `limit` documents of the newest commit."""
        with self._looking() as lists:
            return best(lists, self._names, query, limit)

    def having(self, word: str) -> Found:
        """Every document with the folded word, in no order, without scores."""
        with self._looking() as lists:
            return bare(self._names, lists.of(Token(word)))

    def frequencies(self, words: Sequence[str]) -> Mapping[str, int]:
        """In how many documents each of the folded `words` stands, up to COUNTED."""
        with self._looking() as lists:
            return lists.counts(words)

    def apply(self, entries: Sequence[IndexEntry], deletes: Sequence[str]) -> None:
        """One batch; durable when `writing` is over, with whatever else was done in its transaction."""
        gone = list(dict.fromkeys((*(entry.id for entry in entries), *deletes)))
        rows = list(map(row_of, entries))
        with self._writing() as connection:
            deleted = self._run(connection, _GONE, gone=gone).rowcount
            first = self._numbered(connection, len(rows), len(rows) - deleted)
            self._entered(connection, first, [row.id for row in rows], [row.sequence for row in rows])
            recent = ((first + n, row.tokens.tobytes()) for n, row in enumerate(rows))
            self._copied(connection, "recent(number, tokens)", recent)
            self._counted(connection, segments.counted(rows))
            if self._run(connection, _MANY, many=RECENT, apart=SPAN // 2).scalar_one():
                self._fold(connection)

    def fill(self, entries: Iterable[IndexEntry]) -> int:
        """Many new entries in few commits; how many there were."""
        count = 0
        for segment in _segments(entries):
            with self._writing() as connection:
                self._take(connection, segment)
                self._counted(connection, segment.words)
            count += len(segment.ids)
        return count

    def fill_part(self, entries: Iterable[IndexEntry]) -> int:
        """In an empty folder: what another index adopts; how many entries there were."""
        count = 0
        for number, segment in enumerate(_segments(entries)):
            segment.save(self.folder / f"segment-{number:06}")
            count += len(segment.ids)
        return count

    def adopt(self, parts: Sequence[Self]) -> None:
        """Their segments are copied into new tables, which are indexed when all is there."""
        with self._writing() as connection:
            drop(connection, self.folder.name)
            self._run(connection, _TABLES)
        words = Counter[str]()
        for file in (file for part in parts for file in sorted(part.folder.glob("segment-*"))):
            segment = Segment.load(file)
            words += segment.words
            with self._writing() as connection:
                self._take(connection, segment)
        with self._writing() as connection:
            self._copied(connection, "word(word, documents)", words.items())
            self._run(connection, _INDEXES)

    def close(self) -> None:
        """Gives memory back; opened again when asked."""
        self._made = self._lists = None
        self._names, self._alive = [""], np.zeros(1, np.bool_)
        self._blocks, self._recent = Blocks(), Recent()

    # ------------------------------------------------------------------------------------------ reading

    @contextlib.contextmanager
    def _looking(self) -> Iterator[PostgresLists]:
        """One state of the tables for all that is asked inside."""
        with self._base.engine.connect() as reader:
            self._reader = reader.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield self._refreshed()

    def _refreshed(self) -> PostgresLists:
        made = self._ask("SELECT * FROM {}_made")[0]  # first: who drops the tables waits for it
        if self._lists is None or made.commits != self._made.commits:
            if self._made is None:
                self._open(made)
            else:
                self._follow(made)
            self._made = made
            self._lists = PostgresLists(self._ask, self._alive, self._blocks, self._recent)
        return self._lists

    def _open(self, made: Any) -> None:
        """Reads which documents there are."""
        numbers, ids = self._ask(_ALL)[0]
        if len(ids or ()) != made.documents:
            raise ValueError("rows of the index are missing")
        self._ask("SELECT 1 FROM {}_word, {}_segment, {}_block, {}_sequence LIMIT 0")
        self._enlarge([""], made.last, numbers or (), ids or ())
        self._blocks, self._recent = Blocks(), Recent().plus(self._ask("SELECT * FROM {}_recent ORDER BY number"))

    def _follow(self, made: Any) -> None:
        """Reads what was told since."""
        known, folded = len(self._names), made.folds != self._made.folds
        numbers, ids = self._ask(_NEW, {"known": known})[0]
        dead = self._ask("SELECT number FROM {}_gone WHERE commit > :seen", {"seen": self._made.commits})
        new = self._ask("SELECT * FROM {}_recent WHERE number >= :first ORDER BY number",
                        {"first": 0 if folded else known})  # fmt: skip
        # All was read: half of it would be taken for the whole when a server that went away is there again.
        recent = (Recent() if folded else self._recent).plus(new)
        self._enlarge(self._names, made.last, numbers or (), ids or ())
        self._alive[[row.number for row in dead]] = False
        self._recent = recent
        if folded:
            self._blocks = Blocks()

    def _enlarge(self, names: list[str], last: int, numbers: Sequence[int], ids: Sequence[str]) -> None:
        """Another list: see Found.names."""
        alive = np.zeros(last + 1, np.bool_)
        alive[: len(names)] = self._alive[: len(names)] if len(names) > 1 else False
        self._names = [*names, *[""] * (last + 1 - len(names))]
        alive[list(numbers)] = True
        for number, name in zip(numbers, ids, strict=True):
            self._names[number] = name
        self._alive = alive

    def _ask(self, statement: str, given: Mapping[str, object] = MappingProxyType({})) -> Sequence[Any]:
        return self._run(self._reader, statement, **given).all()

    def _run(self, connection: sa.Connection, statement: str, **given: object) -> sa.CursorResult[Any]:
        return connection.execute(sa.text(statement.replace("{}", self._tables)), given)

    # ------------------------------------------------------------------------------------------ writing

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """The transaction this thread is in, or one of its own."""
        if self._base.writer:
            yield self._base.writer
            return
        with self._base.engine.begin() as connection:
            yield connection

    def _numbered(self, connection: sa.Connection, new: int, more: int) -> int:
        """The first of so many new numbers."""
        made = self._run(connection, _NEXT, new=new, more=more).one()
        return int(made.last) - new + 1

    def _take(self, connection: sa.Connection, segment: Segment) -> None:
        """A whole segment of new documents; the index does not know its words yet."""
        size = len(segment.ids)
        base = self._numbered(connection, size, size)
        self._entered(connection, base, segment.ids, segment.sequences)
        self._copied(connection, "segment(base, documents, last)", [(base, size, base + size - 1)])
        self._copied(connection, "block(bucket, base, data)", ((bucket, base, data) for bucket, data in segment.blocks))

    def _entered(self, connection: sa.Connection, first: int, ids: Sequence[str], sequences: Sequence[bytes]) -> None:
        self._copied(connection, "entry(number, id)", enumerate(ids, first))
        self._copied(connection, "sequence(number, words)", enumerate(sequences, first))

    def _counted(self, connection: sa.Connection, words: Counter[str]) -> None:
        told = sorted(words.items())
        self._run(connection, _WORDS, words=[word for word, _ in told], counts=[count for _, count in told])

    def _copied(self, connection: sa.Connection, table: str, rows: Iterable[tuple[object, ...]]) -> None:
        raw: Any = connection.connection.driver_connection
        asked, errors = f"COPY {self._tables}_{table} FROM STDIN", connection.dialect.loaded_dbapi.Error
        try:
            with raw.cursor() as cursor, cursor.copy(asked) as copy:
                for row in rows:
                    copy.write_row(row)
        except errors as error:  # SQLAlchemy does not see what goes past it, and PostgreSQL quotes what was written
            error.args = (getattr(getattr(error, "diag", None), "message_primary", None) or "COPY failed",)
            raise sa.exc.DBAPIError.instance(asked, None, error, errors, dialect=connection.dialect) from error

    def _fold(self, connection: sa.Connection) -> None:
        """What was told last goes into the last segment, or where that is full, into a new one."""
        rows = self._run(connection, "SELECT number, tokens FROM {}_recent ORDER BY number").all()
        base = self._segment_for(connection, len(rows), rows[0].number, rows[-1].number)
        dead = self._run(connection, _DEAD, first=base, last=base + SPAN - 1).scalars().all()
        gone = np.array(dead, np.int32) - np.int32(base)
        told = [np.frombuffer(row.tokens, "<u8") for row in rows]
        numbers = np.repeat(np.array([row.number - base for row in rows], np.uint64), [len(one) for one in told])
        every = np.concatenate(told)
        order = np.argsort(every, kind="stable")
        self._merge(connection, base, every[order], numbers[order], gone)
        self._run(connection, "DELETE FROM {}_recent")
        self._run(connection, "UPDATE {}_made SET folds = folds + 1")

    def _segment_for(self, connection: sa.Connection, size: int, first: int, last: int) -> int:
        """The base of a segment that has room for so many documents."""
        newest = self._run(connection, "SELECT * FROM {}_segment ORDER BY base DESC LIMIT 1").one_or_none()
        if newest and newest.documents + size <= SEGMENT and last - newest.base < SPAN:
            grown = "UPDATE {}_segment SET documents = documents + :size, last = :last WHERE base = :base"
            self._run(connection, grown, size=size, last=last, base=newest.base)
            return int(newest.base)
        self._run(connection, "INSERT INTO {}_segment VALUES (:base, :size, :last)", base=first, size=size, last=last)
        return first

    def _merge(
        self, connection: sa.Connection, base: int, tokens: segments.Tokens, numbers: segments.Tokens, dead: Ids
    ) -> None:  # fmt: skip
        cuts = np.arange((1 << segments.BUCKET_BITS) + 1, dtype=np.uint64) << np.uint64(REST_BITS)
        places = np.searchsorted(tokens, cuts).tolist()
        for first in range(0, 1 << segments.BUCKET_BITS, AT_ONCE):
            old = {row.bucket: row.data for row in
                   self._run(connection, _OLD, base=base, first=first, after=first + AT_ONCE)}  # fmt: skip
            new = []
            for bucket in range(first, first + AT_ONCE):
                cut = slice(places[bucket], places[bucket + 1])
                data = segments.merged(bucket, old.get(bucket, b""), tokens[cut], numbers[cut], dead)
                new += [(bucket, base, data)] if data else []
            self._copied(connection, "block(bucket, base, data)", new)


def _segments(entries: Iterable[IndexEntry]) -> Iterator[Segment]:
    rows = map(row_of, entries)
    while batch := list(islice(rows, SEGMENT)):
        yield Segment.of(batch)
