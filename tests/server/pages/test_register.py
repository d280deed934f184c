"""The book: ten lawful columns, pages, numbers that wait, huỷ số with a reason, Excel."""

import io
import re
import zipfile

from archive import register
from archive.models import Document, RegisterEntry
from server.pages import sheet
from tests.server.desk import shelve

YEAR = sheet.today().year


def fill(makers, count, first=1):
    for number in range(first, first + count):
        paper = shelve(makers, number=str(number))
        with makers.begin() as session:
            register.register(session, session.get(Document, paper), "den", sheet.today(), actor="van")


def numbers(text):
    return [int(number) for number in re.findall(r'<tr id="so-(\d+)"', text)]


def test_the_book_has_the_ten_columns_of_the_law_in_their_order(desk, makers):
    fill(makers, 1)
    text = desk().page("/register")
    heads = re.findall(r'<th scope="col">([^<(]+)</th>', text)
    assert heads == ["Ngày đến", "Số đến", "Tác giả", "Số, ký hiệu văn bản", "Ngày tháng văn bản",
                     "Tên loại và trích yếu nội dung văn bản", "Đơn vị hoặc người nhận", "Ngày chuyển", "Ký nhận",
                     "Ghi chú"]  # fmt: skip
    assert re.findall(r">\((\d+)\)<", text) == [str(n) for n in range(1, 11)]
    assert "Công văn V/v triển khai" in text


def test_the_latest_numbers_are_shown_first_and_the_pages_lead_to_the_others(desk, makers):
    fill(makers, 53)
    van = desk()
    text = van.page("/register")
    assert numbers(text) == list(range(4, 54))
    before = re.search(r'href="(/register\?year=\d+&amp;before=4)"', text)[1].replace("&amp;", "&")
    assert numbers(van.page(before)) == [1, 2, 3]
    assert numbers(van.page(f"/register?year={YEAR}&at=50")) == [50, 51, 52, 53]
    assert numbers(van.page(f"/register?year={YEAR}&at=999")) == []


def test_numbers_that_wait_for_their_papers_are_one_line_until_they_are_asked_for(desk, makers):
    paper = shelve(makers)
    with makers.begin() as session:
        register.register(session, session.get(Document, paper), "den", sheet.today(), 5, actor="van")
    van = desk()
    text = van.page("/register")
    assert numbers(text) == [5] and "số 1 đến 4" in text
    assert numbers(van.page(f"/register?year={YEAR}&awaited=1&at=1")) == [1, 2, 3, 4, 5]


def test_a_number_is_voided_with_a_reason_and_stays(desk, makers):
    fill(makers, 2)
    van = desk()
    assert van.send(f"/register/{YEAR}/1/void", {"reason": "  "}).status_code == 422
    assert van.send(f"/register/{YEAR}/1/void", {"reason": "Vào sổ hai lần"}).status_code == 303
    text = van.page("/register")
    assert "Đã huỷ số" in text and "Vào sổ hai lần" in text and numbers(text) == [1, 2]
    with makers() as session:
        assert session.get(RegisterEntry, ("den", YEAR, 1)).status == "void"
    assert van.send(f"/register/{YEAR}/9/void", {"reason": "x"}).status_code == 404
    assert desk("leader").send(f"/register/{YEAR}/2/void", {"reason": "x"}).status_code == 403


def test_the_book_is_given_as_excel(desk, makers):
    fill(makers, 1)
    answer = desk().open(f"/register/{YEAR}.xlsx")
    sheet_text = zipfile.ZipFile(io.BytesIO(answer.data)).read("xl/sharedStrings.xml").decode()
    assert (
        "471" not in sheet_text and "1/UBND-VX" in sheet_text and "attachment" in answer.headers["Content-Disposition"]
    )
    assert desk("staff").open(f"/register/{YEAR}.xlsx").status_code == 403


def test_a_year_without_papers_says_so(desk):
    text = desk().page("/register?year=1999")
    assert "chưa có văn bản nào" in text and "1999" in text
    assert desk("admin").open("/register?year=abc&at=-1&before=x").status_code == 200
