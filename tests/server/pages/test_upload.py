"""The door for people: what is received, what is refused, and what is said of it."""

import io
import re

from PIL import Image

from archive.derived import Derived
from archive.jobs.worker import Worker
from archive.models import Scan
from archive.office_files import DOCX
from tests.archive import office_samples
from tests.papers import drawn

PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n"


def scans(makers):
    with makers() as session:
        return session.query(Scan).order_by(Scan.filename).all()


def test_a_file_is_received_and_stands_in_the_queue(desk, makers):
    van = desk()
    assert van.upload(PDF, "Công văn 12.pdf").headers["Location"] == "/"
    assert "Công văn 12.pdf" in van.page("/")
    assert [(scan.filename, scan.source, scan.received_by) for scan in scans(makers)] == [
        ("Công văn 12.pdf", "web", "clerk-x")
    ]


def test_scripts_are_answered_line_by_line(desk, makers):
    van = desk()
    answer = van.upload(PDF, headers={"Accept": "application/json", "X-CSRF-Token": van.token})
    assert answer.status_code == 202 and answer.json[0]["ok"] and answer.json[0]["scan_id"] == scans(makers)[0].id
    again = van.upload(PDF, "khac.pdf", headers={"Accept": "application/json"})
    assert again.status_code == 200 and "từ trước" in again.json[0]["said"] and len(scans(makers)) == 1


def test_several_files_of_a_plain_form_are_taken_and_each_refusal_is_told(desk, makers):
    van = desk()
    files = [(io.BytesIO(PDF), "a.pdf"), (io.BytesIO(b"hello"), "b.doc"), (io.BytesIO(b""), "c.pdf")]
    answer = van.send("/upload", {"file": files})
    assert answer.status_code in (415, 422)
    assert "b.doc" in answer.text and re.search("PDF, TIFF", answer.text) and "c.pdf" in answer.text
    assert [scan.filename for scan in scans(makers)] == ["a.pdf"]


def test_urgent_files_stand_first(desk, makers):
    van = desk()
    van.send("/upload", {"file": (io.BytesIO(PDF), "gap.pdf"), "urgent": "1"})
    van.upload(PDF + b"%", "thuong.pdf")
    text = van.page("/")
    assert text.index("gap.pdf") < text.index("thuong.pdf") and scans(makers)[0].priority < scans(makers)[1].priority


def test_a_form_without_a_file_says_so(desk):
    assert "Chưa chọn tệp nào" in desk().send("/upload").text


def test_a_file_that_is_too_large_is_refused_in_words(app, desk, makers):
    app.config["MAX_CONTENT_LENGTH"] = 2000
    van = desk()
    answer = van.upload(PDF + b" " * 4000, headers={"X-CSRF-Token": van.token})
    assert answer.status_code == 413 and "lớn hơn mức cho phép" in answer.text and not scans(makers)


def test_only_those_who_work_on_papers_may_send_files(desk):
    for role in ("leader", "staff", "auditor"):
        assert desk(role).upload(PDF).status_code == 403


def test_the_original_comes_back_byte_for_byte_and_only_to_be_saved(desk, makers):
    van, content = desk(), drawn("cong_van_ubnd").pdf
    van.upload(content, "bản gốc.pdf")
    answer = van.open(f"/scans/{scans(makers)[0].id}/original")
    assert answer.data == content
    assert (
        answer.headers["Content-Disposition"].startswith("attachment")
        and "sandbox" in answer.headers["Content-Security-Policy"]
    )
    assert desk("staff").open(f"/scans/{scans(makers)[0].id}/original").status_code == 404


def test_a_word_file_is_shown_drawn_and_given_back_as_it_came(desk, makers, settings, libreoffice):
    van, content = desk(), office_samples.docx("Số: 12/UBND-VX\nVề việc giữ cho trọn")
    van.upload(content, "Công văn.docx")
    with Worker(settings) as worker:
        assert worker.drain(seconds=120)
    [scan] = scans(makers)
    with makers() as session:
        [paper] = session.get(Scan, scan.id).documents
    Derived(settings.data).drop(scan.id)
    page = van.open(f"/documents/{paper.id}/pages/1.webp")
    assert page.status_code == 200 and Image.open(io.BytesIO(page.data)).size[1] > 1500
    copy = van.open(f"/api/v1/documents/{paper.id}/pdf")
    assert copy.status_code == 200 and copy.data.startswith(b"%PDF-1.7")
    original = van.open(f"/scans/{scan.id}/original")
    assert (original.data, original.mimetype) == (content, DOCX)
