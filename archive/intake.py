"""The doors: bytes made durable, then one commit, then "received".

A crash between the two leaves bytes nobody knows of, which the next attempt of the sender uses again; it never leaves
a scan without its bytes.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history, ledger, messages, origins, scans, scrub, soffice
from archive.blobs import Blob, Blobs, full
from archive.config import Settings
from archive.database import Sessions
from archive.derived import Derived
from archive.errors import BadMessage, DiskFull, EmptyFile, NoOffice, NotTaken, Refused, ScanTooLarge, StoreAway
from archive.jobs import queue
from archive.models import WITHHELD, Scan, new_id, now
from archive.office_files import FORMS
from archive.origins import Origin
from archive.pipeline import Archive, quarantine
from archive.safe import Safe
from archive.vietnamese import printable

__all__ = ["Received", "receive"]

_known = sa.select(Scan).where(Scan.sha256 == sa.bindparam("sha256"))
_REASONS = {
    BadMessage: "bad_message",
    NoOffice: "no_office",
    EmptyFile: "empty",
    ScanTooLarge: "too_large",
    DiskFull: "disk_full",
    NotTaken: "not_taken",
}
_AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError, sa.exc.TimeoutError)
_NO_DATABASE = (
    "Cơ sở dữ liệu chưa trả lời nên chưa nhận được tệp này; tệp vẫn ở máy của bạn. Hãy gửi lại sau ít phút; "
    "gửi hai lần cũng không sao. Nếu vẫn không được, hãy báo quản trị viên."
)
_NO_OFFICE = (
    "Máy chủ chưa cài LibreOffice nên chưa nhận được tệp Word, Excel; tệp vẫn ở bên gửi. Hãy xuất ra PDF rồi gửi lại, "
    "hoặc nhờ quản trị viên cài LibreOffice."
)
_NO_DISK = (
    "Ổ đĩa của kho báo lỗi nên chưa nhận được tệp này; tệp vẫn ở máy của bạn. Hãy báo quản trị viên, rồi gửi lại."
)
_NO_STORE = (
    "Nơi lưu bản gốc chưa trả lời nên chưa nhận được tệp này; tệp vẫn ở máy của bạn. Hãy gửi lại sau ít phút; "
    "gửi hai lần cũng không sao. Nếu vẫn không được, hãy báo quản trị viên."
)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """The answer at the door; `new` False says these bytes are in the archive already, and nothing changed."""

    scan_id: str
    sha256: str
    status: str
    new: bool


def receive(
    sessions: Sessions, blobs: Blobs, settings: Settings, stream: BinaryIO, filename: str, *,
    actor: str, source: str, urgent: bool = False, secret: bool = False, origin: Origin | None = None,
    at: dt.datetime | None = None, media_type: str | None = None,
) -> Received:  # fmt: skip
    """Archive the bytes of `stream`; when this returns they and their scan survive a power cut.

    `secret`: who sends it says that it bears a mark of secrecy. Then it goes into quarantine, and nothing looks at it;
    but one a person has released, confirmed or put into the book stays, and an event tells people what was said.
    `origin`: the place the file lay in, where the door has several. `media_type`: what a door that opened the file
    found it to be; None: its first bytes say.

    Refused (EmptyFile, UnknownFormat, ScanTooLarge, DiskFull) means: nothing was kept, and an event says so. NotTaken:
    disk, database or store failed, maybe even at the word that it was kept; sending again is right either way.
    """
    try:
        with refusing():
            archive = Archive(settings, sessions, blobs, Derived(settings.data), Safe(settings.data))
            door = _Door(archive, actor, source, urgent, secret, origin, at or now(), media_type)
            received = _receive(door, stream, filename)
    except Refused as error:
        if not isinstance(error.__cause__, _AWAY):  # a database that just failed would be waited for once more
            note_refusal(sessions, stream, error, actor, source)
        raise
    log.info("received scan=%s source=%s new=%s", received.scan_id, source, received.new)
    return received


@dataclass(frozen=True, slots=True)
class _Door:
    """What is known of a file before it is read."""

    archive: Archive
    actor: str
    source: str
    urgent: bool
    secret: bool
    origin: Origin | None
    at: dt.datetime
    media_type: str | None


def _receive(door: _Door, stream: BinaryIO, filename: str) -> Received:
    settings, sessions = door.archive.settings, door.archive.sessions
    need_room(door.archive.blobs, settings)
    head = _head(stream)
    media_type = door.media_type or scans.sniff(head)
    if media_type in FORMS and soffice.program() is None:
        raise NoOffice(_NO_OFFICE)
    blob = door.archive.blobs.put(cast(BinaryIO, _Rejoined(head, stream)), settings.max_upload_mb << 20)
    try:
        with sessions.begin() as session:
            return _write(session, door, blob, kept_name(filename), media_type)
    except sa.exc.IntegrityError:
        # The same bytes came in through another door at the same moment, and that one was first.
        with sessions.begin() as session:
            return _again(session, door, session.scalars(_known, {"sha256": blob.sha256}).one(), kept_name(filename))


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """Where disk, database or store fail, the sender is told so in a sentence: who hears it still has the paper."""
    try:
        yield
    except _AWAY as error:
        log.error("intake failed cause=%s", type(error).__name__)
        raise full() if is_full(error) else NotTaken(_NO_DATABASE) from error
    except StoreAway as error:
        log.error("intake failed cause=%s", type(error).__name__)
        raise NotTaken(_NO_STORE) from error
    except OSError as error:
        log.error("intake failed cause=%s errno=%s", type(error).__name__, error.errno)
        raise NotTaken(_NO_DISK) from error


def _write(session: Session, door: _Door, blob: Blob, filename: str, media_type: str) -> Received:
    first = session.scalars(_known, {"sha256": blob.sha256}).one_or_none()
    if first:
        return _again(session, door, first, filename)
    scan = Scan(
        id=new_id(), sha256=blob.sha256, filename=filename, media_type=media_type, size=blob.size, source=door.source,
        received_at=door.at, received_by=door.actor, priority=queue.URGENT if door.urgent else queue.NORMAL,
        status="received",
    )  # fmt: skip
    session.add(scan)
    session.flush()
    queue.add(session, scan, "survey")
    facts = {"sha256": blob.sha256, "size": blob.size, "source": door.source}
    history.append(session, door.actor, "received", scan.id, facts, door.at)
    _tell_origin(session, door, scan, filename)
    _withhold(session, door, scan)
    return Received(scan.id, blob.sha256, scan.status, new=True)


def _again(session: Session, door: _Door, scan: Scan, filename: str) -> Received:
    if door.origin and door.origin.message:  # a quarantine that is just imposed would not see this message
        session.refresh(scan, with_for_update=True)
    scrub.mend(session, scan, door.actor, now())  # the store has just seen to it that its bytes are whole
    _tell_origin(session, door, scan, filename)
    _withhold(session, door, scan)
    return Received(scan.id, scan.sha256, scan.status, new=False)


def _tell_origin(session: Session, door: _Door, scan: Scan, filename: str) -> None:
    for origin in door.origin.chain() if door.origin else ():
        name = quarantine.HIDDEN if scan.status in WITHHELD else origin.filename or filename
        origins.note(session, scan, origin.source or door.source, name, origin, door.at)


def _withhold(session: Session, door: _Door, scan: Scan) -> None:
    """Secret bytes do not stay in the store: neither those said to be so now, nor those known to be so from before."""
    safe, is_said = door.archive.safe, door.secret and not door.archive.keeps_secrets
    if is_said:
        session.refresh(scan, with_for_update=True)
    if scan.status in WITHHELD:
        safe.take(door.archive.blobs, scan.sha256, scan.filename)
        messages.withhold(session, door.archive.blobs, safe, scan.id)
        if scan.status == "destroyed":
            safe.destroy(scan.sha256)
            messages.destroy(session, door.archive.blobs, safe, scan.id)
    elif is_said and quarantine.is_decided(session, scan.id):
        quarantine.note_said(session, scan.id, door.source, door.actor, door.at)
    elif is_said:
        quarantine.impose(session, door.archive, scan)


def need_room(blobs: Blobs, settings: Settings, size: int = 0) -> None:
    """DiskFull where nothing more, or not `size` bytes, is taken, for the office's work needs what is left."""
    if blobs.free() < (settings.reserve_mb << 20) + size:
        raise full()


def note_refusal(sessions: Sessions, stream: BinaryIO, error: Refused, actor: str, source: str) -> None:
    """Say in the chain that a file was refused. Where even that finds no room, the sender still hears why."""
    reason = _REASONS.get(type(error), "unknown_format")
    log.info("refused reason=%s source=%s", reason, source)
    try:
        with sessions.begin() as session:
            ledger.note_refusal(session, actor, source, reason, _size(stream), now())
    except sa.exc.SQLAlchemyError:
        log.warning("refusal not written reason=%s source=%s", reason, source)


def _size(stream: BinaryIO) -> int | None:
    """Of the whole file, where the stream can tell."""
    try:
        return stream.seek(0, io.SEEK_END)
    except (OSError, ValueError, AttributeError):
        return None


def _head(stream: BinaryIO) -> bytes:
    head = b""
    while len(head) < scans.HEAD and (piece := stream.read(scans.HEAD - len(head))):
        head += piece
    return head


class _Rejoined:
    """A stream whose first bytes were read already."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def read(self, size: int) -> bytes:
        head, self._head = self._head, b""
        return head or self._rest.read(size)


def kept_name(filename: str) -> str:
    """The last part of the name, in letters every database keeps: browsers and scanners send whole paths.

    A file's name on a disk may be no UTF-8: what is none becomes a question mark.
    """
    name = PurePosixPath(printable(filename).replace("\\", "/")).name[:500].strip()
    return "không tên" if name in ("", ".", "..") else name


def is_full(error: sa.exc.SQLAlchemyError) -> bool:
    """Whether a database said that its disk has no room."""
    said = str(getattr(error, "orig", "")).lower()
    return "full" in said or "no space" in said
