"""What apps of another archive's making need of us: numbers for ids, and what became of the files they sent."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from archive.models.base import Base, Key, new_id, now


class ClientId(Base):
    """The whole number by which apps know something of ours; drawn by lot, so that it says nothing."""

    __tablename__ = "client_id"
    __table_args__ = (sa.UniqueConstraint("kind", "key"),)
    kind: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    """document | correspondent | type | tag | path | field | user | unit | view | note | task"""
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(sa.String(320))
    """What we call it: an id, or the name itself."""


class ClientUpload(Base):
    """A file an app sent, once for each time it was answered; its id is the task the app asks for."""

    __tablename__ = "client_upload"
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    scan_id: Mapped[str] = mapped_column(sa.ForeignKey("scan.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("user.id"), index=True)
    filename: Mapped[str] = mapped_column(sa.String(500), default="")
    again: Mapped[bool] = mapped_column(default=False)
    """These bytes had been in the archive before, and that was known to who sent the first of them."""
    given: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """field -> value, as its sender says: suggestions."""
    at: Mapped[dt.datetime] = mapped_column(default=now)
    put_away: Mapped[bool] = mapped_column(default=False)
    """The person has seen how it ended."""
