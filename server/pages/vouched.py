"""What vouches for a paper beside its page: digital signatures, the edXML message it came by, what its sender asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import access, signed
from archive.edxml import findings, notices
from archive.models import WITHHELD, Document, Origin, Scan
from server.pages import shown
from server.speech import gettext as _

VERDICTS = {
    signed.TRUSTED: ("ok", "✓", "Chữ ký đúng, người ký có trong danh sách tin cậy"),
    signed.UNKNOWN: ("warn", "⚠", "Chưa bị sửa từ khi ký; chưa biết chữ ký của ai là thật"),
    signed.WEAK: ("warn", "⚠", "Chưa bị sửa, nhưng thuật toán ký đã cũ, không còn an toàn"),
    signed.CHANGED: ("bad", "✕", "Có phần thêm vào sau khi ký; phần đó không được ký"),
    signed.BROKEN: ("bad", "✕", "Chữ ký không đúng: nội dung đã bị sửa sau khi ký"),
    signed.UNCHECKED: ("off", "?", "Chưa kiểm tra được chữ ký"),
}
ASKED = {
    "recall_asked": "Bên gửi đề nghị thu hồi văn bản này",
    "update_asked": "Bên gửi đề nghị cập nhật văn bản này",
    "replacement_told": "Bên gửi báo văn bản này đã được thay thế",
}


@dataclass(frozen=True)
class Seal:
    """One digital signature as it is shown."""

    kind: str
    sign: str
    words: str
    signer: str
    organs: str
    at: str
    clock: str
    """Whose clock `at` is of."""
    why: str


@dataclass(frozen=True)
class Letter:
    """The message a paper came by."""

    sender: str
    id: str
    came: str
    due: str
    appendixes: Sequence[str]
    files: Sequence[Mapping[str, Any]]
    is_main: bool
    seals: Sequence[Seal]


@dataclass(frozen=True)
class Asked:
    """What a sender asks about this paper."""

    words: str
    sender: str
    reason: str
    at: str
    trusted: bool


def context(session: Session, document: Document, user: Any) -> dict[str, Any]:
    """What `parts/vouched.html` shows. The whole file's signatures and message are for who may see the whole file."""
    told = [_asked(one) for one in notices.of(session, document.id)]
    if document.scan.status in WITHHELD or not _sees_file(document, user):
        return {"seals": [], "letters": [], "asked": told}
    said = findings.of_scan(session, document.scan_id)
    seals = [seal_of(one) for one in document.scan.signatures]
    return {"seals": seals, "letters": [_letter(session, one, user) for one in said], "asked": told}


def _sees_file(document: Document, user: Any) -> bool:
    return all(access.can(user, "read", one) for one in document.scan.documents)


def seal_of(one: Mapping[str, Any]) -> Seal:
    """A signature as archive/signed.py says it, in words."""
    kind, sign, words = VERDICTS.get(str(one.get("verdict")), VERDICTS[signed.UNCHECKED])
    clock = _("theo dấu thời gian") if one.get("stamped") else _("theo máy của người ký")
    at = str(one.get("at") or "")
    return Seal(
        kind, sign, _(words), str(one.get("signer") or _("Không rõ người ký")), "; ".join(one.get("organs") or ()),
        shown.moment(at) if at else "", clock, _(str(one["why"])) if one.get("why") else "",
    )  # fmt: skip


def _letter(session: Session, one: findings.Said, user: Any) -> Letter:
    """A message without the files of papers this person may not see; then what was left in it is not told, either."""
    of_message = sa.select(Scan.sha256).join(Origin, Origin.scan_id == Scan.id)
    of_message = of_message.where(Origin.message_id == one.message.id)
    scans = set(session.scalars(of_message))
    seen = set(session.scalars(of_message.where(access.visible_scans(user))))
    facts, is_whole = one.message.facts, scans == seen
    files = [each for each in facts.get("files", ()) if each.get("sha256") in seen or (is_whole and each.get("sha256"))]
    return Letter(
        one.told.sender.name or one.told.sender.id or _("Không rõ"), one.told.id,
        shown.moment(one.message.received_at.isoformat()), one.told.due, one.told.appendixes if is_whole else (),
        files, one.is_main,
        [seal_of(each) for each in facts.get("signatures", ())],
    )  # fmt: skip


def _asked(one: notices.Notice) -> Asked:
    return Asked(_(ASKED[one.action]), one.sender, one.reason, shown.moment(one.at), one.trusted)
