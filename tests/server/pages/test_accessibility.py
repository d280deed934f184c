"""No page of ours has a fault that axe finds (WCAG 2.2 AA): light and dark, wide and on a telephone.

Every address without a part to fill in is looked at by itself, so a new page cannot be forgotten; the others are named.
"""

import pytest

from archive import agencies, register, review, routing, work_files
from archive.models import CitationRow, Document, PageRow, Scan
from server.pages import sheet
from tests.server import hostile
from tests.server.desk import FIELDS, Desk, settled, shelve
from tests.server.pages.test_browser import address, chromium, context_of, looked_at
from tests.server.pages.test_messages import came, letter

__all__ = ["address", "came", "chromium"]
pytestmark = pytest.mark.browser
NO_PAGES = (
    "/api/", "/static/", "/healthz", "/readyz", "/metrics", "/inbox/queue", "/searches/news", "/ledger/progress",
    "/scan/devices", "/login",
)  # fmt: skip
"""Not for people, or a part of a page, or looked at before."""


@pytest.fixture
def office(app, makers, came):
    """A paper of each kind, and addresses of pages that are about one thing."""
    doubt = settled("471", sure=False, confidence=0.6, others=[{"value": "417", "confidence": 0.3}])
    missing = settled(None, sure=False, page=None, box=None)
    waiting = shelve(makers, fields={"number": doubt, "date": missing}, stamp=[])
    known, again = shelve(makers, number="472"), shelve(makers, number="473")
    came(facts=letter("Tài liệu"), secret=True)
    message = came(known, facts=letter("Công văn", ("a.docx", "unknown", {}), refused=["unknown"]))
    with makers.begin() as session:
        paper, this = session.get(Document, known), sheet.today()
        agencies.add(session, "000.00.00.H51", FIELDS["issuing_organ"], "01/01/2017", actor="an")
        register.register(session, paper, "den", this, actor="an")
        review.correct(session, paper, {"subject": "khác"}, actor="an")
        routing.decide(session, paper, "Phòng Văn xã", "lead", this.replace(day=1), actor="an")
        session.add(CitationRow(document_id=waiting, code="472/UBND-VX", date=FIELDS["date"], target_id=known))
        file = work_files.open_file(session, this.year, "01.TH", "Hồ sơ dịch", "10 năm", heading="Tổng hợp", actor="an")
        work_files.put(session, file, paper, actor="an")
        scan = session.get(Scan, session.get(Document, waiting).scan_id)
        scan.priority = 10
        session.add(PageRow(scan_id=scan.id, number=2, source="ocr", width=1654, height=2339, advice=["faint"]))
        session.get(Document, waiting).pages = [1, 2]
        session.get(Scan, session.get(Document, again).scan_id).status = "reading"
        batch = hostile.batch_of(app, session.scalar(hostile.VAN))
        return [
            f"/messages/{message}", "/messages?refused=1", f"/scan/{batch}", f"/review/{waiting}", f"/review/{again}",
            "/?queue=1", f"/documents/{known}",
            f"/documents/{waiting}",
            f"/alike/{known}", "/search?q=covid", "/search?nam=2020&type=Công văn", "/reports?part=handling",
            "/reports?part=machine", f"/files/{file.id}", f"/admin/stamps/{known}/1",
            "/admin/plugins/cao_bang?samples=1", f"/scans/{session.get(Document, again).scan_id}", "/no",
        ]  # fmt: skip


def alone(app):
    """Addresses of pages that need nothing filled in."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and not rule.arguments]
    return sorted(
        str(rule) for rule in rules if not str(rule).startswith(NO_PAGES) and not str(rule).endswith((".pdf", ".xlsx"))
    )


def test_no_page_has_a_fault_of_accessibility(app, chromium, address, office):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = context_of(chromium, address)
    page = context.new_page()
    page.goto("/login")
    faults = {"/login": looked_at(axe, page)}
    page.fill("#name", "van")
    page.fill("#password", Desk.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    for path in [*alone(app), *office]:
        page.goto(path)
        faults[path] = looked_at(axe, page)
    context.close()
    assert {path: said for path, said in faults.items() if said} == {}
