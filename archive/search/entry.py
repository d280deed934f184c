"""What goes into an index and what comes out, and what an engine must be able to do."""

from __future__ import annotations

import pickle
import sqlite3
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from archive.search.query import Query

Ids = npt.NDArray[np.int32]
Weights = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

ANALYZER = 2
"""Grows when words.py, keys.py, pairs.py or tokens.py give other tokens: an index of another version is rebuilt."""


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What the index is told of one document."""

    id: str
    body: str = ""
    """Plain text of the document."""
    title: str = ""
    """Trích yếu."""
    code: str = ""
    """Number and symbol as they stand now, `471/UBND-VX`."""
    organ: str = ""
    date: str = ""
    """ISO 8601."""
    cited_codes: tuple[str, ...] = ()
    """Codes of papers it names, where more is known than the text shows."""
    line: str = ""
    """words.line(code, title, organ, body), where it is known already: folding is a third of making tokens."""


class Hit(NamedTuple):
    """One document found; scores compare only within one search."""

    id: str
    score: float
    whole: bool = True
    """False: not every word is in it (one may be misread)."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Documents, best first; arrays, for a common word stands in most of the archive."""

    names: Sequence[str] = ()
    """Ids of all documents the engine knows, by its own numbers; another list after each commit."""
    numbers: Ids = field(default_factory=lambda: np.empty(0, np.int32))
    scores: Weights = field(default_factory=lambda: np.empty(0, np.float32))
    whole: Flags = field(default_factory=lambda: np.empty(0, np.bool_))
    """See Hit."""
    total: int = 0
    """Counts also what is left out."""

    @property
    def hits(self) -> tuple[Hit, ...]:
        """One by one."""
        names = [self.names[number] for number in self.numbers.tolist()]
        return tuple(map(Hit, names, self.scores.tolist(), self.whole.tolist()))


def bare(names: Sequence[str], numbers: Ids) -> Found:
    """Documents by their numbers and nothing more."""
    size = len(numbers)
    return Found(names, numbers, np.zeros(size, np.float32), np.ones(size, np.bool_), size)


@dataclass(frozen=True, slots=True)
class Status:
    """What the index is; `generation` None where there is none."""

    healthy: bool
    generation: str | None
    documents: int
    analyzer_version: int
    path: str
    engine: str = ""
    """whoosh | sqlite"""


# What engines raise on files that are gone, cut short or garbage, beside errors of their own: they unpickle and unpack.
UNREADABLE: tuple[type[Exception], ...] = (
    OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, AssertionError, NameError, ImportError,
    ArithmeticError, MemoryError, RecursionError, struct.error, zlib.error, pickle.PickleError, sqlite3.DatabaseError,
)  # fmt: skip


class Store(Protocol):
    """An index by one engine in one folder, used by one thread at a time.

    Whatever its engine raises about files that are gone or spoiled goes through to Index, which knows what it means.
    """

    kind: str
    version: int
    """Of the files: another version is not opened."""
    spoiled: tuple[type[Exception], ...]
    """What it raises when its files cannot be read."""

    def create(self) -> None:
        """Makes an empty index in the empty folder."""

    def newest(self) -> object:
        """Opens the newest commit; the answer is another after each."""

    @property
    def documents(self) -> int:
        """How many documents can be found."""

    def search(self, query: Query, limit: int | None) -> Found:
        """The best `limit` documents of the newest commit."""

    def identifiers(self) -> Sequence[str]:
        """The ids of all documents that can be found."""

    def having(self, word: str) -> Found:
        """Every document with the folded word, in no order, without scores."""

    def frequencies(self, words: Sequence[str]) -> Mapping[str, int]:
        """In how many documents each of the folded `words` stands; where there are many, about how many."""

    def apply(self, entries: Sequence[IndexEntry], deletes: Sequence[str]) -> None:
        """One batch, one commit, durable on return; what fails leaves the last commit."""

    def fill(self, entries: Iterable[IndexEntry]) -> int:
        """Many new entries in few commits; how many there were."""

    def fill_part(self, entries: Iterable[IndexEntry]) -> int:
        """In an empty folder: what another index adopts; how many entries there were."""

    def adopt(self, parts: Sequence[Self]) -> None:
        """Becomes what lies in the folders of `parts`; may be broken off and begun again."""

    def close(self) -> None:
        """Gives files and memory back; opened again when asked."""
