"""After a restore no number is given twice: the book asks for the last one on paper first."""

import datetime as dt

import pytest
import sqlalchemy as sa

from archive import register, register_restored
from archive.backup.restoring import restore
from archive.backup.target import Target
from archive.errors import BadValue, Conflict, NumbersUnknown
from archive.models import BookYear, Event, RegisterEntry, Restore
from tests.archive import kept, offices
from tests.archive.kept import DAY, Office

AT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)


def enter(session, number=None, day=DAY):
    return register.register(session, offices.document(session), "den", day, number, actor="lan", at=AT)


def bring_back(session, at=AT):
    session.add(Restore(snapshot="2026-11-20T00-00-00Z", made_at=at - dt.timedelta(days=2), restored_at=at, by="cli"))
    session.flush()


def test_no_number_is_given_twice_after_an_older_snapshot_came_back(settings, office_engine, tmp_path):
    office = Office(settings, office_engine)
    office.paper(1)
    office.backup(tmp_path / "b")
    lost = [office.paper(n) for n in (2, 3)]  # numbers 2 and 3 are stamped on paper, and not in the backup
    restore(Target(tmp_path / "b"), None, kept.empty(settings, tmp_path / "new"), kept.SCHEMA, actor="cli")
    new = kept.opened(kept.empty(settings, tmp_path / "new"))
    with pytest.raises(NumbersUnknown, match="số 1"):
        new.paper(4)
    with pytest.raises(NumbersUnknown):
        new.paper(5, number=2)  # what a form would offer as the next number
    with new.sessions.begin() as session:
        assert [(one.book.id, one.year, one.last) for one in register_restored.asked(session)] == [("den", 2026, 1)]
        assert register_restored.say_last(session, "den", 2026, 3, actor="lan") == len(lost)
        assert register_restored.asked(session) == []
    new.paper(6)
    new.paper(2, number=2)  # the paper is scanned again and bears its number
    with new.readers() as session:
        lines = session.scalars(sa.select(RegisterEntry).order_by(RegisterEntry.number)).all()
        assert [(one.number, one.status) for one in lines] == [
            (1, "registered"), (2, "registered"), (3, "awaited"), (4, "registered"),
        ]  # fmt: skip
        assert register.missing(session, "den", 2026) == []


def test_a_number_that_is_awaited_may_be_filled_before_the_book_knows(sessions):
    with sessions.begin() as session:
        enter(session, 3)
        bring_back(session)
        assert enter(session, 2).number == 2
        with pytest.raises(NumbersUnknown, match="phục hồi"):
            enter(session)


def test_only_a_number_that_can_be_is_taken(sessions):
    with sessions.begin() as session:
        enter(session, 3)
        with pytest.raises(Conflict, match="không phải ghi"):
            register_restored.say_last(session, "den", 2026, 5, actor="lan")
        bring_back(session)
        with pytest.raises(BadValue, match="đã có đến số 3"):
            register_restored.say_last(session, "den", 2026, 2, actor="lan")
        with pytest.raises(BadValue, match="quá xa"):
            register_restored.say_last(session, "den", 2026, 50_000, actor="lan")
        assert register_restored.say_last(session, "den", 2026, 3, actor="lan") == 0
        with pytest.raises(Conflict):
            register_restored.say_last(session, "den", 2026, 9, actor="lan")
        assert enter(session).number == 4
        told = session.scalar(sa.select(Event).where(Event.action == "last_on_paper"))
        restore = register_restored.latest(session).id
        assert (told.subject, told.data) == ("den/2026", f'{{"before":3,"last":3,"restore":{restore}}}')


def test_a_year_that_began_after_the_restore_is_not_asked_for(sessions):
    with sessions.begin() as session:
        bring_back(session, AT.replace(year=2025))
        assert enter(session).number == 1
        with pytest.raises(NumbersUnknown):
            enter(session, day=dt.date(2025, 12, 31))
        register_restored.say_last(session, "den", 2025, 0, actor="lan")
        assert enter(session, day=dt.date(2025, 12, 31)).number == 1


def test_every_restore_asks_again(sessions):
    with sessions.begin() as session:
        for last in (4, 6):
            bring_back(session)
            with pytest.raises(NumbersUnknown):
                enter(session)
            register_restored.say_last(session, "den", 2026, last, actor="lan")
            assert enter(session).number == last + 1
        assert session.get(BookYear, ("den", 2026)).settled == register_restored.latest(session).id
