"""The steps of handling that stand beside a paper: one panel a unit, one small form a step (archive/handling.py)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, g, redirect, request
from sqlalchemy.orm import Session

from archive import access, handling, history, workdays
from archive.errors import BadValue, Conflict, Forbidden, NotFound
from archive.handling import Given
from archive.models import RouteRow, now
from server import errors
from server.api.papers import document_of
from server.auth import NO_RIGHT, require
from server.pages import documents, panels
from server.state import state

pages = Blueprint("moves", __name__)


@pages.post("/routes/<int:route_id>/<move>")
@require("read")
def make(route_id: int, move: str) -> Any:
    """Make one step; a refusal is shown beside the paper, and what was typed stands there still."""
    with state().readers() as session:
        document_id = route_of(session, route_id, move).document_id
    try:
        with state().sessions.begin() as session:
            route = route_of(session, route_id, move)
            handling.move(
                session, route, move, given_of(session, route), actor=g.user.name,
                if_version=panels.version_of(request.form),
            )  # fmt: skip
    except (BadValue, Conflict) as error:
        return documents.show(document_id, str(error), errors.status_of(error))
    return redirect(_back(document_id), 303)


def route_of(session: Session, route_id: int, move: str) -> RouteRow:
    """The route, if this person may see its paper and make the step. NotFound, Forbidden."""
    route = session.get(RouteRow, route_id) if route_id < 1 << 62 else None
    if route is None or route.state == "suggested" or move not in handling.MOVES:
        raise NotFound("Không có bước xử lý này; không văn bản nào bị đổi. Hãy tải lại trang.")
    document = document_of(session, route.document_id)
    if not handling.may(g.user, document, route, move):
        raise Forbidden(NO_RIGHT)
    history.act_in_place_of(handling.in_place_of(g.user, document, route, move))
    return route


def given_of(session: Session, route: RouteRow) -> Given:
    """What the form says. BadValue."""
    form = request.form
    calendar, today = workdays.calendar(session), workdays.today(now())
    return Given(
        form.get("reason", ""), panels.day_of(form.get("due", ""), today, calendar), form.get("unit", ""),
        form.get("person") or None, form.get("note", ""), form.get("reply", ""), receiver(route, form.get("receiver")),
    )  # fmt: skip


def receiver(route: RouteRow, said: str | None) -> str:
    """Who signs: somebody of the unit signs for himself; văn thư writes down who signed on paper."""
    own = g.user.full_name or g.user.name
    if access.desks(g.user) is None and g.user.unit_id != route.unit_id and said and said.strip():
        return said.strip()
    return str(own)


def _back(document_id: str) -> str:
    """Where the form came from, if that is one of our own pages."""
    wanted = request.form.get("back", "")
    parts = urlsplit(wanted)
    if not parts.scheme and not parts.netloc and parts.path in ("/inbox", "/routing"):
        return wanted
    return f"/documents/{document_id}#xu-ly"
