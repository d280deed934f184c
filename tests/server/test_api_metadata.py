"""The official metadata for programs: what the law names, of the papers one may see, in pages, and nothing cut."""

import csv
import datetime as dt
import io
import json
from pathlib import Path

import openpyxl
import pytest

from archive import register, work_files
from archive.models import Document
from tests.archive import offices as rows

SCHEMA = Path(__file__).parents[2] / "docs" / "official-metadata.schema.json"
ALL = "/api/v1/metadata?book=den&year=2026"


@pytest.fixture
def papers(office):
    """Four papers in the book, one a day from 2026-03-25 on; the third is secret and another unit's."""
    ids = []
    with office.sessions.begin() as session:
        for n, mark in enumerate((None, None, "Mật", None)):
            text = f"canary{n}" + "x" * 600 * (n == 1)
            paper = rows.document(session, subject=text, secrecy=mark, full_code=f"{n}/CV", number=str(n))
            register.register(session, paper, "den", dt.date(2026, 3, 25 + n), actor="lan")
            ids.append(paper.id)
        file = work_files.open_file(session, 2026, "01.TH", "Hồ sơ dịch", "10 năm", actor="lan")
        work_files.put(session, file, session.get(Document, ids[1]), actor="lan")
    return ids


def test_a_paper_is_told_as_the_schema_in_the_docs_says(office, papers):
    url, schema = f"/api/v1/documents/{papers[1]}/metadata", json.loads(SCHEMA.read_text("utf-8"))
    answer = office.ask("GET", url)
    one, of = answer.json["documents"][0], schema["properties"]["documents"]["items"]
    assert set(answer.json) == set(schema["required"]) and set(one) == set(of["required"])
    assert (one["ArrivalNumber"], one["ArrivalDate"], one["Subject"]) == (2, "2026-03-26", "canary1" + "x" * 600)
    assert one["FileCode"] == "2026.01.TH" and any("Trích yếu" in said for said in one["objections"])
    assert office.ask("GET", url, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    with office.sessions.begin() as session:
        session.get(Document, papers[1]).subject = "ngắn"
    again = office.ask("GET", url, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.json["documents"][0]["Subject"]) == (200, "ngắn")


def test_the_same_as_a_table_and_as_a_workbook(office, papers):
    url = f"/api/v1/documents/{papers[0]}/metadata?format="
    table = office.ask("GET", f"{url}csv")
    (line,) = csv.DictReader(io.StringIO(table.text))
    assert table.mimetype == "text/csv" and line["ArrivalNumber"] == "1" and line["Subject"] == "canary0"
    assert table.headers["Content-Disposition"] == "attachment; filename=0-CV.csv"
    book = openpyxl.load_workbook(io.BytesIO(office.ask("GET", f"{url}xlsx").data))
    assert any("canary0" in (cell.value or "") for row in book.active for cell in row if isinstance(cell.value, str))
    assert office.ask("GET", f"{url}pdf").status_code == 422


def test_what_is_not_in_the_book_not_there_or_not_seen_is_not_told(office, papers):
    with office.sessions.begin() as session:
        waiting = rows.document(session, status="review").id
        session.get(Document, papers[3]).scan.status = "quarantined"
    ask = lambda paper, role="clerk": office.ask("GET", f"/api/v1/documents/{paper}/metadata", role).status_code  # noqa: E731
    assert (ask(waiting), ask("0" * 32), ask(papers[3]), ask(papers[0], "it")) == (409, 404, 404, 403)
    assert (ask(papers[2], "staff"), ask(waiting, "staff"), ask(papers[0], "staff")) == (404, 404, 200)
    secret = office.ask("GET", f"/api/v1/documents/{papers[2]}/metadata")
    assert secret.status_code == 200 and "canary" not in secret.text, "its subject goes nowhere"


def test_a_book_comes_in_pages_of_what_one_may_see(office, papers):
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        page = office.ask("GET", f"{ALL}&limit=3&cursor={cursor}").json
        seen += [one["ArrivalNumber"] for one in page["documents"]]
        assert len(page["files"]) == (not pages)
        cursor, pages = page["cursor"], pages + 1
    assert (seen, pages) == ([1, 2, 3, 4], 2)
    of_staff = office.ask("GET", ALL, "staff").json
    assert [one["ArrivalNumber"] for one in of_staff["documents"]] == [1, 2, 4] and of_staff["files"] == []
    some = office.ask("GET", f"{ALL}&from=2026-03-26&to=2026-03-27").json["documents"]
    assert [one["ArrivalNumber"] for one in some] == [2, 3]
    etag = office.ask("GET", ALL).headers["ETag"]
    assert office.ask("GET", ALL, headers={"If-None-Match": etag}).status_code == 304
    assert office.ask("GET", "/api/v1/metadata?book=khong").status_code == 404
    for wrong in ("cursor=x", "from=hom+qua", "to=1", "limit=0", "format=pdf"):
        assert office.ask("GET", f"{ALL}&{wrong}").status_code == 422, wrong


def test_of_a_withheld_paper_only_the_line_of_the_book_is_told_and_to_who_keeps_it(office, papers):
    with office.sessions.begin() as session:
        paper = session.get(Document, papers[3])
        paper.scan.status = "quarantined"
        register.conceal(session, paper)
    line = office.ask("GET", ALL).json["documents"][3]
    assert (line["ArrivalNumber"], line["PageAmount"]) == (4, None) and "canary3" not in str(line)
    assert [one["ArrivalNumber"] for one in office.ask("GET", ALL, "staff").json["documents"]] == [1, 2]


def test_a_whole_book_as_a_file_is_for_who_may_export_it(office, papers):
    table = office.ask("GET", f"{ALL}&format=csv&to=2026-03-26")
    assert [line["ArrivalNumber"] for line in csv.DictReader(io.StringIO(table.text))] == ["1", "2"]
    book = openpyxl.load_workbook(io.BytesIO(office.ask("GET", f"{ALL}&format=xlsx").data))
    assert book.sheetnames == ["1. Văn bản đến", "2. Hồ sơ"]
    assert {office.ask("GET", f"{ALL}&format={form}", "staff").status_code for form in ("csv", "xlsx")} == {403}
