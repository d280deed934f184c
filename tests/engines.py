"""What the archive of a test lies on.

By itself SQLite, files, Whoosh and the task table. With VANTHU_TEST_ENGINES=servers PostgreSQL with the index in it, a
bucket of SeaweedFS, and Celery on RabbitMQ beside the task table.
"""

import contextlib
import os
import uuid
from pathlib import Path

import sqlalchemy as sa

from archive import database
from migrations import upgrade
from tests import weed

SERVERS = os.environ.get("VANTHU_TEST_ENGINES") == "servers"
DATABASE = "postgresql" if SERVERS else "sqlite"
"""For a test that runs once though it could on either."""
SEARCH = "postgresql:" if SERVERS else "whoosh:"
EMBEDDED = {"sqlite", "sqlite:", "whoosh:"}
"""What a parameter calls the engines of one machine."""


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
        self._known = {}

    def at(self, data):
        """Settings of the archive whose data directory this is; its database is made when it is first asked for."""
        place = str(Path(data).absolute())
        if place not in self._known:
            name = fresh_name()
            run(self._server, f"CREATE DATABASE {name}")
            self._keep(place, self._server.set(database=name).render_as_string(hide_password=False))
        return self._known[place]

    @contextlib.contextmanager
    def office(self, data):
        """For one test this is the data directory of the migrated database; what it makes beside it goes with it."""
        before = set(self._known)
        self._keep(str(data.absolute()), self._office.url)
        yield
        self._office.clean()
        self.leave(set(self._known) - before)

    def leave(self, places=None):
        for place in list(self._known) if places is None else places:
            name = sa.make_url(self._known.pop(place)["database"]).database
            if name != self._office.name:
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
    _open.pop().leave()


def at(data):
    """What settings of an archive in this data directory say beside it: nothing where all lies in it."""
    return _open[0].at(data) if _open else {}


def variables(data):
    """The same as variables of the environment, the directory among them."""
    return {"VANTHU_DATA": str(data)} | {f"VANTHU_{name.upper()}": value for name, value in at(data).items()}


def move(monkeypatch, data):
    """What is done from now on is done in this data directory; a database that a test named itself stays."""
    named = os.environ.get("VANTHU_DATABASE")
    ours = not (_open and named is not None) or _open[0].knows(named)
    for name, value in variables(data).items() if ours else [("VANTHU_DATA", str(data))]:
        monkeypatch.setenv(name, value)
