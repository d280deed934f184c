"""A document as these clients know it; loaded with everything that is told of it, however many there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import g, request
from sqlalchemy.orm import Session, defer, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from archive import access
from archive.client_ids import Named
from archive.models import WITHHELD, Document, Scan, User, now
from archive.search.conditions import among
from archive.workdays import HANOI, today
from server.paperless import mapping, version
from server.paperless.numbers import CORRESPONDENT, DOCUMENT, FIELD, NOTE, PATH, TAG, TYPE, UNIT, USER, Numbers

SHORT = 550
"""Characters of a text that are enough where a client asks for `truncate_content`."""
_WITH: tuple[ORMOption, ...] = (
    defer(Document.text), defer(Document.folded), defer(Document.cut_reasons),
    joinedload(Document.scan).load_only(
        Scan.filename, Scan.media_type, Scan.received_at, Scan.received_by, Scan.status, Scan.source
    ),
    selectinload(Document.entries), selectinload(Document.routes),
)  # fmt: skip


@dataclass(frozen=True)
class Note:
    """What was written about a paper by who sent it on or handles it."""

    key: str
    text: str
    by: str
    at: dt.datetime


@dataclass(frozen=True)
class Paper:
    """A document with its text, as far as it is told, and the notes on it."""

    document: Document
    content: str = ""
    notes: tuple[Note, ...] = ()
    writers: Mapping[str, str] = field(default_factory=dict)
    """Sign-in name → id, of who wrote them."""

    def named(self) -> Iterator[Named]:
        """Everything of it that has a number."""
        document, entry = self.document, mapping.line(self.document)
        owner = mapping.owner(document)
        yield DOCUMENT, document.id
        yield from ((TAG, key) for key in mapping.tags(document, today(now())))
        yield from ((FIELD, name) for name, _ in mapping.field_values(document))
        yield from ((NOTE, note.key) for note in self.notes)
        yield from ((UNIT, unit) for unit in _having(document))
        pairs = ((CORRESPONDENT, document.issuing_organ), (TYPE, document.document_type), (USER, owner),
                 (PATH, mapping.path(entry) if entry else None))  # fmt: skip
        yield from ((kind, key) for kind, key in pairs if key)
        yield from ((USER, self.writers[note.by]) for note in self.notes if note.by in self.writers)


def load(session: Session, ids: Sequence[str], *, short: bool = False, whole: bool = False) -> list[Paper]:
    """These documents, in this order; some may be gone since.

    `whole`: the one paper somebody opens. In a list the words of a restricted paper are not told: who reads them is
    written down, and a list is not read.
    """
    text: sa.ColumnElement[str] = (
        sa.func.substr(Document.text, 1, SHORT) if short else sa.func.coalesce(Document.text, "")
    )
    if not whole:
        text = sa.case((Document.secrecy.is_(None), text), else_="")
    wanted = sa.select(Document, text).where(among(session, ids)).options(*_WITH)
    found = {document.id: (document, content) for document, content in session.execute(wanted)}
    notes = {key: tuple(_notes(document)) if whole or not document.secrecy else () for key, (document, _) in
             found.items()}  # fmt: skip
    writers = _writers(session, {note.by for some in notes.values() for note in some})
    return [Paper(*found[key], notes[key], writers) for key in ids if key in found]


def _notes(document: Document) -> Iterator[Note]:
    for route in document.routes:
        if route.state == "suggested":
            continue
        for name, by, at in (("instruction", route.decided_by, route.decided_at),
                             ("opinion", route.assigned_by, route.assigned_at),
                             ("proposal", route.proposed_by, route.proposed_at)):  # fmt: skip
            if text := getattr(route, name):
                yield Note(f"{route.id}:{name}", text, by or "", at or document.created_at)


def _writers(session: Session, names: set[str]) -> dict[str, str]:
    if not names:
        return {}
    return dict(session.execute(sa.select(User.name, User.id).where(User.name.in_(names))).all())


def _having(document: Document) -> list[str]:
    """The units that have it."""
    return sorted({route.unit_id for route in document.routes if route.unit_id and route.state in access.HAS})


def documents(papers: Sequence[Paper]) -> list[dict[str, Any]]:
    """The clients' objects; called when the session is closed."""
    numbers = Numbers(one for paper in papers for one in paper.named())
    full = request.args.get("full_perms") == "true"
    return [_document(paper, numbers) | _rights(paper.document, numbers, full=full) for paper in papers]


def _rights(document: Document, numbers: Numbers, *, full: bool) -> dict[str, Any]:
    if full:
        return {"permissions": permissions(document, numbers)}
    return {"user_can_change": may_change(document)}


def before(paper: Paper) -> dict[str, Any]:
    """The clients' object with all that a client may send back."""
    numbers = Numbers(paper.named())
    return _document(paper, numbers) | _rights(paper.document, numbers, full=True)


def _document(paper: Paper, numbers: Numbers) -> dict[str, Any]:
    document, entry = paper.document, mapping.line(paper.document)
    keys = mapping.tags(document, today(now()))
    return {
        "id": numbers.of(DOCUMENT, document.id), "title": mapping.title(document), "content": paper.content,
        "correspondent": numbers.of(CORRESPONDENT, document.issuing_organ or None),
        "document_type": numbers.of(TYPE, document.document_type or None),
        "storage_path": numbers.of(PATH, mapping.path(entry)) if entry else None,
        "tags": numbers.all(TAG, keys), **_days(document), "deleted_at": None,
        "archive_serial_number": entry.number if entry else None, "original_file_name": document.scan.filename,
        "archived_file_name": f"{mapping.title(document)[:100]}.pdf",
        "owner": numbers.of(USER, mapping.owner(document)),
        "is_shared_by_requester": False, "page_count": len(document.pages), "mime_type": document.scan.media_type,
        "notes": notes(paper, numbers, brief=version() < 8),
        "custom_fields": [
            {"field": numbers.of(FIELD, name), "value": value} for name, value in mapping.field_values(document)
        ],
    }  # fmt: skip


def _days(document: Document) -> dict[str, str]:
    """Before version 9 `created` was a moment."""
    day = mapping.created(document)
    midnight = dt.datetime.combine(day, dt.time(), HANOI).isoformat()
    return {
        "created": day.isoformat() if version() >= 9 else midnight, "created_date": day.isoformat(),
        "modified": moment(document.changed_at), "added": moment(document.scan.received_at),
    }  # fmt: skip


def moment(at: dt.datetime) -> str:
    """As these clients read it, in the time of Hanoi."""
    return at.astimezone(HANOI).isoformat(timespec="seconds")


def notes(paper: Paper, numbers: Numbers, *, brief: bool = False) -> list[dict[str, Any]]:
    """What was written about it, oldest first; `brief`: of who wrote it the number alone."""
    return [_note(paper, note, numbers, brief) for note in sorted(paper.notes, key=lambda note: note.at)]


def _note(paper: Paper, note: Note, numbers: Numbers, brief: bool) -> dict[str, Any]:
    key = paper.writers.get(note.by)
    who = numbers.of(USER, key) or 0
    user = who if brief else {"id": who, "username": note.by, "first_name": "", "last_name": ""}
    return {"id": numbers.of(NOTE, note.key), "note": note.text, "created": moment(note.at), "user": user}


def may_change(document: Document) -> bool:
    """Whether who asks may correct it."""
    return access.can(g.user, "correct", document) and (not g.by_token or bool(g.scopes & {"write", "admin"}))


def permissions(document: Document, numbers: Numbers) -> dict[str, Any]:
    """Who has it; the archive's own rules decide, and these are not written here."""
    nobody: dict[str, list[int]] = {"users": [], "groups": []}
    return {"view": nobody | {"groups": numbers.all(UNIT, _having(document))}, "change": dict(nobody)}


def there() -> sa.ColumnElement[bool]:
    """The documents that who asks may see and that nothing withholds, of a question joined with Scan."""
    return sa.and_(access.visible(g.user), Scan.status.not_in(WITHHELD))
