"""Điều phối: who gets a paper that is in the book."""

from tests.server.desk import shelve


def test_a_paper_in_the_book_is_sent_to_a_unit_and_stands_there(desk, makers):
    van, lan, paper = desk(), desk("leader"), shelve(makers)
    van.decide(paper)
    assert "471/UBND-VX" in lan.page("/routing")
    given = {"unit": "Phòng Tổng hợp", "role": "lead", "due": "5/4/2020", "instruction": "Tham mưu trước 05/4"}
    assert lan.send(f"/documents/{paper}/routes", given).status_code == 303
    text = lan.page("/routing")
    assert "Phòng Tổng hợp" in text and "05/04/2020" in text and "quá hạn" in text and "Tham mưu" in text
    assert "Phòng Tổng hợp" in van.page("/register")
    assert "471/UBND-VX" in desk("head", "Phòng Tổng hợp").page("/routing")
    assert "471/UBND-VX" not in desk("head", "Phòng Khác").page("/routing")


def test_a_paper_that_is_not_in_the_book_is_not_sent(desk, makers):
    answer = desk("leader").send(f"/documents/{shelve(makers)}/routes", {"unit": "Phòng Tổng hợp"})
    assert answer.status_code == 409 and "chưa vào sổ" in answer.text


def test_staff_do_not_decide(desk, makers):
    paper = shelve(makers, status="registered")
    assert desk("staff").send(f"/documents/{paper}/routes", {"unit": "X"}).status_code == 403
