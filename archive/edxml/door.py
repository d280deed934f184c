"""The door of messages: a message is opened in a child, kept whole, and then its files go through the ordinary door.

Refused means that nothing was kept. A crash after the message was kept leaves it without some of its files; nobody was
told that it came, its sender sends it again, and every part of it is taken once.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import intake, messages, origins, scans, signed
from archive.blobs import Blobs
from archive.blobs.files import full, too_large
from archive.children import Child, workplace
from archive.config import Settings
from archive.database import Sessions
from archive.edxml import KIND, notices, tree, zips
from archive.edxml.paper import in_order, is_sure
from archive.edxml.told import File, Opened, Told, to_json
from archive.errors import ArchiveError, BadMessage, Refused
from archive.intake import Received, kept_name
from archive.jobs import desk
from archive.models import WITHHELD, Document, Message, Scan, now
from archive.models import Origin as OriginRow
from archive.origins import Envelope, Origin
from archive.safe import Safe

SECONDS = 120.0
"""For opening a message; 200 MB take 10 s."""
LISTED = 20
"""Files named in a sentence."""
EMPTY, OTHER = "tệp rỗng", "kho chỉ nhận PDF, TIFF, JPEG, PNG, WebP"
NO_PAPER = "Thông điệp edXML không có tệp nào kho nhận được{}. Chưa nhận gì; tệp vẫn ở bên gửi."
STATUS = "Đây là thông điệp trạng thái, không mang văn bản nào. Chưa nhận gì; tệp vẫn ở máy của bạn."
NOT_HELD = "Thông điệp yêu cầu thu hồi hoặc sửa một văn bản kho chưa có. Chưa nhận gì; hãy gửi lại khi văn bản đã đến."
TOO_SLOW = "Thông điệp edXML không đọc được trong giới hạn thời gian và bộ nhớ. Chưa nhận gì; tệp vẫn ở bên gửi."


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer at the door: the paper itself first, then its appendixes."""

    received: tuple[Received, ...]
    message: str | None = None
    """Id of the message; None for an ordinary file."""
    left_out: tuple[tuple[str, str], ...] = ()
    """(name, reason) of files that stay in the message alone."""

    @property
    def first(self) -> Received:
        """What a door that knows of one file says."""
        return self.received[0]


@dataclass(frozen=True, slots=True)
class _Door:
    """Where a message came in."""

    sessions: Sessions
    blobs: Blobs
    settings: Settings
    actor: str
    source: str
    urgent: bool
    secret: bool
    origin: Origin
    at: dt.datetime


def receive(
    sessions: Sessions, blobs: Blobs, settings: Settings, stream: BinaryIO, filename: str, *,
    actor: str, source: str, urgent: bool = False, secret: bool = False, origin: Origin | None = None,
    at: dt.datetime | None = None,
) -> Taken:  # fmt: skip
    """Archive a file of any kind, by its contents: a message with what is in it, everything else as `intake.receive`.

    `stream` must seek. Refused (as there, and BadMessage) means: nothing was kept, and an event says so.
    """
    door = _Door(sessions, blobs, settings, actor, source, urgent, secret, origin or Origin(), at or now())
    begin = stream.tell()
    if _may_be_one(stream.read(tree.HEAD)):
        stream.seek(begin)
        with workplace() as folder, intake.refusing():
            if message := _opened(door, stream, folder):
                return _take(door, message, folder)
    stream.seek(begin)
    return Taken((intake.receive(
        sessions, blobs, settings, stream, filename, actor=actor, source=source, urgent=urgent, secret=secret,
        origin=origin, at=at,
    ),))  # fmt: skip


# ------------------------------------------------------------------------------------------------ is it one?


def _may_be_one(head: bytes) -> bool:
    return head.startswith(zips.MAGIC) or (tree.seems(head) and _is_no_scan(head))


def _is_no_scan(head: bytes) -> bool:
    try:
        scans.sniff(head[: scans.HEAD])
    except Refused:
        return True
    return False


def _copied(stream: BinaryIO, file: Path, most: int) -> Path:
    with file.open("xb") as target:
        while piece := stream.read(1 << 20):
            if target.tell() + len(piece) > most:
                raise too_large(most)
            target.write(piece)
    return file


def _ask(function: str, *args: object) -> object:
    try:
        with Child(name="edxml", walled=True) as child:
            return child.run(f"archive.edxml.opening:{function}", *args, wall=SECONDS, cpu=SECONDS / 2)
    except Refused:
        raise
    except ArchiveError as error:  # it died, or was too slow
        raise BadMessage(TOO_SLOW) from error


# ------------------------------------------------------------------------------------------------ taking it


def _opened(door: _Door, stream: BinaryIO, folder: Path) -> Opened | None:
    """The message, its files in `folder/inside`; None for another ZIP. A refusal leaves an event."""
    most, trust = door.settings.max_upload_mb << 20, door.settings.trust
    came, inside = folder / "came", folder / "inside"
    inside.mkdir()
    try:
        with _copied(stream, came, most).open("rb") as copy:
            is_zip = copy.read(4) == zips.MAGIC
        if is_zip and not _ask("is_message", str(came)):
            return None
        trusted = str(Path(trust).absolute()) if trust else ""
        opened = judged(cast(Opened, _ask("open_message", str(came), str(inside), most, trusted)), inside)
        _check(door, opened.told, opened.files, in_order(opened))
        _leave_reserve(door, 2 * came.stat().st_size)
    except Refused as error:
        intake.note_refusal(door.sessions, stream, error, door.actor, door.source)
        raise
    return opened


def _leave_reserve(door: _Door, size: int) -> None:
    """DiskFull where message and files would not fit: a message must not be kept whose files are then refused."""
    if door.blobs.free() < (door.settings.reserve_mb << 20) + size:
        raise full()


def _take(door: _Door, opened: Opened, folder: Path) -> Taken:
    papers = in_order(opened)
    message = _keep(door, folder / "came", opened, papers)
    before = _known(door, message)
    received = [_receive(door, folder / "inside", one, message, opened.told) for one in papers]
    held = _finish(door, message, opened, received, before)
    left_out = tuple((kept_name(one.name), one.why) for one in opened.files if one.why)
    return Taken((*received, *(held if not received else ())), message, left_out)


def judged(opened: Opened, folder: Path) -> Opened:
    """Its files with the kinds of their contents; their names and what the message calls them say nothing."""
    return dataclasses.replace(opened, files=tuple(_judged(one, folder) for one in opened.files))


def _judged(file: File, folder: Path) -> File:
    with os.fdopen(_descriptor(folder, file), "rb") as stream:
        head = stream.read(scans.HEAD)
    try:
        return dataclasses.replace(file, media_type=scans.sniff(head))
    except Refused:
        return dataclasses.replace(file, why=file.why or (OTHER if head else EMPTY))


def _descriptor(folder: Path, file: File) -> int:
    """By its number, and no link: a child that was taken over may have written anything there."""
    return os.open(folder / str(file.number), os.O_RDONLY | os.O_NOFOLLOW)


def _check(door: _Door, told: Told, files: Sequence[File], papers: Sequence[File]) -> None:
    """BadMessage for one that brings nothing."""
    if papers:
        return
    if told.is_status:
        raise BadMessage(STATUS)
    if about := notices.about(told):
        with door.sessions() as session:
            if not any(notices.find(session, one) for one in about):
                raise BadMessage(NOT_HELD)
        return
    named = "; ".join(f"{kept_name(one.name)}: {one.why}" for one in files[:LISTED])
    raise BadMessage(NO_PAPER.format(f" ({named})" if named else ""))


def _keep(door: _Door, file: Path, opened: Opened, papers: Sequence[File]) -> str:
    told = opened.told
    facts = {
        "told": to_json(told), "signatures": list(opened.signatures), "main": papers[0].sha256 if papers else "",
        "main_sure": is_sure(opened, papers),
        "files": [{"name": kept_name(one.name), "size": one.size, "sha256": one.sha256, "why": one.why,
                   "description": one.description} for one in opened.files],
    }  # fmt: skip
    envelope = Envelope(KIND, told.id, told.sender.name or told.sender.id, door.origin.label, facts)
    with file.open("rb") as stream:
        return origins.keep(
            door.sessions, door.blobs, Safe(door.settings.data), stream, envelope,
            limit=door.settings.max_upload_mb << 20, actor=door.actor, at=door.at, secret=_is_secret(door, opened),
        )  # fmt: skip


def _is_secret(door: _Door, opened: Opened) -> bool:
    with door.sessions() as session:
        if messages.has_withheld(session, (one.sha256 for one in opened.files)):
            return True
        said = door.secret or bool(opened.told.secrecy) or notices.is_about_secret(session, opened.told)
        return said and door.settings.secrets != "allow"


def _receive(door: _Door, inside: Path, file: File, message: str, told: Told) -> Received:
    origin = Origin(door.origin.label, door.origin.unit, door.origin.book, message)
    with os.fdopen(_descriptor(inside, file), "rb") as stream:
        return intake.receive(
            door.sessions, door.blobs, door.settings, stream, file.name, actor=door.actor, source=KIND,
            urgent=door.urgent or told.priority > 0, secret=door.secret or bool(told.secrecy), origin=origin,
            at=door.at,
        )  # fmt: skip


def _known(door: _Door, message: str) -> set[str]:
    """Scans that have come by this message before."""
    with door.sessions() as session:
        return set(session.scalars(sa.select(OriginRow.scan_id).where(OriginRow.message_id == message)))


def _finish(
    door: _Door, message: str, opened: Opened, received: Sequence[Received], before: set[str]
) -> list[Received]:  # fmt: skip
    """Notices on papers that are held, a new look at scans that were here before; of secret ones nothing is told."""
    if any(one.status in WITHHELD for one in received):
        return []
    with door.sessions.begin() as session:
        for one in received:
            if not one.new and one.scan_id not in before:
                _look_again(session, one.scan_id, door.actor)
        trusted = [one.get("verdict") for one in opened.signatures] == [signed.TRUSTED]
        told = _without_secrets(session, door, message, opened.told)
        held = notices.tell(session, message, told, door.actor, door.at, trusted=trusted)
        scans_held = [session.get_one(Scan, session.get_one(Document, one).scan_id) for one in held]
        return [Received(one.id, one.sha256, one.status, new=False) for one in scans_held]


def _without_secrets(session: Session, door: _Door, message_id: str, told: Told) -> Told:
    """What may be said of a message in the chain, which forgets nothing; one about a secret paper is withheld."""
    message = session.get_one(Message, message_id, with_for_update={"key_share": True}, populate_existing=True)
    if door.settings.secrets != "allow" and notices.is_about_secret(session, told, but=message_id):
        messages.conceal(door.blobs, Safe(door.settings.data), message)
    return dataclasses.replace(told, business_reason="") if message.withheld else told


def _look_again(session: Session, scan_id: str, actor: str) -> None:
    """What the message says stands beside what was read; of papers in the book everything stays."""
    scan = session.get_one(Scan, scan_id)
    if scan.status == "review" and all(one.status == "review" for one in scan.documents):
        desk.restart(session, scan_id, "extract", actor)
