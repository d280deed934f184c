"""The PostgreSQL engine: arrays of tokens under a GIN index, in the archive's own database, for many machines.

The tokens are those of the SQLite engine and so is what is asked of them (token_query.py). A document that is told
again gets a new row and the old one is deleted: who reads sees one commit, by the database's own snapshots.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, cast

import sqlalchemy as sa

from archive.search.entry import UNREADABLE, Found, IndexEntry, bare
from archive.search.postgres_generations import SCHEMA, PostgresGenerations, drop
from archive.search.postgres_query import PostgresLists, short
from archive.search.query import Query
from archive.search.token_query import Token, best
from archive.search.token_rows import BATCH, Row, row_of, rows_in, write_part

VERSION = 1
# Long values lie out of line and no one counts what stands in arrays of thousands: rows stay small and quick to pass.
_TABLES = """
CREATE TABLE {}_made(commits bigint NOT NULL, documents bigint NOT NULL);
INSERT INTO {}_made VALUES (0, 0);
CREATE TABLE {}_entry(
    number integer GENERATED ALWAYS AS IDENTITY, id text COLLATE "C" NOT NULL, tokens text[] COLLATE "C" NOT NULL,
    sequence bytea NOT NULL
) WITH (toast_tuple_target = 128);
ALTER TABLE {}_entry ALTER tokens SET STATISTICS 0, ALTER sequence SET STATISTICS 0;
ALTER TABLE {}_entry ALTER sequence SET STORAGE EXTERNAL;
CREATE TABLE {}_word(word text COLLATE "C" PRIMARY KEY);
"""
_INDEXES = """
SET LOCAL maintenance_work_mem = '256MB';
ALTER TABLE {}_entry ADD PRIMARY KEY (number), ADD UNIQUE (id);
CREATE INDEX ON {}_entry USING gin(tokens) WITH (gin_pending_list_limit = 256);
"""
_ROW = "INSERT INTO {}_entry(id, tokens, sequence) VALUES (:id, CAST(CAST(:tokens AS text) AS text[]), :sequence)"
_WORDS = "INSERT INTO {}_word SELECT unnest(CAST(:words AS text[])) ON CONFLICT DO NOTHING"
_COUNTED = "UPDATE {}_made SET commits = commits + 1, documents = documents + :more"


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
        self._commits: int | None = None
        self._documents = 0
        self._names: list[str] = [""]
        """Id of each row; the first is no row, and so is what was deleted."""
        self._lists: PostgresLists | None = None

    def create(self) -> None:
        """Makes an empty index."""
        with self._writing() as connection:
            drop(connection, self.folder.name)
            self._run(connection, _TABLES + _INDEXES)

    def newest(self) -> object:
        """Opens the newest commit; the answer is another after each."""
        with self._looking():
            return self._commits

    @property
    def documents(self) -> int:
        """How many documents can be found."""
        with self._looking():
            return self._documents

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
        with self._writing() as connection:
            deleted = self._run(connection, "DELETE FROM {}_entry WHERE id = ANY(:gone)", gone=gone).rowcount
            self._add(connection, map(row_of, entries), deleted)

    def fill(self, entries: Iterable[IndexEntry]) -> int:
        """Many new entries in few commits; how many there were."""
        return self._fill(map(row_of, entries))

    def fill_part(self, entries: Iterable[IndexEntry]) -> int:
        """In an empty folder: what another index adopts; how many entries there were."""
        return write_part(self.folder, entries)

    def adopt(self, parts: Sequence[Self]) -> None:
        """Their rows are written into new tables, and the index is made of them at once."""
        with self._writing() as connection:
            drop(connection, self.folder.name)
            self._run(connection, _TABLES)
        for part in parts:
            self._fill(rows_in(part.folder))
        with self._writing() as connection:
            self._run(connection, _INDEXES)

    def close(self) -> None:
        """Gives memory back; opened again when asked."""
        self._commits = self._lists = None
        self._names = [""]

    @contextlib.contextmanager
    def _looking(self) -> Iterator[PostgresLists]:
        """One state of the tables for all that is asked inside."""
        with self._base.engine.connect() as reader:
            self._reader = reader.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield self._refreshed()

    def _refreshed(self) -> PostgresLists:
        made = self._ask("SELECT commits, documents FROM {}_made")[0]  # first: who drops the tables waits for it
        if self._lists is None or made.commits != self._commits:
            first, known = self._commits is None, len(self._names)
            rows = self._ask("SELECT number, id FROM {}_entry WHERE number >= :known ORDER BY number", {"known": known})
            if first and len(rows) != made.documents:
                raise ValueError("rows of the index are missing")
            names = [*self._names, *[""] * (rows[-1].number + 1 - known if rows else 0)]
            for number, name in rows:
                names[number] = name
            self._names, self._documents = names, made.documents  # another list: see Found.names
            self._lists, self._commits = PostgresLists(self._ask, len(names)), made.commits
        return self._lists

    def _ask(self, statement: str, given: Mapping[str, object] = MappingProxyType({})) -> Sequence[Any]:
        return self._run(self._reader, statement, **given).all()

    def _run(self, connection: sa.Connection, statement: str, **given: object) -> sa.CursorResult[Any]:
        return connection.execute(sa.text(statement.replace("{}", self._tables)), given)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """The transaction this thread is in, or one of its own."""
        if self._base.writer:
            yield self._base.writer
            return
        with self._base.engine.begin() as connection:
            yield connection

    def _fill(self, rows: Iterator[Row]) -> int:
        count = 0
        while batch := list(islice(rows, BATCH)):
            with self._writing() as connection:
                self._add(connection, batch)
            count += len(batch)
        return count

    def _add(self, connection: sa.Connection, rows: Iterable[Row], deleted: int = 0) -> None:
        words, given = set[str](), list[dict[str, object]]()
        for row in rows:
            tokens = [short(token) for token in row.tokens.split()]
            words.update(token for token in tokens if token[0] not in ":^~")
            given.append({"id": row.id, "tokens": _array(tokens), "sequence": row.sequence})
        if given:
            connection.execute(sa.text(_ROW.replace("{}", self._tables)), given)
            self._run(connection, _WORDS, words=sorted(words))
        self._run(connection, _COUNTED, more=len(given) - deleted)


def _array(tokens: Sequence[str]) -> str:
    """As PostgreSQL reads an array; no token has a quote or a backslash."""
    return '{"' + '","'.join(tokens) + '"}' if tokens else "{}"
