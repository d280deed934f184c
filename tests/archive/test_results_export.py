"""What was found as lines of the book: those in it as they stand there, the others as they would."""

import datetime as dt
import io

import openpyxl
import pytest
import sqlalchemy as sa

from archive import register, results_export
from archive.models import Document
from tests.archive import offices as rows


@pytest.fixture
def papers(sessions):
    """A session; a paper in the book, one that is not, a secret one that is not."""
    with sessions.begin() as session:
        known = {
            "issuing_organ": "UBND tỉnh",
            "document_type": "Công văn",
            "subject": "phòng dịch",
            "date": "2020-03-30",
        }
        made = [rows.document(session, full_code=f"{n}/UBND", secrecy=secrecy, **known)
                for n, secrecy in ((1, None), (2, None), (3, "Mật"))]  # fmt: skip
        register.register(session, made[0], "den", dt.date(2020, 4, 2), actor="lan")
        yield session, [paper.id for paper in made]


def test_lines_stand_in_the_order_that_was_asked_for(papers):
    session, ids = papers
    told = results_export.rows(session, ids[::-1], sa.true())
    assert [row[3] for row in told] == ["3/UBND", "2/UBND", "1/UBND"]
    assert told[2][:2] == (dt.date(2020, 4, 2), 1) and told[1][:2] == (None, None)
    assert told[1][4:6] == (dt.date(2020, 3, 30), "Công văn V/v phòng dịch") and told[1][9] == "Chưa vào sổ"


def test_a_secret_paper_s_subject_leaves_in_no_file(papers):
    session, ids = papers
    line = results_export.rows(session, ids[2:], sa.true())[0]
    assert line[5] == "Công văn" and line[9] == "Văn bản mật"


def test_only_what_may_be_seen_is_written(papers):
    session, ids = papers
    assert [row[3] for row in results_export.rows(session, ids, Document.secrecy.is_(None))] == ["1/UBND", "2/UBND"]


def test_the_file_says_what_was_asked_and_holds_days_and_texts(papers):
    session, ids = papers
    content = results_export.xlsx(results_export.rows(session, ids, sa.true()), "Văn phòng", "“=1+1”")
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert [sheet.cell(n, 1).value for n in (1, 2, 3)] == ["Văn phòng", "KẾT QUẢ TÌM KIẾM: 3 văn bản", "“=1+1”"]
    assert sheet.cell(6, 1).value == dt.datetime(2020, 4, 2) and sheet.cell(6, 2).value == 1
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}
    assert "12.345 kết quả" in str(results_export.too_many(12345))
