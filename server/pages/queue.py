"""The queue of Hộp đến: what was just scanned and waits for a clerk, urgent first, newest first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, contains_eager, defer, selectinload

from archive import access, answer, presence, records, register, register_books
from archive.jobs import progress
from archive.models import Document, PageRow, Scan, User
from server.pages import sheet, shown
from server.speech import gettext as _
from server.speech import ngettext

SHOWN = 60
URGENT = 10
"""Scans at or below this priority stand first and say so."""
COARSE = {"low_resolution", "faint", "cut_off", "unreadable", "blurred", "dark", "poor"}
UNDERWAY = ("received", "reading", "failed", "quarantined")

_order = (sa.case((Scan.priority <= URGENT, 0), else_=1), Scan.received_at.desc(), Scan.id)


@dataclass(frozen=True)
class State:
    """One pill of the queue: kind (ok, warn, bad, run), sign and words: never colour alone."""

    kind: str
    sign: str
    words: str


@dataclass(frozen=True)
class Item:
    """One line of the queue: a document to review, or a scan that is being read or cannot be."""

    id: str
    url: str | None
    thumb: str | None
    title: str
    about: str
    state: State
    badges: tuple[State, ...] = ()
    """What else is to be known before it is opened: one of a bundle, suspected twice, a poor scan."""
    who: str = ""
    """Who else has it open."""
    why: str = ""
    scan_id: str = ""
    done: int = 0
    total: int = 0
    retry: bool = False
    urgent: bool = False
    look: str | None = None
    """Where a scan that is being read can be looked at."""

    @property
    def pills(self) -> tuple[State, ...]:
        """All that is said of it in a word."""
        return self.state, *self.badges


@dataclass(frozen=True)
class Queue:
    """The lines that are shown and how many there are in all."""

    items: Sequence[Item]
    total: int

    @property
    def documents(self) -> list[Item]:
        """The lines that can be reviewed, in order."""
        return [item for item in self.items if item.url]

    @property
    def busy(self) -> bool:
        """Whether something is still being read: then the browser asks more often."""
        return any(item.state.kind == "run" for item in self.items)

    @property
    def digest(self) -> str:
        """Changes when anything that is shown changes."""
        return hashlib.sha256(repr((self.items, self.total)).encode()).hexdigest()[:16]

    def place(self, document_id: str | None) -> int | None:
        """Which of the documents this is, from 1."""
        return next((n for n, item in enumerate(self.documents, 1) if item.id == document_id), None)

    def after(self, document_id: str | None) -> Item | None:
        """The document after this one that nobody else has open; at the end the first again.

        Where all are open elsewhere the next one, None when there is no other.
        """
        others = self.documents
        at = self.place(document_id) or 0
        following = [item for item in [*others[at:], *others[:at]] if item.id != document_id]
        return next((item for item in following if not item.who), next(iter(following), None))


def load(session: Session, user: User | None, current: str = "") -> Queue:
    """The queue of `user`, who has the paper `current` open."""
    scans, documents = _scans(session, user), _documents(session, user)
    known = _Known.of(session, user, documents, current)
    ranked = [(_rank(scan), _of_scan(session, scan)) for scan in scans]
    ranked += [(_rank(doc.scan, doc.ordinal), _of_document(doc, known)) for doc in documents]
    return Queue([item for _, item in sorted(ranked, key=lambda pair: pair[0])][:SHOWN], _count(session, user))


@dataclass(frozen=True)
class _Known:
    """What is asked once of all documents that are shown."""

    coarse: dict[str, tuple[str, ...]]
    """scan → what speaks against its pages"""
    turned: dict[str, dict[int, int]]
    """scan → pages that a person turned, and by how much"""
    doubts: dict[str, int]
    twice: set[str]
    parts: dict[str, int]
    """scan → how many documents it holds"""
    who: Mapping[str, str]

    @classmethod
    def of(cls, session: Session, user: User | None, documents: Sequence[Document], current: str) -> _Known:
        scans = {document.scan_id for document in documents}
        rows = session.execute(
            sa.select(PageRow.scan_id, PageRow.number, PageRow.advice, PageRow.turned).where(PageRow.scan_id.in_(scans))
        ).all()
        parts = sa.select(Document.scan_id, sa.func.count()).where(Document.scan_id.in_(scans))
        return cls(
            _coarse([(row.scan_id, row.advice) for row in rows]),
            _turned([(row.scan_id, row.number, row.turned) for row in rows if row.turned is not None]),
            _doubts(session, documents, current),
            register.repeated(session, documents),
            dict(session.execute(parts.group_by(Document.scan_id)).all()),
            presence.others(session, user.id) if user else {},
        )


def _rank(scan: Scan, ordinal: int = 0) -> tuple[bool, float, str, int]:
    return scan.priority > URGENT, -scan.received_at.timestamp(), scan.id, ordinal


def _scans(session: Session, user: User | None) -> Sequence[Scan]:
    if not access.can(user, "ingest"):
        return []
    wanted = sa.select(Scan).where(Scan.status.in_(UNDERWAY))
    return session.scalars(wanted.order_by(*_order).limit(SHOWN)).all()


def _documents(session: Session, user: User | None) -> Sequence[Document]:
    # Whole texts of sixty papers would be read to show sixty lines.
    light = (contains_eager(Document.scan), selectinload(Document.stamp), defer(Document.text), defer(Document.folded))
    wanted = sa.select(Document).join(Document.scan).options(*light).where(_waits(user))
    return session.scalars(wanted.order_by(*_order, Document.ordinal).limit(SHOWN)).all()


def following(session: Session, user: User, document_id: str) -> str | None:
    """The id of the paper `Queue.after` would name, without making the queue."""
    wanted = sa.select(Document.id).join(Document.scan).where(_waits(user))
    ids = list(session.scalars(wanted.order_by(*_order, Document.ordinal).limit(SHOWN)))
    at = ids.index(document_id) + 1 if document_id in ids else 0
    others = [one for one in (*ids[at:], *ids[:at]) if one != document_id]
    taken = presence.others(session, user.id)
    return next((one for one in others if one not in taken), next(iter(others), None))


def _waits(user: User | None) -> sa.ColumnElement[bool]:
    return sa.and_(Document.status == "review", access.visible(user), Scan.status.not_in(UNDERWAY))


def _count(session: Session, user: User | None) -> int:
    """All that waits, also what is not shown."""
    papers = sa.select(sa.func.count()).select_from(Document).join(Document.scan)
    papers = papers.where(_waits(user))
    scans = sa.select(sa.func.count()).select_from(Scan).where(Scan.status.in_(UNDERWAY))
    return (session.scalar(papers) or 0) + ((session.scalar(scans) or 0) if access.can(user, "ingest") else 0)


def _coarse(rows: Iterable[tuple[str, Sequence[str]]]) -> dict[str, tuple[str, ...]]:
    """What the reader said against the pages of each scan."""
    said: dict[str, set[str]] = {}
    for scan_id, advice in rows:
        said.setdefault(scan_id, set()).update(COARSE & set(advice))
    return {scan_id: tuple(sorted(words)) for scan_id, words in said.items() if words}


def _turned(rows: Iterable[tuple[str, int, int]]) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    for scan_id, number, by in rows:
        found.setdefault(scan_id, {})[number] = by
    return found


def _of_scan(session: Session, scan: Scan) -> Item:
    about = f"{scan.filename} · {shown.hour(scan.received_at)}"
    urgent = scan.priority <= URGENT
    if scan.status in ("failed", "quarantined"):
        title = _("Bị cách ly") if scan.status == "quarantined" else _("Chưa đọc được")
        told = State("bad", "✕", _("Cần xử lý"))
        why = scan.error or _("Tệp gốc vẫn an toàn. Hãy thử đọc lại hoặc quét lại.")
        return Item(scan.id, None, None, title, about, told, why=why, scan_id=scan.id, retry=scan.status == "failed",
                    urgent=urgent)  # fmt: skip
    far = progress(session, scan.id)
    told = State("run", "◔", _(far.words))
    return Item(scan.id, None, None, _("Đang nhận dạng…"), about, told, scan_id=scan.id, done=far.done, total=far.total,
                urgent=urgent, look=f"/scans/{scan.id}")  # fmt: skip


def _of_document(document: Document, known: _Known) -> Item:
    about = " · ".join(filter(None, [document.issuing_organ, shown.hour(document.scan.received_at)]))
    coarse = known.coarse.get(document.scan_id, ())
    why = ", ".join(_(shown.ADVICE.get(word, word)) for word in coarse)
    first = next(iter(document.pages), 1)
    turned = known.turned.get(document.scan_id, {}).get(first)
    return Item(
        document.id, f"/review/{document.id}", picture(document.id, first, turned, thumb=True), title_of(document),
        about, _doubt(document, known.doubts[document.id]), _badges(document, known, bool(coarse)),
        known.who.get(document.id, ""), _("Bản quét: {}").format(why) if why else "", document.scan_id,
        urgent=document.scan.priority <= URGENT or document.urgency is not None,
    )  # fmt: skip


def picture(document_id: str, page: int, turned: int | None, *, thumb: bool = False) -> str:
    """The address of a page's picture; a page that was turned by hand has another, for browsers keep the old one."""
    kind = ".thumb.webp" if thumb else ".webp"
    return f"/documents/{document_id}/pages/{page}{kind}" + ("" if turned is None else f"?turned={turned}")


def _badges(document: Document, known: _Known, is_poor: bool) -> tuple[State, ...]:
    """Twice, one of several, poor: in the order in which they matter."""
    of_scan = known.parts.get(document.scan_id, 1)
    found = [
        (document.id in known.twice, State("warn", "≈", _("Có thể trùng"))),
        (of_scan > 1, State("off", "▤", _("Văn bản {} / {} của bản quét").format(document.ordinal, of_scan))),
        (is_poor, State("bad", "◌", _("Bản quét xấu"))),
    ]
    return tuple(badge for holds, badge in found if holds)


def title_of(document: Document) -> str:
    """What a clerk calls this paper: its code, else what is known of it."""
    if document.full_code:
        return document.full_code
    known = document.fields.get("full_code", {}).get("partial")
    return f"…{known}" if known else document.document_type or _("(chưa rõ số, ký hiệu)")


def _doubts(session: Session, documents: Sequence[Document], current: str) -> dict[str, int]:
    """How many lines of each form a clerk should look at, the two of the book with them.

    Of the open paper exactly; of the others without what book and dates say of the stamp, which is dear to ask.
    """
    today = sheet.today()
    stamps = {one.id: _stamp(session, one, one.id == current) for one in documents}
    books = _books(session, documents)
    years = {(books[one.id], sheet.year_of(stamps[one.id], today)) for one in documents}
    expected = {(book, year): register.expected(session, book, year) for book, year in years}

    def count(one: Document) -> int:
        stamp = stamps[one.id]
        number = expected[books[one.id], sheet.year_of(stamp, today)]
        if one.id == current:
            return len(sheet.of_document(one, stamp, number, today).doubtful)
        return sheet.doubts(one.fields) + sum(line.doubtful for line in sheet.arrival(one, stamp, number, today, {}))

    return {one.id: count(one) for one in documents}


def _stamp(session: Session, document: Document, exactly: bool) -> dict[str, Any]:
    """The settled fields of its stamp."""
    if document.stamp is None:
        return {}
    read = records.stamp(session, document.id) if exactly else records.stamp_of(document.stamp)
    fields: dict[str, Any] = answer.stamp_json(read)["fields"] if read else {}
    return fields


def _books(session: Session, documents: Sequence[Document]) -> dict[str, str]:
    """Which book each goes into."""
    return {name: book.id for name, book in register_books.books_for(session, documents).items()} if documents else {}


def _doubt(document: Document, doubts: int) -> State:
    if document.kind == "web_article":
        return State("warn", "⚠", _("Không phải văn bản gốc"))
    if doubts:
        return State("warn", "⚠", ngettext("%(num)d ô cần xem", "%(num)d ô cần xem", doubts) % {"num": doubts})
    return State("ok", "✓", _("Sẵn sàng"))
