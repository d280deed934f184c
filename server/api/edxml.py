"""/api/v1/documents/…/edxml: a paper as a message for another office, and how far it is for the one that sent it."""

from __future__ import annotations

import re
import tempfile
from typing import Any

from flask import Blueprint, Response, jsonify, request, send_file

from archive.edxml import export, statuses
from archive.errors import NotFound
from archive.models import now
from archive.pipeline.line import limits
from server.api import shapes
from server.api.description import described
from server.api.documents import turns
from server.api.papers import document_of
from server.auth import require
from server.state import state

api = Blueprint("api_edxml", __name__)
XML = "application/xml"
SMALL = 8 << 20
"""Bytes of a message that are held in memory; larger ones lie on disk while they are sent."""
NOT_BY_MESSAGE = "Văn bản này không đến bằng thông điệp edXML nên không có bên gửi để báo trạng thái."
NO_STATUS = "Văn bản chưa đến trạng thái này."


@api.get("/documents/<document_id>/edxml")
@require("read")
@described(404, 409, 422, name="edxml")
def message(document_id: str) -> Response:
    """A paper of the book with its metadata and its file as an edXML message (QCVN 102:2016/BTTTT)

    Its bytes are those of the scan; where the scan holds other papers, too, a copy of its pages. Secret papers: 409.
    """
    here = state()
    with here.readers() as session:
        document = document_of(session, document_id)
        one = export.parcel(session, document, here.settings)
        name = re.sub(r"[^\w.-]+", "-", document.full_code or document.id) + ".edxml"
    target: Any = tempfile.SpooledTemporaryFile(SMALL)  # noqa: SIM115 - it is closed once it is sent
    with turns:
        export.write(target, one, here.blobs, here.derived, limits(here.settings), now())
    target.seek(0)
    return _guarded(send_file(target, XML, as_attachment=True, download_name=name))


def _guarded(sent: Response) -> Response:
    """A paper's words: a download without any right to run, in no cache."""
    sent.headers.setdefault("Content-Disposition", "attachment")
    sent.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    sent.headers["Cache-Control"] = "private, no-store"
    return sent


@api.get("/documents/<document_id>/edxml/status")
@require("read")
@described(404, answer=shapes.EdxmlStatuses, query=shapes.EdxmlStatusAsked, name="edxml_status")
def status(document_id: str) -> Any:
    """How far a paper is that came by edXML; with `code` the message of that status, as XML"""
    here, wanted = state(), request.args.get("code", "")
    with here.readers() as session:
        document = document_of(session, document_id)
        came, found = statuses.came_by(session, document), statuses.of(session, document)
        if not came:
            raise NotFound(NOT_BY_MESSAGE)
        if wanted:
            one = next((one for one in found if one.code == wanted), None)
            if one is None:
                raise NotFound(NO_STATUS)
            return _guarded(Response(statuses.message(came[-1], one, here.settings), mimetype=XML))
        said = [{"code": one.code, "name": one.words, "at": one.at.isoformat()} for one in found]
        ids = [each.told.id for each in came]
        return jsonify(document_id=document.id, responds_to=ids, statuses=said)
