"""A real Chromium at the register: a paper typed in by keyboard, the day closed, the book printed; no fault of axe."""

import io
import re

import openpyxl
import pytest

from archive import people, register, register_books
from archive.models import Document
from server.pages import sheet
from tests.archive.test_forms import pages
from tests.archive.test_register_import import LAWFUL, line
from tests.server.desk import Desk, shelve
from tests.server.pages.test_browser import address, chromium, context_of, looked_at, page, signed_in  # noqa: F401 - fixtures

pytestmark = pytest.mark.browser
TODAY = sheet.today()


def test_a_paper_is_typed_the_day_closed_and_the_book_printed(page):  # noqa: F811
    page.goto("/register")
    page.get_by_role("link", name="Nhập tay").click()
    page.get_by_label("Tác giả").fill("UBND tỉnh A")
    page.keyboard.press("Tab")
    page.keyboard.type("12/GM-UBND")
    page.keyboard.press("Tab")
    page.keyboard.type(f"1/1/{TODAY.year}")
    page.keyboard.press("Tab")
    page.keyboard.type("Giấy mời")
    page.keyboard.press("Tab")
    page.keyboard.type("dự hội nghị tổng kết")
    page.get_by_role("button", name="Vào sổ").press("Enter")
    page.wait_for_url(re.compile("/documents/"))
    assert page.get_by_text(f"số đến 1 năm {TODAY.year}", exact=True).is_visible()
    picture = page.locator("#trang-1 img")
    picture.evaluate("image => image.decode()")
    assert picture.evaluate("image => image.naturalWidth") > 500
    page.goto("/register/days")
    page.get_by_role("button", name=re.compile("Khóa sổ đến hết ngày")).click()
    assert page.get_by_role("cell", name=re.compile("Đã khóa")).is_visible()
    page.goto("/register")
    page.get_by_text("In, xuất sổ").click()
    page.get_by_label("Khổ giấy").select_option("a3")
    with page.expect_download() as download:
        page.get_by_role("button", name="Sổ để in (PDF)").click()
    texts, sizes = pages(download.value.path().read_bytes())
    assert sizes == {(420, 297)} and "12/GM-UBND" in texts[1] and "Các ngày đã khóa sổ" in texts[-1]


def workbook():
    out, book = io.BytesIO(), openpyxl.Workbook()
    for row in (LAWFUL, line(1), line(4), line("x")):
        book.active.append(row)
    book.save(out)
    return io.BytesIO(out.getvalue())


@pytest.fixture
def office(app, makers):
    """A book with everything there is to be said of one; the addresses of its pages."""
    with makers.begin() as session:
        people.add_user(session, "an", "admin", None, Desk.PASSWORD)
        register_books.add(session, "Sổ Bộ Công an", ["Bộ Công an"], actor="an")
    for number, code in ((None, "471"), (5, "0471")):
        paper = shelve(makers, number=code)
        with makers.begin() as session:
            register.register(session, session.get(Document, paper), "den", TODAY, number, actor="van")
    an = Desk(app)
    an.sign_in("an")
    sent = an.send("/register/import", {"book": "den", "year": "2025", "file": (workbook(), "sổ.xlsx")})
    typed = an.send("/register/new", {"book": "den", "arrived_on": f"{TODAY:%d/%m/%Y}", "issuing_organ": "UBND B",
                                      "full_code": "1/A-B", "subject": "thử"})  # fmt: skip
    shelve(makers, number="9")
    return (
        "/register", "/register/numbers", "/register/days", "/register/new", "/register/import", sent.location,
        "/admin/books", typed.location + "/attach", typed.location,
    )  # fmt: skip


def test_no_page_of_the_register_has_a_fault_of_accessibility(chromium, address, office):  # noqa: F811
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = context_of(chromium, address)
    page = signed_in(context, "an")  # noqa: F811
    faults = {}
    for path in office:
        page.goto(path)
        page.evaluate("document.querySelectorAll('main details:not(.menu-of)').forEach(one => { one.open = true; })")
        faults[path] = looked_at(axe, page)
    context.close()
    assert {path: said for path, said in faults.items() if said} == {}
