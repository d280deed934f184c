"""The index as everybody sees it: generations on disk, the engine of the one that serves, what to do when it breaks.

Each generation says in its marker which engine made it, so a new one by another engine takes over like any other:
every process that has the index open sees CURRENT change and goes on with the new one.
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

from archive.errors import IndexBroken, Transient
from archive.search.entry import ANALYZER, UNREADABLE, Found, IndexEntry, Status, Store
from archive.search.generations import Generations
from archive.search.query import Query

log = logging.getLogger(__name__)

ENGINES = ("whoosh", "sqlite")
LOCK_SECONDS = 30.0
BUILDING_SECONDS = 0.5
"""Who finds another building has nothing to do but wait for it, and does that elsewhere."""
KEPT_ANSWERS = 64

_NOT_THE_INDEX = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR)
_NOT_THE_FILE = ("locked", "full", "busy", "disk I/O", "out of memory")
_BUSY = "Máy chủ đang thiếu tài nguyên để tìm kiếm; văn bản vẫn an toàn, hãy thử lại sau ít phút."
_BROKEN = "Chỉ mục tìm kiếm không đọc được; văn bản vẫn an toàn, chỉ mục sẽ tự dựng lại."

Retell = Callable[[list[str]], None]


def store_of(kind: str, folder: Path) -> Store:
    """The store of the engine `kind` in `folder`; opens nothing yet."""
    from archive.search.sqlite_store import SqliteStore
    from archive.search.whoosh_store import WhooshStore

    stores: dict[str, type[WhooshStore] | type[SqliteStore]] = {"whoosh": WhooshStore, "sqlite": SqliteStore}
    return stores[kind](folder)


class Index:
    """See archive.search. One object may serve many threads; it must not cross a fork."""

    def __init__(self, root: Path, kind: str) -> None:
        self.root, self.kind = root, kind
        self.generations = Generations(root)
        self._lock = threading.RLock()
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
        with self._lock, self.generations.writing(LOCK_SECONDS):
            with self._reading() as store:
                store.newest()
            with self._reading(writes=True) as store:
                self.generations.note_changed({*entries, *deletes})
                store.apply(list(entries.values()), list(deletes))

    def rebuild(self, entries: Iterable[IndexEntry], retell: Retell | None = None) -> int:
        """Builds a new generation while the old one serves, then switches; the number of documents in it.

        `retell` is called with the ids of documents of which the old one was told meanwhile.
        """
        with self.generations.building(BUILDING_SECONDS):
            folder = self.generations.begin()
            store = store_of(self.kind, folder)
            try:
                store.create()
                count = store.fill(entries)
            finally:
                store.close()
            self.switch(folder, retell)
        return count

    def switch(self, folder: Path, retell: Retell | None = None) -> None:
        """The finished generation in `folder` serves from now on. Only while building."""
        with self.generations.writing(LOCK_SECONDS):
            if retell:
                retell(self.generations.changed)
            self.generations.switch(folder, marker(self.kind))

    def status(self) -> Status:
        """What the index is now."""
        try:
            with self._lock, self._reading() as store:
                return Status(True, self._name, store.documents, ANALYZER, str(self.root), store.kind)
        except IndexBroken:
            return Status(False, None, 0, ANALYZER, str(self.root))

    def healthy(self) -> bool:
        """Can it be read? When not, the caller asks the database and rebuilds."""
        return self.status().healthy

    def is_lost(self) -> bool:
        """Is an index there that nobody can read: spoiled, or made by another version? Cheap to ask."""
        if not (self.root / "CURRENT").exists():
            return False
        try:
            return self.generations.marker(self.generations.current) not in (marker(kind) for kind in ENGINES)
        except IndexBroken:
            return True

    def close(self) -> None:
        """Gives files and memory back; the index opens them again when asked."""
        with self._lock:
            if self._store:
                self._store.close()
            self._store = self._name = None

    def __del__(self) -> None:
        # An index nobody closed must not leave the closing of its files to chance.
        with contextlib.suppress(*UNREADABLE):
            self.close()

    @contextlib.contextmanager
    def _reading(self, *, writes: bool = False) -> Iterator[Store]:
        """The store of the generation that serves. What goes wrong inside with its files condemns the generation;
        when writing, a disk that is full or fails leaves the last commit as it was."""
        name = self.generations.current
        store = self._opened(name)
        try:
            yield store
        except store.spoiled as error:
            if _may_pass(error, writes=writes):
                raise Transient(_BUSY) from error
            raise self._condemned(name, error) from error

    def _opened(self, name: str) -> Store:
        if self._store is None or self._name != name:
            self.close()
            found = self.generations.marker(name)
            if found not in (marker(kind) for kind in ENGINES):
                raise IndexBroken(_BROKEN)
            self._store, self._name = store_of(str(found["engine"]), self.root / name), name
        return self._store

    def _condemned(self, name: str, error: BaseException) -> IndexBroken:
        log.error("search index unreadable generation=%s error=%s", name, type(error).__name__)
        self.close()
        self.generations.condemn(name)
        return IndexBroken(_BROKEN)


def marker(kind: str) -> dict[str, object]:
    """With what a generation of this engine is built now."""
    return {"engine": kind, "analyzer": ANALYZER, "files": store_of(kind, Path()).version}


def _may_pass(error: Exception, *, writes: bool) -> bool:
    """Is it the machine, and not the index? While writing, a missing file still means the index."""
    if isinstance(error, OSError):
        return error.errno in _NOT_THE_INDEX or (writes and error.errno != errno.ENOENT)
    return isinstance(error, sqlite3.OperationalError) and any(word in str(error) for word in _NOT_THE_FILE)
