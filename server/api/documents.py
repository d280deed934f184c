"""/api/v1/documents: one logical document: look, correct, register, route, cut."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, g, jsonify, make_response, request
from sqlalchemy.orm import Session

from archive import access, answer, converted, copies, recut, register, review, routing, trace
from archive.children import Child
from archive.converted import Original
from archive.errors import Conflict, NotFound, Stale, Unseen
from archive.models import Document, PageRow, RegisterEntry
from archive.pipeline import Archive, quarantine
from archive.pipeline.line import limits
from archive.reading import Page
from server import errors
from server.api import shapes
from server.api.description import described
from server.api.papers import document_of, seen_by_reader
from server.auth import allow, require
from server.state import state

api = Blueprint("api_documents", __name__)
turns = threading.Semaphore(2)
"""Children that draw for the web at one time; the machine belongs to the workers."""
_converting = threading.Lock()
"""LibreOffice for the web, of which one at a time is enough: it may take minutes, and pages of others are drawn."""
NO_PAGE = "Văn bản này không có trang đó."


@api.errorhandler(Stale)
def _stale(error: Stale) -> Response:
    return errors.problem(412, "Đã có người sửa", str(error))


@api.errorhandler(Unseen)
def _unseen(error: Unseen) -> Response:
    return errors.problem(428, "Cần phiên bản đã đọc", str(error))


def _shown(session: Session, document: Document) -> Response:
    """The document with its ETag, and others that may be the same paper (NĐ 30/2020, Appendix VI: warn of them)."""
    twins = [other.id for other in register.duplicates(session, document) if access.can(g.user, "read", other)]
    said, *_ = seen_by_reader(session, [answer.of_document(session, document)])
    shown = make_response(jsonify(said | {"scan_id": document.scan_id, "duplicates": twins}))
    shown.set_etag(str(document.version))
    return shown


@api.get("/documents/<document_id>")
@require("read")
@described(404, answer=shapes.DocumentRead, also={304: None}, name="get_document")
def get(document_id: str) -> Any:
    """One document; its ETag is the version a change must name"""
    with state().readers() as session:
        return _shown(session, document_of(session, document_id)).make_conditional(request)


@api.patch("/documents/<document_id>")
@require("correct")
@described(
    400, 404, 409, 412, 415, 422, 428, answer=shapes.DocumentRead, json=shapes.Correction, name="correct_document"
)
def correct(document_id: str) -> Any:
    """Correct and confirm fields

    With If-Match the change is made only to that version; 412 says somebody was faster and nothing was changed.
    Without it what the machine or oneself wrote is changed; 428 says another person wrote there something else. A
    secrecy quarantines the file, which 409 says, unless the settings allow secrets.
    """
    wanted = shapes.body(shapes.Correction)
    version = _version_asked()
    with state().sessions.begin() as session:
        document = document_of(session, document_id)
        quarantine.take_turn(session, document)
        values = {name: tuple(v) if isinstance(v, list) else v for name, v in wanted.fields.items()}
        document = review.correct(session, document, values, actor=g.user.name, if_version=version,
                                  blindly=request.headers.get("If-Match", "").strip() == "*")  # fmt: skip
        if wanted.confirm:
            document = review.confirm(session, document, g.user.name)
        hidden = quarantine.impose_if_secret(session, Archive.of(state().settings, state().sessions), document)
        if not hidden:
            return _shown(session, document)
    raise Conflict(quarantine.REASON)


def _version_asked() -> int | None:
    """The version If-Match names; None when any will do. One we never gave matches nothing."""
    given = request.headers.get("If-Match", "").strip()
    if given in ("", "*"):
        return None
    number = re.fullmatch(r'"?(\d{1,9})"?', given, re.ASCII)
    return int(number[1]) if number else -1


@api.post("/documents/<document_id>/register")
@require("register")
@described(400, 404, 409, 415, 422, answer=shapes.EntryOf, json=shapes.Registering, name="register_document")
def enter(document_id: str) -> Any:
    """Write the document into a book; again: the same entry"""
    wanted = shapes.body(shapes.Registering)
    with state().sessions.begin() as session:
        document = document_of(session, document_id)
        if wanted.reason:
            allow("backdate")
        entry = register.register(
            session, document, wanted.book, wanted.arrived_on, wanted.number, actor=g.user.name, reason=wanted.reason,
            begin=wanted.begin,
        )  # fmt: skip
        return jsonify(entry_json(entry))


def entry_json(entry: RegisterEntry) -> dict[str, Any]:
    """Where a document stands in a book."""
    day = entry.arrived_on.isoformat() if entry.arrived_on else None
    return {"book": entry.book_id, "year": entry.year, "number": entry.number, "arrived_on": day,
            "document_id": entry.document_id}  # fmt: skip


@api.post("/documents/<document_id>/routes")
@require("route")
@described(400, 404, 409, 415, 422, answer=shapes.RouteRead, json=shapes.Deciding, name="route_document")
def route(document_id: str) -> Any:
    """Decide which unit has a registered document, and by when"""
    wanted = shapes.body(shapes.Deciding)
    with state().sessions.begin() as session:
        document = document_of(session, document_id)
        row = routing.decide(
            session, document, wanted.unit, wanted.role, wanted.due, wanted.instruction, actor=g.user.name
        )
        return jsonify(answer.route_row_json(row))


@api.post("/documents/<document_id>/split")
@require("cut")
@described(400, 404, 409, 415, 422, answer=shapes.DocumentRead, json=shapes.Splitting, name="split_document")
def split(document_id: str) -> Any:
    """Make some pages a document of their own, which is answered; both are understood anew"""
    wanted = shapes.body(shapes.Splitting)
    with state().sessions.begin() as session:
        document = document_of(session, document_id)
        return _shown(session, recut.split(session, document, wanted.pages, actor=g.user.name))


@api.post("/documents/<document_id>/merge")
@require("cut")
@described(400, 404, 409, 415, 422, answer=shapes.DocumentRead, json=shapes.Merging, name="merge_documents")
def merge(document_id: str) -> Any:
    """Join another document of the same scan to this one"""
    wanted = shapes.body(shapes.Merging)
    with state().sessions.begin() as session:
        document, other = document_of(session, document_id), document_of(session, wanted.document)
        return _shown(session, recut.merge(session, document, other, actor=g.user.name))


@api.get("/documents/<document_id>/history")
@require("history")
@described(404, answer=shapes.History, name="get_history")
def history(document_id: str) -> Any:
    """What happened to the document and to its scan, oldest first"""
    with state().readers() as session:
        document = document_of(session, document_id)
        return jsonify(events=[_event(event) for event in trace.happened(session, document)])


def _event(event: trace.Told) -> dict[str, Any]:
    names = ("seq", "at", "actor", "action", "subject")
    return {name: getattr(event, name) for name in names} | {"data": json.loads(event.data)}


@api.get("/documents/<document_id>/pages/<int:number>.webp")
@require("read")
@described(404, also={304: None}, name="page_view")
def page(document_id: str, number: int) -> Any:
    """The picture of a page, upright"""
    here = state()
    with here.readers() as session:
        document = document_of(session, document_id)
        if number not in document.pages:
            raise NotFound(NO_PAGE)
        scan = document.scan
        original = Original.of(scan)
        turned = sa.select(PageRow.rotation).where(PageRow.scan_id == scan.id, PageRow.number == number)
        rotation = session.scalar(turned) or 0
    picture = here.derived.get(scan.id, f"{number}.webp")
    if picture is None:
        # It was thrown away: the page is drawn again, in a child, like every decoding of foreign bytes.
        picture = _drawn(pages_of(original), number, rotation)
        here.derived.put(scan.id, f"{number}.webp", picture)
    sent = make_response(picture)
    sent.mimetype = "image/webp"
    sent.headers["Cache-Control"] = "private, max-age=86400"
    sent.set_etag(hashlib.sha256(picture).hexdigest()[:32])
    return sent.make_conditional(request)


def _drawn(path: str, number: int, rotation: int) -> bytes:
    with turns, Child(name="view", walled=True) as child:
        view: bytes = _ask(child, "archive.scans:view_again", path, number, rotation)
    return view


def pages_of(original: Original) -> str:
    """The file whose pages are drawn: of a Word or Excel file its PDF, which is made again where it is missing."""
    here = state()
    if converted.is_missing(here.derived, original):
        with _converting:  # a browser asks for several pages at once; the second finds what the first has made
            return converted.made(here.blobs, here.derived, original, limits(here.settings))
    return converted.path(here.blobs, here.derived, original)


def _ask(child: Child, function: str, path: str, number: int, rotation: int) -> Any:
    return child.run(function, path, number, rotation, limits(state().settings), wall=60.0, cpu=60.0)


@api.get("/documents/<document_id>/pdf")
@require("read")
@described(404, also={304: None}, name="pdf")
def pdf(document_id: str) -> Any:
    """The document's pages as a searchable PDF/A-2b: the pictures of the scan over the words that were read"""
    here = state()
    with here.readers() as session:
        document = document_of(session, document_id)
        copy, code = copies.copy_of(session, document), document.full_code or document.id
    made = copies.kept(here.derived, copy)
    if made is None:
        with turns, Child(name="pdf", walled=True) as child:
            made = copies.make(child, here.blobs, here.derived, copy, limits(here.settings))
    sent = make_response(made)
    sent.mimetype = "application/pdf"
    sent.headers.set("Content-Disposition", "attachment", filename=re.sub(r"[^\w.-]+", "-", code) + ".pdf")
    sent.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    sent.headers["Cache-Control"] = "private, no-store"
    sent.set_etag(hashlib.sha256(made).hexdigest()[:32])
    return sent.make_conditional(request)


def bound(path: str, read: Sequence[Page], title: str) -> bytes:
    """A PDF of these pages."""
    with turns, Child(name="pdf", walled=True) as child:
        return copies.bound(child, path, read, title, limits(state().settings))
