"""How a paper came: what a door knows of a file before anybody reads it, and messages kept as evidence of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history, messages, scrub
from archive.blobs import Blobs
from archive.database import Sessions
from archive.findings import Route
from archive.models import Message, Scan, Unit, now
from archive.models import Origin as OriginRow
from archive.safe import Safe

SURE = 0.8
"""Confidence of a suggestion because of the place: somebody put the paper there for a reason."""
REASONS = {"folder": "Tệp lấy từ thư mục {}", "mail": "Quy tắc của hộp thư {}"}


@dataclass(frozen=True, slots=True)
class Origin:
    """The place a file lay in. `unit` (id) and `book` are what the place is for: suggestions, never decisions."""

    label: str = ""
    unit: str | None = None
    book: str | None = None
    message: str | None = None
    """Id of the message it came in."""
    source: str = ""
    """The door, where it is not the one that takes the file: of the letter that a message lay in."""
    filename: str = ""
    """What was in that place, where it is not the file itself: the ZIP in a letter."""
    carrier: Origin | None = None
    """The letter that the message lay in."""

    def chain(self) -> Iterator[Origin]:
        """The place itself, then what that lay in."""
        yield self
        if self.carrier:
            yield from self.carrier.chain()


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a message says of itself on the outside."""

    kind: str
    key: str = ""
    sender: str = ""
    account: str = ""
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def note(session: Session, scan: Scan, source: str, filename: str, origin: Origin, at: dt.datetime) -> None:
    """Write down where a scan came from, once for each place: doors repeat themselves."""
    told = {
        "scan_id": scan.id, "message_id": origin.message, "source": source, "label": origin.label[:200],
        "filename": filename, "unit_id": origin.unit, "book": origin.book,
    }  # fmt: skip
    if session.scalar(sa.select(OriginRow.id).filter_by(**told).limit(1)) is None:
        session.add(OriginRow(**told, at=at))


def routes(session: Session, scan_id: str) -> list[Route]:
    """Suggestions to send it to the units whose places it lay in; a person decides."""
    wanted = sa.select(OriginRow.source, OriginRow.label, Unit.name).join(Unit, Unit.id == OriginRow.unit_id)
    rows = session.execute(wanted.where(OriginRow.scan_id == scan_id, Unit.active).order_by(OriginRow.id))
    said = {name: (source, label) for source, label, name in rows}
    return [
        Route(name, "lead", None, REASONS.get(source, "Tệp đến từ {}").format(label), SURE, source)
        for name, (source, label) in said.items()
    ]  # fmt: skip


def books(session: Session, scan_ids: Iterable[str]) -> dict[str, str]:
    """scan → the book of the place it lay in last, of those of which a place was for one."""
    wanted = sa.select(OriginRow.scan_id, OriginRow.book).where(OriginRow.scan_id.in_(scan_ids))
    rows = session.execute(wanted.where(OriginRow.book.is_not(None)).order_by(OriginRow.id))
    return {scan_id: book for scan_id, book in rows if book}


def keep(
    sessions: Sessions, blobs: Blobs, safe: Safe, stream: BinaryIO, envelope: Envelope, *, limit: int, actor: str,
    at: dt.datetime | None = None, secret: bool = False,
) -> str:  # fmt: skip
    """Keep a message whole before its files are taken; its id, the same for the same bytes.

    `limit`: bytes; ScanTooLarge beyond, DiskFull as at intake. `secret`: it is said to be, and withheld from the first
    moment on, whether a file of it is taken or not.
    """
    blob = blobs.put(stream, limit)
    try:
        with sessions.begin() as session:
            message = _again(session, blobs, safe, blob.sha256, actor)
            if message is None:
                message = _row(session, blob.sha256, blob.size, envelope, actor, at or now())
            return _conceal_if(session, blobs, safe, message, secret)
    except sa.exc.IntegrityError:  # another process kept it at the same moment
        with sessions.begin() as session:
            message = session.scalars(_known(blob.sha256).with_for_update(key_share=True)).one()
            messages.again(session, blobs, safe, message)
            return _conceal_if(session, blobs, safe, message, secret)


def _conceal_if(session: Session, blobs: Blobs, safe: Safe, message: Message, secret: bool) -> str:
    is_decided = message.decision == messages.RELEASED
    if secret and not message.withheld and not is_decided and not messages.has_scans(session, message):
        messages.conceal(blobs, safe, message)
    return message.id


def _again(session: Session, blobs: Blobs, safe: Safe, sha256: str, actor: str) -> Message | None:
    message = session.scalars(_known(sha256).with_for_update(key_share=True)).one_or_none()
    if message is None:
        return None
    messages.again(session, blobs, safe, message)
    scrub.mend(session, message, actor, now())
    return message


def _row(session: Session, sha256: str, size: int, envelope: Envelope, actor: str, at: dt.datetime) -> Message:
    message = Message(
        kind=envelope.kind, sha256=sha256, size=size, key=envelope.key[:500], sender=envelope.sender[:300],
        account=envelope.account[:300], facts=dict(envelope.facts), received_at=at,
    )  # fmt: skip
    session.add(message)
    session.flush()
    facts = {"sha256": sha256, "size": size, "kind": envelope.kind}
    history.append(session, actor, "message_kept", message.id, facts, at)
    return message


def _known(sha256: str) -> sa.Select[Message]:
    return sa.select(Message).where(Message.sha256 == sha256)
