"""A paper with a secrecy mark on a machine that may not hold it: nothing of it is kept but its bytes, in a place of
their own (archive/safe.py).

NĐ 30/2020/NĐ-CP, arts. 21–22, leaves secret papers to the State-secret rules; Luật 117/2025/QH15 forbids them on
networked machines. Default deny: no text, no picture, no index; the clerk is told what to do.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import client_uploads, history, messages, register, register_days
from archive.errors import BadValue, Conflict, NotFound
from archive.jobs import desk, queue
from archive.jobs.queue import Next
from archive.models import (
    WITHHELD,
    CitationRow,
    Confirmation,
    Cut,
    Document,
    Event,
    FindingRow,
    MarkRow,
    Origin,
    Outbox,
    PageRow,
    RegisterEntry,
    RouteRow,
    Scan,
    StampRow,
    Task,
)  # fmt: skip
from archive.pipeline.line import Archive
from archive.post import due

REASON = (
    "Tệp có dấu chỉ mức độ mật nên đã bị cách ly: không đọc tiếp, không lập chỉ mục, không lưu hình trang. "
    "Bản gốc vẫn còn nguyên. Hãy báo người phụ trách bảo mật để đưa tệp khỏi máy nối mạng và xử lý theo quy định "
    "về bảo vệ bí mật nhà nước."
)
UNLOOKED = (
    "Chưa xem được đầu trang {pages} có dấu chỉ mức độ mật hay không, nên chưa trang nào của tệp được đọc, lập chỉ mục "
    "hay hiển thị. Bản gốc vẫn được lưu an toàn. Hãy bấm “Thử lại”; nếu vẫn không được, hãy báo người phụ trách bảo "
    "mật xem bản giấy rồi cho đọc ở mục “Nơi cách ly”, hoặc quét lại."
)

GRADES = ("Mật", "Tối mật", "Tuyệt mật")
HIDDEN = "tệp cách ly"
"""What stands for the name of the file: it may say what the paper is about."""
RELEASED, DESTROYED, SAID = "secrecy_released", "destroyed", "said_secret"
ALLOWED, FORBIDDEN = "secrets_allowed", "secrets_forbidden"


def guards(session: Session, archive: Archive, scan_id: str) -> bool:
    """Whether a mark of secrecy stops this scan: not on a network of its own, nor after a person said it is none."""
    if archive.keeps_secrets:
        return False
    return not _is_released(session, scan_id)


def _is_released(session: Session, scan_id: str) -> bool:
    released = sa.select(Event.seq).where(Event.subject == scan_id, Event.action == RELEASED).limit(1)
    return session.scalar(released) is not None


def is_decided(session: Session, scan_id: str) -> bool:
    """Whether a person has released this scan, confirmed anything read on it, or put it into the book.

    A quarantine would wipe that work; the mere word of a door is not enough for it.
    """
    of_scan = sa.select(Document.id).where(Document.scan_id == scan_id)
    entered = of_scan.join(RegisterEntry, RegisterEntry.document_id == Document.id).limit(1)
    confirmed = of_scan.join(Confirmation, Confirmation.document_id == Document.id).limit(1)
    return _is_released(session, scan_id) or any(session.scalar(one) is not None for one in (entered, confirmed))


def note_said(session: Session, scan_id: str, source: str, actor: str, at: dt.datetime) -> None:
    """Leave word that a door called a scan secret on which a person has decided; once for each source."""
    told = session.scalars(sa.select(Event.data).where(Event.subject == scan_id, Event.action == SAID))
    if all(json.loads(one).get("source") != source for one in told):
        history.append(session, actor, SAID, scan_id, {"source": source}, at)


def said_by(session: Session, scan_id: str) -> list[str]:
    """The doors that called a scan secret (`note_said`) since a person last released it."""
    of_scan = sa.select(Event.action, Event.data).where(Event.subject == scan_id, Event.action.in_((SAID, RELEASED)))
    doors: list[str] = []
    for action, data in session.execute(of_scan.order_by(Event.seq)):
        doors = [] if action == RELEASED else [*doors, json.loads(data)["source"]]
    return doors


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
    due.at_once(session, [document.id for document in documents])
    for document in documents:
        session.add(Outbox(document_id=document.id))
        _forget(session, document, (grades or {}).get(document.id, "Mật"))
    _forget_pages(session, scan.id)
    session.flush()
    stated = register_days.state_anew(session, closed)
    messages.withhold(session, archive.blobs, archive.safe, scan.id)
    history.append(session, queue.ACTOR, "quarantined", scan.id, {"closed_days": stated} if stated else {})
    # Before the commit: were it after, a crash between would leave them. Without the commit the next step gives back.
    archive.derived.forget(scan.id)
    archive.safe.take(archive.blobs, scan.sha256, scan.filename)
    scan.filename = HIDDEN if archive.safe.has(scan.sha256) else scan.filename
    return []


def note_setting(session: Session, archive: Archive) -> None:
    """Write down when somebody lets secret papers be read here (VANTHU_SECRETS=allow), and when that ends."""
    wanted = sa.select(Event.action).where(Event.subject == "settings", Event.action.in_((ALLOWED, FORBIDDEN)))
    last = session.scalar(wanted.order_by(Event.seq.desc()).limit(1))
    said = ALLOWED if archive.keeps_secrets else FORBIDDEN
    if said != (last or FORBIDDEN):
        history.append(session, "system", said, "settings", {"secrets": archive.settings.secrets})


def take_turn(session: Session, document: Document) -> None:
    """Lock the scan before its document, at the beginning of a transaction that may impose a quarantine.

    Every step of the line finishes in this order; with the document first, a clerk who types a secrecy and a worker
    at the same scan would wait for each other.
    """
    session.get(Scan, document.scan_id, with_for_update=True)


def impose_if_secret(session: Session, archive: Archive, document: Document) -> bool:
    """Quarantine the scan of a document a person has marked secret, as if the machine had read the mark."""
    if document.secrecy is None or archive.keeps_secrets or document.scan.status in WITHHELD:
        return False
    impose(session, archive, document.scan)
    return True


def release(session: Session, archive: Archive, scan_id: str, reason: str, *, actor: str) -> None:
    """A false alarm: the bytes go back and are read from the beginning, and no mark stops them again; so is a file at
    which nobody could look.

    Conflict where a line of the book was concealed with it: that cannot be taken back; scan the paper anew.
    """
    if session.scalar(unlooked().where(Scan.id == scan_id)):
        _read_unlooked(session, scan_id, reason, actor)
        return
    scan = _held(session, scan_id, reason)
    if session.scalar(sa.select(Document.id).where(Document.scan_id == scan.id).limit(1)) is not None:
        raise Conflict("Văn bản của tệp đã vào sổ và dòng sổ đã được che. Hãy quét lại giấy; tệp vẫn ở nơi cách ly.")
    session.execute(sa.delete(MarkRow).where(MarkRow.scan_id == scan.id))
    session.execute(sa.delete(Task).where(Task.scan_id == scan.id))
    name = archive.safe.give_back(archive.blobs, scan.sha256)
    if name is None:
        raise NotFound("Không thấy bản gốc ở nơi cách ly. Hãy báo quản trị viên; không có gì bị đổi.")
    archive.derived.drop(scan.id)
    scan.status, scan.error, scan.filename = "received", None, name
    messages.give_back(session, archive.blobs, archive.safe, scan.id)
    history.append(session, actor, RELEASED, scan.id, {"reason": reason.strip()[:500]})
    queue.add(session, scan, "survey")


def unlooked() -> sa.Select[str]:
    """Files that wait because a page could not be looked at."""
    looks = sa.select(Task.scan_id).where(Task.step == "look", Task.state == "dead")
    return sa.select(Scan.id).where(Scan.status == "failed", Scan.id.in_(looks))


def _read_unlooked(session: Session, scan_id: str, reason: str, actor: str) -> None:
    if not reason.strip():
        raise BadValue("Hãy ghi lý do; tệp vẫn chưa được đọc.")
    history.append(session, actor, RELEASED, scan_id, {"reason": reason.strip()[:500]})
    desk.retry(session, scan_id, actor)


def destroy(session: Session, archive: Archive, scan_id: str, reason: str, *, actor: str) -> None:
    """The bytes end; the row with hash, time and grade stays, and the event is the tombstone."""
    scan = _held(session, scan_id, reason)
    facts = {"sha256": scan.sha256, "size": scan.size, "grade": grade_of(session, scan), "reason": reason.strip()[:500]}
    messages.withhold(session, archive.blobs, archive.safe, scan.id)
    history.append(session, actor, DESTROYED, scan.id, facts)
    scan.status, scan.error = "destroyed", "Tệp mật đã được tiêu hủy khỏi máy này theo quy định."
    session.flush()
    archive.safe.take(archive.blobs, scan.sha256, HIDDEN)  # a release whose commit never came may have moved them
    archive.safe.destroy(scan.sha256)
    messages.destroy(session, archive.blobs, archive.safe, scan.id)


def _held(session: Session, scan_id: str, reason: str) -> Scan:
    scan = session.get(Scan, scan_id, with_for_update=True, populate_existing=True)
    if scan is None or scan.status != "quarantined":
        raise NotFound("Không có tệp này ở nơi cách ly.")
    if not reason.strip():
        raise BadValue("Hãy ghi lý do; tệp vẫn ở nơi cách ly.")
    return scan


def grade_of(session: Session, scan: Scan) -> str:
    """The mark that was read, or what its documents in the book are graded; Mật where nobody said more."""
    marks = session.scalars(sa.select(MarkRow.text).where(MarkRow.scan_id == scan.id, MarkRow.kind == "secrecy"))
    grades = session.scalars(sa.select(Document.secrecy).where(Document.scan_id == scan.id))
    said = [text.capitalize() for text in [*marks, *grades] if text]
    return max(said, key=lambda text: GRADES.index(text) if text in GRADES else 0, default="Mật")


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
    session.execute(sa.update(Origin).where(Origin.scan_id == scan_id).values(filename=HIDDEN))
    client_uploads.conceal(session, scan_id)


def _is_in_book(session: Session, document_id: str) -> bool:
    return session.scalar(sa.select(RegisterEntry.number).where(RegisterEntry.document_id == document_id)) is not None
