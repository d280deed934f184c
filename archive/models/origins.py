"""How a paper came: what the door knew of it, and the message it lay in."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from archive.models.base import Base, BigId, Key, new_id, now


class Message(Base):
    """A letter or an edXML message, kept whole as evidence; its bytes are the blob named by `sha256`."""

    __tablename__ = "message"
    __table_args__ = (sa.Index("ix_message_key", "kind", "key"),)
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(sa.String(10))
    """mail | edxml"""
    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    size: Mapped[int] = mapped_column(sa.BigInteger)
    key: Mapped[str] = mapped_column(sa.String(500), default="")
    """What its sender calls it: Message-ID, or the DocumentId of QCVN 102:2016/BTTTT; not unique, senders err."""
    sender: Mapped[str] = mapped_column(sa.String(300), default="")
    account: Mapped[str] = mapped_column(sa.String(300), default="")
    """The mailbox or address it came to."""
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What is shown of it; emptied when it is withheld."""
    received_at: Mapped[dt.datetime] = mapped_column(default=now, index=True)
    withheld: Mapped[bool] = mapped_column(default=False)
    """A file in it bears a mark of secrecy: its bytes lie in quarantine (archive/safe.py)."""
    verified_at: Mapped[dt.datetime | None]
    damaged_at: Mapped[dt.datetime | None]


class Origin(Base):
    """What the door knew of a scan; the same bytes may come through several."""

    __tablename__ = "origin"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    scan_id: Mapped[str] = mapped_column(sa.ForeignKey("scan.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[str | None] = mapped_column(sa.ForeignKey("message.id"), index=True)
    source: Mapped[str] = mapped_column(sa.String(40))
    """The door, as in `scan.source`."""
    label: Mapped[str] = mapped_column(sa.String(200), default="")
    """The place within the door: a sub-folder, a mail account, a scanner."""
    filename: Mapped[str] = mapped_column(sa.String(500), default="")
    """What the file was called there."""
    unit_id: Mapped[str | None] = mapped_column(sa.String(40))
    """The unit the place is for: a suggestion to who sends it on."""
    book: Mapped[str | None] = mapped_column(sa.String(40))
    """The book the place is for: what the form begins with."""
    at: Mapped[dt.datetime] = mapped_column(default=now)
