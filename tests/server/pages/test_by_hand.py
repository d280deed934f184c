"""Typing a paper into the book, and giving it its scan later."""

from archive.models import Document, RegisterEntry
from server.pages import sheet
from tests.server.desk import shelve

TODAY = sheet.today()
TYPED = {
    "book": "den", "arrived_on": f"{TODAY:%d/%m/%Y}", "arrival": "", "issuing_organ": "UBND tỉnh A",
    "full_code": "12/GM-UBND", "date": f"01/01/{TODAY.year}", "document_type": "Giấy mời", "subject": "dự hội nghị",
}  # fmt: skip


def test_a_typed_paper_is_registered_and_has_a_page(desk, makers):
    van = desk()
    assert "hiện là 1" in van.page("/register/new")
    answer = van.send("/register/new", TYPED)
    assert answer.status_code == 303
    text = van.page(answer.location)
    assert f"số đến 1 năm {TODAY.year}" in text and "dự hội nghị" in text and "Gắn bản quét" in text
    assert "12/GM-UBND" in van.page("/register")
    with makers() as session:
        paper = session.query(Document).one()
        assert van.open(f"/scans/{paper.scan_id}/original").data.startswith(b"%PDF")


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(desk, makers):
    van = desk()
    for changes, said in (
        ({"subject": " "}, "Hãy ghi trích yếu"), ({"arrived_on": "mai"}, "Không hiểu ngày"),
        ({"arrival": "x"}, "chỉ gồm chữ số"), ({"date": "xx"}, "Không hiểu ngày"),
    ):  # fmt: skip
        answer = van.send("/register/new", TYPED | changes)
        assert answer.status_code == 422 and said in answer.text and "12/GM-UBND" in answer.text
    with makers() as session:
        assert session.query(RegisterEntry).count() == 0


def test_the_form_asks_where_an_empty_book_begins_and_what_a_twin_is(desk, makers):
    van = desk()
    asked = van.send("/register/new", TYPED | {"arrival": "1161"})
    assert asked.status_code == 409 and "bắt đầu thế nào" in asked.text
    assert van.send("/register/new", TYPED | {"arrival": "1161", "begin": "here"}).status_code == 303
    twin = van.send("/register/new", TYPED)
    assert twin.status_code == 409 and 'name="anyway"' in twin.text
    assert van.send("/register/new", TYPED | {"anyway": "1"}).status_code == 303
    with makers() as session:
        assert [e.number for e in session.query(RegisterEntry).order_by(RegisterEntry.number)] == [1161, 1162]


def test_a_day_out_of_order_asks_for_its_reason(desk, makers):
    van = desk()
    van.send("/register/new", TYPED)
    early = TYPED | {"arrived_on": f"01/01/{TODAY.year}", "full_code": "13/GM-UBND"}
    asked = van.send("/register/new", early)
    assert asked.status_code == 409 and 'name="reason"' in asked.text
    assert van.send("/register/new", early | {"reason": "thư đến muộn"}).status_code == 303


def test_the_scan_that_comes_later_takes_the_place_of_the_sheet(desk, makers):
    van = desk()
    paper = van.send("/register/new", TYPED).location.rpartition("/")[2]
    assert "Không có văn bản nào đang chờ kiểm tra" in van.page(f"/documents/{paper}/attach")
    scanned = shelve(makers, number="12")
    assert scanned in van.page(f"/documents/{paper}/attach")
    assert van.send(f"/documents/{scanned}/attach", {"scanned": paper}).status_code == 409
    assert van.send(f"/documents/{paper}/attach", {"scanned": "khong"}).status_code == 404
    assert van.send(f"/documents/{paper}/attach", {"scanned": scanned}).status_code == 303
    assert "Đã gắn bản quét" in van.page(f"/documents/{paper}")
    assert van.open(f"/documents/{scanned}").status_code == 404
    assert "Gắn bản quét</a>" not in van.page(f"/documents/{paper}")
