"""One committed state of the Whoosh index, and the evaluation of a query on it with arrays instead of matchers.

Whoosh's matchers walk posting lists one document at a time in Python. Folding makes a small vocabulary and long
lists, so a list is decoded once, kept as an array, and a whole query is arithmetic on arrays.
"""

from __future__ import annotations

import functools
import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from whoosh.codec.whoosh3 import W3LeafMatcher
from whoosh.matching import FilterMatcher

from archive.search import keys
from archive.search.query import Clause, Code, Date, Phrase, Prefix, Query, Term, Word
from archive.search.whoosh_files import LENGTH

Ids = npt.NDArray[np.int32]
Weights = npt.NDArray[np.float32]

OWN, CITED = 20.0, 4.0
"""Boosts: the number or date is the document's own; it is named in its text."""
K1, B = 1.2, 0.75
MOST_PREFIX_WORDS = 50
FEW = 100
"""Fewer documents with every word than this: those that miss one are named as well."""
CACHED_POSTINGS = 6_000_000


@dataclass(frozen=True, slots=True)
class Postings:
    """Documents (ascending) that have a token, and how often or how well."""

    ids: Ids
    weights: Weights

    @classmethod
    def none(cls) -> Postings:
        return cls(np.empty(0, np.int32), np.empty(0, np.float32))


def union(many: Sequence[Postings]) -> Postings:
    """Documents in any of `many`, with the best weight."""
    full = [postings for postings in many if len(postings.ids)]
    if len(full) < 2:
        return full[0] if full else Postings.none()
    ids = np.concatenate([postings.ids for postings in full])
    weights = np.concatenate([postings.weights for postings in full])
    order = np.lexsort((-weights, ids))
    ids, weights = ids[order], weights[order]
    first = np.r_[True, ids[1:] != ids[:-1]]
    return Postings(ids[first], weights[first])


def intersection(many: Sequence[Postings]) -> Postings:
    """Documents in all of `many`, weights added."""
    ids: Ids = functools.reduce(lambda a, b: np.intersect1d(a, b, assume_unique=True), (p.ids for p in many))
    weights = np.zeros(len(ids), np.float32)
    for postings in many:
        weights += postings.weights[np.searchsorted(postings.ids, ids)]
    return Postings(ids, weights)


class Leaf:
    """One segment. Its postings never change; only its deletions do, and those are looked at elsewhere."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader
        self._kept: OrderedDict[tuple[str, str], Postings] = OrderedDict()
        self._size = 0
        self._identifiers: dict[int, str] = {}

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

    def identifier(self, number: int) -> str:
        """Id of a document."""
        if number not in self._identifiers:
            self._identifiers[number] = str(self.reader.stored_fields(number)["id"])
        return self._identifiers[number]


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

    def identifiers(self, numbers: Ids) -> list[str]:
        """Ids of the documents with these numbers."""
        leaves = np.searchsorted(self.offsets, numbers, side="right") - 1
        own = numbers - np.asarray(self.offsets, np.int32)[leaves]
        return [
            self.leaves[leaf].identifier(number) for leaf, number in zip(leaves.tolist(), own.tolist(), strict=True)
        ]

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

    def term(self, term: Term) -> Postings:
        """Documents of one term; of a phrase those with all its words, the text tells the rest."""
        match term:
            case Word():
                word = self._word(term.folded)
                return union([word, self._key("#" + keys.number(term.folded), 1.0)]) if term.folded.isdigit() else word
            case Prefix():
                return self._prefix(term.folded)
            case Phrase():
                return intersection([self._word(word.folded) for word in term.words])
            case Code():
                return self._code(term)
            case Date():
                return self._date(term)

    def _clause(self, clause: Clause) -> Postings:
        return union([self.term(term) for term in clause.terms])

    def _forbidden(self, clause: Clause) -> Postings:
        """Without phrases: all words of one in a document do not make the phrase, the text tells."""
        return union([self.term(term) for term in clause.terms if not isinstance(term, Phrase)])

    def evaluate(self, query: Query) -> tuple[Ids, Weights, npt.NDArray[np.bool_]]:
        """Numbers, scores, and whether every word is in it; unordered."""
        scores = np.zeros(len(self.deleted), np.float32)
        missing = np.zeros(len(self.deleted), np.int16)
        allowed = ~self.deleted
        for clause in query.clauses:
            if clause.negative:
                allowed[self._forbidden(clause).ids] = False
                continue
            found = self._clause(clause)
            if may_be_misread(clause):
                missing += 1
                missing[found.ids] -= 1
                scores[found.ids] += found.weights
            else:
                allowed &= _mask(found.ids, len(allowed))
                scores[found.ids] += found.weights
        words = sum(may_be_misread(clause) and not clause.negative for clause in query.clauses)
        chosen = allowed & (missing <= tolerated(words, missing, allowed))
        ids = np.flatnonzero(chosen).astype(np.int32)
        return ids, scores[ids], missing[ids] == 0


def may_be_misread(clause: Clause) -> bool:
    """Is it a plain word, of which one may be missing? Codes, dates, phrases, prefixes are meant as they are."""
    return all(isinstance(term, Word) for term in clause.terms)


def tolerated(words: int, missing: npt.NDArray[np.int16], allowed: npt.NDArray[np.bool_]) -> int:
    """How many of `words` may be missing: none where enough documents have all, else one, else as few as needed."""
    if words < 2:
        return 0
    counts = np.bincount(missing[allowed], minlength=words + 1)
    if counts[0] >= (FEW if words > 2 else 1):
        return 0
    least = next((n for n in range(words) if counts[n]), 0)
    return max(least, 1) if words > 2 else least


def _mask(ids: Ids, size: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros(size, np.bool_)
    mask[ids] = True
    return mask
