"""Khóa sổ ngày: what is closed stays as it is until somebody with the right opens it, and says why."""

import datetime as dt
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from archive import register, register_days, review
from archive.errors import BadValue, Conflict, DayClosed
from archive.models import ClosedDay, Event, RegisterEntry
from tests.archive import offices

DAY = dt.date(2026, 3, 25)
NOW = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)


def enter(session, number=None, day=DAY, **more):
    columns = {"full_code": "1/UBND-VX", "issuing_organ": "UBND tỉnh A"} | more
    return register.register(session, offices.document(session, **columns), "den", day, number, actor="lan", at=NOW)


def close(session, day=DAY):
    return register_days.close(session, "den", day, "lan", NOW)


def test_a_closed_day_tells_its_lines_and_its_numbers(sessions):
    with sessions.begin() as session:
        enter(session), enter(session), enter(session, day=DAY + dt.timedelta(days=1))
        row = close(session)
        assert (row.lines, row.first, row.last) == (2, 1, 2)
        event = session.scalars(sa.select(Event).order_by(Event.seq.desc())).first()
        assert (event.action, event.subject, event.hash) == ("day_closed", "den/2026-03-25", row.event)
        assert json.loads(event.data)["digest"] == row.digest
        assert close(session) is row
        assert register_days.closed_until(session, "den", 2026) == DAY


def test_nothing_of_a_closed_day_or_before_is_added_or_changed(sessions):
    with sessions.begin() as session:
        entry, open_one = enter(session), enter(session, day=DAY + dt.timedelta(days=1))
        close(session)
    with sessions.begin() as session:
        with pytest.raises(DayClosed, match="khóa đến hết ngày 25/03/2026"):
            enter(session, 9, day=DAY)
        with pytest.raises(DayClosed):
            enter(session, day=dt.date(2026, 1, 2))
        assert enter(session, day=dt.date(2025, 12, 31)).year == 2025  # the book of another year
        entry, open_one = (session.get(RegisterEntry, ("den", 2026, n)) for n in (1, 2))
        with pytest.raises(DayClosed):
            register.void(session, entry, "nhầm", "lan", NOW)
        with pytest.raises(DayClosed), session.begin_nested():
            review.correct(session, entry.document, {"subject": "khác"}, actor="lan", at=NOW)
        assert register.void(session, open_one, "nhầm", "lan", NOW).status == "void"
        assert enter(session, day=DAY + dt.timedelta(days=1)).number == 3


def test_a_day_is_closed_before_a_correction_or_after_it_never_between(sessions):
    with sessions.begin() as session:
        entry = enter(session)
    with ThreadPoolExecutor(1) as other, sessions() as session:
        with session.begin():
            entry = session.get(RegisterEntry, ("den", 2026, 1))
            review.correct(session, entry.document, {"subject": "khác"}, actor="lan", at=NOW)
            closing = other.submit(close_alone, sessions)
            time.sleep(0.3)
        closing.result()
        assert register_days.altered(session, "den") == []


def close_alone(sessions):
    with sessions.begin() as session:
        close(session)


def test_who_has_the_paper_is_written_after_the_day_was_closed(office_sessions):
    from archive import routing

    with office_sessions.begin() as session:
        entry = enter(session)
        close(session)
        routing.decide(session, entry.document, "Phòng Văn xã", actor="lan", at=NOW)
        assert entry.recipient == "Phòng Văn xã"
        assert register_days.altered(session, "den") == []


def test_a_day_is_opened_with_a_reason_and_all_days_after_it_with_it(sessions):
    with sessions.begin() as session:
        entry = enter(session)
        for days in range(3):
            close(session, DAY + dt.timedelta(days=days))
        with pytest.raises(BadValue, match="lý do"):
            register_days.reopen(session, "den", DAY + dt.timedelta(days=1), " ", "sep", NOW)
        assert register_days.reopen(session, "den", DAY + dt.timedelta(days=1), "bổ sung", "sep", NOW) == 2
        assert register_days.closed_until(session, "den", 2026) == DAY
        event = session.scalars(sa.select(Event).order_by(Event.seq.desc())).first()
        assert (event.action, json.loads(event.data)["reason"]) == ("day_reopened", "bổ sung")
        register_days.reopen(session, "den", DAY, "sửa", "sep", NOW)
        review.correct(session, entry.document, {"issuing_organ": "UBND tỉnh B"}, actor="lan", at=NOW)
        before = session.get(ClosedDay, ("den", DAY)).digest
        assert close(session).digest != before
        with pytest.raises(Conflict):
            register_days.reopen(session, "den", dt.date(2026, 12, 1), "x", "sep", NOW)


def test_a_day_is_not_closed_while_one_of_its_numbers_waits(sessions):
    with sessions.begin() as session:
        enter(session, 3)
        with pytest.raises(Conflict, match="2 số đang chờ"):
            close(session)
        for number in (1, 2):
            register.void(session, session.get(RegisterEntry, ("den", 2026, number)), "hỏng", "lan", NOW)
        assert (close(session).first, close(session).lines) == (3, 1)


def test_tomorrow_is_not_closed_and_an_empty_day_is(office_sessions):
    with office_sessions.begin() as session:
        with pytest.raises(BadValue):
            close(session, dt.date(2026, 11, 2))
        row = close(session, dt.date(2026, 11, 1))
        assert (row.lines, row.first, row.last) == (0, None, None)


def test_a_line_changed_behind_the_back_of_the_program_is_found(office_sessions):
    with office_sessions.begin() as session:
        enter(session)
        close(session)
        assert register_days.altered(session, "den") == []
        session.execute(sa.update(RegisterEntry).values(issuer="người khác"))
        session.expire_all()
        assert [row.day for row in register_days.altered(session, "den")] == [DAY]
