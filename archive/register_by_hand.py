"""Papers that are not scanned (books, invitations, a letter that goes on unopened): entered into the book by hand.

What the clerk typed becomes a sheet of its own, a one-page PDF kept like every original; its document is registered,
searched and routed like any other. A scan that comes later takes the sheet's place, and what was typed stays confirmed.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import forms, history, records, recut, register, review
from archive.blobs import Blob, Blobs
from archive.codes import find_codes
from archive.errors import BadValue, Conflict
from archive.models import (
    DOCUMENT_FOR_UPDATE,
    CitationRow,
    Confirmation,
    Document,
    FindingRow,
    Outbox,
    PageRow,
    RegisterEntry,
    Scan,
    StampRow,
    new_id,
    now,
)
from archive.workdays import HANOI

SOURCE = "hand"
"""The door of a scan that is only a typed sheet."""
LABELS = {
    "issuing_organ": "Tác giả", "full_code": "Số, ký hiệu văn bản", "date": "Ngày tháng văn bản",
    "document_type": "Tên loại", "subject": "Trích yếu nội dung văn bản", "signer_name": "Người ký",
    "urgency": "Độ khẩn",
}  # fmt: skip
"""What may be typed, in the order of the sheet."""
NEEDED = ("issuing_organ", "subject")
LARGEST = 1 << 20

_locked_scan = sa.select(Scan).where(Scan.id == sa.bindparam("id")).with_for_update()


@dataclass(frozen=True)
class Sheet:
    """What was typed, checked, and the blob of the sheet that says it."""

    values: Mapping[str, str]
    blob: Blob
    by: str
    at: dt.datetime


def sheet(
    blobs: Blobs, typed: Mapping[str, str | None], *, office: str = "", actor: str, at: dt.datetime | None = None
) -> Sheet:  # fmt: skip
    """The sheet of what was typed, durable. BadValue: a field nobody knows, cannot be read, or is needed."""
    at = at or now()
    if unknown := set(typed) - set(LABELS):
        raise BadValue(f"Không nhập được trường {min(unknown)[:40]!r}.")
    checked = {name: review.checked_value(name, value) for name, value in typed.items()}
    values = {name: value for name in LABELS if isinstance(value := checked.get(name), str)}
    for name in NEEDED:
        if name not in values:
            raise BadValue(f"Hãy ghi {LABELS[name].lower()}: sổ đăng ký cần có.")
    return Sheet(values, blobs.put(io.BytesIO(_pdf(values, office, actor, at)), LARGEST), actor, at)


def _pdf(values: Mapping[str, str], office: str, actor: str, at: dt.datetime) -> bytes:
    moment = at.astimezone(HANOI)
    rows = [(LABELS[name], _said(name, value)) for name, value in values.items()]
    return forms.make(
        [
            forms.letterhead(office),
            forms.Title("PHIẾU NHẬP TAY VĂN BẢN ĐẾN", ["Văn bản chưa có bản quét"]),
            forms.Table([forms.Column("Nội dung", 3), forms.Column("Ghi", 7)], rows, numbered=False, size=13),
            forms.Text(f"Người nhập: {actor}, lúc {moment:%H:%M:%S} ngày {moment:%d/%m/%Y}.", italic=True),
        ],
        name=f"Phiếu nhập tay {new_id()}",  # two equal papers are two sheets: bytes tell them apart
    )


def _said(name: str, value: str) -> str:
    return f"{dt.date.fromisoformat(value):%d/%m/%Y}" if name == "date" else value


def enter(
    session: Session, made: Sheet, book_id: str, arrived_on: dt.date, number: int | None = None, *,
    reason: str | None = None, begin: bool = False, anyway: bool = False,
) -> RegisterEntry:  # fmt: skip
    """A document of the sheet, registered, in the caller's transaction; errors as `register` has them.

    Conflict when the paper may be in the archive already, unless `anyway`.
    """
    document = _document(session, made)
    register.take_turn(session, document, book_id, arrived_on.year)
    history.append(
        session,
        made.by,
        "entered_by_hand",
        document.id,
        {"sha256": made.blob.sha256, "scan": document.scan_id},
        made.at,
    )
    review.correct(session, document, made.values, actor=made.by, at=made.at)
    if not anyway and register.duplicates(session, document):
        raise Conflict("Có thể văn bản này đã có trong kho. Hãy tìm xem lại, hoặc đánh dấu “không trùng” rồi vào sổ.")
    return register.register(
        session, document, book_id, arrived_on, number, actor=made.by, at=made.at, reason=reason, begin=begin
    )


def _document(session: Session, made: Sheet) -> Document:
    code = made.values.get("full_code", "")
    text = "\n".join(made.values.values())
    scan = Scan(
        id=new_id(), sha256=made.blob.sha256, filename=f"Nhập tay {code or made.values['subject']}"[:200],
        media_type="application/pdf", size=made.blob.size, pages=1, status="done", source=SOURCE, received_at=made.at,
        received_by=made.by, read_at=made.at,
    )  # fmt: skip
    session.add(scan)
    session.flush()
    session.add(
        PageRow(scan_id=scan.id, number=1, source=SOURCE, reason="nhập tay", width=1654, height=2339, plain=text)
    )
    parts = next(iter(find_codes(code, bare=True)), None)
    document = Document(scan_id=scan.id, pages=[1], text=text, system=parts.system if parts else None)
    session.add(document)
    session.flush()
    return document


def attach(
    session: Session, document: Document, scanned: Document, *, actor: str, at: dt.datetime | None = None
) -> Document:  # fmt: skip
    """Give the hand-entered `document` the pages and the reading of `scanned`, which is still under review and ends.

    What was typed stays confirmed; what the machine read stands beside it. Conflict, DayClosed.
    """
    at = at or now()
    for scan_id in sorted((document.scan_id, scanned.scan_id)):
        session.scalars(_locked_scan, {"id": scan_id}).one()
    for one in sorted((document.id, scanned.id)):
        session.scalars(DOCUMENT_FOR_UPDATE, {"id": one}).one()
    _check(document, scanned)
    sheet_id, other = document.scan_id, scanned.id
    session.expire(scanned, ["stamp", "citations"])
    _move(session, scanned, document)
    place = (scanned.scan_id, scanned.ordinal)
    taken = {name: getattr(scanned, name) for name in ("pages", "text", "cut_reasons")}
    session.add(Outbox(document_id=other))
    session.expunge(scanned)
    session.execute(sa.delete(Confirmation).where(Confirmation.document_id == other))
    session.execute(sa.delete(Document).where(Document.id == other))
    document.scan_id, document.ordinal = place
    for name, value in taken.items():
        setattr(document, name, value)
    document.version, document.changed_at = document.version + 1, at
    session.flush()
    session.expire(document, ["scan", "stamp", "citations"])
    records.resettle(session, document)
    _settle_scan(session, document.scan_id)
    session.add(Outbox(document_id=document.id))
    register.amend(session, document, actor=actor, at=at)
    facts = {"scan": document.scan_id, "from": other, "sheet": sheet_id}
    history.append(session, actor, "scan_attached", document.id, facts, at)
    return document


def _check(document: Document, scanned: Document) -> None:
    if document.scan.source != SOURCE:
        raise Conflict("Văn bản này đã có bản quét rồi.")
    if scanned.status != "review" or scanned.entries or scanned.scan.source == SOURCE:
        raise Conflict("Chỉ gắn được bản quét còn chờ kiểm tra, chưa vào sổ.")


def _move(session: Session, scanned: Document, document: Document) -> None:
    """What was read of the one now belongs to the other."""
    for table in (FindingRow, CitationRow, StampRow):
        session.execute(sa.update(table).where(table.document_id == scanned.id).values(document_id=document.id))
    cited = sa.update(CitationRow).where(CitationRow.target_id == scanned.id)
    session.execute(cited.values(target_id=document.id))
    said = {row.field for row in session.scalars(_words, {"id": document.id})}
    for row in session.scalars(_words, {"id": scanned.id}):
        if row.field not in said:
            facts = {name: getattr(row, name) for name in recut.WORDS}
            session.add(Confirmation(document_id=document.id, **facts))
    session.flush()


_words = sa.select(Confirmation).where(Confirmation.document_id == sa.bindparam("id"))


def _settle_scan(session: Session, scan_id: str) -> None:
    """The file is done once none of its papers waits for review."""
    waiting = sa.select(Document.id).where(Document.scan_id == scan_id, Document.status == "review").limit(1)
    scan = session.get_one(Scan, scan_id)
    if scan.status == "review" and session.scalar(waiting) is None:
        scan.status = "done"
