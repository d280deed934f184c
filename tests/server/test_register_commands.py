"""The commands of the register: printing, the report, an old book."""

import json

import openpyxl
import pytest
import sqlalchemy as sa

from archive import register
from archive.edxml.export import NEEDED
from archive.models import BookImport, Document, RegisterEntry
from tests.archive import offices
from tests.archive.test_forms import pages
from tests.archive.test_register import DAY, NOW
from tests.archive.test_register_import import LAWFUL, line


@pytest.fixture(autouse=True)
def office(monkeypatch):
    monkeypatch.setenv("VANTHU_OFFICE", "Văn phòng Tỉnh ủy")


def enter(session, number=None):
    paper = offices.document(session, full_code="12/UBND-VX", date="2026-03-01", issuing_organ="UBND tỉnh A")
    register.register(session, paper, "den", DAY, number, actor="lan", at=NOW)


def test_the_book_of_a_month_is_printed_on_a3(vanthu, tmp_path, office_sessions):
    with office_sessions.begin() as session:
        enter(session)
    export = ("register", "export", "--year", "2026", "--format", "pdf", "--month", "3", "--sheet", "a3")
    vanthu(*export, status=2)
    vanthu(*export, "--output", tmp_path / "so.pdf")
    texts, sizes = pages((tmp_path / "so.pdf").read_bytes())
    assert sizes == {(420, 297)} and "VĂN PHÒNG TỈNH ỦY" in texts[0] and "12/UBND-VX" in texts[1]


def test_the_report_tells_people_and_programs(vanthu, office_sessions):
    with office_sessions.begin() as session:
        enter(session, 3)
        enter(session)
    said = vanthu("register", "report", "--year", "2026").stdout
    assert "Chờ văn bản: 1-2" in said and "Có thể trùng: 12/UBND-VX (3, 4)" in said and "Thiếu số: không" in said
    told = json.loads(vanthu("register", "report", "--year", "2026", "--json").stdout)
    assert (told["awaited"], told["missing"], told["lines"]) == ([[1, 2]], [], 4)
    with office_sessions.begin() as session:
        session.connection().exec_driver_sql("DELETE FROM register_entry WHERE number = 2")
    assert "Thiếu số: 2" in vanthu("register", "report", "--year", "2026", status=1).stdout
    vanthu("register", "report", "--year", "2026", "--book", "khong", status=1)


def test_an_old_book_is_tried_taken_over_and_given_again(vanthu, tmp_path, office_sessions):
    book = openpyxl.Workbook()
    for row in (LAWFUL, line(1), line(2), line("x")):
        book.active.append(row)
    book.save(tmp_path / "sổ.xlsx")
    command = ("import-book", tmp_path / "sổ.xlsx", "--year", "2025")
    tried = vanthu(*command, "--dry-run", status=1)
    assert "Vào được 2 dòng, không vào được 1" in tried.stdout and "dòng 4, số ?" in tried.stderr
    with office_sessions() as session:
        assert session.query(RegisterEntry).count() == session.query(BookImport).count() == 0
    assert "Đã ghi 2 dòng" in vanthu(*command, status=1).stdout
    assert "Không có dòng nào" in vanthu(*command, status=1).stderr
    with office_sessions() as session:
        assert [entry.number for entry in session.query(RegisterEntry)] == [1, 2]


def test_columns_are_named_by_letters(vanthu, tmp_path):
    book = openpyxl.Workbook()
    for row in (["x", "y"], ["3/1/2025", 1]):
        book.active.append(row)
    book.save(tmp_path / "so.xlsx")
    command = ("import-book", tmp_path / "so.xlsx", "--year", "2025")
    assert "Hãy chỉ ra cột" in vanthu(*command, status=1).stderr
    assert "Đã ghi 1 dòng" in vanthu(*command, "--column", "number=B", "--column", "arrived_on=a").stdout
    vanthu(*command, "--column", "number", status=2)
    vanthu(*command, "--column", "khac=A", status=1)
    (tmp_path / "xau.xlsx").write_bytes(b"no")
    assert "không phải .xlsx" in vanthu("import-book", tmp_path / "xau.xlsx", "--year", "2025", status=1).stderr


def test_a_file_that_cannot_be_written_is_a_sentence_and_nothing_stays(vanthu, tmp_path, office_sessions, monkeypatch):
    monkeypatch.setenv("VANTHU_ORGAN_ID", "000.00.00.H14")
    with office_sessions.begin() as session:
        enter(session)
        paper = session.scalars(sa.select(Document)).one()
        paper.fields = {name: offices.field("12") for name in NEEDED}
        document_id = paper.id
    nowhere = tmp_path / "no such folder" / "out"
    for words in (
        ("register", "export", "--year", "2026", "--format", "csv", "--output", nowhere),
        ("events", "export", "--output", nowhere), ("edxml", "export", document_id, "--output", nowhere),
        ("export", nowhere, "--year", "2026", "--metadata", "--format", "csv"),
    ):  # fmt: skip
        assert f"Không ghi được tệp {nowhere}" in vanthu(*words, status=1).stderr
    assert not nowhere.parent.exists()
