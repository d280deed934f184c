"""Signing in through a server of the province: a real one on a socket, and every way in which it may lie."""

import dataclasses
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import sqlalchemy as sa

from archive import config, identities, people, second_factor
from archive.errors import BadSettings, Conflict
from archive.models import Event, Identity, User, now
from server import create_app
from tests.server.desk import Desk

pytest.importorskip("joserfc")
from tests.server.provider import CLIENT, PASSWORD, Provider


@pytest.fixture(scope="module")
def server():
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture
def provider(server):
    server.lies.clear()
    server.claims = {"sub": "u-1", "email": "Lan@soctrang.gov.vn", "email_verified": True}
    return server


@pytest.fixture
def app(settings, office_engine, provider):
    own = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": PASSWORD}
    app = create_app(dataclasses.replace(settings, oidc_name="VNeID", **own))
    app.extensions["vanthu"].__dict__["engine"] = office_engine
    return app


@pytest.fixture
def lan(makers, provider):
    """A clerk whom an administrator named by a mail address."""
    with makers.begin() as session:
        user = people.add_user(session, "lan", "clerk", None, Desk.PASSWORD)
        identities.name(session, user, provider.issuer, email="lan@soctrang.gov.vn", actor="mai")
        return user.id


def go(browser, target="/register"):
    """The address to which the browser is sent."""
    answer = browser.open(f"/login/oidc?next={target}")
    assert answer.status_code == 303
    return answer.headers["Location"]


def come_back(browser, address):
    return browser.open(address.removeprefix("http://localhost"))


def walk(app, provider, target="/register"):
    """A browser that went there and came back, and what it was answered."""
    browser = Desk(app)
    return browser, come_back(browser, provider.approve(go(browser, target)))


def test_who_was_named_signs_in_and_is_known_by_sub_from_then_on(app, provider, lan, makers):
    browser, answer = walk(app, provider)
    assert answer.status_code == 303 and answer.headers["Location"] == "/register"
    assert browser.open("/register").status_code == 200
    asked = provider.asked[-1]
    assert asked["code_challenge_method"] == "S256" and asked["response_type"] == "code" and len(asked["nonce"]) > 40
    assert asked["redirect_uri"] == "http://localhost/login/oidc/back"
    provider.claims = {"sub": "u-1"}
    assert walk(app, provider)[1].headers["Location"] == "/register"
    provider.claims = {"sub": "u-2", "email": "lan@soctrang.gov.vn", "email_verified": True}
    assert walk(app, provider)[1].status_code == 403, "the address was given to somebody else"
    with makers() as session:
        told = session.scalars(sa.select(Event.data).where(Event.action == "signed_in")).all()
        assert told == ['{"how":"oidc"}'] * 2
        assert session.scalar(sa.select(Identity.subject)) == "u-1"


def test_the_sign_in_page_offers_it_only_where_it_is_configured(app, settings, office_engine, desk):
    assert "Đăng nhập bằng VNeID" in Desk(app).page("/login?next=/search")
    without = create_app(settings)
    without.extensions["vanthu"].__dict__["engine"] = office_engine
    assert "oidc" not in Desk(without).page("/login")
    assert Desk(without).open("/login/oidc").status_code == Desk(without).open("/login/oidc/back").status_code == 404


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "ai-do@soctrang.gov.vn"}, {"email_verified": False}, {"email_verified": "true"}, {"email": None},
        {"email": ["lan@soctrang.gov.vn"]}, {"email": "lan@\u017foctrang.gov.vn"},
    ],
    ids=str,
)  # fmt: skip
def test_who_was_not_named_stays_outside(app, provider, lan, makers, claims):
    provider.claims |= claims
    browser, answer = walk(app, provider)
    assert answer.status_code == 403 and "chưa có tài khoản" in answer.text
    assert browser.open("/register").status_code == 303
    with makers() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(User)) == 1


@pytest.mark.parametrize(
    "lies",
    [
        {"claims": {"iss": "https://elsewhere.example"}}, {"claims": {"aud": "another"}},
        {"claims": {"aud": ["vanthu", "another"]}}, {"claims": {"azp": "another"}}, {"claims": {"nonce": "another"}},
        {"claims": {"nonce": None}}, {"claims": {"exp": 1_000_000_000}}, {"claims": {"exp": None}},
        {"claims": {"iat": 9_000_000_000}}, {"claims": {"sub": ""}}, {"claims": {"sub": 7}},
        {"sign": "none"}, {"sign": "HS256"}, {"sign": "other"},
        {"back": {"state": "another"}}, {"back": {"iss": "https://elsewhere.example"}}, {"back": {"code": "another"}},
        {"back": {"code": ""}}, {"back": {"state": "é"}},
    ],
    ids=str,
)  # fmt: skip
def test_nobody_gets_in_by(app, provider, lan, lies, caplog):
    provider.lies |= lies
    browser, answer = walk(app, provider)
    assert answer.status_code == 403 and "<form" in answer.text
    assert browser.open("/register").status_code == 303
    assert "u-1" not in caplog.text and "soctrang" not in caplog.text.lower()


def test_an_answer_is_taken_once_and_from_the_browser_that_asked(app, provider, lan):
    browser, thief = Desk(app), Desk(app)
    address = provider.approve(go(browser))
    assert come_back(thief, address).status_code == 403
    assert come_back(browser, address).status_code == 303
    assert come_back(browser, address).status_code == 403


def test_a_leading_elsewhere_is_not_followed(app, provider, lan):
    assert walk(app, provider, "https://elsewhere.example/")[1].headers["Location"] == "/"


@pytest.mark.parametrize(
    "lies",
    [{"status": 500}, {"body": b"khong phai JSON"}, {"body": b"[]"}, {"about": {"issuer": "https://elsewhere.example"}},
     {"about": {"authorization_endpoint": "file:///etc/passwd"}}, {"status": 302, "elsewhere": "http://127.0.0.1:9/"}],
    ids=str,
)  # fmt: skip
def test_a_server_that_is_unwell_is_said_calmly(app, provider, lies):
    provider.lies |= lies
    answer = Desk(app).open("/login/oidc")
    assert answer.status_code == 503 and "Máy chủ đăng nhập chung" in answer.text and 'name="password"' in answer.text


def test_new_keys_of_the_server_are_fetched_when_they_are_needed(app, provider, lan):
    assert walk(app, provider)[1].status_code == 303
    before, old = provider.fetched, provider.key
    try:
        provider.key = type(old).generate_key(2048, {"kid": "hai"}, private=True)
        assert walk(app, provider)[1].status_code == 303
        assert walk(app, provider)[1].status_code == 303
    finally:
        provider.key = old
    assert provider.fetched == before + 1


def test_a_telephone_is_asked_for_all_the_same(app, provider, lan, makers, settings):
    here = app.extensions["vanthu"]
    with makers.begin() as session:
        user = session.get(User, lan)
        phone = pyotp.TOTP(second_factor.begin(session, here.keyring, user))
        (first, *_) = second_factor.confirm(session, here.keyring, user, phone.at(now()))
    browser, answer = walk(app, provider)
    assert urlsplit(answer.headers["Location"]).path == "/login/code"
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"next": ["/register"]}
    assert browser.open("/register").status_code == 303
    assert browser.client.post("/login/code", data={"code": first}).status_code == 303
    assert browser.open("/register").status_code == 200


def test_who_is_switched_off_here_stays_outside(app, provider, lan, makers):
    with makers.begin() as session:
        session.get(User, lan).active = False
    assert walk(app, provider)[1].status_code == 403


def test_an_administrator_names_people_on_their_page(app, provider, desk, makers):
    desk("clerk")
    chi = desk("admin")
    assert chi.send("/admin/users/clerk-x/identity", {"subject": "u-1"}).status_code == 303
    assert "u-1" in chi.page("/admin/users/clerk-x")
    assert chi.send("/admin/users/admin-x/identity", {"subject": "u-1"}).status_code == 409
    assert chi.send("/admin/users/clerk-x/identity", {"subject": "u-1", "email": "a@b"}).status_code == 422
    assert walk(app, provider)[1].status_code == 303
    assert chi.send("/admin/users/clerk-x/identity").status_code == 303
    assert walk(app, provider)[1].status_code == 403
    with makers() as session:
        told = session.scalars(sa.select(Event.action).where(Event.action.like("identity%"))).all()
    assert told == ["identity_named", "identity_forgotten"]


def test_one_address_names_one_person(makers, lan, provider):
    with makers.begin() as session, pytest.raises(Conflict):
        mai = people.add_user(session, "mai", "clerk", None, Desk.PASSWORD)
        identities.name(session, mai, provider.issuer, email=" LAN@soctrang.gov.vn", actor="chi")


def test_the_address_of_reminders_names_nobody(app, provider, makers):
    with makers.begin() as session:
        people.add_user(session, "lan", "clerk", None, Desk.PASSWORD).email = "lan@soctrang.gov.vn"
    assert walk(app, provider)[1].status_code == 403


@pytest.mark.parametrize(
    "given", [{"VANTHU_OIDC_ISSUER": "http://sso.tinh.vn", "VANTHU_OIDC_CLIENT_ID": "x"},
              {"VANTHU_OIDC_ISSUER": "https://sso.tinh.vn"}, {"VANTHU_TOTP_ROLES": "admin,sep"},
              {"VANTHU_TRUSTED_PROXIES": "-1"}],
    ids=str,
)  # fmt: skip
def test_settings_that_leave_the_door_open_are_refused(given):
    with pytest.raises(BadSettings):
        config.load(environ=given)


def test_the_password_of_the_server_is_masked():
    shown = config.load(environ={"VANTHU_OIDC_CLIENT_SECRET": "rat bi mat"}).masked()
    assert shown["oidc_client_secret"] == "***" and "rat bi mat" not in str(shown)
