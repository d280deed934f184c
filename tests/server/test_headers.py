"""Every GET route there is, walked: the headers that guard a paper, of answers and of refusals, and what files hold."""

import io
import re

import openpyxl
import pytest

from server.security import HEADERS, POLICY
from tests.server import hostile
from tests.server.desk import Desk
from tests.server.pages.test_hostile_text import addresses, in_order

SANDBOX = "default-src 'none'; sandbox"
PUBLIC = ("/static/", "/healthz", "/readyz", "/metrics", "/api/v1/openapi.json")
"""What holds no paper's words."""
KEPT_A_DAY = re.compile(r"^(?!/scan/).*\.webp$|/thumb/$")
"""Pictures of pages that were read: only this browser keeps them, and signing out clears them."""


@pytest.fixture
def walked(app, makers, desk):
    """Every address, and what an administrator is answered there."""
    admin = desk("admin")
    things = hostile.fill(app, makers, ["=1+1 x00x", "@SUM(A1) x01x"])
    derived = app.extensions["vanthu"].derived
    derived.put(things["scan"], "1.webp", b"RIFFxxxxWEBP")
    asked = [*addresses(app, things), "/search.xlsx?q=x00x", "/no/such/page", "/api/v1/nothing", "/documents/none"]
    yield {path: admin.open(path) for path in asked}
    app.extensions["vanthu"].search.close()


def bare_of_headers(walked):
    bare = []
    for path, answer in walked.items():
        policy = answer.headers["Content-Security-Policy"]
        rest = {name: value for name, value in HEADERS.items() if name != "Content-Security-Policy"}
        if policy not in (POLICY, SANDBOX) or any(answer.headers.get(name) != value for name, value in rest.items()):
            bare.append(path)
    return bare


def left_in_a_cache(walked):
    left = {}
    for path, answer in walked.items():
        kept = answer.headers.get("Cache-Control", "")
        wanted = "private, max-age=" if KEPT_A_DAY.search(path) and answer.status_code == 200 else "no-store"
        if wanted not in kept and not path.startswith(PUBLIC):
            left[path] = kept
    return left


def open_to_scripts(walked):
    """What others made comes as a download without any right to run; what we print has nothing that runs."""
    files = {path: answer for path, answer in walked.items()
             if answer.status_code == 200 and answer.mimetype not in ("text/html", "application/json", "text/plain")
             and not path.startswith(("/static/", "/metrics")) and not path.endswith((".webp", "/thumb/"))}  # fmt: skip
    assert len(files) >= 10
    return [path for path, answer in files.items()
            if answer.headers["Content-Security-Policy"] != SANDBOX
            and "attachment" not in answer.headers.get("Content-Disposition", "")
            and not (answer.mimetype == "application/pdf" and in_order("application/pdf", answer.data))]  # fmt: skip


def test_every_answer_carries_what_guards_it(walked):
    assert bare_of_headers(walked) == []
    assert left_in_a_cache(walked) == {}
    assert open_to_scripts(walked) == []


def test_no_workbook_of_any_route_holds_a_formula(app, walked):
    books = {path: answer.data for path, answer in walked.items() if "spreadsheet" in answer.mimetype}
    assert len(books) >= 6, sorted(books)
    assert [path for path, content in books.items() if not in_order("spreadsheet", content)] == []
    said = {cell.value for content in books.values() for sheet in openpyxl.load_workbook(io.BytesIO(content))
            for row in sheet.iter_rows() for cell in row}  # fmt: skip
    assert "=1+1 x00x" in said and "@SUM(A1) x01x" in said
    stranger = Desk(app)
    told = [
        path for path in walked if "x0" not in path and re.search(r"x0\dx", stranger.open(path).get_data(as_text=True))
    ]
    assert told == [], "who is not signed in is told a paper's words"


def test_refusals_of_every_kind_carry_the_headers(app, desk):
    van = desk("staff")
    answers = [
        van.open("/admin"), van.open("/no"), van.client.post("/logout"), Desk(app).client.delete("/register"),
        van.open("/search?q=%00"), van.open("/api/v1/scans/none"), Desk(app).open("/api/v1/search?q=x"),
        van.send("/upload", {"x": "y"}), Desk(app).client.post("/login", data={"name": "a" * 3_000_000}),
    ]  # fmt: skip
    text = Desk(app).client.post("/login", data=b"{" * 3_000_000, content_type="application/json")
    assert text.status_code == 413
    assert {answer.status_code for answer in answers} >= {401, 403, 404, 405, 413, 422}
    for answer in answers:
        assert all(answer.headers.get(name) == value for name, value in HEADERS.items()), answer
        assert "no-store" in answer.headers["Cache-Control"], answer
