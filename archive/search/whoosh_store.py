"""The Whoosh engine: an index in one folder, written by one process, read by many."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from whoosh import reading
from whoosh.codec.base import OutOfOrderError
from whoosh.filedb.filestore import StorageError
from whoosh.filedb.filetables import FileFormatError
from whoosh.index import _DEF_INDEX_NAME as INDEX_NAME
from whoosh.index import TOC, FileIndex, LockError
from whoosh.index import IndexError as WhooshIndexError
from whoosh.matching import ReadTooFar
from whoosh.reading import ReaderClosed, SegmentReader, TermNotFound
from whoosh.writing import IndexingError, SegmentWriter

from archive.errors import Transient
from archive.search import pairs, phrases
from archive.search.entry import UNREADABLE, Found, IndexEntry, bare
from archive.search.query import Query
from archive.search.snapshot import Leaf, Snapshot, best_first
from archive.search.tokens import tokens_of
from archive.search.whoosh_files import LENGTH, MOST_SEGMENTS, DurableFiles, codec, keep_all, merge_smallest, schema

SCHEMA = 3
LOCK_SECONDS = 30.0
MEMORY_MB = 96
SEGMENT_DOCUMENTS = 10_000
HEAD = 2
"""How many more times a word counts that stands in number, subject or organ."""
_BUSY = "Chỉ mục tìm kiếm đang được ghi bởi một tiến trình khác; văn bản vẫn an toàn, việc này sẽ tự làm lại."
# Whoosh has no root of its errors; CorruptIndexError is whoosh3's.
SPOILED = (
    *UNREADABLE, WhooshIndexError, IndexingError, ReaderClosed, TermNotFound, FileFormatError, StorageError,
    OutOfOrderError, ReadTooFar, getattr(reading, "CorruptIndexError", ReaderClosed),
)  # fmt: skip


def _fields(entry: IndexEntry) -> dict[str, Any]:
    tokens = tokens_of(entry)
    every = tokens.words
    words = Counter(every)
    words.update(word for word in every[: tokens.head] for _ in range(HEAD))
    return {
        "id": entry.id, "name": entry.id.encode(), "body": words, "pairs": pairs.bits(every),
        "key": {LENGTH: len(every)} | dict.fromkeys(tokens.keys, 1), "sequence": phrases.sequence(tokens.parts),
    }  # fmt: skip


class WhooshStore:
    """See Store."""

    kind = "whoosh"
    version = SCHEMA
    spoiled = SPOILED

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._snapshot: Snapshot | None = None
        self._commit: int | None = None
        self._leaves: dict[str, Leaf] = {}

    def create(self) -> None:
        """Makes an empty index in the empty folder."""
        DurableFiles(self.folder).create_index(schema())

    def newest(self) -> object:
        """Opens the newest commit; the answer is another after each."""
        self._newest()
        return self._commit

    @property
    def documents(self) -> int:
        """How many documents can be found."""
        return self._newest().documents

    def identifiers(self) -> Sequence[str]:
        """The ids of all documents that can be found."""
        snapshot = self._newest()
        return [snapshot.names[number] for number in np.flatnonzero(~snapshot.deleted).tolist()]

    def search(self, query: Query, limit: int | None) -> Found:
        """The best `limit` documents of the newest commit."""
        snapshot = self._newest()
        numbers, scores, whole = snapshot.evaluate(query)
        order = best_first(numbers, scores)[:limit]
        return Found(snapshot.names, numbers[order], scores[order], whole[order], len(numbers))

    def having(self, word: str) -> Found:
        """Every document with the folded word, in no order, without scores."""
        snapshot = self._newest()
        return bare(snapshot.names, snapshot.having(word))

    def frequencies(self, words: Sequence[str]) -> Mapping[str, int]:
        """In how many documents each of the folded `words` stands."""
        return self._newest().frequencies(words)

    def apply(self, entries: Sequence[IndexEntry], deletes: Sequence[str]) -> None:
        """One batch, one commit, durable on return; what fails leaves the last commit."""
        snapshot = self._newest()
        names = dict.fromkeys((*(entry.id for entry in entries), *deletes))
        old = [number for name in names for number in snapshot.number_of(name)]
        policy = merge_smallest if len(snapshot.leaves) >= MOST_SEGMENTS else keep_all
        with _writer(DurableFiles(self.folder)) as writer:
            for number in old:
                writer.delete_document(number)
            for entry in entries:
                writer.add_document(**_fields(entry))
            writer.commit(mergetype=policy)

    def fill(self, entries: Iterable[IndexEntry]) -> int:
        """Many new entries in few commits; how many there were."""
        return _fill(DurableFiles(self.folder), iter(entries))

    def fill_part(self, entries: Iterable[IndexEntry]) -> int:
        """In an empty folder: what another index adopts; how many entries there were."""
        self.create()
        return self.fill(entries)

    def adopt(self, parts: Sequence[Self]) -> None:
        """Their segments are renamed into this folder, then one table of contents names them all."""
        files = DurableFiles(self.folder)
        if TOC._latest_generation(files, INDEX_NAME) < 0:
            self.create()  # removes segments: only before there are any
        toc = TOC.read(files, INDEX_NAME)
        segments: list[Any] = []
        for part in parts:
            segments += TOC.read(DurableFiles(part.folder), INDEX_NAME).segments
            for file in part.folder.glob("*.seg"):
                file.replace(self.folder / file.name)
        TOC(toc.schema, segments, toc.generation + 1).write(files, INDEX_NAME)

    def close(self) -> None:
        """Gives files and memory back; opened again when asked."""
        for leaf in self._leaves.values():
            leaf.reader.close()
        self._leaves, self._snapshot, self._commit = {}, None, None

    def _newest(self) -> Snapshot:
        commit = TOC._latest_generation(DurableFiles(self.folder), INDEX_NAME)
        if self._snapshot is None or self._commit != commit:
            self._snapshot = self._opened()
            self._commit = commit
        return self._snapshot

    def _opened(self, tries: int = 5) -> Snapshot:
        """Opens what is new since the last time; a commit may remove files under our hands, then once more."""
        files = DurableFiles(self.folder)
        try:
            toc = TOC.read(files, INDEX_NAME)
            leaves = {s.segment_id(): self._leaf(files, toc, s) for s in toc.segments}
        except SPOILED as error:
            files.give_back()
            if tries and isinstance(error, FileNotFoundError):
                return self._opened(tries - 1)
            raise
        files.hand_over()
        for name in self._leaves.keys() - leaves.keys():
            self._leaves[name].reader.close()
        self._leaves = leaves
        return _snapshot(tuple(leaves.values()), toc.segments)

    def _leaf(self, files: DurableFiles, toc: TOC, segment: Any) -> Leaf:
        known = self._leaves.get(segment.segment_id())
        return known or Leaf(SegmentReader(files, toc.schema, segment))


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
    try:
        writer = SegmentWriter(FileIndex(files), timeout=LOCK_SECONDS, limitmb=MEMORY_MB, codec=codec())
    except LockError as error:
        raise Transient(_BUSY) from error
    try:
        yield writer
    finally:
        if not writer.is_closed:
            with contextlib.suppress(*SPOILED):
                writer.cancel()
        if writer.writelock and not writer.is_closed:
            writer.writelock.release()


def _fill(files: DurableFiles, entries: Iterator[IndexEntry]) -> int:
    count = 0
    for entry in entries:
        with _writer(files) as writer:
            writer.add_document(**_fields(entry))
            for added, following in enumerate(entries, 2):
                writer.add_document(**_fields(following))
                if added >= SEGMENT_DOCUMENTS:
                    break
            count += writer.doc_count()
            writer.commit(mergetype=keep_all)
    return count
