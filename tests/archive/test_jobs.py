"""The queue: leases, fences, back-off, dead letters, order, on both databases. Time is passed in."""

import dataclasses
import datetime as dt
import threading
import time

import pytest
import sqlalchemy as sa

from archive import jobs
from archive.errors import (
    Aborted,
    BadSettings,
    Conflict,
    Crashed,
    Encrypted,
    NotFound,
    TookTooLong,
    TooMuchWork,
    Transient,
)
from archive.jobs import desk, queue
from archive.jobs.waiting import Bell
from archive.models import Event, PageRow, Scan, Task

FIRST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LEASE = 15.0
FAR = 4e9
"""A Unix time after all that is queued here."""


@pytest.fixture
def scan(sessions):
    """Makes scans, each a second after the one before, with one task."""
    count = iter(range(1, 100))

    def scan(priority=queue.NORMAL, step="survey", parts=(0,)):
        n = next(count)
        with sessions.begin() as session:
            made = Scan(sha256=f"{n:064x}", filename="a.pdf", media_type="application/pdf", size=1, priority=priority,
                        received_by="huong", received_at=FIRST + dt.timedelta(seconds=n))  # fmt: skip
            session.add(made)
            session.flush()
            queue.add(session, made, step, parts, now=float(n))
            return made.id

    return scan


@pytest.fixture
def claim(sessions):
    def claim(worker="w1", now=FAR, task=None):
        with sessions.begin() as session:
            return queue.claim(session, worker, now, LEASE, task=task)

    return claim


@pytest.fixture
def finish(sessions):
    def finish(held, effects=lambda session, scan: [], now=FAR):
        with sessions.begin() as session:
            return queue.finish(session, held, effects, now)

    return finish


@pytest.fixture
def fail(sessions):
    def fail(held, error, now=FAR):
        with sessions.begin() as session:
            return queue.fail(session, held, error, now)

    return fail


@pytest.fixture
def look(sessions):
    """A fresh copy of one row."""

    def look(table, key):
        with sessions() as session:
            return session.get(table, key)

    return look


def test_a_task_is_claimed_by_one_worker_only(scan, claim):
    id_ = scan()
    held = claim("w1")
    assert (held.scan_id, held.step, held.attempt, held.worker) == (id_, "survey", 1, "w1")
    assert claim("w2") is None


def test_workers_that_claim_at_once_never_get_the_same_task(sessions, scan):
    for _ in range(12):
        scan()
    held, together = [], threading.Barrier(4)

    def work(name):
        together.wait()
        while True:
            with sessions.begin() as session:
                claim = queue.claim(session, name)
            if claim is None:
                return
            held.append(claim.id)

    workers = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(held) == len(set(held)) == 12


def test_urgent_papers_first_then_the_oldest_scan_to_its_end(scan, claim, finish):
    old, young = scan(), scan()
    urgent = scan(priority=queue.URGENT)
    assert claim().scan_id == urgent
    held = claim()
    assert held.scan_id == old
    finish(held, lambda session, scan: [("read", (1, 2))])
    assert [(task.scan_id, task.step) for task in (claim(), claim(), claim())] == [
        (old, "read"), (old, "read"), (young, "survey"),
    ]  # fmt: skip


def test_a_waiting_scan_can_be_hurried(sessions, scan, claim, finish):
    first, second = scan(), scan()
    with sessions.begin() as session:
        jobs.urgent(session, second)
    held = claim()
    assert held.scan_id == second
    finish(held, lambda session, scan: [("read", (1,))])
    assert claim().scan_id == second
    assert claim().scan_id == first


def test_a_dead_workers_task_goes_to_another_when_its_lease_ends(scan, claim, finish):
    scan()
    dead = claim("w1", now=FAR)
    assert claim("w2", now=FAR + LEASE - 1) is None
    heir = claim("w2", now=FAR + LEASE + 1)
    assert (heir.id, heir.attempt) == (dead.id, 2)
    assert finish(heir)


def test_a_beat_holds_the_lease(sessions, scan, claim):
    scan()
    held = claim("w1", now=FAR)
    with sessions.begin() as session:
        assert queue.beat(session, held, FAR + 10, LEASE)
    assert claim("w2", now=FAR + LEASE + 5) is None
    assert claim("w2", now=FAR + 10 + LEASE + 1).id == held.id
    with sessions.begin() as session:
        assert not queue.beat(session, held, FAR + 30, LEASE)


def rename(session, scan):
    scan.filename += "!"
    return [("read", (1, 2))]


def test_a_zombies_finish_changes_nothing(scan, claim, finish, look, sessions):
    id_ = scan()
    zombie = claim("w1", now=FAR)
    heir = claim("w2", now=FAR + LEASE + 1)
    assert not finish(zombie, rename)
    assert look(Scan, id_).filename == "a.pdf"
    assert finish(heir, rename)
    assert not finish(heir, rename)
    assert not finish(zombie, rename)
    assert look(Scan, id_).filename == "a.pdf!"
    with sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Task)) == 3


def test_an_attempt_that_came_round_again_is_still_another_workers(sessions, scan, claim, finish, fail):
    id_ = scan()
    zombie = claim("w1")
    fail(zombie, Encrypted("Tệp có mật khẩu."))
    with sessions.begin() as session:
        assert jobs.retry(session, id_, "huong") == 1
    owner = claim("w2")
    assert owner.attempt == zombie.attempt == 1
    assert not finish(zombie, rename)
    assert fail(zombie, Transient("")) is None
    assert finish(owner, rename)


def test_effects_and_next_tasks_come_together_or_not_at_all(scan, claim, finish, look, sessions):
    id_ = scan()
    held = claim()

    def break_off(session, scan):
        rename(session, scan)
        session.flush()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        finish(held, break_off)
    assert look(Scan, id_).filename == "a.pdf"
    assert look(Task, held.id).state == "running"
    assert finish(held, rename)


def test_the_last_page_of_many_sees_that_it_is_the_last(scan, claim, finish, sessions):
    id_ = scan(step="read", parts=(1, 2, 3))
    left = []

    def join(session, scan):
        left.append(queue.left(session, scan.id, "read"))
        return [] if left[-1] else [("mark", (0,))]

    held = [claim(f"w{n}") for n in range(3)]
    for one in reversed(held):
        assert finish(one, join)
    assert left == [2, 1, 0]
    with sessions() as session:
        assert jobs.progress(session, id_).step == "mark"


def test_what_passes_is_tried_again_later_and_later(scan, claim, fail, look):
    id_ = scan()
    waits = []
    for _ in range(2):
        held = claim(now=FAR)
        assert fail(held, Crashed("Việc đọc dừng đột ngột."), now=FAR - 1000) == "ready"
        waits.append(look(Task, held.id).run_after - (FAR - 1000))
    assert 1 < waits[0] < waits[1] < 10
    assert claim(now=FAR - 1000) is None
    held = claim(now=FAR)
    assert held.attempt == 3
    assert fail(held, Crashed("")) == "dead"
    scan = look(Scan, id_)
    assert scan.status == "failed"
    assert "Bản gốc vẫn được lưu an toàn" in scan.error
    assert "Thử lại" in scan.error


def test_what_took_too_long_gets_a_second_chance_and_no_third(scan, claim, fail, look):
    id_ = scan()
    assert fail(claim(), TookTooLong("Việc đọc mất quá nhiều thời gian."), now=FAR - 100) == "ready"
    assert fail(claim(), TookTooLong("Việc đọc mất quá nhiều thời gian.")) == "dead"
    assert look(Scan, id_).error == "Việc đọc mất quá nhiều thời gian."


def test_what_fell_over_gets_a_second_chance_and_no_third(scan, fail, claim):
    scan()
    assert fail(claim(), Aborted(""), now=FAR - 100) == "ready"
    assert fail(claim(), Aborted("")) == "dead"


def test_what_used_its_time_up_gets_no_second_chance(scan, fail, claim):
    scan()
    assert fail(claim(), TooMuchWork("Việc đọc mất quá nhiều thời gian.")) == "dead"


def test_a_task_outlives_workers_that_were_killed_from_outside(scan, claim, fail, look):
    scan()
    for n in range(queue.LIVES - 1):
        claim(f"w{n}", now=FAR * (n + 1))
    last = claim("w", now=FAR * 20)
    assert not last.is_last
    assert fail(last, Crashed(""), now=FAR * 20) == "ready"
    assert look(Task, last.id).failures == 1


def test_a_task_that_kills_every_worker_is_not_run_for_ever(scan, claim, fail, look):
    id_ = scan()
    for n in range(queue.LIVES):
        assert not claim(f"w{n}", now=FAR * (n + 1)).is_hopeless
    last = claim("w", now=FAR * 20)
    assert last.is_hopeless
    assert fail(last, Crashed(""), now=FAR * 20) == "dead"
    assert look(Scan, id_).status == "failed"


def test_what_will_not_help_itself_is_dead_at_once_with_its_reason(scan, claim, fail, look, sessions):
    id_ = scan()
    assert fail(claim(), Encrypted("Tệp có mật khẩu.")) == "dead"
    scan = look(Scan, id_)
    assert (scan.status, scan.error) == ("failed", "Tệp có mật khẩu.")
    with sessions() as session:
        assert session.scalars(sa.select(Event.action)).all() == ["failed"]


def test_an_error_nobody_foresaw_never_reaches_the_clerk_in_its_own_words(scan, claim, fail, look):
    id_ = scan()
    for _ in range(3):
        fail(claim(now=FAR * 2), KeyError("secret words of a paper"), now=FAR)
    assert "secret" not in look(Scan, id_).error
    assert look(Scan, id_).status == "failed"


def test_retry_starts_afresh_and_says_who(sessions, scan, claim, fail, finish, look):
    id_ = scan()
    fail(claim(), Encrypted("Tệp có mật khẩu."))
    with sessions.begin() as session:
        assert jobs.retry(session, id_, "huong") == 1
    scan = look(Scan, id_)
    assert (scan.status, scan.error) == ("reading", None)
    with sessions() as session:
        last = session.scalars(sa.select(Event).order_by(Event.seq.desc())).first()
        assert (last.action, last.actor) == ("retried", "huong")
    held = claim()
    assert held.attempt == 1
    assert finish(held)
    with sessions.begin() as session:
        assert jobs.retry(session, id_, "huong") == 0


def test_retry_reads_pages_again_that_could_not_be_read(sessions, scan, claim, finish, look):
    id_ = scan(step="read", parts=(1, 2))
    with sessions.begin() as session:
        session.get(Scan, id_).status = "review"
        session.add(PageRow(scan_id=id_, number=1, source="ocr"))
        session.add(PageRow(scan_id=id_, number=2, source="ocr", advice=[desk.UNREADABLE]))
    finish(claim())
    finish(claim(), lambda session, scan: [("mark", (0,))])
    finish(claim())
    with sessions.begin() as session:
        assert jobs.retry(session, id_, "huong") == 1
    held = claim()
    assert (held.step, held.part, held.attempt) == ("read", 2, 1)
    assert look(Scan, id_).status == "reading"


def test_a_released_task_is_ready_at_once_and_not_counted(sessions, scan, claim):
    scan()
    held = claim("w1", now=FAR)
    with sessions.begin() as session:
        assert queue.release(session, held)
    again = claim("w2", now=FAR)
    assert (again.id, again.attempt) == (held.id, 1)


@pytest.mark.parametrize("jump", [-31_536_000.0, -3600.0, 3600.0, 31_536_000.0])
def test_a_clock_that_jumps_holds_nothing_up(scan, claim, fail, finish, look, jump):
    scan()
    held = claim(now=FAR)
    assert claim("w2", now=FAR) is None
    again = claim("w2", now=FAR + jump)
    assert (again.id, again.attempt) == (held.id, 2)
    assert not finish(held)
    assert fail(again, Transient("")) == "ready"
    assert claim("w3", now=FAR + 4 * jump).id == held.id


def test_the_leases_of_a_worker_seen_to_die_end_at_once(sessions, scan, claim):
    scan(), scan()
    mine, other = claim("host_a:12:x", now=FAR), claim("host_a:123:y", now=FAR)
    with sessions.begin() as session:
        assert queue.expire(session, "host_a:12:") == 1
    assert claim("w2", now=FAR).id == mine.id
    assert claim("w2", now=FAR) is None
    assert other.id != mine.id


def test_a_quarantined_scan_takes_no_more_effects(sessions, scan, claim, finish, look):
    id_ = scan()
    held = claim()
    with sessions.begin() as session:
        session.get(Scan, id_).status = "quarantined"
    assert finish(held, rename)
    assert look(Scan, id_).filename == "a.pdf"
    with sessions.begin() as session, pytest.raises(Conflict):
        jobs.retry(session, id_, "huong")


def test_progress_counts_pages(sessions, scan, claim, finish):
    id_ = scan(step="read", parts=range(1, 7))
    for _ in range(3):
        finish(claim())
    with sessions() as session:
        progress = jobs.progress(session, id_)
    assert (progress.step, progress.done, progress.total) == ("read", 3, 6)
    assert progress.words == "Trang 4/6"


def test_a_step_can_be_done_again(sessions, scan, claim, finish):
    id_ = scan(step="extract")
    finish(claim(), lambda session, scan: [("route", (0,))])
    finish(claim())
    with sessions.begin() as session:
        jobs.restart(session, id_, "extract", "it")
        with pytest.raises(NotFound):
            jobs.restart(session, "f" * 32, "extract", "it")
    held = claim()
    assert (held.step, held.attempt) == ("extract", 1)
    finish(held, lambda session, scan: [("route", (0,))])
    assert claim().step == "route"


def test_a_named_task_is_claimed_or_none(scan, claim, finish, fail, sessions):
    urgent, other = scan(priority=queue.URGENT), scan()
    with sessions() as session:
        tasks = dict(session.execute(sa.select(Task.scan_id, Task.id)).all())
    held = claim("w1", task=tasks[other])
    assert (held.scan_id, held.attempt) == (other, 1)
    assert claim("w2", task=tasks[other]) is None
    assert claim("w2", now=FAR + LEASE + 1, task=tasks[other]).attempt == 2
    assert not finish(held)
    first = claim("w1", task=tasks[urgent])
    assert fail(first, Transient("")) == "ready"
    assert claim("w1", now=FAR, task=tasks[urgent]) is None
    again = claim("w1", now=FAR + 10, task=tasks[urgent])
    assert finish(again)
    assert claim("w1", now=FAR + 100, task=tasks[urgent]) is None
    assert claim("w1", now=FAR + 100, task=987_654) is None


def test_an_unknown_queue_is_refused(settings):
    jobs.open_jobs(settings)
    with pytest.raises(BadSettings, match=r"kafka://x:\*\*\*@h"):
        jobs.open_jobs(dataclasses.replace(settings, jobs="kafka://x:secret@h"))


def test_leases_are_measured_by_the_databases_clock(sessions, engine):
    with sessions() as session:
        assert abs(queue.clock(session) - time.time()) < 60
        if engine.dialect.name == "postgresql":
            statement = "SELECT extract(epoch FROM clock_timestamp())"
            assert queue.clock(session) <= float(session.scalar(sa.text(statement)))


def test_a_waiting_worker_wakes_when_a_scan_comes(engine, sessions, scan):
    bell, stop, woken = Bell(engine), threading.Event(), threading.Event()
    bell.wait(0.01, stop)  # the first wait only begins to listen
    bell.wait(0.01, stop)
    waiting = threading.Thread(target=lambda: (bell.wait(600, stop), woken.set()))
    waiting.start()
    scan()
    assert woken.wait(300)
    waiting.join()
    bell.close()


def test_a_waiting_worker_stops_when_told(engine):
    bell, stop = Bell(engine), threading.Event()
    bell.wait(0.01, stop)
    stop.set()
    bell.wait(600, stop)
    bell.close()


@pytest.mark.embedded("it reads SQLite's plan")
@pytest.mark.parametrize(("statement", "index"), [(queue._ready, "task_ready"), (queue._expired, "task_running")])
def test_the_hot_queries_use_their_partial_indexes(office_engine, statement, index):
    said = []
    sa.event.listen(office_engine, "before_cursor_execute", lambda *args: said.append(args[2:4]))
    with office_engine.connect() as connection:
        connection.execute(statement, {"now": 1.0, "far": 2.0})
        sql, values = said[-1]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()
    assert f"ix_{index}" in str(plan)
