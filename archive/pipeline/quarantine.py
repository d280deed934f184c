"""A paper with a secrecy mark on a machine that may not hold it: nothing of it is kept but its bytes.

NĐ 30/2020/NĐ-CP, arts. 21–22, leaves secret papers to the State-secret rules; Luật 117/2025/QH15 forbids them on
networked machines. Default deny: no text, no picture, no index; the clerk is told what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history, register, register_days
from archive.jobs import desk, queue
from archive.jobs.queue import Next
from archive.models import (
    CitationRow,
    Confirmation,
    Cut,
    Document,
    FindingRow,
    MarkRow,
    Outbox,
    PageRow,
    RegisterEntry,
    RouteRow,
    Scan,
    StampRow,
)  # fmt: skip
from archive.pipeline.line import Archive

REASON = (
    "Tệp có dấu chỉ mức độ mật nên đã bị cách ly: không đọc tiếp, không lập chỉ mục, không lưu hình trang. "
    "Bản gốc vẫn còn nguyên. Hãy báo người phụ trách bảo mật để đưa tệp khỏi máy nối mạng và xử lý theo quy định "
    "về bảo vệ bí mật nhà nước."
)


def impose(session: Session, archive: Archive, scan: Scan, grades: Mapping[str, str] | None = None) -> Iterable[Next]:
    """Quarantine a scan in the caller's transaction; nothing is to be done next.

    `grades`: what was read of documents (by id). One in the book whose grade nobody read counts as of the lowest,
    "Mật": one scan holds it together with a secret one, and without a grade everybody would find it.
    """
    scan.status, scan.error, scan.signatures = "quarantined", REASON, []
    desk.cancel(session, scan.id)
    documents = session.scalars(sa.select(Document).where(Document.scan_id == scan.id)).all()
    lines = sa.select(RegisterEntry).where(RegisterEntry.document_id.in_([document.id for document in documents]))
    closed = register_days.intact(session, session.scalars(lines).all())
    for document in documents:
        session.add(Outbox(document_id=document.id))
        _forget(session, document, (grades or {}).get(document.id, "Mật"))
    _forget_pages(session, scan.id)
    session.flush()
    stated = register_days.state_anew(session, closed)
    history.append(session, queue.ACTOR, "quarantined", scan.id, {"closed_days": stated} if stated else {})
    # Before the commit: were it after, a crash between would leave the pictures.
    archive.derived.forget(scan.id)
    return []


def take_turn(session: Session, document: Document) -> None:
    """Lock the scan before its document, at the beginning of a transaction that may impose a quarantine.

    Every step of the line finishes in this order; with the document first, a clerk who types a secrecy and a worker
    at the same scan would wait for each other.
    """
    session.get(Scan, document.scan_id, with_for_update=True)


def impose_if_secret(session: Session, archive: Archive, document: Document) -> bool:
    """Quarantine the scan of a document a person has marked secret, as if the machine had read the mark."""
    if document.secrecy is None or archive.keeps_secrets or document.scan.status == "quarantined":
        return False
    impose(session, archive, document.scan)
    return True


def _forget(session: Session, document: Document, grade: str) -> None:
    for table in (FindingRow, Confirmation, CitationRow, RouteRow):
        session.execute(sa.delete(table).where(table.document_id == document.id))
    session.expire(document)
    if _is_in_book(session, document.id):
        # The book may name it, but no more: number and day of arrival stay, as the rules for such papers allow.
        document.text = document.folded = ""
        document.subject, document.fields, document.lists, document.suggestions = None, {}, {}, []
        document.secrecy = document.secrecy or grade
        register.conceal(session, document)
        document.version += 1
    else:
        session.delete(document)
    session.flush()


def _forget_pages(session: Session, scan_id: str) -> None:
    session.execute(sa.delete(StampRow).where(StampRow.scan_id == scan_id))
    session.execute(sa.delete(MarkRow).where(MarkRow.scan_id == scan_id, MarkRow.kind != "secrecy"))
    session.execute(sa.delete(PageRow).where(PageRow.scan_id == scan_id))
    session.execute(sa.delete(Cut).where(Cut.scan_id == scan_id))  # it remembers what people had confirmed


def _is_in_book(session: Session, document_id: str) -> bool:
    return session.scalar(sa.select(RegisterEntry.number).where(RegisterEntry.document_id == document_id)) is not None
