"""Điều phối: who gets a paper that is in the book, decided on one screen."""

import datetime as dt

from archive import history, people, register
from archive.models import Document, RouteRow
from archive.workdays import today
from tests.server.desk import shelve

UNITS = ("Phòng Tổng hợp", "Phòng Văn xã", "Phòng Nội chính")


def arrange(makers, *, registered=1, suggestions=(), **columns):
    """Units, and papers in the book as the line leaves them; their ids in order of arrival."""
    with makers.begin() as session:
        for name in UNITS:
            people.unit_named(session, name)
    papers = []
    for n in range(registered):
        paper = shelve(makers, number=str(471 + n), **columns)
        papers.append(paper)
        with makers.begin() as session:
            row = session.get(Document, paper)
            register.register(session, row, "den", today(row.created_at), actor="van")
            for unit, role, days in suggestions:
                said = {"reason": "Văn xã", "confidence": 0.8, "source": "soc_trang 1.0"}
                session.add(RouteRow(document_id=paper, unit=unit, role=role, days=days, **said))
    return papers


def test_a_paper_in_the_book_is_sent_to_a_unit_and_stands_there(desk, makers):
    van, lan, paper = desk(), desk("leader"), shelve(makers)
    van.decide(paper)
    assert "471/UBND-VX" in lan.page("/routing")
    given = {"lead": "Phòng Tổng hợp", "due": "5/4/2020", "instruction": "Tham mưu trước 05/4"}
    assert lan.send(f"/documents/{paper}/routes", given).status_code == 303
    text = lan.page(f"/routing?document={paper}")
    assert "Phòng Tổng hợp" in text and "05/04/2020" in text and "quá hạn" in text and "Tham mưu" in text
    assert "Phòng Tổng hợp" in van.page("/register")
    assert "471/UBND-VX" in desk("head", "Phòng Tổng hợp").page("/inbox")
    assert "471/UBND-VX" not in desk("head", "Phòng Khác").page("/inbox")


def test_what_is_suggested_fills_the_form_and_one_click_agrees(desk, makers):
    suggestions = [("Phòng Văn xã", "lead", 5), ("Phòng Nội chính", "support", None), ("Sở Y tế", "inform", None)]
    (paper,) = arrange(makers, suggestions=suggestions)
    lan = desk("leader")
    text = lan.page("/routing")
    assert "<option selected>Phòng Văn xã</option>" in text and "soc_trang 1.0" in text and "5 ngày làm việc" in text
    assert 'name="support" value="Phòng Nội chính" checked' in text and 'name="inform" value="Sở Y tế" checked' in text
    form = lan.form_of(text, "decide")
    assert lan.send(f"/documents/{paper}/routes", form).status_code == 303
    with makers() as session:
        decided = {one.unit: one for one in session.get(Document, paper).routes if one.state == "decided"}
        assert {name: one.role for name, one in decided.items()} == {
            "Phòng Văn xã": "lead", "Phòng Nội chính": "support", "Sở Y tế": "inform",
        }  # fmt: skip
        assert decided["Phòng Văn xã"].due > dt.date.today() and not decided["Sở Y tế"].due
    assert "Không còn văn bản nào chờ chuyển" in lan.page("/routing")


def test_another_suggestion_is_taken_with_one_click(desk, makers):
    (paper,) = arrange(makers, suggestions=[("Phòng Văn xã", "lead", 5), ("Phòng Nội chính", "lead", 3)])
    with makers() as session:
        other = next(one for one in session.get(Document, paper).routes if one.unit == "Phòng Nội chính")
    text = desk("leader").page(f"/routing?document={paper}&take={other.id}")
    assert "<option selected>Phòng Nội chính</option>" in text


def test_urgent_papers_stand_before_those_that_came_earlier(desk, makers):
    first, second = arrange(makers, registered=2)
    with makers.begin() as session:
        session.get(Document, second).urgency = "Hỏa tốc"
    text = desk("leader").page("/routing")
    assert text.index(f"document={second}") < text.index(f"document={first}") and "Hỏa tốc" in text
    assert 'Điều phối<span class="n">2</span>' in text


def test_the_deadline_the_paper_sets_is_offered_with_its_words(desk, makers):
    (paper,) = arrange(makers)
    with makers.begin() as session:
        session.get(Document, paper).text = "Đề nghị các sở báo cáo về UBND tỉnh trước ngày 15/12/2099."
    text = desk("leader").page("/routing")
    assert 'data-due="15/12/2099"' in text and "trước ngày 15/12/2099" in text


def test_a_refused_decision_leaves_what_was_typed(desk, makers):
    (paper,) = arrange(makers)
    lan = desk("leader")
    answer = lan.send(f"/documents/{paper}/routes", {"lead": "", "support": "Phòng Văn xã", "instruction": "gấp lắm"})
    assert answer.status_code == 422 and "phải có một đơn vị chủ trì" in answer.text
    assert "gấp lắm" in answer.text and 'value="Phòng Văn xã" checked' in answer.text
    wrong = lan.send(f"/documents/{paper}/routes", {"lead": "Phòng Văn xã", "due": "hôm nào đó"})
    assert wrong.status_code == 422 and "hôm nào đó" in wrong.text


def test_of_two_who_decide_at_once_the_second_is_told(desk, makers):
    (paper,) = arrange(makers)
    lan = desk("leader")
    shown = lan.form_of(lan.page(f"/routing?document={paper}"), "decide") | {"lead": "Phòng Văn xã"}
    assert lan.send(f"/documents/{paper}/routes", shown).status_code == 303
    answer = lan.send(f"/documents/{paper}/routes", shown | {"lead": "Phòng Nội chính"})
    assert answer.status_code == 409 and "vừa được người khác điều phối" in answer.text
    with makers() as session:
        assert [one.unit for one in session.get(Document, paper).routes] == ["Phòng Văn xã"]


def test_a_paper_that_came_back_says_who_gave_it_back_and_why(desk, makers):
    (paper,) = arrange(makers)
    lan, hoa = desk("leader"), desk("head", "Phòng Văn xã")
    lan.send(f"/documents/{paper}/routes", {"lead": "Phòng Văn xã"})
    with makers() as session:
        route = session.get(Document, paper).routes[0]
    assert hoa.send(f"/routes/{route.id}/return", {"reason": "không thuộc lĩnh vực"}).status_code == 303
    text = lan.page("/routing")
    assert "bị trả lại" in text and "Phòng Văn xã: không thuộc lĩnh vực" in text


def test_a_paper_that_is_not_in_the_book_is_not_sent(desk, makers):
    answer = desk("leader").send(f"/documents/{shelve(makers)}/routes", {"lead": "Phòng Tổng hợp"})
    assert answer.status_code == 409 and "chưa vào sổ" in answer.text


def test_staff_do_not_decide(desk, makers):
    paper = shelve(makers, status="registered")
    assert desk("staff").send(f"/documents/{paper}/routes", {"lead": "X"}).status_code == 403
    with makers() as session:
        assert not list(history.broken(session))
