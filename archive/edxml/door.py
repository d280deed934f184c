"""The door of messages: a message is opened in a child, kept whole, and then its files go through the ordinary door."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import messages, signed, zips
from archive.arrival import Arrival, Taken, ask, judged, left_out, named
from archive.children import Child
from archive.edxml import KIND, notices
from archive.edxml.paper import in_order, is_sure
from archive.edxml.told import Opened, Told, to_json
from archive.enclosed import File
from archive.errors import BadMessage
from archive.intake import Received, kept_name
from archive.jobs import desk
from archive.models import WITHHELD, Document, Message, Scan
from archive.models import Origin as OriginRow
from archive.origins import Envelope
from archive.safe import Safe

INSIDE = "inside"
"""The folder of its files, beside the message."""
NO_PAPER = "Thông điệp edXML không có tệp nào kho nhận được{}. Chưa nhận gì; tệp vẫn ở bên gửi."
STATUS = "Đây là thông điệp trạng thái, không mang văn bản nào. Chưa nhận gì; tệp vẫn ở máy của bạn."
NOT_HELD = "Thông điệp yêu cầu thu hồi hoặc sửa một văn bản kho chưa có. Chưa nhận gì; hãy gửi lại khi văn bản đã đến."


def is_one(child: Child, came: Path) -> bool:
    """Whether a file that may hold others is a message; a ZIP is one when there is one in it."""
    with came.open("rb") as copy:
        is_zip = zips.is_zip(copy.read(len(zips.MAGIC)))
    return not is_zip or bool(ask(child, "archive.edxml.opening:is_message", str(came)))


def opened(arrival: Arrival, child: Child, came: Path) -> Opened:
    """The message, its files in `inside` beside it. BadMessage, UnknownFormat; DiskFull where it would not fit."""
    inside, trust = came.parent / INSIDE, arrival.settings.trust
    inside.mkdir()
    trusted = str(Path(trust).absolute()) if trust else ""
    told = ask(child, "archive.edxml.opening:open_message", str(came), str(inside), arrival.most, trusted)
    found = cast(Opened, told)
    found = dataclasses.replace(found, files=judged(child, found.files, inside))
    _check(arrival, found.told, found.files, in_order(found))
    arrival.leave_reserve(2 * came.stat().st_size)
    return found


def take(arrival: Arrival, opened: Opened, came: Path) -> Taken:
    """Keep the message, then its files one after another, then what it asks."""
    papers = in_order(opened)
    message = _keep(arrival, came, opened, papers)
    before = _known(arrival, message)
    received = [_receive(arrival, came.parent / INSIDE, one, message, opened.told) for one in papers]
    held = _finish(arrival, message, opened, received, before)
    return Taken((*received, *(held if not received else ())), message, KIND, left_out(opened.files))


def _check(arrival: Arrival, told: Told, files: Sequence[File], papers: Sequence[File]) -> None:
    """BadMessage for one that brings nothing."""
    if papers:
        return
    if told.is_status:
        raise BadMessage(STATUS)
    if about := notices.about(told):
        with arrival.sessions() as session:
            if not any(notices.find(session, one) for one in about):
                raise BadMessage(NOT_HELD)
        return
    raise BadMessage(NO_PAPER.format(named(files)))


def _keep(arrival: Arrival, file: Path, opened: Opened, papers: Sequence[File]) -> str:
    told = opened.told
    facts = {
        "told": to_json(told), "signatures": list(opened.signatures), "main": papers[0].sha256 if papers else "",
        "main_sure": is_sure(opened, papers),
        "files": [{"name": kept_name(one.name), "size": one.size, "sha256": one.sha256, "why": one.why,
                   "description": one.description} for one in opened.files],
    }  # fmt: skip
    envelope = Envelope(KIND, told.id, told.sender.name or told.sender.id, arrival.place.label, facts)
    return arrival.keep(file, envelope, secret=_is_secret(arrival, opened))


def _is_secret(arrival: Arrival, opened: Opened) -> bool:
    said = arrival.secret or bool(opened.told.secrecy)
    if not said:
        with arrival.sessions() as session:
            said = notices.is_about_secret(session, opened.told)
    return arrival.is_withheld((one.sha256 for one in opened.files), said=said)


def _receive(arrival: Arrival, inside: Path, file: File, message: str, told: Told) -> Received:
    return arrival.receive_from(
        message, KIND, inside / str(file.number), file.name, file.media_type, urgent=told.priority > 0,
        secret=bool(told.secrecy),
    )  # fmt: skip


def _known(arrival: Arrival, message: str) -> set[str]:
    """Scans that have come by this message before."""
    with arrival.sessions() as session:
        return set(session.scalars(sa.select(OriginRow.scan_id).where(OriginRow.message_id == message)))


def _finish(
    arrival: Arrival, message: str, opened: Opened, received: Sequence[Received], before: set[str]
) -> list[Received]:  # fmt: skip
    """Notices on papers that are held, a new look at scans that were here before; of secret ones nothing is told."""
    if any(one.status in WITHHELD for one in received):
        return []
    with arrival.sessions.begin() as session:
        for one in received:
            if not one.new and one.scan_id not in before:
                _look_again(session, one.scan_id, arrival.actor)
        trusted = [one.get("verdict") for one in opened.signatures] == [signed.TRUSTED]
        told = _without_secrets(session, arrival, message, opened.told)
        held = notices.tell(session, message, told, arrival.actor, arrival.at, trusted=trusted)
        scans_held = [session.get_one(Scan, session.get_one(Document, one).scan_id) for one in held]
        return [Received(one.id, one.sha256, one.status, new=False) for one in scans_held]


def _without_secrets(session: Session, arrival: Arrival, message_id: str, told: Told) -> Told:
    """What may be said of a message in the chain, which forgets nothing; one about a secret paper is withheld."""
    message = session.get_one(Message, message_id, with_for_update={"key_share": True}, populate_existing=True)
    if arrival.settings.secrets != "allow" and notices.is_about_secret(session, told, but=message_id):
        messages.conceal(arrival.blobs, Safe(arrival.settings.data), message)
    return dataclasses.replace(told, business_reason="") if message.withheld else told


def _look_again(session: Session, scan_id: str, actor: str) -> None:
    """What the message says stands beside what was read; of papers in the book everything stays."""
    scan = session.get_one(Scan, scan_id)
    if scan.status == "review" and all(one.status == "review" for one in scan.documents):
        desk.restart(session, scan_id, "extract", actor)
