"""What has most of the words, where no paper that a person may see has them all.

The engine knows this of all papers together. Its answer to one who may not see them all would tell of the others: a
hidden paper that has the words would take away what is found without it.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from archive.search.index import Index
from archive.search.query import Clause, Query, Word
from archive.search.view import Seen, View


def as_seen(view: View, index: Index, query: Query, seen: Seen) -> Seen:
    """`seen`, or when it is nothing what the person would find were the papers that they may not see not there.

    Raises IndexBroken.
    """
    return _with_most_words(view, index, query) if view.restricted and not len(seen.places) else seen


def _with_most_words(view: View, index: Index, query: Query) -> Seen:
    simple = [clause for clause in query.clauses if _is_simple(clause)]
    others = tuple(clause for clause in query.clauses if not _is_simple(clause))
    facts = view.whole()
    words, scores = np.zeros(facts.size, np.int16), np.zeros(facts.size, np.float32)
    for clause in simple if len(simple) > 1 else ():
        seen = view.seen(index.search(dataclasses.replace(query, clauses=(clause, *others)), None))
        words[seen.places] += 1
        scores[seen.places] += seen.scores
    best = np.flatnonzero((words == words.max(initial=0)) & (words > 0)).astype(np.int32)
    order = np.lexsort((facts.ranks("came")[best], -scores[best]))
    return Seen(facts, best[order], scores[best[order]], np.zeros(len(best), np.bool_))


def _is_simple(clause: Clause) -> bool:
    return not clause.negative and all(isinstance(term, Word) for term in clause.terms)
