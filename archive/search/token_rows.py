"""A document as a row of tokens: what Whoosh's engine keeps as bits are tokens here, and what is in a row is ranked by
them.

Keys begin with a colon, words of the head with ^, pairs of words with ~; what begins with none of them is a word.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from archive.search import pairs
from archive.search.entry import IndexEntry
from archive.search.phrases import sequence
from archive.search.tokens import tokens_of

PART = "tokens.txt"
BATCH = 500
"""Documents in one commit, where there are many."""
BUCKETS = 1 << 20


class Row(NamedTuple):
    """One document."""

    id: str
    tokens: str
    """Each once, between blanks."""
    sequence: bytes
    """See phrases.py."""


def row_of(entry: IndexEntry) -> Row:
    """The row of `entry`."""
    tokens = tokens_of(entry)
    words = tokens.words
    head = ("^" + word for word in words[: tokens.head])
    keys = (":" + key for key in tokens.keys)
    both = {*pair_tokens(words), *pair_tokens(words, 1)}
    return Row(entry.id, " ".join({*words, *head, *keys, *both}), sequence(tokens.parts))


def pair_tokens(words: Sequence[str], gap: int = 0) -> list[str]:
    """The tokens of each two words with `gap` others between them."""
    mark = "~" if gap == 0 else "~-"
    return [f"{mark}{bucket:x}" for bucket in pairs.buckets(words, BUCKETS, gap).tolist()]


def write_part(folder: Path, entries: Iterable[IndexEntry]) -> int:
    """The rows of `entries` into a file, for an index that adopts it; how many there were."""
    count = 0
    with (folder / PART).open("w", encoding="utf-8") as out:
        for entry in entries:
            row = row_of(entry)
            out.write(f"{row.id}\t{row.tokens}\t{row.sequence.hex()}\n")
            count += 1
        out.flush()
        os.fsync(out.fileno())
    return count


def rows_in(folder: Path) -> Iterator[Row]:
    """What `write_part` wrote."""
    with (folder / PART).open(encoding="utf-8") as lines:
        for line in lines:
            name, tokens, words = line.rstrip("\n").split("\t")
            yield Row(name, tokens, bytes.fromhex(words))
