"""Backups in an object store: the same names as in a folder (archive/backup/target.py), objects instead of files.

A snapshot is put together in a folder of this machine that goes when the run ends, and sent with its manifest last;
originals go straight through. One run works in a place at a time: the object `lock`, renewed while it works, taken
over when nobody has renewed it for an hour.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import shutil
import tempfile
import time
import uuid
import weakref
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from archive.backup.target import ASIDE, MANIFEST, MARKER, MOST_BYTES, Manifest, Target
from archive.errors import Conflict, CopyBroken
from archive.models import now
from archive.object_store import ObjectStore

CHUNK = 1 << 20
LOCK = "lock"
STALE = dt.timedelta(hours=1)
RENEWED = 300.0
"""Seconds after which whoever works says so again."""


class BucketTarget(Target):
    """The backups below one address of an object store."""

    def __init__(self, url: str) -> None:
        self._objects = ObjectStore(url)
        scratch = tempfile.mkdtemp(prefix="vanthu-backup-")
        self._clean = weakref.finalize(self, shutil.rmtree, scratch, ignore_errors=True)
        super().__init__(Path(scratch))
        self._here: set[str] = set()
        """Snapshots whose files are in the folder of this run."""
        self._lock, self._renewed = "", 0.0

    @property
    def place(self) -> str:
        """Its address."""
        return self._objects.url

    def close(self) -> None:
        """The folder of this run goes; at the latest with this object."""
        self._clean()

    # -------------------------------------------------------------------------------------- whose it is

    def _marker_content(self) -> bytes | None:
        return self._objects.read(MARKER, MOST_BYTES)

    def _is_used(self) -> bool:
        return bool(self._objects.sizes())

    def _write_marker(self, content: bytes) -> None:
        self._objects.put(MARKER, content)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Alone in this place; Conflict when another run works in it."""
        self._lock = uuid.uuid4().hex
        if not self._objects.create(LOCK, self._locked_at()) and not self._is_stale():
            raise Conflict(
                "Một lần sao lưu khác đang chạy ở nơi này. Hãy đợi nó xong; nếu máy ấy đã tắt giữa chừng, sau một giờ "
                "lệnh này sẽ tự làm tiếp."
            )
        self._renew()
        try:
            yield
        finally:
            self._objects.remove([LOCK])

    def _locked_at(self) -> bytes:
        return json.dumps({"by": self._lock, "at": now().isoformat()}).encode()

    def _is_stale(self) -> bool:
        try:
            said = json.loads(self._objects.read(LOCK, CHUNK) or b"{}")
            return now() - dt.datetime.fromisoformat(said["at"]) > STALE
        except (ValueError, KeyError, TypeError):
            return True  # nobody's, or gone in between

    def _renew(self) -> None:
        if self._lock and time.monotonic() - self._renewed > RENEWED:
            self._objects.put(LOCK, self._locked_at())
            self._renewed = time.monotonic()

    # -------------------------------------------------------------------------------------- snapshots

    def names(self) -> list[str]:
        """Snapshots that were finished, oldest first."""
        return sorted(name for name, files in self._snapshots().items() if MANIFEST in files and self.is_name(name))

    def _taken(self) -> set[str]:
        return set(self._snapshots())

    def _snapshots(self) -> dict[str, list[str]]:
        """Name → its files, as they are at this moment."""
        found: dict[str, list[str]] = {}
        for path in self._objects.sizes("snapshots"):
            _, name, file = path.split("/", 2)
            found.setdefault(name, []).append(file)
        return found

    def begin(self, at: dt.datetime) -> str:
        """The name of a new snapshot, whose folder is made."""
        name = super().begin(at)
        self._here.add(name)
        return name

    def folder(self, name: str) -> Path:
        """Where a snapshot lies on this machine; it is fetched when it does not. CopyBroken."""
        place = self.snapshots / name
        if name in self._here or not self.is_name(name):
            return place
        for file in self._snapshots().get(name, []):
            if ".." in PurePosixPath(file).parts:
                raise CopyBroken(f"Bản sao lưu {name} có tên tệp không hợp lệ.")
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            self._objects.fetch(f"snapshots/{name}/{file}", place / file)
        self._here.add(name)
        return place

    def small(self, name: str, file: str) -> bytes:
        """A small file of a snapshot; CopyBroken."""
        content = self._objects.read(f"snapshots/{name}/{file}", MOST_BYTES)
        if content is None:
            raise CopyBroken(f"Thiếu tệp {file}.")
        return content

    def finish(self, name: str, manifest: Manifest) -> None:
        """Send the snapshot; its manifest last."""
        folder = self.folder(name)
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self._renew()
                self._objects.put(f"snapshots/{name}/{path.relative_to(folder).as_posix()}", path)
        self._objects.put(f"snapshots/{name}/{MANIFEST}", manifest.model_dump_json(indent=1).encode())

    def abandon(self, name: str) -> None:
        """What was sent of it is swept by the next run."""

    def drop(self, name: str) -> None:
        """Take a snapshot away, its manifest first: half of it is no snapshot."""
        files = self._snapshots().get(name, [])
        self._objects.remove(f"snapshots/{name}/{file}" for file in sorted(files, key=lambda one: one != MANIFEST))

    def sweep(self) -> None:
        """Take away what earlier runs began and did not finish."""
        for name, files in self._snapshots().items():
            if MANIFEST not in files:
                self._objects.remove(f"snapshots/{name}/{file}" for file in files)

    # -------------------------------------------------------------------------------------- originals

    @cached_property
    def _originals(self) -> dict[str, int]:
        """Name → bytes, kept up with what this run does."""
        return {path.rpartition("/")[2]: size for path, size in self._objects.sizes("blobs").items()}

    @staticmethod
    def _path(name: str) -> str:
        return f"blobs/{name[:2]}/{name[2:4]}/{name}"

    def has(self, sha256: str, size: int) -> bool:
        """Whether an original is there in its full length."""
        return self._originals.get(sha256) == size

    def put(self, source: BinaryIO, sha256: str) -> bool:
        """Send an original; False, and none, when it is not the one it should be."""
        self._renew()
        pieces = _Checked(source, sha256)
        try:
            self._objects.put(self._path(sha256), iter(pieces))
        except _Other:
            return False
        self._originals[sha256] = pieces.size
        return True

    def settle(self) -> None:
        """What the store has said it has, it has."""

    @contextlib.contextmanager
    def original(self, sha256: str) -> Iterator[Path | None]:
        """The bytes of an original as a file; None: it is not there."""
        self._renew()
        path = self.root / f"original-{sha256}"
        try:
            yield path if self._objects.fetch(self._path(sha256), path) else None
        finally:
            path.unlink(missing_ok=True)

    def holds(self, sha256: str) -> bool:
        """Whether there is an original of this name, whole or not."""
        return sha256 in self._originals

    def remove(self, name: str) -> None:
        """Take an original away, or one that was put aside."""
        self._objects.remove([self._path(name)])
        self._originals.pop(name, None)

    def put_aside(self, sha256: str) -> None:
        """A damaged original makes room for a good one."""
        self._objects.rename(self._path(sha256), self._path(sha256) + ASIDE)
        self._originals.pop(sha256, None)

    def stored(self) -> list[str]:
        """Names of all originals, and of those that were put aside."""
        return sorted(self._originals)

    # -------------------------------------------------------------------------------------- sidecars

    @cached_property
    def _told(self) -> set[str]:
        return {path.removeprefix("sidecars/") for path in self._objects.sizes("sidecars")}

    def has_sidecar(self, name: str) -> bool:
        """Whether a document, `2026/<id>.json`, has its sidecar."""
        return name in self._told

    def write_sidecar(self, name: str, content: bytes) -> None:
        """Write or replace a sidecar."""
        self._renew()
        self._objects.put(f"sidecars/{name}", content)

    def keep_sidecars(self, there: set[str]) -> None:
        """Take away those of documents that are no more, or may not be known any more."""
        self._objects.remove(f"sidecars/{name}" for name in self._told - there)


class _Other(Exception):
    """The bytes are not those that were to be sent."""


class _Checked:
    """The pieces of a stream; at its end, _Other unless they have this SHA-256: then nothing is stored."""

    def __init__(self, source: BinaryIO, sha256: str) -> None:
        self._source, self._sha256 = source, sha256
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        digest = hashlib.sha256()
        try:
            while piece := self._source.read(CHUNK):
                digest.update(piece)
                self.size += len(piece)
                yield piece
        except OSError as error:  # our own disk fails, not the store
            raise _Other from error
        if digest.hexdigest() != self._sha256:
            raise _Other


def open_target(place: str) -> Target:
    """The backups at `place`: a folder, or `s3://bucket/folder`. BadValue."""
    return BucketTarget(place) if "://" in place else Target(Path(place).absolute())
