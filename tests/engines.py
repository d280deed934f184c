"""What the archive of a test lies on.

By itself SQLite, files, Whoosh and the task table. With VANTHU_TEST_ENGINES=servers PostgreSQL with the index in it, a
bucket of SeaweedFS, and Celery on RabbitMQ beside the task table; there, too, a test with the mark `embedded` has its
archive in its data directory.
"""

import contextlib
import multiprocessing
import os
import shutil
import sys
import uuid
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from archive import database
from migrations import upgrade
from tests import weed

SERVERS = os.environ.get("VANTHU_TEST_ENGINES") == "servers"
DATABASE = "postgresql" if SERVERS else "sqlite"
"""For a test that runs once though it could on either."""
SEARCH = "postgresql:" if SERVERS else "whoosh:"
ONE_SEARCH = "postgresql:" if SERVERS else "sqlite:"
"""The same for what does not depend on the engine of the index, which costs least."""
CHILDREN = multiprocessing.get_context("spawn" if SERVERS else "fork")
"""What processes of a test's own are made by: threads of a bucket's client do not outlive a fork."""
APART = multiprocessing.get_context("forkserver")
"""What processes are made by that must share nothing open with this one: forked from one that has imported what they
need and done nothing else, for each would take a second to import it."""
APART.set_forkserver_preload(["archive.jobs.worker", "archive.search.indexing", "tests.conftest"])
EMBEDDED = {"sqlite", "sqlite:", "whoosh:"}
"""What a parameter calls the engines of one machine."""


_ON_ONE_MACHINE = {"SERVERS": False, "DATABASE": "sqlite", "SEARCH": "whoosh:", "ONE_SEARCH": "sqlite:",
                   "CHILDREN": multiprocessing.get_context("fork")}  # fmt: skip


def run(url, *statements):
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def fresh_name():
    return f"vanthu_test_{uuid.uuid4().hex[:12]}"


@contextlib.contextmanager
def fresh_postgres(server):
    """URL of a new PostgreSQL database without tables."""
    name = fresh_name()
    run(server, f"CREATE DATABASE {name}")
    yield server.set(database=name).render_as_string(hide_password=False)
    run(server, f"DROP DATABASE {name} WITH (FORCE)")


class Office:
    """One migrated PostgreSQL database of a test run, put back as it was after each test."""

    def __init__(self, server):
        self.server, self.name = server, fresh_name()
        # No test is about a server that loses power; that of Debian waits for the disk.
        run(server, f"CREATE DATABASE {self.name}", f"ALTER DATABASE {self.name} SET synchronous_commit = off")
        self.url = server.set(database=self.name).render_as_string(hide_password=False)
        engine = database.open_engine(self.url)
        upgrade(engine)
        self.metadata = sa.MetaData()
        self.metadata.reflect(engine)
        with engine.connect() as connection:
            rows = {t: connection.execute(sa.select(t)).mappings().all() for t in self.metadata.sorted_tables}
        self.first = {table: [dict(r) for r in found] for table, found in rows.items() if found}
        quoted = engine.dialect.identifier_preparer.format_table
        self._emptied = "; ".join(f"DELETE FROM {quoted(table)}" for table in self.metadata.sorted_tables)
        engine.dispose()

    def clean(self):
        """Empty every table and write the migration's own rows again."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.exec_driver_sql("DROP SCHEMA IF EXISTS vanthu_search CASCADE")  # an index is no part of it
            # The trigger that keeps events append-only, and foreign keys, sleep for this one transaction.
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            connection.exec_driver_sql(self._emptied)
            for table, rows in self.first.items():
                connection.execute(table.insert(), rows)

    def drop(self):
        run(self.server, f"DROP DATABASE {self.name} WITH (FORCE)")


class Places:
    """Data directories and what belongs to each on the servers: a database, a folder in the bucket."""

    def __init__(self, server, office, jobs):
        self._server, self._office, self._jobs = server, office, jobs
        self._known, self._made, self._template = {}, set(), None
        self._connected = []
        sa.event.listen(sa.pool.Pool, "connect", self._connect)

    def _connect(self, connection, _record):
        # What a test leaves open is closed at its end: a SQLite that nobody closed is no warning, so few tests do.
        if isinstance(connection, psycopg.Connection):
            self._connected.append(connection)

    def at(self, data, database, tables):
        """Settings of the archive whose data directory this is; its database is made when it is first asked for."""
        place = str(Path(data).absolute())
        if place not in self._known:
            self._keep(place, database or self._new(tables))
        return self._known[place]

    def _new(self, tables):
        name = fresh_name()
        if tables and self._template is None:
            self._template = Office(self._server)  # one to which nobody speaks can be copied
        run(self._server, f"CREATE DATABASE {name}" + (f" TEMPLATE {self._template.name}" if tables else ""))
        self._made.add(name)
        return self._server.set(database=name).render_as_string(hide_password=False)

    def found(self, url, like):
        """Make the database of this URL, empty or as the one of the URL `like` is."""
        name, model = sa.make_url(url).database, like and sa.make_url(like).database
        if model:
            run(self._server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{model}'")
        run(self._server, f"DROP DATABASE IF EXISTS {name}",
            f"CREATE DATABASE {name}" + (f" TEMPLATE {model}" if model else ""))  # fmt: skip
        self._made.add(name)
        self._known[url] = {"database": url}

    @contextlib.contextmanager
    def shut(self, url):
        """Nobody gets into the database of this URL, and who is in is put out."""
        name = sa.make_url(url).database
        run(self._server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # fmt: skip
        try:
            yield
        finally:
            run(self._server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    @contextlib.contextmanager
    def office(self, data):
        """For one test this is the data directory of the migrated database; what it makes beside it goes with it."""
        before = set(self._known)
        self._keep(str(data.absolute()), self._office.url)
        yield
        self._hang_up()
        self._office.clean()
        self.leave(set(self._known) - before)

    def _hang_up(self):
        while self._connected:
            self._connected.pop().close()

    def end(self):
        sa.event.remove(sa.pool.Pool, "connect", self._connect)
        self._hang_up()
        self.leave(list(self._known))
        if self._template:
            self._template.drop()

    def leave(self, places):
        for place in places:
            name = sa.make_url(self._known.pop(place)["database"]).database
            if name in self._made:
                run(self._server, f"DROP DATABASE {name} WITH (FORCE)")

    def _keep(self, place, url):
        blobs = f"s3://{weed.BUCKET}/{uuid.uuid4().hex}"
        self._known[place] = {"database": url, "search": SEARCH, "blobs": blobs, "jobs": self._jobs}

    def knows(self, url):
        """Whether this is the database of one of them."""
        return any(one["database"] == url for one in self._known.values())


_open: list[Places] = []


@contextlib.contextmanager
def places(server, office, jobs):
    _open.append(Places(server, office, jobs))
    yield _open[0]
    _open.pop().end()


@contextlib.contextmanager
def embedded():
    """Meanwhile an archive lies in its data directory, and nothing leads to the bucket."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**_ON_ONE_MACHINE, "_open": []}.items():
            patch.setattr(sys.modules[__name__], name, value)
        for name in weed.keys(""):
            patch.delenv(name, raising=False)
        yield


def at(data, database="", *, tables=False):
    """What settings of an archive in this data directory say beside it: nothing where all lies in it.

    `database`: URL of the one it has; else a new one is made, with `tables` or empty.
    """
    return _open[0].at(data, database, tables) if _open else {}


def variables(data):
    """The same as variables of the environment, the directory among them."""
    return {"VANTHU_DATA": str(data)} | {f"VANTHU_{name.upper()}": value for name, value in at(data).items()}


def move(monkeypatch, data):
    """What is done from now on is done in this data directory; a database that a test named itself stays."""
    named = os.environ.get("VANTHU_DATABASE")
    ours = not (_open and named) or _open[0].knows(named)
    for name, value in variables(data).items() if ours else [("VANTHU_DATA", str(data))]:
        monkeypatch.setenv(name, value)


def raw(settings):
    """All bytes of the database, what was deleted too where it is a file."""
    if not SERVERS:
        return b"".join(file.read_bytes() for file in settings.data.glob("vanthu.db*"))
    engine = database.open_engine(settings.database_url)
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        found = [tuple(row) for table in tables.sorted_tables for row in connection.execute(sa.select(table))]
    engine.dispose()
    return repr(found).encode()


def found(settings, like=None):
    """Make the database that these settings name, empty or as that of the settings `like` is."""
    if _open:
        _open[0].found(settings.database_url, like and like.database_url)
        return
    file = Path(sa.make_url(settings.database_url).database)
    file.parent.mkdir(parents=True, exist_ok=True)
    if like:
        run(like.database_url, "PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(sa.make_url(like.database_url).database, file)


@contextlib.contextmanager
def gone(engine):
    """The database is away meanwhile: its server lets nobody in, or the file lacks the table of papers."""
    if _open:
        with _open[0].shut(database.address(engine)):
            yield
        return
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE document RENAME TO away")
    yield
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO document")


def away(folder):
    """URL of a database that cannot be opened; `folder` is a new one."""
    folder.mkdir()
    return "postgresql+psycopg://nobody@127.0.0.1:1/none" if SERVERS else f"sqlite:///{folder}"


def migrated(settings, template):
    """The engine of `settings` in a new directory, with tables: made by at(tables=True), or a copy of `template`."""
    settings.data.mkdir(parents=True)
    if not SERVERS:
        shutil.copyfile(template, settings.data / "vanthu.db")
    return database.open_engine(settings.database_url, durable=False)
