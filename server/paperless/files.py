"""/api/documents/…/: the pictures and files of a document, and what else is known of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, jsonify, request
from flask.wrappers import Response
from sqlalchemy.orm import Session

from archive import access, trace
from archive.errors import NotFound
from archive.models import Document, Scan, User
from archive.review import URGENCIES
from server.api.documents import NO_PAGE
from server.api.documents import pdf as searchable
from server.auth import require
from server.pages import images
from server.paperless import labels, mapping, told
from server.paperless.numbers import CORRESPONDENT, TAG, TYPE, USER, Numbers, key_of, paper_of
from server.state import state

api = Blueprint("paperless_files", __name__)


@api.get("/documents/<int:paper>/download/")
@require("read")
def download(paper: int) -> Any:
    """The searchable PDF; with `original=true` the file as it came, if all of it may be seen."""
    return _original(paper) if request.args.get("original") == "true" else searchable(key_of(paper))


def _original(paper: int) -> Any:
    with state().readers() as session:
        scan_id = paper_of(session, paper).scan_id
    return images.original(scan_id)


@api.get("/documents/<int:paper>/preview/")
@require("read")
def preview(paper: int) -> Any:
    """The searchable PDF, made by us of the pictures, to be looked at."""
    answer: Response = searchable(key_of(paper))
    said = answer.headers.get("Content-Disposition", "")
    if said.startswith("attachment"):
        answer.headers["Content-Disposition"] = said.replace("attachment", "inline", 1)
    return answer


@api.get("/documents/<int:paper>/thumb/")
@require("read")
def thumb(paper: int) -> Any:
    """The first page, small."""
    with state().readers() as session:
        document = paper_of(session, paper)
    if not document.pages:
        raise NotFound(NO_PAGE)
    return images.thumb(document.id, document.pages[0])


@api.get("/documents/<int:paper>/metadata/")
@require("read")
def metadata(paper: int) -> Any:
    """The file it came in; of one with papers that may not be seen only its kind is told."""
    with state().readers() as session:
        document = paper_of(session, paper)
        scan = session.scalar(sa.select(Scan).where(Scan.id == document.scan_id, access.visible_scans(g.user)))
        kind, name = document.scan.media_type, document.scan.filename
    return jsonify(
        original_checksum=scan.sha256 if scan else "", original_size=scan.size if scan else 0,
        original_mime_type=kind, media_filename=name, original_filename=name, original_metadata=[],
        has_archive_version=True, archive_checksum=None, archive_media_filename=None, archive_size=None,
        archive_metadata=[], lang="vi",
    )  # fmt: skip


@api.get("/documents/<int:paper>/suggestions/")
@require("read")
def suggestions(paper: int) -> Any:
    """What it might say besides: what its sender wrote, and readings that did not win."""
    with state().readers() as session:
        document = paper_of(session, paper)
        organs = _known(session, "correspondents", _maybe(document, "issuing_organ"))
        types = _known(session, "document_types", _maybe(document, "document_type"))
    urgent = [f"{mapping.URGENCY}:{word}" for word in _maybe(document, "urgency") if word in URGENCIES]
    numbers = Numbers([*((CORRESPONDENT, one) for one in organs), *((TYPE, one) for one in types),
                       *((TAG, key) for key in urgent)])  # fmt: skip
    return jsonify(
        correspondents=numbers.all(CORRESPONDENT, organs), document_types=numbers.all(TYPE, types),
        tags=numbers.all(TAG, urgent), storage_paths=[], dates=_maybe(document, "date"),
        titles=_maybe(document, "subject"),
    )  # fmt: skip


def _maybe(document: Document, name: str) -> list[str]:
    """Other values of a field than the one that stands, the sender's first."""
    one = document.fields.get(name, {})
    said = [each["value"] for each in document.suggestions if each["field"] == name]
    rivals = [each.get("value") for each in one.get("others", [])]
    return list(dict.fromkeys(v for v in (*said, *rivals) if isinstance(v, str) and v and v != one.get("value")))


def _known(session: Session, word: str, names: Iterable[str]) -> list[str]:
    """Those that are labels already: apps can show no others."""
    wanted = set(names)
    return [label.key for label in labels.KINDS[word][1](session) if label.key in wanted] if wanted else []


@api.get("/documents/<int:paper>/notes/")
@require("read")
def notes(paper: int) -> Any:
    """What was written about it by who sent it on or handles it."""
    with state().readers() as session:
        document = paper_of(session, paper)
        [found] = told.load(session, [document.id], whole=True)
    return jsonify(told.notes(found, Numbers(found.named())))


@api.get("/documents/<int:paper>/history/")
@require("history")
def history(paper: int) -> Any:
    """What happened to it and to its file, newest first."""
    with state().readers() as session:
        document = paper_of(session, paper)
        events = [*reversed(trace.happened(session, document))]
        names = {event.actor for event in events}
        users = dict(session.execute(sa.select(User.name, User.id).where(User.name.in_(names))).all())
    numbers = Numbers((USER, key) for key in users.values())
    return jsonify([_event(event, users, numbers) for event in events])


def _event(event: trace.Told, users: dict[str, str], numbers: Numbers) -> dict[str, Any]:
    key = users.get(event.actor)
    actor = {"id": numbers.of(USER, key), "username": event.actor} if key else None
    kind = "create" if event.action in ("received", "cut") else "update"
    changes = {event.action: json.loads(event.data), **dict(_before_and_after(event))}
    return {"id": event.seq, "timestamp": event.at, "action": kind, "changes": changes, "actor": actor}


def _before_and_after(event: trace.Told) -> Iterator[tuple[str, Any]]:
    """A correction as these clients show it."""
    fields = json.loads(event.data).get("fields") if event.action == "corrected" else None
    yield from fields.items() if isinstance(fields, dict) else ()


@api.get("/documents/<int:paper>/share_links/")
@require("read")
def share_links(paper: int) -> Any:
    """None: nobody reads a paper without being known."""
    with state().readers() as session:
        paper_of(session, paper)
    return jsonify([])
