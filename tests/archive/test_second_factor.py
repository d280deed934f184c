"""Codes of a telephone and recovery codes: each opens once, and none lies readable in the database."""

import base64
import datetime as dt
import re

import pyotp
import pytest
import sqlalchemy as sa

from archive import half_way, people, second_factor
from archive.errors import BadValue
from archive.keyring import KeyLost, Keyring
from archive.models import Event, LoginSession, SecondFactor, User
from tests import engines

NOW = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)
STEP = dt.timedelta(seconds=30)


@pytest.fixture
def keyring(tmp_path):
    return Keyring(tmp_path / "secret.key")


@pytest.fixture
def lan(office_sessions):
    with office_sessions.begin() as session:
        return people.add_user(session, "lan", "admin", None, "mật khẩu dài", at=NOW).id


@pytest.fixture
def phone(office_sessions, keyring, lan):
    """A telephone that is set up; `phone.codes` are the recovery codes."""
    with office_sessions.begin() as session:
        phone = pyotp.TOTP(second_factor.begin(session, keyring, session.get(User, lan)))
        first = phone.at(NOW - 4 * STEP)
        phone.codes = second_factor.confirm(session, keyring, session.get(User, lan), first, NOW - 4 * STEP)
    return phone


def accepts(sessions, keyring, code, at=NOW):
    with sessions.begin() as session:
        return second_factor.accepts(session, keyring, session.scalar(sa.select(User)), code, at)


def test_codes_are_those_of_rfc_6238():
    """Appendix B, SHA-1, the last six digits."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    moments = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    assert {at: pyotp.TOTP(secret).at(at) for at in moments} == moments


def test_a_code_opens_in_its_half_minute_and_those_beside_it(office_sessions, keyring, phone):
    for off in (-2, 2, 10):
        assert not accepts(office_sessions, keyring, phone.at(NOW + off * STEP))
    for off in (-1, 0, 1):
        assert accepts(office_sessions, keyring, phone.at(NOW + off * STEP))


def test_a_code_opens_once_and_none_before_it_opens_after(office_sessions, keyring, phone):
    assert accepts(office_sessions, keyring, f" {phone.at(NOW)[:3]} {phone.at(NOW)[3:]} ")
    assert not accepts(office_sessions, keyring, phone.at(NOW))
    assert not accepts(office_sessions, keyring, phone.at(NOW - STEP))
    assert accepts(office_sessions, keyring, phone.at(NOW + STEP))


def test_the_code_that_confirmed_opens_nothing_more(office_sessions, keyring, phone):
    at = NOW - 4 * STEP
    assert not accepts(office_sessions, keyring, phone.at(at), at)


@pytest.mark.parametrize("code", ["", "000000", "12345", "١٢٣٤٥٦", "abcdef", "x" * 5000, "\udcff", "------"])
def test_anything_else_opens_nothing(office_sessions, keyring, phone, code):
    assert not accepts(office_sessions, keyring, code)


def test_each_recovery_code_opens_once_however_it_is_typed(office_sessions, keyring, phone):
    assert len(set(phone.codes)) == 10 and all(re.fullmatch(r"(\w{4}-){3}\w{4}", code) for code in phone.codes)
    assert accepts(office_sessions, keyring, phone.codes[0])
    assert not accepts(office_sessions, keyring, phone.codes[0])
    assert accepts(office_sessions, keyring, phone.codes[1].lower().replace("-", " "))
    with office_sessions() as session:
        assert second_factor.remaining(session, session.scalar(sa.select(User))) == 8
        used = session.scalars(sa.select(Event.data).where(Event.action == "recovery_code_used")).all()
    assert used == ['{"left":9}', '{"left":8}']


def test_new_recovery_codes_end_the_old_ones(office_sessions, keyring, phone):
    with office_sessions.begin() as session:
        new = second_factor.renew_recovery(session, session.scalar(sa.select(User)))
    assert not accepts(office_sessions, keyring, phone.codes[0])
    assert accepts(office_sessions, keyring, new[0])


def test_nothing_is_on_before_the_first_right_code(office_sessions, keyring, lan):
    with office_sessions.begin() as session:
        user = session.get(User, lan)
        secret = second_factor.begin(session, keyring, user)
        assert second_factor.confirm(session, keyring, user, "000000", NOW) is None
        assert not second_factor.is_on(session, user) and second_factor.pending(session, keyring, user) == secret
        assert not second_factor.accepts(session, keyring, user, pyotp.TOTP(secret).at(NOW), NOW)
        with pytest.raises(BadValue):
            second_factor.renew_recovery(session, user)


def test_a_second_telephone_needs_the_first_taken_off(office_sessions, keyring, phone, lan):
    with office_sessions.begin() as session, pytest.raises(BadValue):
        second_factor.begin(session, keyring, session.get(User, lan))


def test_neither_secret_nor_codes_lie_readable_in_the_database(settings, phone):
    raw = engines.raw(settings)
    assert b"second_factor_on" in raw, "what was written is here"
    for secret in (phone.secret, *phone.codes, *(code.replace("-", "") for code in phone.codes)):
        assert secret.encode() not in raw


def test_the_key_is_for_its_owner_only_and_made_once(tmp_path, keyring):
    sealed = keyring.seal("một")
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert Keyring(tmp_path / "secret.key").open(sealed) == "một"
    assert Keyring(tmp_path / "secret.key").open(keyring.seal("hai")) == "hai"
    assert [file.name for file in tmp_path.glob("*") if file.is_file()] == ["secret.key"]


@pytest.mark.parametrize("damage", ["gone", "another", "spoilt"])
def test_without_the_key_recovery_codes_still_open(office_sessions, keyring, phone, tmp_path, damage, caplog):
    file = tmp_path / "secret.key"
    file.unlink() if damage == "gone" else file.write_bytes(b"x" if damage == "spoilt" else another_key(tmp_path))
    assert not accepts(office_sessions, keyring, phone.at(NOW))
    assert "second factor cannot be opened" in caplog.text and phone.secret not in caplog.text
    assert accepts(office_sessions, keyring, phone.codes[0])
    with pytest.raises(KeyLost):
        keyring.open("gAAAA")


def another_key(folder):
    """The bytes of another key."""
    Keyring(folder / "another.key").seal("x")
    return (folder / "another.key").read_bytes()


def test_taken_off_by_another_it_signs_the_person_out(office_sessions, phone, lan):
    with office_sessions.begin() as session:
        user = session.get(User, lan)
        people.new_session(session, user, NOW)
        second_factor.switch_off(session, user, actor="mai")
        second_factor.switch_off(session, user, actor="mai")
    with office_sessions() as session:
        assert session.get(SecondFactor, lan) is None
        assert session.scalar(sa.select(sa.func.count()).select_from(LoginSession)) == 0
        off = sa.select(sa.func.count()).select_from(Event).where(Event.action == "second_factor_off")
        assert session.scalar(off) == 1


def test_a_password_alone_signs_nobody_in_who_has_a_telephone(office_sessions, keyring, phone):
    with office_sessions.begin() as session:
        assert people.sign_in(session, "lan", "mật khẩu dài", NOW) is None
        assert people.check_password(session, "lan", "mật khẩu dài", NOW).name == "lan"


def test_wrong_codes_count_and_a_right_password_forgives_none(office_sessions, keyring, phone, lan):
    for _ in range(5):
        with office_sessions.begin() as session:
            user = people.check_password(session, "lan", "mật khẩu dài", NOW)
            assert not people.check_code(session, keyring, user, "000000", NOW)
    with office_sessions.begin() as session:
        user = session.get(User, lan)
        assert not people.check_code(session, keyring, user, phone.at(NOW), NOW), "shut: the right one neither"
        assert people.check_password(session, "lan", "mật khẩu dài", NOW) is None
        later = NOW + STEP
        assert people.check_code(session, keyring, user, phone.at(later), later)
        people.welcome(session, user, later)
        assert user.failures == 0


def test_the_picture_holds_the_address_and_no_style():
    user = User(name="lan")
    address = second_factor.address(user, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    assert address.startswith("otpauth://totp/V%C4%83n%20Th%C6%B0:lan?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    picture = second_factor.picture(address)
    assert picture.startswith("<svg") and "style" not in picture and "script" not in picture


@pytest.mark.parametrize("end", ["password", "disabled"])
def test_who_showed_the_old_password_does_not_go_on_with_a_code(office_sessions, lan, end):
    with office_sessions.begin() as session:
        people.add_user(session, "mai", "admin", None, "mật khẩu dài")
        cookie = half_way.begin(session, "code", session.get(User, lan))
    with office_sessions.begin() as session:
        assert half_way.find(session, "code", cookie)
        if end == "password":
            people.change_password(session, session.get(User, lan), "mật khẩu khác", actor="lan")
        else:
            people.disable_user(session, session.get(User, lan), actor="mai")
        assert half_way.find(session, "code", cookie) is None
