"""Khóa sổ ngày at the desk."""

from archive import register, register_days
from archive.models import Document
from server.pages import sheet
from tests.server.desk import shelve

TODAY = sheet.today()


def enter(makers, number=None):
    paper = shelve(makers)
    with makers.begin() as session:
        register.register(session, session.get(Document, paper), "den", TODAY, number, actor="van")
    return paper


def test_a_clerk_closes_the_day_and_a_leader_opens_it_with_a_reason(desk, makers):
    paper = enter(makers)
    van, chief = desk(), desk("leader")
    assert "có 1 dòng: từ số 1 đến số 1" in van.page("/register/days")
    form = {"book": "den", "day": f"{TODAY:%d/%m/%Y}"}
    assert chief.send("/register/days/close", form).status_code == 403
    assert van.send("/register/days/close", form).status_code == 303
    with makers() as session:
        assert register_days.closed_until(session, "den", TODAY.year) == TODAY
    assert f"khóa đến hết ngày {TODAY:%d/%m/%Y}" in van.page("/register/days")
    refused = van.send(f"/register/{TODAY.year}/1/void", {"reason": "nhầm"})
    assert refused.status_code == 409 and "mở lại ngày" in refused.text
    assert van.send("/register/days/reopen", form | {"reason": "sửa"}).status_code == 403
    assert chief.send("/register/days/reopen", form | {"reason": " "}).status_code == 422
    assert chief.send("/register/days/reopen", form | {"reason": "sửa tác giả"}).status_code == 303
    assert "Đã mở lại" in van.page("/register/days")
    assert van.send(f"/register/{TODAY.year}/1/void", {"reason": "nhầm"}).status_code == 303
    assert "Đã huỷ số" in van.page(f"/documents/{paper}")


def test_a_day_with_numbers_that_wait_says_why_it_stays_open(desk, makers):
    enter(makers, 3)
    van = desk()
    assert "Còn 2 số đang chờ" in van.page("/register/days")
    refused = van.send("/register/days/close", {"book": "den", "day": f"{TODAY:%d/%m/%Y}"})
    assert refused.status_code == 409 and "2 số đang chờ" in refused.text


def test_a_day_that_is_none_is_refused(desk):
    refused = desk().send("/register/days/close", {"book": "den", "day": "hôm kia"})
    assert refused.status_code == 422 and "Không hiểu ngày" in refused.text
