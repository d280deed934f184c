"""Who stands in for whom."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from archive.models.base import Base, Key, new_id, now
from archive.models.people import User


class Delegation(Base):
    """From one day to another, both included and in Hanoi, one person acts also in the place of another."""

    __tablename__ = "delegation"
    __table_args__ = (
        sa.CheckConstraint("giver_id <> deputy_id", "two_people"),
        sa.CheckConstraint("begins_on <= ends_on", "in_order"),
        sa.Index("ix_delegation_deputy_id_ends_on", "deputy_id", "ends_on"),
    )
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    giver_id: Mapped[str] = mapped_column(sa.ForeignKey("user.id"), index=True)
    deputy_id: Mapped[str] = mapped_column(sa.ForeignKey("user.id"))
    begins_on: Mapped[dt.date]
    ends_on: Mapped[dt.date]
    ground: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    """The paper by which it was given."""
    made_by: Mapped[str] = mapped_column(sa.String(80))
    made_at: Mapped[dt.datetime] = mapped_column(default=now)
    revoked_at: Mapped[dt.datetime | None]
    giver: Mapped[User] = relationship(foreign_keys=[giver_id])
    deputy: Mapped[User] = relationship(foreign_keys=[deputy_id])
