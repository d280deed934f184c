"""What people look for again and again, and the short forms that papers write."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from archive.models.base import Base, BigId, Key, new_id, now


class SavedSearch(Base):
    """A search that a person keeps, and what it had found when it was last looked at; see archive/searches.py."""

    __tablename__ = "saved_search"
    __table_args__ = (sa.UniqueConstraint("user_id", "name"),)
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(120))
    query: Mapped[str] = mapped_column(sa.Text)
    """What stands behind `/search?`, in one order: the same search has the same text."""
    created_at: Mapped[dt.datetime] = mapped_column(default=now)
    seen_at: Mapped[dt.datetime] = mapped_column(default=now)
    seen: Mapped[bytes] = mapped_column(sa.LargeBinary, default=b"", deferred=True)
    """The first eight bytes of the id of every document found then. A moment would not do: a paper also becomes a new
    one by being read later than it came, by a correction, or by being sent to a person's unit."""


class Abbreviation(Base):
    """A short form and what it stands for (UBND, Ủy ban nhân dân), each found by the other."""

    __tablename__ = "abbreviation"
    __table_args__ = (sa.UniqueConstraint("short", "long"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    short: Mapped[str] = mapped_column(sa.String(20))
    long: Mapped[str] = mapped_column(sa.String(120))
    kind: Mapped[str] = mapped_column(sa.String(8), default="other")
    """organ | type | other"""
    active: Mapped[bool] = mapped_column(default=True)
