"""One work file at the desk: papers by number and from their page, order, closing, prints, and who may."""

import io
import zipfile

import openpyxl
import pytest
from PIL import Image

from archive import register, work_files
from archive.handover import runs
from archive.models import Document, FilePaper, WorkFile
from archive.scans import Limits
from server.pages import sheet
from tests.server.desk import shelve


@pytest.fixture
def file(makers):
    with makers.begin() as session:
        return work_files.open_file(session, sheet.today().year, "01.TH", "Hồ sơ dịch", "10 năm", actor="van").id


@pytest.fixture
def papers(makers):
    """Three papers with the numbers 1, 2, 3 of this year's book."""
    ids = [shelve(makers, number=str(number)) for number in (471, 472, 473)]
    with makers.begin() as session:
        for one in ids:
            register.register(session, session.get(Document, one), "den", sheet.today(), actor="van")
    return ids


def order(makers, file):
    with makers() as session:
        found = session.query(FilePaper).filter_by(file_id=file).order_by(FilePaper.position)
        return [one.document_id for one in found]


def test_papers_are_added_by_their_numbers_all_or_none(desk, makers, file, papers):
    clerk, year = desk("clerk"), str(sheet.today().year)
    wrong = clerk.send(f"/files/{file}/put", {"numbers": "1, 7", "year": year})
    assert wrong.status_code == 422 and "mang số đến 7" in wrong.text and 'value="1, 7"' in wrong.text
    for text in ("", "x", "3-1", "1-999999"):
        assert clerk.send(f"/files/{file}/put", {"numbers": text, "year": year}).status_code == 422
    assert clerk.send(f"/files/{file}/put", {"numbers": "1", "year": "9" * 5000}).status_code == 422
    assert order(makers, file) == []
    assert clerk.send(f"/files/{file}/put", {"numbers": "3, 1 – 2", "year": year}).status_code == 303
    assert order(makers, file) == papers
    page = clerk.page(f"/files/{file}")
    assert "471/UBND-VX" in page and "<dd>3</dd>" in page


def test_papers_are_put_in_from_their_page_ordered_and_taken_out(desk, makers, file, papers):
    clerk = desk("staff")
    page = clerk.page(f"/documents/{papers[0]}")
    assert "01.TH" in page and f'action="/documents/{papers[0]}/files"' in page
    for one in papers:
        assert clerk.send(f"/documents/{one}/files", {"file": file}).status_code == 303
    assert f'<a href="/files/{file}">01.TH</a>' in clerk.page(f"/documents/{papers[0]}")
    assert clerk.send(f"/documents/{papers[0]}/files", {"file": "khong"}).status_code == 404
    place = f"/files/{file}/papers/{papers[2]}"
    assert clerk.send(place, {"action": "move", "place": "1"}).status_code == 303
    assert clerk.send(place, {"action": "move", "place": "x"}).status_code == 422
    assert clerk.send(f"/files/{file}/papers/{papers[0]}", {"action": "out"}).status_code == 303
    assert order(makers, file) == [papers[2], papers[1]]
    assert "Đã bỏ khỏi hồ sơ" in desk("clerk").page(f"/documents/{papers[0]}")


def test_the_next_paper_is_offered_the_file_of_those_like_it(desk, makers, file, papers):
    clerk = desk("clerk")
    clerk.send(f"/documents/{papers[0]}/files", {"file": file})
    page = clerk.page(f"/documents/{papers[1]}")
    assert "Đưa vào 01.TH" in page and "1 văn bản cùng ký hiệu UBND-VX đã ở đó" in page


def test_a_file_is_closed_handed_over_and_opened_again_only_before_that(desk, makers, file, papers):
    clerk = desk("clerk")
    close = {"sheets": "3", "sides": "4", "on": f"{sheet.today():%d/%m/%Y}"}
    assert clerk.send(f"/files/{file}/close", close).status_code == 409
    clerk.send(f"/documents/{papers[0]}/files", {"file": file})
    assert clerk.send(f"/files/{file}/close", close | {"sheets": "ba"}).status_code == 422
    assert clerk.send(f"/files/{file}/close", close).status_code == 303
    page = clerk.page(f"/files/{file}")
    assert "3 tờ, 4 trang" in page and f"31/12/{sheet.today().year + 10}" in page and "Hạn nộp lưu" in page
    assert f'action="/files/{file}/put"' not in page
    late = clerk.send(f"/files/{file}/put", {"numbers": "2", "year": str(sheet.today().year)})
    assert late.status_code == 409 and "mở lại hồ sơ" in late.text
    assert clerk.send(f"/files/{file}/reopen", {"reason": ""}).status_code == 422
    assert clerk.send(f"/files/{file}/reopen", {"reason": "thiếu"}).status_code == 303
    assert clerk.send(f"/files/{file}/change", {"title": "Tên mới"}).status_code == 303
    assert clerk.send(f"/files/{file}/close", close).status_code == 303
    assert clerk.send(f"/files/{file}/hand-over", {"on": "01/01/1990"}).status_code == 422
    assert clerk.send(f"/files/{file}/hand-over", {"on": ""}).status_code == 303
    assert clerk.send(f"/files/{file}/reopen", {"reason": "thiếu"}).status_code == 409
    page = clerk.page(f"/files/{file}")
    assert "Tên mới" in page and "Đã nộp lưu hồ sơ" in page and "thiếu" in page


def test_cover_and_table_of_contents_are_printed(desk, file, papers):
    clerk = desk("clerk")
    clerk.send(f"/documents/{papers[0]}/files", {"file": file})
    for name in ("cover.pdf", "contents.pdf"):
        assert clerk.open(f"/files/{file}/{name}").data.startswith(b"%PDF")
    content = clerk.open(f"/files/{file}/contents.xlsx").data
    rows = list(openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True))
    assert rows[6][:3] == (1, "471/UBND-VX", "30/03/2020")
    assert desk("staff").open(f"/files/{file}/contents.pdf").status_code == 403


def test_an_empty_line_is_taken_back_and_one_with_papers_is_not(desk, makers, file, papers):
    clerk = desk("clerk")
    clerk.send(f"/documents/{papers[0]}/files", {"file": file})
    assert clerk.send(f"/files/{file}/remove").status_code == 409
    clerk.send(f"/files/{file}/papers/{papers[0]}", {"action": "out"})
    assert clerk.send(f"/files/{file}/remove").status_code == 303
    assert clerk.open(f"/files/{file}").status_code == 404
    with makers() as session:
        assert session.query(WorkFile).count() == 0


def test_who_sees_a_paper_not_cannot_find_it_in_a_file(desk, makers, file, papers):
    with makers.begin() as session:
        session.get(Document, papers[0]).secrecy = "Mật"
    clerk, staff = desk("clerk"), desk("staff")
    clerk.send(f"/documents/{papers[0]}/files", {"file": file})
    clerk.send(f"/documents/{papers[1]}/files", {"file": file})
    page = staff.page(f"/files/{file}")
    assert "472/UBND-VX" in page and "471/UBND-VX" not in page and papers[0] not in page and "<dd>1</dd>" in page
    assert staff.send(f"/files/{file}/put", {"numbers": "1", "year": str(sheet.today().year)}).status_code == 422
    assert staff.send(f"/files/{file}/papers/{papers[0]}", {"action": "out"}).status_code == 404
    assert staff.send(f"/files/{file}/close", {"sheets": "1", "sides": "1"}).status_code == 403
    assert desk("auditor").send(f"/documents/{papers[1]}/files", {"file": file}).status_code == 403
    assert len(order(makers, file)) == 2


def original(here, makers, paper):
    """Real bytes for a paper of the shelf."""
    content = io.BytesIO()
    Image.new("L", (60, 80), 255).save(content, "PNG")
    content.seek(0)
    with makers.begin() as session:
        scan = session.get(Document, paper).scan
        scan.sha256, scan.media_type = here.blobs.put(content).sha256, "image/png"


def test_a_closed_file_is_packed_in_the_background_and_taken_by_who_keeps_files(app, desk, makers, file, papers):
    clerk, here = desk("clerk"), app.extensions["vanthu"]
    clerk.send(f"/documents/{papers[0]}/files", {"file": file})
    original(here, makers, papers[0])
    assert clerk.send(f"/files/{file}/package").status_code == 409
    assert clerk.open(f"/files/{file}/package.zip").status_code == 409
    clerk.send(f"/files/{file}/close", {"sheets": "1", "sides": "1", "on": f"{sheet.today():%d/%m/%Y}"})
    assert "Chuẩn bị gói" in clerk.page(f"/files/{file}")
    assert clerk.send(f"/files/{file}/package").status_code == 303
    assert 'hx-get="/files/' in clerk.page(f"/files/{file}/package")
    assert runs.take(makers) == file
    assert runs.run(here.settings, makers, here.blobs, Limits(), file)
    assert f"/files/{file}/package.zip" in clerk.page(f"/files/{file}/package")
    answer = clerk.open(f"/files/{file}/package.zip")
    assert any(name.endswith("/data/METS.xml") for name in zipfile.ZipFile(io.BytesIO(answer.data)).namelist())
    assert "Đã lấy gói nộp lưu" in clerk.page(f"/files/{file}")
    for who in ("staff", "leader", "auditor"):
        assert desk(who).open(f"/files/{file}/package.zip").status_code == 403


def test_the_metadata_of_a_book_is_given_to_who_may_export_it(desk, papers):
    clerk, year = desk("clerk"), sheet.today().year
    assert clerk.open(f"/register/{year}/metadata.csv").text.startswith("FileCode,DocOrdinal,TypeName")
    assert len(clerk.open(f"/register/{year}/metadata.json").json["documents"]) == 3
    assert clerk.open(f"/register/{year}/metadata.xlsx").data[:2] == b"PK"
    assert clerk.open(f"/register/{year}/metadata.exe").status_code == 404
    assert desk("staff").open(f"/register/{year}/metadata.csv").status_code == 403
