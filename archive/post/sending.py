"""What an office sends to another: checked and written down here; it goes later, and once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.config import Settings
from archive.edxml import export
from archive.errors import Conflict, NotFound
from archive.models import DOCUMENT_FOR_UPDATE, Delivery, Document, Sending, now
from archive.offices import Office

ALREADY = "Văn bản đã được gửi sang {}. Không gửi lần nữa; hãy xem trạng thái bên dưới."
NO_OFFICE = "Không có cơ quan này trong hệ thống. Chưa gửi gì; hãy chọn trong danh sách."


def send(
    session: Session, document: Document, to: Office, settings: Settings, *, actor: str, at: dt.datetime | None = None,
    again: bool = False,
) -> Sending:  # fmt: skip
    """Write down that a paper goes to another office. Conflict, BadValue for one that must not go out as a message.

    Where it goes or has gone there: Conflict, with `again` that sending, and nothing is written.
    """
    document = session.scalars(DOCUMENT_FOR_UPDATE, {"id": document.id}).one()
    before = next((one for one in of(session, document) if one.to_office == to.slug and one.state != "refused"), None)
    if before is not None and again:
        return before
    export.parcel(session, document, settings)
    if before is not None:
        raise Conflict(ALREADY.format(to.name))
    moment = at or now()
    row = Sending(
        document_id=document.id, to_office=to.slug, to_name=to.name[:300], sent_by=actor[:80], sent_at=moment,
        told_at=moment, next_at=moment,
    )  # fmt: skip
    session.add(row)
    session.flush()
    history.append(session, actor, "sent_to_office", document.id, {"sending": row.id, "office": to.slug}, moment)
    return row


def to_whom(offices: Sequence[Office], here: Office, slug: str) -> Office:
    """Another office of this installation. NotFound."""
    found = next((one for one in offices if one.slug == slug and one.slug != here.slug), None)
    if found is None:
        raise NotFound(NO_OFFICE)
    return found


def of(session: Session, document: Document) -> Sequence[Sending]:
    """Where a paper was sent, the latest first."""
    wanted = sa.select(Sending).where(Sending.document_id == document.id)
    return session.scalars(wanted.order_by(Sending.sent_at.desc(), Sending.id)).all()


def came(session: Session, scan_id: str) -> Sequence[Delivery]:
    """The offices a scan came from, the first one first."""
    wanted = sa.select(Delivery).where(Delivery.scan_id == scan_id)
    return session.scalars(wanted.order_by(Delivery.sent_at, Delivery.id)).all()
