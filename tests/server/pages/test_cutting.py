"""Cutting by hand on the review page: split, join, put in order, turn, and take it back."""

import re

import pytest
import sqlalchemy as sa

from archive.models import Cut, Document, PageRow, Scan, Task
from tests.server.desk import shelve


def two_pages(makers, derived=None):
    paper = shelve(makers, derived=derived)
    with makers.begin() as session:
        document = session.get(Document, paper)
        session.add(PageRow(scan_id=document.scan_id, number=2, source="ocr", width=1000, height=1414))
        document.pages = [1, 2]
    return paper


def read_again(makers):
    """What the line would do: the scans are read."""
    with makers.begin() as session:
        session.execute(sa.update(Scan).values(status="review"))


def lists(makers):
    with makers() as session:
        return [document.pages for document in session.query(Document).order_by(Document.ordinal)]


def test_a_page_becomes_a_document_of_its_own_and_is_joined_again(desk, makers):
    van, paper = desk(), two_pages(makers)
    assert "Văn bản mới bắt đầu ở trang này" in van.page(f"/review/{paper}")
    answer = van.send(f"/documents/{paper}/split", {"from": "2"})
    assert answer.headers["Location"] == f"/review/{paper}?did=split"
    assert "Đã tách văn bản" in van.page(answer.headers["Location"]) and lists(makers) == [[1], [2]]
    with makers() as session:
        assert session.query(Task).count()
        other = session.query(Document).filter_by(ordinal=2).one().id
    assert "Ghép với phần trước" in van.page(f"/review/{other}")
    assert van.send(f"/documents/{paper}/merge", {"other": other}).status_code == 303
    assert lists(makers) == [[1, 2]]


def test_while_a_scan_is_read_again_its_pages_can_be_cut_but_nothing_can_be_confirmed(desk, makers):
    van, paper = desk(), two_pages(makers)
    van.send(f"/documents/{paper}/split", {"from": "2"})
    text = van.page(f"/review/{paper}")
    assert "Máy đang đọc lại" in text and 'id="review"' not in text and "Hoàn tác: tách văn bản" in text
    assert van.open(f"/review/{paper}/ready").status_code == 204
    read_again(makers)
    assert van.open(f"/review/{paper}/ready").status_code == 200
    text = van.page(f"/review/{paper}")
    assert 'id="review"' in text and "Văn bản 1 / 2 của bản quét" in text


def test_pages_change_places_and_a_split_follows_their_order(desk, makers):
    van, paper = desk(), two_pages(makers)
    assert van.send(f"/documents/{paper}/move", {"page": "2", "step": "-1"}).status_code == 303
    assert lists(makers) == [[2, 1]]
    text = van.page(f"/review/{paper}")
    assert text.index("pages/2.webp") < text.index("pages/1.webp") and "trang 2 của bản quét" in text
    van.send(f"/documents/{paper}/split", {"from": "1"})
    assert sorted(lists(makers)) == [[1], [2]]
    for _twice in range(2):
        van.send(f"/documents/{paper}/undo")
    assert lists(makers) == [[1, 2]]


def test_a_turned_page_has_a_new_address_and_a_new_picture(app, desk, makers):
    derived = app.extensions["vanthu"].derived
    van, paper = desk(), two_pages(makers, derived)
    before = van.page(f"/review/{paper}")
    assert f'src="/documents/{paper}/pages/1.webp"' in before
    assert van.send(f"/documents/{paper}/turn", {"page": "1", "by": "90"}).headers["Location"].endswith("did=turned")
    after = van.page(f"/review/{paper}")
    assert f'src="/documents/{paper}/pages/1.webp?turned=90" width="2339" height="1654"' in after
    with makers() as session:
        scan = session.query(Scan).one()
        assert derived.get(scan.id, "1.webp") is None  # drawn again when it is asked for
    read_again(makers)
    assert f"/documents/{paper}/pages/1.thumb.webp?turned=90" in van.page("/")
    van.send(f"/documents/{paper}/undo")
    with makers() as session:
        assert session.query(PageRow).filter_by(number=1).one().turned is None
        assert [cut.undone for cut in session.query(Cut)] == [True]


def test_what_happened_to_the_pages_stands_in_the_history(desk, makers):
    van, paper = desk(), two_pages(makers)
    van.send(f"/documents/{paper}/move", {"page": "2", "step": "-1"})
    van.send(f"/documents/{paper}/turn", {"page": "2", "by": "180"})
    van.send(f"/documents/{paper}/undo")
    text = van.page(f"/documents/{paper}")
    for words in ("Đã xếp lại trang", "Đã xoay trang", "Đã hoàn tác"):
        assert words in text


@pytest.mark.parametrize(
    ("what", "given"),
    [("split", {"from": start}) for start in ("1", "9", "x", "")]
    + [("turn", {"page": "1", "by": by}) for by in ("45", "x", "99999999")]
    + [("turn", {"page": "3", "by": "90"}), ("move", {"page": "3", "step": "1"})],
)
def test_a_cut_that_cannot_be_is_refused_in_words(desk, makers, what, given):
    van, paper = desk(), two_pages(makers)
    answer = van.send(f"/documents/{paper}/{what}", given)
    assert answer.status_code == 422 and "trang 1, 2" in answer.text
    assert lists(makers) == [[1, 2]]


def test_who_may_not_and_what_may_not_be_cut(desk, makers):
    van, paper = desk(), two_pages(makers)
    assert van.send(f"/documents/{paper}/merge", {"other": paper}).status_code == 422
    assert van.send(f"/documents/{paper}/merge", {"other": "nobody00"}).status_code == 404
    assert van.send(f"/documents/{paper}/undo").status_code == 409
    leader = desk("leader")
    for what in ("split", "merge", "move", "turn", "undo"):
        assert leader.send(f"/documents/{paper}/{what}", {"from": "2"}).status_code == 403
    van.decide(paper)
    assert van.send(f"/documents/{paper}/split", {"from": "2"}).status_code == 409


def test_a_page_shown_before_somebody_else_cut_it_changes_nothing(desk, makers):
    van, mai, paper = desk("clerk"), desk("admin"), two_pages(makers)
    version = re.search(r'name="version" value="(\d+)"', van.page(f"/review/{paper}"))[1]
    mai.send(f"/documents/{paper}/move", {"page": "2", "step": "-1"})
    answer = van.send(f"/documents/{paper}/split", {"from": "2", "version": version})
    assert answer.status_code == 409 and "người khác" in answer.text and lists(makers) == [[2, 1]]
