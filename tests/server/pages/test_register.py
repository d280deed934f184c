"""The book: ten lawful columns, pages, numbers that wait, huỷ số with a reason, Excel."""

import io
import re
import zipfile

from archive import register, register_books
from archive.models import Document, RegisterEntry
from server.pages import sheet
from tests.archive.test_forms import pages
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


def test_the_book_is_a_pdf_of_a_month_or_a_year_on_both_papers(desk, makers):
    fill(makers, 3)
    van = desk()
    month = sheet.today().month
    for ending, sizes in ((f"?month={month}", {(297, 210)}), ("?sheet=a3", {(420, 297)})):
        answer = van.open(f"/register/{YEAR}.pdf{ending}")
        assert answer.status_code == 200 and answer.mimetype == "application/pdf"
        texts, found = pages(answer.data)
        assert found == sizes and "471/UBND-VX" not in texts[0] and "1/UBND-VX" in texts[1]
        assert "người in: clerk-x" in texts[1]
    assert (
        f"so-van-ban-den-{YEAR}-{month:02}.pdf"
        in van.open(f"/register/{YEAR}.pdf?month={month}").headers["Content-Disposition"]
    )
    for wrong, status in ((f"/register/{YEAR}.pdf?month=13", 422), ("/register/1.pdf", 404),
                          (f"/register/{YEAR}.pdf?book=khong", 404)):  # fmt: skip
        assert van.open(wrong).status_code == status


def test_an_office_with_several_books_looks_at_each(desk, makers):
    fill(makers, 1)
    paper = shelve(makers, number="9")
    with makers.begin() as session:
        book = register_books.add(session, "Sổ đơn thư", actor="an").id
        register.register(session, session.get(Document, paper), book, sheet.today(), actor="van")
    van = desk()
    assert "9/UBND-VX" not in van.page("/register")
    text = van.page(f"/register?book={book}")
    assert "9/UBND-VX" in text and f'<option value="{book}" selected>Sổ đơn thư' in text
    assert van.send(f"/register/{YEAR}/1/void", {"reason": "nhầm", "book": book}).status_code == 303
    with makers() as session:
        status = {entry.book_id: entry.status for entry in session.query(RegisterEntry)}
    assert status == {"den": "registered", book: "void"}
    assert van.open("/register?book=khong").status_code == 404


def test_the_latest_numbers_are_shown_first_and_the_pages_lead_to_the_others(desk, makers):
    fill(makers, 53)
    van = desk()
    text = van.page("/register")
    assert numbers(text) == list(range(4, 54))
    before = re.search(r'href="(/register\?book=den&amp;year=\d+&amp;before=4)"', text)[1].replace("&amp;", "&")
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


def test_a_line_of_a_paper_one_may_not_open_is_silent(desk, makers):
    """On an independent network secret papers may be in the book: staff see that a number is taken, no more."""
    fill(makers, 3)
    with makers.begin() as session:
        secret, gone, _ = session.query(RegisterEntry).order_by(RegisterEntry.number)
        session.get(Document, secret.document_id).secrecy = "Mật"
        secret.note = "ghi chú mật"
        register.void(session, gone, "lý do mật", "van")
    seen, hidden = desk().page("/register"), desk("staff").page("/register")
    assert numbers(seen) == numbers(hidden) == [1, 2, 3]
    for word in ("1/UBND-VX", "ghi chú mật", "lý do mật"):
        assert word in seen and word not in hidden
    assert "3/UBND-VX" in hidden and "Đã huỷ số" in hidden


def test_a_number_no_book_can_have_is_not_there(desk, makers):
    fill(makers, 1)
    van, long = desk(), "9" * 25
    for path in (f"/register/{long}.xlsx", f"/api/v1/documents/x/pages/{'9' * 5000}.webp"):
        assert van.open(path).status_code == 404
    assert van.send(f"/register/{long}/1/void", {"reason": "x"}).status_code == 404
    assert van.send(f"/register/{YEAR}/{long}/void", {"reason": "x"}).status_code == 404
    assert van.open(f"/register?year={long}&at={long}&before={long}").status_code == 200


def test_words_are_looked_for_in_the_book_without_marks(desk, makers):
    fill(makers, 3)
    secret = shelve(makers, number="99")
    with makers.begin() as session:
        register.register(session, session.get(Document, secret), "den", sheet.today(), 9, actor="van")
        session.get(Document, secret).secrecy = "Mật"
    van = desk()
    assert numbers(van.page("/register?q=2/ubnd soc trang")) == [2]
    text = van.page("/register?q=phong chong dich")
    assert numbers(text) == [1, 2, 3, 9] and "Chờ văn bản" not in text.split("<tbody>")[1]
    assert "ghi những chữ ấy" in van.page("/register?q=khong co")
    # Who may not read a line does not learn by looking for it what it says.
    assert numbers(desk("staff").page("/register?q=99/UBND-VX")) == []
