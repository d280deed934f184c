"""Who stands in for whom: what it gives, for which days, and what it never gives."""

import datetime as dt
import json

import pytest
import sqlalchemy as sa

from archive import access, delegation, history
from archive.errors import BadValue, Conflict, Forbidden, NotFound
from archive.models import Document, Event, RouteRow, Unit
from tests.archive import offices

MONDAY = dt.date(2026, 3, 2)
NOON = dt.datetime(2026, 3, 2, 5, tzinfo=dt.UTC)


@pytest.fixture
def session(office_sessions):
    with office_sessions.begin() as session:
        session.add_all([Unit(id="vx", name="Phòng VX"), Unit(id="th", name="Phòng TH")])
        session.flush()
        yield session


def person(session, role="staff", unit=None, **more):
    return offices.user(session, role, unit_id=unit, **more)


def give(session, giver, deputy, begins=MONDAY, days=4, **more):
    more = {"by": giver, "at": NOON} | more
    return delegation.give(session, giver, deputy, begins, begins + dt.timedelta(days), **more)


def test_a_deputy_holds_the_place_on_its_days_and_on_no_other(session):
    head, lan = person(session, "head", "vx"), person(session, "staff", "th")
    give(session, head, lan, ground="Quyết định số 12")
    held = {
        n: [place.of for place in delegation.resolve(session, lan, MONDAY + dt.timedelta(n)).stands_in]
        for n in range(-1, 6)
    }
    assert held == {-1: [], 0: [head.name], 1: [head.name], 2: [head.name], 3: [head.name], 4: [head.name], 5: []}


def test_a_deputy_may_what_the_place_allows_and_only_there(session):
    head, lan = person(session, "head", "vx"), person(session, "staff", "th")
    give(session, head, lan)
    paper = offices.document(session, status="routed", secrecy="Mật")
    route = RouteRow(document_id=paper.id, unit_id="vx", unit="Phòng VX", state="decided")
    session.add(route)
    session.flush()
    session.refresh(paper)
    assert not access.can(lan, "read", paper) and not access.can(lan, "assign", paper, route)
    delegation.resolve(session, lan, MONDAY)
    assert access.can(lan, "read", paper) and access.can(lan, "assign", paper, route)
    assert paper.id in session.scalars(sa.select(Document.id).where(access.visible(lan))).all()
    assert access.desks(lan) == {"vx", "th"}
    other = RouteRow(document_id=paper.id, unit_id="khac", unit="Khác", state="decided")
    assert not access.can(lan, "assign", paper, other)


def test_what_only_the_place_of_another_allows_is_told_with_both_names(session):
    boss, lan = person(session, "leader"), person(session, "staff", "th")
    give(session, boss, lan)
    delegation.resolve(session, lan, MONDAY)
    assert access.in_place_of(lan, "route") == boss.name
    assert access.in_place_of(lan, "handle") == access.in_place_of(lan, "users") == ""
    with history.in_place_of(access.in_place_of(lan, "route")):
        event = history.append(session, lan.name, "routed", "x", {"due": None})
    assert json.loads(event.data) == {"due": None, "for": boss.name}
    assert "for" not in json.loads(history.append(session, lan.name, "routed", "x").data)


@pytest.mark.parametrize("role", access.ROLES)
def test_only_leaders_heads_and_clerks_have_a_place_to_give(session, role):
    giver, deputy, admin = person(session, role, "vx"), person(session, "staff", "th"), person(session, "admin")
    if role in delegation.GIVERS:
        assert give(session, giver, deputy).made_by == giver.name
    else:
        with pytest.raises(BadValue):
            give(session, giver, deputy, by=admin)


@pytest.mark.parametrize("role", access.ROLES)
def test_neither_machine_nor_people_are_ever_delegated(session, role):
    admin, lan = person(session, "admin"), person(session, "staff", "th")
    giver = person(session, "leader")
    give(session, giver, lan, by=admin)
    giver.role = role  # whatever became of the giver since
    session.flush()
    delegation.resolve(session, lan, MONDAY)
    assert not any(access.can(lan, action) for action in access.OWN_ONLY)
    assert {place.role for place in lan.stands_in} <= set(delegation.GIVERS)


@pytest.mark.parametrize("role", ["it", "auditor", "admin"])
def test_who_may_stand_in_for_nobody(session, role):
    boss, other = person(session, "leader"), person(session, role)
    with pytest.raises(BadValue):
        give(session, boss, other)
    lan = person(session, "staff", "th")
    give(session, boss, lan)
    lan.role = role
    session.flush()
    assert delegation.resolve(session, lan, MONDAY).stands_in == ()


def test_what_was_received_is_not_given_further(session):
    boss, head, lan = person(session, "leader"), person(session, "head", "vx"), person(session, "staff", "th")
    give(session, boss, head)
    delegation.resolve(session, head, MONDAY)
    with pytest.raises(Forbidden):
        give(session, boss, lan, by=head)
    give(session, head, lan)
    places = delegation.resolve(session, lan, MONDAY).stands_in
    assert [(place.role, place.of) for place in places] == [("head", head.name)]


def test_a_place_ends_when_it_is_revoked_and_when_who_gave_it_leaves(session):
    boss, head, lan = person(session, "leader"), person(session, "head", "vx"), person(session, "staff", "th")
    first, _ = give(session, boss, lan), give(session, head, lan)
    with pytest.raises(NotFound):
        delegation.revoke(session, first.id, by=lan)
    for _again in range(2):
        delegation.revoke(session, first.id, by=boss, at=NOON)
    assert [place.of for place in delegation.resolve(session, lan, MONDAY).stands_in] == [head.name]
    head.active = False
    session.flush()
    assert delegation.resolve(session, lan, MONDAY).stands_in == ()
    told = session.scalars(sa.select(Event.action).order_by(Event.seq)).all()
    assert told == ["delegated", "delegated", "delegation_revoked"]
    with pytest.raises(NotFound):
        delegation.revoke(session, "0" * 32, by=boss)


def test_days_that_cannot_be_and_people_who_cannot_are_refused(session):
    boss, lan = person(session, "leader"), person(session, "staff", "th")
    for days, begins in ((-1, MONDAY), (0, MONDAY - dt.timedelta(1)), (367, MONDAY)):
        with pytest.raises(BadValue):
            give(session, boss, lan, begins, days)
    with pytest.raises(BadValue):
        give(session, boss, boss)
    with pytest.raises(BadValue):
        give(session, boss, person(session, "staff", active=False))
    give(session, boss, lan)
    with pytest.raises(Conflict):
        give(session, boss, lan, MONDAY + dt.timedelta(4))
    give(session, boss, lan, MONDAY + dt.timedelta(5))


def test_each_sees_what_concerns_them(session):
    boss, head, lan = person(session, "leader"), person(session, "head", "vx"), person(session, "staff", "th")
    one, other = give(session, boss, lan), give(session, head, lan, MONDAY + dt.timedelta(20))
    assert delegation.listed(session) == delegation.listed(session, lan) == [other, one]
    assert delegation.listed(session, boss) == [one]
    assert [delegation.is_in_force(row, MONDAY) for row in (one, other)] == [True, False]
