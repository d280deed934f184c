"""/routing (Điều phối): what is in the book and waits for a unit, and what each unit has."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request
from sqlalchemy.orm import Session, selectinload

from archive import access, review, routing
from archive.models import Document, RouteRow, Unit
from server.api.papers import document_of
from server.auth import allow, require
from server.pages import sheet
from server.state import state

pages = Blueprint("routing", __name__)
LIMIT = 50
ROLES = {"lead": "chủ trì", "support": "phối hợp", "inform": "để biết"}
STATES = {
    "suggested": "gợi ý", "decided": "đã chuyển", "received": "đã nhận", "returned": "trả lại", "finished": "xong",
}  # fmt: skip


@pages.get("/routing")
@require("read")
def board() -> Any:
    """Two lanes: to be routed, and under way."""
    if not access.can(g.user, "route"):
        allow("handle")
    with state().readers() as session:
        return render_template(
            "pages/routing.html",
            waiting=of_status(session, ["registered"]) if access.can(g.user, "route") else None,
            under_way=of_status(session, ["routed", "handling"]),
            units=session.scalars(sa.select(Unit.name).where(Unit.active).order_by(Unit.name)).all(),
            today=sheet.today(), roles=ROLES,
        )  # fmt: skip


def of_status(session: Session, statuses: list[str]) -> list[tuple[Document, list[RouteRow], list[RouteRow]]]:
    """(document, suggestions, decisions) of these states, the earliest deadline and arrival first."""
    wanted = sa.select(Document).where(Document.status.in_(statuses), access.visible(g.user))
    wanted = wanted.options(selectinload(Document.routes), selectinload(Document.entries))
    if g.user.role in ("head", "staff"):
        mine = sa.select(RouteRow.document_id).where(RouteRow.unit_id == g.user.unit_id, RouteRow.state != "suggested")
        wanted = wanted.where(Document.id.in_(mine))
    found = session.scalars(wanted.order_by(Document.created_at).limit(LIMIT)).all()
    split = [(one, *_split(one.routes)) for one in found]
    return sorted(split, key=lambda item: min((r.due for r in item[2] if r.due), default=dt.date.max))


def _split(routes: list[RouteRow]) -> tuple[list[RouteRow], list[RouteRow]]:
    suggested = [route for route in routes if route.state == "suggested"]
    return suggested, [route for route in routes if route.state != "suggested"]


@pages.post("/documents/<document_id>/routes")
@require("route")
def decide(document_id: str) -> Any:
    """Send the paper to a unit."""
    given = request.form
    with state().sessions.begin() as session:
        document = document_of(session, document_id)
        due = review.checked_value("date", given.get("due") or None)
        routing.decide(
            session, document, given.get("unit", ""), given.get("role", "lead"),
            dt.date.fromisoformat(due) if isinstance(due, str) else None, given.get("instruction", ""),
            actor=g.user.name,
        )  # fmt: skip
    return redirect("/routing", 303)
