"""/api/v1/metadata: the fields of NĐ 30/2020/NĐ-CP, Appendix VI, of a paper, or of a book a page at a time."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, g, make_response, request
from sqlalchemy.orm import Session

from archive import access, official, register
from archive.errors import BadValue, Conflict, NotFound
from archive.models import WITHHELD, Book, Document, RegisterEntry, Scan, now
from archive.official import INCOMING, Metadata
from archive.workdays import HANOI
from server.api import metadata_shapes as shapes
from server.api.description import described
from server.api.papers import document_of
from server.api.register import NO_BOOK
from server.api.shapes import asked
from server.auth import allow, require
from server.state import state

api = Blueprint("api_metadata", __name__)
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NOT_IN_BOOK = "Văn bản chưa vào sổ nên chưa có trường thông tin để giao. Hãy kiểm tra và vào sổ trước."


@api.get("/documents/<document_id>/metadata")
@require("read")
@described(404, 409, 422, answer=shapes.Metadata, query=shapes.Form, also={304: None}, name="get_metadata")
def of_document(document_id: str) -> Response:
    """A paper of the book with the fields of NĐ 30/2020, Appendix VI; its ETag is of the answer

    `format`: json, csv or xlsx. Nothing is cut: what is longer than the law allows stands in `objections`. Of a secret
    paper there is no subject. 409: it is not in the book.
    """
    form = asked(shapes.Form).format
    with state().readers() as session:
        document = document_of(session, document_id)
        entry = register.entry_of(session, document)
        if entry is None:
            raise Conflict(NOT_IN_BOOK)
        found = official.of_entry(session, state().settings, entry)
        return _answer(found, form, document.full_code or document.id)


@api.get("/metadata")
@require("read")
@described(404, 422, answer=shapes.MetadataPage, query=shapes.BookAsked, also={304: None}, name="list_metadata")
def of_book() -> Response:
    """The registered papers of a book's year with those fields, smallest number first, as far as one may see them

    As JSON in pages; `files`, the work files of the year's list, stand on the first for who may export. As csv (the
    papers) or xlsx (papers and work files) all at once, for who may export. `from` and `to`: days of arrival.
    """
    wanted = asked(shapes.BookAsked)
    year = wanted.year or now().astimezone(HANOI).year
    if wanted.format != "json":
        allow("export")
    with state().readers() as session:
        if session.get(Book, wanted.book[:40]) is None:
            raise NotFound(NO_BOOK)
        seen = sa.and_(_seen(), _arrived(wanted.from_, wanted.to))
        if wanted.format != "json":
            found = official.metadata(session, state().settings, wanted.book, year, seen)
            return _answer(found, wanted.format, f"{wanted.book}-{year}-plvi")
        return _page(session, wanted, year, seen)


def _page(session: Session, wanted: shapes.BookAsked, year: int, seen: sa.ColumnElement[bool]) -> Response:
    after, settings = _number(wanted.cursor), state().settings
    found, cursor = official.page(session, settings, wanted.book, year, seen, after, wanted.limit)
    if access.can(g.user, "export") and not after:
        found.files = official.file_records(session, settings, year)
    return _json(official.as_object(found) | {"cursor": None if cursor is None else str(cursor)})


def _number(cursor: str | None) -> int:
    if cursor and not re.fullmatch(r"[0-9]{1,9}", cursor):
        raise BadValue("Vị trí trang trong sổ không hợp lệ.")
    return int(cursor or 0)


def _seen() -> sa.ColumnElement[bool]:
    """The lines whose paper one may see; for who sees every paper also those without one, or with a withheld one."""
    if access.sees_all(g.user):
        return sa.true()
    readable = sa.select(Document.id).join(Scan, Scan.id == Document.scan_id)
    return RegisterEntry.document_id.in_(readable.where(access.visible(g.user), Scan.status.not_in(WITHHELD)))


def _arrived(first: dt.date | None, last: dt.date | None) -> sa.ColumnElement[bool]:
    day = RegisterEntry.arrived_on
    return sa.and_(day >= first if first else sa.true(), day <= last if last else sa.true())


def _answer(found: Metadata, form: str, name: str) -> Response:
    if form == "json":
        return _json(official.as_object(found))
    is_csv = form == "csv"
    content = official.as_csv(INCOMING, found.documents).encode() if is_csv else official.as_xlsx(found)
    sent = _guarded(content, "text/csv" if is_csv else EXCEL)
    sent.headers.set("Content-Disposition", "attachment", filename=re.sub(r"[^\w.-]+", "-", name) + f".{form}")
    return sent


def _json(told: dict[str, Any]) -> Response:
    content = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
    return _guarded(content, "application/json")


def _guarded(content: bytes, kind: str) -> Response:
    sent = make_response(content)
    sent.mimetype = kind
    sent.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    sent.headers["Cache-Control"] = "private, no-store"
    sent.set_etag(hashlib.sha256(content).hexdigest()[:32])
    sent.make_conditional(request)
    return sent
