"""Finding documents for one person: the engine names candidates, the database decides which of them may be seen.

Every hit, count and snippet comes from rows that passed the person's own condition: a stale index leaks nothing.
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

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.errors import BadQuery, IndexBroken
from archive.models import Document, RegisterEntry, Unit
from archive.search import Candidate, Filters, Found, Hit, Index, Query, abbreviations, facets, fewer, rerank, slips
from archive.search.conditions import Condition, among, of_days, of_everything, of_filters, of_phrases
from archive.search.query import Phrase
from archive.search.rank import MOST_CANDIDATES, nearly
from archive.search.results import Result as Result
from archive.search.results import results_of
from archive.search.similar import alike as alike
from archive.search.suggest import suggestion

SORTS = ("relevance", "date", "arrival")
MOST_HITS = 20_000
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

    session: Session
    index: Index
    query: Query
    """As it was meant: with abbreviations and likely slips."""
    user_filter: Condition
    short: abbreviations.Pairs
    found: dict[str, Hit] | None
    """What the engine named, best first; None without words, or without an index."""
    whole: int = 0
    """How many documents have every word, also those it did not name."""
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

    `sort` is one of SORTS; without words the newest arrival comes first. Raises BadQuery.
    """
    began = time.perf_counter()
    order = _order(query, sort)
    seal = _seal(query, order)
    offset = _opened(cursor, seal) if cursor else 0
    limit = max(1, min(limit, MOST_A_PAGE))
    best = offset + limit + MOST_CANDIDATES if order == "relevance" and not with_facets else None
    search = _begun(session, index, query, user_filter, best)
    every = _rows(search, order, with_facets=with_facets)
    counts = facets.counted(every, query.filters) if with_facets and every is not None else {}
    rows = facets.passing(every, query.filters) if with_facets and every is not None else every
    ranked, total = _ordered(search, rows, order, offset + limit)
    page = ranked[offset : offset + limit]
    hits = tuple(results_of(session, search.query, page))
    meant = None if offset or search.found is None else suggestion(session, index, search.query, user_filter)
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
    best = most + MOST_CANDIDATES if order == "relevance" and most else None
    search = _begun(session, index, query, user_filter, best)
    rows = _rows(search, order, with_facets=False)
    return [name for name, _ in _ordered(search, rows, order, most)[0]][:most]


def _order(query: Query, sort: str | None) -> str:
    if sort and sort not in SORTS:
        raise BadQuery(f"Không có cách sắp xếp “{sort[:40]}”; hãy chọn một trong: {', '.join(SORTS)}.")
    return sort or ("relevance" if query.clauses else "arrival")


def _begun(session: Session, index: Index, query: Query, user_filter: Condition, best: int | None) -> _Search:
    """Asks the engine; for the `best` only, where nothing but their order is asked."""
    short = abbreviations.known(session)
    meant = abbreviations.expanded(query, short)
    if not query.has_words:
        return _Search(session, index, meant, user_filter, short, None)
    try:
        meant = slips.with_slips(meant, index.documents, index.frequencies)
        found = _named(index, meant, best if best and _is_free(meant, user_filter) else None)
        found = fewer.as_seen(session, index, meant, found, user_filter)
    except IndexBroken:
        return _Search(session, index, meant, user_filter, short, None, without_index=True)
    return _Search(session, index, meant, user_filter, short, {hit.id: hit for hit in found.hits}, found.whole)


def _named(index: Index, query: Query, best: int | None) -> Found:
    """What the engine found: the best, or every one, for all but the last may be hidden. Raises IndexBroken."""
    found = index.search(query, best or MOST_HITS)
    return found if best or found.total <= MOST_HITS else index.search(query, found.total)


_ARRIVED = (
    sa.select(sa.func.max(sa.cast(RegisterEntry.arrived_on, sa.String)))
    .where(RegisterEntry.document_id == Document.id)
    .correlate(Document)
    .scalar_subquery()
)
_CAME = sa.cast(Document.created_at, sa.String).label("came")
_SORTED_BY: dict[str, tuple[sa.ColumnElement[Any], ...]] = {
    "relevance": (),
    "date": (Document.date.label("day"), _CAME),
    # As text: only compared, and a thousand rows are not made into a thousand dates.
    "arrival": (sa.func.coalesce(_ARRIVED, sa.cast(Document.created_at, sa.String)).label("day"), _CAME),
}


def _rows(search: _Search, order: str, *, with_facets: bool) -> facets.Rows | None:
    """What the person may see of what was found; with facets also what does not pass their filters.

    None: everything that was found, asked of the database only as far as it is shown.
    """
    session, query = search.session, search.query
    if not with_facets and order == "relevance" and search.found is not None and _is_free(query, search.user_filter):
        return None
    conditions = [search.user_filter, *of_days(query.filters)]
    if search.found is not None:
        conditions += [*of_phrases(session, query), among(session, list(search.found))]
    else:
        conditions += of_everything(session, query)
    filters = of_filters(session, query.filters, search.short)
    columns: list[Any] = [Document.id, *_SORTED_BY[order]]
    source: Any = Document
    if with_facets:
        columns += [*facets.COLUMNS, *(passes.label(f"is_{name}") for name, passes in filters.items())]
        source = sa.outerjoin(Document, Unit, Unit.id == Document.unit_id)
    else:
        conditions += filters.values()
    return _meant(search, session.execute(sa.select(*columns).select_from(source).where(*conditions)).all())


def _is_free(query: Query, user_filter: Condition) -> bool:
    """Does this person see everything, and is nothing asked but words?"""
    phrases = any(isinstance(term, Phrase) for clause in query.clauses for term in clause.terms)
    return query.filters == Filters() and not phrases and isinstance(user_filter, sa.True_)


def _meant(search: _Search, rows: facets.Rows) -> facets.Rows:
    """Without documents that miss a word by accident: they must nearly have it in its place."""
    found = search.found or {}
    near = [row.id for row in rows if found and not found[row.id].whole]
    kept = _nearly(search, near)
    if not near or (not kept and len(near) == len(rows)):
        return rows  # nothing has it all: what has most of it
    return [row for row in rows if found[row.id].whole or row.id in kept]


def _nearly(search: _Search, near: list[str]) -> set[str]:
    """Those of `near`, best first, in whose text only one word may be misread."""
    found = search.found or {}
    best = sorted(near, key=lambda name: -found[name].score)[:MOST_CANDIDATES]
    return {name for name, line in _lines(search.session, best).items() if nearly(search.query, line)}


def _ordered(
    search: _Search, rows: facets.Rows | None, order: str, most: int | None
) -> tuple[list[tuple[str, float]], int]:
    """Ids and scores in order, at least the first `most`, and how many there are."""
    found = search.found or {}
    if rows is None:
        near = [name for name, hit in found.items() if not hit.whole]
        kept = _nearly(search, near)
        ids = [name for name, hit in found.items() if hit.whole or name in kept]
        return _reranked(search, ids or near), search.whole + len(kept) if ids else len(near)
    if order == "relevance":
        seen = {row.id for row in rows}
        ids = [name for name in found if name in seen] if found else sorted(seen)
        return _reranked(search, ids), len(ids)
    rows = sorted(rows, key=lambda row: (row.day or "", row.came, row.id), reverse=True)
    scored = [(row.id, round(found[row.id].score, 3) if row.id in found else 0.0) for row in rows[:most]]
    return scored, len(rows)


def _reranked(search: _Search, ids: list[str]) -> list[tuple[str, float]]:
    found = search.found or {}
    best = ids[:MOST_CANDIDATES]
    lines = _lines(search.session, best)
    candidates = [
        Candidate(name, found[name].score if name in found else 0.0, lines[name]) for name in best if name in lines
    ]
    ranked = rerank(search.query, candidates, partial(_texts, search.session))
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
