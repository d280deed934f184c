"""The register books and their lines."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from archive.models.base import Base, Key, new_id, now

if TYPE_CHECKING:
    from archive.models.papers import Document


class Book(Base):
    """A register book (sổ đăng ký văn bản đến)."""

    __tablename__ = "book"
    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    """`den`"""
    title: Mapped[str] = mapped_column(sa.String(200))
    takes: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    """Words of the organs whose papers go into it, `bộ công an`; none: it takes what no other book takes."""
    system: Mapped[str | None] = mapped_column(sa.String(8))
    """state | party: it takes papers of this system only."""
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    """Smaller is asked first."""
    active: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    """Whether new papers may go into it; its lines stay."""


class ClosedDay(Base):
    """A day of a book that was closed (khóa sổ ngày); every day before it is closed with it."""

    __tablename__ = "closed_day"
    book_id: Mapped[str] = mapped_column(sa.ForeignKey("book.id"), primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    open: Mapped[bool] = mapped_column(default=False)
    """Opened again since; the events say by whom and why."""
    lines: Mapped[int]
    """How many numbers the day has, voided ones too."""
    first: Mapped[int | None]
    last: Mapped[int | None]
    digest: Mapped[str] = mapped_column(sa.String(64))
    """SHA-256 of the day's lines; see archive/register_days.py."""
    event: Mapped[str] = mapped_column(sa.String(64))
    """Hash of the event that closed it: the head of the chain at that moment."""
    closed_by: Mapped[str] = mapped_column(sa.String(80))
    closed_at: Mapped[dt.datetime] = mapped_column(default=now)


class BookImport(Base):
    """A workbook with an office's old book, between its upload and the moment its lines are written."""

    __tablename__ = "book_import"
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    book_id: Mapped[str] = mapped_column(sa.ForeignKey("book.id"))
    year: Mapped[int]
    filename: Mapped[str] = mapped_column(sa.String(500))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    sheet: Mapped[list[Any]] = mapped_column(default=list)
    """Rows of cells as plain values, as the child read them; emptied when it is done."""
    head: Mapped[int]
    """Which of them bears the titles."""
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """column of the book -> column of the sheet"""
    state: Mapped[str] = mapped_column(sa.String(8), default="draft")
    """draft | done"""
    lines: Mapped[int] = mapped_column(default=0)
    """How many were written."""
    by: Mapped[str] = mapped_column(sa.String(80))
    at: Mapped[dt.datetime] = mapped_column(default=now, index=True)


class BookYear(Base):
    """The counter of a book in a year; the row is locked while a number is given."""

    __tablename__ = "book_year"
    book_id: Mapped[str] = mapped_column(sa.ForeignKey("book.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(default=0)
    first: Mapped[int] = mapped_column(default=1, server_default="1")
    """Where this book begins: an office that starts in the middle of a year has its smaller numbers on paper."""
    settled: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    """The last restore after which a person said which number was last on paper; see archive/register_restored.py."""


class RegisterEntry(Base):
    """One line of a book: the ten columns of NĐ 30/2020, Appendix IV, as they stood when it was written."""

    __tablename__ = "register_entry"
    __table_args__ = (
        sa.UniqueConstraint("book_id", "year", "document_id"),
        sa.Index("ix_register_entry_counted", "arrived_on", "status", "document_id", "issuer", "registered_at"),
    )
    book_id: Mapped[str] = mapped_column(sa.ForeignKey("book.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document_id: Mapped[str | None] = mapped_column(sa.ForeignKey("document.id"), index=True)
    status: Mapped[str] = mapped_column(sa.String(12), default="registered")
    """registered | awaited | void"""
    arrived_on: Mapped[dt.date | None] = mapped_column(index=True)
    issuer: Mapped[str] = mapped_column(sa.String(300), default="")
    code: Mapped[str] = mapped_column(sa.String(80), default="")
    document_date: Mapped[str | None] = mapped_column(sa.String(10))
    type_and_subject: Mapped[str] = mapped_column(sa.Text, default="")
    recipient: Mapped[str] = mapped_column(sa.String(300), default="")
    forwarded_on: Mapped[dt.date | None]
    receipt: Mapped[str] = mapped_column(sa.String(200), default="")
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    void_reason: Mapped[str | None] = mapped_column(sa.String(500))
    import_id: Mapped[str | None] = mapped_column(sa.ForeignKey("book_import.id"))
    """The workbook this line was taken over from."""
    registered_by: Mapped[str] = mapped_column(sa.String(80), default="")
    registered_at: Mapped[dt.datetime] = mapped_column(default=now)
    document: Mapped[Document | None] = relationship(back_populates="entries")
