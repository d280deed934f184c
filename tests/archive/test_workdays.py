"""Working days: weekends, the holidays of the table, days made up for, and what an administrator changes."""

import datetime as dt

import pytest

from archive import workdays
from archive.errors import BadValue, NotFound

D = dt.date


@pytest.fixture
def days(office_sessions):
    with office_sessions.begin() as session:
        yield session


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        (D(2026, 11, 20), 1, D(2026, 11, 23)),  # Friday → Monday
        (D(2026, 11, 21), 0, D(2026, 11, 23)),  # at once, on a Saturday: the first day somebody is there
        (D(2026, 11, 23), 0, D(2026, 11, 23)),
        (D(2026, 2, 13), 1, D(2026, 2, 23)),  # over Tết Bính Ngọ: nine days nobody is there
        (D(2026, 2, 13), 5, D(2026, 2, 27)),
        (D(2026, 8, 21), 1, D(2026, 8, 22)),  # the Saturday worked for 31 August
        (D(2026, 8, 28), 1, D(2026, 9, 3)),
        (D(2027, 2, 4), 1, D(2027, 2, 12)),  # Tết 2027 as the law has it: mùng 1 is a Saturday, two days made up for
        (D(2030, 1, 31), 1, D(2030, 2, 8)),  # Tết 2030: 2 February in Vietnam, the 3rd in China
        (D(2020, 4, 29), 2, D(2020, 5, 1)),  # before the table begins only weekends are known
    ],
)
def test_a_deadline_skips_weekends_and_holidays(days, start, count, end):
    calendar = workdays.calendar(days)
    assert calendar.after(start, count) == end
    if count:
        assert calendar.between(start, end) == count and calendar.between(end, start) == -count


def test_the_law_gives_eleven_days_of_which_none_is_lost_to_a_weekend(days):
    calendar = workdays.calendar(days)
    assert calendar.known == set(range(2025, 2032)) == set(workdays.years(days))
    for year in range(2025, 2032):
        rows = workdays.listed(days, year)
        free = sum(not row.works and row.day.weekday() < 5 for row in rows) - sum(row.works for row in rows)
        assert free == 11, year
        assert all(row.day.weekday() > 4 for row in rows if row.works)


def test_an_administrator_changes_a_day_and_takes_it_back(days):
    day = D(2026, 11, 24)
    workdays.put(days, day, " Ngày Văn hóa  Việt Nam ", works=False, actor="an")
    assert workdays.calendar(days).after(D(2026, 11, 23), 1) == D(2026, 11, 25)
    workdays.put(days, day, "Tên khác", works=False, actor="an")
    assert [row.name for row in workdays.listed(days, 2026) if row.day == day] == ["Tên khác"]
    workdays.remove(days, day, actor="an")
    assert workdays.calendar(days).works(day)
    with pytest.raises(NotFound):
        workdays.remove(days, day, actor="an")


@pytest.mark.parametrize(
    ("day", "name", "works"),
    [(D(2026, 11, 24), " ", False), (D(2026, 11, 24), "Làm bù", True), (D(1999, 1, 1), "a", False)],
)
def test_what_cannot_be_a_holiday_is_refused(days, day, name, works):
    with pytest.raises(BadValue):
        workdays.put(days, day, name, works=works, actor="an")


def test_a_deadline_beyond_measure_ends(days):
    assert workdays.calendar(days).after(D(2026, 1, 1), 10**9) < D(2035, 1, 1)
