"""What goes into the message of a paper: the values that stand, and its own bytes.

Lengths are those of NĐ 30/2020/NĐ-CP, Appendix VI, part II: what is longer is told to who exports, never cut.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from archive import agencies, copies
from archive.blobs import Blobs
from archive.children import Child
from archive.config import Settings
from archive.copies import Copy
from archive.derived import Derived
from archive.edxml import findings, writing
from archive.edxml.told import Named, Organ, Told
from archive.errors import BadValue, Conflict
from archive.models import WITHHELD, Document
from archive.packed import ZIP
from archive.scans import PDF, Limits
from archive.vietnamese import fold, words_of

LONGEST = {
    "number": ("Số", 11), "symbol": ("Ký hiệu", 30), "type": ("Loại", 100), "subject": ("Trích yếu", 500),
    "position": ("Chức vụ", 100), "signer": ("Người ký", 50),
}  # fmt: skip
LONGEST_NAME, LONGEST_PLACES, LONGEST_ID = 200, 1000, 35
"""Of an organ's name, of all places of the Nơi nhận together, of a code of QĐ 20/2020/QĐ-TTg."""
NEEDED = {"issuing_organ": "nơi gửi", "date": "ngày văn bản", "subject": "trích yếu"}
SECRET = "Văn bản có độ mật không được xuất thành thông điệp."  # noqa: S105 - a sentence
NOT_IN_BOOK = "Văn bản chưa vào sổ nên chưa xuất được. Hãy kiểm tra và vào sổ trước."
NO_FILE = "Văn bản nhập tay chưa có bản quét nên chưa xuất được. Hãy gắn bản quét trước."


@dataclass(frozen=True)
class Parcel:
    """A message to be written; plain values, so that no transaction is open meanwhile."""

    told: Told
    name: str
    media_type: str
    sha256: str
    copy: Copy | None
    """The document's own pages, where its scan holds others, too, or is a ZIP of pictures: offices expect a file."""


def parcel(session: Session, document: Document, settings: Settings) -> Parcel:
    """What is to be written. Conflict where the document must not go out, BadValue where the standard forbids it."""
    scan = document.scan
    if document.secrecy is not None or scan.status in WITHHELD:
        raise Conflict(SECRET)
    if document.status in ("review", "void"):
        raise Conflict(NOT_IN_BOOK)
    if scan.source == "hand":
        raise Conflict(NO_FILE)
    told = _told(session, document, settings)
    _check(document, told)
    if len(scan.documents) > 1 or scan.media_type == ZIP:
        name = (document.full_code or document.id).replace("/", "-") + ".pdf"
        return Parcel(told, name, PDF, scan.sha256, copies.copy_of(session, document))
    return Parcel(told, scan.filename, scan.media_type, scan.sha256, None)


def write(
    target: BinaryIO, one: Parcel, blobs: Blobs, derived: Derived, limits: Limits, at: dt.datetime
) -> None:  # fmt: skip
    """Write the message; errors of the child that draws a copy."""
    with _content(one, blobs, derived, limits) as content:
        writing.write(target, one.told, writing.Attached(one.name, one.media_type, content), at)


@contextmanager
def _content(one: Parcel, blobs: Blobs, derived: Derived, limits: Limits) -> Iterator[BinaryIO]:
    if one.copy is None:
        with Path(blobs.path(one.sha256)).open("rb") as stream:
            yield stream
        return
    made = copies.kept(derived, one.copy)
    if made is None:
        with Child(name="pdf", walled=True) as child:
            made = copies.make(child, blobs, derived, one.copy, limits)
    yield io.BytesIO(made)


def _told(session: Session, document: Document, settings: Settings) -> Told:
    came = next((one.told for one in findings.of_scan(session, document.scan_id) if one.is_main), Told())
    organ, date = _value(document, "issuing_organ"), _value(document, "date")
    number, code = _value(document, "number"), document.full_code or ""
    row = agencies.code_of(session, organ, date)
    is_sender = words_of(findings.organ_name(came.sender.name)) == words_of(organ)
    sender = Organ(row.code if row else came.sender.id if is_sender else "", organ)
    lead = next(
        (one.due for one in document.routes if one.role == "lead" and one.due and one.state != "suggested"), None
    )
    return Told(
        id=came.id or ",".join((sender.id, date.replace("-", "/"), code)), sender=sender,
        receivers=(Organ(settings.organ_id, settings.office),), number=number,
        symbol=code[len(number) + 1 :] if number and code.startswith(number) else _value(document, "symbol"),
        place=_value(document, "place"), date=date, type=_value(document, "document_type"),
        subject=_value(document, "subject"), competence=_value(document, "signer_authority"),
        position=_value(document, "signer_title"), signer=_value(document, "signer_name"),
        due=lead.isoformat() if lead else came.due, priority=_priority(document.urgency),
        pages=str(len(document.pages) or ""), appendixes=came.appendixes,
        places=tuple(document.lists.get("recipients", ())) or came.places,
        replies_to=_replies(document) or came.replies_to,
    )  # fmt: skip


def _value(document: Document, field: str) -> str:
    value: Any = (document.fields.get(field) or {}).get("value")
    return value if isinstance(value, str) else ""


def _priority(urgency: str | None) -> int:
    known = [fold(one) for one in findings.PRIORITIES]
    return known.index(fold(urgency)) if urgency and fold(urgency) in known else 0


def _replies(document: Document) -> tuple[Named, ...]:
    return tuple(
        Named("", one.code, one.date or "") for one in document.citations if one.relation == "reply" and one.code
    )


def _check(document: Document, told: Told) -> None:
    missing = [label for field, label in NEEDED.items() if not _value(document, field)]
    if missing:
        raise BadValue(f"Văn bản chưa có {', '.join(missing)} nên chưa xuất được.")
    long = [(label, len(getattr(told, field)), most) for field, (label, most) in LONGEST.items()]
    long += [("Nơi gửi", len(told.sender.name), LONGEST_NAME), ("Mã định danh", len(told.sender.id), LONGEST_ID)]
    long.append(("Nơi nhận", sum(map(len, told.places)), LONGEST_PLACES))
    if said := [f"{label} dài {length} ký tự, quy chuẩn cho {most}" for label, length, most in long if length > most]:
        raise BadValue(f"Chưa xuất được vì không cắt bớt: {'; '.join(said)}.")
