"""A paper that goes to another office of this installation, or came from one: beside the paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, redirect, request
from sqlalchemy.orm import Session

from archive import access
from archive.edxml.statuses import NAMES
from archive.errors import BadValue, Conflict, NotFound
from archive.models import Delivery, Document, Sending
from archive.offices import Office
from archive.post import sending
from server import errors
from server.api.papers import document_of
from server.auth import require
from server.pages import documents, shown
from server.speech import gettext as _
from server.state import state

pages = Blueprint("post", __name__)


@dataclass(frozen=True)
class Sent:
    """One office a paper was sent to, and how far it is there; `look` as statuses have it."""

    to: str
    by: str
    at: str
    look: str
    says: str
    reason: str


@dataclass(frozen=True)
class Came:
    """The office a paper came from."""

    office: str
    number: str
    by: str
    at: str


@pages.post("/documents/<document_id>/send")
@require("send")
def send(document_id: str) -> Any:
    """Send it; a refusal is said beside the paper."""
    here = state()
    try:
        with here.sessions.begin() as session:
            document = document_of(session, document_id)
            if here.office is None:
                raise NotFound(sending.NO_OFFICE)
            to = sending.to_whom(here.offices, here.office, request.form.get("office", ""))
            sending.send(session, document, to, here.settings, actor=g.user.name)
    except (BadValue, Conflict) as error:
        return documents.show(document_id, str(error), errors.status_of(error))
    return redirect(f"/documents/{document_id}#lien-thong", 303)


def context(session: Session, document: Document) -> dict[str, Any]:
    """What the document page shows of the post."""
    here = state()
    sent = sending.of(session, document)
    open_to = {one.to_office for one in sent if one.state != "refused"}
    may = access.can(g.user, "send", document) and document.status not in ("review", "void") and not document.secrecy
    others = [one for one in here.offices if one != here.office and one.slug not in open_to]
    return {
        "sendings": [_sent(one) for one in sent], "deliveries": [_came(one) for one in _of_main(session, document)],
        "other_offices": _choice(others) if may and document.scan.source != "hand" else [],
    }  # fmt: skip


def _of_main(session: Session, document: Document) -> Sequence[Delivery]:
    return sending.came(session, document.scan_id) if document.ordinal == 1 else ()


def _choice(offices: Sequence[Office]) -> list[tuple[str, str]]:
    return [(one.slug, one.name) for one in offices]


def _sent(one: Sending) -> Sent:
    look, says = "ok", _(NAMES.get(one.code, "Đã đến"))
    if one.state == "waiting":
        look, says = "run", _("Đang chuyển đi")
    elif one.state == "refused" or one.code == "02":
        look, says = "bad", _("Từ chối tiếp nhận")
    if one.number:
        says = _("{} · số đến {} của cơ quan nhận").format(says, one.number)
    return Sent(one.to_name, one.sent_by, shown.moment(one.sent_at.isoformat()), look, says, one.reason)


def _came(one: Delivery) -> Came:
    return Came(one.from_name, one.number, one.sent_by, shown.moment(one.sent_at.isoformat()))
