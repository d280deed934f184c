"""The queue, the index to come, the plugins, and what happened."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from archive.models.base import Base, BigId, Key, now


class Task(Base):
    """One step to do for one scan. The table is the queue; see archive/jobs."""

    __tablename__ = "task"
    __table_args__ = (
        sa.UniqueConstraint("scan_id", "step", "part"),
        sa.Index(
            "ix_task_ready", "priority", "rank", "id",
            sqlite_where=sa.text("state = 'ready'"), postgresql_where=sa.text("state = 'ready'"),
        ),
        sa.Index(
            "ix_task_running", "lease_until",
            sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"),
        ),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    scan_id: Mapped[str] = mapped_column(sa.ForeignKey("scan.id", ondelete="CASCADE"))
    step: Mapped[str] = mapped_column(sa.String(12))
    """survey | read | mark | cut | extract | route | shelve"""
    part: Mapped[int] = mapped_column(default=0)
    """The page, for read and mark; 0 elsewhere."""
    state: Mapped[str] = mapped_column(sa.String(10), default="ready", server_default="ready")
    """ready | running | done | dead | cancelled"""
    priority: Mapped[int]
    rank: Mapped[float]
    """When the scan came (Unix seconds): depth first, old scans are finished before new ones begin."""
    run_after: Mapped[float] = mapped_column(default=0.0, server_default="0")
    attempt: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often it was claimed; part of the fence."""
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often it failed by itself; a worker that was killed is not its fault."""
    lease_until: Mapped[float | None]
    worker: Mapped[str | None] = mapped_column(sa.String(80))
    queued: Mapped[float]
    started: Mapped[float | None]
    ended: Mapped[float | None]
    error: Mapped[str | None] = mapped_column(sa.Text)


class Outbox(Base):
    """Documents whose entry in the search index is to be written again; a line goes when it is."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    document_id: Mapped[str] = mapped_column(Key, index=True)
    queued_at: Mapped[dt.datetime] = mapped_column(default=now)


class Change(Base):
    """That a paper was changed in what is kept of all papers in memory: written by triggers, read by
    archive/search/changes.py, the oldest forgotten."""

    __tablename__ = "change"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    moment: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0", index=True)
    """The number of its transaction in PostgreSQL; 0 on SQLite, which has one at a time."""
    document_id: Mapped[str] = mapped_column(Key)
    """"" where any paper may be meant."""


class PluginState(Base):
    """What an administrator decided about a plugin."""

    __tablename__ = "plugin"
    slug: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    enabled: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    version: Mapped[str] = mapped_column(sa.String(40), default="")
    digest: Mapped[str] = mapped_column(sa.String(64), default="", server_default="")
    """Of the drop-in plugin's files when it was switched on: others are not run."""
    changed_by: Mapped[str] = mapped_column(sa.String(80), default="")
    changed_at: Mapped[dt.datetime] = mapped_column(default=now)


class EventLine:
    """What a line of the chain of events says, of ours or of another archive's."""

    at: Mapped[str] = mapped_column(sa.String(32))
    actor: Mapped[str] = mapped_column(sa.String(80))
    action: Mapped[str] = mapped_column(sa.String(40))
    subject: Mapped[str] = mapped_column(sa.String(80), index=True)
    data: Mapped[str] = mapped_column(sa.Text)
    """Canonical JSON, before -> after."""
    previous: Mapped[str] = mapped_column(sa.String(64))


class Event(EventLine, Base):
    """What happened, append-only (triggers forbid UPDATE and DELETE), each line hashed over the one before."""

    __tablename__ = "event"
    __table_args__ = (
        sa.Index(
            "ix_event_refused", "at",
            sqlite_where=sa.text("action = 'refused'"), postgresql_where=sa.text("action = 'refused'"),
        ),
    )  # fmt: skip
    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(sa.String(64), unique=True)


class EventHead(Base):
    """The last event; the row is locked while one is appended."""

    __tablename__ = "event_head"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    hash: Mapped[str] = mapped_column(sa.String(64))


class Inspection(Base):
    """One look at everything (`vanthu check --deep`, or asked for on the page) and what it found."""

    __tablename__ = "inspection"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    asked_by: Mapped[str] = mapped_column(sa.String(80))
    asked_at: Mapped[dt.datetime] = mapped_column(default=now)
    started_at: Mapped[dt.datetime | None]
    beat_at: Mapped[dt.datetime | None]
    """Last sign of life of the process that is at it."""
    ended_at: Mapped[dt.datetime | None]
    stage: Mapped[str] = mapped_column(sa.String(80), default="", server_default="")
    """What is being looked at, in words."""
    done: Mapped[int] = mapped_column(default=0, server_default="0")
    total: Mapped[int] = mapped_column(default=0, server_default="0")
    ok: Mapped[bool | None]
    checks: Mapped[list[Any]] = mapped_column(default=list)
    """[{name, ok, says, todo}]"""
