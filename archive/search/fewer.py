"""What has most of the words, where no paper that a person may see has them all.

The engine knows this of all papers together. Its answer to one who may not see them all would tell of the others: a
hidden paper that has the words would take away what is found without it.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import Document
from archive.search.conditions import Condition, among
from archive.search.entry import Found, Hit
from archive.search.index import Index
from archive.search.query import Clause, Query, Word

MOST = 20_000
"""Papers that are looked at for each word."""


def as_seen(session: Session, index: Index, query: Query, found: Found, user_filter: Condition) -> Found:
    """`found`, or when the person may see none of it what they would find were the others not there.

    Raises IndexBroken.
    """
    if isinstance(user_filter, sa.True_) or _seen(session, [hit.id for hit in found.hits], user_filter, most=1):
        return found
    return _with_most_words(session, index, query, user_filter)


def _seen(session: Session, ids: list[str], user_filter: Condition, most: int | None = None) -> set[str]:
    return set(session.scalars(sa.select(Document.id).where(among(session, ids), user_filter).limit(most)))


def _with_most_words(session: Session, index: Index, query: Query, user_filter: Condition) -> Found:
    plain = [clause for clause in query.clauses if _is_plain(clause)]
    others = tuple(clause for clause in query.clauses if not _is_plain(clause))
    if len(plain) < 2:
        return Found()
    words: Counter[str] = Counter()
    scores: defaultdict[str, float] = defaultdict(float)
    for clause in plain:
        for hit in index.search(dataclasses.replace(query, clauses=(clause, *others)), MOST).hits:
            words[hit.id] += 1
            scores[hit.id] += hit.score
    seen = _seen(session, list(words), user_filter)
    most = max((words[name] for name in seen), default=0)
    best = sorted((name for name in seen if words[name] == most), key=lambda name: (-scores[name], name))
    return Found(tuple(Hit(name, scores[name], False) for name in best), len(best))


def _is_plain(clause: Clause) -> bool:
    return not clause.negative and all(isinstance(term, Word) for term in clause.terms)
