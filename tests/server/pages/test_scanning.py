"""/scan: what a clerk sees while a scanner runs, in a real Chromium with SANE's test device; and who may do what."""

import re
import shutil

import pypdfium2
import pytest
import sqlalchemy as sa

from archive.models import Event, Scan, User
from archive.scanner import sane
from tests.archive import escl_stub
from tests.archive.escl_stub import jpeg
from tests.faults.line import until
from tests.server.desk import Desk
from tests.server.pages.test_browser import address, chromium, page

__all__ = ["address", "chromium", "page"]
HOW = {"source": "feeder", "resolution": "200", "colour": "grey", "files": "whole", "drops": "1"}


@pytest.fixture
def scanner(app, makers):
    """A network scanner with three pages, the second blank, which an administrator allows; its `device`."""
    one = escl_stub.Scanner([jpeg(1), jpeg(2, blank=True), jpeg(3)])
    with escl_stub.serving(one) as url:
        one.url, one.device = url, f"escl:{url}"
        yield one


@pytest.fixture
def van(app, desk, scanner):
    """A clerk in front of that scanner, once it was found."""
    assert desk("admin").send("/admin/scanners", {"url": scanner.url, "name": "Tầng 2"}).status_code == 303
    van = desk("clerk")
    until(lambda: scanner.device in van.page("/scan/devices"))
    return van


def scanned(app, van, scanner, **choices):
    """Press Quét and wait for the end; the address of the batch."""
    at = van.send("/scan", {"device": scanner.device, **HOW, **choices}).headers["Location"]
    finished(app, at)
    return at


def finished(app, at):
    batches = app.extensions["vanthu"].batches
    with app.extensions["vanthu"].readers() as session:
        owner = session.scalar(sa.select(User.id).where(User.role == "clerk"))
    until(lambda: not batches.is_held(batches.find(at.rsplit("/", 1)[1], owner)))


@pytest.mark.browser
@pytest.mark.skipif(shutil.which(sane.PROGRAM) is None, reason="scanimage is not installed (sane-utils)")
def test_a_feeder_is_scanned_looked_at_and_received_by_keyboard(page, makers):
    page.goto("/scan")
    page.wait_for_selector("#device option[data-sources]", state="attached")
    assert page.locator("[name=source][value=duplex]").is_disabled()  # the test device has no second side
    page.select_option("#resolution", "150")
    page.locator("body").press("q")
    page.wait_for_selector("#leaf-2")  # polled, not reloaded
    page.wait_for_selector("#receive:not([disabled])")
    page.get_by_text("Đã quét hết giấy.").wait_for()
    assert page.locator(".leaf").count() == 10
    assert page.evaluate("[...document.querySelectorAll('.leaf img')].every(one => one.naturalWidth > 100)")
    page.locator("#look-3").focus()
    page.keyboard.press("x")
    page.wait_for_selector("#leaf-3.out")
    assert page.evaluate("document.activeElement.id") == "look-3"  # the hand stays where it was
    page.keyboard.press("ArrowRight")
    page.keyboard.press("r")
    page.wait_for_selector("#look-4.t90")
    page.keyboard.press("Alt+ArrowLeft")
    page.wait_for_function("() => document.querySelectorAll('.leaf')[2].id === 'leaf-4'")
    page.keyboard.press("Enter")
    assert page.locator("#large").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/scan?did=received*")
    assert page.locator("#scan").is_visible() and page.locator("#resolution").input_value() == "150"
    with makers() as session:
        (scan,) = session.scalars(sa.select(Scan)).all()
        assert (scan.source, scan.received_by) == ("scanner", "van")


def test_a_batch_goes_through_plain_forms_too(app, van, scanner, makers):
    at = scanned(app, van, scanner)
    text = van.page(at)
    assert text.count('class="leaf') == 3 and "nhận 2 trang, 1 tệp" in text and "bỏ 1 trang trắng" in text
    seen = text.split('id="batch"')[1]
    assert "hx-get" not in seen.split(">")[0]  # it has ended: nobody asks any more
    leaf = van.open(f"{at}/pages/1.thumb.webp")
    assert (leaf.mimetype, leaf.headers["Cache-Control"]) == ("image/webp", "private, no-store")
    assert van.open(f"{at}/progress").status_code == 200
    van.send(f"{at}/pages", {"do": "3 out"})
    van.send(f"{at}/pages", {"do": "2 in"})
    assert van.send(f"{at}/pages", {"do": "9 out"}).status_code == 404
    assert van.send(f"{at}/pages", {"do": "1 burn"}).status_code == 422
    assert van.send(f"{at}/choose", HOW | {"files": "every", "every": "0"}).status_code == 422
    van.send(f"{at}/choose", HOW | {"files": "sheet", "urgent": "1"})
    answer = van.send(f"{at}/receive", HOW | {"files": "sheet", "urgent": "1"})
    assert answer.headers["Location"] == "/scan?did=received&files=2"
    assert van.send(f"{at}/receive").headers["Location"].endswith("files=2")  # pressed twice
    with makers() as session:
        scans = session.scalars(sa.select(Scan)).all()
        assert [scan.source for scan in scans] == ["scanner"] * 2 and {scan.priority for scan in scans} == {10}
    paths = [app.extensions["vanthu"].blobs.path(scan.sha256) for scan in scans]
    assert [len(pypdfium2.PdfDocument(path)) for path in paths] == [1, 1]


def test_a_jam_is_told_an_empty_batch_is_not_received_and_a_secret_one_not_read(app, van, scanner, makers):
    scanner.feeder = [jpeg(1), None]
    at = scanned(app, van, scanner)
    text = van.page(at)
    assert "Đã quét 1 trang. Kẹt giấy ở trang 2." in text and "Quét tiếp" in text
    scanner.feeder, scanner.adf = [], None
    van.send(f"{at}/go", {"device": scanner.device, **HOW})
    finished(app, at)
    assert "Khay nạp không có giấy." in van.page(at)
    van.send(f"{at}/pages", {"do": "1 out"})
    answer = van.send(f"{at}/receive", HOW)
    assert answer.status_code == 422 and "không có trang nào để nhận" in answer.text
    van.send(f"{at}/pages", {"do": "1 in"})
    assert "did=secret" in van.send(f"{at}/receive", HOW | {"secret": "1"}).headers["Location"]
    with makers() as session:
        assert [scan.status for scan in session.scalars(sa.select(Scan))] == ["quarantined"]


def test_a_batch_is_of_who_began_it_and_is_thrown_away_with_an_event(app, van, scanner, makers, desk):
    at = scanned(app, van, scanner)
    other = desk("admin", "Phòng khác")
    for path in (at, f"{at}/progress", f"{at}/pages/1.webp"):
        assert other.open(path).status_code == 404
    for path in ("pages", "choose", "go", "stop", "receive", "discard"):
        assert other.send(f"{at}/{path}", {"do": "1 out"}).status_code == 404
    assert "chưa nhận: 3 trang" in van.page("/scan") and "chưa nhận" not in other.page("/scan")
    assert van.send(f"{at}/discard").headers["Location"] == "/scan?did=discarded"
    assert van.open(at).status_code == 404
    with makers() as session:
        assert session.scalar(sa.select(Event.actor).where(Event.action == "batch_discarded")) == "clerk-x"


def test_nobody_sends_the_server_to_an_address_that_was_not_allowed(app, van, scanner, desk):
    with escl_stub.serving(escl_stub.Scanner([jpeg(1)])) as elsewhere:
        for device in (f"escl:{elsewhere}", "sane:escl:http://10.0.0.1", "sane:net:10.0.0.1:test", "sane:--help", ""):
            answer = van.send("/scan", {"device": device, **HOW})
            assert answer.status_code == 422 and "Chưa thấy máy quét này" in answer.text
    for choice in ({"resolution": "600"}, {"resolution": "9" * 9}, {"source": "mailbox"}, {"colour": "mauve"}):
        answer = van.send("/scan", {"device": scanner.device, **HOW, **choice})
        assert answer.status_code == 422 and "Máy quét này không có" in answer.text
    assert van.send("/admin/scanners", {"url": elsewhere}).status_code == 403
    admin = desk("admin", "Phòng khác")
    assert admin.send("/admin/scanners", {"url": "file:///etc/passwd"}).status_code == 422
    listed = admin.page("/admin/scanners")
    assert "Giấy Tốt MFP 420" in listed
    admin.send(re.search(r"/admin/scanners/\d+/forbid", listed)[0])
    assert van.send("/scan", {"device": scanner.device, **HOW}).status_code == 422


def test_only_those_who_hand_in_papers_scan(desk):
    for role in ("leader", "staff", "auditor", "it"):
        assert desk(role).open("/scan").status_code == desk(role, "Phòng khác").send("/scan", HOW).status_code == 403
    assert Desk(desk("clerk").client.application).open("/scan").status_code == 303
