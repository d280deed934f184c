"""The register books and their lines."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from archive.models.base import Base, now

if TYPE_CHECKING:
    from archive.models.papers import Document


class Book(Base):
    """A register book (sổ đăng ký văn bản đến)."""

    __tablename__ = "book"
    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    """`den`"""
    title: Mapped[str] = mapped_column(sa.String(200))


class BookYear(Base):
    """The counter of a book in a year; the row is locked while a number is given."""

    __tablename__ = "book_year"
    book_id: Mapped[str] = mapped_column(sa.ForeignKey("book.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(default=0)
    first: Mapped[int] = mapped_column(default=1, server_default="1")
    """Where this book begins: an office that starts in the middle of a year has its smaller numbers on paper."""


class RegisterEntry(Base):
    """One line of a book: the ten columns of NĐ 30/2020, Appendix IV, as they stood when it was written."""

    __tablename__ = "register_entry"
    __table_args__ = (
        sa.UniqueConstraint("book_id", "year", "document_id"),
        sa.Index("ix_register_entry_counted", "status", "arrived_on", "document_id", "issuer", "registered_at"),
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
    registered_by: Mapped[str] = mapped_column(sa.String(80), default="")
    registered_at: Mapped[dt.datetime] = mapped_column(default=now)
    document: Mapped[Document | None] = relationship(back_populates="entries")
