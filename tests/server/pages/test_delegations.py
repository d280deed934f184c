"""Giao quyền at the desk: given on one's own page, felt at once on the other's, and gone when it is revoked."""

import json

import sqlalchemy as sa

from archive import routing
from archive.models import Delegation, Document, Event, RouteRow, User
from tests.server.desk import shelve

DAYS = {"begins": "1/1/2026", "ends": "31/12/2026"}


def id_of(makers, name):
    with makers() as session:
        return session.scalar(sa.select(User.id).where(User.name == name))


def secret_of(makers, unit):
    paper = shelve(makers, number="77", status="registered", secrecy="Mật")
    with makers.begin() as session:
        document = session.get(Document, paper)
        route = routing.decide(session, document, unit, actor="sep").id
    return paper, route


def test_a_head_gives_the_place_and_the_deputy_acts_with_both_names(desk, makers):
    head, lan = desk("head", "Phòng VX"), desk("staff", "Phòng TH")
    paper, route = secret_of(makers, "Phòng VX")
    assert lan.open(f"/documents/{paper}").status_code == 404
    deputy = id_of(makers, "staff-phòng-th")
    given = head.send("/delegations", {"deputy": deputy, "ground": "QĐ 12/QĐ-VX"} | DAYS)
    assert given.status_code == 303 and "QĐ 12/QĐ-VX" in head.page("/delegations")
    assert "đang có hiệu lực" in lan.page("/delegations") and "thay mặt head-phòng-vx" in lan.page("/inbox")
    assert "Phòng VX" in lan.page("/inbox?unit=phong_vx")
    shown = lan.page(f"/documents/{paper}")
    version = json.loads(shown.split('name="version" value=')[1].split(">")[0])
    assert lan.send(f"/routes/{route}/receive", {"version": version, "receiver": "người khác"}).status_code == 303
    with makers() as session:
        done = session.scalars(sa.select(Event).where(Event.action == "taken_over")).one()
        assert (done.actor, json.loads(done.data)["for"]) == ("staff-phòng-th", "head-phòng-vx")
        assert session.get(RouteRow, route).received_by == "staff-phòng-th"  # a deputy signs with the own name
        row = session.scalars(sa.select(Delegation)).one().id
    assert "staff-phòng-th thay mặt head-phòng-vx" in head.page(f"/documents/{paper}")
    assert lan.send(f"/delegations/{row}/revoke").status_code == 404
    assert head.send(f"/delegations/{row}/revoke").status_code == 303
    assert lan.open(f"/documents/{paper}").status_code == 404 and "thay mặt" not in lan.page("/inbox")


def test_nobody_gives_a_place_that_is_not_theirs(desk, makers):
    lan, head, chief = desk("staff", "Phòng TH"), desk("head", "Phòng VX"), desk("admin")
    boss, deputy = id_of(makers, "head-phòng-vx"), id_of(makers, "staff-phòng-th")
    assert lan.send("/delegations", {"giver": boss, "deputy": deputy} | DAYS).status_code == 403
    refused = head.send("/delegations", {"deputy": deputy, "begins": "x", "ends": ""})
    assert refused.status_code == 422 and "Không có gì bị đổi" in refused.text
    assert head.send("/delegations", {"deputy": "khong-co"} | DAYS).status_code == 422
    assert lan.open("/admin/delegations").status_code == 403
    assert chief.send("/delegations", {"giver": boss, "deputy": deputy} | DAYS).status_code == 303
    again = chief.send("/delegations", {"giver": boss, "deputy": deputy} | DAYS)
    assert again.status_code == 409 and "Thu hồi" in chief.page("/admin/delegations")


def test_a_key_of_a_program_gives_nothing_away(app, desk, makers):
    from archive import people

    desk("head", "Phòng VX")
    with makers.begin() as session:
        key = people.new_token(session, session.query(User).one(), "may", people.SCOPES)
    bearer = {"Authorization": f"Bearer {key}"}
    assert app.test_client().post("/delegations", data=DAYS, headers=bearer).status_code == 401
