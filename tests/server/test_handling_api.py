"""Handling over HTTP: all units at once, step by step with versions, the desk of a unit, the table of holidays."""

import datetime as dt

import pytest

from archive import people, register
from archive.models import User
from tests.archive import offices as rows

UNIT = "Phòng Văn xã"


@pytest.fixture
def office(office):
    with office.sessions.begin() as session:
        unit = people.unit_named(session, UNIT).id
        for user in session.query(User).filter(User.role.in_(("head", "staff"))):
            user.unit_id = unit
    return office


@pytest.fixture
def paper(office):
    with office.sessions.begin() as session:
        paper = rows.document(session, subject="về việc thử", urgency="Khẩn")
        register.register(session, paper, "den", dt.date(2026, 3, 25), actor="lan")
        return f"/api/v1/documents/{paper.id}"


def test_a_paper_goes_through_a_unit_and_each_step_names_the_version_it_was_meant_for(office, paper):
    tag = office.ask("GET", paper).headers["ETag"]
    parts = {"parts": [{"unit": UNIT, "due": "2026-12-01"}, {"unit": "Phòng Nội chính", "role": "support"}]}
    answer = office.ask("PUT", f"{paper}/routes", "leader", json=parts, headers={"If-Match": tag})
    lead, support = answer.json["routes"]
    assert (lead["role"], lead["due"], support["role"], lead["version"]) == ("lead", "2026-12-01", "support", 1)
    stale = office.ask("PUT", f"{paper}/routes", "leader", json={"parts": [{"unit": "X"}]}, headers={"If-Match": tag})
    assert stale.status_code == 412
    url = f"/api/v1/routes/{lead['id']}"
    first = office.ask("GET", url, "head").headers["ETag"]
    given = {"person": "staff_1", "due": "2026-11-27", "note": "làm giúp"}
    answer = office.ask("POST", f"{url}/assign", "head", json=given, headers={"If-Match": first})
    assert (answer.json["state"], answer.json["person"], answer.json["received_by"]) == (
        "received",
        "staff_1",
        "head_1",
    )
    assert (
        office.ask("POST", f"{url}/return", "head", json={"reason": "x"}, headers={"If-Match": first}).status_code
        == 412
    )
    assert office.ask("POST", f"{url}/return", "staff", json={"reason": "x"}).status_code == 403
    assert office.ask("POST", f"{url}/extend", "head", json={"reason": "x", "due": "2027-01-01"}).status_code == 403
    answer = office.ask("POST", f"{url}/finish", "staff", json={"reply": "88/UBND-VX"})
    assert answer.json["reply"] == "88/UBND-VX" and office.ask("GET", paper).json["status"] == "done"
    assert office.ask("POST", f"{url}/finish", "staff", json={"reply": "89"}).status_code == 409
    assert office.ask("POST", f"{url}/dance", "staff", json={}).status_code == 404
    assert office.ask("POST", f"{url}/reopen", "leader", json={"reason": "thiếu"}).json["state"] == "received"


def test_a_unit_sees_its_desk_and_not_that_of_others(office, paper):
    office.ask("PUT", f"{paper}/routes", "leader", json={"parts": [{"unit": UNIT, "due": "2020-01-06"}]})
    desk = office.ask("GET", "/api/v1/inbox", "head").json
    assert (desk["unit"], desk["counts"]["late"], len(desk["items"])) == (UNIT, 1, 1)
    assert desk["items"][0]["urgency"] == "Khẩn" and desk["items"][0]["left"] < -1000
    assert office.ask("GET", "/api/v1/inbox?show=done", "head").json["items"] == []
    assert office.ask("GET", "/api/v1/inbox?show=x", "head").status_code == 422
    with office.sessions.begin() as session:
        other = people.unit_named(session, "Phòng Khác").id
        session.query(User).filter_by(role="head").one().unit_id = other
    assert office.ask("GET", "/api/v1/inbox?unit=phong_van_xa", "head").json["items"] == []
    assert len(office.ask("GET", "/api/v1/inbox?unit=phong_van_xa", "clerk").json["items"]) == 1


def test_a_person_nobody_knows_is_refused(office, paper):
    parts = {"parts": [{"unit": UNIT, "person": "khong-co"}]}
    assert office.ask("PUT", f"{paper}/routes", "leader", json=parts).status_code == 422
    assert office.ask("GET", paper).json["status"] == "registered"


def test_holidays_are_read_by_all_and_changed_by_who_runs_the_machine(office):
    days = office.ask("GET", "/api/v1/holidays?year=2027", "staff").json["days"]
    assert {"day": "2027-02-06", "name": "Tết Nguyên đán", "works": False} in days
    put = office.ask("PUT", "/api/v1/holidays/2027-11-24", "it", json={"name": "Ngày Văn hóa Việt Nam"})
    assert put.json["works"] is False
    assert office.ask("DELETE", "/api/v1/holidays/2027-11-24", "admin").status_code == 204
    assert office.ask("DELETE", "/api/v1/holidays/2027-11-24", "admin").status_code == 404
    assert office.ask("PUT", "/api/v1/holidays/mai", "admin", json={"name": "x"}).status_code == 404
