"""Which documents have which tokens, as bytes for a database that only keeps them: the PostgreSQL engine's own index.

A GIN index took ten milliseconds to take in a paper; a segment of 16,384 papers is one sort of an array. A token is a
number of 44 bits. Its first 12 are its bucket: a segment is a row of bytes for each bucket, and who asks for a token
reads that bucket's rows of all segments. In a row stand the rest of each token, ascending, how many documents have it,
and after all these, token by token, the documents, counted from the first of the segment.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from archive.search import pairs
from archive.search.entry import Ids, IndexEntry
from archive.search.phrases import sequence
from archive.search.token_rows import BUCKETS as PAIRS
from archive.search.tokens import tokens_of

BUCKET_BITS, REST_BITS = 12, 32
SPAN = 1 << 16
"""Numbers that a segment can tell apart."""
LONGEST = 100
"""Letters of a word that is kept as it is; an index of PostgreSQL takes no key of more than 2700 bytes."""
_PAIR = 0x9E3779B97F4A7C15
"""Odd: no two pairs become the same number."""
Tokens = npt.NDArray[np.uint64]
Block = tuple[int, bytes]
"""A bucket and its bytes."""


@dataclass(frozen=True, slots=True)
class Row:
    """One document."""

    id: str
    words: frozenset[str]
    tokens: Tokens
    """Each once, ascending."""
    sequence: bytes
    """See phrases.py."""


@functools.lru_cache(maxsize=131072)
def _hash(token: str) -> int:
    return number_of_kept(short(token))


def number_of_kept(word: str) -> int:
    """The number of a word that was made `short`."""
    told = hashlib.blake2b(word.encode(), digest_size=8).digest()
    return int.from_bytes(told, "big") >> (64 - BUCKET_BITS - REST_BITS)


def _of_pairs(buckets: npt.NDArray[np.uint32], gap: int) -> Tokens:
    told = (buckets.astype(np.uint64) + np.uint64(1 + gap * PAIRS)) * np.uint64(_PAIR)
    return told >> np.uint64(64 - BUCKET_BITS - REST_BITS)


def number_of(token: str) -> int:
    """The number of a token as token_query.py names it."""
    if not token.startswith("~"):
        return _hash(token)
    gap = int(token.startswith("~-"))
    return int(_of_pairs(np.array([int(token[1 + gap :], 16)], np.uint32), gap)[0])


def short(word: str) -> str:
    """The word as it is kept where words are looked up."""
    return word if len(word) <= LONGEST else word[:LONGEST] + hashlib.sha256(word.encode()).hexdigest()[:16]


def row_of(entry: IndexEntry) -> Row:
    """The row of `entry`."""
    tokens = tokens_of(entry)
    words = tokens.words
    known = frozenset(words)
    said = {*known, *("^" + word for word in words[: tokens.head]), *(":" + key for key in tokens.keys)}
    beside = (_of_pairs(pairs.buckets(words, PAIRS, gap), gap) for gap in (0, 1))
    every = np.sort(np.concatenate([np.fromiter(map(_hash, said), np.uint64, len(said)), *beside]))
    once = every[np.r_[True, every[1:] != every[:-1]]] if len(every) else every  # twice as fast as np.unique
    return Row(entry.id, known, once, sequence(tokens.parts))


def counted(rows: Iterable[Row]) -> Counter[str]:
    """In how many of the rows each word stands."""
    return Counter(short(word) for row in rows for word in row.words)


def blocks(tokens: Sequence[Tokens], numbers: Ids) -> Iterator[Block]:
    """The segment of documents with these `tokens`; their `numbers` counted from the segment's first, below SPAN."""
    each = np.repeat(numbers.astype(np.uint64), [len(one) for one in tokens])
    yield from _written(np.sort(np.concatenate([*tokens, np.empty(0, np.uint64)]) << np.uint64(16) | each))


def _written(postings: Tokens) -> Iterator[Block]:
    """Of token and document in one number, ascending."""
    tokens = postings >> np.uint64(16)
    first = np.flatnonzero(np.r_[True, tokens[1:] != tokens[:-1]]) if len(tokens) else np.empty(0, np.int64)
    counts, named = np.diff(np.r_[first, len(tokens)]).astype("<u2"), tokens[first]
    documents, rest = postings.astype("<u2"), (named & np.uint64((1 << REST_BITS) - 1)).astype("<u4")
    ends = np.searchsorted(named, np.arange(1, (1 << BUCKET_BITS) + 1, dtype=np.uint64) << np.uint64(REST_BITS))
    begin = 0
    for bucket, end in enumerate(ends.tolist()):
        if end > begin:
            until = first[end] if end < len(first) else len(documents)
            parts = (rest[begin:end], counts[begin:end], documents[first[begin] : until])
            size = np.array([end - begin], "<u4")
            yield bucket, b"".join(part.tobytes() for part in (size, *parts))
        begin = end


def _read(data: bytes) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64], npt.NDArray[np.uint16]]:
    """Tokens without their bucket, where the documents of each end, the documents. ValueError."""
    size = int(np.frombuffer(data, "<u4", 1)[0])
    tokens = np.frombuffer(data, "<u4", size, 4)
    ends = np.cumsum(np.frombuffer(data, "<u2", size, 4 + 4 * size), dtype=np.int64)
    return tokens, ends, np.frombuffer(data, "<u2", -1, 4 + 6 * size)


def having(data: bytes, tokens: Sequence[int]) -> Iterator[tuple[int, npt.NDArray[np.uint16]]]:
    """Of those of the `tokens` (numbers of this bucket) that are in the block, the documents."""
    known, ends, documents = _read(data)
    wanted = np.array(tokens, np.uint64)
    places = np.searchsorted(known, (wanted & np.uint64((1 << REST_BITS) - 1)).astype(np.uint32))
    for token, place in zip(tokens, places.tolist(), strict=True):
        if place < len(known) and int(known[place]) == token & ((1 << REST_BITS) - 1):
            yield token, documents[int(ends[place - 1]) if place else 0 : int(ends[place])]


def merged(bucket: int, data: bytes, tokens: Tokens, numbers: npt.NDArray[np.uint64], dead: Ids) -> bytes:
    """The block with more tokens of its bucket and without the `dead`, numbers counted from the segment's first."""
    known, ends, documents = _read(data) if data else (np.empty(0, np.uint32), np.empty(0, np.int64), _NONE)
    whole = np.repeat(known, np.diff(np.r_[0, ends])).astype(np.uint64) | np.uint64(bucket << REST_BITS)
    there = whole << np.uint64(16) | documents
    kept = there[~np.isin(documents, dead.astype(np.uint16))] if len(dead) else there
    return next((told for _, told in _written(np.sort(np.r_[kept, tokens << np.uint64(16) | numbers]))), b"")


_NONE = np.empty(0, np.uint16)


@dataclass(frozen=True)
class Segment:
    """Many documents, numbered from 0, and their blocks."""

    ids: list[str]
    sequences: list[bytes]
    words: Counter[str]
    blocks: list[Block]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Segment:
        """Of at most SPAN rows."""
        made = list(blocks([row.tokens for row in rows], np.arange(len(rows), dtype=np.int32)))
        return cls([row.id for row in rows], [row.sequence for row in rows], counted(rows), made)

    def save(self, file: Path) -> None:
        """Into a file, for `load`."""
        with file.open("wb") as out:
            np.savez(
                out, ids=_lines(self.ids), words=_lines(list(self.words)), counts=list(self.words.values()),
                lengths=[len(one) for one in self.sequences], sequences=_bytes(b"".join(self.sequences)),
                buckets=[bucket for bucket, _ in self.blocks], sizes=[len(data) for _, data in self.blocks],
                data=_bytes(b"".join(data for _, data in self.blocks)),
            )  # fmt: skip

    @classmethod
    def load(cls, file: Path) -> Segment:
        """What `save` wrote."""
        with np.load(file, allow_pickle=False) as kept:
            words = zip(_said(kept["words"]), kept["counts"].tolist(), strict=True)
            made = zip(kept["buckets"].tolist(), _cut(kept["data"], kept["sizes"]), strict=True)
            sequences = list(_cut(kept["sequences"], kept["lengths"]))
            return cls(_said(kept["ids"]), sequences, Counter(dict(words)), list(made))


def _bytes(data: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8)


def _lines(told: Sequence[str]) -> npt.NDArray[np.uint8]:
    return _bytes("\n".join(told).encode())


def _said(kept: npt.NDArray[np.uint8]) -> list[str]:
    return kept.tobytes().decode().split("\n") if len(kept) else []


def _cut(data: npt.NDArray[np.uint8], sizes: npt.NDArray[np.int64]) -> Iterator[bytes]:
    whole, at = data.tobytes(), 0
    for size in sizes.tolist():
        yield whole[at : at + size]
        at += size
