"""What the office counts: arrivals, deadlines, the machine's errors; each number against rows set by hand."""

import datetime as dt

import pytest

from archive import accuracy, punctuality, reports, review
from archive.errors import BadValue
from archive.models import Confirmation, RegisterEntry, RouteRow, Unit
from archive.reports import Asked, Counted
from tests.archive import offices

MARCH = Asked(dt.date(2026, 3, 1), dt.date(2026, 3, 31))
AT = dt.datetime(2026, 3, 2, 2, tzinfo=dt.UTC)
TODAY = dt.date(2026, 4, 10)


@pytest.fixture
def session(sessions):
    with sessions.begin() as session:
        session.add_all([Unit(id="vx", name="Phòng Văn xã"), Unit(id="th", name="Phòng Tổng hợp")])
        session.flush()
        yield session


def arrive(session, number, day, *, minutes=10, **columns):
    """A paper in the book; its scan came at AT."""
    columns = {"status": "registered", "document_type": "Công văn", "issuing_organ": "Sở Y tế"} | columns
    scan = offices.scan(session, received_at=AT)
    paper = offices.document(session, scan, **columns)
    line(session, number, day, paper, at=AT + dt.timedelta(minutes=minutes))
    return paper


def line(session, number, day, paper=None, at=AT, status="registered"):
    session.add(
        RegisterEntry(
            book_id="den", year=day.year, number=number, arrived_on=day, document_id=paper and paper.id, status=status,
            issuer=(paper and paper.issuing_organ) or "", registered_at=at,
        )
    )  # fmt: skip
    session.flush()


def lead(session, paper, due, *, state="decided", closed=None, unit="vx", decided=AT, role="lead"):
    row = RouteRow(document_id=paper.id, unit_id=unit, unit=unit, role=role, state=state, due=due, closed_at=closed,
                   decided_at=decided)  # fmt: skip
    session.add(row)
    session.flush()


def day(number):
    return dt.date(2026, 3, number)


def test_arrivals_are_counted_by_day_and_kind(session):
    arrive(session, 1, day(2), unit_id="vx")
    arrive(session, 2, day(2), document_type="Quyết định", urgency="Khẩn", issuing_organ="Sở Nội vụ")
    arrive(session, 3, dt.date(2026, 4, 1))
    line(session, 4, day(3), status="void")
    line(session, 5, day(31))
    told = reports.arrivals(session, offices.user(session), MARCH)
    assert (told.step, told.total, len(told.days)) == ("day", 3, 31)
    assert {when: n for when, n in told.days if n} == {day(2): 2, day(31): 1}
    assert told.by["unit"] == [Counted("Phòng Văn xã", 1), Counted("", 2)]
    assert told.by["document_type"] == [Counted("Công văn", 1), Counted("Quyết định", 1), Counted("", 1)]
    assert told.by["urgency"] == [Counted("Khẩn", 1), Counted("", 2)]
    assert told.by["issuer"] == [Counted("Sở Nội vụ", 1), Counted("Sở Y tế", 1), Counted("", 1)]
    assert reports.arrivals(session, offices.user(session), Asked(day(1), day(31), "vx")).total == 1


def test_weeks_begin_on_monday_and_the_year_before_stands_beside(session):
    arrive(session, 1, day(1))  # a Sunday
    arrive(session, 2, day(2))
    arrive(session, 7, dt.date(2025, 3, 2))
    told = reports.arrivals(session, offices.user(session), MARCH, "week")
    assert told.days[:2] == [(dt.date(2026, 2, 23), 1), (day(2), 1)]
    assert told.before[:2] == [0, 1]
    year = reports.arrivals(session, offices.user(session), Asked(dt.date(2025, 1, 1), dt.date(2026, 12, 31)))
    assert (year.step, len(year.days), year.total) == ("month", 24, 3)


def test_a_report_of_many_years_is_by_year(session):
    told = reports.arrivals(session, offices.user(session), Asked(dt.date(1990, 1, 1), dt.date(2026, 12, 31)), "day")
    assert (told.step, len(told.days)) == ("year", 37)
    with pytest.raises(BadValue):
        Asked(day(2), day(1))


def test_more_than_twelve_names_are_counted_together(session):
    for number in range(1, 15):
        arrive(session, number, day(2), issuing_organ=f"Sở {number:02}")
    told = reports.arrivals(session, offices.user(session), MARCH).by["issuer"]
    assert len(told) == 13 and told[-1] == Counted(None, 2)


def test_nobody_counts_what_they_may_not_see(session):
    arrive(session, 1, day(2))
    secret = arrive(session, 2, day(2), secrecy="Mật")
    line(session, 3, day(2))
    lead(session, secret, day(5), unit="th")
    lead_of_other = offices.user(session, "staff", unit_id="vx")
    own = offices.user(session, "staff", unit_id="th")
    everybody = offices.user(session, "clerk")
    assert [reports.arrivals(session, who, MARCH).total for who in (lead_of_other, own, everybody)] == [1, 2, 3]
    late = [punctuality.handling(session, who, MARCH, TODAY).total.overdue for who in (lead_of_other, own, everybody)]
    assert late == [0, 1, 1]
    assert reports.arrivals(session, offices.user(session, "it"), MARCH).total == 0


def test_a_deadline_ends_at_midnight_in_hanoi(session):
    for number, closed in enumerate(
        [dt.datetime(2026, 3, 10, 16, 59, tzinfo=dt.UTC), dt.datetime(2026, 3, 10, 17, 0, tzinfo=dt.UTC)], 1
    ):
        lead(session, arrive(session, number, day(2)), day(10), state="finished", closed=closed)
    told = punctuality.handling(session, offices.user(session), MARCH, TODAY)
    assert (told.total.on_time, told.total.late) == (1, 1)


def test_deadlines_are_kept_late_open_or_overdue_by_unit_and_month(session):
    papers = [arrive(session, number, day(2)) for number in range(1, 7)]
    lead(session, papers[0], day(10), state="finished", closed=AT)
    lead(session, papers[1], day(10), unit="th")
    lead(session, papers[1], day(10), unit="vx", role="support")
    lead(session, papers[2], dt.date(2026, 4, 10), state="received")
    lead(session, papers[3], None)
    lead(session, papers[4], day(10), state="suggested")
    lead(session, papers[5], day(10), state="returned")
    both = Asked(day(1), dt.date(2026, 4, 30))
    told = punctuality.handling(session, offices.user(session), both, TODAY)
    kept = punctuality.Kept
    assert told.by_unit == {"Phòng Tổng hợp": kept(overdue=1), "Phòng Văn xã": kept(on_time=1, open=1)}
    assert told.by_month == {day(1): kept(on_time=1, overdue=1), dt.date(2026, 4, 1): kept(open=1)}
    assert told.undated == 1
    late = punctuality.overdue(session, offices.user(session), both, TODAY)
    assert [(one.document, one.unit, one.due) for one in late] == [(papers[1], "th", day(10))]
    assert punctuality.handling(session, offices.user(session), Asked(day(1), day(31), "th"), TODAY).total.total == 1


def test_the_pace_is_the_median_of_minutes(session):
    for number, minutes in enumerate([4, 9, 500], 1):
        paper = arrive(session, number, day(2), minutes=minutes)
        if number < 3:
            lead(session, paper, None, decided=AT + dt.timedelta(minutes=100 * number))
    told = reports.pace(session, offices.user(session), MARCH)
    assert (told.to_register, told.to_hand_over) == (9, 100)
    april = reports.Asked(dt.date(2026, 4, 1), dt.date(2026, 4, 30))
    assert reports.pace(session, offices.user(session), april) == reports.Pace(None, None)


def said(session, at, **values):
    fields = {name: offices.field(value, sure=sure) for name, (value, sure, _right) in values.items()}
    paper = offices.document(session, fields=fields)
    review.correct(session, paper, {name: right for name, (_, _, right) in values.items()}, actor="lan", at=at)
    return paper


def test_what_was_sure_and_corrected_comes_first(session):
    paper = said(
        session, AT, number=("41", True, "47"), subject=("về dịch", False, "về dịch bệnh"),
        place=(None, False, "Sóc Trăng"), signer_name=("Trần Văn Mẫu", True, "Trần Văn Mẫu"),
    )  # fmt: skip
    said(session, dt.datetime(2026, 3, 31, 17, 0, tzinfo=dt.UTC), number=("1", True, "2"))  # April in Hanoi
    user = offices.user(session)
    told = accuracy.machine(session, user, MARCH)
    assert next(iter(told.by_field)) == "number"
    assert told.by_field["number"] == accuracy.Accuracy(corrected=1, sure_and_corrected=1)
    assert told.by_field["place"] == accuracy.Accuracy(added=1)
    assert told.by_field["signer_name"].right == 1.0 and told.by_field["place"].right is None
    assert (told.total.corrected, told.total.sure_and_corrected) == (2, 1)
    assert told.by_plugin["national"].sure_and_corrected == 1
    wrong = accuracy.wrong(session, user, MARCH)
    assert [(one.document, one.confirmation.field, one.confirmation.machine) for one in wrong] == [
        (paper, "number", "41")
    ]


def test_what_a_person_takes_back_is_no_error_of_the_machine(session):
    paper = said(session, AT, subject=("về dịch", True, "về địch"))
    review.correct(session, paper, {"subject": "về dịch"}, actor="lan", at=AT)
    row = session.get(Confirmation, (paper.id, "subject"))
    assert (row.outcome, row.sure, row.source) == ("kept", True, "national 1.0")
