"""/delegations (Giao quyền): who stands in for whom. One's own for everybody; all of them for an administrator."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request
from sqlalchemy.orm import Session, joinedload

from archive import access, delegation, workdays
from archive.errors import BadValue, Conflict
from archive.models import User, now
from archive.review import checked_value
from server import errors
from server.auth import allow, somebody
from server.state import state

pages = Blueprint("delegations", __name__)


@pages.get("/delegations")
def look() -> Any:
    """What I gave and what was given to me."""
    somebody()
    return show("")


@pages.get("/admin/delegations")
def look_at_all() -> Any:
    """Everybody's."""
    allow("users")
    return show("", everybody=True)


def show(sentence: str, status: int = 200, *, everybody: bool = False) -> Any:
    """The page, with what was typed when it was refused."""
    today = workdays.today(now())
    with state().readers() as session:
        me = session.get_one(User, g.user.id)
        return render_template(
            "pages/delegations.html", everybody=everybody, sentence=sentence, typed=request.form, today=today,
            rows=delegation.listed(session, None if everybody else me), in_force=delegation.is_in_force,
            givers=_people(session, delegation.GIVERS) if everybody else [],
            deputies=[one for one in _people(session, delegation.DEPUTIES) if everybody or one.id != me.id],
            may_give=everybody or me.role in delegation.GIVERS,
        ), status  # fmt: skip


def _people(session: Session, roles: Sequence[str]) -> Sequence[User]:
    wanted = sa.select(User).where(User.active, User.role.in_(roles)).options(joinedload(User.unit))
    return session.scalars(wanted.order_by(User.full_name, User.name)).all()


@pages.post("/delegations")
def give() -> Any:
    """Give one's own place; an administrator names whose (`giver`)."""
    me, everybody = somebody(), "giver" in request.form
    try:
        with state().sessions.begin() as session:
            by = session.get_one(User, me.id)
            giver = _named(session, request.form["giver"]) if everybody else by
            begins, ends = (_day(request.form.get(name, "")) for name in ("begins", "ends"))
            deputy = _named(session, request.form.get("deputy", ""))
            delegation.give(session, giver, deputy, begins, ends, by=by, ground=request.form.get("ground", ""))
    except (BadValue, Conflict) as error:
        return show(str(error), errors.status_of(error), everybody=everybody and access.can(me, "users"))
    return redirect("/admin/delegations" if everybody else "/delegations", 303)


@pages.post("/delegations/<delegation_id>/revoke")
def revoke(delegation_id: str) -> Any:
    """End it now."""
    me = somebody()
    with state().sessions.begin() as session:
        row = delegation.revoke(session, delegation_id, by=session.get_one(User, me.id))
        mine = row.giver_id == me.id
    return redirect("/delegations" if mine else "/admin/delegations", 303)


def _named(session: Session, user_id: str) -> User:
    found = session.get(User, user_id)
    if found is None:
        raise BadValue("Hãy chọn một người trong danh sách.")
    return found


def _day(said: str) -> dt.date:
    iso = checked_value("date", said)
    if not isinstance(iso, str):
        raise BadValue("Hãy ghi ngày bắt đầu và ngày kết thúc, ví dụ 24/11/2026.")
    return dt.date.fromisoformat(iso)
