"""Who has a paper open is told to others for a minute, and locks nothing."""

import datetime as dt

from archive import presence
from archive.models import User
from tests.archive import offices

NOON = dt.datetime(2026, 3, 2, 5, 0, tzinfo=dt.UTC)


def test_the_others_are_told_who_has_a_paper_open_and_only_for_a_minute(sessions):
    with sessions.begin() as session:
        paper, other = offices.document(session).id, offices.document(session).id
        van, mai = offices.user(session, full_name="Lê Vân"), offices.user(session)
        presence.come(session, van.id, paper, NOON)
        assert presence.others(session, mai.id, NOON + dt.timedelta(seconds=59)) == {paper: "Lê Vân"}
        assert presence.others(session, van.id, NOON) == {}
        assert presence.others(session, mai.id, NOON + presence.LASTS) == {}
        presence.come(session, mai.id, paper, NOON)
        presence.come(session, van.id, other, NOON)
        assert presence.others(session, "nobody", NOON) == {paper: mai.name, other: "Lê Vân"}


def test_a_sign_is_given_again_only_after_a_while(sessions):
    with sessions.begin() as session:
        paper, van = offices.document(session).id, offices.user(session).id
        assert not presence.is_known(session, van, paper, NOON)
        presence.come(session, van, paper, NOON)
        assert presence.is_known(session, van, paper, NOON + dt.timedelta(seconds=19))
        assert not presence.is_known(session, van, paper, NOON + presence.AGAIN)
        assert not presence.is_known(session, van, "another", NOON)


def test_who_was_locked_out_is_nowhere(sessions):
    with sessions.begin() as session:
        paper, van = offices.document(session).id, offices.user(session).id
        presence.come(session, van, paper, NOON)
        session.get(User, van).active = False
        assert presence.others(session, "nobody", NOON) == {}
