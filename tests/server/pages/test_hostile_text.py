"""What papers and people write is shown and never run: sixty hostile texts × every view, in a real Chromium.

Every GET route is walked; one without an address in ADDRESSES fails. `./run fuzz` walks them once for each text alone.
"""

import csv
import io
import os
import re
import zipfile
from urllib.parse import quote

import openpyxl
import pikepdf
import pytest
from click.testing import CliRunner

from server.cli import main
from tests.server import hostile
from tests.server.desk import Desk
from tests.server.hostile import EVERYTHING, TEXTS
from tests.server.pages.test_browser import address, chromium, context_of

__all__ = ["address", "chromium"]
pytestmark = pytest.mark.browser
WATCH = """
window.broken = [];
document.addEventListener('securitypolicyviolation', e => window.broken.push(e.violatedDirective + ' ' + e.sourceFile));
"""
FOUND = """() => {
  const bad = [...document.querySelectorAll('.hostile, iframe, object, embed, base, [style], [onerror], [onload]')]
    .map(e => e.outerHTML.slice(0, 120));
  for (const e of document.querySelectorAll('[href], [src], [action], [formaction]'))
    for (const name of ['href', 'src', 'action', 'formaction'])
      if (e.hasAttribute(name) && new URL(e.getAttribute(name), document.baseURI).origin !== location.origin)
        bad.push(name + '=' + e.getAttribute(name).slice(0, 120));
  if (window.ran) bad.push('ran');
  const typed = [...document.querySelectorAll('input, textarea')].map(e => e.value).join(' ');
  return [bad.concat(window.broken), document.documentElement.textContent + typed];
}"""
ADDRESSES = {
    "document_id": ["whole", "waiting"], "scan_id": ["scan"], "file_id": ["file"], "import_id": ["import"],
    "batch_id": ["batch"], "message_id": ["mail", "edxml"],
    "route_id": ["route"], "year": ["2026"], "number": ["1"], "column": ["0"], "row": ["0"], "kind": ["pdf", "xlsx"],
    "paper": ["paper"], **{name: ["1"] for name in ("label", "view", "task", "who", "unit")}, "word": ["tags"],
    "slug": ["cao_bang"], "name": ["n1"], "link": ["x"], "filename": ["app.css"],
}  # fmt: skip
ASKED = ("/search?q={}", "/search?issuer={}&type={}", "/login?next={}", "/register?year={}", "/files?year=2026&q={}",
         "/{}", "/admin/users/{}", "/missing?q={}", "/handling?unit={}", "/?notice={}")  # fmt: skip
"""Addresses into which anybody may write."""
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")


def addresses(app, things):
    """Every GET address, its parts filled in with what is there."""
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint in ("sign_in.logout",):
            continue
        kinds = [ADDRESSES[name] for name in sorted(rule.arguments)]
        for turn in range(max(map(len, kinds), default=1)):
            parts = {name: kind[turn % len(kind)] for name, kind in zip(sorted(rule.arguments), kinds, strict=True)}
            filled = {name: str(things.get(part, part)) for name, part in parts.items()}
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(rule)).format(**filled)


@pytest.fixture
def browser(chromium, address):
    """A tab that has signed in and remembers what ran, and a way to look at one address."""
    context = context_of(chromium, address, 1280)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.said = []
    page.on("dialog", lambda dialog: (page.said.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("pageerror", lambda error: page.said.append(f"error {error}"))
    page.on("console", lambda one: page.said.append(one.text) if "Content Security Policy" in one.text else None)
    page.on("request", lambda one: None if one.url.startswith(address) else page.said.append(one.url))
    page.goto("/login")
    page.fill("#name", "van")
    page.fill("#password", Desk.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    yield page
    context.close()


def look(page, path):
    """(what went wrong, what the page says) at one address."""
    page.said.clear()
    page.goto(path, wait_until="load")
    bad, text = page.evaluate(FOUND)
    return [*bad, *page.said], text


def marks(text):
    return set(re.findall(r"x(\d\d)x", text))


def in_order(kind, content):
    """A file that is given out holds no formula, link, script or action."""
    if kind == "application/pdf":
        with pikepdf.open(io.BytesIO(content)) as pdf:
            dictionaries = [thing for thing in pdf.objects if isinstance(thing, pikepdf.Dictionary)]
            names = {name for one in dictionaries for name in map(str, one.keys())}
        return not names & {"/JS", "/JavaScript", "/OpenAction", "/AA", "/Launch", "/URI", "/EmbeddedFiles"}
    if "spreadsheet" in kind:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            inside = "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith((".xml", ".rels")))
        rows = [row for sheet in openpyxl.load_workbook(io.BytesIO(content)) for row in sheet.iter_rows()]
        kinds = {cell.data_type for row in rows for cell in row}
        return not re.search(r"<f[ >]|<hyperlink|externalLink", inside) and kinds <= set("snd")
    return True


def walk(page, app, van, things, texts, asked=ASKED):
    """Look at everything; (what went wrong by address, marks that pages have shown, how many pages)."""
    wrong, seen, pages = {}, set(), 0
    whole = quote(texts[0] if len(texts) == 1 else EVERYTHING[:1500], safe="")
    for path in [*addresses(app, things), *(one.format(*[whole] * one.count("{}")) for one in asked)]:
        answer = van.open(path)
        if answer.mimetype != "text/html" or answer.status_code == 204 or path.endswith(".webp"):
            if not in_order(answer.mimetype, answer.data):
                wrong[path] = answer.mimetype
            continue
        bad, text = look(page, path)
        pages += 1
        seen |= marks(text)
        if bad:
            wrong[path] = bad
    return wrong, seen, pages


def test_nothing_hostile_runs_in_any_view(app, makers, address, browser, desk):
    things = hostile.fill(app, makers)
    wrong, seen, pages = walk(browser, app, desk("admin"), things, TEXTS)
    assert wrong == {}
    assert pages > 45
    assert seen == {f"{number:02}" for number in range(60)}, "texts that no page has shown were not tested"


def test_every_text_is_only_text_where_it_is_searched_for(browser):
    wrong = {text: bad for text in TEXTS if (bad := look(browser, f"/search?q={quote(text[:900], safe='')}")[0])}
    assert wrong == {}


def test_the_watch_sees_what_would_run(app, makers, browser):
    """These tests can fail: with its escaping switched off, one page breaks the policy and shows foreign elements."""
    hostile.fill(app, makers, TEXTS[:30])
    app.jinja_env.autoescape, app.jinja_env.bytecode_cache = False, None
    bad, _ = look(browser, "/register?year=2026")
    assert any("hostile" in one for one in bad) and any("script-src" in one for one in bad)
    assert "ran" not in bad, "the policy holds even then"


def exported(settings, folder, kind):
    """The book as a file of this kind."""
    file = folder / f"book.{kind}"
    asked = ["--data", str(settings.data), "register", "export", "--book", "den", "--year", "2026", "--format", kind]
    assert CliRunner().invoke(main, [*asked, "--output", str(file)]).exit_code == 0
    return file


def test_no_export_of_the_book_is_more_than_text(app, makers, address, settings, chromium, tmp_path):
    hostile.fill(app, makers)
    page = context_of(chromium).new_page()
    page.add_init_script(WATCH)
    page.goto(exported(settings, tmp_path, "html").as_uri())  # opened as a file no header protects it
    bad, text = page.evaluate(FOUND.replace(", [style]", "").replace("location.origin", "'null'"))
    page.context.close()
    assert bad == [] and len(marks(text)) == 60
    rows = list(csv.reader(io.StringIO(exported(settings, tmp_path, "csv").read_text("utf-8-sig"))))
    assert len(rows) > 60 and [cell for row in rows for cell in row if FORMULA.match(cell)] == []
    for kind, named in (("pdf", "application/pdf"), ("xlsx", "spreadsheet")):
        assert in_order(named, exported(settings, tmp_path, kind).read_bytes())


if os.environ.get("VANTHU_FUZZ") == "1":  # all at once above; half an hour one after another

    @pytest.mark.fuzz
    @pytest.mark.parametrize("number", range(60))
    def test_each_text_alone_runs_nowhere(app, makers, address, browser, desk, number):
        things = hostile.fill(app, makers, [TEXTS[number]])
        wrong, seen, _ = walk(browser, app, desk("admin"), things, [TEXTS[number]])
        assert wrong == {} and f"{number:02}" in seen
