"""Events are append-only and chained: a change anywhere is found where it was made."""

import datetime as dt

import pytest
import sqlalchemy as sa

from archive import history
from archive.models import Event
from tests.archive.test_inspection import asleep


def _three(sessions):
    with sessions.begin() as session:
        for number in range(3):
            history.append(session, "hoa", "received", f"scan{number}", {"số": number})


def test_a_chain_holds_from_the_first_event_to_the_head(sessions):
    _three(sessions)
    with sessions() as session:
        assert list(history.broken(session)) == []
        assert [e.seq for e in session.scalars(sa.select(Event).order_by(Event.seq))] == [1, 2, 3]


def test_a_rolled_back_event_leaves_no_gap(sessions):
    with pytest.raises(RuntimeError), sessions.begin() as session:
        history.append(session, "hoa", "received", "lost")
        raise RuntimeError
    _three(sessions)
    with sessions() as session:
        assert list(history.broken(session)) == []


def test_the_time_can_be_given(sessions):
    at = dt.datetime(2026, 11, 21, 7, 30, tzinfo=dt.UTC)
    with sessions.begin() as session:
        assert history.append(session, "hoa", "received", "scan", at=at).at == "2026-11-21T07:30:00.000+00:00"


@pytest.mark.parametrize("column", ["actor", "action", "subject", "data", "at"])
def test_a_changed_event_is_found_where_it_was_changed(office_sessions, column):
    _three(office_sessions)
    with office_sessions.begin() as session:
        asleep(session, f"UPDATE event SET {column} = 'x' WHERE seq = 2")
    with office_sessions() as session:
        first, *_ = history.broken(session)
        assert first == 2


def test_a_cut_off_end_is_found(office_sessions):
    _three(office_sessions)
    with office_sessions.begin() as session:
        asleep(session, "DELETE FROM event WHERE seq = 3")
    with office_sessions() as session:
        assert list(history.broken(session)) == [3]
