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
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.errors import BadQuery, IndexBroken
from archive.models import Document, RegisterEntry, Scan, Unit
from archive.reading import Span
from archive.search import Candidate, Hit, Query, rerank, snippet, spans
from archive.search.conditions import Condition, among, of_everything, of_filters, of_phrases
from archive.search.rank import MOST_CANDIDATES, nearly

if TYPE_CHECKING:
    from archive.search.whoosh_engine import WhooshEngine as Engine

SORTS = ("relevance", "date", "arrival")
MOST_HITS = 5000
MOST_A_PAGE = 100
MOST_VALUES = 20
MOST_TEXT = 200_000
"""Characters of a text in which a snippet is looked for."""


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the answer; names as in CONTRACT."""

    id: str
    scan_id: str
    filename: str
    full_code: str | None
    document_type: str | None
    issuing_organ: str | None
    date: str | None
    subject: str | None
    status: str
    arrival_number: int | None
    page: int | None
    """Page of the scan on which the snippet stands."""
    score: float
    snippet: list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Results:
    """One page of an answer."""

    total: int = 0
    took_ms: int = 0
    hits: tuple[Result, ...] = ()
    facets: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict)
    """type, issuer, year, unit, status, province -> (value, how many), most first."""
    cursor: str | None = None
    """Asks for what follows; None at the end."""
    without_index: bool = False
    """The index cannot be read: the database was searched, every word must be there."""

    def as_json(self) -> dict[str, Any]:
        """The object of CONTRACT."""
        return {**dataclasses.asdict(self), "facets": {name: list(map(list, v)) for name, v in self.facets.items()}}


FACETS = ("type", "issuer", "year", "unit", "status", "province")


def find(
    session: Session,
    engine: Engine,
    query: Query,
    user_filter: Condition,
    *,
    sort: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Results:
    """The page of `limit` documents after `cursor` that match `query` and `user_filter` (a condition on Document).

    `sort` is one of SORTS; without words the newest arrival comes first. Raises BadQuery.
    """
    began = time.perf_counter()
    if sort and sort not in SORTS:
        raise BadQuery(f"Không có cách sắp xếp “{sort[:40]}”; hãy chọn một trong: {', '.join(SORTS)}.")
    order = sort or ("relevance" if query.clauses else "arrival")
    seal = _seal(query, order)
    offset = _opened(cursor, seal) if cursor else 0
    limit = max(1, min(limit, MOST_A_PAGE))
    found, without_index = None, False
    if query.has_words:
        try:
            found = _hits(engine, query)
        except IndexBroken:
            without_index = True
    rows = _meant(session, query, _allowed(session, query, user_filter, found), found)
    ranked = _ordered(session, query, rows, found, order)
    page = ranked[offset : offset + limit]
    hits, facets = tuple(_results(session, query, page)), _facets(rows)
    following = _closed(offset + limit, seal) if offset + limit < len(ranked) else None
    took = round((time.perf_counter() - began) * 1000)
    return Results(len(rows), took, hits, facets, following, without_index)


_Hits = dict[str, Hit]


def _hits(engine: Engine, query: Query) -> _Hits:
    """What the engine found, by id. Raises IndexBroken."""
    found = engine.search(query, MOST_HITS)
    if found.total > MOST_HITS:
        # The best thousands may all be hidden from this person: then the engine must name every one.
        found = engine.search(query, found.total)
    return {hit.id: hit for hit in found.hits}


_ARRIVED = (
    sa.select(sa.func.max(sa.cast(RegisterEntry.arrived_on, sa.String)))
    .where(RegisterEntry.document_id == Document.id)
    .correlate(Document)
    .scalar_subquery()
)
_ROWS = sa.select(
    Document.id,
    Document.document_type.label("type"),
    Document.issuing_organ.label("issuer"),
    Document.date.label("date"),
    Unit.name.label("unit"),
    Document.status.label("status"),
    Document.province_current.label("province"),
    # As text: only compared, and a thousand rows are not made into a thousand dates.
    sa.func.coalesce(_ARRIVED, sa.cast(Document.created_at, sa.String)).label("arrival"),
    sa.cast(Document.created_at, sa.String).label("came"),
).outerjoin(Unit, Unit.id == Document.unit_id)
_Rows = Sequence[sa.Row[Any]]


def _allowed(session: Session, query: Query, user_filter: Condition, found: _Hits | None) -> _Rows:
    conditions = [user_filter, *of_filters(session, query.filters)]
    if found is None:
        conditions += of_everything(session, query)
    else:
        conditions += [*of_phrases(session, query), among(session, list(found))]
    return session.execute(_ROWS.where(*conditions)).all()


def _meant(session: Session, query: Query, rows: _Rows, found: _Hits | None) -> _Rows:
    """Without documents that miss a word by accident: beside whole ones, they must nearly have it in its place."""
    near = [row.id for row in rows if found and not found[row.id].whole]
    if not found or not near or len(near) == len(rows):
        return rows
    near.sort(key=lambda name: -found[name].score)
    kept = {name for name, line in _lines(session, near[:MOST_CANDIDATES]).items() if nearly(query, line)}
    return [row for row in rows if found[row.id].whole or row.id in kept]


def _ordered(session: Session, query: Query, rows: _Rows, found: _Hits | None, order: str) -> list[tuple[str, float]]:
    scores = {name: hit.score for name, hit in (found or {}).items()}
    if order == "date":
        rows = sorted(rows, key=lambda row: (row.date or "", row.came, row.id), reverse=True)
    elif order == "arrival":
        rows = sorted(rows, key=lambda row: (row.arrival, row.came, row.id), reverse=True)
    else:
        rows = sorted(rows, key=lambda row: (-scores.get(row.id, 0.0), row.came, row.id))
        return _reranked(session, query, [row.id for row in rows], scores)
    return [(row.id, round(scores.get(row.id, 0.0), 3)) for row in rows]


def _reranked(session: Session, query: Query, ids: list[str], scores: dict[str, float]) -> list[tuple[str, float]]:
    best = ids[:MOST_CANDIDATES]
    lines = _lines(session, best)
    candidates = [Candidate(name, scores.get(name, 0.0), lines[name]) for name in best if name in lines]
    ranked = rerank(query, candidates, partial(_texts, session))
    return [(name, round(score, 3)) for name, score in ranked] + [(name, 0.0) for name in ids[MOST_CANDIDATES:]]


def _lines(session: Session, ids: Sequence[str]) -> dict[str, str]:
    return dict(session.execute(sa.select(Document.id, Document.folded).where(among(session, ids))).all())


def _texts(session: Session, ids: Sequence[str]) -> dict[str, str]:
    statement = sa.select(Document.id, Document.subject, Document.text).where(among(session, ids))
    return {name: f"{subject or ''}\n{text}" for name, subject, text in session.execute(statement)}


def _facets(rows: _Rows) -> dict[str, list[tuple[str, int]]]:
    if not rows:
        return {name: [] for name in FACETS}
    columns = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True))
    columns["year"] = tuple(date and date[:4] for date in columns["date"])
    return {name: _counted(columns[name]) for name in FACETS}


def _counted(values: Sequence[str | None]) -> list[tuple[str, int]]:
    counts = [(value, count) for value, count in Counter(values).items() if value]
    return sorted(counts, key=lambda item: (-item[1], item[0]))[:MOST_VALUES]


_COPIED = (
    "id", "scan_id", "filename", "full_code", "document_type", "issuing_organ", "date", "subject", "status",
)  # fmt: skip
_SHOWN = sa.select(
    Document.id, Document.scan_id, Scan.filename, Document.full_code, Document.document_type, Document.issuing_organ,
    Document.date, Document.subject, Document.status, Document.pages, Document.text,
).join(Scan, Scan.id == Document.scan_id)  # fmt: skip
_NUMBERS = sa.select(RegisterEntry.document_id, sa.func.max(RegisterEntry.number)).group_by(RegisterEntry.document_id)


def _results(session: Session, query: Query, page: Sequence[tuple[str, float]]) -> list[Result]:
    ids = [name for name, _ in page]
    shown = {row.id: row for row in session.execute(_SHOWN.where(among(session, ids)))}
    numbers = dict(session.execute(_NUMBERS.where(RegisterEntry.document_id.in_(ids))).all())
    return [_result(query, shown[name], numbers.get(name), score) for name, score in page if name in shown]


def _result(query: Query, row: sa.Row[Any], number: int | None, score: float) -> Result:
    text = row.text[:MOST_TEXT]
    found = spans(text, query)
    page = _page(row.pages, text, found)
    shown: dict[str, Any] = {name: getattr(row, name) for name in _COPIED}
    return Result(**shown, arrival_number=number, page=page, score=score, snippet=snippet(text, query, found=found))


def _page(pages: Sequence[int], text: str, found: Sequence[Span]) -> int | None:
    """Page of the scan on which the first of the spans stands."""
    if not pages:
        return None
    before = text[: found[0].start].count("\f") if found else 0
    return int(pages[min(before, len(pages) - 1)])


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
