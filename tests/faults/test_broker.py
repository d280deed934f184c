"""A broker that loses, doubles, falls silent: what it carries are hints, the line never depends on them."""

import contextlib
import dataclasses
import gc
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit, urlunsplit

import pytest
import sqlalchemy as sa
from amqp.exceptions import ChannelError
from celery.events.state import State

from archive import database, history, intake
from archive.blobs import open_blobs
from archive.jobs import broker as brokers
from archive.jobs import node, open_jobs, telling
from archive.jobs.fair import FairWorker, Turns
from archive.jobs.queue import Hint
from archive.jobs.worker import Worker
from archive.models import Scan, Task
from migrations import upgrade
from tests.engines import fresh_postgres, run
from tests.faults import line
from tests.faults.line import EVERY_STEP, STEPS, steps_of, until

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
NEVER = 1e6


class Office:
    """A door, and workers in threads or in processes of their own, over one PostgreSQL and one broker."""

    def __init__(self, settings, engine):
        self.settings, self.jobs = settings, open_jobs(settings)
        self.sessions = telling(database.sessions(engine), self.jobs)
        self._blobs = open_blobs("file:", settings.data)
        self.scans = []

    def receive(self, count, **given):
        for _ in range(count):
            out = io.BytesIO(line.picture(len(self.scans)))
            found = intake.receive(
                self.sessions, self._blobs, self.settings, out, "a.png", actor="huong", source="cli", **given
            )
            self.scans.append(found.scan_id)
        self.jobs.flush()
        return self.scans[-count:]

    @contextlib.contextmanager
    def working(self, steps=STEPS):
        """One worker, in a thread."""
        stop = threading.Event()
        worker = Worker(self.settings, steps=steps)
        thread = threading.Thread(target=worker.run, args=(stop,))
        thread.start()
        try:
            yield stop
        finally:
            stop.set()
            thread.join(300)

    def are_done(self):
        with self.sessions() as session:
            return session.scalar(sa.select(sa.func.count()).where(Scan.status == "review")) == len(self.scans)

    def states(self):
        with self.sessions() as session:
            return set(session.scalars(sa.select(Task.state)))

    def need_whole(self):
        """Everything was done, once, and nothing is left."""
        assert steps_of(self.sessions) == dict.fromkeys(self.scans, EVERY_STEP)
        assert self.states() == {"done"}
        with self.sessions() as session:
            assert list(history.broken(session)) == []

    def purge(self):
        """Empty the broker's queue; how many messages are gone."""
        with self.jobs.connect() as connection:
            return self.jobs.app.control.purge(connection)


@pytest.fixture
def office(engine_settings, engine, broker):
    return Office(dataclasses.replace(engine_settings, jobs=broker), engine)


@pytest.fixture
def sweeping(monkeypatch):
    """Sweep so often, in seconds."""
    return lambda seconds: monkeypatch.setattr(node, "SWEEP", seconds)


def test_hints_alone_carry_scans_to_their_end(office, sweeping):
    sweeping(NEVER)
    office.receive(2)
    with office.working():
        until(office.are_done)
        office.receive(1)
        until(office.are_done)
    office.need_whole()


def test_urgent_papers_first_then_one_scan_to_its_end(office, sweeping):
    sweeping(NEVER)
    normal = office.receive(3)
    (urgent,) = office.receive(1, urgent=True)
    with office.working():
        until(office.are_done)
    with office.sessions() as session:
        ended = sa.select(Task.scan_id).where(Task.step == "shelve").order_by(Task.ended)
        order = list(session.scalars(ended))
        began = dict(session.execute(sa.select(Task.scan_id, Task.started).where(Task.step == "survey")).all())
        done = dict(session.execute(sa.select(Task.scan_id, Task.ended).where(Task.step == "shelve")).all())
    # A broker hands out what it has just then: one normal paper may have been in hand before the urgent one.
    assert order.index(urgent) <= 1
    assert done[normal[0]] <= began[normal[2]]


def test_messages_that_are_lost_lose_nothing(office, sweeping):
    sweeping(0.5)
    office.receive(2)
    assert office.purge() == 2
    with office.working():
        until(office.are_done)
    office.need_whole()


def test_many_messages_that_are_lost_hold_up_none_of_their_scans(office, sweeping, monkeypatch):
    """What a sweep finds brings hints of its next steps; they must not put off all others to the next sweep."""
    sweeping(60)
    monkeypatch.setattr(node.random, "uniform", lambda *_: 0)  # the first one is now
    office.receive(6)
    assert office.purge() == 6
    with office.working():
        until(office.are_done, 60)
    office.need_whole()


def test_messages_that_are_doubled_double_nothing(office, sweeping, monkeypatch):
    sweeping(NEVER)
    once = brokers.Broker.notify
    monkeypatch.setattr(brokers.Broker, "notify", lambda self, hints: once(self, [*hints, *hints]))
    office.receive(2)
    with office.working():
        until(office.are_done)
    office.need_whole()


class Crew:
    """Workers in processes of their own, which sweep every `sweep` seconds."""

    def __init__(self, office, sweep):
        settings = office.settings
        command = ["tests.faults.line", settings.database_url, str(settings.data), settings.jobs, str(sweep)]
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._born = []

    def __enter__(self):
        return self

    def start(self):
        self._nursery.stdin.write("\n")
        self._nursery.stdin.flush()
        self._born.append(int(self._nursery.stdout.readline()))
        return self._born[-1]

    def __exit__(self, *_):
        for pid in self._born:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._nursery.communicate(timeout=300)


class Wire:
    """What lies between the archive and its broker: can be cut and mended."""

    def __init__(self, jobs):
        url = urlsplit(jobs)
        self._target = (url.hostname, url.port)
        self._pairs, self._server = [], None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        login = url.netloc.rpartition("@")
        self.jobs = urlunsplit(url._replace(netloc=f"{login[0]}{login[1]}127.0.0.1:{self.port}"))

    def mend(self):
        self._server = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def cut(self):
        for one in (self._server, *(end for pair in self._pairs for end in pair)):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._pairs.clear()

    def _accept(self, server):
        with contextlib.suppress(OSError):
            while True:
                near, _ = server.accept()
                pair = (near, socket.create_connection(self._target))
                self._pairs.append(pair)
                for one, other in (pair, pair[::-1]):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one, other):
        with contextlib.suppress(OSError):
            while piece := one.recv(1 << 16):
                other.sendall(piece)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def wire(broker):
    wire = Wire(broker)
    wire.mend()
    yield wire
    wire.cut()
    gc.collect()  # brokers' clients leave a socket that was cut to the garbage


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_a_broker_that_is_killed_and_comes_back_loses_nothing(engine_settings, engine, wire, monkeypatch):
    monkeypatch.setattr(brokers, "SILENT", 0.2)
    office = Office(dataclasses.replace(engine_settings, jobs=wire.jobs), engine)
    with Crew(office, 0.5) as crew:
        crew.start()
        office.receive(2)
        until(lambda: steps_of(office.sessions))
        wire.cut()
        assert "không trả lời" in office.jobs.fault()
        office.receive(2)
        until(office.are_done)
    wire.mend()
    assert office.jobs.fault() is None
    with Crew(office, NEVER) as crew:  # by hints alone
        crew.start()
        office.receive(1)
        until(office.are_done)
        wire.cut()
        wire.mend()
        office.receive(1)
        until(office.are_done)
    office.need_whole()


def test_a_worker_told_to_stop_gives_hints_back(office, sweeping):
    sweeping(NEVER)
    office.receive(3)
    with office.working():
        until(lambda: steps_of(office.sessions))
    assert "running" not in office.states()
    with office.working():
        until(office.are_done)
    office.need_whole()


def holds_a_task(office, pid):
    with office.sessions() as session:
        held = sa.select(Task.id).where(Task.state == "running", Task.worker.contains(f":{pid}:"))
        return session.scalar(held.limit(1)) is not None


def test_a_killed_workers_task_is_taken_over(office):
    office.receive(2)
    with Crew(office, 1.0) as crew:
        first = crew.start()
        until(lambda: holds_a_task(office, first))
        os.kill(first, signal.SIGKILL)
        crew.start()
        until(office.are_done)
    office.need_whole()


def celery_name(office):
    """What the worker of this process is called, once it answers."""
    ours = f"vanthu-{os.getpid()}-"
    ping = office.jobs.app.control.inspect().ping
    return until(lambda: next((name for name in ping() or {} if name.startswith(ours)), None))


def test_celery_tells_what_runs(office, sweeping):
    sweeping(NEVER)
    slow = line.step("survey", [("read", range(1, 3))], "work", 4.0)
    (scan,) = office.receive(1)
    with office.working(STEPS | {"survey": slow}):
        active = office.jobs.app.control.inspect([celery_name(office)]).active
        running = []
        until(lambda: running.extend(one for each in (active() or {}).values() for one in each) or running)
        with office.sessions() as session:
            task = session.scalar(sa.select(Task.id).where(Task.scan_id == scan))
        assert [(one["name"], one["args"]) for one in running[:1]] == [("vanthu.survey", [task])]
        until(office.are_done)


def test_celery_can_send_a_worker_home(office, sweeping):
    sweeping(NEVER)
    office.receive(1)
    with office.working() as stop:
        until(office.are_done)
        office.jobs.app.control.shutdown([celery_name(office)])
        assert stop.wait(20)


def test_celerys_own_commands_see_the_workers(office, sweeping):
    sweeping(NEVER)
    environment = os.environ | {
        "VANTHU_DATA": str(office.settings.data), "VANTHU_DATABASE": office.settings.database_url,
        "VANTHU_JOBS": office.settings.jobs,
    }  # fmt: skip
    command = [sys.executable, "-m", "celery", "-A", "archive.jobs.celery_app"]

    def said(*words):
        return subprocess.run([*command, *words], env=environment, capture_output=True, text=True)

    with office.working():
        name = celery_name(office)
        told = {what: said("inspect", "-d", name, "-t", "5", "--json", what) for what in ("ping", "active_queues")}
    found = {what: json.loads(one.stdout)[name] for what, one in told.items()}
    assert found["ping"] == {"ok": "pong"}
    assert [one["name"] for one in found["active_queues"]] == [office.jobs.queue]
    refused = said("worker")
    assert refused.returncode != 0 and "vanthu work" in refused.stderr


def test_what_watches_celerys_events_sees_each_step(office, sweeping):
    """What `celery events` and Flower show: which worker, which step, that it succeeded; how many places it has."""
    sweeping(NEVER)
    state = State()
    with office.jobs.app.connection_for_read() as connection, office.working():
        name = celery_name(office)
        seen = threading.Thread(target=watch, args=(office, connection, state, name))
        seen.start()
        office.receive(1)
        until(office.are_done)
        stats = office.jobs.app.control.inspect([name]).stats()[name]
        seen.join()
    done = [task for _, task in state.tasks_by_time() if task.state == "SUCCESS"]
    assert {task.name for task in done} == {"vanthu.survey", "vanthu.read", "vanthu.mark", "vanthu.shelve"}
    assert {task.worker.hostname for task in done} == {name}
    assert stats["pool"]["max-concurrency"] == 1 and sum(stats["total"].values()) >= 5


@pytest.fixture
def other(office, postgres, tmp_path):
    """A second office at the same broker, with a queue and a database of its own."""
    data = tmp_path / "other"
    data.mkdir()
    with fresh_postgres(postgres) as url:
        settings = dataclasses.replace(office.settings, data=data, database=url, jobs=f"{office.settings.jobs}_other")
        engine = database.open_engine(url)
        upgrade(engine)
        yield Office(settings, engine)
        engine.dispose()


@contextlib.contextmanager
def serving(*offices):
    """One process that works for all of them, as `vanthu work` does."""
    turns, stop = Turns(), threading.Event()
    threads = [
        threading.Thread(target=FairWorker(one.settings, turns, steps=STEPS).run, args=(stop,)) for one in offices
    ]
    for thread in threads:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in threads:
            thread.join(300)


def test_one_process_hears_the_hints_of_every_office(office, other, sweeping):
    sweeping(NEVER)
    office.receive(1)
    with serving(office, other):
        other.receive(2)
        until(lambda: office.are_done() and other.are_done())
        name = celery_name(office)
        heard = office.jobs.app.control.inspect([name]).active_queues()[name]
        assert {one["name"] for one in heard} == {office.jobs.queue, other.jobs.queue}
        office.receive(1)
        until(office.are_done)
    office.need_whole()
    other.need_whole()


def test_an_office_whose_database_is_gone_holds_up_no_hint_of_another(office, other, postgres, sweeping):
    sweeping(NEVER)
    with serving(office, other) as stop:
        office.receive(1)
        until(office.are_done)
        name = sa.make_url(other.settings.database_url).database
        ends = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        run(postgres, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", ends)
        other.jobs.notify([Hint(number, "read", 100) for number in range(200)])
        other.jobs.flush()
        office.receive(2)
        until(office.are_done)
        assert not stop.is_set()
        until(lambda: waiting(other) == 0)
    office.need_whole()


def waiting(office):
    """How many hints lie at the broker; Redis forgets a queue in which none does."""
    with office.jobs.connect() as connection, contextlib.suppress(ChannelError):
        return connection.default_channel.queue_declare(office.jobs.queue, passive=True).message_count
    return 0


def watch(office, connection, state, name):
    """Until each step of one scan was told of; as Flower does it. Other workers at this broker are not listened to."""
    is_heard = threading.Event()

    def hear(event):
        if event.get("hostname") == name:
            state.event(event)
        if sum(task.state == "SUCCESS" for _, task in state.tasks_by_time()) >= EVERY_STEP.total():
            is_heard.set()
            receiver.should_stop = True

    receiver = office.jobs.app.events.Receiver(connection, handlers={"*": hear})
    with contextlib.suppress(TimeoutError):
        receiver.capture(limit=None, timeout=60, wakeup=True)
    assert is_heard.is_set()
