"""The pictures of pages: made by us while reading, so that no byte of a foreign file reaches the browser."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, make_response, request, send_file

from archive import kinds
from archive.errors import NotFound
from archive.models import WITHHELD
from server.api.documents import page as draw
from server.api.papers import HELD, document_of, scan_of
from server.auth import require
from server.state import state

pages = Blueprint("images", __name__)
DAY = 86400
GONE = "Chưa có ảnh của trang này; bản gốc vẫn an toàn. Hãy thử lại sau khi máy đọc xong."


@pages.get("/documents/<document_id>/pages/<int:number>.webp")
@require("read")
def view(document_id: str, number: int) -> Any:
    """A page as it is looked at; drawn again when the picture was thrown away."""
    with state().readers() as session:
        scan = document_of(session, document_id).scan
        kept = state().derived.get(scan.id, f"{number}.webp") is not None or state().blobs.has(scan.sha256)
    if not kept:
        raise NotFound(GONE)
    return draw(document_id, number)


@pages.get("/documents/<document_id>/pages/<int:number>.thumb.webp")
@require("read")
def thumb(document_id: str, number: int) -> Any:
    """A page as it stands in lists; the large picture where there is no small one."""
    with state().readers() as session:
        document = document_of(session, document_id)
        own = number in document.pages
        content = state().derived.get(document.scan_id, f"{number}.thumb.webp") if own else None
    if content is None:
        return view(document_id, number)
    answer = make_response(content)
    answer.mimetype = "image/webp"
    answer.set_etag(hashlib.sha256(content).hexdigest()[:32])
    answer.headers["Cache-Control"] = f"private, max-age={DAY}"
    return answer.make_conditional(request)


@pages.get("/scans/<scan_id>/original")
@require("read")
def original(scan_id: str) -> Any:
    """The file as it came, byte for byte; only ever saved, never shown inside our own pages."""
    with state().readers() as session:
        scan = scan_of(session, scan_id)
        if scan.status in WITHHELD:
            raise NotFound(HELD)
        sha256, filename, media_type = scan.sha256, scan.filename, scan.media_type
    answer = send_file(
        state().blobs.path(sha256),
        mimetype=media_type,
        as_attachment=True,
        download_name=kinds.saved_as(filename, media_type),
        etag=sha256,
        max_age=0,
    )
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
