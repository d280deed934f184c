"""A stamped copy and labels at the desk."""

import io

from PIL import Image

from archive import register
from archive.front_door import receive
from archive.models import Document, PageRow, Scan
from archive.pages import keep
from archive.reading import Page
from server.pages import sheet
from tests.archive import office_samples
from tests.archive.test_forms import pages
from tests.archive.test_register_stamp import paper
from tests.server.desk import shelve

TODAY = sheet.today()


def archived(app, makers, content, number, enter=True, stamp=None):
    """A paper with these bytes, in the book."""
    here = app.extensions["vanthu"]
    got = receive(makers, here.blobs, here.settings, io.BytesIO(content), "a", actor="van", source="web").first
    document_id = shelve(makers, number=number, stamp=stamp)
    with makers.begin() as session:
        document = session.get(Document, document_id)
        scan = session.get(Scan, got.scan_id)
        scan.status = "review"
        session.query(PageRow).filter_by(scan_id=document.scan_id).delete()
        document.scan_id = scan.id
        if document.stamp:
            document.stamp.scan_id = scan.id
        session.flush()
        keep(session, scan.id, Page(1, (), "", (), "ocr", width=1654, height=2339, dpi=200.0))
        if enter:
            register.register(session, document, "den", TODAY, actor="van")
    return document_id


def test_the_copy_is_stamped_and_the_original_stays_byte_for_byte(app, desk, makers, tmp_path):
    content = paper(tmp_path / "a.pdf", count=1).read_bytes()
    document = archived(app, makers, content, "471")
    van = desk()
    assert "Bản sao có dấu ĐẾN" in van.page(f"/documents/{document}")
    answer = van.open(f"/documents/{document}/stamped.pdf")
    assert answer.status_code == 200 and answer.mimetype == "application/pdf"
    text = pages(answer.data)[0][0]
    assert "trang 1" in text and "01" in text and f"{TODAY:%d/%m/%Y}" in text
    with makers() as session:
        scan_id = session.get(Document, document).scan_id
    assert van.open(f"/scans/{scan_id}/original").data == content


def test_a_picture_is_copied_into_a_pdf_with_its_stamp(app, desk, makers):
    out = io.BytesIO()
    Image.new("L", (1654, 2339), 255).save(out, "PNG", dpi=(200, 200))
    document = archived(app, makers, out.getvalue(), "472")
    answer = desk().open(f"/documents/{document}/stamped.pdf")
    assert answer.status_code == 200 and "ĐẾN" in pages(answer.data)[0][0]


def test_a_word_file_is_stamped_on_pages_that_still_have_their_text(app, desk, makers, libreoffice):
    document = archived(app, makers, office_samples.docx("Số: 12/UBND-VX"), "12")
    answer = desk().open(f"/documents/{document}/stamped.pdf")
    text = pages(answer.data)[0][0]
    assert answer.status_code == 200 and "12/UBND-VX" in text and f"{TODAY:%d/%m/%Y}" in text


def test_a_paper_without_a_number_or_with_a_stamp_gets_none(app, desk, makers, tmp_path):
    van = desk()
    content = paper(tmp_path / "a.pdf", count=1).read_bytes()
    unregistered = archived(app, makers, content, "1", enter=False)
    assert van.open(f"/documents/{unregistered}/stamped.pdf").status_code == 409
    has_one = archived(app, makers, content + b"\n", "2", stamp=[])
    assert "Bản sao có dấu ĐẾN" not in van.page(f"/documents/{has_one}")
    assert van.open(f"/documents/{has_one}/stamped.pdf").status_code == 409
    assert desk("it").open(f"/documents/{has_one}/stamped.pdf").status_code == 403


def test_a_secret_paper_s_copy_is_only_for_whom_it_concerns(app, desk, makers, tmp_path):
    document = archived(app, makers, paper(tmp_path / "a.pdf", count=1).read_bytes(), "3")
    with makers.begin() as session:
        session.get(Document, document).secrecy = "Mật"
    assert desk("staff").open(f"/documents/{document}/stamped.pdf").status_code == 404


def test_labels_are_printed_for_numbers_of_the_book(desk, makers):
    for number in ("1", "2", "3"):
        paper_id = shelve(makers, number=number)
        with makers.begin() as session:
            register.register(session, session.get(Document, paper_id), "den", TODAY, actor="van")
    van = desk()
    answer = van.open(f"/register/{TODAY.year}/labels.pdf?first=2&last=3")
    assert answer.status_code == 200 and pages(answer.data)[0][0].count("ĐẾN") == 2
    assert van.open(f"/register/{TODAY.year}/labels.pdf?first=3").status_code == 200
    for wrong in ("", "?first=x", "?first=90&last=99"):
        assert van.open(f"/register/{TODAY.year}/labels.pdf{wrong}").status_code == 422
    assert desk("head").open(f"/register/{TODAY.year}/labels.pdf?first=1").status_code == 403
