"""The SQLite engine: one FTS5 table of tokens in a file of its own, ten times faster than Whoosh on large archives.

The table keeps which documents have a token and no more (detail=none, no content); their words in order stand in a
table beside it. Keys begin with a colon, words of
the head with ^, pairs of words with ~: what Whoosh's engine keeps as bits are tokens here, and what is in a row is
ranked by them. A document that is told again gets a new row; the old one is dead and skipped.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from archive.durable import sync
from archive.search.entry import UNREADABLE, Found, IndexEntry, bare
from archive.search.phrases import sequence
from archive.search.query import Query
from archive.search.sqlite_query import Lists, evaluate, pair_tokens, quoted
from archive.search.tokens import tokens_of

FILE, PART = "index.db", "tokens.txt"
SCHEMA = 2
COUNTED = 5_000
"""A word in more documents than this is counted no further."""
BATCH = 500
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


class Row(NamedTuple):
    """One document."""

    id: str
    tokens: str
    sequence: bytes


def _row(entry: IndexEntry) -> Row:
    tokens = tokens_of(entry)
    words = tokens.words
    head = ("^" + word for word in words[: tokens.head])
    keys = (":" + key for key in tokens.keys)
    both = {*pair_tokens(words), *pair_tokens(words, 1)}
    return Row(entry.id, " ".join({*words, *head, *keys, *both}), sequence(tokens.parts))


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
        self._dead = np.empty(0, np.int32)
        self._lists: Lists | None = None
        self._counts: dict[str, int] = {}

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
        return len(self._names) - 1 - len(self._dead)

    def identifiers(self) -> Sequence[str]:
        """The ids of all documents that can be found."""
        with self._looking() as connection:
            return [name for (name,) in connection.execute("SELECT id FROM entry WHERE NOT dead")]

    def search(self, query: Query, limit: int | None) -> Found:
        """The best `limit` documents of the newest commit."""
        with self._looking() as connection:
            lists = self._refresh(connection)
            numbers, scores, whole = evaluate(lists, query)
        kept = ~np.isin(numbers, self._dead)
        numbers, scores, whole = numbers[kept], scores[kept], whole[kept]
        order = np.lexsort((-numbers, -scores))[:limit]
        return Found(self._names, numbers[order], scores[order], whole[order], len(numbers))

    def having(self, word: str) -> Found:
        """Every document with the folded word, in no order, without scores."""
        with self._looking() as connection:
            numbers = self._refresh(connection).of(quoted(word))
        return bare(self._names, numbers[~np.isin(numbers, self._dead)])

    def frequencies(self, words: Sequence[str]) -> Mapping[str, int]:
        """In how many documents each of the folded `words` stands, up to COUNTED."""
        with self._looking() as connection:
            lists = self._refresh(connection)
            for word in words:
                if word not in self._counts:
                    self._counts[word] = lists.count(word, COUNTED)
        return {word: self._counts[word] for word in words}

    def apply(self, entries: Sequence[IndexEntry], deletes: Sequence[str]) -> None:
        """One batch, one commit, durable on return; what fails leaves the last commit."""
        gone = [(name,) for name in dict.fromkeys((*(entry.id for entry in entries), *deletes))]
        with self._writing() as connection:
            connection.executemany("UPDATE entry SET dead = 1 WHERE id = ? AND NOT dead", gone)
            _add(connection, map(_row, entries))

    def fill(self, entries: Iterable[IndexEntry]) -> int:
        """Many new entries in few commits; how many there were."""
        count, rest = 0, iter(entries)
        while batch := list(islice(rest, BATCH)):
            with self._writing() as connection:
                _add(connection, map(_row, batch))
            count += len(batch)
        return count

    def fill_part(self, entries: Iterable[IndexEntry]) -> int:
        """In an empty folder: what another index adopts; how many entries there were."""
        count = 0
        with (self.folder / PART).open("w", encoding="utf-8") as out:
            for entry in entries:
                row = _row(entry)
                out.write(f"{row.id}\t{row.tokens}\t{row.sequence.hex()}\n")
                count += 1
            out.flush()
            os.fsync(out.fileno())
        return count

    def adopt(self, parts: Sequence[Self]) -> None:
        """Their tokens are written into a new table."""
        for file in self.folder.glob(f"{FILE}*"):
            file.unlink()
        self.create()
        for part in parts:
            with (part.folder / PART).open(encoding="utf-8") as lines, self._writing() as connection:
                _add(connection, map(_read, lines))

    def close(self) -> None:
        """Gives files and memory back; opened again when asked."""
        if self._connection:
            self._connection.close()
        self._connection = self._commits = self._lists = None
        self._names, self._dead = [""], np.empty(0, np.int32)

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

    def _refresh(self, connection: sqlite3.Connection) -> Lists:
        commits = connection.execute("SELECT commits FROM made").fetchone()[0]
        if self._lists is None or commits != self._commits:
            rows = connection.execute("SELECT number, id FROM entry WHERE number >= ?", (len(self._names),)).fetchall()
            if rows and (rows[0][0], rows[-1][0]) != (len(self._names), len(self._names) + len(rows) - 1):
                raise ValueError("rows of the index are missing")
            self._names = self._names + [name for _, name in rows]  # another list: see Found.names
            dead = connection.execute("SELECT number FROM entry WHERE dead").fetchall()
            self._dead = np.array([number for (number,) in dead], np.int32)
            self._lists, self._counts, self._commits = Lists(connection, len(self._names)), {}, commits
        return self._lists


def _read(line: str) -> Row:
    name, tokens, words = line.rstrip("\n").split("\t")
    return Row(name, tokens, bytes.fromhex(words))


def _add(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    for row in rows:
        number = connection.execute("INSERT INTO entry(id) VALUES (?)", (row.id,)).lastrowid
        connection.execute("INSERT INTO token(rowid, tokens) VALUES (?, ?)", (number, row.tokens))
        connection.execute("INSERT INTO sequence VALUES (?, ?)", (number, row.sequence))
