"""Settings, databases and material for every test; what could not be run is said loudly at the end.

VANTHU_TEST_ENGINES=servers: the archive of every test lies on servers (tests/engines.py), and one that is missing fails
the tests. What is of embedded engines by nature bears the mark `embedded` with the reason: it runs on those, and is
told of at the end.
VANTHU_TEST_POSTGRES: URL of a PostgreSQL in which the role may create databases and set session_replication_role.
VANTHU_TEST_RABBITMQ, VANTHU_TEST_REDIS: addresses of brokers.
VANTHU_TEST_SERVERS=1: a missing server fails the run. VANTHU_MATERIAL: folder of real scans, texts and crops.
"""

import contextlib
import dataclasses
import gc
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from hypothesis import HealthCheck
from hypothesis import settings as properties
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

from archive import database, people, soffice
from archive.config import Settings
from migrations import upgrade
from tests import engines, here, weed

ROOT = Path(__file__).parents[1]
LOCAL = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
NOT_OF_THESE = "not of these engines"
OF_ONE_MACHINE = "of embedded engines"
BROKERS = {"RABBITMQ": "amqp://guest:guest@127.0.0.1:5672//", "REDIS": "redis://127.0.0.1:6379/0"}

# How long an example takes says how busy the machine is.
properties.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
properties.load_profile("untimed")

if engines.SERVERS:
    os.environ["VANTHU_TEST_SERVERS"] = "1"

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


@pytest.fixture(autouse=True)
def _children(monkeypatch):
    """Children are children, but where coverage is to see what they do."""
    if here.WANTED:
        here.put(monkeypatch)


@pytest.fixture
def settings(tmp_path, _places, monkeypatch):
    """Settings over an empty directory; its database has tables once an engine is asked for."""
    data = tmp_path / "data"
    data.mkdir()
    plain = Settings(data=data, workers=1, reserve_mb=1, inbox="")
    if _places is None:
        yield plain
        return
    with _places.office(data):
        engines.move(monkeypatch, data)
        yield dataclasses.replace(plain, **engines.at(data))


@pytest.fixture(scope="session")
def _template(tmp_path_factory):
    """A migrated SQLite file, copied for each test: a copy costs a millisecond, migrating half a second."""
    file = tmp_path_factory.mktemp("template") / "vanthu.db"
    engine = database.open_engine(f"sqlite:///{file}", durable=False)
    upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture
def office_engine(settings, request):
    """The migrated database of `settings`."""
    if not engines.SERVERS:
        shutil.copyfile(request.getfixturevalue("_template"), settings.data / "vanthu.db")
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


@pytest.fixture(scope="session")
def postgres(_postgres):
    """The server, or the end of this test: skipped, or failed where servers are required."""
    if _postgres is None and os.environ.get("VANTHU_TEST_SERVERS") == "1":
        pytest.fail("VANTHU_TEST_SERVERS=1, but no PostgreSQL answers at VANTHU_TEST_POSTGRES")
    if _postgres is None:
        pytest.skip("no PostgreSQL answers")
    return _postgres


@pytest.fixture
def empty_postgres(postgres):
    """URL of a new PostgreSQL database without tables."""
    with engines.fresh_postgres(postgres) as url:
        yield url


@pytest.fixture(scope="session")
def _office(postgres):
    """One migrated database in PostgreSQL for all tests."""
    office = engines.Office(postgres)
    yield office
    office.drop()


@pytest.fixture(scope="session", autouse=True)
def _engines(request, tmp_path_factory):
    """Where archives lie on servers; None where they lie in their data directories."""
    if not engines.SERVERS:
        yield None
        return
    server, office = (request.getfixturevalue(name) for name in ("postgres", "_office"))
    folder = tmp_path_factory.mktemp("weed")
    with weed.running(folder), _queue("RABBITMQ") as jobs, engines.places(server, office, jobs) as places:
        yield places


@pytest.fixture(autouse=True)
def _places(request, _engines):
    """The same for this test, which may be of embedded engines by nature."""
    if _engines is None or request.node.get_closest_marker("embedded") is None:
        yield _engines
        return
    with engines.embedded():
        yield None


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def engine(request):
    """A migrated database: the test runs on SQLite and on PostgreSQL."""
    if request.param == engines.DATABASE:
        yield request.getfixturevalue("office_engine")
        return
    office = request.getfixturevalue("_office")
    engine = database.open_engine(office.url)
    yield engine
    engine.dispose()
    office.clean()


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.servers) for name in BROKERS])
def broker(request):
    """The setting `jobs` for a queue of this test alone: the test runs on RabbitMQ and on Redis."""
    with _queue(request.param) as jobs:
        yield jobs


@contextlib.contextmanager
def _queue(kind):
    celery = pytest.importorskip("celery")
    url, name = os.environ.get(f"VANTHU_TEST_{kind}") or BROKERS[kind], engines.fresh_name()
    with celery.Celery(broker=url, set_as_current=False).connection_for_write(connect_timeout=2) as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0)
        except (*connection.connection_errors, celery.exceptions.OperationalError):
            absent = f"no {kind} answers at VANTHU_TEST_{kind}"
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


LONG = (
    "tests/server/pages/test_day.py", "tests/server/pages/test_hostile_text.py",
    "tests/server/pages/test_accessibility.py", "tests/server/test_access_table.py", "tests/faults/test_broker.py",
    "tests/archive/test_fetched.py", "tests/archive/test_office.py", "tests/archive/test_packed.py",
    "tests/archive/search/test_building.py", "tests/server/test_openapi.py",
)  # fmt: skip
"""Files of half a minute to a minute, begun first: what is begun last is waited for by idle processors."""


def pytest_collection_modifyitems(items):
    """PostgreSQL's index lies in the archive's own database: beside SQLite there is none."""
    items[:] = [item for item in items if not {"sqlite", "postgresql:"} <= _named(item)]
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
    for item in items if engines.SERVERS else ():
        mark = item.get_closest_marker("embedded")
        if mark:
            item.user_properties.append((OF_ONE_MACHINE, mark.args[0]))
        elif engines.EMBEDDED & _named(item):
            item.add_marker(pytest.mark.skip(reason=f"{NOT_OF_THESE}: the engine it names is run by itself"))


def pytest_collection_finish():
    """What was imported and collected stays: a tenth of the run went to looking whether some of it is garbage."""
    gc.collect()
    gc.freeze()


def _named(item):
    """What the test's parameters say."""
    spec = getattr(item, "callspec", None)
    return {value for value in spec.params.values() if isinstance(value, str)} if spec else set()


def _left_out(reason, report):
    """What a skipped test would have needed."""
    needs = [name for name in ("servers", "browser") if name in report.keywords]
    return (needs or ["material" if "material" in reason else "other things"])[0]


def _of_one_machine(terminalreporter):
    """Reasons of the tests that ran on embedded engines though servers were asked for."""
    for kind in ("passed", "failed"):
        for one in terminalreporter.stats.get(kind, []):
            if one.when == "call":
                yield from (reason for name, reason in one.user_properties if name == OF_ONE_MACHINE)


def pytest_terminal_summary(terminalreporter):
    for reason, number in sorted(Counter(_of_one_machine(terminalreporter)).items()):
        terminalreporter.write_line(f"ON EMBEDDED ENGINES: {number}, {reason}", yellow=True)
    skipped = terminalreporter.stats.get("skipped", [])
    said = [(str(one.longrepr[2] if isinstance(one.longrepr, tuple) else one.longrepr), one) for one in skipped]
    others = Counter(reason.partition(f"{NOT_OF_THESE}: ")[2] for reason, _ in said if NOT_OF_THESE in reason)
    for reason, number in sorted(others.items()):
        terminalreporter.write_line(f"NOT OF THESE ENGINES: {number}, {reason}", yellow=True)
    counts = Counter(_left_out(reason, one) for reason, one in said if NOT_OF_THESE not in reason)
    if counts:
        said = ", ".join(f"{number} that need {name}" for name, number in sorted(counts.items()))
        terminalreporter.write_line(f"NOT RUN: {said}", red=True, bold=True)
