"""/api/v1/documents/…/sendings: a paper to another office of this installation, and how far it is there."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, jsonify

from archive.errors import NotFound
from archive.models import Document, Sending
from archive.post import sending
from server.api import shapes
from server.api.description import described
from server.api.papers import document_of
from server.auth import require
from server.state import state

api = Blueprint("api_sendings", __name__)


@api.post("/documents/<document_id>/sendings")
@require("send")
@described(400, 404, 409, 415, 422, answer=shapes.SendingRead, json=shapes.SendingTo, name="send_document")
def send(document_id: str) -> Any:
    """Send a paper of the book to another office of this installation; again: the same sending

    It goes later, and once. 409: it must not go out (secret, not in the book); 404: there is no such office.
    """
    wanted, here = shapes.body(shapes.SendingTo), state()
    with here.sessions.begin() as session:
        document = document_of(session, document_id)
        if here.office is None:
            raise NotFound(sending.NO_OFFICE)
        to = sending.to_whom(here.offices, here.office, wanted.office)
        made = sending.send(session, document, to, here.settings, actor=g.user.name, again=True)
        return jsonify(_json(made))


@api.get("/documents/<document_id>/sendings")
@require("read")
@described(404, answer=shapes.Sendings, name="list_sendings")
def sent(document_id: str) -> Any:
    """Where a paper was sent, the latest first, how far it is there, and the other offices of this installation"""
    here = state()
    with here.readers() as session:
        document: Document = document_of(session, document_id)
        found = [_json(one) for one in sending.of(session, document)]
    others = [{"slug": one.slug, "name": one.name} for one in here.offices if one != here.office]
    return jsonify(document_id=document_id, sendings=found, offices=others)


def _json(one: Sending) -> dict[str, Any]:
    return {
        "id": one.id, "document_id": one.document_id, "office": one.to_office, "name": one.to_name, "state": one.state,
        "code": one.code, "number": one.number, "reason": one.reason, "sent_by": one.sent_by,
        "sent_at": one.sent_at.isoformat(), "told_at": one.told_at.isoformat(),
    }  # fmt: skip
