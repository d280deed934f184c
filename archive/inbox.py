"""What a unit has on its desk: new, in work, due soon, late, done; urgent papers before all others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, contains_eager, defer, joinedload, selectinload
from sqlalchemy.orm.strategy_options import _AbstractLoad

from archive import access, urgency
from archive.models import WITHHELD, Document, RouteRow, Scan, User
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


_OPEN = sa.select(RouteRow.id, RouteRow.document_id).where(sa.text("route.state IN ('decided', 'received')"))
"""Written out: of bound values SQLite does not see that the index of open routes answers."""
MOST_OPEN = 5000


def _is_open(session: Session, unit_id: str | None) -> sa.ColumnElement[bool]:
    """The open routes (of a unit) and their papers by their ids: joined alone, SQLite begins with finished papers.

    PostgreSQL need not be told thousands of ids on every page, which costs more than finding them.
    """
    wanted = _OPEN.where(RouteRow.unit_id == unit_id) if unit_id else _OPEN
    wanted = wanted.order_by(RouteRow.id.desc()).limit(MOST_OPEN)
    if session.get_bind().dialect.name == "postgresql":
        return RouteRow.id.in_(sa.select(wanted.subquery().c.id))
    found = session.execute(wanted).all()
    papers = {document_id for _id, document_id in found}
    return sa.and_(RouteRow.id.in_([route_id for route_id, _document in found]), Document.id.in_(papers))


def light() -> list[_AbstractLoad]:
    """For lists of papers: without their texts and readings, which are most of a row."""
    return [defer(Document.text), defer(Document.folded), defer(Document.fields)]


def open_routes(session: Session, unit_id: str | None = None) -> sa.ColumnElement[bool]:
    """Routes somebody still has to act on: when the leading unit has finished, the others have, too."""
    status = sa.func.coalesce(Document.status, "")  # no index of all papers by status: the ids are enough
    to_know = sa.and_(RouteRow.role == "inform", status == "done")
    return sa.and_(_is_open(session, unit_id), sa.or_(status.in_(UNDER_WAY), to_know))


def _in_lane(lane: str, today: dt.date, calendar: Calendar) -> sa.ColumnElement[bool]:
    """Which of the open routes make a lane."""
    lanes: dict[str, sa.ColumnElement[bool]] = {
        "open": sa.true(),
        "new": RouteRow.state == "decided",
        "work": RouteRow.state == "received",
        "soon": RouteRow.due.between(today, calendar.after(today, SOON)),
        "late": RouteRow.due < today,
    }
    return lanes[lane]


def load(
    session: Session, user: User | None, lane: str, today: dt.date, calendar: Calendar, unit_id: str | None = None
) -> Sequence[Item]:
    """The papers of one lane that `user` may see, of this unit or, without one, of all."""
    if lane == "done":
        return _done(session, user, today, calendar, unit_id)
    order = (urgency.order(), RouteRow.due.is_(None), RouteRow.due, RouteRow.id)
    wanted = _mine(user).where(open_routes(session, unit_id), _in_lane(lane, today, calendar))
    rows = session.scalars(wanted.options(*_whole()).order_by(*order).limit(SHOWN)).all()
    return [item_of(row, today, calendar) for row in rows]


def _done(session: Session, user: User | None, today: dt.date, calendar: Calendar, unit_id: str | None) -> list[Item]:
    """What the unit finished last, and what it need not do any more because the leading unit has."""
    is_done = sa.func.coalesce(Document.status, "") == "done"
    spared = sa.and_(_is_open(session, unit_id), is_done, RouteRow.role != "inform")
    found: list[RouteRow] = []
    for condition in (RouteRow.state == "finished", spared):
        wanted = _mine(user, unit_id).where(condition).options(*_whole())
        found += session.scalars(wanted.order_by(RouteRow.closed_at.desc()).limit(SHOWN)).all()
    found.sort(key=lambda row: row.closed_at or row.document.changed_at, reverse=True)
    return [item_of(row, today, calendar) for row in found[:SHOWN]]


def _whole() -> list[_AbstractLoad]:
    """A route with what a list shows of its paper."""
    of_paper = [selectinload(Document.entries), selectinload(Document.routes), *light()]
    return [contains_eager(RouteRow.document).options(*of_paper), joinedload(RouteRow.person)]


def _mine(user: User | None, unit_id: str | None = None) -> sa.Select[RouteRow]:
    wanted = sa.select(RouteRow).join(RouteRow.document).join(Document.scan)
    wanted = wanted.where(access.visible(user), Scan.status.not_in(WITHHELD), RouteRow.state != "suggested")
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
    lanes = {name: _in_lane(name, today, calendar) for name in LANES if name != "done"}
    summed = [sa.func.coalesce(sa.func.sum(sa.case((lane, 1), else_=0)), 0) for lane in lanes.values()]
    of_unit = _mine(user).where(open_routes(session, unit_id)).with_only_columns(*summed).order_by(None)
    return {name: int(count) for name, count in zip(lanes, session.execute(of_unit).one(), strict=True)}


def pressing(session: Session, user: User | None, today: dt.date, unit_id: str) -> int:
    """How many papers of a unit are new or late: the number beside its desk in the navigation."""
    wanted = _mine(user, unit_id).where(
        open_routes(session, unit_id), sa.or_(RouteRow.state == "decided", RouteRow.due < today)
    )
    return session.scalar(wanted.with_only_columns(sa.func.count()).order_by(None)) or 0


def unrouted(session: Session, user: User | None) -> int:
    """How many papers wait for who routes: without a unit that leads, or asking for more time."""
    wanted = sa.select(sa.func.count()).select_from(Document).join(Document.scan)
    wanted = wanted.where(Document.status == "registered", access.visible(user), Scan.status.not_in(WITHHELD))
    late = _mine(user).where(open_routes(session), RouteRow.asked_due.is_not(None))
    return (session.scalar(wanted) or 0) + (session.scalar(late.with_only_columns(sa.func.count())) or 0)


def waiting(session: Session, user: User | None, limit: int = SHOWN) -> Sequence[Document]:
    """Papers in the book that no unit leads: urgent first, then in the order in which they came."""
    wanted = sa.select(Document).join(Document.scan).where(Document.status == "registered", access.visible(user))
    wanted = wanted.where(Scan.status.not_in(WITHHELD)).options(
        selectinload(Document.routes), selectinload(Document.entries), *light()
    )
    return session.scalars(wanted.order_by(urgency.order(), Document.created_at, Document.id).limit(limit)).all()


def asking(session: Session, user: User | None) -> Sequence[RouteRow]:
    """Routes whose unit asks for a later day, the earliest deadline first."""
    wanted = _mine(user).where(open_routes(session), RouteRow.asked_due.is_not(None))
    wanted = wanted.options(*_whole())
    return session.scalars(wanted.order_by(urgency.order(), RouteRow.due, RouteRow.id).limit(SHOWN)).all()
