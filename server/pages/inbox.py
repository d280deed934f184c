"""/inbox (Việc của đơn vị): what a unit has to do, by lane, urgent papers first."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, render_template, request
from sqlalchemy.orm import Session

from archive import inbox, workdays
from archive.models import Unit, now
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
        unit = unit_of(session)
        everywhere = g.user.role not in ("head", "staff")
        seen = everywhere or unit is not None  # somebody of no unit has nothing on the desk
        return render_template(
            "pages/inbox.html", lanes=inbox.LANES, lane=lane, unit=unit, everywhere=everywhere, today=today,
            items=inbox.load(session, g.user, lane, today, calendar, unit.id if unit else None) if seen else [],
            counts=inbox.counts(session, g.user, today, calendar, unit.id if unit else None) if seen else {},
            units=session.scalars(sa.select(Unit).where(Unit.active).order_by(Unit.name)).all() if everywhere else [],
            unknown_year=today.year not in calendar.known,
        )  # fmt: skip


def unit_of(session: Session) -> Unit | None:
    """Whose desk: one's own unit; for văn thư the one that is asked for, None for all."""
    if g.user.role in ("head", "staff"):
        return session.get(Unit, g.user.unit_id) if g.user.unit_id else None
    return session.get(Unit, request.args.get("unit", "")[:40])
