"""Work files (hồ sơ) and the papers that lie in them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from archive.models.base import Base, Key, new_id, now

if TYPE_CHECKING:
    from archive.models.papers import Document


class WorkFile(Base):
    """A work file (hồ sơ): one line of the office's list of a year (danh mục hồ sơ), and what lies in it."""

    __tablename__ = "work_file"
    __table_args__ = (sa.UniqueConstraint("year", "code"),)
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    year: Mapped[int]
    """The year of the list."""
    code: Mapped[str] = mapped_column(sa.String(80))
    """Số và ký hiệu hồ sơ: `01.TCCB`"""
    heading: Mapped[str] = mapped_column(sa.String(200), default="")
    """Đề mục of the list under which the file stands."""
    title: Mapped[str] = mapped_column(sa.String(500))
    keep_years: Mapped[int | None]
    """Thời hạn bảo quản in years, counted from the year of closing; None: permanently (vĩnh viễn)."""
    keeper: Mapped[str] = mapped_column(sa.String(200), default="")
    """Người lập hồ sơ"""
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    closed_on: Mapped[dt.date | None]
    """Kết thúc hồ sơ; None while papers may still come and go."""
    closed_by: Mapped[str | None] = mapped_column(sa.String(80))
    sheets: Mapped[int | None]
    """How many sheets of paper (tờ) lay in it when it was closed."""
    sides: Mapped[int | None]
    """How many pages (trang) these have."""
    handed_on: Mapped[dt.date | None]
    """Nộp lưu: the day it went to the archive of the office."""
    created_by: Mapped[str] = mapped_column(sa.String(80))
    created_at: Mapped[dt.datetime] = mapped_column(default=now)
    papers: Mapped[list[FilePaper]] = relationship(order_by="FilePaper.position", viewonly=True)


class FilePaper(Base):
    """A document in a work file; the same document may lie in several, never copied."""

    __tablename__ = "file_paper"
    file_id: Mapped[str] = mapped_column(sa.ForeignKey("work_file.id", ondelete="CASCADE"), primary_key=True)
    document_id: Mapped[str] = mapped_column(
        sa.ForeignKey("document.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position: Mapped[int]
    """Its place in the file, from 1; places need not follow each other without a gap."""
    added_by: Mapped[str] = mapped_column(sa.String(80))
    added_at: Mapped[dt.datetime] = mapped_column(default=now)
    document: Mapped[Document] = relationship()


class Handover(Base):
    """The package (gói nộp lưu) of a work file that was asked for last: its copies are drawn before it can be taken."""

    __tablename__ = "handover"
    file_id: Mapped[str] = mapped_column(sa.ForeignKey("work_file.id", ondelete="CASCADE"), primary_key=True)
    asked_by: Mapped[str] = mapped_column(sa.String(80))
    asked_at: Mapped[dt.datetime] = mapped_column(default=now)
    started_at: Mapped[dt.datetime | None]
    beat_at: Mapped[dt.datetime | None]
    """Last sign of life of the process that is at it."""
    ended_at: Mapped[dt.datetime | None]
    done: Mapped[int] = mapped_column(default=0, server_default="0")
    total: Mapped[int] = mapped_column(default=0, server_default="0")
    unmade: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    """Documents of which no copy could be drawn: their originals go alone."""
    error: Mapped[str] = mapped_column(sa.String(500), default="", server_default="")
    """Why there is none, for people."""
