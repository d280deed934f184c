"""How far a paper is, told to the office that sent it by edXML: made from the archive's own events, each told once.

A message is a file in a folder that the office's own exchange program (trục liên thông) sends on. Its name says which
it is: a crash between file and event writes the same file again, never another one.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history, trace
from archive.config import Settings
from archive.database import Sessions
from archive.durable import write
from archive.edxml import KIND, findings, writing
from archive.edxml.findings import Said
from archive.edxml.told import Named, Organ, of_id
from archive.errors import BadSettings, NotFound
from archive.models import Delivery, Document, Event, Message, Origin

NAMES = {
    "01": "Đã đến", "02": "Từ chối tiếp nhận", "03": "Đã tiếp nhận", "04": "Phân công", "05": "Đang xử lý",
    "06": "Hoàn thành",
}  # fmt: skip
EVENT = "status_told"
_FIRSTS = {"received": "01", "registered": "03", "routed": "04", "taken_over": "05", "assigned": "05"}
"""Events whose first stands for a status."""
_papers = (
    sa.select(Document.id).distinct().join(Origin, Origin.scan_id == Document.scan_id)
    .join(Message, Message.id == Origin.message_id)
    .where(Message.kind == KIND, sa.not_(Message.withheld), Document.ordinal == 1).order_by(Document.id)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Status:
    """One status; `at` is when the archive's event says."""

    code: str
    at: dt.datetime
    words: str


def came_by(session: Session, document: Document) -> list[Said]:
    """The messages whose sender is told about this document; an office of this installation asks (archive/post)."""
    came = [one for one in findings.of_scan(session, document.scan_id) if one.is_main and document.ordinal == 1]
    inner = set(session.scalars(sa.select(Delivery.sha256).where(Delivery.scan_id == document.scan_id)))
    return [one for one in came if one.message.sha256 not in inner]


def of(session: Session, document: Document) -> list[Status]:
    """What has become of a document so far, in the order of the codes."""
    found: dict[str, Status] = {}
    for event in trace.happened(session, document):
        code = _FIRSTS.get(event.action)
        if code and code not in found:
            found[code] = Status(code, dt.datetime.fromisoformat(event.at), NAMES[code])
        if event.action == "set_aside" and document.status == "void" and "03" not in found:
            found["02"] = Status("02", dt.datetime.fromisoformat(event.at), NAMES["02"])
        if event.action == "finished" and document.status == "done":
            found["06"] = Status("06", dt.datetime.fromisoformat(event.at), NAMES["06"])
    return [found[code] for code in sorted(found)]


def message(said: Said, one: Status, settings: Settings) -> bytes:
    """The status as the message its sender gets."""
    told = said.told
    about = of_id(told.id) if told.id else Named()
    about = Named(told.sender.id or about.organ, about.code or f"{told.number}/{told.symbol}", told.date, told.id)
    return writing.status(about, Organ(settings.organ_id, settings.office), one.code, one.words, one.at)


def tell(sessions: Sessions, settings: Settings, actor: str) -> Sequence[str]:
    """Write every status that was not told yet into the outbox; the names of the files. BadSettings, OSError."""
    if not settings.edxml_outbox or not settings.organ_id:
        raise BadSettings("Hãy đặt edxml_outbox (thư mục) và organ_id (mã định danh của cơ quan) trước.")
    folder = Path(settings.edxml_outbox)
    folder.mkdir(parents=True, exist_ok=True)
    with sessions() as session:
        papers = session.scalars(_papers).all()
    return [name for paper in papers for name in _tell_of(sessions, settings, folder, paper, actor)]


def _tell_of(sessions: Sessions, settings: Settings, folder: Path, paper: str, actor: str) -> list[str]:
    with sessions.begin() as session:
        document = session.get(Document, paper, with_for_update=True)
        if document is None:
            raise NotFound(paper)
        names = []
        known = _told(session, paper)
        for said in came_by(session, document):
            for one in (one for one in of(session, document) if (said.message.id, one.code) not in known):
                name = f"{said.message.id}-{one.code}.edxml"
                write(folder / name, message(said, one, settings))
                facts = {"code": one.code, "message": said.message.id}
                history.append(session, actor, EVENT, document.id, facts)
                names.append(name)
        return names


def _told(session: Session, paper: str) -> set[tuple[str, str]]:
    events = session.scalars(sa.select(Event.data).where(Event.subject == paper, Event.action == EVENT))
    return {(str(one["message"]), str(one["code"])) for one in map(json.loads, events)}
