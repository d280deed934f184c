"""Signing in and out, the first administrator, and who is let in where."""

import datetime as dt
import html
import re

import pytest

from archive import people
from archive.models import LoginSession, Token, User, now
from tests.server.desk import Desk


def test_the_first_administrator_uses_the_link_once(app, makers):
    with makers.begin() as session:
        link = people.setup_link(session)
    first, second = Desk(app), Desk(app)
    assert "Thiết lập lần đầu" in first.page(f"/setup/{link}")
    password = {"password": "mat khau dai", "again": "mat khau dai"}
    answer = first.client.post(f"/setup/{link}", data={"name": "chi", **password})
    assert answer.status_code == 303
    assert "Hộp đến" in first.page("/")
    assert second.open(f"/setup/{link}").status_code == 403
    assert second.client.post(f"/setup/{link}", data={"name": "gian", **password}).status_code == 403
    with makers() as session:
        assert [user.name for user in session.query(User)] == ["chi"]


def test_a_short_password_leaves_the_link_as_it_was(app, makers):
    with makers.begin() as session:
        link = people.setup_link(session)
    desk = Desk(app)
    short = desk.client.post(f"/setup/{link}", data={"name": "chi", "password": "ngan", "again": "ngan"})
    assert short.status_code == 422 and "Mật khẩu phải dài" in short.text
    unlike = desk.client.post(
        f"/setup/{link}", data={"name": "chi", "password": "mat khau dai", "again": "khac di roi"}
    )
    assert unlike.status_code == 422 and "không giống nhau" in unlike.text
    assert desk.open(f"/setup/{link}").status_code == 200


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(app, desk):
    desk("clerk")
    wrong = Desk(app).sign_in("clerk-x", "khong phai")
    unknown = Desk(app).sign_in("khong-co", "khong phai")
    assert wrong.status_code == unknown.status_code == 403
    assert wrong.text.replace("clerk-x", "") == unknown.text.replace("khong-co", "")


def test_the_cookie_is_not_for_scripts_and_not_sent_from_elsewhere(app, makers):
    with makers.begin() as session:
        people.add_user(session, "van", "clerk", None, Desk.PASSWORD)
    cookie = Desk(app).sign_in("van").headers["Set-Cookie"]
    assert cookie.startswith("vanthu=") and "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie


def test_behind_tls_the_cookie_is_bound_to_this_host(app, makers):
    import dataclasses

    here = app.extensions["vanthu"]
    object.__setattr__(here, "settings", dataclasses.replace(here.settings, secure_cookies=True))
    with makers.begin() as session:
        people.add_user(session, "van", "clerk", None, Desk.PASSWORD)
    answer = Desk(app).sign_in("van")
    assert answer.headers["Set-Cookie"].startswith("__Host-vanthu=") and "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_signing_out_ends_the_session_on_the_server_too(app, desk, makers):
    van = desk("clerk")
    stolen = van.client.get_cookie("vanthu").value
    assert van.send("/logout").status_code == 303
    assert van.open("/").headers["Location"].startswith("/login")
    thief = Desk(app)
    thief.client.set_cookie("vanthu", stolen)
    assert thief.open("/").status_code == 303


def test_signing_in_again_gives_a_new_cookie_and_ends_the_old(app, desk, makers):
    van = desk("clerk")
    old = van.client.get_cookie("vanthu").value
    van.client.post("/login", data={"name": "clerk-x", "password": Desk.PASSWORD, "csrf": van.token})
    assert van.client.get_cookie("vanthu").value != old
    with makers() as session:
        assert session.query(LoginSession).count() == 1


def test_a_browser_nobody_touched_is_signed_out(desk, makers):
    van = desk("clerk")
    with makers.begin() as session:
        session.query(LoginSession).one().seen_at = now() - people.IDLE - dt.timedelta(minutes=1)
    assert van.open("/").status_code == 303


def test_a_form_that_is_sent_after_its_session_lapsed_is_kept_and_sent_again(app, desk, makers):
    van, token = desk("admin"), (lan := desk("it")).token
    typed = {"csrf": van.token, "day": "2027-02-03", "name": '<Nghỉ> "bù"'}
    with makers.begin() as session:
        session.query(LoginSession).update({"seen_at": now() - people.IDLE - dt.timedelta(minutes=1)})
    refused = van.client.post("/admin/holidays", data=typed)
    assert refused.status_code == 401 and 'action="/admin/holidays"' in refused.text
    kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', refused.text))
    kept = {name: html.unescape(value) for name, value in kept.items() if name in typed}
    assert kept == typed
    assert van.client.post("/admin/holidays", data=kept).status_code == 401
    van.sign_in("admin-x")
    assert van.client.post("/admin/holidays", data=kept).status_code == 303
    assert html.escape(typed["name"], quote=False) in van.page("/admin/holidays?year=2027").replace("&#34;", '"')
    lan.sign_in("admin-x")
    assert lan.client.post("/admin/holidays", data=typed | {"csrf": token}).status_code == 403, "another person's token"
    new = {"old": Desk.PASSWORD, "password": "mat khau moi", "again": "mat khau moi"}
    with makers.begin() as session:
        session.query(LoginSession).update({"seen_at": now() - people.IDLE - dt.timedelta(minutes=1)})
    assert van.client.post("/password", data=new).headers["Location"] == "/login", "no answer repeats a password"


def test_a_browser_that_asks_by_itself_does_not_keep_anybody_signed_in(desk, makers):
    van = desk("clerk")
    with makers.begin() as session:
        session.query(LoginSession).one().seen_at = before = now() - dt.timedelta(minutes=90)
    assert van.open("/inbox/queue").status_code == 200
    with makers() as session:
        assert session.query(LoginSession).one().seen_at == before
    van.open("/register")
    with makers() as session:
        assert session.query(LoginSession).one().seen_at > before


def test_a_person_changes_the_password_and_other_browsers_are_signed_out(app, desk):
    van, elsewhere = desk("clerk"), Desk(app)
    elsewhere.sign_in("clerk-x")
    new = {"password": "mat khau moi", "again": "mat khau moi"}
    assert van.send("/password", {"old": "khong phai", **new}).status_code == 422
    assert van.send("/password", {"old": Desk.PASSWORD, **new, "again": "khac"}).status_code == 422
    assert van.send("/password", {"old": Desk.PASSWORD, "password": "1", "again": "1"}).status_code == 422
    assert van.send("/password", {"old": Desk.PASSWORD, **new}).status_code == 303
    assert "Đã đổi mật khẩu" in van.page("/password?done=1")
    assert elsewhere.open("/register").status_code == 303
    assert Desk(app).sign_in("clerk-x", "mat khau moi").status_code == 303


def test_who_is_not_signed_in_is_led_to_the_sign_in_page_and_back(app, desk):
    nobody = desk(None)
    answer = nobody.open("/search?q=covid")
    assert answer.status_code == 303 and answer.headers["Location"] == "/login?next=%2Fsearch%3Fq%3Dcovid"
    desk("clerk")
    form = {"name": "clerk-x", "password": Desk.PASSWORD, "next": "/search?q=covid"}
    assert nobody.client.post("/login", data=form).headers["Location"] == "/search?q=covid"


@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "x", "/a\nb"]
)
def test_signing_in_leads_nowhere_else(app, desk, target):
    desk("clerk")
    form = {"name": "clerk-x", "password": Desk.PASSWORD, "next": target}
    assert Desk(app).client.post("/login", data=form).headers["Location"] == "/"


def test_a_part_of_a_page_sends_the_whole_browser_to_the_sign_in_page(desk):
    answer = desk(None).open("/inbox/queue", headers={"HX-Request": "true"})
    assert answer.status_code == 401 and answer.headers["HX-Redirect"] == "/login"


def test_a_program_s_key_opens_what_its_scope_says(app, desk, makers):
    desk("clerk")
    with makers.begin() as session:
        user = session.query(User).one()
        read = people.new_token(session, user, "may doc", ["read"])
    program = app.test_client()
    bearer = {"Authorization": f"Bearer {read}"}
    assert program.get("/register", headers=bearer).status_code == 200
    refused = program.post("/upload", headers=bearer)
    assert refused.status_code == 403 and refused.mimetype == "application/problem+json"
    wrong = program.get("/register", headers={"Authorization": "Bearer vanthu_khong"})
    assert wrong.status_code == 401 and wrong.json["status"] == 401


def test_a_key_without_the_scope_admin_reaches_neither_administration_nor_an_account(app, desk, makers):
    desk("admin")
    with makers.begin() as session:
        user = session.query(User).one()
        few, own = (people.new_token(session, user, "may", scopes) for scopes in (["read", "write"], ["admin"]))

    def answers(key, method):
        for rule in app.url_map.iter_rules():
            path = re.sub("<[^>]+>", "admin-x", re.sub("<int:[^>]+>", "1", str(rule)))
            if method in rule.methods and path.startswith(KEPT_FROM_KEYS):
                bearer = {"Authorization": f"Bearer {key}"}
                yield path, app.test_client().open(path, method=method, headers=bearer).status_code

    asked = [*answers(few, "GET"), *answers(few, "POST")]
    assert len(asked) > 40
    assert [(path, status) for path, status in asked if status not in (401, 403)] == []
    assert [path for path, status in answers(own, "GET") if path.startswith("/admin") and status == 403] == []


KEPT_FROM_KEYS = ("/admin", "/delegations", "/password", "/second-factor", "/sessions", "/keys")


# Which role may open which page: a page without a line here fails the test below.
PAGES = {
    "/": {"admin", "clerk", "leader", "head", "staff", "auditor", "it"},
    "/register": {"admin", "clerk", "leader", "head", "staff", "auditor"},
    "/register/2020.xlsx": {"admin", "clerk", "leader", "auditor"},
    "/register/2020.pdf": {"admin", "clerk", "leader", "auditor"},
    "/register/numbers": {"admin", "clerk", "leader", "auditor"},
    "/register/days": {"admin", "clerk", "leader", "auditor"},
    "/register/new": {"admin", "clerk"},
    "/register/restored": {"admin", "clerk"},
    "/register/import": {"admin", "clerk"},
    "/admin/books": {"admin"},
    "/search": {"admin", "clerk", "leader", "head", "staff", "auditor"},
    "/search.xlsx": {"admin", "clerk", "leader", "head", "staff", "auditor"},
    "/searches": {"admin", "clerk", "leader", "head", "staff", "auditor"},
    "/searches/news": {"admin", "clerk", "leader", "head", "staff", "auditor"},
    "/messages": {"admin", "clerk", "leader", "head", "staff", "auditor"},
    "/missing": {"admin", "clerk", "leader", "head", "staff", "auditor"},
    "/routing": {"admin", "clerk", "leader"},
    "/inbox": {"admin", "clerk", "head", "staff"},
    "/admin/holidays": {"admin", "it"},
    "/admin/delegations": {"admin"},
    "/admin/quarantine": {"admin"},
    "/delegations": {"admin", "clerk", "leader", "head", "staff", "auditor", "it"},
    "/inbox/queue": {"admin", "clerk"},
    "/admin": {"admin", "it"},
    "/ledger": {"admin", "it", "auditor"},
    "/ledger/progress": {"admin", "it", "auditor"},
    "/admin/stamps": {"admin", "it"},
    "/admin/agencies": {"admin", "it"},
    "/admin/abbreviations": {"admin", "it"},
    "/handling": {"admin", "clerk", "leader", "auditor"},
    "/handling.pdf": {"admin", "clerk", "leader", "auditor"},
    "/handling.xlsx": {"admin", "clerk", "leader", "auditor"},
    "/reports": {"admin", "clerk", "leader", "head", "staff", "auditor"},
    "/reports.xlsx": {"admin", "clerk", "leader", "head", "staff", "auditor"},
    "/files": {"admin", "clerk", "leader", "head", "staff", "auditor"},
    "/reminders": {"admin", "clerk", "leader", "head", "staff", "auditor", "it"},
    "/sessions": {"admin", "clerk", "leader", "head", "staff", "auditor", "it"},
    "/keys": {"admin", "clerk", "leader", "head", "staff", "auditor", "it"},
    "/second-factor": {"admin", "clerk", "leader", "head", "staff", "auditor", "it"},
    "/login/code": {"admin", "clerk", "leader", "head", "staff", "auditor", "it"},
    "/login/oidc": set(),  # where no server is configured
    "/login/oidc/back": set(),
    "/password": {"admin", "clerk", "leader", "head", "staff", "auditor", "it"},
    "/scan": {"admin", "clerk"},
    "/scan/devices": {"admin", "clerk"},
    "/admin/scanners": {"admin", "it"},
    "/login": {"admin", "clerk", "leader", "head", "staff", "auditor", "it"},
}


@pytest.mark.parametrize("role", ["admin", "clerk", "leader", "head", "staff", "auditor", "it"])
def test_each_role_opens_exactly_its_pages(desk, role):
    person = desk(role)
    opened = {path for path in PAGES if person.open(path, follow_redirects=True).status_code == 200}
    assert opened == {path for path, roles in PAGES.items() if role in roles}


def test_every_page_has_a_line_in_the_table(app):
    rules = {
        str(rule)
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.arguments and rule.endpoint.split(".")[0] not in ("static",)
        and not str(rule).startswith(("/api/", "/healthz", "/readyz", "/metrics"))
    }  # fmt: skip
    assert rules <= set(PAGES), rules - set(PAGES)


def test_a_key_used_a_moment_ago_needs_no_writer(app, desk, makers):
    desk("clerk")
    with makers.begin() as session:
        bearer = {"Authorization": f"Bearer {people.new_token(session, session.query(User).one(), 'may quet')}"}
    program = app.test_client()
    assert program.get("/register", headers=bearer).status_code == 200
    with makers.begin() as session:
        assert session.query(Token).one().used_at is not None
        session.connection()  # holds the one writer's place of the database
        assert program.get("/register", headers=bearer).status_code == 200
