"""What the tables of PostgreSQL's engine know of tokens: which documents have them, at one commit."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from archive.search import segments
from archive.search.entry import Flags, Ids
from archive.search.phrases import in_a_row
from archive.search.segments import REST_BITS, Tokens, number_of, number_of_kept, short
from archive.search.token_query import COUNTED, AllOf, AnyOf, Asked, Lists, Starts, Token, Without

_AFTER = "\U0010ffff"
"""After every letter, in the order of code points."""
_BLOCKS = "SELECT bucket, base, data FROM {}_block WHERE bucket = ANY(CAST(:buckets AS integer[])) ORDER BY base"
_STARTING = "SELECT word FROM {}_word WHERE word >= :first AND word < :after"
_COUNTS = "SELECT word, documents FROM {}_word WHERE word = ANY(CAST(:words AS text[]))"
_SEQUENCES = """
SELECT string_agg(int4send(number), '') AS rows FROM {}_sequence
WHERE number = ANY(CAST(:rows AS integer[])) AND position(:words IN words) > 0
"""
"""Four bytes a row in one string are read many times faster than as many rows."""
AT_ONCE = 64
"""Buckets that are asked for together."""
SMALL, EXACT = 65_536, 500
"""In a larger archive it is reckoned, not counted, in how many living documents a word stands that is in more than one
of so many."""
KEPT = 8_000_000
"""Numbers of documents that are kept of all tokens asked for."""
Ask = Callable[[str, Mapping[str, object]], Sequence[Any]]


class Blocks:
    """The documents of each token, also of the dead ones, as far as they lie in segments; kept until these change."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, Ids] = OrderedDict()
        self._size = 0

    def of(self, ask: Ask, tokens: Iterable[int]) -> dict[int, Ids]:
        """By token, ascending."""
        wanted = set(tokens)
        found = {token: self._kept[token] for token in wanted if token in self._kept}
        for token in found:
            self._kept.move_to_end(token)
        new = self._asked(ask, sorted(wanted - found.keys()))
        for token, numbers in new.items():
            self._keep(token, numbers)
        return found | new

    def _asked(self, ask: Ask, tokens: Sequence[int]) -> dict[int, Ids]:
        by_bucket: dict[int, list[int]] = defaultdict(list)
        for token in tokens:
            by_bucket[token >> REST_BITS].append(token)
        parts: dict[int, list[Ids]] = {token: [] for token in tokens}
        rest = iter(by_bucket)
        while buckets := list(islice(rest, AT_ONCE)):
            for bucket, base, data in ask(_BLOCKS, {"buckets": buckets}):
                for token, numbers in segments.having(data, by_bucket[bucket]):
                    parts[token].append(numbers.astype(np.int32) + np.int32(base))
        return {token: np.concatenate([_NONE, *found]) for token, found in parts.items()}

    def _keep(self, token: int, numbers: Ids) -> None:
        self._kept[token] = numbers
        self._size += len(numbers)
        while self._size > KEPT and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._size -= len(oldest)


_NONE = np.empty(0, np.int32)


@dataclass(frozen=True)
class Recent:
    """The documents that lie in no segment yet, token by token."""

    tokens: Tokens = field(default_factory=lambda: np.empty(0, np.uint64))
    numbers: Ids = field(default_factory=lambda: _NONE)

    def plus(self, rows: Iterable[tuple[int, bytes]]) -> Recent:
        """With more of them, whose numbers are larger."""
        found = [(number, np.frombuffer(data, "<u8")) for number, data in rows]
        tokens = np.concatenate([self.tokens, *(tokens for _, tokens in found)])
        added = np.repeat(np.array([number for number, _ in found], np.int32), [len(one) for _, one in found])
        return Recent(tokens, np.concatenate([self.numbers, added]))


class PostgresLists(Lists):
    """See Lists. `ask` answers a statement about the tables {}_… of a generation; `alive` says which rows are."""

    def __init__(self, ask: Ask, alive: Flags, blocks: Blocks, recent: Recent) -> None:
        super().__init__(len(alive))
        self._ask, self._alive, self._blocks, self._recent = ask, alive, blocks, recent

    def in_a_row(self, rows: Ids, words: Sequence[str]) -> Ids:
        """Those of `rows` in which the words stand one after another."""
        found = self._ask(_SEQUENCES, {"rows": rows.tolist(), "words": in_a_row(words)})
        return np.sort(np.frombuffer(found[0].rows or b"", ">i4").astype(np.int32))

    def _rows(self, asked: Asked) -> Ids:
        starting = {one: self._starting(one.prefix) for one in _leaves(asked) if isinstance(one, Starts)}
        plain = [number_of(one.token) for one in _leaves(asked) if isinstance(one, Token)]
        known = self._numbers({*plain, *(number for numbers in starting.values() for number in numbers)})
        found = _matching(asked, known, starting, self.size)
        return found[self._alive[found]]

    def _starting(self, prefix: str) -> list[int]:
        found = self._ask(_STARTING, {"first": prefix, "after": prefix + _AFTER})
        return [number_of_kept(row.word) for row in found]

    def _numbers(self, tokens: set[int]) -> dict[int, Ids]:
        """Of each token, the rows."""
        known = self._blocks.of(self._ask, tokens)
        if not len(self._recent.tokens):
            return known
        return {
            token: np.concatenate([rows, self._recent.numbers[self._recent.tokens == np.uint64(token)]])
            for token, rows in known.items()
        }

    def _counted(self, words: Sequence[str]) -> dict[str, int]:
        kept = {short(word): word for word in words}
        counts = {kept[word]: count for word, count in self._ask(_COUNTS, {"words": list(kept)})}
        living = float(self._alive[1:].mean()) if self.size > 1 else 1.0
        # Of which words slips are looked for is decided at one in a thousand (slips.RARE).
        exact = 0 if living == 1 else self.size if self.size < SMALL else self.size // EXACT
        return {
            word: len(self.of(Token(word))) if count <= exact else min(round(count * living), COUNTED)
            for word, count in counts.items()
        }


def _leaves(asked: Asked) -> Iterator[Token | Starts]:
    match asked:
        case Token() | Starts():
            yield asked
        case AnyOf(parts) | AllOf(parts):
            for part in parts:
                yield from _leaves(part)
        case Without(wanted, unwanted):
            yield from _leaves(wanted)
            yield from _leaves(unwanted)


def _matching(asked: Asked, known: Mapping[int, Ids], starting: Mapping[Starts, Sequence[int]], size: int) -> Ids:
    """Rows, ascending, from the rows of each token."""
    match asked:
        case Token(token):
            return known[number_of(token)]
        case Starts():
            return _any([known[number] for number in starting[asked]], size)
        case AnyOf(parts):
            return _any([_matching(part, known, starting, size) for part in parts], size)
        case AllOf(parts):
            found = sorted((_matching(part, known, starting, size) for part in parts), key=len)
            rows = found[0]
            for other in found[1:]:
                rows = rows[_flags(other, size)[rows]]
            return rows
        case Without(wanted, unwanted):
            rows = _matching(wanted, known, starting, size)
            return rows[~_flags(_matching(unwanted, known, starting, size), size)[rows]]


def _any(lists: Sequence[Ids], size: int) -> Ids:
    full = [rows for rows in lists if len(rows)]
    if len(full) < 2:
        return full[0] if full else _NONE
    flags = np.zeros(size, np.bool_)
    for rows in full:
        flags[rows] = True
    return np.flatnonzero(flags).astype(np.int32)


def _flags(rows: Ids, size: int) -> Flags:
    flags = np.zeros(size, np.bool_)
    flags[rows] = True
    return flags
