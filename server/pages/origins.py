"""Where a paper came from: the place in its door, and the letter or message it lay in, which may be downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, send_file
from sqlalchemy.orm import Session

from archive import access, message_list, messages
from archive.errors import NotFound
from archive.models import Message, Origin, Scan
from server import restricted
from server.api.papers import scan_of
from server.auth import require
from server.pages import shown
from server.speech import gettext as _
from server.state import state

pages = Blueprint("origins", __name__)
DOORS = {
    "folder": "Thư mục theo dõi", "mail": "Thư điện tử", "edxml": "Thông điệp edXML", "zip": "Tệp ZIP",
    "scanner": "Máy quét",
}  # fmt: skip
GONE = "Không có thư này, hoặc bạn không được xem mọi văn bản trong thư."


@dataclass(frozen=True)
class Whence:
    """One way a file came."""

    door: str
    place: str
    at: str
    sender: str = ""
    subject: str = ""
    sent: str = ""
    """As the letter says."""
    letter: str = ""
    """Where the letter itself is; empty: there is none, or not for this user."""
    page: str = ""
    """Where it is told of, likewise."""


def of(session: Session, scan: Scan) -> list[Whence]:
    """The ways a scan came that are worth telling, oldest first. For who may see the whole file."""
    wanted = sa.select(Origin, Message).outerjoin(Message, Message.id == Origin.message_id)
    rows = session.execute(wanted.where(Origin.scan_id == scan.id).order_by(Origin.at, Origin.id)).all()
    letters = [message.id for message in _letters(session, scan.id)]
    found = [_whence(scan, origin, message, letters, session) for origin, message in rows]
    return list(dict.fromkeys(found))


def places(session: Session, scans: Sequence[Scan]) -> dict[str, list[Whence]]:
    """Which door and place each came by, and when, for who sees nothing else of them."""
    wanted = sa.select(Origin).where(Origin.scan_id.in_([one.id for one in scans])).order_by(Origin.at, Origin.id)
    found: dict[str, list[Whence]] = {one.id: [] for one in scans}
    for origin in session.scalars(wanted):
        door = _(DOORS.get(origin.source, origin.source))
        found[origin.scan_id].append(Whence(door, origin.label, shown.moment(origin.at.isoformat())))
    return found


def _whence(scan: Scan, origin: Origin, message: Message | None, letters: Sequence[str], session: Session) -> Whence:
    door, at = _(DOORS.get(origin.source, origin.source)), shown.moment(origin.at.isoformat())
    if message is None or not _may_see(session, message):
        return Whence(door, origin.label, at)
    facts = message.facts if message.kind in ("mail", "zip") else {}
    return Whence(
        door, origin.label, at, message.sender, str(facts.get("subject", "")), str(facts.get("date", "")),
        f"/scans/{scan.id}/messages/{letters.index(message.id) + 1}", f"/messages/{message.id}",
    )  # fmt: skip


def _letters(session: Session, scan_id: str) -> Sequence[Message]:
    of_scan = sa.select(Origin.message_id).where(Origin.scan_id == scan_id)
    return session.scalars(
        sa.select(Message).where(Message.id.in_(of_scan)).order_by(Message.received_at, Message.id)
    ).all()


def _may_see(session: Session, message: Message) -> bool:
    mine = sa.select(Message.id).where(Message.id == message.id, access.visible_messages(g.user))
    return session.scalar(mine) is not None


@pages.get("/scans/<scan_id>/messages/<int:number>")
@require("read")
def message(scan_id: str, number: int) -> Any:
    """A letter a scan came in, as it came, byte for byte; only ever saved, never shown inside our own pages."""
    with state().readers() as session:
        letters = _letters(session, scan_of(session, scan_id).id)
        found = letters[number - 1] if 0 < number <= len(letters) else None
        if found is None or not _may_see(session, found):
            raise NotFound(GONE)
        note_read(session, found)
    return sent(found)


def note_read(session: Session, message: Message) -> None:
    """The file of a message is about to be sent: that a restricted paper of it is read is written down."""
    for scan in message_list.scans_of(session, message):
        restricted.note(*scan.documents)


def sent(message: Message) -> Any:
    """The file of a message one may see, named by its bytes; after the session, for they may come from afar."""
    path = state().blobs.path(message.sha256)
    with path.open("rb") as stream:
        media_type, ending = messages.form(message, stream.read(len(messages.ZIP)))
    answer = send_file(
        path, mimetype=media_type, as_attachment=True,
        download_name=f"{message.sha256[:12]}.{ending}", etag=message.sha256, max_age=0,
    )  # fmt: skip
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
