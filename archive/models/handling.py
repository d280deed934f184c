"""Who has a document, and until when; the days nobody works; what people are reminded of."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from archive.models.base import Base, BigId, now

if TYPE_CHECKING:
    from archive.models.papers import Document
    from archive.models.people import User


class Unit(Base):
    """A unit (đơn vị) of the office."""

    __tablename__ = "unit"
    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    """A slug, `phong_tong_hop`."""
    name: Mapped[str] = mapped_column(sa.String(200), unique=True)
    parent_id: Mapped[str | None] = mapped_column(sa.ForeignKey("unit.id"))
    active: Mapped[bool] = mapped_column(default=True)


class RouteRow(Base):
    """Who should have, or has, a document: a plugin's suggestion until a person decides.

    A unit has at most one decided route of a document; what became of it step by step is in the events.
    """

    __tablename__ = "route"
    __table_args__ = (
        sa.Index(
            "uq_route_document_id_unit_id", "document_id", "unit_id", unique=True,
            sqlite_where=sa.text("state <> 'suggested'"), postgresql_where=sa.text("state <> 'suggested'"),
        ),
        sa.Index(
            "ix_route_open", "unit_id", "document_id",
            sqlite_where=sa.text("state IN ('decided', 'received')"),
            postgresql_where=sa.text("state IN ('decided', 'received')"),
        ),
        sa.Index("ix_route_counted", "due", "role", "state", "unit_id", "closed_at", "decided_at", "document_id"),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    document_id: Mapped[str] = mapped_column(sa.ForeignKey("document.id", ondelete="CASCADE"), index=True)
    unit_id: Mapped[str | None] = mapped_column(sa.ForeignKey("unit.id"), index=True)
    unit: Mapped[str] = mapped_column(sa.String(200))
    """Name of the unit, as the plugin or the person said it."""
    role: Mapped[str] = mapped_column(sa.String(10), default="lead")
    """lead (chủ trì) | support (phối hợp) | inform (để biết)"""
    due: Mapped[dt.date | None]
    days: Mapped[int | None]
    """Of a suggestion: working days from the day of arrival, of which `due` is the last."""
    reason: Mapped[str] = mapped_column(sa.String(500), default="")
    instruction: Mapped[str] = mapped_column(sa.Text, default="")
    confidence: Mapped[float] = mapped_column(default=0.5)
    source: Mapped[str] = mapped_column(sa.String(80), default="")
    state: Mapped[str] = mapped_column(sa.String(12), default="suggested")
    """suggested | decided | received | returned | forwarded | recalled | finished: see archive/handling.py"""
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    """Grows with every change; a form says which one it was shown."""
    decided_by: Mapped[str | None] = mapped_column(sa.String(80))
    decided_at: Mapped[dt.datetime | None]
    received_by: Mapped[str | None] = mapped_column(sa.String(80))
    """Ký nhận: who took it over, a name as it is signed."""
    received_at: Mapped[dt.datetime | None]
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("route.id", ondelete="SET NULL"))
    """The route of the unit that passed it on."""
    person_id: Mapped[str | None] = mapped_column(sa.ForeignKey("user.id"), index=True)
    person_due: Mapped[dt.date | None]
    """Until when the head of the unit wants it from the person."""
    opinion: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    """What the head of the unit says (part 2 of the Phiếu giải quyết)."""
    assigned_by: Mapped[str | None] = mapped_column(sa.String(80))
    assigned_at: Mapped[dt.datetime | None]
    proposal: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    """What the one who handles it proposes, or did (part 3)."""
    proposed_by: Mapped[str | None] = mapped_column(sa.String(80))
    proposed_at: Mapped[dt.datetime | None]
    asked_due: Mapped[dt.date | None]
    """The later day the unit asks for; None: it asks for none."""
    asked_reason: Mapped[str] = mapped_column(sa.String(500), default="", server_default="")
    first_due: Mapped[dt.date | None]
    """The day first set, where it was moved since."""
    reply: Mapped[str] = mapped_column(sa.String(80), default="", server_default="")
    """Number and symbol of the paper that answers it."""
    closed_reason: Mapped[str] = mapped_column(sa.String(500), default="", server_default="")
    """Why it was returned, passed on or taken back."""
    closed_by: Mapped[str | None] = mapped_column(sa.String(80))
    closed_at: Mapped[dt.datetime | None]
    """When it was finished, returned, passed on or taken back; None while it is open."""
    document: Mapped[Document] = relationship(back_populates="routes")
    person: Mapped[User | None] = relationship()


class Holiday(Base):
    """A day on which nobody works, or a day of the weekend on which all do (làm bù)."""

    __tablename__ = "holiday"
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    works: Mapped[bool] = mapped_column(default=False)
    changed_by: Mapped[str] = mapped_column(sa.String(80), default="")


class Digest(Base):
    """The one letter a person gets on a day: a row is made before anything is sent, so that none goes twice."""

    __tablename__ = "digest"
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(sa.String(10), default="waiting")
    """waiting | sending | sent | quiet (nothing was due) | unsure (the line broke while the server took it: never sent
    again) | failed"""
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[dt.datetime] = mapped_column(default=now)
    error: Mapped[str] = mapped_column(sa.String(200), default="")
    sent_at: Mapped[dt.datetime | None]
