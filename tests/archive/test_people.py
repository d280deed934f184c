"""People, browsers and keys: who gets in, and who does not any more."""

import datetime as dt

import pytest
import sqlalchemy as sa

from archive import people
from archive.errors import BadValue, Conflict, Forbidden
from archive.models import LoginSession, Token, User

NOW = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
PASSWORD = "mật khẩu dài"


@pytest.fixture
def lan(office_sessions):
    with office_sessions.begin() as session:
        return people.add_user(session, "lan", "clerk", "Văn phòng", PASSWORD, at=NOW).id


def sign_in(sessions, name="lan", password=PASSWORD, at=NOW):
    with sessions.begin() as session:
        user = people.sign_in(session, name, password, at)
        return user and user.id


def test_the_right_password_signs_in_whatever_the_case_of_the_name(office_sessions, lan):
    assert sign_in(office_sessions) == lan
    assert sign_in(office_sessions, " LAN ") == lan
    assert sign_in(office_sessions, password=PASSWORD.encode().decode() + "x") is None
    assert sign_in(office_sessions, "khong_co") is None


def test_a_password_typed_with_separate_marks_is_the_same(office_sessions, lan):
    import unicodedata

    assert sign_in(office_sessions, password=unicodedata.normalize("NFD", PASSWORD)) == lan


def test_five_wrong_passwords_lock_the_account_for_a_while_that_grows(office_sessions, lan):
    for _ in range(5):
        assert sign_in(office_sessions, password="sai sai sai") is None
    assert sign_in(office_sessions) is None
    later = NOW + dt.timedelta(seconds=31)
    assert sign_in(office_sessions, password="sai sai sai", at=later) is None
    assert sign_in(office_sessions, at=later + dt.timedelta(seconds=31)) is None
    assert sign_in(office_sessions, at=later + dt.timedelta(seconds=61)) == lan
    with office_sessions() as session:
        assert session.get(User, lan).failures == 0


def test_a_switched_off_user_does_not_get_in_nor_stay_in(office_sessions, lan):
    with office_sessions.begin() as session:
        user = session.get(User, lan)
        cookie, _ = people.new_session(session, user, NOW)
        key = people.new_token(session, user, "máy quét", ["write"])
        user.active = False
    with office_sessions() as session:
        assert people.session_user(session, cookie, NOW) is None
        assert people.token_user(session, key, NOW) is None
    assert sign_in(office_sessions) is None


def test_neither_password_nor_cookie_nor_key_is_kept(slow_passwords, office_sessions, lan):
    with office_sessions.begin() as session:
        user = session.get(User, lan)
        cookie, csrf = people.new_session(session, user, NOW)
        key = people.new_token(session, user, "máy quét", ["read"])
        assert csrf != cookie
        assert PASSWORD not in user.password_hash and user.password_hash.startswith("$argon2id$v=19$m=47104,t=2,p=1$")
        assert session.scalars(sa.select(LoginSession.sha256)).one() != cookie
        assert session.scalars(sa.select(Token.sha256)).one() != key


def test_a_browser_stays_signed_in_while_used_and_for_one_day_s_work_at_most(office_sessions, lan):
    with office_sessions.begin() as session:
        cookie, _ = people.new_session(session, session.get(User, lan), NOW)
        for hour in range(1, 12):
            at = NOW + dt.timedelta(hours=hour)
            assert people.session_user(session, cookie, at).id == lan
            assert people.keep_alive(session, cookie, at)
            session.expire_all()
        assert people.session_user(session, cookie, NOW + people.LONGEST) is None


def test_a_browser_nobody_touches_is_signed_out(office_sessions, lan):
    with office_sessions.begin() as session:
        cookie, _ = people.new_session(session, session.get(User, lan), NOW)
        assert not people.keep_alive(session, cookie, NOW + SECOND)
        assert people.session_user(session, cookie, NOW + people.IDLE - SECOND)
        assert people.session_user(session, cookie, NOW + people.IDLE) is None


def test_signing_out_ends_this_browser_and_a_new_password_ends_all(office_sessions, lan):
    with office_sessions.begin() as session:
        user = session.get(User, lan)
        (one, _), (two, _), (three, _) = (people.new_session(session, user, NOW) for _ in range(3))
        people.end_session(session, one)
        assert people.session_user(session, one, NOW) is None
        assert people.session_user(session, two, NOW)
        people.change_password(session, user, "mật khẩu mới", actor="lan", at=NOW)
        assert not [cookie for cookie in (two, three) if people.session_user(session, cookie, NOW)]
    assert sign_in(office_sessions) is None
    assert sign_in(office_sessions, password="mật khẩu mới") == lan


def test_a_key_ends_when_it_expires_or_is_revoked(office_sessions, lan):
    with office_sessions.begin() as session:
        user = session.get(User, lan)
        day = NOW + dt.timedelta(days=1)
        short = people.new_token(session, user, "ngắn", ["read", "write"], expires_at=day)
        long = people.new_token(session, user, "dài")
        assert people.token_user(session, short, NOW) == (user, {"read", "write"})
        assert people.token_user(session, short, day) is None
        people.revoke_token(session, people.token_of(session, long, NOW).id, actor="lan", at=NOW)
        assert people.token_user(session, long, NOW) is None
        assert people.token_user(session, "vanthu_khong_co", NOW) is None


def test_the_use_of_a_key_is_noted_once_an_hour(office_sessions, lan):
    with office_sessions.begin() as session:
        key = people.new_token(session, session.get(User, lan), "máy quét")
        assert people.note_use(session, key, NOW)
        assert not people.note_use(session, key, NOW + SECOND)
        assert people.note_use(session, key, NOW + dt.timedelta(hours=2))


@pytest.mark.parametrize("scopes", [[], ["root"], ["read", "root"]])
def test_a_key_has_known_scopes(office_sessions, lan, scopes):
    with office_sessions.begin() as session, pytest.raises(BadValue):
        people.new_token(session, session.get(User, lan), "x", scopes)


@pytest.mark.parametrize(
    ("name", "role", "password", "error"),
    [
        ("lan", "clerk", PASSWORD, Conflict),
        ("hai lan", "clerk", PASSWORD, BadValue),
        ("", "clerk", PASSWORD, BadValue),
        ("x" * 81, "clerk", PASSWORD, BadValue),
        ("mai", "king", PASSWORD, BadValue),
        ("mai", "clerk", "ngắn", BadValue),
    ],
)
def test_a_user_that_cannot_be_is_refused(office_sessions, lan, name, role, password, error):
    with office_sessions.begin() as session, pytest.raises(error):
        people.add_user(session, name, role, None, password)


def test_a_unit_is_found_again_without_its_marks_and_long_names_stay_apart(office_sessions):
    with office_sessions.begin() as session:
        one = people.unit_named(session, "Phòng  Tổng hợp")
        assert (one.id, one.name) == ("phong_tong_hop", "Phòng Tổng hợp")
        assert people.unit_named(session, "phong tong hop") is one
        assert people.unit_named(session, "phong_tong_hop") is one
        long = "Ban Chỉ đạo phòng chống dịch bệnh truyền nhiễm "
        assert people.unit_named(session, long + "A") is not people.unit_named(session, long + "B")


def test_the_first_administrator_s_link_works_once(sessions):
    with sessions.begin() as session:
        old, link = people.setup_link(session, NOW), people.setup_link(session, NOW)
        assert not people.link_is_good(session, old, NOW)
        assert not people.link_is_good(session, link, NOW + people.LINK_LIFE)
        with pytest.raises(BadValue):
            people.use_setup_link(session, link, "sep", "ngắn", NOW)
        assert people.use_setup_link(session, link, "sep", PASSWORD, NOW).role == "admin"
        with pytest.raises(Forbidden):
            people.use_setup_link(session, link, "sep2", PASSWORD, NOW)
        with pytest.raises(Forbidden):
            people.setup_link(session, NOW)
