"""Who has a paper: what a person decided, in the book's columns too."""

import datetime as dt

import pytest

from archive import register, routing
from archive.errors import BadValue, Conflict
from archive.models import RouteRow
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


def test_only_one_unit_leads_and_a_unit_has_one_route(sqlite_sessions):
    with sqlite_sessions.begin() as session:
        paper, _ = registered(session)
        first = routing.decide(session, paper, "Phòng Văn xã", actor="sep", at=NOW)
        routing.decide(session, paper, "Phòng Tổng hợp", actor="sep", at=NOW)
        assert first.role == "support"
        assert routing.decide(session, paper, "phòng văn xã", "inform", actor="sep", at=NOW) is first
        assert session.query(RouteRow).count() == 2
        assert paper.unit_id == "phong_tong_hop"


def test_a_paper_that_is_not_in_the_book_obliges_nobody(sqlite_sessions):
    with sqlite_sessions.begin() as session, pytest.raises(Conflict, match="vào sổ"):
        routing.decide(session, offices.document(session), "Phòng Văn xã", actor="sep", at=NOW)


def test_a_role_that_does_not_exist_is_refused(sqlite_sessions):
    with sqlite_sessions.begin() as session, pytest.raises(BadValue):
        routing.decide(session, registered(session)[0], "Phòng Văn xã", "boss", actor="sep", at=NOW)
