"""/api/v1/register: the register books."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, g, jsonify
from sqlalchemy.orm import Session

from archive import access, register
from archive.errors import NotFound
from archive.models import Book, RegisterEntry, now
from archive.workdays import HANOI
from server.api import shapes
from server.api.description import described
from server.api.documents import entry_json
from server.auth import require
from server.state import state

api = Blueprint("api_register", __name__)
NO_BOOK = "Không có sổ này."
NO_LINE = "Sổ không có số này."


@api.get("/register")
@require("read")
@described(404, 422, answer=shapes.BookPage, query=shapes.BookAsked, name="get_register")
def book() -> Any:
    """The lines of a book, smallest number first

    A line whose document one may not see keeps its number and says nothing else.
    """
    asked = shapes.asked(shapes.BookAsked)
    year = asked.year or now().astimezone(HANOI).year
    with state().readers() as session:
        if len(asked.book) > 40 or session.get(Book, asked.book) is None:
            raise NotFound(NO_BOOK)
        page = register.page(session, asked.book, year, asked.cursor, asked.limit)
        return jsonify(
            book=asked.book, year=year, total=page.total, next_number=register.expected(session, asked.book, year),
            cursor=page.cursor, entries=[_line(session, entry) for entry in page.entries],
        )  # fmt: skip


_SAYS = ("issuer", "code", "document_date", "type_and_subject", "recipient", "receipt", "note", "void_reason")


def _line(_session: Session, entry: RegisterEntry) -> dict[str, Any]:
    line = entry_json(entry) | {"status": entry.status, "forwarded_on": _iso(entry.forwarded_on)}
    line |= {name: getattr(entry, name) for name in _SAYS}
    if _may_see(entry):
        return line
    hidden: dict[str, Any] = dict.fromkeys((*_SAYS, "receipt"), "")
    return line | hidden | {"document_id": None, "document_date": None, "forwarded_on": None, "void_reason": None}


def _may_see(entry: RegisterEntry) -> bool:
    if entry.document is None:
        return access.can(g.user, "export")
    return access.can(g.user, "read", entry.document)


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None


@api.post("/register/<book_id>/<int:year>/<int:number>/void")
@require("void")
@described(400, 404, 409, 415, 422, answer=shapes.EntryOf, json=shapes.Voiding, name="void_number")
def void(book_id: str, year: int, number: int) -> Any:
    """Huỷ số: void a number with a reason; it is never given again"""
    wanted = shapes.body(shapes.Voiding)
    if "\0" in book_id or len(book_id) > 40 or year > 9999 or number > 10**9:
        raise NotFound(NO_LINE)
    with state().sessions.begin() as session:
        entry = session.get(RegisterEntry, (book_id, year, number))
        if entry is None:
            raise NotFound(NO_LINE)
        return jsonify(entry_json(register.void(session, entry, wanted.reason, g.user.name)))
