"""Messages in which a secret file came: their bytes go into the safe with the file's, and nothing is told of them.

Called within the transaction that changes the file's scan, before its event. Messages are locked after scans, by id.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.blobs import Blobs
from archive.models import WITHHELD, Message, Origin, Scan
from archive.safe import Safe

NAME = "thư cách ly"


def withhold(session: Session, blobs: Blobs, safe: Safe, scan_id: str) -> None:
    """Every message this scan came in is in quarantine, too."""
    for message in _of(session, scan_id):
        conceal(blobs, safe, message)
    session.flush()


def conceal(blobs: Blobs, safe: Safe, message: Message) -> None:
    """Take one message out of the archive; what was known of it stays with its bytes, for a false alarm."""
    told = {} if message.withheld else {"key": message.key, "sender": message.sender, "facts": message.facts}
    safe.take(blobs, message.sha256, NAME, told)
    message.key, message.sender, message.facts, message.withheld = "", "", {}, True


def give_back(session: Session, blobs: Blobs, safe: Safe, scan_id: str) -> None:
    """This scan is no secret: a message comes back unless another file of it is one. The caller has set its status."""
    session.flush()
    for message in _of(session, scan_id):
        if not _holds_secret(session, message, WITHHELD):
            _tell(message, safe.facts(message.sha256))
            safe.give_back(blobs, message.sha256)
    session.flush()


def destroy(session: Session, blobs: Blobs, safe: Safe, scan_id: str) -> None:
    """The bytes of the messages this scan came in end, too; their rows stay."""
    for message in _of(session, scan_id):
        conceal(blobs, safe, message)
        safe.destroy(message.sha256)
    session.flush()


def again(session: Session, blobs: Blobs, safe: Safe, message: Message) -> None:
    """The bytes of a message have just come once more: those of a withheld one do not stay in the store."""
    if not message.withheld:
        safe.destroy(message.sha256)  # a quarantine whose commit never came had taken them
    else:
        conceal(blobs, safe, message)
        if _holds_secret(session, message, ("destroyed",)):
            safe.destroy(message.sha256)


def has_withheld(session: Session, hashes: Iterable[str]) -> bool:
    """Whether one of these SHA-256 is of a file in quarantine, or of one that was destroyed."""
    wanted = sa.select(Scan.id).where(Scan.sha256.in_(list(hashes)), Scan.status.in_(WITHHELD)).limit(1)
    return session.scalar(wanted) is not None


def has_scans(session: Session, message: Message) -> bool:
    """Whether a file of it was taken: then what people decide of that holds for the message, too."""
    return session.scalar(sa.select(Origin.id).where(Origin.message_id == message.id).limit(1)) is not None


def destroyed() -> sa.ColumnElement[bool]:
    """Of the Message of a query: whether its bytes were destroyed with a file of it."""
    gone = sa.select(Origin.id).join(Scan, Scan.id == Origin.scan_id).where(Scan.status == "destroyed")
    return gone.where(Origin.message_id == Message.id).exists()


def _of(session: Session, scan_id: str) -> list[Message]:
    of_scan = sa.select(Origin.message_id).where(Origin.scan_id == scan_id)
    locked = sa.select(Message).where(Message.id.in_(of_scan)).order_by(Message.id).with_for_update(key_share=True)
    return list(session.scalars(locked.execution_options(populate_existing=True)))


def _holds_secret(session: Session, message: Message, statuses: tuple[str, ...]) -> bool:
    secret = sa.select(Scan.id).join(Origin, Origin.scan_id == Scan.id)
    wanted = secret.where(Origin.message_id == message.id, Scan.status.in_(statuses)).limit(1)
    return session.scalar(wanted) is not None


def _tell(message: Message, facts: dict[str, object]) -> None:
    message.withheld = False
    message.key, message.sender = str(facts.get("key", "")), str(facts.get("sender", ""))
    known = facts.get("facts")
    message.facts = dict(known) if isinstance(known, dict) else {}
