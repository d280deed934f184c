"""Which archived document a citation is: equal code and equal day, and no second candidate. Both ways in time."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import CitationRow, Document
from archive.vietnamese import fold


def resolve(session: Session, document: Document) -> int:
    """Resolve what `document` cites, and what cited it before it came; how many were found."""
    session.flush()
    return _outward(session, document) + _inward(session, document)


def _outward(session: Session, document: Document) -> int:
    found = 0
    for row in document.citations:
        if row.target_id or not row.code or not row.date:
            continue
        ids = [
            id_
            for id_, code in session.execute(sa.select(Document.id, Document.full_code).where(
                Document.date == row.date, Document.full_code.is_not(None), Document.id != document.id))
            if fold(code or "") == fold(row.code)
        ]  # fmt: skip
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
    if not mine or not _is_only(session, document):
        return 0
    for row in mine:
        row.target_id = document.id
    return len(mine)


def _is_only(session: Session, document: Document) -> bool:
    """Another province may have issued the same code on the same day: then a person must say which it is."""
    others = session.scalars(
        sa.select(Document.full_code).where(Document.date == document.date, Document.id != document.id)
    )
    return all(fold(code or "") != fold(document.full_code or "") for code in others)
