"""One slip: what a reader or a typist makes of a word, and which words of the archive that may have been."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from archive.search.query import Clause, Query, Term, Together, Word

SHORTEST, LONGEST = 3, 20
"""Letters of a word that may have been misread."""
MOST = 6
RARE = 1000
"""A word in at most one of so many documents may be a slip (and in two documents always)."""
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
# Letters that readers take for one another, and runs of letters that look like one.
_ALIKE = ("nhubr", "ecoa", "iljt1f", "mn", "dcl", "gqy9", "vuyr", "kx", "sz5", "o0", "pq")
_RUNS = (("rn", "m"), ("cl", "d"), ("li", "h"), ("ii", "u"), ("vv", "w"), ("ri", "n"), ("in", "m"), ("ci", "a"))

Frequencies = Callable[[Sequence[str]], Mapping[str, int]]
"""From folded words to how many documents have each; words in none may be left out."""


def likely(word: str) -> set[str]:
    """Words that look like `word` to a reader, by one letter or one run of letters."""
    found = {
        word[:n] + other + word[n + 1 :]
        for n, letter in enumerate(word) for group in _ALIKE if letter in group for other in group
    }  # fmt: skip
    for pair in _RUNS:
        for one, other in (pair, pair[::-1]):
            found |= {word[:n] + other + word[n + len(one) :] for n in range(len(word)) if word.startswith(one, n)}
    return found - {word}


@functools.lru_cache(maxsize=1024)
def possible(word: str) -> frozenset[str]:
    """Words one letter away: another, one more, one less, two swapped; and those that look alike."""
    cuts = [(word[:n], word[n:]) for n in range(len(word) + 1)]
    found = {a + letter + b[rest:] for a, b in cuts for letter in _ALPHABET for rest in (0, 1)}
    found |= {a + b[1:] for a, b in cuts if b} | {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    return frozenset(found | likely(word)) - {word}


def neighbours(word: str, frequencies: Frequencies, typed: Collection[str] = ()) -> list[str]:
    """The words of the archive one slip away from the folded `word`, at most MOST; likely and frequent ones first.

    Not those of `typed`: asked for beside it, they stand for themselves, and one word in a paper is not two.
    """
    if not (SHORTEST <= len(word) <= LONGEST and word.isascii() and word.isalpha()):
        return []
    known = frequencies(sorted(possible(word).difference(typed)))
    alike = likely(word)
    worth = {other: count * (3 if other in alike else 1) for other, count in known.items() if count}
    return sorted(worth, key=lambda other: (-worth[other], other))[:MOST]


def is_rare(count: int, documents: int) -> bool:
    """May a word in `count` of `documents` documents be a slip?"""
    return count <= max(2, documents // RARE)


def with_slips(query: Query, documents: int, frequencies: Frequencies) -> Query:
    """`query` with the neighbours of those words that hardly any document has."""
    typed = {word.folded for clause in query.clauses if not clause.negative for word in _words(clause.terms)}
    known = frequencies(sorted(typed))
    near = {
        word: tuple(neighbours(word, frequencies, typed))
        for word in typed if is_rare(known.get(word, 0), documents) and not _is_code(word)
    }  # fmt: skip
    if not any(near.values()):
        return query
    return dataclasses.replace(query, clauses=tuple(_widened(clause, near) for clause in query.clauses))


def _is_code(word: str) -> bool:
    """`cv`, `hd`, `qdd`: letters of a symbol, which differ by one from many others."""
    return len(word) < 4 and not set(word) & set("aeiouy")


def _words(terms: Iterable[Term]) -> Iterator[Word]:
    for term in terms:
        if isinstance(term, Word):
            yield term
        elif isinstance(term, Together):
            yield from term.words


def _widened(clause: Clause, near: Mapping[str, tuple[str, ...]]) -> Clause:
    return clause if clause.negative else dataclasses.replace(clause, terms=tuple(_wide(t, near) for t in clause.terms))


def _wide(term: Term, near: Mapping[str, tuple[str, ...]]) -> Term:
    if isinstance(term, Word):
        return dataclasses.replace(term, slips=near.get(term.folded, ()))
    if isinstance(term, Together):
        return Together(tuple(dataclasses.replace(word, slips=near.get(word.folded, ())) for word in term.words))
    return term
