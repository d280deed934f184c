"""Every file received stands somewhere; what does not is named, and resumed."""

import datetime as dt
import io
import json

import pytest
import sqlalchemy as sa

from archive import aside, intake, ledger, register, register_by_hand
from archive.blobs import open_blobs
from archive.errors import DiskFull, EmptyFile
from archive.jobs import queue
from archive.models import Document, Event, RegisterEntry, Scan, Task, now
from archive.workdays import HANOI
from tests.archive import offices

TODAY = now().astimezone(HANOI).date()


@pytest.fixture
def blobs(settings):
    return open_blobs(settings.blobs, settings.data)


@pytest.fixture
def receive(sessions, blobs, settings):
    def receive(text="a paper", at=None, **given):
        facts = {"actor": "huong", "source": "web"} | given
        file = io.BytesIO(b"%PDF-1.4\n" + text.encode())
        return intake.receive(sessions, blobs, settings, file, "cv.pdf", at=at, **facts).scan_id

    return receive


def put(sessions, scan_id, status, documents=0, error=None):
    """A scan where the line would have left it."""
    with sessions.begin() as session:
        scan = session.get(Scan, scan_id)
        scan.status, scan.error = status, error
        for number in range(documents):
            session.add(Document(scan_id=scan_id, ordinal=number + 1, pages=[1]))
        state = {"failed": "dead", "quarantined": "cancelled"}.get(status, "done")
        if status not in ledger.IN_WORK:
            session.execute(sa.update(Task).where(Task.scan_id == scan_id).values(state=state))


def wrong(sessions):
    with sessions() as session:
        found = ledger.faults(session)
        return {name: list(getattr(found, name)) for name in found.__dataclass_fields__ if getattr(found, name)}


def test_each_file_stands_in_exactly_one_column(receive, sessions):
    reading, read, failed, secret, put_aside = (receive(str(number)) for number in range(5))
    put(sessions, read, "review", 2)
    put(sessions, failed, "failed", error="Tệp có mật khẩu.")
    put(sessions, secret, "quarantined", error="Có dấu mật.")
    put(sessions, put_aside, "review", 1)
    with sessions.begin() as session:
        aside.set_aside(session, session.query(Document).filter_by(scan_id=put_aside).one(), "bản sao", actor="huong")
    with sessions() as session:
        (day,) = ledger.days(session, TODAY, TODAY)
        total = ledger.total(session)
        assert ledger.papers(session) == {"review": 2, "void": 1}
    for one in (day, total):
        assert (one.received, one.in_work, one.read, one.failed, one.quarantined, one.aside) == (5, 1, 1, 1, 1, 1)
        assert one.received == one.read + one.in_work + one.refused
    assert wrong(sessions) == {}
    assert reading


def test_a_day_is_hanoi_s_day(receive, sessions):
    receive("1", at=dt.datetime(2026, 3, 2, 16, 59, tzinfo=dt.UTC))
    receive("2", at=dt.datetime(2026, 3, 2, 17, 1, tzinfo=dt.UTC))
    with sessions() as session:
        found = ledger.days(session, dt.date(2026, 3, 1), dt.date(2026, 3, 3))
    assert [(one.day.day, one.received) for one in found] == [(1, 0), (2, 1), (3, 1)]


def test_a_scan_that_no_task_carries_on_is_lost_and_can_be_resumed(receive, sessions):
    scan_id, stuck = receive(), receive("2")
    put(sessions, stuck, "failed", error="?")
    with sessions.begin() as session:
        session.execute(sa.delete(Task))
    assert wrong(sessions) == {"lost": [scan_id], "stuck": [stuck]}
    with sessions.begin() as session:
        assert ledger.resume(session, [*ledger.lost(session), *ledger.stuck(session)]) == 2
    assert wrong(sessions) == {}
    with sessions.begin() as session:
        assert {session.get(Scan, queue.claim(session, "w").scan_id).id for _ in range(2)} == {scan_id, stuck}


def test_a_refusal_without_a_reason_and_a_reading_without_a_paper_are_named(receive, sessions):
    silent, empty, strange = receive("1"), receive("2"), receive("3")
    put(sessions, silent, "failed")
    put(sessions, empty, "done")
    put(sessions, strange, "vanished")
    assert wrong(sessions) == {"silent": [silent], "empty": [empty], "unknown": [strange]}
    with sessions() as session:
        assert ledger.total(session).unknown == 1


def test_a_row_taken_out_behind_the_program_s_back_is_missed(receive, sessions):
    gone = receive()
    with sessions.begin() as session:
        session.execute(sa.delete(Task))
        session.execute(sa.delete(Scan))
        smuggled = offices.document(session).scan
        smuggled.status = "review"
        added = smuggled.id
    assert wrong(sessions) == {"vanished": [gone], "unannounced": [added]}


def test_a_sheet_typed_by_hand_is_received_too(sessions, blobs):
    made = register_by_hand.sheet(
        blobs, {"issuing_organ": "Sở Nội vụ", "subject": "giấy mời họp"}, actor="huong", at=now()
    )  # fmt: skip
    with sessions.begin() as session:
        register_by_hand.enter(session, made, "den", TODAY)
    assert wrong(sessions) == {}
    with sessions.begin() as session:
        assert ledger.total(session).read == 1
        session.scalar(sa.select(Scan)).source = "web"  # somebody changed the row: the event still says which it was
    assert set(wrong(sessions)) == {"vanished", "unannounced"}


def test_a_paper_in_the_book_without_its_line_is_astray(receive, sessions):
    scan_id = receive()
    put(sessions, scan_id, "review", 2)
    with sessions.begin() as session:
        first, second = session.scalars(sa.select(Document).order_by(Document.ordinal))
        register.register(session, first, "den", TODAY, actor="huong")
        second.status = "routed"
        astray = second.id
    assert wrong(sessions) == {"astray": [astray]}
    with sessions.begin() as session:
        session.execute(sa.update(RegisterEntry).values(status="void"))
    assert len(wrong(sessions)["astray"]) == 2


# ------------------------------------------------------------------------------------------------ at the door


def refusals(sessions):
    with sessions() as session:
        events = session.scalars(sa.select(Event).where(Event.action == "refused").order_by(Event.seq))
        return [(event.actor, event.subject, json.loads(event.data)) for event in events]


def test_a_refusal_at_the_door_is_an_event_without_a_name(sessions, blobs, settings):
    with pytest.raises(EmptyFile):
        intake.receive(sessions, blobs, settings, io.BytesIO(b""), "Mật.pdf", actor="huong", source="web")
    ((actor, subject, facts),) = refusals(sessions)
    assert (actor, subject) == ("huong", "door web")
    assert facts == {"reason": "empty", "source": "web", "size": 0}
    with sessions() as session:
        assert ledger.days(session, TODAY, TODAY)[0].turned_away == 1
        assert ledger.refused_between(session, TODAY, TODAY) == {("empty", "web"): 1}
        assert ledger.total(session).received == 0


def test_who_feeds_rubbish_does_not_fill_the_chain(sessions, blobs, settings, monkeypatch):
    monkeypatch.setattr(ledger, "MOST_REFUSALS", 3)
    for _ in range(5):
        with pytest.raises(EmptyFile):
            intake.receive(sessions, blobs, settings, io.BytesIO(b""), "a", actor="huong", source="api")
    assert [facts.get("and_more") for *_who, facts in refusals(sessions)] == [None, None, True]


def test_a_stream_that_cannot_tell_its_size_is_refused_like_any_other(sessions, blobs, settings):
    class Pipe:
        def read(self, _size):
            return b""

    with pytest.raises(EmptyFile):
        intake.receive(sessions, blobs, settings, Pipe(), "a", actor="huong", source="mail")
    assert refusals(sessions)[0][2]["size"] is None


@pytest.mark.embedded("its database is full by a word of SQLite")
def test_where_the_refusal_finds_no_room_the_sender_still_hears_why(office_sessions, office_engine, blobs, settings):
    import dataclasses

    with office_engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")  # this connection goes back into the pool, and writes fail
    thirsty = dataclasses.replace(settings, reserve_mb=1 << 40)
    with pytest.raises(DiskFull):
        intake.receive(office_sessions, blobs, thirsty, io.BytesIO(b"%PDF"), "a", actor="huong", source="web")
