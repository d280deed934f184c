"""Where bytes wait until they have a name: on the disk of this machine, hashed on the way, durable at the end."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from archive.blobs.engine import Blob
from archive.errors import DiskFull, NotFound, ScanTooLarge

CHUNK = 1 << 20
YOUNG = 60.0
"""Seconds: between its creation and its lock a temporary file of another process is unlocked, but young."""
_NAME = re.compile(r"[0-9a-f]{64}")
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class Spool:
    """Temporary files in a folder of their own, each locked by its writer for as long as it is needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def written(self, source: BinaryIO, limit: int | None = None) -> Iterator[tuple[Path, Blob]]:
        """All bytes of `source` in a file that outlives a power cut, and what they are; gone at the end.

        ScanTooLarge beyond `limit` bytes.
        """
        half = self.folder / uuid.uuid4().hex
        try:
            descriptor = os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o440)
            with os.fdopen(descriptor, "wb") as target:
                fcntl.flock(target, fcntl.LOCK_EX)  # alive: sweep() of another process lets it be
                blob = _copy(source, target, limit)
                yield half, blob
        finally:
            half.unlink(missing_ok=True)

    def sweep(self, now: float | None = None) -> int:
        """Remove files whose writer is gone; how many."""
        return sum(_sweep(half, now or time.time()) for half in self.folder.iterdir())


def _copy(source: BinaryIO, target: BinaryIO, limit: int | None) -> Blob:
    digest, size = hashlib.sha256(), 0
    while piece := source.read(CHUNK):
        size += len(piece)
        if limit is not None and size > limit:
            raise too_large(limit)
        digest.update(piece)
        target.write(piece)
    target.flush()
    os.fsync(target.fileno())
    return Blob(digest.hexdigest(), size)


def _sweep(half: Path, now: float) -> bool:
    with contextlib.suppress(OSError), half.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if now - half.stat().st_mtime > YOUNG:
            half.unlink()
            return True
    return False


def is_name(sha256: str) -> bool:
    """Whether this is the name of a blob."""
    return bool(_NAME.fullmatch(sha256))


def place(sha256: str) -> str:
    """Where a blob lies below the root of a store: the same in a folder as in a bucket. NotFound when it is no name."""
    if not is_name(sha256):
        raise NotFound("Mã bản gốc không hợp lệ.")
    return f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"


@contextlib.contextmanager
def no_room_said() -> Iterator[None]:
    """DiskFull where the disk has no room."""
    try:
        yield
    except OSError as error:
        raise full() if error.errno in _NO_ROOM else error from error


def full() -> DiskFull:
    """What a sender reads when the disk has no room."""
    return DiskFull("Kho lưu trữ hết chỗ nên chưa nhận tệp này; tệp vẫn ở máy của bạn. Hãy báo quản trị viên.")


def too_large(limit: int) -> ScanTooLarge:
    """What a sender reads when a file is larger than `limit` bytes."""
    return ScanTooLarge(
        f"Tệp lớn hơn {limit / (1 << 20):.0f} MB nên chưa được nhận; tệp vẫn ở máy của bạn. "
        "Hãy quét lại với độ phân giải thấp hơn hoặc chia thành nhiều tệp."
    )
