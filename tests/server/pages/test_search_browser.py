"""A real Chromium looks for papers: typed, marked, opened, gone back to, by keyboard and on a telephone."""

import pytest

from archive.models import CitationRow, Document
from tests.server import shelf
from tests.server.desk import FIELDS, Desk
from tests.server.pages.test_browser import address, chromium, context_of, found_by, page, signed_in

__all__ = ["address", "chromium", "page"]
pytestmark = pytest.mark.browser
SECOND = ["", "", "Trang hai nói về cách ly tập trung"]


@pytest.fixture
def filled(app, makers):
    """Two papers of an organ and one of another; the first cites the second, which is of two pages."""
    papers = [
        shelf.file(app, makers, status="registered"),
        shelf.file(app, makers, [shelf.DISEASE, SECOND], number="472", status="registered"),
        shelf.file(app, makers, [["Giấy mời họp, phòng chống dịch"]], number="9", full_code="9/GM-SYT",
                   status="registered", document_type="Giấy mời", issuing_organ="Sở Y tế", subject="họp giao ban"),
    ]  # fmt: skip
    derived = app.extensions["vanthu"].derived
    with makers.begin() as session:
        session.add(CitationRow(document_id=papers[0], code="472/UBND-VX", date=FIELDS["date"], target_id=papers[1]))
        for paper in papers:  # small pictures, as reading leaves them
            scan = session.get(Document, paper).scan_id
            derived.put(scan, "1.thumb.webp", derived.get(scan, "1.webp"))
            if derived.get(scan, "2.webp"):
                derived.put(scan, "2.thumb.webp", derived.get(scan, "2.webp"))
    shelf.index(app, makers)
    return papers


def type_in(page, text):
    page.fill("#q", "")
    page.locator("#q").press_sequentially(text, delay=20)


def count(page, number):
    """Wait until so many results stand there."""
    page.wait_for_function("n => document.querySelectorAll('.hit').length === n", arg=number)


def test_what_is_typed_is_found_marked_and_lit_at_once(page, filled):
    page.goto("/search")
    assert page.evaluate("document.activeElement.id") == "q"
    type_in(page, "phong chong dich")
    page.locator(".hit mark", has_text="phòng").first.wait_for()
    assert page.locator(".hit").count() == 3 and page.locator(".hit .cut rect").count() >= 3
    page.wait_for_function(
        "() => [...document.querySelectorAll('.cut img')].some(i => i.complete && i.naturalWidth > 100)"
    )
    page.wait_for_url("**/search?q=phong+chong+dich")
    page.wait_for_function("() => document.querySelector('#told').textContent.startsWith('3 ')")
    assert page.title().startswith("phong chong dich")
    type_in(page, "471 ubnd")
    page.wait_for_url("**/search?q=471+ubnd")
    page.locator(".hit mark", has_text="471").first.wait_for()
    assert page.locator(".hit h2 a").first.get_attribute("href").startswith(f"/documents/{filled[0]}?q=471+ubnd#")


def test_going_back_and_reloading_keep_everything(page, filled):
    page.goto("/search")
    before = page.evaluate("history.length")
    page.locator("#q").press_sequentially("phong chong dich", delay=240)  # slower than results wait: many requests
    page.wait_for_url("**/search?q=phong+chong+dich")
    count(page, 3)
    assert page.evaluate("history.length") == before + 1  # a rest is a step, a letter is none
    page.get_by_label("Giấy mời", exact=False).check()
    count(page, 1)
    page.wait_for_function("() => document.activeElement.id.startsWith('f-type')")  # the place in the page is kept
    page.select_option("#sort", "date")
    page.wait_for_url("**sort=date**")
    page.reload()
    assert page.input_value("#q") == "phong chong dich" and page.input_value("#sort") == "date"
    assert page.locator(".hit").count() == 1 and page.locator("#results input:checked").count() == 1
    page.go_back()
    page.go_back()
    page.wait_for_url("**/search?q=phong+chong+dich")
    count(page, 3)
    assert page.input_value("#q") == "phong chong dich" and not page.locator("#results input:checked").count()
    page.go_back()
    page.wait_for_url("**/search")
    page.wait_for_function("() => document.querySelector('#q').value === ''")
    page.go_forward()
    count(page, 3)


def test_everything_goes_by_keyboard(page, filled):
    page.goto("/search?q=phong+chong+dich")
    at = "[...document.querySelectorAll('#hits h2 a')].indexOf(document.activeElement)"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("j")  # there is nothing after the last
    assert page.evaluate(at) == 2
    page.keyboard.press("k")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(at) == 0
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.id") == "q"
    type_in(page, "cach ly tap trung")
    page.wait_for_url("**cach+ly+tap+trung")
    count(page, 1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/documents/{filled[1]}?q=*#trang-2")
    assert page.locator("#trang-2 .hitc rect").count() == 4
    page.wait_for_function("() => document.querySelector('#trang-2').getBoundingClientRect().top < innerHeight / 2")
    page.locator("[hx-get^='/alike'] li").first.wait_for()  # what is alike was asked for by itself
    page.go_back()
    count(page, 1)


def test_a_search_is_kept_without_the_mouse_and_says_what_is_new(app, page, makers, filled):
    page.goto("/search?q=covid")
    page.get_by_text("Lưu câu tìm").focus()
    page.keyboard.press("Enter")
    page.fill("#name", "Dịch bệnh")
    page.keyboard.press("Enter")
    page.wait_for_url("**/searches")
    shelf.file(app, makers, number="500", status="registered")
    shelf.index(app, makers)
    page.goto("/search")
    page.locator("#kept .n", has_text="1").wait_for()
    page.get_by_role("link", name="Câu tìm đã lưu").click()
    page.get_by_role("button", name="Xem Dịch bệnh").click()
    page.wait_for_url("**/search?q=covid")
    count(page, 3)
    assert not page.locator("#kept .n").count()
    page.no_pictures = True  # the new paper has no small picture


def test_it_works_without_scripts(chromium, address, filled):
    page = context_of(chromium, address, java_script_enabled=False).new_page()
    page.goto("/login?next=/search")
    page.fill("#name", "van")
    page.fill("#password", Desk.PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    page.fill("#q", "phong chong dich")
    page.get_by_role("button", name="Tìm", exact=True).click()
    page.get_by_label("Giấy mời").check()
    page.get_by_role("button", name="Lọc", exact=True).click()
    assert page.locator(".hit").count() == 1 and page.input_value("#q") == "phong chong dich"
    page.locator(".chip", has_text="Giấy mời").click()
    assert page.locator(".hit").count() == 3
    page.goto(f"/documents/{filled[0]}")
    assert page.locator("svg.around .known").count() == 1
    page.get_by_role("link", name="Xem các văn bản tương tự").click()
    assert page.locator(".hit").count() == 1
    page.context.close()


WIDE = ("/search", "/search?q=phong+chong+dich&type=Công+văn", "/searches", "/documents/{paper}?q=dich")
NARROW = (
    "/search?q=phong+chong+dich&type=Công+văn",
    "/search?q=xyzxyz&from=x",
    "/alike/{paper}",
    "/admin/abbreviations",
)


@pytest.mark.parametrize(("width", "scheme", "paths"), [(1440, "light", WIDE), (390, "dark", NARROW)])
def test_no_page_of_the_search_has_a_fault_of_accessibility(chromium, address, filled, width, scheme, paths):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = signed_in(context_of(chromium, address, width, color_scheme=scheme))
    faults = {}
    for path in (one.format(paper=filled[0]) for one in paths):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        if path.startswith("/search?q=phong"):
            page.get_by_text("Lưu câu tìm").click()
        faults[path] = found_by(axe, page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than the screen"
    if width == 390:
        page.goto("/search?q=dich")
        assert not page.get_by_label("Giấy mời").is_visible()
        page.check("#filters")
        assert page.get_by_label("Giấy mời").is_visible()
    page.context.close()
    assert {path: said for path, said in faults.items() if said} == {}
