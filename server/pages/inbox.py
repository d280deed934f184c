"""/inbox (Việc của đơn vị): what a unit has to do, by lane, urgent papers first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, render_template, request
from sqlalchemy.orm import Session

from archive import access, inbox, workdays
from archive.models import Unit, now
from server.api.handling import own_or_asked
from server.auth import require
from server.state import state

pages = Blueprint("inbox", __name__)


@pages.get("/inbox")
@require("handle")
def look() -> Any:
    """One lane of the unit of who asks; văn thư looks at any unit, or at all."""
    lane = request.args.get("show", "open")
    lane = lane if lane in inbox.LANES else "open"
    today = workdays.today(now())
    with state().readers() as session:
        calendar = workdays.calendar(session)
        unit = own_or_asked(session, request.args.get("unit", "")[:40])
        mine = access.desks(g.user)
        everywhere = mine is None
        seen = everywhere or unit is not None  # somebody of no unit has nothing on the desk
        return render_template(
            "pages/inbox.html", lanes=inbox.LANES, lane=lane, unit=unit, everywhere=everywhere, today=today,
            items=inbox.load(session, g.user, lane, today, calendar, unit.id if unit else None) if seen else [],
            counts=inbox.counts(session, g.user, today, calendar, unit.id if unit else None) if seen else {},
            units=units_of(session, mine), mine=mine or (),
            unknown_year=today.year not in calendar.known,
        )  # fmt: skip


def units_of(session: Session, mine: frozenset[str] | None) -> Sequence[Unit]:
    """The desks there are to choose from: every unit's for văn thư, several where one stands in for others."""
    wanted = sa.select(Unit).where(Unit.active).order_by(Unit.name)
    if mine is not None:
        wanted = wanted.where(Unit.id.in_(mine if len(mine) > 1 else ()))
    return session.scalars(wanted).all()
