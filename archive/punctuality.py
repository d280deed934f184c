"""How the units that lead (chủ trì) keep their deadlines: in time, late, and still open and late."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from archive import access
from archive.models import Document, RouteRow, User
from archive.reports import Asked, epoch, unit_names

_OPEN = ("decided", "received")
_count = sa.func.count()


@dataclass(frozen=True)
class Kept:
    """How deadlines were kept: finished in time, finished late, still open in time, still open and late."""

    on_time: int = 0
    late: int = 0
    open: int = 0
    overdue: int = 0

    @property
    def total(self) -> int:
        """All that had a deadline."""
        return self.on_time + self.late + self.open + self.overdue


@dataclass(frozen=True)
class Overdue:
    """A paper that is open beyond its day."""

    document: Document
    unit: str
    due: dt.date


@dataclass(frozen=True)
class Handling:
    """How the units that led kept the deadlines of these days."""

    by_unit: dict[str, Kept]
    by_month: dict[dt.date, Kept]
    by_unit_and_month: dict[str, dict[dt.date, Kept]]
    undated: int
    """Papers that were given to a unit in these days without a deadline."""

    @property
    def total(self) -> Kept:
        """All units."""
        return _sum(self.by_unit.values())


def handling(session: Session, user: User | None, asked: Asked, today: dt.date) -> Handling:
    """The deadlines between the days asked for, of the units that lead (chủ trì)."""
    route = aliased(RouteRow)
    due, years, months = route.due, sa.extract("year", route.due), sa.extract("month", route.due)
    outcome = sa.case(
        (sa.and_(route.state == "finished", epoch(route.closed_at) < epoch(due) + 17 * 3600), "on_time"),
        (route.state == "finished", "late"),
        (due >= today, "open"),
        else_="overdue",
    )
    groups = (route.unit_id, years, months, outcome)
    wanted = _led(user, asked, route, *groups, _count).where(due.between(asked.first, asked.last))
    names = unit_names(session)
    cells: defaultdict[tuple[str, dt.date], Counter[str]] = defaultdict(Counter)
    for unit, year, month, how, count in session.execute(wanted.group_by(*groups)):
        cells[names.get(unit or "", ""), dt.date(int(year), int(month), 1)][how] += count
    first, after = asked.moments
    undated = _led(user, asked, route, _count).where(due.is_(None), route.decided_at >= first, route.decided_at < after)
    return _handled({key: Kept(**count) for key, count in cells.items()}, session.scalar(undated) or 0)


def _handled(cells: dict[tuple[str, dt.date], Kept], undated: int) -> Handling:
    units, months = sorted({unit for unit, _ in cells}), sorted({month for _, month in cells})
    crossed = {u: {m: cells.get((u, m), Kept()) for m in months} for u in units}
    by_month = {m: _sum(crossed[u][m] for u in units) for m in months}
    return Handling({u: _sum(crossed[u].values()) for u in units}, by_month, crossed, undated)


def _sum(many: Iterable[Kept]) -> Kept:
    rows = list(many)
    return Kept(*(sum(getattr(one, name) for one in rows) for name in ("on_time", "late", "open", "overdue")))


def _led(user: User | None, asked: Asked, route: Any, *columns: Any) -> sa.Select[Any]:
    """The routes of units that lead, of papers `user` may see."""
    wanted = sa.select(*columns).select_from(route).join(Document, Document.id == route.document_id)
    wanted = wanted.where(route.role == "lead", route.state.in_(access.HAS), access.visible(user))
    wanted = wanted.where(Document.status.in_(("registered", "routed", "handling", "done")))
    return wanted.where(route.unit_id == asked.unit) if asked.unit else wanted


def overdue(
    session: Session, user: User | None, asked: Asked, today: dt.date, limit: int = 50
) -> Sequence[Overdue]:  # fmt: skip
    """The papers that are open and late today, the longest first, whatever the days asked for."""
    route = aliased(RouteRow)
    wanted = _led(user, asked, route, route.document_id, route.unit, route.due)
    wanted = wanted.where(route.due < today, route.state.in_(_OPEN))
    rows = session.execute(wanted.order_by(route.due, route.document_id).limit(limit)).all()
    papers = sa.select(Document).where(Document.id.in_([row.document_id for row in rows]))
    known = {one.id: one for one in session.scalars(papers)}
    return [Overdue(known[row.document_id], row.unit, row.due) for row in rows]
