"""The metadata of NĐ 30/2020, Appendix VI: every row there, nothing cut, what is too long told, no formula."""

import csv
import dataclasses
import datetime as dt
import io
import json
from pathlib import Path

import openpyxl
import pytest

from archive import agencies, official, register, routing, work_files
from archive.models import Document
from archive.official import INCOMING
from archive.official.fields import priority
from tests.archive import offices
from tests.archive.kept import Office

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def office(settings, office_engine):
    """Papers 1 to 3 in the book of 2026, the second in a file, the third in quarantine; number 4 waits."""
    office = Office(settings, office_engine)
    papers = [office.paper(n) for n in (1, 2, 3)]
    office.paper(4, number=5)
    with office.sessions.begin() as session:
        agencies.add(session, "000.00.00.H59", "Văn phòng Tỉnh ủy", actor="lan")
        file = work_files.open_file(session, 2026, "01.TH", "Hồ sơ dịch", "10 năm", keeper="Lan", actor="lan")
        work_files.put(session, file, session.get(Document, papers[1]), actor="lan")
        work_files.close(session, file, 3, 4, actor="lan")
        first, second, third = (session.get(Document, one) for one in papers)
        first.subject, first.urgency = "=" + "x" * 600, "Thượng khẩn"
        first.number, first.symbol, first.date = "1", "UBND-VX", "2026-03"
        second.fields = second.fields | {"signer_name": offices.field("Trần Văn Lâu")}
        third.scan.status = "quarantined"
        third.subject = "canary"
    return office


def metadata(office):
    with office.readers() as session:
        return official.metadata(session, dataclasses.replace(office.settings, office="Văn phòng Tỉnh ủy"), "den", 2026)


def test_every_row_of_the_appendix_is_there_in_its_order_and_length():
    wanted = "39 3 100 11 30 10 200 500 30 3 500 10 10 100 50 1 1000 0 10"
    assert " ".join(str(one.length) for one in INCOMING) == wanted
    assert [one.row for one in INCOMING] == [str(n) for n in (*range(1, 15), 14, 15, 16, 17, 18)]
    assert [one.row for one in official.FILES] == [str(n) for n in range(1, 12)]


def test_the_json_is_what_its_schema_in_the_docs_says_and_tells_what_is_too_long(office):
    schema = json.loads((DOCS / "official-metadata.schema.json").read_text(encoding="utf-8"))
    assert schema == official.schema()
    found = metadata(office)
    told = json.loads(official.as_json(found))
    papers, of = told["documents"], schema["properties"]["documents"]["items"]
    assert set(told) == set(schema["required"]) and all(set(one) == set(of["required"]) for one in papers)
    assert [one["ArrivalNumber"] for one in papers] == [1, 2, 3, 5]
    assert papers[0]["Subject"] == "=" + "x" * 600 and papers[0]["IssuedDate"] == "2026-03"
    assert papers[0]["objections"] == [
        "Ngày, tháng, năm văn bản: 2026-03 không phải một ngày đầy đủ",
        "Trích yếu nội dung: dài 601 ký tự, quy định nhiều nhất 500",
    ]
    second = papers[1]
    assert (second["FileCode"], second["DocOrdinal"]) == ("000.00.00.H59.2026.01.TH", 1)
    assert (second["CodeNumber"], second["CodeNotation"]) == ("2", "UBND-VX")
    assert second["SignerInfo"] == {"Position": None, "FullName": "Trần Văn Lâu"}
    assert second["objections"] == [] and papers[0]["Priority"] == 2
    assert told["files"][0] | {"FileCode": "", "objections": 0} == {
        "FileCode": "", "Title": "Hồ sơ dịch", "Maintenance": "10 năm", "Rights": "Không hạn chế", "Creator": "Lan",
        "Language": "Tiếng Việt", "StartDate": "2026-03-20", "EndDate": "2026-03-20", "DocTotal": 1, "PageTotal": 4,
        "Description": None, "objections": 0,
    }  # fmt: skip
    assert [line[:9] for line in official.told(found)] == ["Số đến 1:"]


def test_a_paper_in_quarantine_is_a_line_of_the_book_and_no_more(office):
    found = metadata(office)
    everything = official.as_json(found) + official.as_csv(INCOMING, found.documents).encode()
    assert b"canary" not in everything and json.loads(official.as_json(found))["documents"][2]["PageAmount"] is None


def test_of_a_secret_paper_neither_subject_nor_opinion_leaves(office):
    with office.sessions.begin() as session:
        second = register.page(session, "den", 2026).entries[1].document
        routing.decide(session, second, "Phòng dịch", instruction="chỉ đạo canary", actor="lan")
        second.secrecy, second.urgency = "Tối mật", "Khẩn"
    second = json.loads(official.as_json(metadata(office)))["documents"][1]
    assert second["Subject"] is None and second["Priority"] == 6 and "Vào sổ" in second["TraceHeaderList"]
    assert "canary" not in json.dumps(second) and any("Văn bản mật" in one for one in second["objections"])


def test_neither_csv_nor_workbook_holds_a_formula(office):
    found = metadata(office)
    rows = list(csv.DictReader(io.StringIO(official.as_csv(INCOMING, found.documents))))
    assert rows[0]["Subject"].startswith("'=xxx") and rows[1]["ArrivalDate"] == "25/03/2026"
    assert "quy định nhiều nhất 500" in rows[0]["Cần xem lại"]
    book = openpyxl.load_workbook(io.BytesIO(official.as_xlsx(found)))
    assert book.sheetnames == ["1. Văn bản đến", "2. Hồ sơ"]
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= set("snd")
    assert book.worksheets[0]["L6"].value == dt.datetime(2026, 3, 25)


def test_urgency_and_secrecy_are_one_digit_only_here():
    said = [priority(urgency, secrecy) for urgency, secrecy in (
        (None, None), ("Khẩn", None), ("Thượng khẩn", None), ("Hoả tốc", None), ("Hỏa tốc hẹn giờ", None),
        ("lạ", None), (None, "Mật"), ("Khẩn", "Tuyệt mật"))]  # fmt: skip
    assert said == [0, 1, 2, 3, 4, 1, 5, 7]
