"""From the door to the desk: browsers that are ended, pauses for an address, a telephone's codes."""

import dataclasses
import datetime as dt
import html
import re

import pyotp
import pytest
import sqlalchemy as sa

from archive import people, second_factor
from archive.models import Event, FailedPlace, KnownPlace, LoginSession, SecondFactor, User, now
from server import create_app
from tests.server.desk import Desk

EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"


def change(app, **settings):
    here = app.extensions["vanthu"]
    object.__setattr__(here, "settings", dataclasses.replace(here.settings, **settings))


def actions(makers):
    with makers() as session:
        return session.scalars(sa.select(Event.action).order_by(Event.seq)).all()


def test_a_person_sees_the_own_browsers_and_ends_one(app, desk, makers):
    van, elsewhere = desk("clerk"), Desk(app)
    elsewhere.client.post(
        "/login", data={"name": "clerk-x", "password": Desk.PASSWORD}, headers={"User-Agent": EDGE},
        environ_overrides={"REMOTE_ADDR": "2001:db8:1:2::77"},
    )  # fmt: skip
    page = van.page("/sessions")
    assert "Edge, Windows" in page and "2001:db8:1:2::/64" in page and page.count("máy này") == 1
    (other,) = re.findall(r'name="id" value="(\w+)"', page)
    assert van.send("/sessions", {"id": other}).status_code == 303
    assert elsewhere.open("/register").status_code == 303 and van.open("/register").status_code == 200
    assert "signed_out" in actions(makers)


def test_all_other_browsers_end_at_once(app, desk, makers):
    van, others = desk("clerk"), [Desk(app) for _ in range(3)]
    for other in others:
        other.sign_in("clerk-x")
    assert van.send("/sessions").status_code == 303
    assert [other.open("/register").status_code for other in others] == [303] * 3
    assert van.open("/register").status_code == 200


def test_nobody_ends_the_browser_of_another_by_its_id(desk, makers):
    van, mai = desk("clerk"), desk("staff", "Phòng Nội vụ")
    with makers() as session:
        other = session.scalar(sa.select(LoginSession.id).join(User).where(User.role == "staff"))
    van.send("/sessions", {"id": other})
    assert mai.open("/register").status_code == 200


def test_an_administrator_ends_the_browsers_of_others(desk, makers):
    van, chi = desk("clerk"), desk("admin")
    page = chi.page("/admin/users/clerk-x")
    (browser,) = re.findall(r'name="id" value="(\w+)"', page)
    assert chi.send("/admin/users/clerk-x/sessions", {"id": browser}).status_code == 303
    assert van.open("/register").status_code == 303
    assert "Không đăng nhập ở máy nào" in chi.page("/admin/users/clerk-x")


@pytest.mark.parametrize("role", ["clerk", "staff", "head", "leader", "it", "auditor"])
def test_only_administrators_look_after_others(desk, role):
    person = desk(role)
    desk("admin")
    assert person.open("/admin/users/admin-x").status_code == 403
    for what in ("unlock", "sessions", "second-factor", "identity"):
        csrf = re.search(r'name="csrf" content="([^"]+)"', person.page("/sessions"))[1]
        assert person.client.post(f"/admin/users/admin-x/{what}", data={"csrf": csrf}).status_code == 403


def test_a_program_s_key_ends_no_browser_and_sets_no_telephone_up(app, desk, makers):
    desk("admin")
    with makers.begin() as session:
        key = people.new_token(session, session.scalar(sa.select(User)), "máy", ["admin"])
    program, bearer = app.test_client(), {"Authorization": f"Bearer {key}"}
    for path in ("/sessions", "/second-factor"):
        assert program.get(path, headers=bearer).status_code == 401
        assert program.post(path, data={"do": "begin", "password": Desk.PASSWORD}, headers=bearer).status_code == 401


@pytest.mark.parametrize("change", [{"role": "staff"}, {"active": False}], ids=str)
def test_who_is_changed_is_asked_again_at_the_next_click(desk, makers, change):
    van = desk("clerk")
    assert van.open("/register/new").status_code == 200
    with makers.begin() as session:
        session.execute(sa.update(User).values(**change))
    assert van.open("/register/new").status_code in (303, 403)


def test_what_was_open_before_the_longest_day_ends(desk, makers):
    van = desk("clerk")
    with makers.begin() as session:
        session.execute(sa.update(LoginSession).values(expires_at=now()))
    assert van.open("/").status_code == 303


def knock(app, password="sai", name="clerk-x", **headers):
    return app.test_client().post("/login", data={"name": name, "password": password}, headers=headers)


def test_an_address_is_shut_with_the_same_sentence(app, desk, makers):
    desk("clerk")
    answers = {knock(app, name=f"ai-{n}").text.replace(f"ai-{n}", "") for n in range(21)}
    desk("admin")  # made now: never signed in from here
    with makers.begin() as session:
        session.execute(sa.delete(KnownPlace))
    answers.add(knock(app, Desk.PASSWORD, "admin-x").text.replace("admin-x", ""))
    assert len(answers) == 1
    assert "address_locked" in actions(makers)


@pytest.mark.parametrize(
    ("proxies", "sent", "counted"),
    [
        (0, "198.51.100.7", "127.0.0.1"), (1, "203.0.113.66, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.66, 198.51.100.7, 10.0.0.1", "198.51.100.7"), (1, "khong phai", ""),
    ],
)  # fmt: skip
def test_where_a_browser_is_only_a_proxy_that_is_named_may_say(settings, office_engine, makers, proxies, sent, counted):
    app = create_app(dataclasses.replace(settings, trusted_proxies=proxies))
    app.extensions["vanthu"].__dict__["engine"] = office_engine
    knock(app, **{"X-Forwarded-For": sent, "X-Forwarded-Host": "elsewhere.example"})
    with makers() as session:
        assert (session.scalar(sa.select(FailedPlace.address)) or "") == counted


def test_an_administrator_unlocks_on_the_page(app, desk, makers):
    desk("clerk")
    for _ in range(5):
        knock(app)
    chi = desk("admin")
    assert knock(app, Desk.PASSWORD).status_code == 403
    assert "tạm khoá đến" in chi.page("/admin/users/clerk-x")
    chi.send("/admin/users/clerk-x/unlock")
    assert knock(app, Desk.PASSWORD).status_code == 303
    assert "account_unlocked" in actions(makers)


@pytest.fixture
def phone(desk, app, makers):
    """(a clerk at the desk, the telephone just set up, the page with the recovery codes)."""
    van = desk("clerk")
    assert van.send("/second-factor", {"do": "begin", "password": "khong phai"}).status_code == 422
    assert van.send("/second-factor", {"do": "begin", "password": Desk.PASSWORD}).status_code == 303
    page = van.page("/second-factor")
    secret = re.sub(r"\s", "", re.search(r'class="key">([^<]+)<', page)[1])
    assert "<svg" in page
    phone = pyotp.TOTP(secret)
    assert van.send("/second-factor", {"do": "confirm", "code": "000000"}).status_code == 422
    told = van.send("/second-factor", {"do": "confirm", "code": phone.at(now() - dt.timedelta(seconds=30))})
    assert told.status_code == 200
    codes = re.findall(r"<li><code>([^<]+)</code>", told.text)
    assert len(codes) == 10
    return van, phone, codes


def half_way(app, password=Desk.PASSWORD):
    browser = Desk(app)
    answer = browser.sign_in("clerk-x", password)
    assert answer.status_code == 303 and answer.headers["Location"].startswith("/login/code")
    assert browser.open("/register").status_code == 303, "the password alone opens nothing"
    return browser


def test_with_a_telephone_a_code_is_asked_for_and_opens_once(app, phone, makers):
    _, telephone, _ = phone
    code, first, second = telephone.at(now()), half_way(app), half_way(app)
    assert "Mã xác nhận" in first.page("/login/code?next=/search")
    answer = first.client.post("/login/code", data={"code": code, "next": "/search?q=covid"})
    assert answer.status_code == 303 and answer.headers["Location"] == "/search?q=covid"
    assert first.open("/register").status_code == 200
    again = second.client.post("/login/code", data={"code": code})
    assert again.status_code == 403 and "đã dùng rồi" in again.text
    assert second.open("/register").status_code == 303


def test_a_recovery_code_opens_without_the_telephone(app, phone, makers):
    browser = half_way(app)
    assert browser.client.post("/login/code", data={"code": phone[2][3].lower()}).status_code == 303
    assert "Còn 9 mã dự phòng" in browser.page("/second-factor")


def test_setting_it_up_signs_other_browsers_out_and_shows_the_codes_once(app, desk, phone):
    van, _, codes = phone
    assert not any(code in van.page("/second-factor") for code in codes)
    again = Desk(app)
    again.sign_in("clerk-x")
    assert again.open("/register").status_code == 303


def test_wrong_codes_shut_the_account(app, phone):
    _, telephone, _ = phone
    browser = half_way(app)
    for _ in range(5):
        assert browser.client.post("/login/code", data={"code": "000000"}).status_code == 403
    assert browser.client.post("/login/code", data={"code": telephone.at(now())}).status_code == 403
    assert Desk(app).sign_in("clerk-x").status_code == 403


def test_a_code_is_for_the_browser_that_showed_the_password_and_not_for_ever(app, phone, makers):
    _, telephone, _ = phone
    browser, stranger = half_way(app), Desk(app)
    assert stranger.open("/login/code").headers["Location"] == "/login"
    assert stranger.client.post("/login/code", data={"code": telephone.at(now())}).headers["Location"] == "/login"
    with makers.begin() as session:
        session.execute(sa.text("UPDATE sign_in_step SET expires_at = '2020-01-01 00:00:00'"))
    assert browser.client.post("/login/code", data={"code": telephone.at(now())}).headers["Location"] == "/login"


def test_taking_it_off_and_new_codes_ask_for_the_password(app, phone, makers):
    van, _, codes = phone
    for do in ("off", "renew"):
        assert van.send("/second-factor", {"do": do, "password": "khong phai"}).status_code == 422
    renewed = van.send("/second-factor", {"do": "renew", "password": Desk.PASSWORD})
    assert renewed.status_code == 200 and codes[0] not in renewed.text
    assert van.send("/second-factor", {"do": "off", "password": Desk.PASSWORD}).status_code == 303
    assert Desk(app).sign_in("clerk-x").headers["Location"] == "/"
    wanted = ["second_factor_on", "recovery_codes_renewed", "second_factor_off"]
    assert [action for action in actions(makers) if action in wanted] == wanted


def test_an_administrator_takes_it_off_who_lost_everything(app, desk, phone, makers):
    van, chi = phone[0], desk("admin")
    assert "đang bật" in chi.page("/admin/users/clerk-x")
    assert chi.send("/admin/users/clerk-x/second-factor").status_code == 303
    assert van.open("/register").status_code == 303
    assert Desk(app).sign_in("clerk-x").headers["Location"] == "/"
    with makers() as session:
        assert session.scalar(sa.select(SecondFactor)) is None


def test_a_role_that_needs_one_does_nothing_before_it_is_set_up(app, desk):
    change(app, totp_roles="clerk, admin")
    van = Desk(app)
    desk("staff", "Phòng Nội vụ")
    desk("clerk")
    van.sign_in("clerk-x")
    for path in ("/", "/register", "/search?q=x", "/reminders", "/password"):
        answer = van.open(path)
        assert (answer.headers.get("Location") == "/second-factor") == (path != "/password"), path
    csrf = re.search(r'name="csrf" content="([^"]+)"', van.page("/second-factor"))[1]
    refused = van.client.post("/register/new", data={"csrf": csrf})
    assert refused.status_code == 403 and "xác nhận hai bước" in refused.text
    assert van.open("/api/v1/search?q=x").status_code in (303, 403)
    van.client.post("/second-factor", data={"csrf": csrf, "do": "begin", "password": Desk.PASSWORD})
    secret = re.sub(r"\s", "", re.search(r'class="key">([^<]+)<', van.page("/second-factor"))[1])
    van.client.post("/second-factor", data={"csrf": csrf, "do": "confirm", "code": pyotp.TOTP(secret).at(now())})
    assert van.open("/register").status_code == 200
    off = van.client.post("/second-factor", data={"csrf": csrf, "do": "off", "password": Desk.PASSWORD})
    assert off.status_code == 403


def test_the_secret_is_shown_to_nobody_once_it_is_on(app, desk, phone):
    van, telephone, _ = phone
    for person, path in ((van, "/second-factor"), (desk("admin"), "/admin/users/clerk-x"), (desk("it"), "/admin")):
        text = html.unescape(person.page(path))
        assert telephone.secret not in re.sub(r"\s", "", text)


def test_the_second_factor_survives_a_database_without_its_key(app, phone, settings):
    (settings.data / "secret.key").unlink()
    browser = half_way(app)
    assert browser.client.post("/login/code", data={"code": phone[1].at(now())}).status_code == 403
    assert browser.client.post("/login/code", data={"code": phone[2][0]}).status_code == 303
    assert second_factor.WINDOW == 1
