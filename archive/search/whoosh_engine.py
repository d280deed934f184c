"""The Whoosh engine: generations of an index in one directory, written by one process, read by many."""

from __future__ import annotations

import contextlib
import errno
import logging
import pickle
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from whoosh.index import _DEF_INDEX_NAME as INDEX_NAME
from whoosh.index import TOC, FileIndex, LockError
from whoosh.index import IndexError as WhooshIndexError
from whoosh.reading import ReaderClosed, SegmentReader
from whoosh.writing import IndexingError, SegmentWriter

from archive.errors import IndexBroken, Transient
from archive.search import ANALYZER, Found, Hit, IndexEntry, Status, keys
from archive.search.generations import Generations
from archive.search.query import Query
from archive.search.snapshot import Leaf, Snapshot
from archive.search.whoosh_files import LENGTH, MOST_SEGMENTS, DurableFiles, codec, keep_all, merge_smallest, schema
from archive.search.words import folded_words

log = logging.getLogger(__name__)

SCHEMA = 1
MARKER = {"analyzer": ANALYZER, "schema": SCHEMA}
LOCK_SECONDS = 30.0
MEMORY_MB = 96
SEGMENT_DOCUMENTS = 10_000

# What Whoosh raises on files that are gone, cut short or garbage, beside OSError: it unpickles and unpacks them.
UNREADABLE = (
    OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, AssertionError, NameError, ImportError,
    ArithmeticError, MemoryError, RecursionError, struct.error, zlib.error, pickle.PickleError,
    WhooshIndexError, IndexingError, ReaderClosed,
)  # fmt: skip
_NOT_THE_INDEX = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR)
_BUSY = "Máy chủ đang thiếu tài nguyên để tìm kiếm; văn bản vẫn an toàn, hãy thử lại sau ít phút."
_BROKEN = "Chỉ mục tìm kiếm không đọc được; văn bản vẫn an toàn, chỉ mục sẽ tự dựng lại."


def _tokens(entry: IndexEntry) -> dict[str, Any]:
    head = f"{entry.code}\n{entry.title}\n{entry.organ}"
    named = keys.cited(entry.body) | keys.of_dates(f"{entry.title}\n{entry.body}")
    for code in entry.cited_codes:
        named |= keys.of_code(code)
    named = {key for key in named if key[0] not in "#@"}
    own = keys.of_code(entry.code) | keys.of_own_date(entry.date)
    words = Counter(folded_words(f"{head}\n{entry.body}"))
    return {"id": entry.id, "body": words, "key": {LENGTH: words.total()} | dict.fromkeys(sorted(named | own), 1)}


class WhooshEngine:
    """See archive.search. One object may serve many threads; it must not cross a fork."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._generations = Generations(root)
        self._lock = threading.RLock()
        self._snapshot: Snapshot | None = None
        self._state: tuple[str, int] | None = None
        self._leaves: dict[str, Leaf] = {}

    def search(self, query: Query, limit: int = 1000) -> Found:
        """The best `limit` documents; a query without clauses finds nothing. Raises IndexBroken."""
        if not query.has_words:
            return Found()
        with self._lock, self._reading() as snapshot:
            numbers, scores, whole = snapshot.evaluate(query)
            order = np.lexsort((-scores, ~whole))[:limit]
            names = snapshot.identifiers(numbers[order])
            hits = tuple(map(Hit, names, scores[order].tolist(), whole[order].tolist()))
            return Found(hits, len(numbers))

    def apply(self, upserts: Sequence[IndexEntry] = (), deletes: Sequence[str] = ()) -> None:
        """One batch, one commit, durable on return; safe to repeat.

        Raises IndexBroken when there is no index to write to, Transient when another process is writing.
        """
        entries = {entry.id: entry for entry in upserts}
        with self._lock, self._generations.writing(LOCK_SECONDS):
            with self._reading() as snapshot:
                old = [number for name in {*entries, *deletes} for number in snapshot.number_of(name)]
            name = self._generations.current
            policy = merge_smallest if len(snapshot.leaves) >= MOST_SEGMENTS else keep_all
            with self._changing(name), _writer(self._files(name)) as writer:
                for number in old:
                    writer.delete_document(number)
                for entry in entries.values():
                    writer.add_document(**_tokens(entry))
                writer.commit(mergetype=policy)

    def rebuild(self, entries: Iterable[IndexEntry]) -> int:
        """Builds a new generation while the old one serves, then switches; the number of documents in it.

        What changes in the database meanwhile must be applied afterwards (the outbox does).
        """
        with self._generations.writing(LOCK_SECONDS):
            folder = self._generations.begin()
            files = DurableFiles(folder)
            files.create_index(schema())
            count = _fill(files, iter(entries))
            self._generations.switch(folder, MARKER)
        return count

    def status(self) -> Status:
        """What the index is now."""
        try:
            with self._lock, self._reading() as snapshot:
                name = self._state[0] if self._state else None
                return Status(True, name, snapshot.documents, ANALYZER, str(self.root))
        except IndexBroken:
            return Status(False, None, 0, ANALYZER, str(self.root))

    def healthy(self) -> bool:
        """Can it be read? When not, the caller asks the database and rebuilds."""
        return self.status().healthy

    def close(self) -> None:
        """Gives files and memory back; the engine opens them again when asked."""
        with self._lock:
            for leaf in self._leaves.values():
                leaf.reader.close()
            self._leaves, self._snapshot, self._state = {}, None, None

    def __del__(self) -> None:
        # An engine nobody closed must not leave the closing of its files to chance.
        with contextlib.suppress(*UNREADABLE):
            self.close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Snapshot]:
        """The newest committed state. What goes wrong inside with its files condemns the generation."""
        name = self._generations.current
        try:
            yield self._newest(name)
        except UNREADABLE as error:
            if isinstance(error, OSError) and error.errno in _NOT_THE_INDEX:
                raise Transient(_BUSY) from error
            raise self._condemned(name, error) from error

    @contextlib.contextmanager
    def _changing(self, name: str) -> Iterator[None]:
        """A disk that is full or fails leaves the last commit as it was; only unreadable content condemns it."""
        try:
            yield
        except (OSError, LockError) as error:
            raise Transient(_BUSY) from error
        except UNREADABLE as error:
            raise self._condemned(name, error) from error

    def _condemned(self, name: str, error: BaseException) -> IndexBroken:
        log.error("search index unreadable generation=%s error=%s", name, type(error).__name__)
        self.close()
        self._generations.condemn(name)
        return IndexBroken(_BROKEN)

    def _newest(self, name: str) -> Snapshot:
        commit = TOC._latest_generation(self._files(name), INDEX_NAME)
        if self._snapshot is None or self._state != (name, commit):
            if self._state is None or self._state[0] != name:
                self.close()
                self._check_marker(name)
            self._snapshot = self._opened(name)
            self._state = (name, commit)
        return self._snapshot

    def _check_marker(self, name: str) -> None:
        if self._generations.marker(name) != MARKER:
            raise IndexBroken(_BROKEN)

    def _opened(self, generation: str, tries: int = 5) -> Snapshot:
        """Opens what is new since the last time; a commit may remove files under our hands, then once more."""
        files = self._files(generation)
        try:
            toc = TOC.read(files, INDEX_NAME)
            leaves = {s.segment_id(): self._leaf(files, toc, s) for s in toc.segments}
        except UNREADABLE as error:
            files.give_back()
            if tries and isinstance(error, FileNotFoundError):
                return self._opened(generation, tries - 1)
            raise
        for name in self._leaves.keys() - leaves.keys():
            self._leaves[name].reader.close()
        self._leaves = leaves
        return _snapshot(tuple(leaves.values()), toc.segments)

    def _leaf(self, files: DurableFiles, toc: TOC, segment: Any) -> Leaf:
        known = self._leaves.get(segment.segment_id())
        return known or Leaf(SegmentReader(files, toc.schema, segment))

    def _files(self, name: str) -> DurableFiles:
        return DurableFiles(self.root / name)


def _snapshot(leaves: tuple[Leaf, ...], segments: Sequence[Any]) -> Snapshot:
    counts = [segment.doc_count_all() for segment in segments]
    starts = np.cumsum([0, *counts])
    deleted = np.zeros(int(starts[-1]), np.bool_)
    for segment, start in zip(segments, starts, strict=False):
        if segment.has_deletions():
            deleted[[int(start) + number for number in segment.deleted_docs()]] = True
    return Snapshot(leaves, deleted, tuple(int(start) for start in starts[:-1]))


@contextlib.contextmanager
def _writer(files: DurableFiles) -> Iterator[SegmentWriter]:
    """A writer that is committed inside, or leaves no trace: a commit that fails keeps Whoosh's own lock for ever."""
    writer = SegmentWriter(FileIndex(files), timeout=LOCK_SECONDS, limitmb=MEMORY_MB, codec=codec())
    try:
        yield writer
    finally:
        if not writer.is_closed:
            with contextlib.suppress(*UNREADABLE):
                writer.cancel()
        if writer.writelock and not writer.is_closed:
            writer.writelock.release()


def _fill(files: DurableFiles, entries: Iterator[IndexEntry]) -> int:
    count = 0
    for entry in entries:
        with _writer(files) as writer:
            writer.add_document(**_tokens(entry))
            for added, following in enumerate(entries, 2):
                writer.add_document(**_tokens(following))
                if added >= SEGMENT_DOCUMENTS:
                    break
            count += writer.doc_count()
            writer.commit(mergetype=keep_all)
    return count
