"""/api/documents/post_document/: an app sends a file; it is safe before anything is answered."""

from __future__ import annotations

import json
import uuid
from typing import Any, BinaryIO, cast

from flask import Blueprint, Response, g, jsonify, request
from sqlalchemy.orm import Session

from archive import client_ids, client_uploads, front_door
from archive.errors import BadValue, NotTaken, Refused, ScanTooLarge
from archive.findings import Value
from archive.intake import kept_name
from server.auth import require
from server.errors import status_of
from server.paperless import changing, mapping
from server.paperless.labels import seen_key
from server.paperless.numbers import CORRESPONDENT, FIELD, TAG, TYPE, whole
from server.state import state

api = Blueprint("paperless_uploads", __name__)
NO_FILE = "Thiếu tệp: hãy gửi multipart/form-data với phần tên là document."


@api.post("/documents/post_document/")
@require("ingest")
def send() -> Any:
    """The id of the task by which the app asks what became of it."""
    file = request.files.get("document")
    if file is None:
        return jsonify(document=[NO_FILE]), 400
    here, name = state(), kept_name(file.filename or "")
    with here.readers() as session:
        given = _given(session)
    try:
        taken = front_door.receive(
            here.sessions, here.blobs, here.settings, cast(BinaryIO, file.stream), name, actor=g.user.name,
            source=client_uploads.APP, urgent="urgency" in given,
        )  # fmt: skip
    except Refused as error:
        return _refused(error)
    with here.sessions.begin() as session:
        is_new = any(one.new for one in taken.received)
        first, *beside = (one.scan_id for one in taken.received)
        said = {} if beside else given  # of a ZIP of several papers it may be about any of them
        task = client_uploads.note(session, first, g.user, name, said, new=is_new, beside=beside).id
    # Without the line's end that jsonify adds: clients take the quotes off and keep the rest.
    return Response(f'"{uuid.UUID(task)}"', mimetype="application/json")


def _refused(error: Refused) -> tuple[Response, int]:
    """Said of the file, as these clients read it; what is not the file's fault keeps its own status."""
    status = status_of(error)
    if isinstance(error, NotTaken) or status >= 500:
        raise error
    return jsonify(document=[str(error)]), 413 if isinstance(error, ScanTooLarge) else 400


def _given(session: Session) -> dict[str, Value]:
    """What the sender says it is: suggestions. What cannot be is left out, for the paper itself must not wait."""
    form = request.form
    said: dict[str, Any] = {
        "subject": form.get("title"), "date": _day(form.get("created")),
        "issuing_organ": _label(session, CORRESPONDENT, form.get("correspondent")),
        "document_type": _label(session, TYPE, form.get("document_type")),
    }  # fmt: skip
    said |= _of_fields(session) | _of_tags(session)
    return client_uploads.fitting(said)


def _day(value: Any) -> str | None:
    try:
        return changing.day_of(value)
    except BadValue:
        return None


def _label(session: Session, kind: str, value: str | None) -> str | None:
    try:
        number = whole("", value)
        return seen_key(session, kind, number) if number is not None else None
    except BadValue:
        return None


def _of_tags(session: Session) -> dict[str, str]:
    numbers = [int(one) for one in request.form.getlist("tags") if one.isascii() and one.isdigit() and len(one) < 10]
    keys = client_ids.keys(session, TAG, numbers).values()
    words = [key.partition(":")[2] for key in keys if key.startswith(f"{mapping.URGENCY}:")]
    return {"urgency": words[0]} if words else {}


def _of_fields(session: Session) -> dict[str, Any]:
    try:
        pairs = changing.field_pairs(json.loads(request.form.get("custom_fields") or "[]"))
    except (BadValue, ValueError, RecursionError):
        return {}
    keys = client_ids.keys(session, FIELD, [number for number, _ in pairs])
    named = {keys[number]: value for number, value in pairs if number in keys}
    return {name: value for name, value in named.items() if name in mapping.OURS and mapping.OURS[name].writable}
