"""What became of the files an app sent, and what its sender said of them: suggestions, confirmed by nobody yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.errors import BadValue
from archive.findings import Finding, Value
from archive.models import WITHHELD, ClientUpload, Document, Origin, Scan, User, now
from archive.review import checked_value

APP = "app"
"""The door, as in `scan.source`, and the witness of what a sender said."""
_REASON = "Người gửi ghi trên ứng dụng"
_HIDDEN = "tệp cách ly"
_CONFIDENCE = 0.5
"""Suggestions are offered, not weighed."""


def note(
    session: Session, scan_id: str, user: User, filename: str, given: Mapping[str, Value], *, new: bool,
    at: dt.datetime | None = None, beside: Iterable[str] = (),
) -> ClientUpload:  # fmt: skip
    """Write down, after the bytes are safe, that an app is about to be told so. `beside`: other scans of the same file.

    Bytes that this person sent before without ever being answered are no repetition: the line broke, or we did.
    """
    # Locked: a quarantine at this moment either finds this row and conceals it, or is seen here.
    locked = sa.select(Scan).where(Scan.id.in_([scan_id, *beside])).order_by(Scan.id).with_for_update()
    scans = session.scalars(locked.execution_options(populate_existing=True)).all()
    scan = next(one for one in scans if one.id == scan_id)
    held = any(one.status in WITHHELD for one in scans)
    row = ClientUpload(
        scan_id=scan.id, user_id=user.id, filename=_HIDDEN if held else filename, given={} if held else dict(given),
        again=not new and not _unanswered(session, scan, user), at=at or now(),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def _unanswered(session: Session, scan: Scan, user: User) -> bool:
    told = sa.select(ClientUpload.id).where(ClientUpload.scan_id == scan.id).limit(1)
    return scan.source == APP and scan.received_by == user.name and session.scalar(told) is None


def listed(session: Session, user: User, task: str | None = None, limit: int = 200) -> list[ClientUpload]:
    """The files this person sent by apps, newest first, or the one with this id."""
    wanted = sa.select(ClientUpload).where(ClientUpload.user_id == user.id)
    if task is not None:
        wanted = wanted.where(ClientUpload.id == task)
    return list(session.scalars(wanted.order_by(ClientUpload.at.desc(), ClientUpload.id).limit(limit)))


def put_away(session: Session, user: User, ids: Iterable[str]) -> int:
    """The person has seen how these ended; how many there were."""
    mine = sa.update(ClientUpload).where(ClientUpload.user_id == user.id, ClientUpload.id.in_(list(ids)))
    changed: int = session.execute(mine.values(put_away=True)).rowcount  # type: ignore[attr-defined]
    return changed


def fitting(given: Mapping[str, object]) -> dict[str, Value]:
    """Those values that can stand in their fields: a wrong date must not keep a paper out."""
    kept: dict[str, Value] = {}
    for name, value in given.items():
        try:
            if (checked := checked_value(name, value)) is not None:
                kept[name] = checked
        except BadValue:
            continue
    return kept


def suggested(session: Session, document: Document) -> tuple[Finding, ...]:
    """What senders said of the scan, for its first document: of a bundle they meant the letter on top."""
    if document.ordinal > 1:
        return ()
    rows = session.scalars(sa.select(ClientUpload).where(ClientUpload.scan_id == document.scan_id))
    said = {name: value for row in sorted(rows, key=lambda row: row.at) for name, value in row.given.items()}
    return tuple(
        Finding(name, value, _CONFIDENCE, reason=_REASON, witness=APP, suggestion=True, source=APP)
        for name, value in said.items()
    )


def conceal(session: Session, scan_id: str) -> None:
    """A secret paper's name and subject go with it, and those of a ZIP or message it came in."""
    of_scan = sa.select(Origin.message_id).where(Origin.scan_id == scan_id, Origin.message_id.is_not(None))
    beside = sa.select(Origin.scan_id).where(Origin.message_id.in_(of_scan))
    rows = sa.update(ClientUpload).where(sa.or_(ClientUpload.scan_id == scan_id, ClientUpload.scan_id.in_(beside)))
    session.execute(rows.values(filename=_HIDDEN, given={}))
