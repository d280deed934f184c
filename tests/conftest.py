"""Settings, databases and material for every test; what could not be run is said loudly at the end.

VANTHU_TEST_POSTGRES: URL of a PostgreSQL in which the role may create databases and set session_replication_role.
VANTHU_TEST_RABBITMQ, VANTHU_TEST_REDIS: addresses of brokers.
VANTHU_TEST_SERVERS=1: a missing server fails the run. VANTHU_MATERIAL: folder of real scans, texts and crops.
"""

import contextlib
import dataclasses
import os
import shutil
import uuid
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

from archive import database, people, soffice
from archive.config import Settings
from migrations import upgrade

ROOT = Path(__file__).parents[1]
LOCAL = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
BROKERS = {"RABBITMQ": "amqp://guest:guest@127.0.0.1:5672//", "REDIS": "redis://127.0.0.1:6379/0"}


_IN_AN_OFFICE = {name: getattr(people, name) for name in ("_hasher", "_NOBODY")}


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords():
    """Passwords are hashed in a moment: a suite hashes a thousand, at a tenth of a second each."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "_hasher", quick)
        patch.setattr(people, "_NOBODY", quick.hash("cua khong ai"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _compiled_statements():
    """Each statement is compiled once for all engines of one kind: each test opens its own, and would begin anew."""
    statements = LRUCache(5000)
    with pytest.MonkeyPatch.context() as patch:
        shared = property(lambda engine: statements, lambda engine, own: None)
        patch.setattr(sa.Engine, "_compiled_cache", shared, raising=False)
        # What is compiled is found by its dialect: two of one class are as good as one.
        patch.setattr(DefaultDialect, "__hash__", lambda dialect: hash(type(dialect)))
        patch.setattr(DefaultDialect, "__eq__", lambda dialect, other: type(dialect) is type(other))
        yield


@pytest.fixture
def slow_passwords(monkeypatch):
    """Passwords are hashed as in an office, for tests about that."""
    for name, value in _IN_AN_OFFICE.items():
        monkeypatch.setattr(people, name, value)


@pytest.fixture
def settings(tmp_path):
    """Settings over an empty directory; its database is SQLite and has tables once an engine is asked for."""
    data = tmp_path / "data"
    data.mkdir()
    return Settings(data=data, workers=1, reserve_mb=1, inbox="")


@pytest.fixture(scope="session")
def _template(tmp_path_factory):
    """A migrated SQLite file, copied for each test: a copy costs a millisecond, migrating half a second."""
    file = tmp_path_factory.mktemp("template") / "vanthu.db"
    engine = database.open_engine(f"sqlite:///{file}", durable=False)
    upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture
def office_engine(settings, _template):
    """The migrated database of `settings`."""
    shutil.copyfile(_template, settings.data / "vanthu.db")
    engine = database.open_engine(settings.database_url, durable=False)
    yield engine
    engine.dispose()


@pytest.fixture
def office_sessions(office_engine):
    return database.sessions(office_engine)


@pytest.fixture(scope="session")
def _postgres():
    """A server's URL at which databases may be made, or None."""
    url = os.environ.get("VANTHU_TEST_POSTGRES") or LOCAL
    probe = sa.create_engine(url, connect_args={"connect_timeout": 3})
    try:
        probe.connect().close()
    except sa.exc.OperationalError:
        return None
    finally:
        probe.dispose()
    return sa.make_url(url)


@pytest.fixture
def postgres(_postgres):
    """The server, or the end of this test: skipped, or failed where servers are required."""
    if _postgres is None and os.environ.get("VANTHU_TEST_SERVERS") == "1":
        pytest.fail("VANTHU_TEST_SERVERS=1, but no PostgreSQL answers at VANTHU_TEST_POSTGRES")
    if _postgres is None:
        pytest.skip("no PostgreSQL answers")
    return _postgres


def _run(url, *statements):
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@contextlib.contextmanager
def fresh_postgres(server):
    """URL of a new PostgreSQL database without tables."""
    name = f"vanthu_test_{uuid.uuid4().hex[:12]}"
    _run(server, f"CREATE DATABASE {name}")
    yield server.set(database=name).render_as_string(hide_password=False)
    _run(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_postgres(postgres):
    """URL of a new PostgreSQL database without tables."""
    with fresh_postgres(postgres) as url:
        yield url


class _Office:
    """One migrated PostgreSQL database of a test run, put back as it was after each test."""

    def __init__(self, server):
        self.server, self.name = server, f"vanthu_test_{uuid.uuid4().hex[:12]}"
        _run(server, f"CREATE DATABASE {self.name}")
        self.url = server.set(database=self.name).render_as_string(hide_password=False)
        engine = database.open_engine(self.url)
        upgrade(engine)
        self.metadata = sa.MetaData()
        self.metadata.reflect(engine)
        with engine.connect() as connection:
            rows = {t: connection.execute(sa.select(t)).mappings().all() for t in self.metadata.sorted_tables}
        self.first = {table: [dict(r) for r in found] for table, found in rows.items() if found}
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
            for table in self.metadata.sorted_tables:
                connection.execute(table.delete())
            for table, rows in self.first.items():
                connection.execute(table.insert(), rows)

    def drop(self):
        _run(self.server, f"DROP DATABASE {self.name} WITH (FORCE)")


_offices: dict[str, _Office] = {}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def engine(request):
    """A migrated database: the test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("office_engine")
        return
    server = request.getfixturevalue("postgres")
    office = _offices.get("postgresql") or _offices.setdefault("postgresql", _Office(server))
    engine = database.open_engine(office.url)
    yield engine
    engine.dispose()
    office.clean()


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.servers) for name in BROKERS])
def broker(request):
    """The setting `jobs` for a queue of this test alone: the test runs on RabbitMQ and on Redis."""
    celery = pytest.importorskip("celery")
    url = os.environ.get(f"VANTHU_TEST_{request.param}") or BROKERS[request.param]
    name = f"vanthu_test_{uuid.uuid4().hex[:12]}"
    with celery.Celery(broker=url, set_as_current=False).connection_for_write(connect_timeout=2) as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0)
        except (*connection.connection_errors, celery.exceptions.OperationalError):
            absent = f"no {request.param} answers at VANTHU_TEST_{request.param}"
            if os.environ.get("VANTHU_TEST_SERVERS") == "1":
                pytest.fail(f"VANTHU_TEST_SERVERS=1, but {absent}")
            pytest.skip(absent)
        yield f"celery+{url}{'&' if '?' in url else '?'}queue={name}"
        connection.default_channel.queue_delete(name)


@pytest.fixture
def sessions(engine):
    return database.sessions(engine)


@pytest.fixture
def engine_settings(settings, engine):
    """Settings whose database is the one of `engine`."""
    return dataclasses.replace(settings, database=engine.url.render_as_string(hide_password=False))


@pytest.fixture
def material():
    """Real scans and texts that are no part of the project; skipped where they are not there."""
    folder = Path(os.environ.get("VANTHU_MATERIAL") or ROOT.parent / "shared" / "material")
    if not folder.is_dir():
        pytest.skip("no material at VANTHU_MATERIAL")
    return folder


@pytest.fixture
def libreoffice():
    """LibreOffice, or the end of this test: skipped, or failed where servers are required."""
    if soffice.program() is None and os.environ.get("VANTHU_TEST_SERVERS") == "1":
        pytest.fail(f"VANTHU_TEST_SERVERS=1, but LibreOffice is not installed ({soffice.PACKAGES})")
    if soffice.program() is None:
        pytest.skip("LibreOffice is not installed")


def pytest_collection_modifyitems(items):
    """PostgreSQL's index lies in the archive's own database: beside SQLite there is none."""
    items[:] = [item for item in items if not _cannot_be(getattr(item, "callspec", None))]


def _cannot_be(spec):
    return spec and {"sqlite", "postgresql:"} <= {value for value in spec.params.values() if isinstance(value, str)}


def pytest_sessionfinish():
    while _offices:
        _offices.popitem()[1].drop()


def _left_out(report):
    """What a skipped test would have needed."""
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    needs = [name for name in ("servers", "browser") if name in report.keywords]
    return (needs or ["material" if "material" in reason else "other things"])[0]


def pytest_terminal_summary(terminalreporter):
    counts = Counter(_left_out(report) for report in terminalreporter.stats.get("skipped", []))
    if counts:
        said = ", ".join(f"{number} that need {name}" for name, number in sorted(counts.items()))
        terminalreporter.write_line(f"NOT RUN: {said}", red=True, bold=True)
