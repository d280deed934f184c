"""What guards the door: second factors, places people sign in from, half-way sign-ins, names at other servers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from archive.models.base import Base, Key, new_id, now
from archive.models.people import User

ADDRESS = sa.String(45)
"""An IPv4 address or the /64 network of an IPv6 one (archive.lockout.place_of)."""


class SecondFactor(Base):
    """The telephone of a person: codes of RFC 6238, and recovery codes for the day it is lost."""

    __tablename__ = "second_factor"
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(sa.String(200))
    """Sealed with the key of archive.keyring."""
    confirmed_at: Mapped[dt.datetime | None]
    """None until the person has typed a first right code: until then it guards nothing."""
    last_step: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    """The time step of the last code taken; it and those before are taken no more."""
    recovery: Mapped[list[Any]] = mapped_column(default=list)
    """SHA-256 of each recovery code not yet used."""


class KnownPlace(Base):
    """An address from which a person has signed in: strangers' failures elsewhere do not shut it."""

    __tablename__ = "known_place"
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = mapped_column(ADDRESS, primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[dt.datetime | None]
    seen_at: Mapped[dt.datetime]


class FailedPlace(Base):
    """An address from which signing in failed, whoever it was that was tried."""

    __tablename__ = "failed_place"
    address: Mapped[str] = mapped_column(ADDRESS, primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[dt.datetime | None]
    seen_at: Mapped[dt.datetime] = mapped_column(default=now, index=True)


class SignInStep(Base):
    """A browser half-way in: a code is still wanted, or another server is to say who it is."""

    __tablename__ = "sign_in_step"
    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(8))
    """code | oidc"""
    user_id: Mapped[str | None] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"))
    told: Mapped[dict[str, Any]] = mapped_column(default=dict)
    expires_at: Mapped[dt.datetime]
    user: Mapped[User | None] = relationship()


class Identity(Base):
    """Who a person is at the province's sign-in server: by `subject`, or by a mail address until the first time."""

    __tablename__ = "identity"
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), unique=True)
    issuer: Mapped[str] = mapped_column(sa.String(300))
    email: Mapped[str | None] = mapped_column(sa.String(200))
    subject: Mapped[str | None] = mapped_column(sa.String(255))
    user: Mapped[User] = relationship()
    __table_args__ = (sa.UniqueConstraint("issuer", "email"), sa.UniqueConstraint("issuer", "subject"))
