"""One paper: its pages, what it names and who names it, its history, and who may see it."""

import pytest

from archive.models import CitationRow, Document, Scan
from tests.server.desk import shelve


def test_a_document_shows_its_fields_history_and_place_in_the_book(desk, makers):
    van, paper = desk(), shelve(makers)
    van.decide(paper)
    text = van.page(f"/documents/{paper}")
    for words in ("471/UBND-VX", "30/03/2020", "số đến 1 năm", "Đã vào sổ", "Lịch sử", "clerk-x", "Tải bản gốc"):
        assert words in text


def test_citations_lead_both_ways(desk, makers):
    van, cited, citing = desk(), shelve(makers), shelve(makers, number="472")
    with makers.begin() as session:
        session.add(CitationRow(document_id=citing, type="Công văn", code="471/UBND-VX", date="2020-03-30",
                                relation="basis", target_id=cited))  # fmt: skip
    assert f'href="/documents/{cited}">471/UBND-VX' in van.page(f"/documents/{citing}")
    assert f'href="/documents/{citing}">472/UBND-VX' in van.page(f"/documents/{cited}")


def test_a_paper_somebody_may_not_see_is_not_there_not_even_as_a_citation(desk, makers):
    hidden, open_one = shelve(makers), shelve(makers, number="472", status="registered")
    with makers.begin() as session:
        session.add(CitationRow(document_id=open_one, code="471/UBND-VX", target_id=hidden))
        session.add(CitationRow(document_id=hidden, code="472/UBND-VX", target_id=open_one))
    staff = desk("staff")
    for path in (f"/documents/{hidden}", f"/documents/{hidden}/pages/1.webp", "/documents/nobody"):
        assert staff.open(path).status_code == 404
    text = staff.page(f"/documents/{open_one}")
    assert hidden not in text and "Được viện dẫn" not in text


@pytest.mark.parametrize("name", ["1.webp", "1.thumb.webp"])
def test_pictures_are_for_those_who_may_read_the_paper(app, desk, makers, name):
    derived = app.extensions["vanthu"].derived
    paper = shelve(makers, derived=derived)
    with makers() as session:
        derived.put(session.get(Document, paper).scan_id, "1.thumb.webp", b"RIFFxxxxWEBP")
    answer = desk().open(f"/documents/{paper}/pages/{name}")
    assert answer.status_code == 200 and answer.mimetype == "image/webp"
    assert "private" in answer.headers["Cache-Control"]
    assert desk("admin").open(f"/documents/{paper}/pages/2.webp").status_code == 404
    assert desk(None).open(f"/documents/{paper}/pages/{name}").status_code == 303


def test_a_quarantined_file_opens_nowhere(desk, makers):
    van, paper = desk(), shelve(makers)
    with makers.begin() as session:
        scan = session.get(Scan, session.get(Document, paper).scan_id)
        scan.status = "quarantined"
        scan_id = scan.id
    for path in (
        f"/documents/{paper}",
        f"/review/{paper}",
        f"/documents/{paper}/pages/1.webp",
        f"/scans/{scan_id}/original",
    ):
        assert van.open(path).status_code == 404
    assert "471/UBND-VX" not in van.page("/")


def test_an_address_that_is_not_there_says_what_to_do(desk):
    answer = desk().open("/documents/" + "0" * 32)
    assert answer.status_code == 404 and "Không tìm thấy" in answer.text
    assert desk("admin").open("/no/such/page").status_code == 404
