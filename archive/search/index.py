"""The index as everybody sees it: generations, the engine of the one that serves, what to do when it breaks.

Each generation says in its marker which engine made it, so a new one by another engine takes over like any other:
every process that has the index open sees CURRENT change and goes on with the new one. Where the database is
PostgreSQL, a generation that lies in it goes before any in a folder: all machines see it.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from archive.errors import IndexBroken, Transient
from archive.search.entry import ANALYZER, UNREADABLE, Found, IndexEntry, Status, Store
from archive.search.generations import Generations
from archive.search.postgres_generations import SCHEMA, PostgresGenerations, may_pass
from archive.search.query import Query

log = logging.getLogger(__name__)

SHARED = "postgresql"
ENGINES = ("whoosh", "sqlite", SHARED)
LOCK_SECONDS = 30.0
BUILDING_SECONDS = 0.5
"""Who finds another building has nothing to do but wait for it, and does that elsewhere."""
KEPT_ANSWERS = 64

_NOT_THE_INDEX = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR)
_NOT_THE_FILE = ("locked", "full", "busy", "disk I/O", "out of memory")
_BUSY = "Máy chủ đang thiếu tài nguyên để tìm kiếm; văn bản vẫn an toàn, hãy thử lại sau ít phút."
_BROKEN = "Chỉ mục tìm kiếm không đọc được; văn bản vẫn an toàn, chỉ mục sẽ tự dựng lại."

Retell = Callable[[list[str]], None]


def store_of(kind: str, folder: Path, shared: PostgresGenerations | None = None) -> Store:
    """The store of the engine `kind` in `folder`, or in `shared` under the folder's name; opens nothing yet."""
    from archive.search.postgres_store import PostgresStore
    from archive.search.sqlite_store import SqliteStore
    from archive.search.whoosh_store import WhooshStore

    if kind == SHARED:
        return PostgresStore(folder, shared)
    stores: dict[str, type[WhooshStore] | type[SqliteStore]] = {"whoosh": WhooshStore, "sqlite": SqliteStore}
    return stores[kind](folder)


class Index:
    """See archive.search. One object may serve many threads; it must not cross a fork."""

    def __init__(self, root: Path, kind: str, database: str = "") -> None:
        self.root, self.kind = root, kind
        self._folder = Generations(root)
        self._shared = PostgresGenerations(database, root) if database.startswith(SHARED) else None
        self._home = self._shared if self._shared and kind == SHARED else self._folder
        """Where the next generation lies."""
        self._places = (self._shared, self._folder) if self._shared and kind != SHARED else (self._home,)
        """Whose locks hold off everybody who has this archive's index open, the most shared first."""
        self._lock = threading.RLock()
        self._inside: list[sa.Connection | None] = []
        self._store: Store | None = None
        self._name: str | None = None
        self._answers: OrderedDict[tuple[object, ...], Found] = OrderedDict()
        self._state: object = None

    def search(self, query: Query, limit: int | None = 1000) -> Found:
        """The best `limit` documents (None: all); a query without clauses finds nothing. Raises IndexBroken."""
        if not query.has_words:
            return Found()
        asked = (query.clauses, limit)
        with self._lock, self._reading() as store:
            state = (self._name, store.newest())
            if state != self._state:
                self._answers.clear()
                self._state = state
            if asked not in self._answers:
                self._answers[asked] = store.search(query, limit)
                if len(self._answers) > KEPT_ANSWERS:
                    self._answers.popitem(last=False)
            return self._answers[asked]

    def having(self, word: str) -> Found:
        """Every document with the folded word, in no order, without scores. Raises IndexBroken."""
        with self._lock, self._reading() as store:
            return store.having(word)

    def frequencies(self, words: Sequence[str]) -> Mapping[str, int]:
        """In how many documents each of the folded `words` stands. Raises IndexBroken."""
        with self._lock, self._reading() as store:
            return store.frequencies(words)

    @property
    def documents(self) -> int:
        """How many documents it knows. Raises IndexBroken."""
        with self._lock, self._reading() as store:
            return store.documents

    def identifiers(self) -> Sequence[str]:
        """The ids of all documents it knows; one twice says it is spoiled. Raises IndexBroken."""
        with self._lock, self._reading() as store:
            return store.identifiers()

    def apply(self, upserts: Sequence[IndexEntry] = (), deletes: Sequence[str] = ()) -> None:
        """One batch, one commit, durable on return; safe to repeat.

        Raises IndexBroken when there is no index to write to, Transient when another process is writing.
        """
        entries = {entry.id: entry for entry in upserts}
        with self.writing():
            with self._reading() as store:
                store.newest()
            with self._reading(writes=True) as store:
                for place in self._places:
                    place.note_changed({*entries, *deletes})
                store.apply(list(entries.values()), list(deletes))

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection | None]:
        """Nobody else writes meanwhile; `apply` may be called inside. Raises Transient when another process is writing.

        What is done by the connection is done together with what the index is told, all at the end: it is one with the
        archive's database. None where that is SQLite.
        """
        with self._lock, contextlib.ExitStack() as held:
            if not self._inside:
                self._inside = [held.enter_context(place.writing(LOCK_SECONDS)) for place in self._places]
                held.callback(self._inside.clear)
            yield self._inside[0]

    def rebuild(self, entries: Iterable[IndexEntry], retell: Retell | None = None) -> int:
        """Builds a new generation while the old one serves, then switches; the number of documents in it.

        `retell` is called with the ids of documents of which the old one was told meanwhile.
        """
        with self.building():
            folder = self.begin()
            store = self.store_of(folder)
            try:
                store.create()
                count = store.fill(entries)
            finally:
                store.close()
            self.switch(folder, retell)
        return count

    @contextlib.contextmanager
    def building(self) -> Iterator[None]:
        """Nobody else builds a generation meanwhile. Raises Transient when another does."""
        with contextlib.ExitStack() as held:
            for place in self._places:
                held.enter_context(place.building(BUILDING_SECONDS))
            yield

    def begin(self, plan: str = "") -> Path:
        """A new generation, see Generations. Only while building."""
        if self._shared and self.kind != SHARED and self._shared.serving:
            self._shared.begin()  # so that it is noted there what other machines are told meanwhile
        return self._home.begin(plan)

    def store_of(self, folder: Path) -> Store:
        """The store of the generation `folder` that is under construction."""
        return store_of(self.kind, folder, self._shared)

    def switch(self, folder: Path, retell: Retell | None = None) -> None:
        """The finished generation in `folder` serves from now on. Only while building."""
        with self.writing():
            if retell:
                retell([name for place in self._places for name in place.changed])
            self._home.switch(folder, marker(self.kind))
            for other in (self._shared, self._folder):
                if other and other is not self._home:
                    other.retire()

    def status(self) -> Status:
        """What the index is now."""
        try:
            with self._lock, self._reading() as store:
                return Status(True, self._name, store.documents, ANALYZER, self._place, store.kind)
        except IndexBroken:
            return Status(False, None, 0, ANALYZER, self._place)

    @property
    def in_folder(self) -> bool:
        """Does the next generation lie on this machine?"""
        return self._home is self._folder

    @property
    def _place(self) -> str:
        return str(self.root) if self.in_folder else SCHEMA

    def healthy(self) -> bool:
        """Can it be read? When not, the caller asks the database and rebuilds."""
        return self.status().healthy

    def is_lost(self) -> bool:
        """Is an index there that nobody can read: spoiled, or made by another version? Cheap to ask."""
        try:
            if not (self.root / "CURRENT").exists() and not (self._shared and self._shared.serving):
                return False
            place, name = self._serving()
            return place.marker(name) not in map(marker, ENGINES)
        except IndexBroken:
            return True
        except Transient:  # the database is away: who asks it for papers hears of that
            return False

    def close(self) -> None:
        """Gives files and memory back; the index opens them again when asked."""
        with self._lock:
            self._give_back()
            if self._shared:
                self._shared.close()

    def __del__(self) -> None:
        # An index nobody closed must not leave the closing of its files to chance.
        with contextlib.suppress(*UNREADABLE):
            self.close()

    @contextlib.contextmanager
    def _reading(self, *, writes: bool = False) -> Iterator[Store]:
        """The store of the generation that serves. What goes wrong inside with its files condemns the generation;
        when writing, a disk that is full or fails leaves the last commit as it was."""
        place, name = self._serving()
        store = self._opened(place, name)
        try:
            yield store
        except store.spoiled as error:
            if _may_pass(error, writes=writes) or self._is_replaced(name):
                raise Transient(_BUSY) from error
            raise self._condemned(place, name, error) from error

    def _is_replaced(self, name: str) -> bool:
        """Whether another generation serves by now, and this one was taken away while it was read."""
        with contextlib.suppress(IndexBroken, Transient):
            return self._serving()[1] != name
        return False

    def _serving(self) -> tuple[Generations | PostgresGenerations, str]:
        """The generation that serves, and where it lies. Raises IndexBroken when there is none that can be read."""
        if self._shared and (name := self._shared.serving):
            return self._shared, name
        if self._shared and self.kind == SHARED and not self._shared.is_left:
            raise IndexBroken(_BROKEN)  # what lies on this machine may be of long ago
        return self._folder, self._folder.current

    def _opened(self, place: Generations | PostgresGenerations, name: str) -> Store:
        if self._store is None or self._name != name:
            self._give_back()
            found = place.marker(name)
            if found not in map(marker, ENGINES):
                raise IndexBroken(_BROKEN)
            self._store, self._name = store_of(str(found["engine"]), self.root / name, self._shared), name
            if place is self._shared and not self.in_folder:
                self._folder.forget()  # what lies on this machine is told nothing more
        return self._store

    def _condemned(self, place: Generations | PostgresGenerations, name: str, error: BaseException) -> IndexBroken:
        log.error("search index unreadable generation=%s error=%s", name, type(error).__name__)
        self._give_back()
        place.condemn(name)
        return IndexBroken(_BROKEN)

    def _give_back(self) -> None:
        if self._store:
            self._store.close()
        self._store = self._name = None


def marker(kind: str) -> dict[str, object]:
    """With what a generation of this engine is built now."""
    return {"engine": kind, "analyzer": ANALYZER, "files": store_of(kind, Path()).version}


def _may_pass(error: Exception, *, writes: bool) -> bool:
    """Is it the machine, and not the index? While writing, a missing file still means the index."""
    if isinstance(error, OSError):
        return error.errno in _NOT_THE_INDEX or (writes and error.errno != errno.ENOENT)
    if isinstance(error, sqlite3.Error):
        return isinstance(error, sqlite3.OperationalError) and any(word in str(error) for word in _NOT_THE_FILE)
    return may_pass(error)
