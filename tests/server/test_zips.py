"""ZIPs at the doors of the web: what is said of them, how they are shown, and that they come back byte for byte."""

import io

from PIL import Image

from archive.models import Scan
from tests.archive.test_packed import DOC, OTHER, PAPER, shade, zipped
from tests.server.pages.test_stamped import archived, pages

MIXED = zipped(("công văn.pdf", PAPER), ("biểu.pdf", OTHER), ("dự thảo.txt", b"x"), ("cũ.bin", DOC[:3]))
PICTURES = zipped(("trang 2.png", shade(20)), ("trang 1.png", shade(10)))


def white():
    out = io.BytesIO()
    Image.new("L", (827, 1169), 255).save(out, "PNG", dpi=(100, 100))
    return out.getvalue()


def scans(makers):
    with makers() as session:
        return {scan.filename: scan for scan in session.query(Scan)}


def test_the_upload_page_tells_what_of_a_zip_was_taken_and_what_was_left(desk, makers):
    van = desk()
    told = van.upload(MIXED, "hồ sơ.zip", headers={"Accept": "application/json"})
    said = told.json[0]["said"]
    assert told.status_code == 202 and "Tệp ZIP: 2 tệp" in said and "dự thảo.txt (" in said and "cũ.bin (" in said
    assert set(scans(makers)) == {"công văn.pdf", "biểu.pdf"}
    again = van.upload(MIXED, "hồ sơ.zip", headers={"Accept": "application/json"})
    assert again.status_code == 200 and "từ trước" in again.json[0]["said"]
    refused = van.upload(zipped(("a.txt", b"x")), headers={"Accept": "application/json"})
    assert refused.status_code == 422 and "a.txt" in refused.json[0]["said"]
    assert ".zip" in van.page("/")


def test_a_zip_of_pictures_comes_back_byte_for_byte_as_a_zip(desk, makers):
    van = desk()
    assert van.upload(PICTURES, "ảnh chụp.zip").status_code == 303
    answer = van.open(f"/scans/{scans(makers)['ảnh chụp.zip'].id}/original")
    assert (answer.data, answer.mimetype) == (PICTURES, "application/zip")
    assert answer.headers["Content-Disposition"].startswith("attachment") and ".zip" in str(answer.headers)


def test_the_zip_a_paper_lay_in_is_saved_as_it_came(desk, makers):
    van = desk()
    van.upload(MIXED, "hồ sơ.zip")
    paper = scans(makers)["công văn.pdf"]
    answer = van.open(f"/scans/{paper.id}/messages/1")
    assert (answer.data, answer.mimetype) == (MIXED, "application/zip")
    assert "hồ sơ.zip" in van.page("/messages")


def test_programs_get_every_scan_of_a_zip(office):
    answer = office.ask("POST", "/api/v1/scans", data={"file": (io.BytesIO(MIXED), "hồ sơ.zip")})
    assert answer.status_code == 202 and len(answer.json["scans"]) == 2 and answer.json["message"]
    assert {one["name"] for one in answer.json["left_out"]} == {"dự thảo.txt", "cũ.bin"}
    one = office.ask("POST", "/api/v1/scans", data={"file": (io.BytesIO(PICTURES), "ảnh.zip")})
    assert one.status_code == 202 and "scans" not in one.json
    original = office.ask("GET", f"/api/v1/scans/{one.json['id']}/original")
    assert (original.data, original.mimetype) == (PICTURES, "application/zip")


def test_a_zip_of_pictures_is_copied_into_a_pdf_with_its_stamp(app, desk, makers):
    document = archived(app, makers, zipped(("2.png", shade(20)), ("1.png", white())), "473")
    answer = desk().open(f"/documents/{document}/stamped.pdf")
    assert answer.status_code == 200 and "ĐẾN" in pages(answer.data)[0][0]
