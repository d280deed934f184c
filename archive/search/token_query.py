"""A query as tokens that must be there, and what its answers are worth; the same for every engine that keeps tokens.

Keys begin with a colon, words of the head with ^, pairs of words with ~ (see token_rows.py). What is asked is a small
tree; each engine says it in its own language (sqlite_query.py, postgres_query.py) and answers with rows.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from archive.search import keys
from archive.search.entry import Found, Ids, Weights
from archive.search.query import Clause, Code, Date, Phrase, Prefix, Query, Term, Together, Word
from archive.search.token_rows import pair_tokens

OWN, IN_HEAD, TYPED = 3.0, 0.5, 0.5
"""What it is worth that a code or a date is the document's own, that a word stands in its head, that it stands there
as typed and not as it may have been misread."""
FEW = 20
KEPT_LISTS = 256
COUNTED = 5_000
"""A word in more documents than this is counted no further."""


@dataclass(frozen=True, slots=True)
class Token:
    """Rows that have it."""

    token: str


@dataclass(frozen=True, slots=True)
class Starts:
    """Rows that have a word that begins with it."""

    prefix: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Rows that match any of them."""

    ways: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Rows that match all of them."""

    parts: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Rows that match the one and not the other."""

    asked: Asked
    unwanted: Asked


Asked = Token | Starts | AnyOf | AllOf | Without


class Lists:
    """Which rows match, at one commit; rows that are dead never do. What an engine must answer stands below."""

    def __init__(self, size: int) -> None:
        self.size = size
        """All rows have smaller numbers."""
        self._kept: OrderedDict[Asked, Ids] = OrderedDict()
        self._counts: dict[str, int] = {}

    def of(self, asked: Asked) -> Ids:
        """Rows that match, ascending."""
        if asked not in self._kept:
            self._kept[asked] = self._rows(asked)
            if len(self._kept) > KEPT_LISTS:
                self._kept.popitem(last=False)
        return self._kept[asked]

    def counts(self, words: Sequence[str]) -> dict[str, int]:
        """How many rows have each of the words, up to COUNTED."""
        if new := [word for word in words if word not in self._counts]:
            self._counts |= dict.fromkeys(new, 0) | self._counted(new)
        return {word: self._counts[word] for word in words}

    def in_a_row(self, rows: Ids, words: Sequence[str]) -> Ids:
        """Those of `rows` in which the words stand one after another."""
        raise NotImplementedError

    def _rows(self, asked: Asked) -> Ids:
        """See of."""
        raise NotImplementedError

    def _counted(self, words: Sequence[str]) -> dict[str, int]:
        """See counts; words in none may be left out."""
        raise NotImplementedError


def any_of(ways: Iterable[Asked]) -> Asked:
    """Any of them."""
    return AnyOf(tuple(ways))


def all_of(parts: Iterable[Asked]) -> Asked:
    """All of them."""
    return AllOf(tuple(parts))


def beside(one: Word, other: Word, gap: int = 0) -> Asked:
    """`other`, or what it may have been misread as, stands after `one` and `gap` others."""
    ways = ((first, *[""] * gap, second) for first in one.ways for second in other.ways)
    return any_of(Token(pair_tokens(way, gap)[0]) for way in ways)


def _key(key: str) -> Asked:
    return Token(":" + key)


def expression(term: Term) -> Asked:
    """What an engine is asked for a term."""
    match term:
        case Word():
            number = [_key("#" + keys.number(term.folded))] if term.folded.isdigit() else []
            return any_of([*map(Token, term.ways), *number])
        case Prefix():
            return Starts(term.folded)
        case Phrase():
            in_a_row = [beside(one, other) for one, other in pairwise(term.words)]
            return all_of([*(Token(word.folded) for word in term.words), *in_a_row])
        case Together():
            return all_of(map(expression, term.words))
        case Code():
            loose = [all_of(Token(word.folded) for word in term.words)] if term.loose else []
            return any_of([_own_code(term), _key(keys.whole(term.parts)), *loose])
        case Date():
            return any_of([_key("=" + term.key), _key(term.key)])


def _own_code(code: Code) -> Asked:
    return all_of(map(_key, code.parts))


def _clause(clause: Clause) -> Asked:
    return any_of(map(expression, clause.every))


def _but(asked: Asked, unwanted: Asked | None) -> Asked:
    return Without(asked, unwanted) if unwanted else asked


def best(lists: Lists, names: Sequence[str], query: Query, limit: int | None) -> Found:
    """The best `limit` documents; `names` are those of all rows."""
    numbers, scores, whole = evaluate(lists, query)
    order = np.lexsort((-numbers, -scores))[:limit]
    return Found(names, numbers[order], scores[order], whole[order], len(numbers))


def evaluate(lists: Lists, query: Query) -> tuple[Ids, Weights, npt.NDArray[np.bool_]]:
    """Rows, scores, and whether every word is in it."""
    wanted = [clause for clause in query.clauses if not clause.negative]
    unwanted = [
        expression(term) for clause in query.clauses if clause.negative
        for term in clause.every if not isinstance(term, Phrase)
    ]  # fmt: skip
    without = any_of(unwanted) if unwanted else None
    whole = _checked(lists, query, lists.of(_but(all_of(map(_clause, wanted)), without)))
    near = _checked(lists, query, _near(lists, query, whole, wanted, without))
    if not len(whole) and not len(near):
        near = _checked(lists, query, _fewest(lists, wanted, without))
    rows = np.concatenate([whole, near])
    return rows, _scored(lists, query, rows), np.arange(len(rows)) < len(whole)


def _checked(lists: Lists, query: Query, rows: Ids) -> Ids:
    """Those of `rows` that have the quoted words one after another, or do not have them, as is asked."""
    for clause in query.clauses:
        if any(isinstance(term, Phrase) for term in clause.terms):
            holds = np.logical_or.reduce([_holds(lists, term, rows) for term in clause.every])
            rows = rows[holds != clause.negative]
    return rows


def _holds(lists: Lists, term: Term, rows: Ids) -> npt.NDArray[np.bool_]:
    found = np.isin(rows, lists.of(expression(term)))
    if isinstance(term, Phrase):
        found = np.isin(rows, lists.in_a_row(rows[found], [word.folded for word in term.words]))
    return found


def may_be_misread(clause: Clause) -> bool:
    """Is it a plain word, of which one may be missing?"""
    return all(isinstance(term, Word) for term in clause.terms)


def _near(lists: Lists, query: Query, whole: Ids, wanted: Sequence[Clause], without: Asked | None) -> Ids:
    """Rows that lack one word where it may stand misread: the others stand around its place."""
    run = query.runs[0] if len(query.runs) == 1 else ()
    plain = [clause for clause in wanted if may_be_misread(clause)]
    if len(run) < 3 or len(plain) != len(run):
        return np.empty(0, np.int32)
    in_a_row = all_of([*map(_clause, wanted), *(beside(one, other) for one, other in pairwise(run))])
    if len(whole) >= FEW and len(lists.of(_but(in_a_row, without))) >= FEW:
        return np.empty(0, np.int32)
    around = (all_of(_around(run, place, wanted, plain[place])) for place in range(len(run)))
    found = [lists.of(_but(asked, without)) for asked in around]
    return np.setdiff1d(np.unique(np.concatenate(found)), whole).astype(np.int32)


def _around(run: Sequence[Word], place: int, wanted: Sequence[Clause], lacking: Clause) -> list[Asked]:
    parts = [_clause(clause) for clause in wanted if clause is not lacking]
    parts += [beside(run[n], run[n + 1]) for n in range(len(run) - 1) if place not in (n, n + 1)]
    if 0 < place < len(run) - 1:
        parts.append(beside(run[place - 1], run[place + 1], 1))
    return parts


def _fewest(lists: Lists, wanted: Sequence[Clause], without: Asked | None) -> Ids:
    """No row has all of the words: those that have most of them."""
    plain = [clause for clause in wanted if may_be_misread(clause)]
    meant = [_clause(clause) for clause in wanted if not may_be_misread(clause)]
    have = np.zeros(lists.size, np.int16)
    for clause in plain:
        have[lists.of(_but(all_of([_clause(clause), *meant]), without))] += 1
    most = int(have.max(initial=0))
    return np.flatnonzero(have == most).astype(np.int32) if most and len(plain) > 1 else np.empty(0, np.int32)


def _scored(lists: Lists, query: Query, rows: Ids) -> Weights:
    """What stands side by side, in the head, as typed; and among equals what came last."""
    scores = np.asarray(rows / max(lists.size, 1) / 1000, np.float32)
    for run in query.runs:
        for one, other in pairwise(run):
            _add(scores, rows, lists.of(beside(one, other)), 1.0)
        for word in run:
            _add(scores, rows, lists.of(Token("^" + word.folded)), IN_HEAD)
            if word.slips:
                _add(scores, rows, lists.of(Token(word.folded)), TYPED)
    for clause in query.clauses:
        if clause.also:
            _add(scores, rows, lists.of(any_of(map(expression, clause.terms))), TYPED)
    for term in query.positive:
        if isinstance(term, Code):
            _add(scores, rows, lists.of(_own_code(term)), OWN)
        elif isinstance(term, Date):
            _add(scores, rows, lists.of(_key("=" + term.key)), OWN)
    return scores


def _add(scores: Weights, rows: Ids, having: Ids, weight: float) -> None:
    """Adds to those of `rows` that are `having` it, the rarer the more."""
    found = np.isin(rows, having)
    scores += found * np.float32(weight * math.log(1 + (len(rows) + 1) / (np.count_nonzero(found) + 0.5)))
