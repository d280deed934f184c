"""An old book at the desk: sent, looked at, mapped, written."""

import io

import openpyxl

from archive.models import BookImport, RegisterEntry
from tests.archive.test_register_import import LAWFUL, line


def send(van, *rows, head=LAWFUL, year="2025", name="sổ 2025.xlsx"):
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["UBND TỈNH A"])
    for row in (head, *rows):
        book.active.append(row)
    book.save(out)
    return van.send("/register/import", {"book": "den", "year": year, "file": (io.BytesIO(out.getvalue()), name)})


def test_a_workbook_is_tried_and_then_written_at_once(desk, makers):
    van = desk()
    place = send(van, line(1), line(3), line("x")).location
    text = van.page(place)
    assert "số 1 đến 3" in text or "số 1 đến số 3" in text
    assert "không phải một số" in text and "Ghi 2 dòng vào sổ" in text
    with makers() as session:
        assert session.query(RegisterEntry).count() == 0
    assert van.send(place, {"act": "commit"}).status_code == 303
    assert "Đã ghi 2 dòng" in van.page(place)
    assert "12/UBND-VX" in van.page("/register?year=2025")
    assert van.send(place, {"act": "commit"}).status_code == 409
    assert "Đã nhập 2 dòng" in van.page("/register/import")


def test_columns_without_titles_are_mapped_by_hand(desk, makers):
    van = desk()
    place = send(van, ["1", "3/1/2025", "UBND A"], head=["a", "b", "c"]).location
    answer = van.open(place)
    assert answer.status_code == 422 and "Hãy chỉ ra cột Số đến và cột Ngày đến" in answer.text
    assert van.send(place, {"column.number": "0", "column.arrived_on": "1", "column.issuer": "2"}).status_code == 303
    assert "Ghi 1 dòng vào sổ" in van.page(place)
    assert van.send(place, {"column.number": "99"}).status_code == 422
    assert van.send(place, {"act": "forget"}).status_code == 303
    with makers() as session:
        assert session.query(BookImport).count() == 0


def test_what_is_no_workbook_is_refused_with_a_sentence(desk):
    van = desk()
    bad = van.send("/register/import", {"book": "den", "year": "2025", "file": (io.BytesIO(b"%PDF"), "a.xlsx")})
    assert bad.status_code == 422 and "không phải .xlsx" in bad.text
    assert van.send("/register/import", {"book": "den", "year": "2025"}).status_code == 422
    assert send(van, line(1), year="abcd").status_code == 422
    assert van.open("/register/import/khong").status_code == 404
