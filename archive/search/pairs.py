"""Which words of a document stand side by side, as 16384 bits: one for each pair of folded words, hashed.

Adjacency is what ranks best (docs/decisions.md), and pairs as tokens of a Whoosh index cost three to four times its
size and time. As bits they cost two kilobytes a document and are asked of thousands of documents at once. Words with
one other between them are kept, too: what is misread stands between words that are not. A bit may be set by another
pair (one in ten is, in a document of 900 words): what must be true is checked in the text.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

BITS = 16384
BYTES = BITS // 8
APART = 0x5BD1E995
"""Makes another hash of two words with one between them than of two side by side."""
Bits = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int32]
Buckets = npt.NDArray[np.uint32]


@functools.lru_cache(maxsize=65536)
def _hash(word: str) -> int:
    return zlib.crc32(word.encode())


def _mixed(first: Buckets, second: Buckets, salt: int, of: int) -> Buckets:
    mixed = first * np.uint32(0x9E3779B1) + second * np.uint32(0x85EBCA77) + np.uint32(salt)
    mixed ^= mixed >> np.uint32(15)
    return np.asarray(((mixed * np.uint32(0x2C1B3C6D)) >> np.uint32(8)) % np.uint32(of), np.uint32)


def buckets(words: Sequence[str], of: int = BITS, gap: int = 0) -> Buckets:
    """The bucket, 0 to `of` - 1, of each two words with `gap` others between them; the same in every process."""
    each = np.fromiter(map(_hash, words), np.uint32, len(words))
    step = gap + 1
    return _mixed(each[:-step], each[step:], APART * gap & 0xFFFFFFFF, of)


def bits(words: Sequence[str]) -> bytes:
    """The bits of a text, BYTES long."""
    flags = np.zeros(BITS, np.bool_)
    flags[buckets(words)] = True
    flags[buckets(words, gap=1)] = True
    return np.packbits(flags).tobytes()


def has(table: Bits, rows: Rows, first: str, second: str, gap: int = 0) -> npt.NDArray[np.bool_]:
    """Of the documents `rows` of `table` (documents by BYTES): may `second` stand after `first` and `gap` others?"""
    bucket = int(_bucket(first, second, gap))
    found: npt.NDArray[np.bool_] = (table[rows, bucket >> 3] & np.uint8(0x80 >> (bucket & 7))) != 0
    return found


@functools.lru_cache(maxsize=4096)
def _bucket(first: str, second: str, gap: int) -> int:
    one, other = (np.array([_hash(word)], np.uint32) for word in (first, second))
    return int(_mixed(one, other, APART * gap & 0xFFFFFFFF, BITS)[0])


_ONES = np.array([bin(byte).count("1") for byte in range(256)], np.uint8)


def fullness(table: Bits) -> npt.NDArray[np.float32]:
    """Share of the bits that are set in each document: how often `has` is wrong."""
    return np.asarray([_ONES[row].sum() / BITS for row in table], np.float32)
