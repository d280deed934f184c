"""What was brought back from a backup, and what came with papers of another archive."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from archive.models.base import Base, BigId, now
from archive.models.work import EventLine


class Restore(Base):
    """The archive was once brought back from a backup; a number given after that backup stands on paper only."""

    __tablename__ = "restore"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    snapshot: Mapped[str] = mapped_column(sa.String(80))
    """Name of the snapshot, as in the backup's folder."""
    made_at: Mapped[dt.datetime]
    """When the snapshot was taken: what happened later is not in it."""
    restored_at: Mapped[dt.datetime] = mapped_column(default=now)
    by: Mapped[str] = mapped_column(sa.String(80))


class ImportedEvent(EventLine, Base):
    """An event of another archive about a paper that was imported, kept as it was written there; see Event."""

    __tablename__ = "imported_event"
    hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(sa.BigInteger)
