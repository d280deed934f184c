"""SQLite keeps what was committed, and writers wait for each other; a PostgreSQL that says nothing is given up."""

import contextlib
import socket
import threading

import pytest
import sqlalchemy as sa

from archive import database
from archive.database import open_engine, readers, sessions


def _pragma(engine, name):
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_what_is_committed_is_on_the_disk_before_the_answer(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/deep/er/vanthu.db")
    assert (_pragma(engine, "journal_mode"), _pragma(engine, "synchronous"), _pragma(engine, "foreign_keys")) == (
        "wal", 2, 1,
    )  # fmt: skip
    engine.dispose()


def _counting(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/count.db", durable=False)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE counter (n INTEGER)")
        connection.exec_driver_sql("INSERT INTO counter VALUES (0)")
    return engine


def test_read_then_write_transactions_wait_for_each_other(tmp_path):
    engine = _counting(tmp_path)
    make = sessions(engine)

    def count():
        for _ in range(20):
            with make.begin() as session:
                seen = session.execute(sa.text("SELECT n FROM counter")).scalar_one()
                session.execute(sa.text("UPDATE counter SET n = :n"), {"n": seen + 1})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with make() as session:
        assert session.execute(sa.text("SELECT n FROM counter")).scalar_one() == 80
    engine.dispose()


def test_a_reader_does_not_wait_for_a_writer(tmp_path):
    engine = _counting(tmp_path)
    with sessions(engine).begin() as writer:
        writer.execute(sa.text("UPDATE counter SET n = 5"))
        with readers(engine)() as reader:
            assert reader.execute(sa.text("SELECT n FROM counter")).scalar_one() == 0
    engine.dispose()


def test_an_error_of_the_database_does_not_quote_the_paper(tmp_path):
    engine = _counting(tmp_path)
    said = {"n": "Kính gửi: ông Nguyễn Văn A"}
    with engine.connect() as connection, pytest.raises(sa.exc.OperationalError) as raised:
        connection.execute(sa.text("SELECT nothing FROM counter WHERE n = :n"), said)
    assert "Nguyễn" not in str(raised.value)
    engine.dispose()


class Frozen:
    """What lies between us and a PostgreSQL; frozen, it takes what is sent and says nothing, as a machine whose server
    stands still."""

    def __init__(self, url):
        self._far, self._door = (url.host, url.port or 5432), socket.create_server(("127.0.0.1", 0))
        self.url = url.set(host="127.0.0.1", port=self._door.getsockname()[1])
        self.flows, self._ends = threading.Event(), []
        self.flows.set()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                ends = [self._door.accept()[0], socket.create_connection(self._far)]
                self._ends += ends
                for source, target in (ends, ends[::-1]):
                    threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source, target):
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                self.flows.wait()
                target.sendall(piece)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.flows.set()
        for end in (self._door, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.fixture
def frozen(empty_postgres):
    between = Frozen(sa.make_url(empty_postgres))
    yield between
    between.close()


@pytest.mark.servers
def test_a_server_that_stands_still_is_given_up_and_is_there_when_it_is_back(frozen, monkeypatch):
    monkeypatch.setattr(database, "ANSWER", 1)
    engine = database.open_engine(database.address(sa.create_engine(frozen.url)), longest=0.5)
    try:
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar() == 1
            frozen.flows.clear()
            with pytest.raises(sa.exc.OperationalError) as caught:
                connection.exec_driver_sql("SELECT 2")
        assert database.is_away(caught.value) and caught.value.connection_invalidated
        frozen.flows.set()
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT 3").scalar() == 3
    finally:
        engine.dispose()


@pytest.mark.servers
def test_a_statement_that_takes_too_long_is_ended_by_the_server(empty_postgres):
    engine = database.open_engine(empty_postgres, longest=0.3)
    try:
        with engine.connect() as connection, pytest.raises(sa.exc.OperationalError, match="timeout") as caught:
            connection.exec_driver_sql("SELECT pg_sleep(30)")
        assert not caught.value.connection_invalidated
    finally:
        engine.dispose()
