"""The SQLite engine: one FTS5 table of tokens in a file of its own, ten times faster than Whoosh on large archives.

The table keeps which documents have a token and no more (detail=none, no content); their words in order stand in a
table beside it. A document that is told again gets a new row; the old one is dead and skipped.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np

from archive.durable import sync
from archive.search.entry import UNREADABLE, Found, IndexEntry, bare
from archive.search.query import Query
from archive.search.sqlite_query import SqliteLists
from archive.search.token_query import Token, best
from archive.search.token_rows import BATCH, Row, row_of, rows_in, write_part

FILE = "index.db"
SCHEMA = 2
_TABLES = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
CREATE TABLE entry(number INTEGER PRIMARY KEY, id TEXT NOT NULL, dead INTEGER NOT NULL DEFAULT 0);
CREATE INDEX of_id ON entry(id) WHERE NOT dead;
CREATE INDEX of_dead ON entry(number) WHERE dead;
CREATE TABLE sequence(number INTEGER PRIMARY KEY, words BLOB NOT NULL);
CREATE TABLE made(commits INTEGER NOT NULL);
INSERT INTO made VALUES (0);
CREATE VIRTUAL TABLE token USING fts5(
    tokens, content='', columnsize=0, detail=none, tokenize="ascii tokenchars ':#@=/-~^'"
);
"""


class SqliteStore:
    """See Store."""

    kind = "sqlite"
    version = SCHEMA
    spoiled = UNREADABLE

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._connection: sqlite3.Connection | None = None
        self._commits: int | None = None
        self._names: list[str] = [""]
        """Id of each row; the first is no row."""
        self._dead = 0
        self._lists: SqliteLists | None = None

    def create(self) -> None:
        """Makes an empty index in the empty folder."""
        connection = sqlite3.connect(self.folder / FILE)
        connection.executescript(_TABLES)
        connection.close()
        sync(self.folder)

    def newest(self) -> object:
        """Opens the newest commit; the answer is another after each."""
        with self._looking() as connection:
            self._refresh(connection)
        return self._commits

    @property
    def documents(self) -> int:
        """How many documents can be found."""
        self.newest()
        return len(self._names) - 1 - self._dead

    def identifiers(self) -> Sequence[str]:
        """The ids of all documents that can be found."""
        with self._looking() as connection:
            return [name for (name,) in connection.execute("SELECT id FROM entry WHERE NOT dead")]

    def search(self, query: Query, limit: int | None) -> Found:
        """The best `limit` documents of the newest commit."""
        with self._looking() as connection:
            return best(self._refresh(connection), self._names, query, limit)

    def having(self, word: str) -> Found:
        """Every document with the folded word, in no order, without scores."""
        with self._looking() as connection:
            lists = self._refresh(connection)
            return bare(self._names, lists.of(Token(word)))

    def frequencies(self, words: Sequence[str]) -> Mapping[str, int]:
        """In how many documents each of the folded `words` stands, up to COUNTED."""
        with self._looking() as connection:
            return self._refresh(connection).counts(words)

    def apply(self, entries: Sequence[IndexEntry], deletes: Sequence[str]) -> None:
        """One batch, one commit, durable on return; what fails leaves the last commit."""
        gone = [(name,) for name in dict.fromkeys((*(entry.id for entry in entries), *deletes))]
        with self._writing() as connection:
            connection.executemany("UPDATE entry SET dead = 1 WHERE id = ? AND NOT dead", gone)
            _add(connection, map(row_of, entries))

    def fill(self, entries: Iterable[IndexEntry]) -> int:
        """Many new entries in few commits; how many there were."""
        count, rest = 0, iter(entries)
        while batch := list(islice(rest, BATCH)):
            with self._writing() as connection:
                _add(connection, map(row_of, batch))
            count += len(batch)
        return count

    def fill_part(self, entries: Iterable[IndexEntry]) -> int:
        """In an empty folder: what another index adopts; how many entries there were."""
        return write_part(self.folder, entries)

    def adopt(self, parts: Sequence[Self]) -> None:
        """Their tokens are written into a new table."""
        for file in self.folder.glob(f"{FILE}*"):
            file.unlink()
        self.create()
        for part in parts:
            with self._writing() as connection:
                _add(connection, rows_in(part.folder))

    def close(self) -> None:
        """Gives files and memory back; opened again when asked."""
        if self._connection:
            self._connection.close()
        self._connection = self._commits = self._lists = None
        self._names, self._dead = [""], 0

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            file = self.folder / FILE
            # Opened as it is: SQLite would make an empty one where there is none.
            self._connection = sqlite3.connect(
                f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=30, isolation_level=None,
                check_same_thread=False,
            )  # fmt: skip
            self._connection.execute("PRAGMA synchronous = FULL")
        return self._connection

    @contextlib.contextmanager
    def _looking(self) -> Iterator[sqlite3.Connection]:
        """One state of the file for all that is asked inside."""
        connection = self._open()
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.rollback()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        connection = self._open()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("UPDATE made SET commits = commits + 1")
            connection.execute("COMMIT")
        finally:
            connection.rollback()

    def _refresh(self, connection: sqlite3.Connection) -> SqliteLists:
        commits = connection.execute("SELECT commits FROM made").fetchone()[0]
        if self._lists is None or commits != self._commits:
            rows = connection.execute("SELECT number, id FROM entry WHERE number >= ?", (len(self._names),)).fetchall()
            if rows and (rows[0][0], rows[-1][0]) != (len(self._names), len(self._names) + len(rows) - 1):
                raise ValueError("rows of the index are missing")
            self._names = self._names + [name for _, name in rows]  # another list: see Found.names
            dead = [number for (number,) in connection.execute("SELECT number FROM entry WHERE dead")]
            alive = np.ones(len(self._names), np.bool_)
            alive[dead] = False
            self._lists, self._dead, self._commits = SqliteLists(connection, alive), len(dead), commits
        return self._lists


def _add(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    for row in rows:
        number = connection.execute("INSERT INTO entry(id) VALUES (?)", (row.id,)).lastrowid
        connection.execute("INSERT INTO token(rowid, tokens) VALUES (?, ?)", (number, row.tokens))
        connection.execute("INSERT INTO sequence VALUES (?, ?)", (number, row.sequence))
