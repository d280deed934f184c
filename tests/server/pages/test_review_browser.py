"""A real Chromium at review: from one paper to the next without a new page, two clerks, cutting, the telephone."""

import io

import pytest
import sqlalchemy as sa
from PIL import Image

from archive import presence, review
from archive.models import Document, PageRow, Scan, User
from tests.server.desk import settled, shelve
from tests.server.pages.test_browser import address, chromium, page

__all__ = ["address", "chromium", "page"]
pytestmark = pytest.mark.browser


@pytest.fixture
def papers(app, makers):
    """`papers("471", "472")`: papers with pictures, the last one first in the queue; `leaves` pages each."""
    out = io.BytesIO()
    Image.new("L", (400, 566), 240).save(out, "WEBP")

    def make(*numbers, leaves=1, **more):
        ids = [shelve(makers, number=number, **more) for number in numbers]
        with makers.begin() as session:
            for document in session.query(Document).filter(Document.id.in_(ids)):
                document.pages = list(range(1, leaves + 1))
                for leaf in document.pages:
                    app.extensions["vanthu"].derived.put(document.scan_id, f"{leaf}.webp", out.getvalue())
                    if leaf > 1:
                        session.add(PageRow(scan_id=document.scan_id, number=leaf, source="ocr", width=400, height=566))
        return ids

    return make


def focused(page):
    return page.evaluate("document.activeElement.name || document.activeElement.id || document.activeElement.tagName")


def left(page):
    return " ".join(page.locator("#left").inner_text().split())


def told(page, words):
    """Wait until a screen reader is told this."""
    page.wait_for_function("words => document.querySelector('#live').textContent.includes(words)", arg=words)


def doubtful():
    return {"number": settled("471", sure=False, confidence=0.6, others=[{"value": "417", "confidence": 0.3}])}


def test_registering_opens_the_next_paper_in_the_same_page(page, papers):
    third, second, first = papers("473", "472", "471", fields=doubtful())
    page.goto("/")
    page.evaluate("window.still = true")
    page.check("#ocr", force=True)
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/review/{second}?done=**")
    told(page, "số đến 1 năm")
    told(page, "1 ô cần xem")
    assert page.evaluate("window.still") and focused(page) == "f.number"
    assert page.is_checked("#ocr") and page.locator(".ocr").is_visible()  # what the clerk had chosen to see stays
    assert page.locator(f"#q-{first}").count() == 0 and page.locator("#queue [aria-current]").count() == 1
    assert page.input_value("[name='f.arrival']") == "2" and page.locator("nav.main .n").first.inner_text() == "2"
    assert page.locator("#trang-1 img").evaluate("img => img.complete && img.naturalWidth") == 400
    page.keyboard.press("Alt+s")
    page.wait_for_url(f"**/review/{third}")
    page.go_back()
    page.wait_for_selector(f"#review[action='/review/{second}']")
    assert page.evaluate("window.still")


def test_the_last_paper_leaves_an_empty_desk_and_says_so(page, papers):
    papers("471")
    page.goto("/")
    page.keyboard.press("Control+Enter")
    told(page, "Không có văn bản nào chờ kiểm tra")
    assert page.locator("#none").get_by_text("Đã vào sổ").is_visible()


def test_enter_goes_from_doubt_to_doubt_and_never_registers(page, papers):
    [paper] = papers("471", fields=doubtful() | {"subject": settled("về việc", sure=False, confidence=0.5)})
    page.goto("/")
    assert focused(page) == "f.number" and left(page) == "⚠ 2 ô cần xem"
    page.keyboard.press("Enter")
    assert focused(page) == "f.subject" and left(page) == "⚠ còn 1 ô cần xem"
    page.keyboard.press("Enter")
    assert focused(page) == "action" and left(page) == "✓ Đã xem hết"
    assert page.url.endswith("/") and page.locator(f"#review[action='/review/{paper}']").is_visible()


def test_a_key_held_down_registers_one_paper_and_no_unseen_one(page, papers):
    second, _first = papers("472", "471")
    page.goto("/")
    page.keyboard.down("Control")
    page.keyboard.down("Enter")
    page.wait_for_url(f"**/review/{second}?done=**")
    for _more in range(3):
        page.keyboard.down("Enter")  # what a browser tells of a key that is held
    page.wait_for_timeout(400)
    assert page.locator(f"#review[action='/review/{second}']").is_visible()


def test_a_second_copy_is_registered_by_keyboard_and_knowingly(page, papers):
    papers("471", "471")
    page.goto("/")
    page.keyboard.press("Control+Enter")
    page.locator("#error").wait_for()
    assert focused(page) == "anyway"
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    told(page, "Đã vào sổ")
    page.said[:] = [text for text in page.said if "409" not in text]


def test_what_was_typed_and_not_sent_is_there_again(page, papers):
    _second, first = papers("472", "471")
    page.goto("/")
    page.fill("[name='f.subject']", "gõ dở")
    page.keyboard.press("Alt+s")
    page.wait_for_url("**/review/*")
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    page.wait_for_url(f"**/review/{first}")
    told(page, "gõ dở lần trước")
    assert page.input_value("[name='f.subject']") == "gõ dở"


def test_a_lost_connection_loses_nothing_that_was_typed(page, papers):
    papers("472", "471")
    page.goto("/")
    page.fill("[name='f.subject']", "về việc khác")
    page.route("**/review/*", lambda route: route.abort())
    page.keyboard.press("Control+Enter")
    page.get_by_text("Mất kết nối với máy chủ.").first.wait_for()
    assert page.input_value("[name='f.subject']") == "về việc khác"
    page.unroute("**/review/*")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**?done=**")
    page.said[:] = [text for text in page.said if "ERR_FAILED" not in text]


def test_both_values_of_a_conflict_are_one_key(page, papers, makers):
    [paper] = papers("471")
    page.goto("/")
    with makers.begin() as session:
        review.correct(session, session.get(Document, paper), {"subject": "của Mai"}, actor="mai")
    page.fill("[name='f.subject']", "của Vân")
    page.keyboard.press("Control+Enter")
    page.get_by_text("mai vừa ghi khác bạn").wait_for()
    assert focused(page) == "f.subject" and page.input_value("[name='f.subject']") == "của Vân"
    page.keyboard.press("Alt+1")
    assert page.input_value("[name='f.subject']") == "của Mai"
    page.keyboard.press("Alt+2")
    assert page.input_value("[name='f.subject']") == "của Vân"
    page.keyboard.press("Control+Enter")
    told(page, "Đã vào sổ")
    with makers() as session:
        assert session.get(Document, paper).subject == "của Vân"
    page.said[:] = [text for text in page.said if "409" not in text]


def test_a_clerk_is_told_when_somebody_else_opens_the_paper(page, papers, makers):
    [paper] = papers("471")
    page.goto("/")
    with makers.begin() as session:
        mai = User(name="mai", full_name="Lê Mai", role="clerk", password_hash="-")
        session.add(mai)
        session.flush()
        presence.come(session, mai.id, paper)
    told(page, "Lê Mai cũng đang mở văn bản này")
    assert page.locator("#others").get_by_text("Lê Mai").is_visible()


def test_pages_are_turned_moved_cut_and_taken_back_with_keys(page, papers, makers):
    [paper] = papers("471", leaves=2)
    page.goto("/")
    page.evaluate("window.still = true")
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+ArrowDown")
    told(page, "Đã xếp lại trang.")
    assert focused(page) == "H1" and page.locator("#waiting").is_visible()
    page.keyboard.press("r")
    told(page, "Đã xoay trang.")
    page.wait_for_selector("#trang-1 img[src$='turned=90']")
    page.keyboard.press("Control+z")
    told(page, "Đã hoàn tác.")
    page.locator("[data-tool=split]").click()
    told(page, "Đã tách văn bản.")
    assert page.locator(".page").count() == 1
    page.keyboard.press("Control+z")
    page.wait_for_selector("#trang-2")
    with makers.begin() as session:
        assert session.get(Document, paper).pages == [2, 1]
        session.execute(sa.update(Scan).values(status="review"))  # the line has read it again
    page.wait_for_selector("#review")
    assert page.evaluate("window.still") and page.locator("#waiting").count() == 0
    page.no_pictures = True  # a turned page has no file to be drawn from


def test_on_a_telephone_form_and_picture_are_two_leaves(page, papers):
    papers("471", fields=doubtful())
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/")
    assert page.locator("[name='f.number']").is_visible() and not page.locator("#stage").is_visible()
    page.locator(".crop").first.click()
    assert page.locator("#stage").is_visible() and page.locator(".boxes g.on[data-name=number]").is_visible()
    assert page.locator("#enter").is_visible()
    page.get_by_text("Thông tin", exact=True).click()
    page.locator("#enter").click()
    page.locator("#none").get_by_text("Đã vào sổ").wait_for()
