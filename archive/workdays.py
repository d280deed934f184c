"""Working days: Monday to Friday, without the holidays of the office's table, with the days made up for.

Deadlines of NĐ 30/2020/NĐ-CP, art. 24 are counted in them; holidays: Bộ luật Lao động 2019, arts. 111 and 112. What
the Government announces for a year (Tết, days exchanged for Saturdays) is written into the table by an administrator.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.clock import HANOI as HANOI
from archive.errors import BadValue, NotFound
from archive.models import Holiday

MOST = 2000
"""Working days that are counted at most: nobody sets a deadline beyond eight years."""
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """Which days are worked; `known` holds the years for which somebody has said."""

    said: Mapping[dt.date, bool]
    """Day → whether it is worked, where the week alone does not say."""

    @property
    def known(self) -> frozenset[int]:
        """Years with at least one holiday in the table: of others only weekends are known."""
        return frozenset(day.year for day, works in self.said.items() if not works)

    def works(self, day: dt.date) -> bool:
        """Whether the office works on this day."""
        return self.said.get(day, day.weekday() < 5)

    def after(self, start: dt.date, days: int) -> dt.date:
        """The last of `days` working days that follow `start`; with 0 the first working day from `start` on."""
        day, left = start, min(days, MOST)
        if left <= 0:
            while not self.works(day):
                day += _DAY
        while left > 0:
            day += _DAY
            left -= self.works(day)
        return day

    def between(self, start: dt.date, end: dt.date) -> int:
        """Working days after `start` up to and with `end`; negative when `end` lies before."""
        if end < start:
            return -self.between(end, start)
        span = min((end - start).days, 3 * MOST)
        return sum(self.works(start + n * _DAY) for n in range(1, span + 1))


def calendar(session: Session) -> Calendar:
    """The office's calendar as the table has it."""
    return of_rows(session.scalars(sa.select(Holiday)))


def of_rows(rows: Iterable[Holiday]) -> Calendar:
    """The calendar of these lines."""
    return Calendar({row.day: row.works for row in rows})


def today(at: dt.datetime) -> dt.date:
    """The day of a moment in Vietnam."""
    return at.astimezone(HANOI).date()


def listed(session: Session, year: int) -> Sequence[Holiday]:
    """The table of one year, in order."""
    of_year = Holiday.day.between(dt.date(year, 1, 1), dt.date(year, 12, 31))
    return session.scalars(sa.select(Holiday).where(of_year).order_by(Holiday.day)).all()


def years(session: Session) -> list[int]:
    """The years of which the table knows something, in order."""
    first, last = session.execute(sa.select(sa.func.min(Holiday.day), sa.func.max(Holiday.day))).one()
    return list(range(first.year, last.year + 1)) if first else []


def put(
    session: Session, day: dt.date, name: str, *, works: bool, actor: str, at: dt.datetime | None = None
) -> Holiday:
    """Say of a day that nobody works on it, or with `works` that all do; said before: it is said anew."""
    name = " ".join(name.split())
    if not name or len(name) > 120:
        raise BadValue("Ngày nghỉ cần một tên, dài nhất 120 ký tự.")
    if not 2000 <= day.year <= 2100:
        raise BadValue("Năm của ngày nghỉ phải từ 2000 đến 2100.")
    if works and day.weekday() < 5:
        raise BadValue("Ngày này vốn là ngày làm việc trong tuần; ngày làm bù phải là thứ bảy hoặc chủ nhật.")
    row = session.get(Holiday, day, with_for_update=True)
    before = {"before": {"name": row.name, "works": row.works}} if row else {}
    row = row or Holiday(day=day, name=name, works=works)
    row.name, row.works, row.changed_by = name, works, actor
    session.add(row)
    history.append(session, actor, "holiday_put", day.isoformat(), {"name": name, "works": works} | before, at)
    return row


def remove(session: Session, day: dt.date, *, actor: str, at: dt.datetime | None = None) -> None:
    """The day is again what the week says; NotFound when the table does not know it."""
    row = session.get(Holiday, day, with_for_update=True)
    if row is None:
        raise NotFound("Bảng ngày nghỉ không có ngày này.")
    facts = {"name": row.name, "works": row.works}
    session.delete(row)
    history.append(session, actor, "holiday_removed", day.isoformat(), facts, at)
