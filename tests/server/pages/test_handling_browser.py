"""A real Chromium: the leader decides by keyboard, a head of unit reads, hands on and finishes on a phone."""

import io

import pytest
from PIL import Image

from archive import handling, people, routing
from archive.handling import Given
from archive.models import Document, RouteRow
from archive.routing import Part
from tests.server.desk import Desk
from tests.server.pages.test_browser import address, chromium, context_of, looked_at, signed_in  # noqa: F401 - fixtures
from tests.server.pages.test_routing import arrange

pytestmark = pytest.mark.browser
UNIT = "Phòng Văn xã"


@pytest.fixture
def office(app, makers):
    """Three papers in the book with their pictures; a leader, the head of Phòng Văn xã and one of its people."""
    papers = arrange(makers, registered=3, suggestions=[(UNIT, "lead", 5), ("Phòng Nội chính", "support", None)])
    out = io.BytesIO()
    Image.new("L", (827, 1169), 245).save(out, "WEBP")
    with makers.begin() as session:
        people.add_user(session, "sep", "leader", None, Desk.PASSWORD)
        people.add_user(session, "hoa", "head", UNIT, Desk.PASSWORD, full_name="Phạm Thị Hoa")
        people.add_user(session, "nam", "staff", UNIT, Desk.PASSWORD, full_name="Hoàng Hải Nam")
        session.get(Document, papers[2]).urgency = "Hỏa tốc"
        for paper in papers:
            for name in ("1.webp", "1.thumb.webp"):
                app.extensions["vanthu"].derived.put(session.get(Document, paper).scan_id, name, out.getvalue())
    return papers


def tab(chromium, address, name, width=1440, **options):  # noqa: F811
    """A tab of this person; what the browser complains of is in `page.said`."""
    context = context_of(chromium, address, width, 844, **options)
    page = signed_in(context, name)
    page.said = []
    page.on("console", lambda told: page.said.append(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.goto("/")
    return page


def test_the_leader_decides_by_keyboard_and_the_next_paper_opens(chromium, address, office, makers):  # noqa: F811
    page = tab(chromium, address, "sep")
    assert page.url.endswith("/routing") and page.locator("aside h1").inner_text() == "473/UBND-VX"  # hỏa tốc
    assert page.locator("#trang-1 img").evaluate("image => image.complete && image.naturalWidth > 0")
    page.keyboard.press("j")
    page.wait_for_url(f"**document={office[0]}")
    page.keyboard.press("k")
    page.wait_for_url(f"**document={office[2]}")
    page.get_by_role("button", name="3 ngày làm việc").click()
    due = page.input_value("#due")
    page.fill("#say", "Làm ngay")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/routing?done={office[2]}")
    assert page.locator("aside h1").inner_text() == "471/UBND-VX"
    page.keyboard.press("Control+Enter")  # what is suggested, unseen: one key
    page.wait_for_url(f"**/routing?done={office[0]}")
    with makers() as session:
        lead = routing.leading(session.get(Document, office[2]))
        assert (lead.unit, f"{lead.due:%d/%m/%Y}", lead.instruction) == (UNIT, due, "Làm ngay")
        assert session.get(Document, office[0]).status == "routed"
    assert page.said == []
    page.context.close()


def test_a_head_of_unit_reads_hands_on_and_finishes_on_a_phone(chromium, address, office, makers):  # noqa: F811
    with makers.begin() as session:
        routing.distribute(
            session, session.get(Document, office[0]), [Part(UNIT, "lead", None, "Tham mưu")], actor="sep"
        )
    page = tab(chromium, address, "hoa", 390, has_touch=True, is_mobile=True)
    assert page.url.endswith("/inbox")
    page.get_by_role("button", name="Nhận văn bản").tap()
    page.wait_for_selector("text=đã nhận, đang xử lý")
    page.get_by_role("link", name="471/UBND-VX").tap()
    page.wait_for_url("**/documents/**")
    assert page.locator("#trang-1 img").evaluate("image => image.complete && image.naturalWidth > 0")
    assert page.locator(".about").get_by_text("triển khai Thông báo").is_visible() and fits(page)
    page.get_by_text("Giao người xử lý").first.tap()
    page.get_by_label("Người xử lý", exact=True).select_option(label="Hoàng Hải Nam (Chuyên viên)")
    page.get_by_label("Ý kiến của lãnh đạo đơn vị").fill("Dự thảo trả lời")
    assert fits(page)
    page.locator("form[action$='/assign'] button").tap()
    page.get_by_text("Dự thảo trả lời").first.wait_for()
    page.get_by_label("Số, ký hiệu văn bản trả lời").fill("88/UBND-VX")
    page.get_by_role("button", name="Kết thúc").tap()
    page.locator(".trace").get_by_text("Đã kết thúc xử lý").wait_for()
    with makers() as session:
        route = session.query(RouteRow).filter_by(state="finished").one()
        assert (route.reply, route.person.name, route.received_by) == ("88/UBND-VX", "nam", "Phạm Thị Hoa")
        assert session.get(Document, office[0]).status == "done"
    assert page.said == []
    page.context.close()


def fits(page):
    """Nothing is wider than the screen, and what is tapped is large enough for a thumb."""
    low = (
        "[...document.querySelectorAll('.unit button, .unit summary')].some(e => e.offsetHeight && e.offsetHeight < 32)"
    )
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth") and not page.evaluate(low)


def test_no_page_of_handling_has_a_fault_of_accessibility(chromium, address, office, makers):  # noqa: F811
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with makers.begin() as session:
        parts = [Part(UNIT, "lead", None, "Tham mưu"), Part("Phòng Nội chính", "support")]
        lead, _ = routing.distribute(session, session.get(Document, office[0]), parts, actor="sep")
        handling.move(session, lead, "receive", Given(), actor="hoa")
    page = tab(chromium, address, "van")
    faults = {}
    for path in (
        f"/routing?document={office[0]}",
        f"/documents/{office[0]}",
        "/inbox",
        "/handling",
        "/admin/holidays?year=2026",
        "/reminders",
    ):
        page.goto(path)
        page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true; })")
        faults[path] = looked_at(axe, page)
    page.context.close()
    assert {path: said for path, said in faults.items() if said} == {}
