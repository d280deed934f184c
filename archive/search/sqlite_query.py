"""A query as FTS5 is asked it, and what its answers are worth."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from archive.search import keys, pairs
from archive.search.entry import Ids, Weights
from archive.search.phrases import in_a_row
from archive.search.query import Clause, Code, Date, Phrase, Prefix, Query, Term, Together, Word

OWN, IN_HEAD, TYPED = 3.0, 0.5, 0.5
"""What it is worth that a code or a date is the document's own, that a word stands in its head, that it stands there
as typed and not as it may have been misread."""
FEW = 20
KEPT_LISTS = 256
BUCKETS = 1 << 20


class Lists:
    """Which rows match, at one commit."""

    def __init__(self, connection: sqlite3.Connection, size: int) -> None:
        self._connection, self.size = connection, size
        self._kept: OrderedDict[str, Ids] = OrderedDict()

    def of(self, asked: str) -> Ids:
        """Rows that match, ascending."""
        if asked not in self._kept:
            # One long string is read several times faster than as many rows.
            found = self._connection.execute("SELECT group_concat(rowid) FROM token WHERE token MATCH ?", (asked,))
            self._kept[asked] = np.fromstring(found.fetchone()[0] or "", np.int32, sep=",")
            if len(self._kept) > KEPT_LISTS:
                self._kept.popitem(last=False)
        return self._kept[asked]

    def in_a_row(self, rows: Ids, words: Sequence[str]) -> Ids:
        """Those of `rows` in which the words stand one after another."""
        asked = (
            "SELECT group_concat(number) FROM sequence"
            " WHERE number IN (SELECT value FROM json_each(?)) AND instr(words, ?) > 0"
        )
        found = self._connection.execute(asked, (json.dumps(rows.tolist()), in_a_row(words)))
        return np.fromstring(found.fetchone()[0] or "", np.int32, sep=",")

    def count(self, word: str, most: int) -> int:
        """How many rows have the word, up to `most`."""
        asked = "SELECT count(*) FROM (SELECT 1 FROM token WHERE token MATCH ? LIMIT ?)"
        return int(self._connection.execute(asked, (quoted(word), most)).fetchone()[0])


def quoted(token: str) -> str:
    """A token as FTS5 reads it literally."""
    return '"' + token.replace('"', '""') + '"'


def any_of(ways: Iterable[str]) -> str:
    """Any of the expressions."""
    return f"({' OR '.join(ways)})"


def all_of(parts: Iterable[str]) -> str:
    """All of the expressions."""
    return f"({' AND '.join(parts)})"


def beside(one: Word, other: Word, gap: int = 0) -> str:
    """`other`, or what it may have been misread as, stands after `one` and `gap` others."""
    ways = ((first, *[""] * gap, second) for first in one.ways for second in other.ways)
    return any_of(quoted(pair_tokens(way, gap)[0]) for way in ways)


def pair_tokens(words: Sequence[str], gap: int = 0) -> list[str]:
    """The tokens of each two words with `gap` others between them."""
    mark = "~" if gap == 0 else "~-"
    return [f"{mark}{bucket:x}" for bucket in pairs.buckets(words, BUCKETS, gap).tolist()]


def _key(key: str) -> str:
    return quoted(":" + key)


def expression(term: Term) -> str:
    """What FTS5 is asked for a term."""
    match term:
        case Word():
            number = [_key("#" + keys.number(term.folded))] if term.folded.isdigit() else []
            return any_of([*map(quoted, term.ways), *number])
        case Prefix():
            return quoted(term.folded) + " *"
        case Phrase():
            in_a_row = [beside(one, other) for one, other in pairwise(term.words)]
            return all_of([*(quoted(word.folded) for word in term.words), *in_a_row])
        case Together():
            return all_of(map(expression, term.words))
        case Code():
            loose = [all_of(quoted(word.folded) for word in term.words)] if term.loose else []
            return any_of([_own_code(term), _key(keys.whole(term.parts)), *loose])
        case Date():
            return any_of([_key("=" + term.key), _key(term.key)])


def _own_code(code: Code) -> str:
    return all_of(map(_key, code.parts))


def _clause(clause: Clause) -> str:
    return any_of(map(expression, clause.every))


def evaluate(lists: Lists, query: Query) -> tuple[Ids, Weights, npt.NDArray[np.bool_]]:
    """Rows, scores, and whether every word is in it; dead rows too."""
    wanted = [clause for clause in query.clauses if not clause.negative]
    unwanted = [
        expression(term) for clause in query.clauses if clause.negative
        for term in clause.every if not isinstance(term, Phrase)
    ]  # fmt: skip
    without = f" NOT {any_of(unwanted)}" if unwanted else ""
    whole = _checked(lists, query, lists.of(all_of(map(_clause, wanted)) + without))
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


def _near(lists: Lists, query: Query, whole: Ids, wanted: Sequence[Clause], without: str) -> Ids:
    """Rows that lack one word where it may stand misread: the others stand around its place."""
    run = query.runs[0] if len(query.runs) == 1 else ()
    plain = [clause for clause in wanted if may_be_misread(clause)]
    if len(run) < 3 or len(plain) != len(run):
        return np.empty(0, np.int32)
    in_a_row = all_of([*map(_clause, wanted), *(beside(one, other) for one, other in pairwise(run))])
    if len(whole) >= FEW and len(lists.of(in_a_row + without)) >= FEW:
        return np.empty(0, np.int32)
    found = [lists.of(all_of(_around(run, place, wanted, plain[place])) + without) for place in range(len(run))]
    return np.setdiff1d(np.unique(np.concatenate(found)), whole).astype(np.int32)


def _around(run: Sequence[Word], place: int, wanted: Sequence[Clause], lacking: Clause) -> list[str]:
    parts = [_clause(clause) for clause in wanted if clause is not lacking]
    parts += [beside(run[n], run[n + 1]) for n in range(len(run) - 1) if place not in (n, n + 1)]
    if 0 < place < len(run) - 1:
        parts.append(beside(run[place - 1], run[place + 1], 1))
    return parts


def _fewest(lists: Lists, wanted: Sequence[Clause], without: str) -> Ids:
    """No row has all of the words: those that have most of them."""
    plain = [clause for clause in wanted if may_be_misread(clause)]
    meant = [_clause(clause) for clause in wanted if not may_be_misread(clause)]
    have = np.zeros(lists.size, np.int16)
    for clause in plain:
        have[lists.of(all_of([_clause(clause), *meant]) + without)] += 1
    most = int(have.max(initial=0))
    return np.flatnonzero(have == most).astype(np.int32) if most and len(plain) > 1 else np.empty(0, np.int32)


def _scored(lists: Lists, query: Query, rows: Ids) -> Weights:
    """What stands side by side, in the head, as typed; and among equals what came last."""
    scores = np.asarray(rows / max(lists.size, 1) / 1000, np.float32)
    for run in query.runs:
        for one, other in pairwise(run):
            _add(scores, rows, lists.of(beside(one, other)), 1.0)
        for word in run:
            _add(scores, rows, lists.of(quoted("^" + word.folded)), IN_HEAD)
            if word.slips:
                _add(scores, rows, lists.of(quoted(word.folded)), TYPED)
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
