"""An index with a few papers, and a database that holds the same."""

import datetime as dt
import shutil

import pytest
import sqlalchemy as sa

from archive import database
from archive.models import Document, RegisterEntry, Scan
from archive.search import IndexEntry, open_search, parse
from archive.search.index import ENGINES
from archive.search.indexing import enqueue, keep_up
from archive.search.postgres_generations import SCHEMA
from tests.engines import fresh_postgres

SERVERS = {"postgresql": pytest.mark.servers}


@pytest.fixture(params=[pytest.param(f"{name}:", marks=SERVERS.get(name, ())) for name in ENGINES])
def kind(request):
    """Each engine in turn: all must do the same."""
    return request.param


@pytest.fixture(scope="session")
def _bare_postgres(_postgres):
    """A database that holds nothing but an index, now and then."""
    with fresh_postgres(_postgres) as url:
        yield url


@pytest.fixture
def home(request, kind):
    """URL of the database in which an index without an archive lies; empty where it lies in a folder."""
    if kind != "postgresql:":
        yield ""
        return
    request.getfixturevalue("postgres")
    url = request.getfixturevalue("_bare_postgres")
    yield url
    engine = database.open_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
    engine.dispose()


@pytest.fixture
def index(tmp_path, kind, home):
    """An empty index that serves."""
    engine = open_search(kind, tmp_path, home)
    engine.rebuild([])
    yield engine
    engine.close()


def generations(index):
    """Names of the generations that take room."""
    if index.in_folder:
        return {path.name for path in index.root.glob("g*")}
    with index._shared.engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names(SCHEMA)
    return {name.partition("_")[0] for name in tables if "_" in name}


def lose(index):
    """Somebody throws it away."""
    if index.in_folder:
        shutil.rmtree(index.root)
        return
    with index._shared.engine.begin() as connection:
        connection.execute(sa.text(f"DROP SCHEMA {SCHEMA} CASCADE"))


@pytest.fixture
def look(index):
    """Ids that a typed query finds, best first."""
    return lambda text, limit=100: [hit.id for hit in index.search(parse(text), limit).hits]


def entry(name, body="", **fields):
    return IndexEntry(id=name, body=body, **fields)


class Archive:
    """A database and its index, spoken to in the office's words."""

    def __init__(self, sessions, index):
        self.sessions, self.index, self._count = sessions, index, 0

    def keep(self, text, **columns):
        """A document of one page; its id."""
        self._count += 1
        with self.sessions.begin() as session:
            scan = Scan(
                sha256=f"{self._count:064}", filename=f"{self._count}.pdf", media_type="application/pdf", size=1,
                received_by="an",
            )  # fmt: skip
            session.add(scan)
            session.flush()
            day = dt.datetime(2020, 4, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=self._count)
            document = Document(scan_id=scan.id, text=text, **{"pages": [1], "created_at": day, **columns})
            session.add(document)
            session.flush()
            enqueue(session, document.id)
            return document.id

    def register(self, document_id, number):
        with self.sessions.begin() as session:
            session.add(RegisterEntry(book_id="den", year=2020, number=number, document_id=document_id))

    def catch_up(self):
        return keep_up(self.sessions, self.index)


@pytest.fixture
def archive(sessions, tmp_path, kind):
    index = open_search(kind, tmp_path, database.address(sessions.kw["bind"]))
    yield Archive(sessions, index)
    index.close()
