"""Originals on a local disk: `sha256/ab/cd/<64 hex digits>`, mode 0440.

The order is what makes a power cut harmless: bytes to a temporary file, fsync, rename, fsync of the folders; a name
that exists therefore always has its bytes. `put` returns only after that.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from archive.durable import sha256_of, sync
from archive.errors import DiskFull, NotFound, ScanTooLarge

CHUNK = 1 << 20
YOUNG = 60.0
"""Seconds: between its creation and its lock a temporary file of another process is unlocked, but young."""
_NAME = re.compile(r"[0-9a-f]{64}")
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Blob:
    """What a store says of bytes it keeps."""

    sha256: str
    size: int


class Blobs:
    """A content-addressed store below `root`; opening it sweeps what a crash left half-written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._half = root / "tmp"
        self._half.mkdir(parents=True, exist_ok=True)
        sync(root.parent)  # the store itself must be there after a power cut, too
        self.sweep()

    def put(self, source: BinaryIO | Path, limit: int | None = None) -> Blob:
        """Keep the bytes of `source`, durably; the same bytes again are the same blob.

        DiskFull when they do not fit, ScanTooLarge beyond `limit` bytes; then nothing is left behind.
        """
        if isinstance(source, Path):
            with source.open("rb") as stream:
                return self.put(stream, limit)
        half = self._half / uuid.uuid4().hex
        try:
            blob = self._write(half, source, limit)
            self._name(half, blob)
        except OSError as error:
            raise full() if error.errno in _NO_ROOM else error from error
        finally:
            half.unlink(missing_ok=True)
        return blob

    def _write(self, half: Path, source: BinaryIO, limit: int | None) -> Blob:
        digest, size = hashlib.sha256(), 0
        descriptor = os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o440)
        with os.fdopen(descriptor, "wb") as target:
            fcntl.flock(target, fcntl.LOCK_EX)  # alive: sweep() of another process lets it be
            while piece := source.read(CHUNK):
                size += len(piece)
                if limit is not None and size > limit:
                    raise too_large(limit)
                digest.update(piece)
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        return Blob(digest.hexdigest(), size)

    def _name(self, half: Path, blob: Blob) -> None:
        path = self._place(blob.sha256)
        folders = (path.parent, path.parent.parent, path.parent.parent.parent)
        if not self.verify(blob.sha256):  # not there; or damaged since, and here are the right bytes again
            path.parent.mkdir(parents=True, exist_ok=True)
            half.replace(path)
        # Always all of them: that a folder exists does not say that another process has made it durable.
        for folder in (*folders, self.root):
            sync(folder)

    def path(self, sha256: str) -> Path:
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
        return bool(_NAME.fullmatch(sha256)) and self._place(sha256).is_file()

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

    def sweep(self, now: float | None = None) -> int:
        """Remove half-written files whose writer is gone; how many."""
        return sum(_sweep(half, now or time.time()) for half in self._half.iterdir())

    def _place(self, sha256: str) -> Path:
        if not _NAME.fullmatch(sha256):
            raise NotFound("Mã bản gốc không hợp lệ.")
        return self.root / "sha256" / sha256[:2] / sha256[2:4] / sha256


def full() -> DiskFull:
    """What a sender reads when the disk has no room."""
    return DiskFull("Kho lưu trữ hết chỗ nên chưa nhận tệp này; tệp vẫn ở máy của bạn. Hãy báo quản trị viên.")


def too_large(limit: int) -> ScanTooLarge:
    """What a sender reads when a file is larger than `limit` bytes."""
    return ScanTooLarge(
        f"Tệp lớn hơn {limit / (1 << 20):.0f} MB nên chưa được nhận; tệp vẫn ở máy của bạn. "
        "Hãy quét lại với độ phân giải thấp hơn hoặc chia thành nhiều tệp."
    )


def _sweep(half: Path, now: float) -> bool:
    with contextlib.suppress(OSError), half.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if now - half.stat().st_mtime > YOUNG:
            half.unlink()
            return True
    return False
