"""Sổ theo dõi and Phiếu giải quyết: the columns and parts of the law, read back from the file that is printed."""

import datetime as dt
import io

import openpyxl
import pypdfium2
import pytest

from archive import handling, handling_book, handling_slip, register, routing, workdays
from archive.handling import Given
from archive.models import User
from archive.routing import Part
from tests.archive import offices

TODAY = dt.date(2026, 11, 23)
AT = dt.datetime(2026, 11, 10, 2, tzinfo=dt.UTC)
DUE = dt.date(2026, 11, 18)
SAID = {
    "document_type": "Công văn", "full_code": "471/UBND-VX", "date": "2026-11-02", "subject": "triển khai thông báo",
    "issuing_organ": "UBND tỉnh Sóc Trăng",
}  # fmt: skip


@pytest.fixture
def office(office_sessions):
    with office_sessions.begin() as session:
        yield session


def paper(session, *parts, **columns):
    document = offices.document(session, **SAID | columns)
    register.register(session, document, "den", dt.date(2026, 11, 9), actor="van", at=AT)
    if parts:
        routing.distribute(session, document, parts, actor="sep", at=AT)
    return document


def step(session, document, name, at=AT, **given):
    handling.move(session, routing.leading(document), name, Given(**given), actor="hoa", at=at)


def read(session, **asked):
    user = session.query(User).first() or offices.user(session, "clerk")
    return handling_book.lines(session, user, "den", 2026, TODAY, workdays.calendar(session), **asked)


def text_of(pdf):
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_bounded() for page in document).replace("\r", "")


def test_a_line_has_the_seven_columns_of_the_law(office):
    given = paper(office, Part("Phòng VX", "lead", DUE), Part("Phòng TH", "support", dt.date(2026, 11, 17)))
    assert len(handling_book.COLUMNS) == 7
    (line,) = read(office)
    assert line.cells == (
        "01", "Công văn số 471/UBND-VX ngày 02/11/2026 của UBND tỉnh Sóc Trăng: V/v triển khai thông báo",
        "Phòng VX, chủ trì\nPhòng TH, phối hợp", "chủ trì: 18/11/2026\nphối hợp: 17/11/2026",
        "Quá hạn 3 ngày làm việc", "", "",
    )  # fmt: skip
    step(office, given, "receive")
    step(office, given, "finish", at=dt.datetime(2026, 11, 20, 2, tzinfo=dt.UTC), reply="88/UBND-VX")
    (line,) = read(office)
    assert line.cells[4:6] == ("Đã giải quyết ngày 20/11/2026, trễ 2 ngày làm việc", "88/UBND-VX")


def test_each_state_has_its_words_and_the_lines_are_narrowed_by_them(office):
    paper(office, Part("Phòng VX", "lead", DUE))
    paper(office, Part("Phòng VX", "lead", dt.date(2026, 12, 1)))
    back = paper(office, Part("Phòng TH"))
    step(office, back, "return", reason="không phải việc của phòng")
    done = paper(office, Part("Phòng VX"))
    step(office, done, "receive")
    step(office, done, "finish", note="xong")
    paper(office)  # nobody was given it: it is not followed
    assert [one.state for one in read(office)] == ["late", "open", "back", "done"]
    assert [one.number for one in read(office, show="open")] == [1, 2]
    assert [one.number for one in read(office, show="late")] == [1]
    assert [one.number for one in read(office, unit_id="phong_vx")] == [1, 2, 4]
    assert read(office, show="all")[2].cells[4:] == ("Chưa có đơn vị nhận", "", "Phòng TH trả lại")


def test_of_a_secret_paper_the_book_says_no_subject_and_only_to_whom_may_see_it(office):
    paper(office, Part("Phòng VX"), secrecy="Mật")
    (line,) = read(office)
    assert "triển khai" not in line.cells[1]
    stranger = offices.user(office, "staff")
    assert handling_book.lines(office, stranger, "den", 2026, TODAY, workdays.calendar(office)) == []


def test_the_book_is_printed_with_its_head_on_every_page(office):
    for _ in range(30):
        paper(office, Part("Phòng VX", "lead", DUE))
    pdf = handling_book.pdf(read(office), 2026, office="Văn phòng UBND tỉnh", printed="In thử")
    pages = [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf)]
    assert len(pages) > 2 and "SỔ THEO DÕI GIẢI QUYẾT VĂN BẢN ĐẾN" in pages[0] and "Từ số 01 đến số 30" in pages[0]
    assert all("Tiến độ giải" in page and "(7)" in page for page in pages[:-1])
    assert "CHÁNH VĂN PHÒNG" in pages[-1] and "In thử" in pages[0]


def test_no_cell_of_the_workbook_is_a_formula(office):
    paper(
        office, Part("=cmd()", "lead", DUE, "x"), issuing_organ="=HYPERLINK(1)", full_code="+1/UBND", document_type="=1"
    )
    book = openpyxl.load_workbook(io.BytesIO(handling_book.xlsx(read(office), 2026, office="Văn phòng")))
    cells = [cell for row in book.active.iter_rows() for cell in row if cell.value]
    assert all(cell.data_type == "s" for cell in cells)
    titles = [row for row in book.active.iter_rows(values_only=True) if row[0] == "Số đến"]
    assert titles == [handling_book.COLUMNS]
    assert book.active.page_setup.orientation == "landscape" and book.active.print_title_rows


def test_the_slip_has_its_three_parts_as_far_as_they_are_known_and_lines_for_the_pen(office):
    document = paper(office)
    entry = register.entry_of(office, document)
    empty = text_of(handling_slip.pdf(document, entry, office="Văn phòng UBND tỉnh"))
    parts = (
        "1. Ý kiến của lãnh đạo cơ quan",
        "2. Ý kiến của lãnh đạo đơn vị",
        "3. Ý kiến đề xuất của người giải quyết",
    )
    assert all(part in empty for part in ("PHIẾU GIẢI QUYẾT VĂN BẢN ĐẾN", "Số đến: 01", "471/UBND-VX", *parts))
    assert empty.count("Ngày ...... tháng") == 3
    routing.distribute(office, document, [Part("Phòng VX", "lead", DUE, "Tham mưu"), Part("Phòng TH", "support")],
                       actor="sep", at=AT)  # fmt: skip
    nam = offices.user(office, "staff", unit_id="phong_vx", full_name="Hoàng Hải Nam")
    step(office, document, "assign", person_id=nam.id, due=dt.date(2026, 11, 16), note="làm giúp")
    step(office, document, "propose", note="trình ký văn bản trả lời")
    said = text_of(handling_slip.pdf(document, entry, office="Văn phòng UBND tỉnh"))
    for words in ("chủ trì: Phòng VX, thời hạn 18/11/2026", "phối hợp: Phòng TH", "chỉ đạo: Tham mưu", "làm giúp",
                  "giao Hoàng Hải Nam, thời hạn 16/11/2026", "Hoàng Hải Nam: trình ký văn bản trả lời"):  # fmt: skip
        assert words in said, words
    assert said.count("Ngày 10 tháng 11 năm 2026") == 3 and "Ngày ......" not in said
