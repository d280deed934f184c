"""What a unit has on its desk: new, in work, due soon, late, done; urgent papers before all others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from archive import access, urgency
from archive.models import Document, RouteRow, Scan, User
from archive.routing import OPEN
from archive.workdays import Calendar

LANES = {
    "open": "Đang mở", "new": "Mới", "work": "Đang xử lý", "soon": "Sắp hết hạn", "late": "Quá hạn", "done": "Đã xong",
}  # fmt: skip
SOON = 2
"""Working days before the deadline from which a paper counts as due soon."""
SHOWN = 200
UNDER_WAY = ("routed", "handling")


@dataclass(frozen=True)
class Item:
    """One route with its paper, as it stands on a day."""

    route: RouteRow
    document: Document
    left: int | None
    """Working days until the deadline; 0 today, below 0 late, None without one."""

    @property
    def is_late(self) -> bool:
        return self.left is not None and self.left < 0

    @property
    def is_soon(self) -> bool:
        return self.left is not None and 0 <= self.left <= SOON


def open_routes() -> sa.ColumnElement[bool]:
    """Routes somebody still has to act on: when the leading unit has finished, the others have, too."""
    to_know = sa.and_(RouteRow.role == "inform", RouteRow.state == "decided")
    acting = sa.and_(RouteRow.state.in_(OPEN), Document.status.in_(UNDER_WAY))
    return sa.or_(acting, sa.and_(to_know, Document.status == "done"))


def lane_of(lane: str, today: dt.date, calendar: Calendar) -> sa.ColumnElement[bool]:
    """The condition on route and document that makes a lane."""
    if lane == "done":
        closed = sa.and_(RouteRow.state.in_(OPEN), Document.status == "done", RouteRow.role != "inform")
        return sa.or_(RouteRow.state == "finished", closed)
    soon = calendar.after(today, SOON)
    more: dict[str, sa.ColumnElement[bool]] = {
        "open": sa.true(),
        "new": RouteRow.state == "decided",
        "work": RouteRow.state == "received",
        "soon": RouteRow.due.between(today, soon),
        "late": RouteRow.due < today,
    }
    return sa.and_(open_routes(), more[lane])


def load(
    session: Session, user: User | None, lane: str, today: dt.date, calendar: Calendar, unit_id: str | None = None
) -> Sequence[Item]:
    """The papers of one lane that `user` may see, of this unit or, without one, of all."""
    wanted = (
        _mine(user, unit_id)
        .where(lane_of(lane, today, calendar))
        .options(
            contains_eager(RouteRow.document).options(selectinload(Document.entries), selectinload(Document.routes)),
            joinedload(RouteRow.person),
        )
    )
    order = (
        (RouteRow.closed_at.desc(), RouteRow.id.desc())
        if lane == "done"
        else (urgency.order(), RouteRow.due.is_(None), RouteRow.due, RouteRow.id)
    )
    rows = session.scalars(wanted.order_by(*order).limit(SHOWN)).all()
    return [item_of(row, today, calendar) for row in rows]


def _mine(user: User | None, unit_id: str | None) -> sa.Select[RouteRow]:
    wanted = sa.select(RouteRow).join(RouteRow.document).join(Document.scan)
    wanted = wanted.where(access.visible(user), Scan.status != "quarantined", RouteRow.state != "suggested")
    return wanted.where(RouteRow.unit_id == unit_id) if unit_id else wanted


def item_of(route: RouteRow, today: dt.date, calendar: Calendar) -> Item:
    """`route` as it stands today; a closed one is not late any more."""
    is_open = route.state in OPEN and route.document.status != "done"
    left = calendar.between(today, route.due) if is_open and route.due else None
    if left == 0 and route.due and route.due < today:  # over a weekend: no working day has passed, the day has
        left = -1
    return Item(route, route.document, left)


def counts(
    session: Session, user: User | None, today: dt.date, calendar: Calendar, unit_id: str | None = None
) -> dict[str, int]:
    """How many papers each lane holds; done is not counted, it only grows."""
    lanes = {name: lane_of(name, today, calendar) for name in LANES if name != "done"}
    summed = [sa.func.coalesce(sa.func.sum(sa.case((lane, 1), else_=0)), 0) for lane in lanes.values()]
    of_unit = _mine(user, unit_id).with_only_columns(*summed).order_by(None)
    return {name: int(count) for name, count in zip(lanes, session.execute(of_unit).one(), strict=True)}


def pressing(session: Session, user: User | None, today: dt.date, unit_id: str) -> int:
    """How many papers of a unit are new or late: the number beside its desk in the navigation."""
    wanted = _mine(user, unit_id).where(open_routes(), sa.or_(RouteRow.state == "decided", RouteRow.due < today))
    return session.scalar(wanted.with_only_columns(sa.func.count()).order_by(None)) or 0


def unrouted(session: Session, user: User | None) -> int:
    """How many papers wait for who routes: without a unit that leads, or asking for more time."""
    wanted = sa.select(sa.func.count()).select_from(Document).join(Document.scan)
    wanted = wanted.where(Document.status == "registered", access.visible(user), Scan.status != "quarantined")
    late = _mine(user, None).where(open_routes(), RouteRow.asked_due.is_not(None))
    return (session.scalar(wanted) or 0) + (session.scalar(late.with_only_columns(sa.func.count())) or 0)


def waiting(session: Session, user: User | None, limit: int = SHOWN) -> Sequence[Document]:
    """Papers in the book that no unit leads: urgent first, then in the order in which they came."""
    wanted = sa.select(Document).join(Document.scan).where(Document.status == "registered", access.visible(user))
    wanted = wanted.where(Scan.status != "quarantined").options(
        selectinload(Document.routes), selectinload(Document.entries)
    )
    return session.scalars(wanted.order_by(urgency.order(), Document.created_at, Document.id).limit(limit)).all()


def asking(session: Session, user: User | None) -> Sequence[RouteRow]:
    """Routes whose unit asks for a later day, the earliest deadline first."""
    wanted = _mine(user, None).where(open_routes(), RouteRow.asked_due.is_not(None))
    wanted = wanted.options(contains_eager(RouteRow.document))
    return session.scalars(wanted.order_by(urgency.order(), RouteRow.due, RouteRow.id).limit(SHOWN)).all()
