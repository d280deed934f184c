"""kill -9 at random moments: nothing is lost, nothing is done twice."""

import contextlib
import dataclasses
import io
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from archive import history, intake, jobs
from archive.blobs import open_blobs
from archive.jobs import queue
from archive.jobs.worker import Worker
from archive.models import Scan, Task
from tests.faults import line
from tests.faults.line import EVERY_STEP, steps_of, until

SCANS, KILLS, WORKERS = 60, 20, 2


@pytest.fixture
def receive(sessions, engine_settings):
    """Receives a tiny scan, each other bytes."""
    blobs, count = open_blobs(engine_settings.blobs, engine_settings.data), iter(range(1000))

    def receive():
        out = io.BytesIO(line.picture(next(count)))
        return intake.receive(sessions, blobs, engine_settings, out, "a.png", actor="huong", source="cli").scan_id

    return receive


@pytest.fixture
def nursery(engine_settings):
    """Starts workers in processes of their own."""
    command = [sys.executable, "-m", "tests.faults.line", engine_settings.database_url, str(engine_settings.data),
               engine_settings.jobs]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    born = []

    def start():
        process.stdin.write("\n")
        process.stdin.flush()
        born.append(int(process.stdout.readline()))
        return born[-1]

    yield start
    for pid in born:
        kill(pid)
    process.communicate(timeout=300)


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def left(sessions):
    with sessions() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Scan).where(Scan.status != "review"))


def holds_a_task(sessions, pid):
    with sessions() as session:
        held = sa.select(Task.id).where(Task.state == "running", Task.worker.contains(f":{pid}:"))
        return session.scalar(held.limit(1)) is not None


def test_twenty_kills_lose_nothing_and_double_nothing(sessions, receive, nursery):
    scans = [receive() for _ in range(SCANS)]
    moments = random.Random(20)
    workers = [nursery() for _ in range(WORKERS)]
    for _ in range(KILLS):
        victim = moments.randrange(WORKERS)
        until(lambda pid=workers[victim]: holds_a_task(sessions, pid) or not left(sessions))
        time.sleep(moments.uniform(0.0, 0.3))
        assert kill(workers[victim])
        workers[victim] = nursery()
    until(lambda: left(sessions) == 0)
    assert steps_of(sessions) == dict.fromkeys(scans, EVERY_STEP)
    with sessions() as session:
        assert set(session.scalars(sa.select(Task.state))) == {"done"}
        assert list(history.broken(session)) == []


def test_another_worker_takes_over_when_a_lease_ends(sessions, receive, nursery, engine, engine_settings):
    scan = receive()
    with sessions.begin() as session:
        assert queue.claim(session, "elsewhere:1:dead", lease=0.5).step == "survey"
    nursery()
    until(lambda: left(sessions) == 0)
    assert steps_of(sessions) == {scan: EVERY_STEP}
    with sessions() as session:
        assert session.scalar(sa.select(Task.attempt).where(Task.step == "survey")) == 2


def stop_with_a_task(sessions, pid):
    """SIGSTOP at a moment at which it holds a task, and not SQLite's write lock: that it would take with it."""
    while True:
        until(lambda: holds_a_task(sessions, pid))
        kill(pid, signal.SIGSTOP)
        if holds_a_task(sessions, pid) and not is_locked(sessions):
            return
        kill(pid, signal.SIGCONT)


def is_locked(sessions):
    engine = sessions.kw["bind"]
    if engine.dialect.name != "sqlite":
        return False
    with contextlib.closing(sqlite3.connect(engine.url.database, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        return False


def test_a_worker_that_hangs_beyond_its_lease_changes_nothing_when_it_wakes(sessions, receive, nursery):
    scans = [receive() for _ in range(4)]
    hung = nursery()
    stop_with_a_task(sessions, hung)
    other = nursery()
    until(lambda: left(sessions) == 0)
    kill(hung, signal.SIGCONT)
    kill(other)
    scans.append(receive())
    until(lambda: left(sessions) == 0)
    assert steps_of(sessions) == dict.fromkeys(scans, EVERY_STEP)
    with sessions() as session:
        assert session.scalar(sa.select(sa.func.max(Task.attempt))) == 2


def test_a_worker_told_to_stop_finishes_or_gives_back(sessions, receive, nursery):
    for _ in range(20):
        receive()
    worker = nursery()
    until(lambda: left(sessions) < 20)
    kill(worker, signal.SIGTERM)
    until(lambda: not is_alive(worker))
    with sessions() as session:
        tasks = session.execute(sa.select(Task.state, Task.attempt)).all()
    assert {(state, attempt) for state, attempt in tasks} == {("done", 1), ("ready", 0)}


def _worker(engine, engine_settings, **steps):
    return Worker(engine_settings, engine=engine, steps=line.STEPS | steps)


def state_of(sessions, scan, step):
    with sessions() as session:
        row = session.scalars(sa.select(Task).where(Task.scan_id == scan, Task.step == step)).first()
        return row.state, row.attempt


def test_a_step_that_hangs_is_killed_at_its_deadline(sessions, receive, engine, engine_settings):
    scan = receive()
    hanging = line.step("survey", [], "spin", 1000.0, wall=1.0)
    with _worker(engine, engine_settings, survey=hanging) as worker:
        assert worker.run_once()
        assert worker._child.pid is None
        assert state_of(sessions, scan, "survey") == ("ready", 1)
        with sessions.begin() as session:
            session.execute(sa.update(Task).values(run_after=0))
        assert worker.run_once()
    assert state_of(sessions, scan, "survey") == ("dead", 2)
    with sessions() as session:
        assert "quá nhiều thời gian" in session.get(Scan, scan).error


def test_a_step_that_kills_its_child_is_dead_after_three_attempts(sessions, receive, engine, engine_settings):
    scan = receive()
    with _worker(engine, engine_settings, survey=line.step("survey", [], "die")) as worker:
        for attempt in (1, 2, 3):
            with sessions.begin() as session:
                session.execute(sa.update(Task).values(run_after=0))
            assert worker.run_once()
            assert state_of(sessions, scan, "survey")[1] == attempt
    assert state_of(sessions, scan, "survey")[0] == "dead"
    with sessions() as session:
        assert session.get(Scan, scan).status == "failed"


def test_a_dead_step_can_be_retried_to_the_end(sessions, receive, engine, engine_settings):
    scan = receive()
    with _worker(engine, engine_settings, mark=line.step("mark", [], "refuse")) as worker:
        worker.drain()
    assert state_of(sessions, scan, "mark")[0] == "dead"
    with sessions.begin() as session:
        assert session.get(Scan, scan).error == "Tệp có mật khẩu."
        jobs.retry(session, scan, "huong")
    with _worker(engine, engine_settings) as worker:
        assert worker.drain()
    assert steps_of(sessions) == {scan: EVERY_STEP}


def test_a_step_longer_than_its_lease_keeps_it(sessions, receive, engine, engine_settings):
    scan = receive()
    slow = line.step("survey", [("read", range(1, 3))], "work", 3.5)
    with _worker(engine, dataclasses.replace(engine_settings, lease_seconds=2.0), survey=slow) as worker:
        assert worker.run_once()
    assert state_of(sessions, scan, "survey") == ("done", 1)


def test_a_bug_in_a_step_stops_its_scan_only(sessions, receive, engine, engine_settings):
    broken = dataclasses.replace(line.STEPS["mark"], prepare=lambda *_: 1 / 0)
    first = receive()
    with _worker(engine, engine_settings, mark=broken) as worker:
        for _ in range(8):
            with sessions.begin() as session:
                session.execute(sa.update(Task).where(Task.state == "ready").values(run_after=0))
            worker.run_once()
        assert state_of(sessions, first, "mark") == ("dead", 3)
    second = receive()
    with _worker(engine, engine_settings) as worker:
        assert worker.drain()
    assert steps_of(sessions)[second] == EVERY_STEP
