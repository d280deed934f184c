"""/api/v1/scans: files come in, what was read goes out."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import Blueprint, Response, g, jsonify, request, send_file, url_for

from archive import answer, front_door, kinds
from archive.errors import BadValue, NotFound
from archive.intake import Received
from archive.jobs import desk
from archive.models import WITHHELD
from server.api import shapes
from server.api.description import described
from server.api.papers import HELD, scan_of, seen_by_reader
from server.auth import require
from server.state import state

api = Blueprint("api_scans", __name__)


@api.post("/scans")
@require("ingest")
@described(413, 415, 422, 507, ok=202, answer=shapes.Received, also={200: shapes.Received}, name="send_scan")
def send() -> Any:
    """Archive a file

    202 once it is durable: it survives a power cut. The same bytes again: 200 and the first id. An edXML message, and a
    ZIP of papers, is kept whole; the files in it become scans. A ZIP of pictures alone is one scan.
    """
    file = request.files.get("file")
    if file is None:
        raise BadValue("Thiếu tệp: hãy gửi multipart/form-data với phần tên là file.")
    here = state()
    stream = cast(BinaryIO, file.stream)
    taken = front_door.receive(
        here.sessions, here.blobs, here.settings, stream, file.filename or "", actor=g.user.name, source="api",
        urgent=request.form.get("urgent", "") in ("1", "true"),
    )  # fmt: skip
    said = _taken(taken.first)
    if taken.message:
        left_out = [{"name": name, "reason": reason} for name, reason in taken.left_out]
        said |= {"message": taken.message, "scans": [_taken(one) for one in taken.received], "left_out": left_out}
    return jsonify(said), 202 if any(one.new for one in taken.received) else 200


def _taken(one: Received) -> dict[str, Any]:
    href = url_for("api_scans.get", scan_id=one.scan_id)
    return {"id": one.scan_id, "sha256": one.sha256, "status": one.status, "href": href}


@api.get("/scans/<scan_id>")
@require("read")
@described(404, answer=shapes.ScanAnswer, name="get_scan")
def get(scan_id: str) -> Any:
    """What was read of a scan

    A quarantined scan has no documents here.
    """
    with state().readers() as session:
        scan = scan_of(session, scan_id)
        if scan.status in WITHHELD:
            return jsonify(scan=answer.scan_json(scan), documents=[])
        said = answer.of_scan(session, scan)
        return jsonify(said | {"documents": seen_by_reader(session, said["documents"])})


@api.get("/scans/<scan_id>/original")
@require("read")
@described(404, name="original")
def original(scan_id: str) -> Response:
    """The bytes as they came, unchanged"""
    with state().readers() as session:
        scan = scan_of(session, scan_id)
        if scan.status in WITHHELD:
            raise NotFound(HELD)
        media_type, filename, sha256 = scan.media_type, scan.filename, scan.sha256
    path = state().blobs.path(sha256)  # no connection is held while it comes from another machine
    name = kinds.saved_as(filename, media_type)
    sent = send_file(path, media_type, as_attachment=True, download_name=name, etag=sha256, conditional=False)
    # ASVS 5.0 V5: foreign bytes are saved, never shown by a browser inside our site.
    sent.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    sent.headers["X-Content-Type-Options"] = "nosniff"
    sent.headers["Cache-Control"] = "private, no-store"
    return sent


@api.post("/scans/<scan_id>/retry")
@require("retry")
@described(404, 409, answer=shapes.Retried, name="retry_scan")
def retry(scan_id: str) -> Any:
    """Try again what failed; `tasks` says how much that is"""
    with state().sessions.begin() as session:
        scan = scan_of(session, scan_id)
        return jsonify(id=scan.id, tasks=desk.retry(session, scan.id, g.user.name))
