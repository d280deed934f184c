"""/api/v1/routes, /inbox, /holidays: who handles a paper, step by step, and the days deadlines are counted by."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, g, jsonify, make_response, request
from sqlalchemy.orm import Session

from archive import access, answer, handling, history, inbox, routing, workdays
from archive.errors import BadValue, Forbidden, NotFound, Stale
from archive.handling import Given
from archive.models import Holiday, RouteRow, Unit, User, now
from archive.routing import Part
from server import errors
from server.api import handling_shapes as shapes
from server.api.description import described
from server.api.papers import document_of
from server.api.shapes import RouteRead, asked, body
from server.auth import NO_RIGHT, require
from server.state import state

api = Blueprint("api_handling", __name__)
NO_ROUTE = "Không có bước xử lý này, hoặc bạn không được xem."


@api.errorhandler(Stale)
def _stale(error: Stale) -> Response:
    return errors.problem(412, "Đã có người sửa", str(error))


def version_asked() -> int | None:
    """The version If-Match names; None when any will do. One we never gave matches nothing."""
    given = request.headers.get("If-Match", "").strip()
    if given in ("", "*"):
        return None
    number = re.fullmatch(r'"?(\d{1,9})"?', given, re.ASCII)
    return int(number[1]) if number else -1


@api.put("/documents/<document_id>/routes")
@require("route")
@described(400, 404, 409, 412, 415, 422, answer=shapes.Routes, json=shapes.Distributing, name="distribute_document")
def distribute(document_id: str) -> Any:
    """Decide of all units at once: those left out lose it

    With If-Match (the document's ETag) only that version is decided on.
    """
    wanted = body(shapes.Distributing)
    with state().sessions.begin() as session:
        document = document_of(session, document_id)
        parts = [
            Part(one.unit, one.role, one.due, one.instruction, _person(session, one.person)) for one in wanted.parts
        ]
        rows = routing.distribute(session, document, parts, actor=g.user.name, if_version=version_asked())
        return jsonify(routes=[answer.route_row_json(row) for row in rows])


def _person(session: Session, name: str | None) -> str | None:
    if not name:
        return None
    found = session.scalar(sa.select(User.id).where(User.name == name.casefold()))
    if found is None:
        raise BadValue("Không có người dùng này. Hãy kiểm tra tên đăng nhập.")
    return found


@api.get("/routes/<int:route_id>")
@require("read")
@described(404, answer=RouteRead, name="get_route")
def get(route_id: int) -> Any:
    """One unit's part in a paper; its ETag is the version a step must name"""
    with state().readers() as session:
        return _shown(route_of(session, route_id))


def route_of(session: Session, route_id: int) -> RouteRow:
    """A decided route of a paper that the one who asks may see."""
    route = session.get(RouteRow, route_id) if route_id < 1 << 62 else None
    if route is None or route.state == "suggested":
        raise NotFound(NO_ROUTE)
    document_of(session, route.document_id)
    return route


def _shown(route: RouteRow) -> Response:
    shown = make_response(jsonify(answer.route_row_json(route)))
    shown.set_etag(str(route.version))
    return shown


@api.post("/routes/<int:route_id>/<move>")
@require("read")
@described(400, 404, 409, 412, 415, 422, answer=RouteRead, json=shapes.Moving, name="move_route")
def make(route_id: int, move: str) -> Any:
    """One step: receive assign propose finish ask extend refuse return forward recall reopen

    409 says that the state does not allow it, 412 that the route is not at the version of If-Match any more; nothing
    was changed then. `forward` answers the route of the other unit.
    """
    wanted = body(shapes.Moving)
    if move not in handling.MOVES:
        raise NotFound(NO_ROUTE)
    with state().sessions.begin() as session:
        route = route_of(session, route_id)
        if not handling.may(g.user, route.document, route, move):
            raise Forbidden(NO_RIGHT)
        history.act_in_place_of(handling.in_place_of(g.user, route.document, route, move))
        receiver = wanted.receiver if access.desks(g.user) is None and g.user.unit_id != route.unit_id else ""
        given = Given(
            wanted.reason, wanted.due, wanted.unit, _person(session, wanted.person), wanted.note, wanted.reply,
            receiver or g.user.full_name or g.user.name,
        )  # fmt: skip
        made = handling.move(session, route, move, given, actor=g.user.name, if_version=version_asked())
        return _shown(made)


@api.get("/inbox")
@require("handle")
@described(400, 422, answer=shapes.Desk, query=shapes.DeskAsked, name="inbox")
def desk() -> Any:
    """What a unit has to do, urgent papers first; văn thư names the unit, or sees all"""
    wanted = asked(shapes.DeskAsked)
    if wanted.show not in inbox.LANES:
        raise BadValue(f"Nhóm việc phải là một trong: {', '.join(inbox.LANES)}.")
    today = workdays.today(now())
    with state().readers() as session:
        unit = own_or_asked(session, wanted.unit)
        if access.desks(g.user) is not None and unit is None:
            return jsonify(show=wanted.show, unit=None, counts={}, items=[])
        calendar, unit_id = workdays.calendar(session), unit.id if unit else None
        items = inbox.load(session, g.user, wanted.show, today, calendar, unit_id)
        return jsonify(
            show=wanted.show, unit=unit.name if unit else None, items=[_item(one) for one in items],
            counts=inbox.counts(session, g.user, today, calendar, unit_id),
        )  # fmt: skip


def own_or_asked(session: Session, asked_for: str | None) -> Unit | None:
    """Whose desk: of the units one may handle for the one that is asked for, else the own one; văn thư: any, or all."""
    mine = access.desks(g.user)
    if mine is None or asked_for in mine:
        return session.get(Unit, asked_for or "")
    own = g.user.unit_id if g.user.unit_id in mine else min(mine, default="")
    return session.get(Unit, own)


def _item(one: inbox.Item) -> dict[str, Any]:
    names = ("full_code", "issuing_organ", "subject", "urgency")
    said = {name: getattr(one.document, name) for name in names}
    return {"document_id": one.document.id, **said, "left": one.left, "route": answer.route_row_json(one.route)}


@api.get("/holidays")
@require("read")
@described(400, 422, answer=shapes.Days, query=shapes.YearAsked, name="list_holidays")
def holidays() -> Any:
    """The days of a year on which nobody works, and those made up for"""
    year = asked(shapes.YearAsked).year
    with state().readers() as session:
        return jsonify(year=year, days=[_day(row) for row in workdays.listed(session, year)])


@api.put("/holidays/<day>")
@require("settings")
@described(400, 404, 415, 422, answer=shapes.Day, json=shapes.DayPut, name="put_holiday")
def put_holiday(day: str) -> Any:
    """Say of a day that nobody works on it, or that all do"""
    wanted = body(shapes.DayPut)
    with state().sessions.begin() as session:
        row = workdays.put(session, _known(day), wanted.name, works=wanted.works, actor=g.user.name)
        return jsonify(_day(row))


@api.delete("/holidays/<day>")
@require("settings")
@described(404, ok=204, name="remove_holiday")
def remove_holiday(day: str) -> Any:
    """The day is again what the week says"""
    with state().sessions.begin() as session:
        workdays.remove(session, _known(day), actor=g.user.name)
    return Response(status=204)


def _known(day: str) -> dt.date:
    try:
        return dt.date.fromisoformat(day)
    except ValueError as error:
        raise NotFound("Không có ngày này; ngày viết theo ISO 8601, ví dụ 2026-11-24.") from error


def _day(row: Holiday) -> dict[str, Any]:
    return {"day": row.day.isoformat(), "name": row.name, "works": row.works}
