"""SQLite is spoken to so that what was committed stays, and writers wait for each other."""

import threading

import pytest
import sqlalchemy as sa

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
