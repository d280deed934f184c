"""The reports as people open them: numbers, pictures, links to the papers, Excel, and who sees what."""

import io

import openpyxl
import pytest

from archive import people, register, review, routing
from archive.models import Document
from server.pages import sheet
from tests.server.desk import settled, shelve

ALL = "from=01/01/2020&to=31/12/2099"


def enter(makers, number="471", unit=None, due=None, **more):
    """A registered paper, given to a unit if one is named."""
    paper = shelve(makers, number=number, **more)
    with makers.begin() as session:
        document = session.get(Document, paper)
        register.register(session, document, "den", sheet.today(), actor="van")
        if unit:
            routing.decide(session, document, unit, "lead", due, actor="sep")
    return paper


def test_the_report_of_this_month_counts_what_came(desk, makers):
    enter(makers, unit="Phòng Văn xã")
    enter(makers, "472", document_type="Quyết định")
    page = desk("clerk").page("/reports")
    assert "<dd>2</dd>" in page and "Phòng Văn xã" in page and "(chưa chuyển)" in page and "Quyết định" in page
    assert page.count('<svg class="chart" viewBox') >= 5 and "style=" not in page
    assert "Không có gì trong thời gian này" in desk("auditor").page("/reports?from=01/01/2020&to=31/01/2020")


def test_the_days_and_the_unit_are_in_the_address(desk, makers):
    enter(makers, unit="Phòng Văn xã")
    enter(makers, "472")
    clerk = desk("clerk")
    assert "<dd>1</dd>" in clerk.page(f"/reports?{ALL}&unit=phong_van_xa")
    assert "<dd>2</dd>" in clerk.page(f"/reports?{ALL}&unit=khong-co&part=khong&step=khong")
    assert clerk.open("/reports?from=31/12/2020&to=01/01/2020").status_code == 422
    assert clerk.open("/reports?from=hôm+nay").status_code == 422
    assert "theo năm" in clerk.page(f"/reports?{ALL}&step=day")


def test_late_papers_are_named_with_a_link(desk, makers):
    due = sheet.today().replace(year=sheet.today().year - 1, day=1)
    late = enter(makers, unit="Phòng Văn xã", due=due)
    page = desk("leader").page(f"/reports?part=handling&{ALL}")
    assert f'<a href="/documents/{late}">471/UBND-VX</a>' in page and "Đang quá hạn" in page
    assert "Phòng Văn xã" in page and "0 phút" in page


def test_a_sure_value_that_was_corrected_stands_first(desk, makers):
    paper = shelve(makers, fields={"number": settled("47", sure=True), "subject": settled("dịch <b>", sure=False)})
    with makers.begin() as session:
        document = session.get(Document, paper)
        review.correct(session, document, {"number": "471", "subject": "dịch"}, actor="van")
    page = desk("clerk").page(f"/reports?part=machine&{ALL}")
    assert f'<a href="/documents/{paper}">' in page and "Máy nói chắc mà người sửa" in page
    assert page.index("Máy nói") < page.index("Sửa nhiều nhất") and "<b>" not in page.split("<main")[1]


@pytest.mark.parametrize(("role", "sees"), [("clerk", 2), ("staff", 1)])
def test_each_counts_and_exports_only_what_they_may_see(desk, makers, role, sees):
    enter(makers)
    enter(makers, "472", secrecy="Mật", document_type="Tuyệt mật giả")
    with makers.begin() as session:
        people.unit_named(session, "Phòng Văn xã")
    person = desk(role)
    assert f"<dd>{sees}</dd>" in person.page(f"/reports?{ALL}")
    assert ("Máy đọc đúng đến đâu" in person.page(f"/reports?part=machine&{ALL}")) == (role == "clerk")
    book = openpyxl.load_workbook(io.BytesIO(person.open(f"/reports.xlsx?{ALL}").data))
    told = [cell.value for page in book for row in page.iter_rows() for cell in row]
    assert ("Tuyệt mật giả" in told) == (role == "clerk")
    assert any("Máy nói" in str(cell) or "Chắc mà sai" in str(cell) for cell in told) == (role == "clerk")
    assert {cell.data_type for page in book for row in page.iter_rows() for cell in row} <= {"s", "n", "d"}
