"""Tables as Excel: read back cell by cell; nothing is a formula."""

import datetime as dt
import io

import openpyxl

from archive.workbook import Sheet, workbook


def test_a_table_comes_back_as_it_was_and_no_text_is_a_formula():
    rows = [("=1+1", 7, dt.date(2026, 3, 2)), ("@SUM(A1)", 0.5, None), ("+84", 0, dt.date(1899, 1, 2))]
    one = Sheet("Nơi gửi: A/B", "=TIÊU ĐỀ", ["=Cột", "Số", "Ngày"], rows, ["-dòng"], numbered=True)
    book = openpyxl.load_workbook(io.BytesIO(workbook([one, one])))
    assert book.sheetnames == ["1. Nơi gửi  A B", "2. Nơi gửi  A B"]
    page = book.worksheets[0]
    assert (page["A1"].value, page["A2"].value) == ("=TIÊU ĐỀ", "-dòng")
    assert [cell.value for cell in page[4]] == ["=Cột", "Số", "Ngày"]
    assert [cell.value for cell in page[5]] == ["(1)", "(2)", "(3)"]
    assert [cell.value for cell in page[6]] == ["=1+1", 7, dt.datetime(2026, 3, 2)]
    assert page["C8"].value == "02/01/1899"
    assert {cell.data_type for row in page.iter_rows() for cell in row} <= {"s", "n", "d"}
    assert page.print_title_rows == "$4:$5"
