"""One committed state of the Whoosh index, and the evaluation of a query on it with arrays instead of matchers.

Whoosh's matchers walk posting lists one document at a time in Python. Folding makes a small vocabulary and long
lists, so a list is decoded once, kept as an array, and a whole query is arithmetic on arrays.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from whoosh.codec.whoosh3 import W3LeafMatcher
from whoosh.matching import FilterMatcher

from archive.search import keys, pairs
from archive.search.entry import Ids, Weights
from archive.search.phrases import in_a_row
from archive.search.postings import Postings, intersection, union
from archive.search.query import Clause, Code, Date, Phrase, Prefix, Query, Term, Together, Word
from archive.search.whoosh_files import LENGTH

OWN, CITED = 20.0, 4.0
"""Boosts: the number or date is the document's own; it is named in its text."""
K1, B = 1.2, 0.75
MOST_PREFIX_WORDS = 50
COUNTED = 5_000
"""A word in more documents than this is common, however many of them are deleted."""
FEW = 20
"""Fewer documents than this have all the words in a row: those where one may be misread are named as well."""
SLIP, ALSO = 0.5, 0.7
"""What a word one slip away is worth, and an abbreviation for what it stands for."""
CACHED_POSTINGS = 6_000_000


class Leaf:
    """One segment. Its postings never change; only its deletions do, and those are looked at elsewhere."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader
        self._kept: OrderedDict[tuple[str, str], Postings] = OrderedDict()
        self._size = 0

    @functools.cached_property
    def lengths(self) -> Weights:
        """Words in the body of each document."""
        known = self.postings("key", LENGTH)
        lengths = np.ones(self.reader.doc_count_all(), np.float32)
        lengths[known.ids] = known.weights
        return lengths

    def postings(self, name: str, token: str) -> Postings:
        """Of a token in the field `name`; document numbers are the segment's."""
        kept = self._kept.get((name, token))
        if kept is None:
            kept = self._decoded(name, token)
            self._keep((name, token), kept)
        else:
            self._kept.move_to_end((name, token))
        return kept

    def _decoded(self, name: str, token: str) -> Postings:
        if (name, token) not in self.reader:
            return Postings.none()
        matcher = self.reader.postings(name, token)
        if isinstance(matcher, FilterMatcher):
            matcher = matcher.child  # deletions are looked at elsewhere
        ids: list[int] = []
        weights: list[float] = []
        while matcher.is_active():
            _take(matcher, ids, weights)
        if ids and not 0 <= ids[0] <= max(ids) < self.reader.doc_count_all():
            raise ValueError("postings name documents that the segment does not have")
        return Postings(np.array(ids, np.int32), np.array(weights, np.float32))

    def _keep(self, key: tuple[str, str], postings: Postings) -> None:
        self._kept[key] = postings
        self._size += len(postings.ids)
        while self._size > CACHED_POSTINGS and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._size -= len(oldest.ids)

    def words_with(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Words of the bodies that begin with `prefix`, and in how many documents they stand."""
        for word in self.reader.expand_prefix("body", prefix):
            yield word.decode(), self.reader.doc_frequency("body", word)

    def count(self, word: str) -> int:
        """In how many documents a word of the bodies stands."""
        return int(self.reader.doc_frequency("body", word)) if ("body", word) in self.reader else 0

    @functools.cached_property
    def names(self) -> list[str]:
        """Ids of the documents."""
        column = self.reader.column_reader("name")
        return [bytes(column[number]).decode() for number in range(self.reader.doc_count_all())]

    @functools.cached_property
    def pairs(self) -> pairs.Bits:
        """The bits of each document (see pairs.py)."""
        column = self.reader.column_reader("pairs")
        every = b"".join(column[number] for number in range(self.reader.doc_count_all()))
        return np.frombuffer(every, np.uint8).reshape(-1, pairs.BYTES)

    @functools.cached_property
    def sequences(self) -> list[bytes]:
        """The words of each document in order (see phrases.py)."""
        column = self.reader.column_reader("sequence")
        return [bytes(column[number]) for number in range(self.reader.doc_count_all())]

    @functools.cached_property
    def doubt(self) -> Weights:
        """How often the bits of each document say more than is true."""
        return pairs.fullness(self.pairs)


def _take(matcher: Any, ids: list[int], weights: list[float]) -> None:
    """Moves on by a posting, or by a block of 128 where the matcher reads the file itself."""
    first, weight = matcher.id(), matcher.weight()  # makes it read the block
    if isinstance(matcher, W3LeafMatcher):
        ids.extend(matcher._ids)
        weights.extend(matcher._weights)
        matcher._next_block()
    else:
        ids.append(first)
        weights.append(weight)
        matcher.next()


@dataclass(frozen=True)
class Snapshot:
    """The segments of one commit; documents are numbered through all of them."""

    leaves: tuple[Leaf, ...]
    deleted: npt.NDArray[np.bool_]
    offsets: tuple[int, ...] = field(default=())

    @property
    def documents(self) -> int:
        """How many documents can be found."""
        return int(len(self.deleted) - self.deleted.sum())

    @functools.cached_property
    def _length_norm(self) -> Weights:
        lengths = np.concatenate([leaf.lengths for leaf in self.leaves])
        mean = float(lengths.mean()) or 1.0
        return np.asarray(K1 * (1 - B + B * lengths / mean), np.float32)

    @functools.cached_property
    def names(self) -> list[str]:
        """Id of each document, also of those that are deleted."""
        return [name for leaf in self.leaves for name in leaf.names]

    def having(self, word: str) -> Ids:
        """Documents with the word."""
        found = self._raw("body", word).ids
        return found[~self.deleted[found]]

    def _places(self, numbers: Ids) -> tuple[Ids, Ids]:
        """The segment of each document, and its number there."""
        leaves = np.asarray(np.searchsorted(self.offsets, numbers, side="right") - 1, np.int32)
        return leaves, numbers - np.asarray(self.offsets, np.int32)[leaves]

    def _beside(self, numbers: Ids, one: Word, other: Word, gap: int = 0) -> npt.NDArray[np.bool_]:
        """May `other`, or what it may have been misread as, stand after `one` and `gap` others?"""
        leaves, own = self._places(numbers)
        found = np.zeros(len(numbers), np.bool_)
        for n, leaf in enumerate(self.leaves):
            if len(rows := np.flatnonzero(leaves == n)):
                for first, second in itertools.product(one.ways, other.ways):
                    found[rows] |= pairs.has(leaf.pairs, own[rows], first, second, gap)
        return found

    def _doubt(self, numbers: Ids) -> Weights:
        leaves, own = self._places(numbers)
        doubt = np.zeros(len(numbers), np.float32)
        for n, leaf in enumerate(self.leaves):
            rows = leaves == n
            doubt[rows] = leaf.doubt[own[rows]] if rows.any() else 0
        return doubt

    def frequencies(self, words: Sequence[str]) -> dict[str, int]:
        """In how many documents each of the words stands; in more than COUNTED, with those that are deleted."""
        counts = {word: sum(leaf.count(word) for leaf in self.leaves) for word in words}
        dead = self.deleted.any()
        return {word: len(self.having(word)) if dead and 0 < n <= COUNTED else n for word, n in counts.items()}

    def number_of(self, identifier: str) -> Iterator[int]:
        """Numbers under which a document stands that is not deleted (one, or none)."""
        for number in self._raw("id", identifier).ids:
            if not self.deleted[number]:
                yield int(number)

    def _raw(self, name: str, token: str) -> Postings:
        parts = [leaf.postings(name, token) for leaf in self.leaves]
        if not parts:
            return Postings.none()
        return Postings(
            np.concatenate([p.ids + np.int32(at) for p, at in zip(parts, self.offsets, strict=True)]),
            np.concatenate([p.weights for p in parts]),
        )

    def _rarity(self, count: int) -> float:
        everything = len(self.deleted)
        return math.log(1 + (everything - count + 0.5) / (count + 0.5))

    def _word(self, word: str) -> Postings:
        """BM25."""
        raw = self._raw("body", word)
        if not len(raw.ids):
            return raw
        often = raw.weights
        return Postings(raw.ids, self._rarity(len(raw.ids)) * often * (K1 + 1) / (often + self._length_norm[raw.ids]))

    def _key(self, key: str, boost: float) -> Postings:
        raw = self._raw("key", key)
        weight = boost * self._rarity(len(raw.ids))
        return Postings(raw.ids, np.full(len(raw.ids), weight, np.float32))

    def _prefix(self, prefix: str) -> Postings:
        frequency: dict[str, int] = {}
        for leaf in self.leaves:
            for word, count in leaf.words_with(prefix):
                frequency[word] = frequency.get(word, 0) + count
        best = sorted(frequency, key=lambda word: (-frequency[word], word))[:MOST_PREFIX_WORDS]
        return union([self._word(word) for word in best])

    def _code(self, code: Code) -> Postings:
        own = intersection([self._key(part, OWN) for part in code.parts])
        ways = [own, self._key(keys.whole(code.parts), CITED)]
        if code.loose:
            ways.append(intersection([self._word(word.folded) for word in code.words]))
        return union(ways)

    def _date(self, date: Date) -> Postings:
        return union([self._key("=" + date.key, OWN), self._key(date.key, CITED)])

    def _spelled(self, word: Word) -> Postings:
        """Of the word, of the number it is, and with less weight of what it may have been misread as."""
        ways = [self._word(word.folded)]
        if word.folded.isdigit():
            ways.append(self._key("#" + keys.number(word.folded), 1.0))
        for slip in word.slips:
            found = self._word(slip)
            ways.append(Postings(found.ids, found.weights * np.float32(SLIP)))
        return union(ways)

    def _phrase(self, words: Sequence[Word]) -> Postings:
        """Documents in which the words stand one after another."""
        found = intersection([self._word(word.folded) for word in words])
        for one, other in pairwise(words):
            kept = self._beside(found.ids, one, other)
            found = Postings(found.ids[kept], found.weights[kept])
        wanted = in_a_row([word.folded for word in words])
        leaves, own = self._places(found.ids)
        there = [wanted in self.leaves[n].sequences[at] for n, at in zip(leaves.tolist(), own.tolist(), strict=True)]
        kept = np.array(there, np.bool_)
        return Postings(found.ids[kept], found.weights[kept])

    def term(self, term: Term) -> Postings:
        """Documents of one term."""
        match term:
            case Word():
                return self._spelled(term)
            case Prefix():
                return self._prefix(term.folded)
            case Phrase():
                return self._phrase(term.words)
            case Together():
                return intersection([self._spelled(word) for word in term.words])
            case Code():
                return self._code(term)
            case Date():
                return self._date(term)

    def _clause(self, clause: Clause) -> Postings:
        found = [self.term(term) for term in clause.terms]
        for term in clause.also:
            same = self.term(term)
            found.append(Postings(same.ids, same.weights * np.float32(ALSO)))
        return union(found)

    def _forbidden(self, clause: Clause) -> Postings:
        return union([self.term(term) for term in clause.every])

    def evaluate(self, query: Query) -> tuple[Ids, Weights, npt.NDArray[np.bool_]]:
        """Numbers, scores, and whether every word is in it; unordered."""
        size = len(self.deleted)
        scores, missing = np.zeros(size, np.float32), np.zeros(size, np.int16)
        allowed = ~self.deleted
        for clause in query.clauses:
            if clause.negative:
                allowed[self._forbidden(clause).ids] = False
                continue
            found = self._clause(clause)
            if may_be_misread(clause):
                missing += 1
                missing[found.ids] -= 1
            else:
                allowed &= _mask(found.ids, size)
            scores[found.ids] += found.weights
        whole = np.flatnonzero(allowed & (missing == 0)).astype(np.int32)
        near = self._near(query, whole, np.flatnonzero(allowed & (missing == 1)).astype(np.int32))
        if not len(whole) and not len(near):
            near = _fewest(missing, allowed, sum(may_be_misread(c) for c in query.clauses if not c.negative))
        ids = np.concatenate([whole, near])
        return ids, self._scored(query, ids, scores[ids]), np.arange(len(ids)) < len(whole)

    def _near(self, query: Query, whole: Ids, lacking: Ids) -> Ids:
        """Of the documents that lack one word those where it may stand misread: the others stand around its place."""
        run = query.runs[0] if len(query.runs) == 1 else ()
        words = sum(may_be_misread(clause) and not clause.negative for clause in query.clauses)
        if len(run) < 3 or words != len(run) or not len(lacking):
            return np.empty(0, np.int32)
        if len(whole) >= FEW and np.count_nonzero(self._in_a_row(whole, run)) >= FEW:
            return np.empty(0, np.int32)
        beside = [self._beside(lacking, one, other) for one, other in pairwise(run)]
        apart = [self._beside(lacking, one, other, 1) for one, other in zip(run, run[2:], strict=False)]
        near = np.zeros(len(lacking), np.bool_)
        for place in range(len(run)):
            kept = [found for n, found in enumerate(beside) if place not in (n, n + 1)]
            if 0 < place < len(run) - 1:
                kept.append(apart[place - 1])
            near |= np.logical_and.reduce(kept)
        return lacking[near]

    def _in_a_row(self, numbers: Ids, run: Sequence[Word]) -> npt.NDArray[np.bool_]:
        found: npt.NDArray[np.bool_] = np.logical_and.reduce(
            [self._beside(numbers, one, other) for one, other in pairwise(run)]
        )
        return found

    def _scored(self, query: Query, ids: Ids, scores: Weights) -> Weights:
        """Scores as parts of the best, and what standing side by side is worth."""
        scores = scores / (float(scores.max(initial=0.0)) or 1.0)
        pairs_of = [pair for run in query.runs for pair in pairwise(run)]
        if not pairs_of or not len(ids):
            return scores
        sure = 1 - self._doubt(ids)
        for one, other in pairs_of:
            found = self._beside(ids, one, other)
            scores += found * sure * np.float32(math.log(1 + (len(ids) + 1) / (np.count_nonzero(found) + 0.5)))
        return np.asarray(scores, np.float32)


def best_first(numbers: Ids, scores: Weights) -> npt.NDArray[np.intp]:
    """In which order they are shown; among equals what came last."""
    return np.lexsort((-numbers, -scores))


def may_be_misread(clause: Clause) -> bool:
    """Is it a plain word, of which one may be missing? Codes, dates, phrases, prefixes are meant as they are."""
    return all(isinstance(term, Word) for term in clause.terms)


def _fewest(missing: npt.NDArray[np.int16], allowed: npt.NDArray[np.bool_], words: int) -> Ids:
    """No document has all of the words: those that have most of them."""
    counts = np.bincount(missing[allowed], minlength=words + 1)
    least = next((n for n in range(words) if counts[n]), None)
    return np.flatnonzero(allowed & (missing == least)).astype(np.int32) if least else np.empty(0, np.int32)


def _mask(ids: Ids, size: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros(size, np.bool_)
    mask[ids] = True
    return mask
