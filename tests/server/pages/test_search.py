"""One box: marks optional, the address holds everything, nobody finds what he may not see."""

import re

import pytest

from archive.models import Document, Outbox
from archive.search.indexing import rebuild
from tests.server.desk import shelve

TEXT = "Thực hiện Thông báo kết luận số 172-TB/TW về công tác phòng, chống dịch bệnh Covid-19"


@pytest.fixture
def filled(app, makers):
    """Two papers in the index: one in the book, one under review."""
    registered = shelve(makers, status="registered")
    waiting = shelve(makers, number="472")
    with makers.begin() as session:
        for paper in (registered, waiting):
            session.get(Document, paper).text = TEXT
            session.add(Outbox(document_id=paper))
    here = app.extensions["vanthu"]
    rebuild(makers, here.search)
    yield registered, waiting
    here.search.close()


def test_words_are_found_without_marks_and_marked_in_the_snippet(desk, filled):
    text = desk().page("/search?q=phong chong dich")
    assert re.search(r"<mark>phòng</mark>", text) and "471/UBND-VX" in text and "472/UBND-VX" in text


def test_a_code_is_found_in_any_spelling(desk, filled):
    text = desk().page("/search?q=472 ubnd vx")
    assert f"/documents/{filled[1]}" in text


def test_facets_narrow_and_can_be_left_again(desk, filled):
    van = desk()
    text = van.page("/search?q=covid")
    facet = re.search(r'href="([^"]*status=registered[^"]*)"', text)[1].replace("&amp;", "&")
    narrowed = van.page(facet)
    assert f"/documents/{filled[0]}" in narrowed and f"/documents/{filled[1]}" not in narrowed
    assert re.search(r'href="/search\?q=covid" aria-current="true"', narrowed)


def test_nobody_finds_what_he_may_not_see_not_even_as_a_count(desk, filled):
    text = desk("staff").page("/search?q=covid")
    assert filled[1] not in text and "472" not in text and "1 kết quả" in text


def test_a_question_that_cannot_be_understood_is_answered_with_why(desk, filled):
    van = desk()
    assert "không phải là ngày" in van.page("/search?q=covid&from=hom-qua")
    assert "Không có cách sắp xếp" in van.page("/search?q=covid&sort=x")
    assert "Không tìm thấy" in van.page("/search?q=xyzxyz")


def test_an_empty_box_says_how_to_search(desk):
    assert "có thể bỏ dấu" in desk().page("/search")
