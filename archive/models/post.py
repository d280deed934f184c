"""Papers that go from one office of this installation to another: what was sent here, and what came from there.

Each row lies in its own office's database; only the id of the sending is in both.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from archive.models.base import Base, Key, new_id, now

_OPEN = sa.text("state <> 'refused'")


class Sending(Base):
    """A paper of ours on its way to another office; to each office once, unless it was refused there."""

    __tablename__ = "sending"
    __table_args__ = (
        sa.Index("ix_sending_next_at", "next_at"),
        sa.Index("uq_sending_document_id_to_office", "document_id", "to_office", unique=True,
                 sqlite_where=_OPEN, postgresql_where=_OPEN),
    )  # fmt: skip
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    document_id: Mapped[str] = mapped_column(sa.ForeignKey("document.id", ondelete="CASCADE"))
    to_office: Mapped[str] = mapped_column(sa.String(31))
    """Its slug."""
    to_name: Mapped[str] = mapped_column(sa.String(300))
    sent_by: Mapped[str] = mapped_column(sa.String(80))
    sent_at: Mapped[dt.datetime] = mapped_column(default=now)
    state: Mapped[str] = mapped_column(sa.String(10), default="waiting", server_default="waiting")
    """waiting | delivered | refused"""
    code: Mapped[str] = mapped_column(sa.String(2), default="", server_default="")
    """How far it is there, as archive/edxml/statuses.py counts; "" until it was delivered."""
    number: Mapped[str] = mapped_column(sa.String(20), default="", server_default="")
    """Of their book, `12/2026`."""
    reason: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    """Why it was refused, or did not go into their book."""
    told_at: Mapped[dt.datetime] = mapped_column(default=now)
    """When that became known here."""
    next_at: Mapped[dt.datetime] = mapped_column(default=now)
    """Not looked at before."""


class Delivery(Base):
    """A paper that another office sent us; `id` is that of the sending there."""

    __tablename__ = "delivery"
    id: Mapped[str] = mapped_column(Key, primary_key=True)
    from_office: Mapped[str] = mapped_column(sa.String(31))
    from_name: Mapped[str] = mapped_column(sa.String(300))
    number: Mapped[str] = mapped_column(sa.String(20), default="", server_default="")
    """Of the book of that office, `12/2026`."""
    sent_by: Mapped[str] = mapped_column(sa.String(80))
    sent_at: Mapped[dt.datetime]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    """Of the message that is being taken in: who comes again knows by it what was taken before a crash."""
    scan_id: Mapped[str | None] = mapped_column(sa.ForeignKey("scan.id"), index=True)
    """None while it is being taken in."""
    taken_at: Mapped[dt.datetime] = mapped_column(default=now)
