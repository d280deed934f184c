"""Who has which paper open, and what people did to the pages of a scan, so that it can be undone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from archive.models.base import Base, BigId, Key, now


class Presence(Base):
    """The paper a person has open; a light row that is believed for a minute, and no lock."""

    __tablename__ = "presence"
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    document_id: Mapped[str] = mapped_column(Key)
    """No foreign key: it would lock the paper's row, out of turn, only to say that somebody looks at it."""
    seen_at: Mapped[dt.datetime] = mapped_column(default=now)


class Cut(Base):
    """One thing a person did to the pages of a scan. The events tell it for ever; this row can take it back."""

    __tablename__ = "cut"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    scan_id: Mapped[str] = mapped_column(sa.ForeignKey("scan.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(10))
    """split | merged | moved | turned"""
    before: Mapped[list[Any]]
    """What stood there: documents as {id, pages, reasons, confirmed}, or one page as {page, turned, rotation}."""
    after: Mapped[list[Any]]
    """What stood there then, without reasons and confirmations."""
    by: Mapped[str] = mapped_column(sa.String(80))
    at: Mapped[dt.datetime] = mapped_column(default=now)
    undone: Mapped[bool] = mapped_column(default=False)
