"""How a paper came: what a door knows of a file before anybody reads it, and messages kept as evidence of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.blobs import Blobs
from archive.database import Sessions
from archive.models import Message, Scan, now
from archive.models import Origin as OriginRow


@dataclass(frozen=True, slots=True)
class Origin:
    """The place a file lay in. `unit` (id) and `book` are what the place is for: suggestions, never decisions."""

    label: str = ""
    unit: str | None = None
    book: str | None = None
    message: str | None = None
    """Id of the message it came in."""


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


def keep(
    sessions: Sessions, blobs: Blobs, stream: BinaryIO, envelope: Envelope, *, limit: int, actor: str,
    at: dt.datetime | None = None,
) -> str:  # fmt: skip
    """Keep a message whole before its files are taken; its id, the same for the same bytes.

    `limit`: bytes; ScanTooLarge beyond, DiskFull as at intake.
    """
    blob = blobs.put(stream, limit)
    try:
        with sessions.begin() as session:
            return _row(session, blob.sha256, blob.size, envelope, actor, at or now())
    except sa.exc.IntegrityError:  # another process kept it at the same moment
        with sessions() as session:
            return session.scalars(_known(blob.sha256)).one()


def _row(session: Session, sha256: str, size: int, envelope: Envelope, actor: str, at: dt.datetime) -> str:
    if known := session.scalar(_known(sha256)):
        return known
    message = Message(
        kind=envelope.kind, sha256=sha256, size=size, key=envelope.key[:500], sender=envelope.sender[:300],
        account=envelope.account[:300], facts=dict(envelope.facts), received_at=at,
    )  # fmt: skip
    session.add(message)
    session.flush()
    facts = {"sha256": sha256, "size": size, "kind": envelope.kind}
    history.append(session, actor, "message_kept", message.id, facts, at)
    return message.id


def _known(sha256: str) -> sa.Select[str]:
    return sa.select(Message.id).where(Message.sha256 == sha256)
