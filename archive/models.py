"""The tables: what an archive of incoming papers knows. See docs/glossary.md for the Vietnamese names."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from archive.findings import Value

NAMES = {  # Alembic's batch mode on SQLite needs every constraint named
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite autoincrements only INTEGER


class Moment(sa.types.TypeDecorator[dt.datetime]):
    """A point in time, always aware and UTC in Python, on every database."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, _dialect: Any) -> dt.datetime | None:
        return value.astimezone(dt.UTC) if value else None

    def process_result_value(self, value: dt.datetime | None, _dialect: Any) -> dt.datetime | None:
        if value is None:
            return None
        return value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)


def new_id() -> str:
    """An id that cannot be guessed: 32 hex digits."""
    return uuid.uuid4().hex


def now() -> dt.datetime:
    """This moment, aware, UTC."""
    return dt.datetime.now(dt.UTC)


class Base(DeclarativeBase):
    metadata = sa.MetaData(naming_convention=NAMES)
    type_annotation_map = {dt.datetime: Moment(), dict[str, Any]: sa.JSON, list[Any]: sa.JSON}


Key = sa.String(32)


class Scan(Base):
    """One file as it came in; its bytes are the blob named by `sha256` and are never rewritten."""

    __tablename__ = "scan"
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    filename: Mapped[str] = mapped_column(sa.String(500))
    media_type: Mapped[str] = mapped_column(sa.String(80))
    size: Mapped[int] = mapped_column(sa.BigInteger)
    pages: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(sa.String(16), default="received", index=True)
    """received | reading | review | done | failed | quarantined"""
    error: Mapped[str | None] = mapped_column(sa.Text)
    """Why it stands still, in Vietnamese, for the clerk."""
    priority: Mapped[int] = mapped_column(default=100)
    """Smaller is sooner; urgent papers get 10."""
    source: Mapped[str] = mapped_column(sa.String(40), default="web")
    """The door: web | api | cli | folder | mail | scanner | demo"""
    received_at: Mapped[dt.datetime] = mapped_column(default=now, index=True)
    received_by: Mapped[str] = mapped_column(sa.String(80))
    read_at: Mapped[dt.datetime | None]
    signatures: Mapped[list[Any]] = mapped_column(default=list)
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


class Unit(Base):
    """A unit (đơn vị) of the office."""

    __tablename__ = "unit"
    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    """A slug, `phong_tong_hop`."""
    name: Mapped[str] = mapped_column(sa.String(200), unique=True)
    parent_id: Mapped[str | None] = mapped_column(sa.ForeignKey("unit.id"))
    active: Mapped[bool] = mapped_column(default=True)


class Document(Base):
    """One logical document of a scan. The columns hold what stands now; `fields` says how it came to stand."""

    __tablename__ = "document"
    __table_args__ = (sa.UniqueConstraint("scan_id", "ordinal"),)
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
    routes: Mapped[list[RouteRow]] = relationship(order_by="RouteRow.id", cascade="all, delete-orphan")


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
    document_id: Mapped[str] = mapped_column(sa.ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    field: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    value: Mapped[Value] = mapped_column(sa.JSON)
    machine: Mapped[Value] = mapped_column(sa.JSON)
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
    __table_args__ = (sa.UniqueConstraint("book_id", "year", "document_id"),)
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


class User(Base):
    """A person who may sign in."""

    __tablename__ = "user"
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(sa.String(80), unique=True)
    full_name: Mapped[str] = mapped_column(sa.String(200), default="")
    password_hash: Mapped[str] = mapped_column(sa.String(200))
    role: Mapped[str] = mapped_column(sa.String(10))
    """admin | clerk | staff | head | leader | it | auditor"""
    unit_id: Mapped[str | None] = mapped_column(sa.ForeignKey("unit.id"))
    active: Mapped[bool] = mapped_column(default=True)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime] = mapped_column(default=now)
    unit: Mapped[Unit | None] = relationship()


class LoginSession(Base):
    """A signed-in browser; only the SHA-256 of its cookie is kept."""

    __tablename__ = "session"
    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(sa.String(64))
    agent: Mapped[str] = mapped_column(sa.String(200), default="")
    created_at: Mapped[dt.datetime] = mapped_column(default=now)
    seen_at: Mapped[dt.datetime] = mapped_column(default=now)
    expires_at: Mapped[dt.datetime]
    user: Mapped[User] = relationship()


class Token(Base):
    """A key for programs; shown once, only its SHA-256 is kept."""

    __tablename__ = "token"
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(sa.String(80))
    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    prefix: Mapped[str] = mapped_column(sa.String(16))
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"))
    scopes: Mapped[list[Any]] = mapped_column(default=list)
    """read | write | admin"""
    created_at: Mapped[dt.datetime] = mapped_column(default=now)
    expires_at: Mapped[dt.datetime | None]
    used_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]
    user: Mapped[User] = relationship()


class SetupLink(Base):
    """A one-time link with which the first administrator chooses a password."""

    __tablename__ = "setup_link"
    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class Event(Base):
    """What happened, append-only (triggers forbid UPDATE and DELETE), each line hashed over the one before."""

    __tablename__ = "event"
    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(sa.String(32))
    actor: Mapped[str] = mapped_column(sa.String(80))
    action: Mapped[str] = mapped_column(sa.String(40))
    subject: Mapped[str] = mapped_column(sa.String(80), index=True)
    data: Mapped[str] = mapped_column(sa.Text)
    """Canonical JSON, before -> after."""
    previous: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64), unique=True)


class EventHead(Base):
    """The last event; the row is locked while one is appended."""

    __tablename__ = "event_head"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    hash: Mapped[str] = mapped_column(sa.String(64))


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


class PluginState(Base):
    """What an administrator decided about a plugin."""

    __tablename__ = "plugin"
    slug: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    enabled: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    version: Mapped[str] = mapped_column(sa.String(40), default="")
    changed_by: Mapped[str] = mapped_column(sa.String(80), default="")
    changed_at: Mapped[dt.datetime] = mapped_column(default=now)
