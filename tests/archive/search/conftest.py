"""An index with a few papers, and a database that holds the same."""

import datetime as dt

import pytest

from archive.models import Document, RegisterEntry, Scan
from archive.search import IndexEntry, open_search, parse
from archive.search.index import ENGINES
from archive.search.indexing import enqueue, keep_up


@pytest.fixture(params=ENGINES)
def kind(request):
    """Each engine in turn: all must do the same."""
    return f"{request.param}:"


@pytest.fixture
def index(tmp_path, kind):
    """An empty index that serves."""
    engine = open_search(kind, tmp_path)
    engine.rebuild([])
    yield engine
    engine.close()


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
    index = open_search(kind, tmp_path)
    yield Archive(sessions, index)
    index.close()
