"""What Whoosh needs of us: a field of ready tokens, files that survive a power cut, a policy of merging.

The schema is pickled into the index with the names of these classes: moving or renaming them means a rebuild.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from whoosh import columns, fields, formats
from whoosh.codec import default_codec
from whoosh.filedb.filestore import FileStorage
from whoosh.reading import SegmentReader

from archive.durable import sync
from archive.search.pairs import BYTES

MOST_SEGMENTS = 12
LENGTH = "*"


class Tokens(fields.FieldType):  # type: ignore[misc]
    """A field given as token -> weight; a posting keeps the weight, no positions (a phrase is checked in the text).

    Token objects and pickled positions of Whoosh's own TEXT cost more than half of the time of writing.
    """

    indexed = True
    stored = False
    unique = False
    scorable = False
    vector = None
    column_type = None
    multitoken_query = "default"
    spelling = False

    def __init__(self) -> None:
        self.analyzer = None
        self.format = formats.Existence()

    def index(self, value: Mapping[str, float], **_options: Any) -> list[tuple[bytes, int, float, bytes]]:
        """(token, frequency, weight, value) of each token."""
        return [(token.encode(), 1, float(weight), b"") for token, weight in value.items()]


def schema() -> Any:
    """The fields: id, to be looked up, and the same as name, to be read; body, folded words and how often; pairs (see
    pairs.py); sequence (see phrases.py); key (see keys.py), and LENGTH with the number of words."""
    return fields.Schema(
        id=fields.ID(unique=True), name=fields.COLUMN(columns.VarBytesColumn()), body=Tokens(), key=Tokens(),
        pairs=fields.COLUMN(columns.FixedBytesColumn(BYTES)), sequence=fields.COLUMN(columns.VarBytesColumn()),
    )  # fmt: skip


def codec() -> Any:
    """Whoosh's own, without its statistics of field lengths: they cost a fifth of the time of writing."""
    own = default_codec()
    own.length_stats = False
    return own


class DurableFiles(FileStorage):  # type: ignore[misc]
    """Whoosh never calls fsync: new files are synced before the table of contents names them.

    No memory maps: a file cut short under a map kills the process instead of raising.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), supports_mmap=False)
        self._fresh: set[str] = set()
        self._opened: list[Any] = []

    def open_file(self, name: str, **options: Any) -> Any:
        file = super().open_file(name, **options)
        self._opened.append(file)
        return file

    def give_back(self) -> None:
        """Closes what Whoosh left open when it failed half-way."""
        for file in self._opened:
            file.file.close()
        self._opened.clear()

    def hand_over(self) -> None:
        """What is open now is closed by its readers."""
        self._opened.clear()

    def create_file(self, name: str, *args: Any, **options: Any) -> Any:
        self._fresh.add(name)
        return super().create_file(name, *args, **options)

    def rename_file(self, old: str, new: str, safe: bool = False) -> None:
        """Called once in a commit, when the table of contents takes its name."""
        for name in self._fresh:
            file = Path(self.folder) / name
            if file.exists():
                handle = os.open(file, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)
        self._fresh.clear()
        super().rename_file(old, new, safe)
        sync(Path(self.folder))


def merge_smallest(writer: Any, segments: list[Any]) -> list[Any]:
    """Whoosh's merge policy: the smallest segments become one, big ones are left until enough small ones add up."""
    ordered = sorted(segments, key=lambda segment: segment.doc_count_all())
    taken, total = 0, 0
    for segment in ordered:
        if taken >= 2 and segment.doc_count_all() > 3 * total:
            break
        taken, total = taken + 1, total + segment.doc_count_all()
    for segment in ordered[:taken]:
        reader = SegmentReader(writer.storage, writer.schema, segment)
        writer.add_reader(reader)
        reader.close()
    return ordered[taken:]


def keep_all(writer: Any, segments: list[Any]) -> list[Any]:  # noqa: ARG001
    """Whoosh's merge policy: none now."""
    return segments
