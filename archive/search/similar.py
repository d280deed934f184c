"""More like this: papers with the same rare pairs of words, those of its subject first."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.errors import IndexBroken
from archive.models import Document
from archive.search.conditions import Condition
from archive.search.index import Index
from archive.search.query import Clause, Phrase, Query, Word
from archive.search.results import Result, results_of
from archive.search.view import View

MOST_PAIRS = 12
MOST_WORDS = 400
MOST_FOUND = 400
IN_HEAD = 3.0
COMMON = 0.2
"""A pair in more than this part of all papers tells nothing."""


def alike(
    session: Session, index: Index, document_id: str, user_filter: Condition, *, limit: int = 5
) -> tuple[Result, ...]:
    """Papers like this one that the person may see, most alike first; none for a paper they may not see."""
    own = sa.select(Document.folded).where(Document.id == document_id, user_filter)
    line = session.scalar(own)
    if not line:
        return ()
    try:
        scores = _scores(View(session, user_filter), index, line)
    except IndexBroken:
        return ()
    scores.pop(document_id, None)
    best = sorted(scores, key=lambda name: (-scores[name], name))[:limit]
    return tuple(results_of(session, Query(), [(name, round(scores[name], 3)) for name in best], user_filter))


def _scores(view: View, index: Index, line: str) -> dict[str, float]:
    """Of papers that may be seen; the others change nothing."""
    documents = max(index.documents, 1)
    scores: dict[str, float] = defaultdict(float)
    for first, second in _telling(index, line, documents):
        words = (Word(first, first), Word(second, second))
        seen = view.seen(index.search(Query(clauses=(Clause((Phrase(words),)),)), None))
        total = len(seen.places)
        if total <= max(3, COMMON * documents):
            for name in seen.ids(MOST_FOUND):
                scores[name] += math.log(1 + documents / max(total, 1))
    return scores


def _telling(index: Index, line: str, documents: int) -> list[tuple[str, str]]:
    """The adjacent pairs of words of `line` that tell most: often in it, rare in the archive."""
    counts: dict[tuple[str, str], float] = defaultdict(float)
    for n, part in enumerate(line.split(" | ")):
        words = [word for word in part.split() if word.isalpha()][:MOST_WORDS]
        for pair in pairwise(words):
            counts[pair] += IN_HEAD if n == 1 else 1.0
    known = index.frequencies(sorted({word for pair in counts for word in pair}))

    def worth(pair: tuple[str, str]) -> float:
        rarity = [math.log(1 + documents / max(known.get(word, 1), 1)) for word in pair]
        return math.log(1 + counts[pair]) * sum(rarity) if min(len(word) for word in pair) > 1 else 0.0

    return sorted(counts, key=lambda pair: (-worth(pair), pair))[:MOST_PAIRS]
