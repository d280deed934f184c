"""Việc của đơn vị: what a unit has to do, and each step from its page, over HTTP as a browser sends it."""

import datetime as dt

import pytest

from archive import handling, people, routing
from archive.handling import Given
from archive.models import Document, RouteRow, User
from archive.routing import Part
from tests.server.pages.test_routing import arrange

UNIT = "Phòng Văn xã"


@pytest.fixture
def given(makers):
    """`given(…)` is a paper that was given to Phòng Văn xã; (its id, the route's id)."""

    def give(due=None, **columns):
        (paper,) = arrange(makers)
        with makers.begin() as session:
            document = session.get(Document, paper)
            for name, value in columns.items():
                setattr(document, name, value)
            part = Part(UNIT, "lead", due, "Tham mưu trình ký")
            return paper, routing.distribute(session, document, [part], actor="sep")[0].id

    return give


def route(makers, route_id):
    with makers() as session:
        return session.get(RouteRow, route_id)


def test_the_head_takes_a_paper_over_hands_it_to_a_person_and_it_is_finished(desk, makers, given):
    paper, number = given()
    head, staff = desk("head", UNIT), desk("staff", UNIT)
    text = head.page("/inbox")
    assert "471/UBND-VX" in text and "Tham mưu trình ký" in text and "chưa nhận" in text
    answer = head.send(f"/routes/{number}/receive", {"back": "/inbox?show=new"})
    assert answer.headers["Location"] == "/inbox?show=new"
    with makers() as session:
        person = session.query(User).filter_by(role="staff").one().id
    answer = head.send(f"/routes/{number}/assign", {"person": person, "due": "3", "note": "làm giúp"})
    assert answer.headers["Location"] == f"/documents/{paper}#xu-ly"
    assert "giao cho bạn" in staff.page("/inbox?show=work")
    text = staff.page(f"/documents/{paper}")
    assert "làm giúp" in text and "/finish" in text and "/forward" not in text
    assert staff.send(f"/routes/{number}/finish", {"reply": "88/UBND-VX"}).status_code == 303
    assert (route(makers, number).state, route(makers, number).reply) == ("finished", "88/UBND-VX")
    assert "88/UBND-VX" in staff.page("/inbox?show=done") and "471/UBND-VX" not in staff.page("/inbox")
    trace = head.page(f"/documents/{paper}").split("Quá trình xử lý")[1]
    for words in ("Đã chuyển", "Đã nhận văn bản", "Đã giao người xử lý", "Đã kết thúc xử lý", "88/UBND-VX"):
        assert words in trace


def test_who_works_elsewhere_or_only_looks_makes_no_step(desk, makers, given):
    paper, number = given()
    for person in (desk("head", "Phòng Khác"), desk("auditor"), desk("leader"), desk("staff")):
        assert person.send(f"/routes/{number}/receive").status_code == 403
    staff = desk("staff", UNIT)
    assert staff.send(f"/routes/{number}/return", {"reason": "x"}).status_code == 403
    assert staff.send(f"/routes/{number}/dance").status_code == 404
    assert staff.send("/routes/999999/receive").status_code == 404
    assert route(makers, number).state == "decided"
    assert "/receive" not in desk("auditor", UNIT).page(f"/documents/{paper}")


def test_a_refused_step_says_why_and_keeps_what_was_typed(desk, makers, given):
    _paper, number = given(due=dt.date(2026, 11, 9))
    head = desk("head", UNIT)
    answer = head.send(f"/routes/{number}/forward", {"unit": UNIT, "reason": "thuộc phòng bạn"})
    assert answer.status_code == 422 and "chính đơn vị" in answer.text and "thuộc phòng bạn" in answer.text
    head.send(f"/routes/{number}/receive")
    answer = head.send(f"/routes/{number}/ask", {"due": "1/11/2026", "reason": "chờ số liệu"})
    assert answer.status_code == 422 and "phải sau hạn" in answer.text and "chờ số liệu" in answer.text
    answer = head.send(f"/routes/{number}/ask", {"due": "hôm nào", "reason": "chờ số liệu"})
    assert answer.status_code == 422 and "Không hiểu ngày" in answer.text


def test_of_two_people_of_a_unit_the_second_is_told(desk, makers, given):
    _paper, number = given()
    head, staff = desk("head", UNIT), desk("staff", UNIT)
    shown = route(makers, number).version
    assert staff.send(f"/routes/{number}/receive", {"version": shown}).status_code == 303
    answer = head.send(f"/routes/{number}/return", {"version": shown, "reason": "nhầm"})
    assert answer.status_code == 409 and "Người khác vừa làm một bước" in answer.text and "nhầm" in answer.text
    assert route(makers, number).state == "received"


def test_the_leader_gives_more_time_or_takes_the_paper_back(desk, makers, given):
    paper, number = given(due=dt.date(2026, 11, 9))
    head, lan = desk("head", UNIT), desk("leader")
    head.send(f"/routes/{number}/receive")
    head.send(f"/routes/{number}/ask", {"due": "16/11/2026", "reason": "chờ số liệu"})
    text = lan.page("/routing")
    assert "Xin gia hạn" in text and "chờ số liệu" in text
    answer = lan.send(f"/routes/{number}/extend", {"due": "13/11/2026", "reason": "đồng ý", "back": "/routing"})
    assert answer.headers["Location"] == "/routing"
    assert route(makers, number).due == dt.date(2026, 11, 13)
    assert "trước là" in head.page(f"/documents/{paper}")
    assert lan.send(f"/routes/{number}/recall", {"reason": "giao nhầm"}).status_code == 303
    assert "471/UBND-VX" not in head.page("/inbox")


def test_the_clerk_writes_down_who_signed_on_paper(desk, makers, given):
    _paper, number = given()
    van = desk()
    assert van.send(f"/routes/{number}/receive", {"receiver": "Nguyễn Thị Lan"}).status_code == 303
    assert route(makers, number).received_by == "Nguyễn Thị Lan" and "Nguyễn Thị Lan" in van.page("/register")


def test_urgent_papers_stand_first_and_lanes_hold_what_their_names_say(desk, makers):
    papers = arrange(makers, registered=4)
    days = [dt.date(2020, 1, 6), dt.date(2099, 1, 5), None, None]
    with makers.begin() as session:
        session.get(Document, papers[2]).urgency = "Hỏa tốc"
        for paper, due in zip(papers, days, strict=True):
            routing.decide(session, session.get(Document, paper), UNIT, "lead", due, actor="sep")
    head = desk("head", UNIT)
    text = head.page("/inbox")
    order = [text.index(f"/documents/{paper}") for paper in (papers[2], papers[0], papers[1], papers[3])]
    assert order == sorted(order) and "1 văn bản quá hạn" in text
    assert 'Việc của đơn vị<span class="n">4</span>' in text  # three are new, the late one, too
    late = head.page("/inbox?show=late")
    assert papers[0] in late and papers[1] not in late and "quá hạn" in late
    assert papers[0] not in head.page("/inbox?show=soon")
    nowhere = desk("staff").page("/inbox")
    assert "bạn chưa thuộc đơn vị nào" in nowhere and papers[0] not in nowhere


def test_a_unit_that_gave_back_a_secret_paper_sees_it_no_more(desk, makers, given):
    paper, number = given(secrecy="Mật")
    head = desk("head", UNIT)
    assert head.open(f"/documents/{paper}").status_code == 200
    head.send(f"/routes/{number}/return", {"reason": "không thuộc thẩm quyền"})
    assert head.open(f"/documents/{paper}").status_code == 404


def test_the_other_units_of_a_finished_paper_have_nothing_left_to_do(desk, makers, given):
    paper, number = given()
    with makers.begin() as session:
        routing.decide(session, session.get(Document, paper), "Phòng Nội chính", "support", actor="sep")
        lead = session.get(RouteRow, number)
        for name in ("receive", "finish"):
            handling.move(session, lead, name, Given(note="xong"), actor="hoa")
    other = desk("head", "Phòng Nội chính")
    assert "471/UBND-VX" not in other.page("/inbox") and "471/UBND-VX" in other.page("/inbox?show=done")


def test_names_that_are_markup_stay_text(desk, makers, given):
    paper, number = given()
    with makers.begin() as session:
        people.add_user(session, "gian", "head", UNIT, "mat khau dai", full_name="<b>Gian</b>")
        handling.move(session, session.get(RouteRow, number), "receive", Given(receiver="<b>Gian</b>"), actor="gian")
    text = desk("head", UNIT).page(f"/documents/{paper}")
    assert "&lt;b&gt;Gian" in text and "<b>Gian" not in text
