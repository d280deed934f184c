"""A real Chromium does what a clerk does: sends a scan, watches it being read, checks it, registers it, finds it."""

import shutil

import pytest

from archive import people
from archive.models import LoginSession
from server.pages import sheet
from tests.papers import drawn
from tests.server.desk import Desk, settled, shelve
from tests.server.serving import serving, working

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 300_000
"""Milliseconds a busy machine may take for what comes at once on another."""


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as play:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = play.chromium.launch(executable_path=CHROMIUM, args=flags, timeout=PATIENCE)
        yield browser
        browser.close()


def context_of(chromium, address=None, width=1440, height=900, **more):
    """Windows of one person who is in no hurry."""
    size = {"width": width, "height": height}
    context = chromium.new_context(base_url=address, viewport=size, locale="vi-VN", **more)
    context.set_default_timeout(PATIENCE)
    return context


def signed_in(context, name="van"):
    """A tab of this person, who came in beforehand: the page at the door costs a second, and has tests of its own."""
    known = context.request.post("/login", form={"name": name, "password": Desk.PASSWORD}, max_redirects=0)
    assert known.status == 303
    return context.new_page()


@pytest.fixture
def address(app, makers):
    """The address of the running web; one clerk, `van`, is known there."""
    with makers.begin() as session:
        people.add_user(session, "van", "admin", None, Desk.PASSWORD)
    with serving(app) as address:
        yield address


@pytest.fixture
def worker(settings, office_engine):
    """A worker beside the web."""
    with working(settings):
        yield


@pytest.fixture
def page(chromium, address):
    """A tab that has signed in; whatever the browser complains of fails the test."""
    said = []
    context = context_of(chromium, address)
    page = signed_in(context)
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("/")
    page.said, page.no_pictures = said, False
    yield page
    context.close()  # until then a picture that is not there may be complained of
    assert [text for text in said if not (page.no_pictures and "404" in text)] == []


def test_a_scan_is_sent_read_checked_registered_and_found(page, worker):
    file = {"name": "Công văn.png", "mimeType": "image/png", "buffer": drawn("cong_van_ubnd").png}
    page.set_input_files("#files", file)
    page.get_by_text("Đã nhận, đang đọc.").wait_for()
    page.locator("#queue li a").first.wait_for()  # polled, not reloaded
    assert page.get_by_text("Đã nhận, đang đọc.").is_visible()  # what was said of the upload is still there
    page.locator("#queue li a").first.click()
    page.wait_for_selector("#review")
    assert page.evaluate("document.querySelector('#trang-1 img').complete")
    assert page.evaluate("document.activeElement.name").startswith("f.")
    truth = drawn("cong_van_ubnd").document["fields"]
    page.fill("[name='f.number']", truth["number"])
    page.fill("[name='f.arrival']", "1")
    page.fill("[name='f.arrived_on']", f"{sheet.today():%d/%m/%Y}")
    page.fill("[name='f.subject']", truth["subject"])
    page.keyboard.press("Control+Enter")
    page.get_by_text("Đã vào sổ:").first.wait_for()
    page.get_by_role("link", name="Sổ văn bản đến").click()
    assert page.locator("tr#so-1").get_by_text(truth["number"] + "/").first.is_visible()
    found_without_marks(page)


def found_without_marks(page):
    """The worker tells the index a moment later: ask until it has."""
    page.get_by_role("link", name="Tìm kiếm", exact=True).click()
    for _attempt in range(60):
        page.fill("#q", "")
        page.locator("#q").press_sequentially("ho so tai lieu luu tru", delay=5)
        page.wait_for_url("**q=ho+so+tai+lieu+luu+tru**")
        if page.locator(".hit mark").count() and page.locator(".hit .m").get_by_text("Số đến 1").count():
            return
        page.wait_for_timeout(500)
    raise AssertionError(page.locator("#results").inner_text())


def test_the_whole_review_works_with_the_keyboard(page, makers):
    rivals = [{"value": "417", "confidence": 0.3}, {"value": "477", "confidence": 0.1}]
    older = shelve(makers, number="472")
    newer = shelve(makers, fields={"number": settled("471", sure=False, confidence=0.6, others=rivals)})
    page.goto("/")
    focused = "document.activeElement.name"
    assert page.url.endswith("/") and page.evaluate(focused) == "f.number"
    assert page.locator(".boxes g.on span").text_content() == "Số"
    page.keyboard.press("Alt+2")
    assert page.input_value("[name='f.number']") == "477"
    page.keyboard.press("Alt+s")
    page.wait_for_url(f"**/review/{older}")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert page.locator(".boxes").is_visible()
    page.keyboard.press("e")
    assert not page.locator(".boxes").is_visible()
    page.keyboard.press("t")
    assert page.locator(".ocr").is_visible()
    page.keyboard.press("k")
    page.wait_for_url(f"**/review/{newer}")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.wait_for_url(f"**/review/{older}")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/review/{newer}?done=**")
    page.fill("[name='f.subject']", "một dòng")
    page.keyboard.press("F2")
    assert page.evaluate(focused) == "f.number"
    page.no_pictures = True


def test_a_picture_and_its_crop_show_the_same_page(page, makers):
    paper = shelve(makers, fields={"number": settled("471", sure=False)})
    page.goto(f"/review/{paper}")
    crop = page.locator("svg.crop")
    box = crop.bounding_box()
    assert box["width"] > 200 and box["height"] >= 50
    assert crop.locator("image").get_attribute("href") == page.locator("#trang-1 img").get_attribute("src")
    page.no_pictures = True


def test_a_stamp_is_drawn_with_the_mouse(page, makers):
    page.goto(f"/admin/stamps/{shelve(makers)}/1")
    page.get_by_role("button", name="Cả trang").click()
    drag(page, (0.1, 0.1), (0.4, 0.2), on="#drawing image")
    assert abs(float(page.input_value("[name='frame.0']")) - 10) < 0.3
    assert abs(float(page.input_value("[name='frame.3']")) - 20) < 0.3
    shown = page.locator("#drawing").get_attribute("viewBox")
    assert not shown.startswith("0 0 ")  # the frame fills the picture, the next place is chosen
    assert page.locator("[name=drawn]:checked").get_attribute("value") == "number"
    drag(page, (0.5, 0.4), (0.8, 0.6))
    left, right = (float(page.input_value(f"[name='number.{side}']")) for side in (0, 2))
    assert 10 < left < right < 40
    page.fill("[name='date.0']", "12,5")
    page.fill("[name='date.2']", "20")
    drawn = page.locator("rect[data-name=date]")
    assert abs(float(drawn.get_attribute("x")) / 1654 - 0.125) < 0.001
    page.no_pictures = True


def drag(page, begin, end, on="#drawing"):
    """Draw from here to there, as shares of an element."""
    box = page.locator(on).bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (begin, end)]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=3)
    page.mouse.up()


def test_what_is_dropped_on_the_page_is_sent(page):
    page.evaluate("""() => {
        const data = new DataTransfer();
        data.items.add(new File(["khong phai"], "thu.doc"));
        data.items.add(new File([""], "rong.pdf"));
        window.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
    }""")
    page.locator(".sent .bad").nth(1).wait_for()
    assert page.locator(".sent li").count() == 2
    page.said[:] = [text for text in page.said if "Failed to load resource" not in text]


def test_a_tab_whose_session_has_ended_goes_to_the_sign_in_page_by_itself(page, makers):
    page.goto("/")
    with makers.begin() as session:
        session.query(LoginSession).delete()
    page.wait_for_url("**/login")
    page.said[:] = [text for text in page.said if "401" not in text]


def test_the_main_path_works_without_scripts(chromium, address, makers):
    paper = shelve(makers, stamp=[], fields={"number": settled("471", sure=False, confidence=0.6)})
    page = context_of(chromium, address, java_script_enabled=False).new_page()
    page.goto("/login")
    page.fill("#name", "van")
    page.fill("#password", Desk.PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    assert page.locator("#review").is_visible() and not page.locator("#help").is_visible()
    page.fill("[name='f.number']", "475")
    page.fill("[name='f.arrived_on']", f"{sheet.today():%d/%m/%Y}")
    page.get_by_role("button", name="Vào sổ & tiếp").click()
    assert page.get_by_text("Đã vào sổ:").is_visible()
    page.set_input_files("#files", {"name": "a.doc", "mimeType": "text/plain", "buffer": b"khong phai"})
    page.get_by_role("button", name="Gửi", exact=True).click()
    assert page.get_by_text("a.doc").is_visible()
    page.goto(f"/documents/{paper}")
    assert not page.locator(".ocr").is_visible()
    page.get_by_text("Văn bản OCR").first.click()
    assert page.locator(".ocr").is_visible()
    page.context.close()


def found_by(axe, page, only=("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")):
    """What axe says against this page: rule and element. `only`: tags or names of rules.

    Not by `axe.run`, which sends its script anew each time and brings back all that is in order as well: far slower.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe.axe_script)
    # It would read every style sheet first, for one rule that is an experiment and not asked for.
    asked = {"runOnly": list(only), "resultTypes": ["violations"], "preload": {"assets": ["media"]}}
    violations = page.evaluate("asked => axe.run(asked).then(found => found.violations)", asked)
    return [(one["id"], node["html"][:160]) for one in violations for node in one["nodes"]]


def looked_at(axe, page):
    """What is at fault on this page, by how it is looked at: in the light and dark, wide and on a telephone.

    It is opened once: no script of ours asks for the width before a hand does.
    """
    fits = "document.documentElement.scrollWidth <= innerWidth"
    faults = {"light": found_by(axe, page)}
    is_too_wide = [not page.evaluate(fits)]
    page.emulate_media(color_scheme="dark")  # only colours change with the scheme
    faults["dark"] = found_by(axe, page, only=("color-contrast",))
    page.set_viewport_size({"width": 390, "height": 900})
    faults["dark, on a telephone"] = found_by(axe, page)
    is_too_wide.append(not page.evaluate(fits))
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    faults["wider than the screen"] = any(is_too_wide)
    return {how: said for how, said in faults.items() if said}
