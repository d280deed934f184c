"""A day of an office in a real Chromium: thirty scans come in; what is at the end of it is what a clerk would see.

The papers are PDFs with their own text, so that the line reads thirty of them in a minute; how scans are read is tested
elsewhere. Everything from the door to the printed book is the product's own.
"""

import datetime as dt
import io
import re

import pypdfium2
import pytest
import sqlalchemy as sa

from archive import lettering, people
from archive.models import Document, RegisterEntry, RouteRow, Scan
from server.pages import sheet
from tests.faults.line import until
from tests.server.desk import Desk
from tests.server.pages.test_browser import address, chromium, page, worker
from tests.server.pages.test_handling_browser import tab
from tests.server.pages.test_review_browser import focused, told

__all__ = ["address", "chromium", "page", "worker"]
pytestmark = pytest.mark.browser
UNIT = "Phòng Văn xã"
SCANS = 30
TWO_IN_ONE, SECOND_COPY = 28, 29
"""Which of the scans holds two papers, and which is another scan of the first paper."""
WRONG = (5, 11, 17)
CODE = "301/UBND-KGVX"
"""The papers whose subject the clerk corrects."""


def subject(n):
    return f"về việc kiểm tra công tác lưu trữ tại xã số {n}"


def letter(*papers, note=""):
    """A PDF with a công văn for each (number, subject); only the first has the head that begins a document."""
    from reportlab.pdfgen.canvas import Canvas

    with lettering.printing():
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=(595, 842))
        for at, (number, about) in enumerate(papers):
            if at == 0:
                head(canvas, number, about)
            lines = [about, *["Ủy ban nhân dân tỉnh yêu cầu các đơn vị thực hiện nghiêm túc nội dung nêu trên."] * 12]
            for row, text in enumerate([*lines, note]):
                canvas.setFont(lettering.REGULAR, 13)
                canvas.drawString(85, 590 - 22 * row, text)
            canvas.showPage()
        canvas.save()
        return out.getvalue()


def head(canvas, number, about):
    for x, y, face, text in (
        (160, 780, lettering.BOLD, "ỦY BAN NHÂN DÂN"),
        (160, 765, lettering.BOLD, "TỈNH SƠN LA"),
        (420, 780, lettering.BOLD, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
        (420, 765, lettering.BOLD, "Độc lập - Tự do - Hạnh phúc"),
        (160, 735, lettering.REGULAR, f"Số: {number}/UBND-KGVX"),
        (160, 715, lettering.REGULAR, f"V/v {about.removeprefix('về việc ')}"),
        (420, 735, lettering.ITALIC, "Sơn La, ngày 20 tháng 3 năm 2026"),
        (300, 660, lettering.REGULAR, "Kính gửi: Các sở, ban, ngành tỉnh."),
    ):
        canvas.setFont(face, 12)
        canvas.drawCentredString(x, y, text)


def files():
    """Thirty files as a scanner names them."""
    papers = [letter((301 + n, subject(n))) for n in range(SCANS)]
    papers[TWO_IN_ONE] = letter((301 + TWO_IN_ONE, subject(TWO_IN_ONE)), (901, "Số: 901/UBND-KGVX"))
    papers[SECOND_COPY] = letter((301, subject(0)), note="Bản chụp lần hai")
    return [
        {"name": f"quet-{n:02}.pdf", "mimeType": "application/pdf", "buffer": content}
        for n, content in enumerate(papers)
    ]


@pytest.fixture
def office(makers):
    with makers.begin() as session:
        people.add_user(session, "sep", "leader", None, Desk.PASSWORD)
        people.add_user(session, "hoa", "head", UNIT, Desk.PASSWORD, full_name="Phạm Thị Hoa")


@pytest.mark.timeout(1800)
def test_a_day_of_the_office(chromium, address, page, worker, office, makers):
    scans_come_in(page, makers)
    reviewed_by_keyboard(page, makers)
    the_book_is_printed(page)
    given_to_units(chromium, address, makers)
    one_comes_back_one_is_late_one_is_done(chromium, address, makers)


def scans_come_in(page, makers):
    sent = files()
    page.set_input_files("#files", sent)

    def are_read():
        page.wait_for_timeout(500)  # the page lives on
        with makers() as session:
            return list(session.scalars(sa.select(Scan.status))) == ["review"] * SCANS

    until(are_read, 900)
    assert page.locator("#sent .ok").count() == SCANS
    page.set_input_files("#files", sent[3])  # the same file once more
    page.wait_for_function("n => document.querySelectorAll('#sent li > span.ok').length > n", arg=SCANS)
    assert "Đã có trong kho" in page.locator("#sent li").first.inner_text()
    with makers() as session:
        assert list(session.scalars(sa.select(Scan.status))) == ["review"] * SCANS


def keys_to(page, name):
    """Walk to a field with Tab, as a hand on the keyboard does."""
    for _press in range(40):
        if focused(page) == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {name} with Tab")


def reviewed_by_keyboard(page, makers):
    """Every paper by keys alone: confirmed, corrected, cut in two, set aside as the copy it is."""
    page.goto("/")
    split = False
    for _paper in range(SCANS + 1):
        number = int(re.search(r"\d+", page.locator(".form h1").inner_text())[0])
        if page.locator("#duplicates").count():
            a_copy_is_refused(page, number)
            continue
        if page.locator(".page").count() == 2:
            split = a_bundle_is_cut(page)
        if number - 301 in WRONG:
            keys_to(page, "f.subject")
            page.keyboard.press("Control+a")
            page.keyboard.type(f"đã sửa {number}")
        registered = page.locator("#review").get_attribute("action")
        page.keyboard.press("Control+Enter")
        page.wait_for_function(
            "one => document.querySelector('#review')?.getAttribute('action') !== one", arg=registered
        )
    assert split and page.locator("#none").is_visible()
    with makers() as session:
        entries = session.scalars(sa.select(RegisterEntry).order_by(RegisterEntry.number)).all()
        assert [entry.number for entry in entries] == list(range(1, SCANS + 1))
        assert {entry.status for entry in entries} == {"registered"}
        corrected = {entry.code: entry.type_and_subject for entry in entries if "đã sửa" in entry.type_and_subject}
        assert corrected == {f"{301 + n}/UBND-KGVX": f"Công văn V/v đã sửa {301 + n}" for n in WRONG}
        assert session.scalars(sa.select(Document.full_code).where(Document.status == "void")).all() == [CODE]


def a_copy_is_refused(page, number):
    """It is not registered by the key that registers, and leaves with a button that says what it is."""
    assert number == 301
    page.keyboard.press("Control+Enter")
    page.get_by_text("Có thể văn bản này đã có trong kho.").wait_for()
    keys_to(page, "why")
    page.keyboard.press("Enter")
    page.get_by_text("Đã bỏ khỏi hàng đợi").wait_for()
    page.said[:] = [text for text in page.said if "409" not in text]  # Chromium's word for the refusal


def a_bundle_is_cut(page):
    """A new paper begins on its second page; both are read again and wait for review."""
    page.keyboard.press("Escape")
    page.keyboard.press("]")
    page.wait_for_function("() => window.pageInView().id === 'trang-2'")
    page.keyboard.press("x")
    told(page, "Đã tách văn bản.")
    page.wait_for_selector("#review")
    assert page.locator(".page").count() == 1
    return True


def the_book_is_printed(page):
    today = sheet.today()
    with page.expect_download() as printed:
        page.evaluate(f"location.assign('/register/{today.year}.pdf?month={today.month}')")
    pdf = pypdfium2.PdfDocument(printed.value.path())
    text = "".join("".join(one.get_textpage().get_text_range() for one in pdf).split())  # codes break in their cells
    assert len(pdf) >= 2 and "SỔĐĂNGKÝVĂNBẢNĐẾN" in text
    assert [n for n in range(SECOND_COPY) if f"{301 + n}/UBND" not in text] == [], text


def given_to_units(chromium, address, makers):
    """The leader decides on three papers by keyboard."""
    page = tab(chromium, address, "sep")
    for _paper in range(3):
        code = page.locator("aside h1").inner_text()
        page.locator("#lead").focus()
        page.keyboard.type(UNIT)
        page.keyboard.press("Tab")
        page.keyboard.type("5")
        page.keyboard.press("Control+Enter")
        page.wait_for_function("one => document.querySelector('aside h1')?.textContent.trim() !== one", arg=code)
    page.context.close()
    assert page.said == []
    with makers.begin() as session:
        routes = session.scalars(sa.select(RouteRow).order_by(RouteRow.id)).all()
        assert [(route.unit, route.state) for route in routes if route.state != "suggested"] == [(UNIT, "decided")] * 3
        late = next(route for route in routes if route.state != "suggested")
        late.due = late.due - dt.timedelta(days=30)  # as it will be a month from now


def one_comes_back_one_is_late_one_is_done(chromium, address, makers):
    page = tab(chromium, address, "hoa")
    page.get_by_text("1 văn bản quá hạn").wait_for()
    for _paper in range(3):
        page.get_by_role("button", name="Nhận văn bản").first.click()
        page.wait_for_load_state()
    first, second = (page.locator(".tasks .what a").nth(n).get_attribute("href") for n in (1, 2))
    page.goto(first)
    page.get_by_text("Trả lại", exact=True).first.click()
    page.locator("form[action$='/return']").get_by_label("Lý do").fill("Không đúng chức năng")
    page.locator("form[action$='/return'] button").click()
    page.locator(".trace").get_by_text("Không đúng chức năng").first.wait_for()
    page.goto(second)
    page.get_by_label("Số, ký hiệu văn bản trả lời").fill("88/UBND-VX")
    page.get_by_role("button", name="Kết thúc").click()
    page.locator(".trace").get_by_text("Đã kết thúc xử lý").wait_for()
    page.context.close()
    assert page.said == []
    with makers() as session:
        states = set(session.scalars(sa.select(RouteRow.state)))
        assert states - {"suggested"} == {"finished", "received", "returned"}
