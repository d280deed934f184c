"""Which archived document a citation is: equal code and equal day, and no second candidate. Both ways in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import CitationRow, Document
from archive.vietnamese import fold


@dataclass(frozen=True, slots=True)
class Missing:
    """A paper that others name and the archive does not hold."""

    code: str
    date: str | None
    type: str | None
    issuer: str | None
    times: int
    """How many documents name it."""


def resolve(session: Session, document: Document) -> int:
    """Resolve what `document` cites, and what cited it before it came or was named; how many were found.

    Links to it that its number or date, now corrected, no longer bear out are taken back.
    """
    session.flush()
    _take_back(session, document)
    return _outward(session, document) + _inward(session, document)


def missing(session: Session, visible: sa.ColumnElement[bool], limit: int = 200) -> Sequence[Missing]:
    """Papers with a code that documents for which `visible` holds cite and that are not there, most cited first.

    One that is here and may not be seen counts as not there: were it left out, that would tell of it.
    """
    times = sa.func.count(sa.distinct(CitationRow.document_id))
    seen = CitationRow.target_id.in_(sa.select(Document.id).where(visible).correlate(None))
    absent = sa.or_(CitationRow.target_id.is_(None), sa.not_(seen))
    rows = session.execute(
        sa.select(CitationRow.code, CitationRow.date, sa.func.max(CitationRow.type), sa.func.max(CitationRow.issuer),
                  times)
        .join(Document, Document.id == CitationRow.document_id)
        .where(absent, CitationRow.code.is_not(None), Document.status != "void", visible)
        .group_by(CitationRow.code, CitationRow.date).order_by(times.desc(), CitationRow.code).limit(limit)
    )  # fmt: skip
    return [Missing(code or "", date, kind, issuer, count) for code, date, kind, issuer, count in rows]


def _take_back(session: Session, document: Document) -> None:
    rows = session.scalars(sa.select(CitationRow).where(CitationRow.target_id == document.id))
    for row in rows:
        if row.date != document.date or fold(row.code or "") != fold(document.full_code or ""):
            row.target_id = None


def _outward(session: Session, document: Document) -> int:
    found = 0
    for row in document.citations:
        if row.target_id or not row.code or not row.date:
            continue
        ids = _named(session, row.code, row.date, document)
        if len(ids) == 1:
            row.target_id = ids[0]
            found += 1
    return found


def _inward(session: Session, document: Document) -> int:
    code, date = document.full_code, document.date
    if not code or not date:
        return 0
    rows = session.scalars(
        sa.select(CitationRow).where(
            CitationRow.target_id.is_(None), CitationRow.date == date, CitationRow.code.is_not(None),
            CitationRow.document_id != document.id)
    ).all()  # fmt: skip
    mine = [row for row in rows if fold(row.code or "") == fold(code)]
    # Another province may have issued the same code on the same day: then a person must say which it is.
    if not mine or _named(session, code, date, document):
        return 0
    for row in mine:
        row.target_id = document.id
    return len(mine)


def _named(session: Session, code: str, date: str, document: Document) -> list[str]:
    """Ids of the documents beside `document` that have this code and this day."""
    of_day = sa.select(Document.id, Document.full_code).where(
        Document.date == date, Document.full_code.is_not(None), Document.id != document.id, Document.status != "void"
    )
    return [id_ for id_, other in session.execute(of_day) if fold(other or "") == fold(code)]
