"""Messages in which a secret file came: their bytes go into the safe with the file's, and nothing is told of them.

Called within the transaction that changes the file's scan, before its event. Messages are locked after scans, by id.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.blobs import Blobs
from archive.errors import BadValue, NotFound
from archive.models import WITHHELD, Message, Origin, Scan
from archive.safe import Safe

NAME = "thư cách ly"
RELEASED, DESTROYED = "released", "destroyed"
"""What a person may decide of a message that no file in quarantine holds there."""
ZIP = b"PK\x03\x04"
_FORMS = {"mail": ("message/rfc822", "eml"), "edxml": ("application/xml", "edxml")}


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
        if not _holds_secret(session, message, WITHHELD) and message.decision != DESTROYED:
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
        if message.decision == DESTROYED or _holds_secret(session, message, ("destroyed",)):
            safe.destroy(message.sha256)


def has_withheld(session: Session, hashes: Iterable[str]) -> bool:
    """Whether one of these SHA-256 is of a file or a message in quarantine, or of one that was destroyed."""
    known = list(hashes)
    files = sa.select(Scan.id).where(Scan.sha256.in_(known), Scan.status.in_(WITHHELD))
    others = sa.select(Message.id).where(Message.sha256.in_(known), Message.withheld)
    return session.scalar(sa.union_all(files, others).limit(1)) is not None


def withhold_around(session: Session, blobs: Blobs, safe: Safe, letter: Message, inside: Iterable[str]) -> None:
    """A letter says all that the messages in it (ids) say: it is withheld with one, unless a person has released it."""
    held = sa.select(Message.id).where(Message.id.in_(list(inside)), Message.withheld).limit(1)
    if not letter.withheld and letter.decision != RELEASED and session.scalar(held):
        conceal(blobs, safe, letter)


def has_scans(session: Session, message: Message) -> bool:
    """Whether a file of it was taken: then what people decide of that holds for the message, too."""
    return session.scalar(sa.select(Origin.id).where(Origin.message_id == message.id).limit(1)) is not None


def destroyed() -> sa.ColumnElement[bool]:
    """Of the Message of a query: whether its bytes were destroyed, alone or with a file of it."""
    gone = sa.select(Origin.id).join(Scan, Scan.id == Origin.scan_id).where(Scan.status == "destroyed")
    return sa.or_(Message.decision == DESTROYED, gone.where(Origin.message_id == Message.id).exists())


# ------------------------------------------------------------------------------------------------ alone


def alone() -> sa.ColumnElement[bool]:
    """Of the Message of a query: it is withheld, and no file of it is in quarantine with which it would come out."""
    held = sa.select(Origin.id).join(Scan, Scan.id == Origin.scan_id).where(Scan.status.in_(WITHHELD))
    return sa.and_(Message.withheld, sa.not_(held.where(Origin.message_id == Message.id).exists()))


def release_alone(session: Session, blobs: Blobs, safe: Safe, message_id: str, reason: str, *, actor: str) -> None:
    """A false alarm: the message comes back as it was known, and its sender's word holds it there no more.

    BadValue without a reason; NotFound where it is not `alone`, or its bytes are not in the safe: nothing was changed.
    """
    message = _alone(session, message_id, reason)
    sha256 = message.sha256
    if not safe.copy_back(blobs, sha256):
        raise NotFound("Không thấy thư ở nơi cách ly. Hãy báo quản trị viên; không có gì bị đổi.")
    _tell(message, safe.facts(sha256))
    message.decision = RELEASED
    # Not before: without the commit it is released once more, and what was known of it lies beside its bytes.
    sa.event.listen(session, "after_commit", lambda _: safe.destroy(sha256), once=True)
    history.append(session, actor, "secrecy_released", message.id, {"reason": reason.strip()[:500]})


def destroy_alone(session: Session, blobs: Blobs, safe: Safe, message_id: str, reason: str, *, actor: str) -> None:
    """The bytes end; the row with hash and time stays, and the event is the tombstone. Raises as `release_alone`."""
    message = _alone(session, message_id, reason)
    facts = {"sha256": message.sha256, "size": message.size, "kind": message.kind, "reason": reason.strip()[:500]}
    history.append(session, actor, "destroyed", message.id, facts)
    message.decision = DESTROYED
    session.flush()
    conceal(blobs, safe, message)  # a release whose commit never came may have moved them
    safe.destroy(message.sha256)


def _alone(session: Session, message_id: str, reason: str) -> Message:
    wanted = sa.select(Message).where(Message.id == message_id, alone(), Message.decision != DESTROYED)
    message = session.scalars(wanted.with_for_update().execution_options(populate_existing=True)).one_or_none()
    if message is None:
        raise NotFound("Không có thư này ở nơi cách ly.")
    if not reason.strip():
        raise BadValue("Hãy ghi lý do; thư vẫn ở nơi cách ly.")
    return message


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


# ------------------------------------------------------------------------------------------------ as a file


def form(message: Message, head: bytes) -> tuple[str, str]:
    """(media type, ending) of a message by its first bytes: an edXML message that came as a ZIP is no XML."""
    if head.startswith(ZIP):
        return "application/zip", "zip"
    return _FORMS.get(message.kind, ("application/octet-stream", "bin"))
