"""Cutting by hand: a person splits a document of a scan in two, or joins two of them; the line never cuts it again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.errors import BadValue, Conflict
from archive.jobs import desk
from archive.models import Document, Outbox, Scan, now

_scan = sa.select(Scan).where(Scan.id == sa.bindparam("id")).with_for_update().execution_options(populate_existing=True)
_of_scan = (
    sa.select(Document)
    .where(Document.scan_id == sa.bindparam("scan"))
    .order_by(Document.ordinal)
    .with_for_update()
    .execution_options(populate_existing=True)
)


def split(
    session: Session, document: Document, pages: Sequence[int], *, actor: str, at: dt.datetime | None = None
) -> Document:
    """Makes these pages of the document a document of their own and has both understood anew; answers the new one.

    BadValue unless they are some of its pages, not all; Conflict when the document is in the book already.
    """
    at = at or now()
    documents = _lock(session, document)
    _still_to_review(document)
    away = sorted(set(pages))
    if not away or not set(away) < set(document.pages):
        raise BadValue(f"Hãy chọn một phần các trang của văn bản này ({_listed(document.pages)}).")
    new = Document(scan_id=document.scan_id, ordinal=len(documents) + 1, pages=away, cut_reasons=["tách bằng tay"])
    session.add(new)
    document.pages = [page for page in document.pages if page not in away]
    _recut(session, document, [*documents, new], actor, at)
    history.append(session, actor, "split", document.id, {"pages": away, "into": new.id}, at)
    return new


def merge(
    session: Session, document: Document, other: Document, *, actor: str, at: dt.datetime | None = None
) -> Document:
    """Joins `other` to `document`, which takes its pages; `other` ends. Both of one scan and still to be reviewed."""
    at = at or now()
    if document.id == other.id or document.scan_id != other.scan_id:
        raise BadValue("Chỉ ghép được hai văn bản khác nhau của cùng một tệp quét.")
    documents = _lock(session, document)
    _still_to_review(document)
    _still_to_review(other)
    document.pages = sorted({*document.pages, *other.pages})
    gone = {"pages": other.pages, "from": other.id}
    session.add(Outbox(document_id=other.id))
    session.delete(other)
    session.flush()
    _recut(session, document, [one for one in documents if one.id != other.id], actor, at)
    history.append(session, actor, "merged", document.id, gone, at)
    return document


def _lock(session: Session, document: Document) -> list[Document]:
    """All documents of the scan, whose row is locked."""
    session.scalars(_scan, {"id": document.scan_id}).one()
    return list(session.scalars(_of_scan, {"scan": document.scan_id}))


def _still_to_review(document: Document) -> None:
    if document.status != "review":
        raise Conflict("Văn bản đã vào sổ nên không tách, ghép được nữa. Hãy huỷ số trước và nêu lý do.")


def _recut(session: Session, document: Document, documents: Sequence[Document], actor: str, at: dt.datetime) -> None:
    _renumber(session, documents)
    document.version += 1
    document.changed_at = at
    desk.restart(session, document.scan_id, "cut", actor, at)


def _renumber(session: Session, documents: Sequence[Document]) -> None:
    """Ordinals in the order of pages; in two passes, for no two documents may have one even for a moment."""
    for ordinal, document in enumerate(documents, 1):
        document.ordinal = -ordinal
    session.flush()
    for ordinal, document in enumerate(sorted(documents, key=lambda one: min(one.pages, default=0)), 1):
        document.ordinal = ordinal
    session.flush()


def _listed(pages: Sequence[int]) -> str:
    return "trang " + ", ".join(map(str, pages))
