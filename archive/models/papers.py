"""The documents of the scans and what is known of them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from archive.findings import Value
from archive.models.base import Base, BigId, Key, new_id, now

if TYPE_CHECKING:
    from archive.models.books import RegisterEntry
    from archive.models.handling import RouteRow
    from archive.models.scans import Scan, StampRow


class Document(Base):
    """One logical document of a scan. The columns hold what stands now; `fields` says how it came to stand."""

    __tablename__ = "document"
    __table_args__ = (
        sa.UniqueConstraint("scan_id", "ordinal"),
        # Reports count from this alone: a row is some 15 KB wide.
        sa.Index("ix_document_counted", "id", "status", "secrecy", "unit_id", "document_type", "urgency", "scan_id"),
    )
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    scan_id: Mapped[str] = mapped_column(sa.ForeignKey("scan.id", ondelete="CASCADE"), index=True)
    ordinal: Mapped[int] = mapped_column(default=1)
    pages: Mapped[list[Any]] = mapped_column(default=list)
    cut_reasons: Mapped[list[Any]] = mapped_column(default=list)
    status: Mapped[str] = mapped_column(sa.String(12), default="review", index=True)
    """review | registered | routed | handling | done | void"""
    version: Mapped[int] = mapped_column(default=1)
    """Grows with every change; the ETag."""
    system: Mapped[str | None] = mapped_column(sa.String(8))
    kind: Mapped[str] = mapped_column(sa.String(16), default="document")
    full_code: Mapped[str | None] = mapped_column(sa.String(80), index=True)
    number: Mapped[str | None] = mapped_column(sa.String(20))
    symbol: Mapped[str | None] = mapped_column(sa.String(60))
    document_type: Mapped[str | None] = mapped_column(sa.String(100), index=True)
    issuing_organ: Mapped[str | None] = mapped_column(sa.String(300), index=True)
    date: Mapped[str | None] = mapped_column(sa.String(10), index=True)
    subject: Mapped[str | None] = mapped_column(sa.Text)
    urgency: Mapped[str | None] = mapped_column(sa.String(20))
    secrecy: Mapped[str | None] = mapped_column(sa.String(20))
    province_at_issue: Mapped[str | None] = mapped_column(sa.String(60))
    province_current: Mapped[str | None] = mapped_column(sa.String(60))
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """name -> {value, confidence, sure, page, box, source, partial, reason, others}: the contract's object."""
    lists: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """addressees, recipients, archive_copy"""
    flags: Mapped[list[Any]] = mapped_column(default=list)
    suggestions: Mapped[list[Any]] = mapped_column(default=list)
    doubts: Mapped[int] = mapped_column(default=0)
    """How many fields a clerk should look at."""
    text: Mapped[str] = mapped_column(sa.Text, default="")
    """NFC, a form feed between pages."""
    folded: Mapped[str] = mapped_column(sa.Text, default="")
    """A projection for search, written by archive.search.indexing: words.line(code, subject, organ, text)."""
    unit_id: Mapped[str | None] = mapped_column(sa.ForeignKey("unit.id"), index=True)
    """The unit that leads its handling, once decided."""
    created_at: Mapped[dt.datetime] = mapped_column(default=now, index=True)
    changed_at: Mapped[dt.datetime] = mapped_column(default=now, onupdate=now)
    scan: Mapped[Scan] = relationship(back_populates="documents")
    stamp: Mapped[StampRow | None] = relationship(uselist=False)
    entries: Mapped[list[RegisterEntry]] = relationship(back_populates="document")
    citations: Mapped[list[CitationRow]] = relationship(
        foreign_keys="CitationRow.document_id", order_by="CitationRow.id", cascade="all, delete-orphan"
    )
    routes: Mapped[list[RouteRow]] = relationship(
        order_by="RouteRow.id", cascade="all, delete-orphan", back_populates="document"
    )


DOCUMENT_FOR_UPDATE = (
    sa.select(Document)
    .where(Document.id == sa.bindparam("id"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
"""The document with this `id` as it stands in the database now, locked until the transaction ends."""


class FindingRow(Base):
    """What a plugin once said; a new reading stands beside the old."""

    __tablename__ = "finding"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    document_id: Mapped[str] = mapped_column(sa.ForeignKey("document.id", ondelete="CASCADE"), index=True)
    field: Mapped[str] = mapped_column(sa.String(80))
    value: Mapped[Any] = mapped_column(sa.JSON)
    confidence: Mapped[float]
    page: Mapped[int | None]
    box: Mapped[list[Any] | None]
    span: Mapped[list[Any] | None]
    partial: Mapped[str | None] = mapped_column(sa.String(80))
    reason: Mapped[str] = mapped_column(sa.String(500), default="")
    witness: Mapped[str] = mapped_column(sa.String(20))
    suggestion: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(sa.String(80))
    found_at: Mapped[dt.datetime] = mapped_column(default=now)


class Confirmation(Base):
    """What a person confirmed or corrected, beside what the machine had said; no machine overwrites it."""

    __tablename__ = "confirmation"
    __table_args__ = (sa.Index("ix_confirmation_counted", "at", "field", "source", "sure", "outcome", "document_id"),)
    document_id: Mapped[str] = mapped_column(sa.ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    field: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    value: Mapped[Value] = mapped_column(sa.JSON)
    machine: Mapped[Value] = mapped_column(sa.JSON)
    sure: Mapped[bool | None]
    """Whether the machine had called its value sure; None: of a list or stamp, or of before this was kept."""
    source: Mapped[str] = mapped_column(sa.String(80), default="", server_default="")
    """Who had said the machine's value, as in FindingRow."""
    outcome: Mapped[str] = mapped_column(sa.String(10), default="kept", server_default="kept")
    """kept | added (the machine had said nothing) | corrected"""
    by: Mapped[str] = mapped_column(sa.String(80))
    at: Mapped[dt.datetime] = mapped_column(default=now)


class CitationRow(Base):
    """A paper that a document names, and the archived document it is, once known."""

    __tablename__ = "citation"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    document_id: Mapped[str] = mapped_column(sa.ForeignKey("document.id", ondelete="CASCADE"), index=True)
    type: Mapped[str | None] = mapped_column(sa.String(100))
    code: Mapped[str | None] = mapped_column(sa.String(80), index=True)
    date: Mapped[str | None] = mapped_column(sa.String(10))
    issuer: Mapped[str | None] = mapped_column(sa.String(300))
    relation: Mapped[str | None] = mapped_column(sa.String(10))
    mentions: Mapped[list[Any]] = mapped_column(default=list)
    source: Mapped[str] = mapped_column(sa.String(80), default="")
    target_id: Mapped[str | None] = mapped_column(sa.ForeignKey("document.id", ondelete="SET NULL"), index=True)


class AgencyCode(Base):
    """Mã định danh of an organ (QĐ 20/2020/QĐ-TTg) and the days on which it is its; see archive/agencies.py."""

    __tablename__ = "agency_code"
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(sa.String(64), index=True)
    """`000.00.00.H49`, `H49.22.28`"""
    name: Mapped[str] = mapped_column(sa.String(300))
    folded: Mapped[str] = mapped_column(sa.String(300), index=True)
    """Words of the name without marks, by which it is looked up."""
    valid_from: Mapped[str | None] = mapped_column(sa.String(10))
    """First day, ISO; None: nobody said since when."""
    valid_until: Mapped[str | None] = mapped_column(sa.String(10))
    """Last day, ISO; None: still."""
