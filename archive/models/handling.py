"""Who has a document, and until when."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from archive.models.base import Base, BigId


class Unit(Base):
    """A unit (đơn vị) of the office."""

    __tablename__ = "unit"
    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    """A slug, `phong_tong_hop`."""
    name: Mapped[str] = mapped_column(sa.String(200), unique=True)
    parent_id: Mapped[str | None] = mapped_column(sa.ForeignKey("unit.id"))
    active: Mapped[bool] = mapped_column(default=True)


class RouteRow(Base):
    """Who should have, or has, a document: a plugin's suggestion until a person decides."""

    __tablename__ = "route"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    document_id: Mapped[str] = mapped_column(sa.ForeignKey("document.id", ondelete="CASCADE"), index=True)
    unit_id: Mapped[str | None] = mapped_column(sa.ForeignKey("unit.id"), index=True)
    unit: Mapped[str] = mapped_column(sa.String(200))
    """Name of the unit, as the plugin or the person said it."""
    role: Mapped[str] = mapped_column(sa.String(10), default="lead")
    """lead (chủ trì) | support (phối hợp) | inform (để biết)"""
    due: Mapped[dt.date | None]
    reason: Mapped[str] = mapped_column(sa.String(500), default="")
    instruction: Mapped[str] = mapped_column(sa.Text, default="")
    confidence: Mapped[float] = mapped_column(default=0.5)
    source: Mapped[str] = mapped_column(sa.String(80), default="")
    state: Mapped[str] = mapped_column(sa.String(12), default="suggested")
    """suggested | decided | received | returned | finished"""
    decided_by: Mapped[str | None] = mapped_column(sa.String(80))
    decided_at: Mapped[dt.datetime | None]
    received_by: Mapped[str | None] = mapped_column(sa.String(80))
    received_at: Mapped[dt.datetime | None]
