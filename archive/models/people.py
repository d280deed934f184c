"""Who may sign in, and with what."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from archive.models.base import Base, Key, new_id, now

if TYPE_CHECKING:
    from archive.models.handling import Unit


class User(Base):
    """A person who may sign in."""

    __tablename__ = "user"
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(sa.String(80), unique=True)
    full_name: Mapped[str] = mapped_column(sa.String(200), default="")
    password_hash: Mapped[str] = mapped_column(sa.String(200))
    role: Mapped[str] = mapped_column(sa.String(10))
    """admin | clerk | staff | head | leader | it | auditor"""
    unit_id: Mapped[str | None] = mapped_column(sa.ForeignKey("unit.id"))
    active: Mapped[bool] = mapped_column(default=True)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime] = mapped_column(default=now)
    email: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    wants_digest: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    """Whether the person is reminded by mail of what is due; also needs an address."""
    unit: Mapped[Unit | None] = relationship()
    stands_in: ClassVar[tuple[Any, ...]] = ()
    """Places of others this person fills today (access.Place); archive.delegation.resolve sets it on one object."""


class LoginSession(Base):
    """A signed-in browser; only the SHA-256 of its cookie is kept."""

    __tablename__ = "session"
    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    id: Mapped[str] = mapped_column(Key, unique=True, default=new_id)
    """What pages call it: it opens nothing."""
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    address: Mapped[str] = mapped_column(sa.String(45), default="")
    csrf: Mapped[str] = mapped_column(sa.String(64))
    agent: Mapped[str] = mapped_column(sa.String(200), default="")
    created_at: Mapped[dt.datetime] = mapped_column(default=now)
    seen_at: Mapped[dt.datetime] = mapped_column(default=now)
    expires_at: Mapped[dt.datetime]
    user: Mapped[User] = relationship()


class Token(Base):
    """A key for programs; shown once, only its SHA-256 is kept."""

    __tablename__ = "token"
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(sa.String(80))
    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    prefix: Mapped[str] = mapped_column(sa.String(16))
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"))
    scopes: Mapped[list[Any]] = mapped_column(default=list)
    """read | write | admin"""
    created_at: Mapped[dt.datetime] = mapped_column(default=now)
    expires_at: Mapped[dt.datetime | None]
    used_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]
    user: Mapped[User] = relationship()


class SetupLink(Base):
    """A one-time link with which the first administrator chooses a password."""

    __tablename__ = "setup_link"
    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]
