"""The list of work files as people keep it: typed, pasted, copied, printed; and who may."""

import io

import openpyxl
import pytest

from archive import work_files
from archive.models import Event, WorkFile
from server.pages import sheet

LINE = {"year": "2026", "code": "01.TH", "title": "Hồ sơ <b>dịch", "keep": "10 năm", "heading": "Tổng hợp"}


def test_a_file_is_typed_into_the_list(desk, makers):
    clerk = desk("clerk")
    assert "chưa có hồ sơ nào" in clerk.page("/files?year=2026")
    done = clerk.send("/files", LINE)
    assert done.status_code == 303 and done.headers["Location"].startswith("/files?year=2026&added=1")
    page = clerk.page(done.headers["Location"].partition("#")[0])
    assert "Hồ sơ &lt;b&gt;dịch" in page and "Đã thêm 1 hồ sơ" in page and "Tổng hợp" in page
    again = clerk.send("/files", LINE | {"title": "Khác"})
    assert again.status_code == 422 and "đã có hồ sơ 01.TH" in again.text and 'value="Khác"' in again.text
    with makers() as session:
        assert [one.action for one in session.query(Event).order_by(Event.seq)][-1] == "file_opened"


def test_a_list_is_pasted_and_copied_to_the_next_year(desk, makers):
    clerk = desk("clerk")
    wrong = clerk.send("/files/table", {"year": "2026", "table": "01\tMột\t10 năm\n02\tHai"})
    assert wrong.status_code == 422 and "Dòng 2: " in wrong.text and "01\tMột" in wrong.text
    right = clerk.send("/files/table", {"year": "2026", "table": "ĐỀ MỤC\n01\tMột\t10 năm\n02\tHai\tVĩnh viễn"})
    assert right.headers["Location"] == "/files?year=2026&added=2"
    assert "Chép danh mục năm 2026" in clerk.page("/files?year=2027")
    assert clerk.send("/files/copy", {"year": "2027"}).headers["Location"] == "/files?year=2027&added=2"
    with makers() as session:
        assert [one.code for one in work_files.listed(session, 2027)] == ["01", "02"]


def test_the_list_is_printed_and_exported(desk):
    clerk = desk("clerk")
    clerk.send("/files", LINE | {"title": "=1+1"})
    pdf = clerk.open("/files/list/2026.pdf")
    assert pdf.mimetype == "application/pdf" and pdf.data.startswith(b"%PDF")
    page = openpyxl.load_workbook(io.BytesIO(clerk.open("/files/list/2026.xlsx").data)).worksheets[0]
    cells = [cell for row in page.iter_rows() for cell in row]
    assert "=1+1" in [cell.value for cell in cells] and {cell.data_type for cell in cells} <= {"s", "n"}
    assert clerk.open("/files/handed/2026.xlsx").status_code == clerk.open("/files/handed/2026.pdf").status_code == 200
    assert clerk.open("/files/list/2026.doc").status_code == 404


@pytest.mark.parametrize("role", ["head", "staff", "leader", "auditor"])
def test_only_the_records_office_keeps_the_list(desk, makers, role):
    desk("clerk").send("/files", LINE)
    person = desk(role)
    for path in ("", "/table", "/copy"):
        assert person.send(f"/files{path}", LINE).status_code == 403
    page = person.page("/files?year=2026")
    assert "01.TH" in page and 'action="/files/table"' not in page
    prints = person.open("/files/list/2026.pdf").status_code
    assert prints == (200 if role in ("leader", "auditor") else 403)
    with makers() as session:
        assert session.query(WorkFile).count() == 1


def test_without_a_token_nothing_is_written(desk, makers):
    clerk = desk("clerk")
    assert clerk.client.post("/files", data=LINE).status_code in (400, 403)
    with makers() as session:
        assert session.query(WorkFile).count() == 0


def test_a_year_nobody_means_is_this_year(desk):
    clerk = desk("clerk")
    for text in ("", "0", "99999999999", "²", "-1"):
        assert f"<h1>Danh mục hồ sơ {sheet.today().year}</h1>" in clerk.page(f"/files?year={text}")
