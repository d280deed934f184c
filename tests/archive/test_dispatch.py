"""How workers hear of work: the same of the table alone, on both databases, and of a broker beside it."""

import dataclasses
import datetime as dt
import socket
import threading

import pytest
import sqlalchemy as sa

from archive import database, jobs
from archive.errors import BadSettings
from archive.jobs import broker, queue
from archive.jobs.queue import Hint
from archive.models import Scan, Task

on_postgres = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


def put(session, number, priority=queue.NORMAL, parts=(1, 2)):
    made = Scan(sha256=f"{number:064x}", filename="a.pdf", media_type="application/pdf", size=1, priority=priority,
                received_by="huong", received_at=dt.datetime(2026, 1, 1, second=number, tzinfo=dt.UTC))  # fmt: skip
    session.add(made)
    session.flush()
    queue.add(session, made, "read", parts)
    return made.id


def heard(calls, sessions, count):
    """(scan, part) of `count` tasks in the order in which a worker that waits at `calls` got them."""
    found, stop = [], threading.Event()

    def do(task):
        with sessions.begin() as session:
            claim = queue.claim(session, "w1", task=task)
            if claim is None or not queue.finish(session, claim, lambda *_: []):
                return False
        found.append((claim.scan_id, claim.part))
        return True

    for _ in range(400):
        if len(found) == count:
            break
        if not calls.serve(do):
            calls.wait(0.1, stop)
    return found


def contract(settings, engine):
    """What is committed is handed out, urgent papers first, nothing twice; what is rolled back never was."""
    dispatcher = jobs.open_jobs(settings)
    sessions = jobs.telling(database.sessions(engine), dispatcher)
    with sessions() as session:
        put(session, 1)
        session.rollback()
    with sessions.begin() as session:
        with session.begin_nested():
            first = put(session, 2)
        second, urgent = put(session, 3), put(session, 4, queue.URGENT)
    dispatcher.flush()
    calls = dispatcher.calls(engine, threading.Event())
    try:
        found = heard(calls, sessions, 6)
        assert {scan for scan, _ in found[:3]} >= {urgent}  # one may have been in hand before the urgent one came
        assert sorted(found) == sorted((scan, part) for scan in (first, second, urgent) for part in (1, 2))
        with sessions.begin() as session:  # while it waits
            later = put(session, 5, parts=(1,))
        assert heard(calls, sessions, 1) == [(later, 1)]
    finally:
        calls.close()
    assert dispatcher.fault() is None
    with sessions() as session:
        assert set(session.scalars(sa.select(Task.state))) == {"done"}


def test_the_table_alone_keeps_the_contract(engine_settings, engine):
    contract(engine_settings, engine)


@on_postgres
def test_a_broker_keeps_the_contract(engine_settings, engine, broker):
    contract(dataclasses.replace(engine_settings, jobs=broker), engine)


@pytest.fixture
def nowhere():
    """A broker's address at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"celery+amqp://archive:secret@127.0.0.1:{probe.getsockname()[1]}//"


@on_postgres
def test_a_broker_that_is_away_stops_nobody(engine_settings, engine, nowhere):
    settings = dataclasses.replace(engine_settings, jobs=nowhere)
    dispatcher = jobs.open_jobs(settings)
    sessions = jobs.telling(database.sessions(engine), dispatcher)
    with sessions.begin() as session:
        scan = put(session, 1)
    with sessions() as session:
        assert session.scalar(sa.select(Task.scan_id).limit(1)) == scan
    assert "không trả lời" in dispatcher.fault()
    assert "secret" not in dispatcher.fault() + settings.masked()["jobs"]


def test_sqlite_needs_no_broker(settings, nowhere):
    with pytest.raises(BadSettings, match="PostgreSQL"):
        jobs.open_jobs(dataclasses.replace(settings, database=f"sqlite:///{settings.data}/vanthu.db", jobs=nowhere))


def test_two_archives_at_one_broker_have_queues_of_their_own():
    ours = broker.Broker("celery+rediss://:k%40y@h:6380/2?queue=huyen&ssl_cert_reqs=required")
    assert (ours.url, ours.queue) == ("rediss://:k%40y@h:6380/2?ssl_cert_reqs=required", "huyen")
    assert broker.Broker("celery+amqp://h//").queue == "vanthu"
    with pytest.raises(BadSettings, match="dạng"):
        broker.Broker("celery+amqp://a:b@h1//;amqp://a:b@h2//")


def test_urgent_hints_go_first_then_the_later_step():
    order = [("shelve", queue.URGENT), ("survey", queue.URGENT), ("shelve", queue.NORMAL), ("mark", queue.NORMAL),
             ("read", queue.NORMAL), ("survey", queue.NORMAL)]  # fmt: skip
    levels = [broker.level(Hint(1, step, priority)) for step, priority in order]
    assert levels == sorted(levels) and len(set(levels)) == len(levels)
    assert 0 <= min(levels) <= max(levels) <= broker.LOWEST
    assert broker.level(Hint(1, "a step of a later version", queue.NORMAL)) == broker.LOWEST
