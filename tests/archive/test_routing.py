"""Who has a paper: what a person decided, in the book's columns too."""

import datetime as dt

import pytest

from archive import register, routing, urgency, workdays
from archive.errors import BadValue, Conflict
from archive.models import Event, RouteRow
from archive.routing import Part
from tests.archive import offices

NOW = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)


def registered(session):
    paper = offices.document(session)
    return paper, register.register(session, paper, "den", dt.date(2026, 3, 25), actor="lan", at=NOW)


def test_a_registered_paper_goes_to_the_unit_that_leads_and_the_book_says_so(sessions):
    with sessions.begin() as session:
        paper, entry = registered(session)
        due = dt.date(2026, 11, 9)
        route = routing.decide(session, paper, "Phòng Văn xã", "lead", due, "tham mưu", actor="sep", at=NOW)
        assert (route.state, route.due, route.decided_by) == ("decided", due, "sep")
        assert (paper.status, paper.unit_id) == ("routed", "phong_van_xa")
        assert (entry.recipient, entry.forwarded_on) == ("Phòng Văn xã", dt.date(2026, 11, 1))


def test_only_one_unit_leads_and_a_unit_has_one_route(office_sessions):
    with office_sessions.begin() as session:
        paper, _ = registered(session)
        first = routing.decide(session, paper, "Phòng Văn xã", actor="sep", at=NOW)
        routing.decide(session, paper, "Phòng Tổng hợp", actor="sep", at=NOW)
        assert first.role == "support"
        assert routing.decide(session, paper, "phòng văn xã", "inform", actor="sep", at=NOW) is first
        assert session.query(RouteRow).count() == 2
        assert paper.unit_id == "phong_tong_hop"


def test_a_paper_that_is_not_in_the_book_obliges_nobody(office_sessions):
    with office_sessions.begin() as session, pytest.raises(Conflict, match="vào sổ"):
        routing.decide(session, offices.document(session), "Phòng Văn xã", actor="sep", at=NOW)


def test_a_role_that_does_not_exist_is_refused(office_sessions):
    with office_sessions.begin() as session, pytest.raises(BadValue):
        routing.decide(session, registered(session)[0], "Phòng Văn xã", "boss", actor="sep", at=NOW)


def test_all_units_are_decided_at_once_and_who_is_left_out_loses_it(office_sessions):
    with office_sessions.begin() as session:
        paper, entry = registered(session)
        due = dt.date(2026, 11, 9)
        parts = [Part("Phòng Văn xã", "lead", due, "tham mưu"), Part("Phòng Tổng hợp", "support"), Part("Y", "inform")]
        routes = routing.distribute(session, paper, parts, actor="sep", at=NOW)
        assert [route.role for route in routes] == ["lead", "support", "inform"]
        assert entry.recipient == "Phòng Văn xã; phối hợp: Phòng Tổng hợp; để biết: Y"
        routing.distribute(session, paper, [Part("Phòng Tổng hợp"), Part("Y", "inform")], actor="sep", at=NOW)
        assert [(one.unit, one.state) for one in paper.routes] == [
            ("Phòng Văn xã", "recalled"), ("Phòng Tổng hợp", "decided"), ("Y", "decided"),
        ]  # fmt: skip
        assert entry.recipient == "Phòng Tổng hợp; để biết: Y" and paper.unit_id == "phong_tong_hop"
        assert [one.action for one in session.query(Event)][-3:] == ["routed", "routed", "recalled"]


def test_deciding_anew_leaves_the_person_the_unit_named(office_sessions):
    with office_sessions.begin() as session:
        paper, _ = registered(session)
        route = routing.decide(session, paper, "Phòng Văn xã", actor="sep", at=NOW)
        nam = offices.user(session, "staff", unit_id="phong_van_xa")
        routing.give_to(session, route, nam.id, "hoa", NOW)
        routing.distribute(session, paper, [Part("Phòng Văn xã", due=dt.date(2026, 12, 1))], actor="sep", at=NOW)
        assert (route.person_id, route.assigned_by) == (nam.id, "hoa")


def test_a_paper_with_a_new_number_is_still_with_the_unit_that_had_it(office_sessions):
    with office_sessions.begin() as session:
        paper, entry = registered(session)
        routing.decide(session, paper, "Phòng Văn xã", actor="sep", at=NOW)
        register.void(session, entry, "ghi nhầm ngày", "van", at=NOW)
        with pytest.raises(Conflict):
            routing.decide(session, paper, "Phòng Khác", actor="sep", at=NOW)
        again = register.register(session, paper, "den", dt.date(2026, 3, 25), actor="van", at=NOW)
        assert (paper.status, again.number, again.recipient) == ("routed", 2, "Phòng Văn xã")


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ([], "chủ trì"),
        ([Part("A"), Part("B")], "Chỉ một"),
        ([Part("A", "support")], "phải có một đơn vị chủ trì"),
        ([Part("A"), Part(" a ", "support")], "hai lần"),
    ],
)
def test_exactly_one_unit_leads(office_sessions, parts, word):
    with office_sessions.begin() as session, pytest.raises(BadValue, match=word):
        routing.distribute(session, registered(session)[0], parts, actor="sep", at=NOW)


def test_a_suggested_number_of_days_is_counted_with_holidays_and_an_urgent_paper_is_due_at_once(office_sessions):
    with office_sessions.begin() as session:
        calendar, came = workdays.calendar(session), dt.date(2026, 2, 13)
        route = RouteRow(unit="Phòng Văn xã", due=dt.date(2026, 2, 20), days=5)
        assert routing.due_of(route, came, calendar, None) == dt.date(2026, 2, 27)
        assert routing.due_of(route, came, calendar, "Hỏa tốc") == came
        assert routing.due_of(route, None, calendar, None) == dt.date(2026, 2, 20)
        assert routing.due_of(RouteRow(unit="x", due=None), came, calendar, "Khẩn") is None


def test_urgent_papers_stand_in_the_order_of_their_marks():
    marks = [None, "Khẩn", "Hỏa tốc", "Thượng khẩn", "hoả tốc hẹn giờ", "lạ"]
    assert sorted(marks, key=urgency.rank)[:2] == ["Hỏa tốc", "hoả tốc hẹn giờ"]
    assert [urgency.rank(mark) for mark in (None, "lạ", "Thượng khẩn")] == [3, 2, 1]
