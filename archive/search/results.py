"""What is shown of the documents found: one line each, with why it was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import Document, RegisterEntry, Scan
from archive.search.conditions import Condition, among
from archive.search.query import Query
from archive.search.snippets import shown_span, snippet, spans

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


_COPIED = (
    "id", "scan_id", "filename", "full_code", "document_type", "issuing_organ", "date", "subject", "status",
)  # fmt: skip
_SHOWN = sa.select(
    Document.id, Document.scan_id, Scan.filename, Document.full_code, Document.document_type, Document.issuing_organ,
    Document.date, Document.subject, Document.status, Document.pages, Document.text,
).join(Scan, Scan.id == Document.scan_id)  # fmt: skip
_NUMBERS = sa.select(RegisterEntry.document_id, sa.func.max(RegisterEntry.number)).group_by(RegisterEntry.document_id)


def results_of(
    session: Session, query: Query, page: Sequence[tuple[str, float]], user_filter: Condition
) -> list[Result]:
    """The lines of those documents (id, score) that may be seen, in this order."""
    ids = [name for name, _ in page]
    shown = {row.id: row for row in session.execute(_SHOWN.where(among(session, ids), user_filter))}
    numbers = dict(session.execute(_NUMBERS.where(RegisterEntry.document_id.in_(ids))).all())
    return [_result(query, shown[name], numbers.get(name), score) for name, score in page if name in shown]


def _result(query: Query, row: sa.Row[Any], number: int | None, score: float) -> Result:
    text = row.text[:MOST_TEXT]
    found = spans(text, query)
    shown: dict[str, Any] = {name: getattr(row, name) for name in _COPIED}
    return Result(
        **shown, arrival_number=number, page=_page(row.pages, text, shown_span(text, found)), score=score,
        snippet=snippet(text, query, found=found),
    )  # fmt: skip


def _page(pages: Sequence[int], text: str, at: int) -> int | None:
    """Page of the scan on which the character at `at` stands."""
    if not pages:
        return None
    return int(pages[min(text[:at].count("\f"), len(pages) - 1)])
