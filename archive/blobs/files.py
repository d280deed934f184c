"""Originals on a local disk: `sha256/ab/cd/<64 hex digits>`, mode 0440.

The order is what makes a power cut harmless: bytes to a temporary file, fsync, rename, fsync of the folders; a name
that exists therefore always has its bytes. `put` returns only after that.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from archive.blobs.engine import Blob
from archive.blobs.spool import Spool, is_name, no_room_said, place
from archive.durable import sha256_of, sync
from archive.errors import NotFound


class Files:
    """A content-addressed store below `root`; opening it sweeps what a crash left half-written."""

    is_local = True

    def __init__(self, root: Path) -> None:
        self.root = root
        self._spool = Spool(root / "tmp")
        sync(root.parent)  # the store itself must be there after a power cut, too
        self.sweep()

    def put(self, source: BinaryIO | Path, limit: int | None = None) -> Blob:
        """Keep the bytes of `source`, durably; the same bytes again are the same blob.

        DiskFull when they do not fit, ScanTooLarge beyond `limit` bytes; then nothing is left behind.
        """
        if isinstance(source, Path):
            with source.open("rb") as stream:
                return self.put(stream, limit)
        with no_room_said(), self._spool.written(source, limit) as (half, blob):
            self._name(half, blob)
        return blob

    def _name(self, half: Path, blob: Blob) -> None:
        path = self._place(blob.sha256)
        folders = (path.parent, path.parent.parent, path.parent.parent.parent)
        if not self.verify(blob.sha256):  # not there; or damaged since, and here are the right bytes again
            path.parent.mkdir(parents=True, exist_ok=True)
            half.replace(path)
        # Always all of them: that a folder exists does not say that another process has made it durable.
        for folder in (*folders, self.root):
            sync(folder)

    def path(self, sha256: str, beat: Callable[[], None] | None = None) -> Path:  # noqa: ARG002
        """A local path at which the bytes can be read; NotFound when they are not there."""
        path = self._place(sha256)
        if not path.is_file():
            raise NotFound(f"Không tìm thấy bản gốc {sha256[:12]}… trong kho. Hãy báo quản trị viên.")
        return path

    def open(self, sha256: str) -> BinaryIO:
        """The bytes as a stream; NotFound when they are not there."""
        return self.path(sha256).open("rb")

    def has(self, sha256: str) -> bool:
        """Whether the bytes are there."""
        return is_name(sha256) and self._place(sha256).is_file()

    def size(self, sha256: str) -> int:
        """How many bytes there are; NotFound."""
        return self.path(sha256).stat().st_size

    def born(self, sha256: str) -> float:
        """When they were written, in seconds of the epoch; NotFound."""
        return self.path(sha256).stat().st_mtime

    def verify(self, sha256: str) -> bool:
        """Whether the bytes are there and still the ones that were put."""
        if not self.has(sha256):
            return False
        return sha256_of(self.path(sha256)) == sha256

    def walk(self) -> Iterator[str]:
        """The names of all blobs, in order."""
        for path in sorted((self.root / "sha256").glob("??/??/*")):
            yield path.name

    def free(self) -> int:
        """Bytes that still fit on the disk."""
        return shutil.disk_usage(self.root).free

    def take(self, sha256: str, target: Path) -> bool:
        """Move the bytes out of the store into the file `target`; False: they are not there.

        A rename where it can be, and durable: a crash leaves the bytes in one of the two places.
        """
        if not self.has(sha256):
            return False
        _move(self.path(sha256), target)
        return True

    def remove(self, sha256: str) -> None:
        """Take bytes away for good."""
        with contextlib.suppress(FileNotFoundError):
            self._place(sha256).unlink()
            sync(self._place(sha256).parent)

    def forget(self, names: Iterable[str]) -> int:  # noqa: ARG002
        """No copies are kept beside the store."""
        return 0

    def is_there(self) -> bool:
        """Whether there is any original at all: the disk may not be mounted."""
        return any((self.root / "sha256").glob("??"))

    def fault(self) -> str | None:
        """Nothing: whether the disk takes files is seen by all who look at the data directory."""
        return None

    def sweep(self, now: float | None = None) -> int:
        """Remove half-written files whose writer is gone; how many."""
        return self._spool.sweep(now)

    def _place(self, sha256: str) -> Path:
        return self.root / place(sha256)


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError:  # another disk
        half = target.with_suffix(".half")
        shutil.copyfile(source, half)
        sync(half)
        half.replace(target)
        source.unlink()
    target.chmod(0o400)
    sync(target.parent)
    sync(source.parent)
