"""What the office can count: what came, from whom, for whom, and how fast it went on.

The database counts, over narrow indexes made for it; nothing is counted that the one who asks may not see.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import access
from archive.access import HAS
from archive.errors import BadValue
from archive.models import Document, RegisterEntry, RouteRow, Scan, Unit, User
from archive.workdays import HANOI

STEPS = ("day", "week", "month", "year")
MOST_STEPS = 40
"""More columns than this cannot be told apart: then the next longer step is taken."""
SHOWN = 12
"""How many issuers, types or units are named; the others are counted together."""
_count = sa.func.count()


@dataclass(frozen=True)
class Asked:
    """The days of a report, both included, and the unit (its id) it is about; "" for the whole office."""

    first: dt.date
    last: dt.date
    unit: str = ""

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise BadValue("Ngày cuối không thể trước ngày đầu.")

    @property
    def moments(self) -> tuple[dt.datetime, dt.datetime]:
        """The first moment in Hanoi and the first one after the last day."""
        first, after = (dt.datetime.combine(day, dt.time(), HANOI) for day in (self.first, self.last))
        return first, after + dt.timedelta(days=1)

    def a_year_before(self) -> Asked:
        """The same days of the year before."""
        return Asked(_year_before(self.first), _year_before(self.last), self.unit)


def _year_before(day: dt.date) -> dt.date:
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


@dataclass(frozen=True)
class Counted:
    """A name and how many; "" is what nobody knows the name of, None all that is not named."""

    name: str | None
    count: int


@dataclass(frozen=True)
class Arrivals:
    """What came: by step (the first day of each) and by kind."""

    step: str
    days: Sequence[tuple[dt.date, int]]
    before: Sequence[int]
    """The same steps of the year before."""
    by: dict[str, Sequence[Counted]]
    """unit, issuer, document_type, urgency"""

    @property
    def total(self) -> int:
        """All that came."""
        return sum(count for _, count in self.days)


def arrivals(session: Session, user: User | None, asked: Asked, step: str = "") -> Arrivals:
    """What came into the book in these days; `step` of STEPS, or the one that suits."""
    step = fitting(asked, step)
    days = _days(session, user, asked)
    before = _days(session, user, asked.a_year_before())
    by = _kinds(session, user, asked) | {"issuer": _top(_issuers(session, user, asked))}
    shifted = {_shift(day, asked, asked.a_year_before()): count for day, count in before.items()}
    return Arrivals(step, _steps(days, asked, step), [n for _, n in _steps(shifted, asked, step)], by)


def fitting(asked: Asked, step: str = "") -> str:
    """The step asked for, or the shortest one of which not too many make up the days."""
    length = {"day": 1, "week": 7, "month": 30, "year": 365}
    days = (asked.last - asked.first).days + 1
    known = [one for one in STEPS if days / length[one] <= MOST_STEPS] or ["year"]
    return step if step in known else next((one for one in known if one != "day" or days <= 31), known[0])


def _shift(day: dt.date, asked: Asked, before: Asked) -> dt.date:
    return min(asked.last, asked.first + (day - before.first))


def _steps(counts: dict[dt.date, int], asked: Asked, step: str) -> list[tuple[dt.date, int]]:
    """The counts by step, also the empty ones."""
    sums = {_begin(asked.first + dt.timedelta(days=n), step): 0 for n in range((asked.last - asked.first).days + 1)}
    for day, count in counts.items():
        sums[_begin(day, step)] += count
    return sorted(sums.items())


def _begin(day: dt.date, step: str) -> dt.date:
    """The first day of the step in which a day is; weeks begin on Monday."""
    if step == "week":
        return day - dt.timedelta(days=day.weekday())
    return {"day": day, "month": day.replace(day=1)}.get(step, day.replace(month=1, day=1))


def _arrived(session: Session, user: User | None, asked: Asked, *columns: Any) -> sa.Select[Any]:
    """The lines of the book of these days that `user` may count, with their documents."""
    lines = (
        sa.select(*columns)
        .select_from(RegisterEntry)
        .outerjoin(Document, _is(session, RegisterEntry.document_id))
        .where(RegisterEntry.status == "registered", RegisterEntry.arrived_on.between(asked.first, asked.last))
    )
    # A line without a scan (typed by hand) has no document that could say who sees it: those who may have the book.
    by_hand = RegisterEntry.document_id.is_(None) if access.can(user, "export") else sa.false()
    lines = lines.where(sa.or_(access.visible(user), by_hand))
    return lines.where(Document.unit_id == asked.unit) if asked.unit else lines


def _is(session: Session, document_id: Any) -> sa.ColumnElement[bool]:
    """`Document.id == document_id` for an outer join, said so that SQLite looks into the narrow index.

    An equal key it looks up in the table, whose rows are some 15 KB wide: 100,000 of them take three seconds from a
    cold disk. An inner join it would begin at the wrong end.
    """
    if session.get_bind().dialect.name == "sqlite":
        return Document.id.between(document_id, document_id)
    equal: sa.ColumnElement[bool] = Document.id == document_id
    return equal


def _days(session: Session, user: User | None, asked: Asked) -> dict[dt.date, int]:
    day = RegisterEntry.arrived_on
    rows = session.execute(_arrived(session, user, asked, day, _count).group_by(day)).all()
    return {row[0]: row[1] for row in rows}


def _issuers(session: Session, user: User | None, asked: Asked) -> list[tuple[str, int]]:
    issuer = RegisterEntry.issuer
    wanted = _arrived(session, user, asked, issuer, _count).group_by(issuer)
    return [(name, n) for name, n in session.execute(wanted)]


def _kinds(session: Session, user: User | None, asked: Asked) -> dict[str, Sequence[Counted]]:
    """By unit, type and urgency: grouped by all three at once, which are few, and added up here."""
    columns = (Document.unit_id, Document.document_type, Document.urgency)
    found = session.execute(_arrived(session, user, asked, *columns, _count).group_by(*columns)).all()
    names = unit_names(session)
    units = [(names.get(row[0] or "", ""), row[3]) for row in found]
    types, urgencies = ([(row[n] or "", row[3]) for row in found] for n in (1, 2))
    return {"unit": _top(units), "document_type": _top(types), "urgency": _top(urgencies)}


def unit_names(session: Session) -> dict[str, str]:
    """Id → name of every unit, also of those that are no more."""
    units = session.execute(sa.select(Unit.id, Unit.name).order_by(Unit.name)).all()
    return {unit.id: unit.name for unit in units}


def _top(pairs: Iterable[tuple[str, int]]) -> list[Counted]:
    """The greatest, what has no name after them, the others together at the end."""
    sums: Counter[str] = Counter()
    for name, count in pairs:
        sums[name] += count
    nameless = sums.pop("", 0)
    named = sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
    rest = sum(count for _, count in named[SHOWN:])
    ends = [Counted("", nameless)] * bool(nameless) + [Counted(None, rest)] * bool(rest)
    return [*(Counted(name, count) for name, count in named[:SHOWN]), *ends]


@dataclass(frozen=True)
class Pace:
    """Median minutes from the arrival of the scan; None where nothing was done."""

    to_register: int | None
    to_hand_over: int | None


def pace(session: Session, user: User | None, asked: Asked) -> Pace:
    """How fast papers of these days came into the book and to their unit."""
    # Not joins: SQLite would begin with them and look through all lines for each.
    received = sa.select(epoch(Scan.received_at)).where(Scan.id == Document.scan_id).scalar_subquery()
    leads = sa.and_(RouteRow.document_id == RegisterEntry.document_id, RouteRow.role == "lead", RouteRow.state.in_(HAS))
    first = sa.select(sa.func.min(epoch(RouteRow.decided_at))).where(leads)
    handed = first.correlate(RegisterEntry).scalar_subquery()

    def median(moment: sa.ColumnElement[int]) -> int | None:
        minutes = ((moment - received) // 60).label("minutes")
        return _median(session.execute(_arrived(session, user, asked, minutes, _count).group_by(sa.text("minutes"))))

    return Pace(median(epoch(RegisterEntry.registered_at)), median(handed))


def _median(rows: Iterable[Any]) -> int | None:
    """The median of (value, how often), to the minute: the lower one of two."""
    counts = sorted((max(0, int(value)), count) for value, count in rows if value is not None)
    left = (sum(count for _, count in counts) + 1) // 2
    for value, count in counts:
        left -= count
        if left <= 0:
            return value
    return None


def epoch(moment: Any) -> sa.ColumnElement[int]:
    """Seconds since 1970; of a day those of its midnight in UTC: 17 hours later it ends in Hanoi."""
    return sa.cast(sa.extract("epoch", moment), sa.BigInteger)
