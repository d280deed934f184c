"""What came in and what was seen on its pages."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from archive.models.base import Base, BigId, Key, new_id, now

if TYPE_CHECKING:
    from archive.models.papers import Document


WITHHELD = ("quarantined", "destroyed")
"""Statuses of scans that are no part of the archive any more: nothing of them is read, shown, told or copied."""


class Scan(Base):
    """One file as it came in; its bytes are the blob named by `sha256` and are never rewritten."""

    __tablename__ = "scan"
    __table_args__ = (
        sa.Index("ix_scan_verified", "verified_at", "size"),
        sa.Index(
            "ix_scan_damaged", "damaged_at",
            sqlite_where=sa.text("damaged_at IS NOT NULL"), postgresql_where=sa.text("damaged_at IS NOT NULL"),
        ),
    )  # fmt: skip
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    filename: Mapped[str] = mapped_column(sa.String(500))
    media_type: Mapped[str] = mapped_column(sa.String(80))
    size: Mapped[int] = mapped_column(sa.BigInteger)
    pages: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(sa.String(16), default="received", index=True)
    """received | reading | review | done | failed | quarantined | destroyed"""
    error: Mapped[str | None] = mapped_column(sa.Text)
    """Why it stands still, in Vietnamese, for the clerk."""
    priority: Mapped[int] = mapped_column(default=100)
    """Smaller is sooner; urgent papers get 10."""
    source: Mapped[str] = mapped_column(sa.String(40), default="web")
    """The door: web | api | cli | folder | mail | edxml | zip | scanner | app | demo | hand (typed, nothing scanned)"""
    received_at: Mapped[dt.datetime] = mapped_column(default=now, index=True)
    received_by: Mapped[str] = mapped_column(sa.String(80))
    read_at: Mapped[dt.datetime | None]
    signatures: Mapped[list[Any]] = mapped_column(default=list)
    verified_at: Mapped[dt.datetime | None]
    """When its bytes were last read back from the disk and compared; None: not since they came."""
    damaged_at: Mapped[dt.datetime | None]
    """When its bytes were first found lost or altered; None: as far as known they are whole."""
    documents: Mapped[list[Document]] = relationship(back_populates="scan", order_by="Document.ordinal")
    page_rows: Mapped[list[PageRow]] = relationship(order_by="PageRow.number")


class PageRow(Base):
    """One page of a scan, as read; its words are in `words`, its pictures are projections."""

    __tablename__ = "page"
    __table_args__ = (sa.UniqueConstraint("scan_id", "number"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    scan_id: Mapped[str] = mapped_column(sa.ForeignKey("scan.id", ondelete="CASCADE"))
    number: Mapped[int]
    source: Mapped[str] = mapped_column(sa.String(10))
    reason: Mapped[str] = mapped_column(sa.String(500), default="")
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    dpi: Mapped[float | None]
    rotation: Mapped[int] = mapped_column(default=0)
    turned: Mapped[int | None]
    """The rotation a person decided on, kept against every reading; None: the reader decides."""
    confidence: Mapped[float] = mapped_column(default=1.0)
    advice: Mapped[list[Any]] = mapped_column(default=list)
    gaps: Mapped[list[Any]] = mapped_column(default=list)
    plain: Mapped[str] = mapped_column(sa.Text, default="")
    words: Mapped[Words | None] = relationship(cascade="all, delete-orphan")


class Words(Base):
    """The words of one page with boxes and confidences: zlib-compressed JSON, see archive/pages.py."""

    __tablename__ = "words"
    page_id: Mapped[int] = mapped_column(sa.ForeignKey("page.id", ondelete="CASCADE"), primary_key=True)
    data: Mapped[bytes] = mapped_column(sa.LargeBinary)


class MarkRow(Base):
    """A seal or another mark on a page."""

    __tablename__ = "mark"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    scan_id: Mapped[str] = mapped_column(sa.ForeignKey("scan.id", ondelete="CASCADE"), index=True)
    page: Mapped[int]
    kind: Mapped[str] = mapped_column(sa.String(20))
    box: Mapped[list[Any]]
    confidence: Mapped[float]
    text: Mapped[str] = mapped_column(sa.String(80), default="")


class StampRow(Base):
    """An arrival stamp (dấu ĐẾN) found on a page of a scan; `document_id` once the scan is cut."""

    __tablename__ = "stamp"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    scan_id: Mapped[str] = mapped_column(sa.ForeignKey("scan.id", ondelete="CASCADE"), index=True)
    document_id: Mapped[str | None] = mapped_column(sa.ForeignKey("document.id", ondelete="SET NULL"), index=True)
    page: Mapped[int]
    box: Mapped[list[Any] | None]
    angle: Mapped[float] = mapped_column(default=0.0)
    confidence: Mapped[float] = mapped_column(default=1.0)
    findings: Mapped[list[Any]] = mapped_column(default=list)


class StampLayout(Base):
    """An arrival stamp that an administrator drew once; see archive/taught.py."""

    __tablename__ = "stamp_layout"
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(sa.String(200))
    width: Mapped[float]
    """mm of its frame"""
    height: Mapped[float]
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """field -> [left, top, right, bottom] as fractions of the frame"""
    words: Mapped[str] = mapped_column(sa.Text, default="")
    """What is printed on it."""
    scan_id: Mapped[str | None] = mapped_column(sa.ForeignKey("scan.id", ondelete="SET NULL"))
    """The scan it was drawn on."""
    page: Mapped[int] = mapped_column(default=1)
    taught_by: Mapped[str] = mapped_column(sa.String(80), default="")
    taught_at: Mapped[dt.datetime] = mapped_column(default=now)
