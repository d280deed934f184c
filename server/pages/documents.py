"""/documents/…: one paper with its pages, fields, citations both ways, routes and history."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, render_template
from sqlalchemy.orm import Session

from archive import access, neighbourhood, register, review, trace
from archive.models import Document, Event, Scan
from server.api.papers import document_of
from server.auth import require
from server.pages import agencies, evidence, files, lights, neighbours, origins, panels, post, queue, shown, vouched
from server.speech import gettext as _
from server.state import state

pages = Blueprint("documents", __name__)


@dataclass(frozen=True)
class Happened:
    """One line of the history."""

    at: str
    actor: str
    what: str
    details: str


@pages.get("/documents/<document_id>")
@require("read")
def look(document_id: str) -> Any:
    """The document page."""
    return show(document_id)


def show(document_id: str, sentence: str = "", status: int = 200) -> Any:
    """The page; with a sentence about a step of handling that was refused."""
    with state().readers() as session:
        document = document_of(session, document_id)
        around = neighbourhood.of(session, document, access.visible(g.user))
        near = neighbourhood.drawn(session, document, around, access.visible(g.user))
        whole = session.scalar(sa.select(Scan.id).where(Scan.id == document.scan_id, access.visible_scans(g.user)))
        return render_template(
            "pages/document.html",
            document=document,
            title=queue.title_of(document),
            pages=lights.on(session, document, evidence.pages_of(document)),
            facts=[*facts_of(document), *agencies.fact_of(session, document)],
            corrected=corrected(session, document),
            lists=[(shown.field_name(name), values) for name, values in document.lists.items() if values],
            entry=register.entry_of(session, document),
            around=around,
            picture=neighbours.picture(document, near, len(around.cites)),
            neighbours=neighbours,
            **panels.context(session, document, sentence),
            **vouched.context(session, document, g.user),
            exportable=document.status not in ("review", "void") and not document.secrecy and whole is not None,
            filing=files.filing(session, document),
            **post.context(session, document),
            history=history_of(session, document) if access.can(g.user, "history") else [],
            whole_file=whole is not None,
            origins=origins.of(session, document.scan) if whole else [],
            status=shown.STATUSES[document.status],
        ), status  # fmt: skip


def facts_of(document: Document) -> list[tuple[str, str, bool]]:
    """(label, value, sure) of every field that says something, in the contract's order."""
    known = [*shown.FIELDS, *sorted(set(document.fields) - set(shown.FIELDS))]
    said = [(name, document.fields.get(name) or {}) for name in known]
    return [
        (shown.field_name(name), shown.value_of(name, one["value"]), bool(one.get("sure")))
        for name, one in said
        if one.get("value")
    ]


def corrected(session: Session, document: Document) -> dict[str, tuple[str, str]]:
    """Label of a field that a person corrected → what the machine had read, and who it was."""
    return {
        shown.field_name(row.field): (shown.value_of(row.field, row.machine), row.by)
        for row in review.corrections(session, document)
    }


def history_of(session: Session, document: Document) -> list[Happened]:
    """What happened to this paper and to the file it came in, latest first."""
    elsewhere = ("routed", *shown.STEPS)  # the trace tells those better
    told = [one for one in trace.happened(session, document) if one.action not in elsewhere]
    return [_happened(one) for one in reversed(told[-100:])]


def history_of_file(session: Session, file_id: str) -> list[Happened]:
    """What happened to a work file, latest first."""
    wanted = sa.select(Event).where(Event.subject == file_id).order_by(Event.seq.desc()).limit(100)
    return [_happened(one) for one in session.scalars(wanted)]


def _happened(one: trace.Told) -> Happened:
    data = json.loads(one.data)
    actor = _("{} thay mặt {}").format(one.actor, data["for"]) if data.get("for") else one.actor
    return Happened(shown.moment(one.at), actor, shown.action_name(one.action), _details(one.action, data))


def _details(action: str, data: dict[str, Any]) -> str:
    if action == "corrected":
        return "; ".join(_change(name, pair) for name, pair in data.get("fields", {}).items() if pair[0] != pair[1])
    if action in ("registered", "number_voided"):
        told = _("số đến {} năm {}").format(data.get("number"), data.get("year"))
        return f"{told} · {data['reason']}" if data.get("reason") else told
    if action in ("filed", "unfiled", "file_ordered"):
        return f"{data.get('code')} ({data.get('year')})"
    return str(data.get("unit") or data.get("reason") or data.get("office") or "")


def _change(name: str, pair: Sequence[Any]) -> str:
    before, after = (shown.value_of(name, one) or "—" for one in pair)
    return f"{shown.field_name(name)}: {before} → {after}"
