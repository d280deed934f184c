"""/messages (Thư và thông điệp đến): every letter and edXML message, what came of it, what was left in it and why."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, render_template, request
from sqlalchemy.orm import Session

from archive import access, message_list
from archive.edxml import findings
from archive.edxml.told import Organ, Told, from_json
from archive.message_list import Asked
from archive.models import Document, Message, Scan
from server import restricted
from server.auth import require
from server.pages import ledger, origins, shown
from server.pages.vouched import Seal, seal_of
from server.speech import gettext as _
from server.state import state

pages = Blueprint("messages", __name__)
KINDS = {kind: origins.DOORS[kind] for kind in ("mail", "edxml", "zip")}
WHY = {
    "picture": "hình trong thân thư", "small_picture": "hình nhỏ, biểu trưng", "signature": "chữ ký kèm thư",
    "calendar": "lịch hẹn", "empty": "tệp rỗng", "unknown": "không phải PDF hay ảnh", "nested": "thư lồng trong thư",
    "ignored": "quy tắc của hộp thư bỏ qua", "refused": "kho không nhận được", "too_large": "quá lớn",
}  # fmt: skip
"""Why a file was left in its message; edXML says it in words of its own."""
MOST = 200
"""Characters of the question."""


@dataclass(frozen=True)
class Line:
    """A message in the list; a withheld one has neither `sender` nor anything else it says."""

    id: str
    kind: str
    at: str
    look: tuple[str, str, str]
    """kind of the pill, sign, words"""
    sender: str = ""
    subject: str = ""
    date: str = ""
    files: int = 0
    left: str = ""
    is_open: bool = True


@dataclass(frozen=True)
class File:
    """A file in a message: the papers that came of it, or why none did."""

    name: str
    size: int
    why: str
    about: str
    scan: Scan | None
    inside: str
    """Id of the message it is itself; empty: none, or not for this user."""


@pages.get("/messages")
@require("read")
def look() -> Any:
    """The list, the latest first; `kind`, `refused` and `q` narrow it."""
    given = request.args
    typed = "".join(letter if letter.isprintable() else " " for letter in given.get("q", "")[:MOST])
    words = unicodedata.normalize("NFC", " ".join(typed.split()))
    kind = given.get("kind", "") if given.get("kind") in KINDS else ""
    asked = Asked(kind, given.get("refused") == "1", words, given.get("after", "")[:32])
    with state().readers() as session:
        found = message_list.page(session, g.user, asked)
        lines = [
            _withheld(one, gone=one.id in found.destroyed) if one.withheld else _line(one, found.files.get(one.id, 0))
            for one in found.messages
        ]
        # Whoever sees every paper learns what was refused at the doors, too.
        turned_away = message_list.turned_away(session) if asked.refused and access.sees_all(g.user) else []
        return render_template(
            "pages/messages.html", lines=lines, asked=asked, kinds=KINDS, cursor=found.cursor,
            turned_away=[(shown.moment(one.at), _(origins.DOORS.get(one.door, one.door)),
                          _(ledger.REASONS.get(one.reason, one.reason)), one.size) for one in turned_away],
        )  # fmt: skip


def _withheld(one: Message, *, gone: bool) -> Line:
    look = ("off", "✕", _("đã tiêu hủy")) if gone else ("bad", "✕", _("đang cách ly"))
    return Line(one.id, _(KINDS.get(one.kind, one.kind)), shown.moment(one.received_at), look, is_open=False)


def _line(one: Message, files: int) -> Line:
    kind, at = _(KINDS.get(one.kind, one.kind)), shown.moment(one.received_at)
    said = one.facts.get("told")
    subject = (said if isinstance(said, Mapping) else one.facts).get("subject", "")
    left = [_why(each) for each in _files(one) if each.get("why")]
    reasons = "; ".join(dict.fromkeys(left))
    return Line(
        one.id, kind, at, _outcome(one, files), one.sender, str(subject), str(one.facts.get("date", "")), files,
        f"{len(left)}: {reasons}" if left else "; ".join(map(_reason, one.facts.get("refused") or ())),
    )  # fmt: skip


def _outcome(one: Message, files: int) -> tuple[str, str, str]:
    if one.refused:
        return "bad", "✕", _("có phần không nhận")
    return ("ok", "✓", _("đã nhận")) if files else ("off", "–", _("không có tệp nào"))


def _files(one: Message) -> list[Mapping[str, Any]]:
    listed = one.facts.get("parts") or one.facts.get("files") or ()
    return [each for each in listed if isinstance(each, Mapping)]


def _why(file: Mapping[str, Any]) -> str:
    return _reason(file.get("why", ""))


def _reason(text: Any) -> str:
    """A word of ours, or the sentence that was kept."""
    known = WHY.get(str(text))
    return _(known) if known else str(text)


@pages.get("/messages/<message_id>")
@require("read")
def open_one(message_id: str) -> Any:
    """One message: what it says of itself, its files, what came of them, what its sender was told."""
    with state().readers() as session:
        one = message_list.one(session, g.user, message_id[:32])
        scans = message_list.scans_of(session, one)
        documents = [document for scan in scans for document in scan.documents]
        restricted.note(*documents)
        return render_template(
            "pages/message.html", message=one, kind=_(KINDS.get(one.kind, one.kind)), look=_outcome(one, len(scans)),
            facts=list(_facts(one)), files=(parts := _parts(session, one, scans)), others=_others(parts, scans),
            seals=_seals(one),
            refused=list(dict.fromkeys(map(_reason, one.facts.get("refused") or ()))),
            statuses=_statuses(session, one, documents),
        )  # fmt: skip


def _facts(one: Message) -> Iterator[tuple[str, str]]:
    """(label, text): foreign words, shown as they claim to be."""
    told = from_json(one.facts["told"]) if isinstance(one.facts.get("told"), Mapping) else None
    said = [(_("Người gửi"), one.sender), (_("Hộp thư, nơi nhận"), one.account)]
    said += _of_header(told) if told else [
        (_("Tiêu đề"), str(one.facts.get("subject", ""))), (_("Thư ghi ngày"), str(one.facts.get("date", ""))),
    ]  # fmt: skip
    said += [(_("Mã của bên gửi"), one.key), (_("Nhận lúc"), shown.moment(one.received_at))]
    said += [(_("Độ lớn"), _("{} byte").format(shown.count(one.size))), ("SHA-256", one.sha256)]
    return ((label, text) for label, text in said if text)


def _of_header(told: Told) -> list[tuple[str, str]]:
    code = f"{told.number}/{told.symbol}" if told.number and told.symbol else told.number or told.symbol
    signer = ", ".join(filter(None, (told.competence, told.position, told.signer)))
    return [
        (_("Mã định danh bên gửi"), told.sender.id), (_("Bên nhận"), "; ".join(map(_organ, told.receivers))),
        (_("Loại"), told.type), (_("Số, ký hiệu"), code), (_("Ngày văn bản"), shown.day(told.date)),
        (_("Trích yếu"), told.subject), (_("Nội dung"), told.content), (_("Người ký"), signer),
        (_("Độ khẩn"), findings.PRIORITIES[told.priority]), (_("Thời hạn"), shown.day(told.due)),
        (_("Nơi nhận"), "; ".join(told.places)), (_("Phụ lục"), "; ".join(told.appendixes)),
        (_("Trả lời văn bản"), "; ".join(each.code or each.id for each in told.replies_to)),
        (_("Nói về văn bản"), "; ".join(each.code or each.id for each in (told.business_about, *told.replaces))),
        (_("Lý do"), told.business_reason), (_("Gửi lúc"), told.sent_at),
    ]  # fmt: skip


def _organ(one: Organ) -> str:
    return one.name or one.id


def _parts(session: Session, one: Message, scans: Sequence[Scan]) -> list[File]:
    by_name = {scan.id: scan for scan in scans} | {scan.sha256: scan for scan in scans}
    inside = {str(each["message"]) for each in _files(one) if each.get("message")}
    seen = set(session.scalars(sa.select(Message.id).where(Message.id.in_(inside), access.visible_messages(g.user))))
    return [
        File(
            str(each.get("name", "")), int(each.get("size") or 0), _why(each), str(each.get("description") or ""),
            by_name.get(str(each.get("scan") or each.get("sha256") or "")),
            str(each["message"]) if each.get("message") in seen else "",
        )
        for each in _files(one)
    ]  # fmt: skip


def _others(parts: Sequence[File], scans: Sequence[Scan]) -> list[Scan]:
    """Files that came of it and are not in what it says of its files: of a message within it, or after a crash."""
    named = {part.scan.id for part in parts if part.scan}
    return [scan for scan in scans if scan.id not in named]


def _seals(one: Message) -> list[Seal]:
    return [seal_of(each) for each in one.facts.get("signatures") or () if isinstance(each, Mapping)]


def _statuses(session: Session, one: Message, documents: Sequence[Document]) -> list[tuple[str, str, str]]:
    told = message_list.told_of(session, one, documents) if one.kind == "edxml" else []
    return [(each.code, each.name, shown.moment(each.at)) for each in told]


@pages.get("/messages/<message_id>/original")
@require("read")
def original(message_id: str) -> Any:
    """The message as it came, byte for byte; only ever saved, never shown inside our own pages."""
    with state().readers() as session:
        one = message_list.one(session, g.user, message_id[:32])
        origins.note_read(session, one)
    return origins.sent(one)
