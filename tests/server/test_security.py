"""Headers on every answer, and changes that come from elsewhere."""

import logging
import re
from pathlib import Path

import pytest

import server
from server.security import HEADERS
from tests import engines
from tests.server.desk import shelve

EVIL = "<img src=x onerror=alert(1)>\"'><svg/onload=alert(2)>{{7*7}}\u2028"


@pytest.mark.parametrize(
    "path", ["/login", "/", "/search", "/nowhere", "/static/app.css", "/api/v1/nowhere", "/healthz"]
)
def test_every_answer_carries_the_headers(desk, path):
    answer = desk("clerk").open(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    if answer.mimetype == "text/html":
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_policy_allows_nothing_inline_and_nobody_else():
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy and "*" not in policy and "default-src 'none'" in policy


def test_a_change_without_the_token_is_refused(desk, makers):
    van, paper = desk("clerk"), shelve(makers)
    answer = van.client.post(f"/review/{paper}", data={"action": "register"})
    assert answer.status_code == 403 and "không được nhận" in answer.text
    assert "471/UBND-VX" not in van.page("/register")


def test_the_token_of_another_browser_does_not_help(desk):
    van, mai = desk("clerk"), desk("admin")
    assert van.client.post("/logout", data={"csrf": mai.token}).status_code == 403
    assert van.client.post("/logout", data={"csrf": "é"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_a_change_from_another_site_is_refused_even_with_the_token(desk, headers):
    van = desk("clerk")
    assert van.send("/logout", headers=headers).status_code == 403
    assert van.client.post("/login", data={"name": "x", "password": "y"}, headers=headers).status_code == 403


def test_our_own_forms_are_let_through(desk):
    van = desk("clerk")
    ours = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert van.send("/logout", headers=ours).status_code == 303


def test_text_of_a_paper_is_never_html(desk, makers):
    fields = {name: {"value": EVIL, "confidence": 0.5, "sure": False, "page": 1, "box": [0, 0, 1, 1], "reason": EVIL,
                     "partial": EVIL, "source": EVIL, "others": [{"value": EVIL + "!", "confidence": 0.4}]}
              for name in ("subject", "issuing_organ", "document_type", EVIL)}  # fmt: skip
    van, paper = desk("admin"), shelve(makers, fields=fields)
    stamped = shelve(
        makers, stamp=[{"field": "forward_to", "value": EVIL, "confidence": 0.9, "page": 1, "box": [0, 0, 1, 1]}]
    )
    van.decide(paper, anyway="1")
    for path in ("/", f"/review/{stamped}", f"/documents/{paper}", "/register", "/routing", f"/search?q={EVIL}"):
        text = van.page(path)
        assert "<img src=x" not in text and "<svg/onload" not in text, path
        assert "49" not in text or "{{7*7}}" in text, path


def test_a_page_says_it_calmly_when_the_database_is_away(desk, office_engine):
    van = desk("clerk")
    with engines.gone(office_engine):
        answers = [van.open(path) for path in ("/", "/search?q=x", "/register")]
    for answer in answers:
        assert answer.status_code == 503 and "an toàn" in answer.text and "<nav" not in answer.text


def test_a_defect_of_ours_shows_no_trace(app, desk):
    app.view_functions["register.look"] = lambda: 1 / 0
    answer = desk("clerk").open("/register")
    assert answer.status_code == 500 and "ZeroDivision" not in answer.text and "vẫn an toàn" in answer.text


def test_what_was_typed_into_an_address_is_never_markup(desk):
    page = desk("admin").open("/admin/plugins/%3Cdiv%20hx-post=x%3E")
    assert page.status_code == 404
    assert "<div hx-post" not in page.text
    assert "&lt;div hx-post" in page.text


def test_a_percent_sign_in_an_address_is_only_a_sign(desk):
    assert desk("admin").open("/admin/plugins/100%25d").status_code == 404


def test_templates_translate_only_words_of_their_own():
    folder = Path(server.__file__).parent / "templates"
    loose = [file.name for file in folder.rglob("*.html") if re.search(r"\b_\((?![\"'])", file.read_text("utf-8"))]
    assert loose == []


def test_nothing_typed_brings_a_nul_to_the_database(desk):
    van = desk("admin")
    for path in ("/search?q=a%00b", "/search?issuer=%00", "/register?year=%00", "/?seen%00=1"):
        assert van.open(path).status_code == 422, path
    for path, field in (("/admin/users", "full_name"), ("/login", "name"), (f"/register/{2020}/1/void", "reason")):
        assert van.send(path, {field: "a\0b"}).status_code == 422, path
    assert van.open("/review/a%00b").status_code == 404
    assert van.open("/api/v1/search?q=%00").status_code == 422


def test_the_secret_of_a_set_up_link_is_not_logged(app, desk, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("defect")

    monkeypatch.setattr("archive.people.link_is_good", broken)
    assert desk(None).open("/setup/rat-bi-mat").status_code == 500
    assert "sign_in" in caplog.messages[0] and "rat-bi-mat" not in caplog.text


def test_an_error_within_an_error_tells_no_secret_either(app, desk, monkeypatch, caplog):
    def broken(*_, **__):
        raise RuntimeError("defect")

    monkeypatch.setattr("archive.people.link_is_good", broken)
    monkeypatch.setattr("server.errors.render_template", broken)
    with pytest.raises(RuntimeError):  # waitress answers 500
        desk(None).open("/setup/rat-bi-mat")
    assert "an answer broke off" in caplog.messages and "rat-bi-mat" not in caplog.text


def test_what_waitress_says_of_a_broken_answer_names_no_path():
    from server.errors import without_path

    record = logging.LogRecord("waitress", 40, "", 0, "Exception while serving %s", ("/setup/rat-bi-mat",), (None,) * 3)
    assert without_path(record) and "rat-bi-mat" not in record.getMessage()


@pytest.mark.parametrize("path", ["/files?year={}", "/files?added={}", "/handling?year={}", "/admin/holidays?year={}"])
def test_a_number_longer_than_any_is_no_failure_of_ours(desk, path):
    assert desk("admin").open(path.format("9" * 5000)).status_code == 200
