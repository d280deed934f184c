"""The contract's JSON: every field, null where the paper does not say, the same from rows and from memory."""

import datetime as dt
import json

import pytest

from archive import answer, records
from archive.findings import FIELDS, STAMP_FIELDS, Citation, Finding, Mention, Record, Route, Settled, Stamp, settle
from archive.models import Book, Confirmation, Document, RegisterEntry, RouteRow, Scan

BOX = (0.1, 0.2, 0.3, 0.4)
FINDINGS = (
    Finding("number", "471", 0.9, page=1, box=BOX, source="national 1.0", witness="layer"),
    Finding("number", "417", 0.2, page=1, box=BOX, source="national 1.0", witness="pen", reason="chữ viết tay"),
    Finding("date", None, 0.6, partial="2025-02", page=1, box=BOX, source="national 1.0"),
    Finding("addressees", ("Các sở, ngành",), 0.9, source="national 1.0"),
    Finding("full_code", "172-TB/TW", 0.7, suggestion=True, reason="văn bản cùng bộ", source="bundle"),
    Finding("cao_bang.file_code", "H49", 0.9, source="cao_bang 1.0"),
    Finding("flag", "part_of_bundle", 1.0, source="line"),
    Finding("system", "state", 0.99, source="national 1.0"),
)
CITATION = Citation(
    "Chỉ thị", "16/CT-TTg", "2020-03-31", "Thủ tướng Chính phủ", "basis", (Mention(5, 9, 1, BOX),), "n 1"
)
STAMP = Stamp(
    1, BOX, (Finding("number", "1161", 0.9, page=1, box=BOX, witness="pen", source="national 1.0"),), 1.5, 0.9
)


@pytest.fixture
def kept(office_sessions):
    """The findings above as a document of a scan, in an open transaction."""
    with office_sessions.begin() as session:
        scan = Scan(sha256="a" * 64, filename="a.pdf", media_type="application/pdf", size=1, received_by="huong",
                    pages=2, status="review", received_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC))  # fmt: skip
        session.add(scan)
        session.flush()
        document = Document(scan_id=scan.id, pages=[1, 2])
        session.add(document)
        session.flush()
        row = records.stamp_row(scan.id, STAMP)
        row.document_id = document.id
        session.add(row)
        records.keep_findings(session, document, FINDINGS, None)
        records.keep_citations(document, [CITATION])
        records.resettle(session, document)
        document.routes = [
            RouteRow(unit="Phòng Văn xã", due=dt.date(2020, 4, 5), confidence=0.8, source="soc_trang 1.0")
        ]
        session.flush()
        yield session, scan, document


def test_every_field_of_the_contract_is_there(kept):
    session, scan, _ = kept
    read = json.loads(json.dumps(answer.of_scan(session, scan)))
    assert {"id", "sha256", "filename", "media_type", "pages", "status", "error", "signatures"} <= set(read["scan"])
    (document,) = read["documents"]
    assert list(document["fields"])[: len(FIELDS)] == list(FIELDS)
    assert "cao_bang.file_code" in document["fields"]
    shape = {"value", "confidence", "sure", "page", "box", "source", "others", "partial", "reason"}
    assert all(set(field) == shape for field in document["fields"].values())
    assert document["fields"]["signer_name"]["value"] is None
    assert list(document["stamp"]["fields"]) == list(STAMP_FIELDS)
    assert (document["kind"], document["system"], document["pages"]) == ("document", "state", [1, 2])
    assert (document["addressees"], document["recipients"], document["archive_copy"]) == (["Các sở, ngành"], [], [])
    assert document["flags"] == ["part_of_bundle"]


def test_rivals_stand_in_others_and_parts_in_partial(kept):
    session, _, document = kept
    fields = answer.of_document(session, document)["fields"]
    assert fields["number"]["value"] == "471"
    assert [(other["value"], other["reason"]) for other in fields["number"]["others"]] == [("417", "chữ viết tay")]
    assert {"value", "confidence", "sure", "page", "box", "source", "others"} <= fields["number"]["others"][0].keys()
    assert (fields["date"]["value"], fields["date"]["partial"], fields["date"]["sure"]) == (None, "2025-02", False)
    assert fields["number"]["box"] == list(BOX)


def test_what_is_inferred_is_a_suggestion_and_no_field(kept):
    session, _, document = kept
    read = answer.of_document(session, document)
    assert read["suggestions"] == [
        {"field": "full_code", "value": "172-TB/TW", "reason": "văn bản cùng bộ", "source": "bundle"}
    ]
    assert read["fields"]["full_code"]["value"] is None


def test_a_citation_carries_its_mentions(kept):
    session, _, document = kept
    (citation,) = answer.of_document(session, document)["citations"]
    assert citation == {
        "type": "Chỉ thị", "code": "16/CT-TTg", "date": "2020-03-31", "issuer": "Thủ tướng Chính phủ",
        "relation": "basis", "page": 1, "box": list(BOX), "target": None, "source": "n 1",
        "mentions": [{"page": 1, "box": list(BOX), "start": 5, "end": 9}],
    }  # fmt: skip


def test_routes_have_their_day_and_reason(kept):
    session, _, document = kept
    (route,) = answer.of_document(session, document)["routes"]
    assert (route["unit"], route["role"], route["due"], route["state"]) == (
        "Phòng Văn xã",
        "lead",
        "2020-04-05",
        "suggested",
    )


def test_a_record_in_memory_reads_like_its_rows(kept):
    session, _, document = kept
    rows = answer.of_document(session, document)
    memory = answer.of_record(settle([*FINDINGS, CITATION], {}, STAMP), pages=[1, 2])
    for name in ("fields", "stamp", "citations", "flags", "suggestions", "system", "kind", "addressees"):
        assert memory[name] == rows[name], name


def test_no_stamp_is_null_and_an_empty_record_is_all_null():
    read = answer.of_record(Record(), pages=[1], routes=[Route("Phòng Văn xã")])
    assert read["stamp"] is None
    assert all(field["value"] is None and not field["sure"] for field in read["fields"].values())
    assert read["routes"][0]["role"] == "lead"


def test_a_persons_word_about_the_stamp_stands_before_what_was_read(kept):
    session, _, document = kept
    session.add(Confirmation(document_id=document.id, field="stamp.number", value="1162", machine="1161", by="huong"))
    records.resettle(session, document)
    read = answer.of_document(session, document)
    number = read["stamp"]["fields"]["number"]
    assert (number["value"], number["sure"], number["source"]) == ("1162", True, "person")
    assert [other["value"] for other in number["others"]] == ["1161"]
    assert "stamp.number" not in read["fields"]


def test_a_registered_document_says_where(kept):
    session, _, document = kept
    assert answer.of_document(session, document)["register"] is None
    if session.get(Book, "den") is None:
        session.add(Book(id="den", title="Sổ đến"))
    session.add(
        RegisterEntry(book_id="den", year=2026, number=7, document_id=document.id, arrived_on=dt.date(2026, 1, 2))
    )
    session.flush()
    entry = answer.of_document(session, document)["register"]
    assert entry == {"book": "den", "year": 2026, "number": 7, "arrived_on": "2026-01-02"}


def test_a_value_too_long_for_its_column_is_not_cut_short():
    document = Document(fields={}, lists={}, flags=[], suggestions=[], version=1)
    records.keep(document, Record(fields={"number": Settled("4" * 30, 0.9), "symbol": Settled("UBND-VX", 0.9)}))
    assert (document.number, document.symbol) == (None, "UBND-VX")
    assert document.fields["number"]["value"] == "4" * 30
