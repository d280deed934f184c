"""A database that is locked, gone, and back: the sender is told in a sentence, the line goes on by itself."""

import contextlib
import io
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from archive import database, history, intake, people
from archive.blobs import open_blobs
from archive.config import Settings
from archive.errors import NotTaken
from archive.jobs import worker as workers
from archive.jobs.worker import Worker
from archive.models import Event, Scan
from migrations import upgrade
from server import create_app
from tests.faults.line import EVERY_STEP, STEPS, picture, steps_of, until
from tests.server.desk import Desk


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.2)
    monkeypatch.setattr(workers, "LONGEST_PAUSE", 0.3)


@contextlib.contextmanager
def locked(file):
    """Another program holds SQLite's write lock."""
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextlib.contextmanager
def working(settings):
    """A worker in a thread; everything is waited out, so it must still live in the end."""
    stop = threading.Event()
    with Worker(settings, steps=STEPS) as worker:
        thread = threading.Thread(target=worker.run, args=(stop,))
        thread.start()
        try:
            yield thread
        finally:
            stop.set()
            thread.join(300)


class Door:
    """Where scans are handed in."""

    def __init__(self, settings):
        self._engine = database.open_engine(settings.database_url)
        self.sessions = database.sessions(self._engine)
        self._settings, self._blobs = settings, open_blobs(settings.blobs, settings.data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._engine.dispose()

    def receive(self, number):
        given = io.BytesIO(picture(number))
        return intake.receive(
            self.sessions, self._blobs, self._settings, given, "a.png", actor="a", source="cli"
        ).scan_id

    def receive_again(self, number):
        """As a person does who was told that it did not go."""
        for _ in range(20):
            with contextlib.suppress(NotTaken):
                return self.receive(number)
        raise AssertionError("never taken")

    def are_done(self, *scans):
        with self.sessions() as session:
            ready = sa.select(sa.func.count()).where(Scan.id.in_(scans), Scan.status == "review")
            return session.scalar(ready) == len(scans)


@pytest.mark.embedded("only SQLite is locked as a whole")
def test_a_locked_database_is_said_at_the_door_and_waited_out_by_the_line(settings, office_engine, impatient):
    with Door(settings) as door, working(settings) as thread:
        first = door.receive(1)
        with locked(settings.data / "vanthu.db"):
            with pytest.raises(NotTaken, match="vẫn ở máy của bạn"):
                door.receive(2)
            thread.join(1.0)
            assert thread.is_alive()
        second = door.receive_again(2)
        until(lambda: door.are_done(first, second))
        assert steps_of(door.sessions) == {first: EVERY_STEP, second: EVERY_STEP}


@pytest.mark.embedded("a table that is missing is a database that is away only to SQLite")
def test_a_worker_outlives_a_database_that_goes_while_it_looks_at_the_index(settings, office_engine, impatient, caplog):
    """The table the index is told from is away, so nothing else the worker asks for fails before."""
    with Door(settings) as door, working(settings) as thread:
        with office_engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE outbox RENAME TO away"))
        until(lambda: "worker waits" in caplog.text)
        with office_engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE away RENAME TO outbox"))
        scan = door.receive(1)
        until(lambda: door.are_done(scan))
        assert thread.is_alive()


@pytest.mark.embedded("only SQLite is locked as a whole")
def test_a_locked_database_is_a_sentence_on_every_page(settings, office_engine, impatient):
    app = create_app(settings)
    desk = Desk(app)
    with database.sessions(office_engine).begin() as session:
        people.add_user(session, "huong", "clerk", None, desk.PASSWORD)
    desk.sign_in("huong")
    token = desk.token
    with locked(settings.data / "vanthu.db"):
        sent = desk.client.post("/upload", data={"csrf": token, "file": (io.BytesIO(picture(1)), "a.png")})
        kept = desk.client.post("/searches", data={"csrf": token, "name": "Của tôi", "search": "q=hoa+toc"})
    assert (sent.status_code, kept.status_code) == (503, 503)
    assert "vẫn ở máy của bạn" in sent.text
    assert "vẫn an toàn" in kept.text
    assert desk.upload(picture(1)).status_code == 303
    app.extensions["vanthu"].engine.dispose()


class Server:
    """A PostgreSQL of our own, which may be killed."""

    def __init__(self, folder, programs):
        self._folder, self._programs = folder, programs
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, program, *options):
        user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        command = [str(self._programs / program), "-D", str(self._folder / "pg"), *options]
        with (self._folder / "log").open("ab") as log:
            subprocess.run(command, check=True, cwd=self._folder, stdout=log, stderr=log, **user)

    def start(self):
        listen = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder} -F"
        self.run("pg_ctl", "-w", "-o", listen, "start")

    def kill(self):
        """As if the machine it runs on were switched off."""
        self.run("pg_ctl", "-m", "immediate", "stop")


@pytest.fixture
def server():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "")]
    if not found[-1].is_file():
        pytest.skip("no PostgreSQL programs (initdb) on this machine")
    with tempfile.TemporaryDirectory(prefix="vanthu-server-") as name:  # pytest's own folders are closed to other users
        folder = Path(name)
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        server = Server(folder, found[-1].parent)
        server.run("initdb", "-U", "postgres", "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8")
        server.start()
        yield server
        with contextlib.suppress(subprocess.CalledProcessError):
            server.kill()


@pytest.mark.servers
def test_a_database_server_that_is_killed_and_comes_back_loses_nothing(server, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "LONGEST_PAUSE", 0.3)
    settings = Settings(data=tmp_path / "data", database=server.url, reserve_mb=1, lease_seconds=2.0)
    engine = database.open_engine(server.url)
    upgrade(engine)
    engine.dispose()
    with Door(settings) as door, working(settings) as thread:
        scans = [door.receive(number) for number in range(4)]
        until(lambda: steps_of(door.sessions))
        server.kill()
        with pytest.raises(NotTaken, match="vẫn ở máy của bạn"):
            door.receive(4)
        server.start()
        scans.append(door.receive_again(4))
        until(lambda: door.are_done(*scans))
        assert thread.is_alive()
        assert steps_of(door.sessions) == dict.fromkeys(scans, EVERY_STEP)
        with door.sessions() as session:
            assert list(history.broken(session)) == []
            assert session.scalar(sa.select(sa.func.count(Event.seq)).where(Event.action == "received")) == len(scans)


# ---------------------------------------------------------------------------------------- a cable that was pulled out


@pytest.fixture
def opened(postgres):
    """Engines of a real PostgreSQL, closed at the end."""
    with contextlib.ExitStack() as closing:

        def open_(**given):
            engine = database.open_engine(postgres.render_as_string(hide_password=False), **given)
            closing.callback(engine.dispose)
            return engine

        yield open_


_LOOKS = (socket.TCP_USER_TIMEOUT, socket.TCP_KEEPIDLE)


@pytest.mark.servers
def test_either_end_of_a_connection_looks_whether_the_other_is_there(opened):
    with opened().connect() as connection:
        theirs = [
            connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("tcp_user_timeout", "tcp_keepalives_idle", "idle_in_transaction_session_timeout")
        ]
        ours = socket.socket(fileno=os.dup(connection.connection.driver_connection.pgconn.socket))
        with ours:
            user, idle = (ours.getsockopt(socket.IPPROTO_TCP, one) for one in _LOOKS)
    assert theirs == ["10000", "5", "0"]
    assert (user, idle) == (10_000, 5)


@pytest.mark.servers
def test_what_the_address_says_of_it_stays(postgres):
    url = postgres.update_query_dict({"tcp_user_timeout": "3000", "connect_timeout": "4"})
    engine = database.open_engine(url.render_as_string(hide_password=False))
    with engine.connect() as connection:
        said = connection.connection.driver_connection.info.get_parameters()
    engine.dispose()
    assert (said["tcp_user_timeout"], said["connect_timeout"], said["keepalives_idle"]) == ("3000", "4", "5")


@pytest.mark.servers
def test_who_stands_still_within_a_transaction_holds_nobody_up(opened):
    """A worker that is frozen, not dead: its kernel answers for it, so only the server can take back what it locked."""
    with opened(idle=0.3).connect() as frozen, opened().connect() as other:
        frozen.exec_driver_sql("SELECT pg_advisory_xact_lock(4711)")
        other.exec_driver_sql("SET lock_timeout = '60s'")
        other.exec_driver_sql("SELECT pg_advisory_xact_lock(4711)")
        with pytest.raises(sa.exc.DBAPIError) as said:
            frozen.exec_driver_sql("SELECT 1")
    assert database.is_away(said.value)


@pytest.mark.servers
def test_a_statement_that_takes_too_long_is_the_task_s_fault_not_the_server_s(opened):
    """Waited out like a server that is away, it would be asked again for ever, and nothing else be done."""
    with opened(longest=0.2).connect() as connection, pytest.raises(sa.exc.OperationalError) as said:
        connection.exec_driver_sql("SELECT pg_sleep(20)")
    assert not database.is_away(said.value)


def test_a_server_that_takes_a_call_and_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(database, "ANSWER", 2)
    said = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine = database.open_engine(f"postgresql+psycopg://nobody@127.0.0.1:{silent.getsockname()[1]}/none")

        def call():
            with pytest.raises(sa.exc.OperationalError) as error:
                engine.connect()
            said.append(error.value)

        threading.Thread(target=call, daemon=True).start()
        until(lambda: said, 60)
    assert database.is_away(said[0])
