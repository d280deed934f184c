"""What a message says of its paper, as findings beside what was read on the page.

Never sure alone: a header is typed by a person, and the file beside it may be another. Where paper and message agree
a value becomes sure, where they differ both are shown (archive/findings.py). The appendixes of a message are papers of
their own and get nothing of its header.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import signed
from archive.codes import TYPE_NAMES, Code, find_codes
from archive.edxml import KIND
from archive.edxml.told import Named, Told, from_json
from archive.findings import Citation, Finding, Value
from archive.models import Document, Message, Origin, Scan
from archive.vietnamese import fold, plain_letters, words_of

WITNESS, SOURCE = "message", "edxml"
VERIFIED, UNVERIFIED = 0.95, 0.85
"""Confidence of what a header says, with a signature of somebody believed and without."""
LIST = 0.4
"""Of its list of recipients: offices write down other names than the paper's."""
PRIORITIES = ("", "Khẩn", "Thượng khẩn", "Hỏa tốc", "Hỏa tốc hẹn giờ")
"""OtherInfo/Priority; 0 is also what who says nothing sends."""
_ABOUT = re.compile(r"^(?:v\s?/\s?v\b|về việc\b|về\b)[\s:.]*", re.IGNORECASE)
_APPENDIX = re.compile(r"^[\W\d_]*phu luc\b", re.MULTILINE)
_HEAD = 12
"""Lines of a page in which the heading of an appendix stands."""
_SHORT = {"UBND": "Ủy ban nhân dân", "HĐND": "Hội đồng nhân dân"}
_messages = (
    sa.select(Message).join(Origin, Origin.message_id == Message.id)
    .where(Origin.scan_id == sa.bindparam("scan"), Message.kind == KIND, sa.not_(Message.withheld))
    .order_by(Message.received_at, Message.id)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """A message by which a scan came."""

    message: Message
    told: Told
    is_main: bool
    """The scan is the paper itself, not an appendix of it."""


def of_scan(session: Session, scan_id: str) -> list[Said]:
    """The edXML messages a scan came by, in order; none of withheld ones."""
    scan = session.get_one(Scan, scan_id)
    rows = {row.id: row for row in session.scalars(_messages, {"scan": scan_id})}
    return [
        Said(row, from_json(row.facts.get("told", {})), row.facts.get("main") == scan.sha256) for row in rows.values()
    ]


def of_document(session: Session, document: Document, read: Sequence[Finding]) -> list[Finding | Citation]:
    """What messages say of a document, given what was read on it: of the first document of a main file only."""
    if document.ordinal > 1:
        return []
    said = [one for one in of_scan(session, document.scan_id) if one.is_main]
    may_be_sure = not _is_appendix(document.text or "")
    return [
        found for one in said
        for found in of_told(one.told, read, weight(one.message),
                             surely=may_be_sure and bool(one.message.facts.get("main_sure")))
    ]  # fmt: skip


def names_file(session: Session, scan_id: str) -> bool:
    """Whether a message named the file of a scan: then the name says nothing that its header does not."""
    came = sa.select(Origin.id).where(Origin.scan_id == scan_id, Origin.source == KIND)
    return session.scalar(came.limit(1)) is not None


def _is_appendix(text: str) -> bool:
    """Whether it is headed PHỤ LỤC, whatever its file is called."""
    lines = [line for line in text.splitlines() if line.strip()][:_HEAD]
    return _APPENDIX.search(fold("\n".join(lines))) is not None


def weight(message: Message) -> float:
    """Confidence of its header; 0 where it was changed after it was signed.

    Signed in part it is worth as much as not signed at all: anybody can leave a signature out.
    """
    verdicts = {str(one.get("verdict")) for one in message.facts.get("signatures", ())}
    if signed.BROKEN in verdicts:
        return 0.0
    return VERIFIED if verdicts == {signed.TRUSTED} else UNVERIFIED


def of_told(told: Told, read: Sequence[Finding], weight: float, *, surely: bool) -> Iterator[Finding | Citation]:
    """The findings of a header; only suggestions where it is not `surely` of this file, or its signature is broken."""
    who = told.sender.name or told.sender.id or "bên gửi"
    for field, value in _values(told, read):
        confidence = LIST if field == "recipients" else weight or LIST
        reason = f"Thông điệp edXML của {who} ghi: {value if isinstance(value, str) else '; '.join(value or ())}."
        yield Finding(field, value, confidence, reason=reason[:500], witness=WITNESS, source=SOURCE,
                      suggestion=not (surely and weight))  # fmt: skip
    if not weight:
        yield Finding("flag", "message_signature_broken", 1.0, witness=WITNESS, source=SOURCE)
    elif surely:
        yield from _citations(told)


def _values(told: Told, read: Sequence[Finding]) -> Iterator[tuple[str, Value]]:
    code = code_of(told)
    said = {
        "number": code.number if code else told.number, "symbol": code.symbol if code else told.symbol,
        "full_code": code.full if code else "", "drafting_unit": code.unit if code else "", "date": told.date,
        "place": told.place, "issuing_organ": organ_name(told.sender.name), "document_type": type_of(told.type),
        "subject": _ABOUT.sub("", told.subject), "signer_title": told.position, "signer_name": told.signer,
        "urgency": PRIORITIES[told.priority],
    }  # fmt: skip
    for field, value in said.items():
        if value:
            yield field, _as_read(field, value, read) if field in ("number", "full_code") else value
    if authority := _authority(told.competence, read):
        yield "signer_authority", authority
    if told.places:
        yield "recipients", told.places


def code_of(told: Told) -> Code | None:
    """Number and symbol, however the sender parted them: `182` and `CV/TU`, `30` and `2020/NĐ-CP`, or all in one."""
    number, symbol = told.number.strip(" /-"), told.symbol.strip(" /-")
    whole = (f"{number}/{symbol}", f"{number}-{symbol}") if symbol else (number,)
    for text in (symbol, *whole) if symbol.startswith(number) else whole:
        found = list(find_codes(text, bare=True))
        if len(found) == 1 and found[0].raw == text:
            return found[0]
    return None


def _as_read(field: str, value: str, read: Sequence[Finding]) -> str:
    """`5` of a message is the `05` of the paper: as it is printed there."""
    same = (one.value for one in read if one.field == field and isinstance(one.value, str))
    return next((text for text in same if text.lstrip("0") == value.lstrip("0")), value)


def organ_name(name: str) -> str:
    """The name written out."""
    text = plain_letters(name)
    for short, long in _SHORT.items():
        text = re.sub(rf"(?<!\w){short}(?!\w)", long, text)
    return text


def type_of(name: str) -> str:
    """The type as the archive calls it; "" for what is none: the codes beside it mean other things in each office."""
    return next((known for known in TYPE_NAMES if words_of(known) == words_of(name)), "")


def _authority(competence: str, read: Sequence[Finding]) -> str:
    """A message has `TM.`, the paper `TM. ỦY BAN NHÂN DÂN`: what was read is seconded."""
    letters = re.sub(r"[^a-z]", "", fold(competence))
    found = (one.value for one in read if one.field == "signer_authority" and isinstance(one.value, str))
    for value in found:
        if letters and (value == competence or re.sub(r"[^a-z]", "", fold(value.split(" ")[0])) == letters):
            return value
    return competence if len(competence.split()) > 1 else ""


def _citations(told: Told) -> Iterator[Citation]:
    for one in told.replies_to:
        yield from _citation(one, "reply")
    for one in told.replaces:
        yield from _citation(one, "replaced")


def _citation(named: Named, relation: str) -> Iterator[Citation]:
    found = list(find_codes(named.code, bare=True))
    if len(found) == 1 and found[0].full:
        yield Citation(None, found[0].full, named.date or None, None, relation, source=SOURCE)


def without_known(citations: Iterable[Citation | Finding], read: Iterable[Citation]) -> list[Citation]:
    """Citations of a message; where the paper cites the same, the paper's with the message's relation stays one."""
    known = {one.code for one in read}
    return [one for one in citations if isinstance(one, Citation) and one.code not in known]
