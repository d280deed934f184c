"""Cutting by hand on the review page."""

from archive.models import Document, PageRow, Task
from tests.server.desk import shelve


def two_pages(makers):
    paper = shelve(makers)
    with makers.begin() as session:
        document = session.get(Document, paper)
        session.add(PageRow(scan_id=document.scan_id, number=2, source="ocr", width=1000, height=1414))
        document.pages = [1, 2]
    return paper


def test_a_page_becomes_a_document_of_its_own_and_is_joined_again(desk, makers):
    van, paper = desk(), two_pages(makers)
    assert "Văn bản mới bắt đầu ở trang này" in van.page(f"/review/{paper}")
    assert van.send(f"/documents/{paper}/split", {"from": "2"}).headers["Location"] == "/"
    with makers() as session:
        first, second = session.query(Document).order_by(Document.ordinal)
        assert (first.pages, second.pages) == ([1], [2]) and session.query(Task).count()
        other = second.id
    assert "Ghép với phần trước" in van.page(f"/review/{other}")
    assert van.send(f"/documents/{paper}/merge", {"other": other}).status_code == 303
    with makers() as session:
        assert session.query(Document).one().pages == [1, 2]


def test_a_cut_that_cannot_be_is_refused_in_words(desk, makers):
    van, paper = desk(), two_pages(makers)
    for start in ("1", "9", "x", ""):
        assert van.send(f"/documents/{paper}/split", {"from": start}).status_code == 422
    assert van.send(f"/documents/{paper}/merge", {"other": paper}).status_code == 422
    assert van.send(f"/documents/{paper}/merge", {"other": "nobody00"}).status_code == 404
    van.decide(paper)
    assert van.send(f"/documents/{paper}/split", {"from": "2"}).status_code == 409
    assert desk("leader").send(f"/documents/{paper}/split", {"from": "2"}).status_code == 403
