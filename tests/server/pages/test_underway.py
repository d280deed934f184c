"""Pages of a long scan are looked at as they are read; what may be secret waits."""

import re

from archive.derived import Derived
from archive.models import PageRow, Scan, now
from tests.server.desk import shelve

PICTURE = b"RIFFxxxxWEBP"


def reading(makers, settings, *texts, pages=100, status="reading"):
    """A scan of which pages with `texts` were read; its id."""
    with makers.begin() as session:
        scan = Scan(sha256=now().isoformat(), filename="dai.pdf", media_type="application/pdf", size=9, pages=pages,
                    status=status, received_by="van")  # fmt: skip
        session.add(scan)
        session.flush()
        more(session, settings, scan.id, 1, texts)
        return scan.id


def more(session, settings, scan_id, begin, texts):
    for number, text in enumerate(texts, begin):
        session.add(PageRow(scan_id=scan_id, number=number, source="ocr", width=1654, height=2339, plain=text))
        Derived(settings.data).put(scan_id, f"{number}.webp", PICTURE)


def test_pages_appear_as_they_are_read(settings, desk, makers):
    van, scan = desk(), reading(makers, settings, "Số: 1", "Nơi nhận")
    assert f'href="/scans/{scan}"' in van.page("/")
    text = van.page(f"/scans/{scan}")
    assert "Đã đọc 2 / 100 trang" in text
    assert re.findall(r'src="/scans/\w+/pages/(\d+).webp"', text) == ["1", "2"]
    again = re.search(r'hx-get="([^"]+)"[^>]*hx-trigger="every 2s"', text[text.index('id="underway"') :])[1]
    assert van.open(again).status_code == 204
    with makers.begin() as session:
        more(session, settings, scan, 3, ["Điều 1"])
    assert re.findall(r'src="/scans/\w+/pages/(\d+).webp"', van.page(again)) == ["1", "2", "3"]
    assert van.open(f"/scans/{scan}/pages/3.webp").data == PICTURE
    assert van.open(f"/scans/{scan}/pages/4.webp").status_code == 404


def test_a_page_that_may_be_secret_waits(settings, desk, makers):
    van, scan = desk(), reading(makers, settings, "ỦY BAN NHÂN DÂN\nMẬT\nSố: 1")
    assert "có thể có dấu mật" in van.page(f"/scans/{scan}")
    assert van.open(f"/scans/{scan}/pages/1.webp").status_code == 404


def test_a_scan_that_was_read_leads_to_its_first_paper(desk, makers):
    van, paper = desk(), shelve(makers)
    with makers() as session:
        scan = session.query(Scan).one().id
    assert van.open(f"/scans/{scan}").headers["Location"] == f"/review/{paper}"
    assert van.open(f"/scans/{scan}/underway").headers["HX-Redirect"] == f"/review/{paper}"


def test_a_scan_in_quarantine_shows_no_page(settings, desk, makers):
    scan = reading(makers, settings, "Số: 1", status="quarantined")
    van = desk()
    assert van.open(f"/scans/{scan}").headers["Location"] == "/"
    assert van.open(f"/scans/{scan}/pages/1.webp").status_code == 404


def test_whoever_does_not_take_scans_in_sees_none(settings, desk, makers):
    scan = reading(makers, settings, "Số: 1")
    somebody = desk("staff")
    assert somebody.open(f"/scans/{scan}").status_code in (302, 303, 403, 404)
    assert somebody.open(f"/scans/{scan}/pages/1.webp").status_code in (302, 303, 403, 404)
