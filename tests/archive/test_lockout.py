"""Wrong passwords shut the door, for the account and for the address; strangers shut nobody out for ever."""

import datetime as dt

import pytest
import sqlalchemy as sa

from archive import database, lockout, people
from archive.models import Event, FailedPlace, KnownPlace, User

NOW = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)
SECOND, MINUTE = dt.timedelta(seconds=1), dt.timedelta(minutes=1)
PASSWORD = "mật khẩu dài"
DESK, STREET = "10.0.0.5", "203.0.113.9"


@pytest.fixture
def lan(office_sessions):
    with office_sessions.begin() as session:
        return people.add_user(session, "lan", "admin", None, PASSWORD, at=NOW).id


def knock(sessions, name="lan", password=PASSWORD, at=NOW, address=DESK):
    with sessions.begin() as session:
        return people.sign_in(session, name, password, at, address) is not None


def events(sessions, *actions):
    with sessions() as session:
        return session.scalars(sa.select(Event.action).where(Event.action.in_(actions)).order_by(Event.seq)).all()


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("10.0.0.5", "10.0.0.5"), ("::ffff:10.0.0.5", "10.0.0.5"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"), ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"), ("unix:", ""), ("", ""), (None, ""), ("a" * 300, ""),
    ],
)  # fmt: skip
def test_an_address_is_counted_as_a_line_of_the_network_has_it(address, place):
    assert lockout.place_of(address) == place


def test_strangers_do_not_shut_a_person_out_at_the_own_desk(office_sessions, lan):
    assert knock(office_sessions)
    for _ in range(12):
        assert not knock(office_sessions, password="sai", address=STREET)
    assert not knock(office_sessions, address=STREET), "the account is shut to places it was never seen at"
    assert not knock(office_sessions, address="192.0.2.77")
    assert knock(office_sessions), "and open at its own"


def test_failures_at_the_own_desk_shut_that_desk_and_no_other(office_sessions, lan):
    assert knock(office_sessions) and knock(office_sessions, address="10.0.0.6")
    for _ in range(5):
        knock(office_sessions, password="sai")
    assert not knock(office_sessions)
    assert knock(office_sessions, address="10.0.0.6")
    assert knock(office_sessions, at=NOW + 31 * SECOND)
    assert events(office_sessions, "account_locked") == ["account_locked"]


def test_twenty_failures_shut_an_address_to_whoever_was_never_there(office_sessions, lan):
    with office_sessions.begin() as session:
        people.add_user(session, "mai", "clerk", None, PASSWORD)
    assert knock(office_sessions, "mai", address=STREET)
    for number in range(20):
        assert not knock(office_sessions, f"ai-do-{number}", address=STREET)
    assert not knock(office_sessions, "lan", address=STREET)
    assert knock(office_sessions, "mai", address=STREET), "who has signed in from there still may"
    assert knock(office_sessions, "lan", address=DESK)
    assert events(office_sessions, "address_locked") == ["address_locked"]


def test_pauses_grow_to_a_quarter_of_an_hour_and_end(office_sessions, lan):
    at, pauses = NOW, []
    for _ in range(12):
        knock(office_sessions, password="sai", at=at, address="")
        with office_sessions() as session:
            until = session.get(User, lan).locked_until
        pauses.append(int((until - at).total_seconds()) if until and until > at else 0)
        at = until or at
    assert pauses == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]
    assert knock(office_sessions, at=at, address="")


def test_an_address_is_forgotten_after_a_quiet_hour(office_sessions, lan):
    for number in range(20):
        knock(office_sessions, f"ai-do-{number}", address=STREET)
    later = NOW + dt.timedelta(hours=1, seconds=1)
    knock(office_sessions, "ai-do", at=later, address="192.0.2.1")
    with office_sessions() as session:
        assert [one.address for one in session.scalars(sa.select(FailedPlace))] == ["192.0.2.1"]


def test_a_lock_survives_a_restart(settings, office_engine):
    makers = database.sessions(office_engine)
    with makers.begin() as session:
        people.add_user(session, "lan", "clerk", None, PASSWORD)
    for _ in range(5):
        knock(makers, password="sai", address=STREET)
    office_engine.dispose()
    again = database.open_engine(settings.database_url)
    assert not knock(database.sessions(again), address=STREET)
    again.dispose()


def test_whatever_is_refused_writes_a_row_of_the_address(office_sessions, lan):
    """A commit takes long: where one refusal wrote and another did not, the clock would tell."""
    with office_sessions.begin() as session:
        people.add_user(session, "cu", "clerk", None, PASSWORD).active = False
    refused = [("khong-co", PASSWORD), ("lan", "sai"), ("cu", PASSWORD), ("cu", "sai")]
    for name, password in refused:
        assert not knock(office_sessions, name, password, address=STREET)
    for _ in range(4):
        knock(office_sessions, password="sai", address=STREET)
    assert not knock(office_sessions, address=STREET), "the right password, while it is shut"
    with office_sessions() as session:
        assert session.get(FailedPlace, STREET).failures == 9
        assert session.get(User, lan).failures == 5, "what waits is not counted"


def test_a_right_password_is_hashed_for_nobody_too(slow_passwords, office_sessions, monkeypatch):
    asked = []
    whole = people._matches
    monkeypatch.setattr(people, "_matches", lambda hashed, given: asked.append(hashed) or whole(hashed, given))
    assert not knock(office_sessions, "khong-co")
    assert [hashed.split("$")[:4] for hashed in asked] == [people.hash_password(PASSWORD).split("$")[:4]]


def test_both_databases_count_alike(sessions):
    with sessions.begin() as session:
        people.add_user(session, "lan", "clerk", None, PASSWORD)
    assert knock(sessions)
    for number in range(20):
        assert not knock(sessions, f"ai-do-{number}" if number % 3 else "lan", "sai", address=STREET)
    assert not knock(sessions, address=STREET) and knock(sessions)
    assert events(sessions, "account_locked", "address_locked") == ["account_locked", "address_locked"]


def test_an_administrator_unlocks_and_it_is_written(office_sessions, lan):
    assert knock(office_sessions)
    for _ in range(5):
        knock(office_sessions, password="sai")
        knock(office_sessions, password="sai", address=STREET)
    assert not knock(office_sessions)
    with office_sessions.begin() as session:
        assert lockout.shut_until(session, session.get(User, lan), NOW) == NOW + 30 * SECOND
        lockout.unlock(session, session.get(User, lan), actor="mai")
        assert lockout.shut_until(session, session.get(User, lan), NOW) is None
    assert knock(office_sessions, address=STREET)
    assert events(office_sessions, "account_unlocked") == ["account_unlocked"]


def test_a_place_is_not_one_s_own_for_ever(office_sessions, lan):
    assert knock(office_sessions)
    later = NOW + lockout.REMEMBERED + MINUTE
    for _ in range(5):
        knock(office_sessions, password="sai", at=later, address=STREET)
    assert not knock(office_sessions, at=later)
    assert knock(office_sessions, at=later + MINUTE)
    with office_sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(KnownPlace)) == 1
