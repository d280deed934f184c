"""What is not as it should be in the book, and voiding what waits."""

from archive import register
from archive.models import Document, RegisterEntry
from server.pages import sheet
from tests.server.desk import shelve

YEAR = sheet.today().year


def enter(makers, number=None, code="471"):
    paper = shelve(makers, number=code)
    with makers.begin() as session:
        register.register(session, session.get(Document, paper), "den", sheet.today(), number, actor="van")


def test_a_book_without_a_gap_says_so(desk, makers):
    enter(makers)
    assert "Sổ liền số" in desk().page("/register/numbers")


def test_awaited_numbers_are_listed_and_voided_as_a_range(desk, makers):
    enter(makers, 6)
    van = desk()
    text = van.page("/register/numbers")
    assert "Số đang chờ văn bản (5)" in text and "1–5" in text
    form = {"book": "den", "year": str(YEAR), "first": "2", "last": "4", "reason": "đóng dấu nhầm"}
    refused = van.send("/register/numbers/void", form | {"reason": " "})
    assert refused.status_code == 422 and "phải nêu lý do" in refused.text and 'role="alert"' in refused.text
    assert van.send("/register/numbers/void", form | {"first": "hai"}).status_code == 422
    assert van.send("/register/numbers/void", form).status_code == 303
    with makers() as session:
        status = [e.status for e in session.query(RegisterEntry).order_by(RegisterEntry.number)]
    assert status == ["awaited", "void", "void", "void", "awaited", "registered"]
    text = van.page("/register/numbers")
    assert "Số đã huỷ (3)" in text and text.count("đóng dấu nhầm") == 3


def test_a_paper_that_stands_twice_is_shown_with_both_numbers(desk, makers):
    enter(makers)
    enter(makers, code="0471")
    text = desk().page("/register/numbers")
    assert "Có thể một văn bản vào sổ hai lần (1)" in text and "cùng số, ký hiệu và nơi gửi" in text
    assert "số 1:" in text and "số 2:" in text


def test_only_who_may_void_voids(desk, makers):
    enter(makers, 3)
    form = {"book": "den", "year": str(YEAR), "first": "1", "last": "2", "reason": "x"}
    leader = desk("leader")
    assert leader.send("/register/numbers/void", form).status_code == 403
    assert "Huỷ số" not in leader.page("/register/numbers")
