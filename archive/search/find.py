"""Finding documents for one person: the engine names candidates, the database decides which of them may be seen.

Every hit, count and snippet is of a document that passed the person's own condition as of this moment (view.py), and
what is shown passes it once more: a stale index leaks nothing.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.errors import BadQuery, IndexBroken
from archive.models import Document
from archive.search import Candidate, Filters, Index, Query, abbreviations, facets, fewer, rerank, slips
from archive.search.conditions import Condition, among, of_everything
from archive.search.entry import Weights
from archive.search.rank import MOST_CANDIDATES, nearly
from archive.search.results import Result as Result
from archive.search.results import results_of
from archive.search.similar import alike as alike
from archive.search.suggest import frequencies, suggestion
from archive.search.view import Seen, View

SORTS = ("relevance", "date", "arrival")
MOST_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class Results:
    """One page of an answer."""

    total: int = 0
    took_ms: int = 0
    hits: tuple[Result, ...] = ()
    facets: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict)
    """type, issuer, year, unit, status, province -> (value, how many), most first; each as if its own filter were
    not set."""
    cursor: str | None = None
    """Asks for what follows; None at the end."""
    without_index: bool = False
    """The index cannot be read: the database was searched, every word must be there."""
    suggestion: str | None = None
    """The question as it was perhaps meant, of words that stand in papers this person may see."""

    def as_json(self) -> dict[str, Any]:
        """The object of CONTRACT."""
        return {**dataclasses.asdict(self), "facets": {name: list(map(list, v)) for name, v in self.facets.items()}}


@dataclass(frozen=True)
class _Search:
    """One question by one person."""

    view: View
    query: Query
    """As it was meant: with abbreviations and likely slips."""
    short: abbreviations.Pairs
    seen: Seen
    """What may be seen, before any filter but days; best first where the engine found it."""
    without_index: bool = False


def find(
    session: Session,
    index: Index,
    query: Query,
    user_filter: Condition,
    *,
    sort: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
    with_facets: bool = True,
) -> Results:
    """The page of `limit` documents after `cursor` that match `query` and `user_filter` (a condition on Document).

    `sort` is one of SORTS; without words the newest arrival comes first. Asks what is committed. Raises BadQuery.
    """
    began = time.perf_counter()
    order = _order(query, sort)
    seal = _seal(query, order)
    offset = _opened(cursor, seal) if cursor else 0
    limit = max(1, min(limit, MOST_A_PAGE))
    search = _begun(View(session, user_filter), index, query)
    passes = facets.passing(search.view, search.seen, query.filters, search.short)
    counts = facets.counted(search.seen, passes, query.filters) if with_facets else {}
    kept = facets.every(search.seen, passes)
    page = _ordered(search, kept, order, offset + limit)[offset:]
    hits = tuple(results_of(session, search.query, page, user_filter))
    meant = None if offset or search.without_index else suggestion(search.view, index, search.query)
    total = len(kept.places)
    following = _closed(offset + limit, seal) if offset + limit < total else None
    took = round((time.perf_counter() - began) * 1000)
    return Results(total, took, hits, counts, following, search.without_index, meant)


def matching(
    session: Session,
    index: Index,
    query: Query,
    user_filter: Condition,
    *,
    sort: str | None = None,
    most: int | None = None,
) -> list[str]:
    """The ids of the documents, in order; no more than `most`. Raises BadQuery."""
    order = _order(query, sort)
    search = _begun(View(session, user_filter), index, query)
    kept = facets.every(search.seen, facets.passing(search.view, search.seen, query.filters, search.short))
    return [name for name, _ in _ordered(search, kept, order, most)]


def _order(query: Query, sort: str | None) -> str:
    if sort and sort not in SORTS:
        raise BadQuery(f"Không có cách sắp xếp “{sort[:40]}”; hãy chọn một trong: {', '.join(SORTS)}.")
    return sort or ("relevance" if query.clauses else "arrival")


def _begun(view: View, index: Index, query: Query) -> _Search:
    """Asks the engine, and where it cannot be asked or need not, the database."""
    short = abbreviations.known(view.session)
    meant, broken = abbreviations.expanded(query, short), False
    if query.has_words:
        try:
            meant = slips.with_slips(meant, index.documents, partial(frequencies, view, index))
            seen = _named(view, index, meant, query.filters)
            return _Search(view, meant, short, seen)
        except IndexBroken:
            broken = True
    seen = view.all(*of_everything(view.session, meant))
    return _Search(view, meant, short, facets.of_days(seen, query.filters), broken)


def _named(view: View, index: Index, query: Query, filters: Filters) -> Seen:
    """What the engine found of what may be seen and is of these days. Raises IndexBroken."""
    seen = fewer.as_seen(view, index, query, view.seen(index.search(query, None)))
    return _meant(view, query, facets.of_days(seen, filters))


def _meant(view: View, query: Query, seen: Seen) -> Seen:
    """Without documents that miss a word by accident: they must nearly have it in its place."""
    near = seen.kept(~seen.whole).ids(MOST_CANDIDATES)  # best first
    lines = _lines(view.session, near).items() if near else ()
    kept = [seen.facts.place[name] for name, line in lines if nearly(query, line)]
    if not near or not (kept or seen.whole.any()):
        return seen  # nothing has it all: what has most of it
    return seen.kept(seen.whole | np.isin(seen.places, kept))


def _ordered(search: _Search, seen: Seen, order: str, most: int | None) -> list[tuple[str, float]]:
    """Ids and scores in order, no more than `most`."""
    if order == "relevance":
        ids = seen.ids(None if most is None else max(most, MOST_CANDIDATES))
        return _reranked(search, ids, seen.scores)[:most]
    first = np.argsort(-seen.facts.ranks(order)[seen.places])[:most]
    scores = np.round(seen.scores[first].astype(float), 3).tolist()
    return list(zip(seen.kept(first).ids(), scores, strict=True))


def _reranked(search: _Search, ids: list[str], scores: Weights) -> list[tuple[str, float]]:
    best = ids[:MOST_CANDIDATES]
    lines = _lines(search.view.session, best)
    candidates = [
        Candidate(name, score, lines[name]) for name, score in zip(best, scores.tolist(), strict=False) if name in lines
    ]
    ranked = rerank(search.query, candidates, partial(_texts, search.view.session))
    return [(name, round(score, 3)) for name, score in ranked] + [(name, 0.0) for name in ids[MOST_CANDIDATES:]]


def _lines(session: Session, ids: Sequence[str]) -> dict[str, str]:
    return dict(session.execute(sa.select(Document.id, Document.folded).where(among(session, ids))).all())


def _texts(session: Session, ids: Sequence[str]) -> dict[str, str]:
    statement = sa.select(Document.id, Document.subject, Document.text).where(among(session, ids))
    return {name: f"{subject or ''}\n{text}" for name, subject, text in session.execute(statement)}


def _seal(query: Query, order: str) -> str:
    """A cursor belongs to one question."""
    asked = json.dumps([query.text, dataclasses.astuple(query.filters), order])
    return hashlib.sha256(asked.encode()).hexdigest()[:12]


def _closed(offset: int, seal: str) -> str:
    return base64.urlsafe_b64encode(f"{offset}.{seal}".encode()).decode().rstrip("=")


def _opened(cursor: str, seal: str) -> int:
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        offset, _, sealed = plain.partition(".")
        if sealed == seal and offset.isdecimal() and len(offset) < 10:
            return int(offset)
    except (binascii.Error, ValueError):
        pass
    raise BadQuery("Dấu trang này thuộc về một câu tìm khác; hãy tìm lại từ đầu.")
