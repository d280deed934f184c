"""Copies of originals on the disk of this machine, for children open files by path: a projection, fetched when lost.

Any number of processes share it: a name that exists has all its bytes, for they were hashed and made durable under
another one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

BUSY = 900.0
"""Seconds after its last use in which a copy stays, however many there are: a child may be about to open it."""
TOUCHED = 60.0
"""Seconds in which the use of a copy is noted once."""
SHARE = 50
"""A process looks at the size of the whole after it has brought the fiftieth part of it near."""


class Near:
    """Copies below `root`: at most `most` bytes, and half of what the disk has left; those longest unused go."""

    def __init__(self, root: Path, most: int) -> None:
        self.root, self._most = root, most
        self._brought = most  # the first copy of a process looks, too
        root.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path | None:
        """The copy, used just now; None when there is none."""
        path = self._place(sha256)
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > TOUCHED:
                os.utime(path)
            return path
        return None

    def keep(self, half: Path, sha256: str) -> Path:
        """Make the file `half`, whose bytes are durable and those of this name, the copy."""
        path = self._place(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._brought += half.stat().st_size
        half.replace(path)
        if self._brought * SHARE > self._most:
            self._brought = 0
            self.tidy()
        return path

    def forget(self, sha256: str) -> bool:
        """Take a copy away; whether there was one."""
        try:
            self._place(sha256).unlink()
        except FileNotFoundError:
            return False
        return True

    def tidy(self, now: float | None = None) -> int:
        """Take those away that are too many; how many. One process does so at a time, the others need not."""
        with self._alone() as is_alone:
            return self._tidy(now or time.time()) if is_alone else 0

    def _tidy(self, now: float) -> int:
        found = sorted(self._copies())
        there = sum(size for _, size, _ in found)
        most, gone = min(self._most, (shutil.disk_usage(self.root).free + there) // 2), 0
        for used, size, path in found:
            if there <= most or now - used < BUSY:
                break
            path.unlink(missing_ok=True)
            there, gone = there - size, gone + 1
        return gone

    def _copies(self) -> Iterator[tuple[float, int, Path]]:
        """When each was last used, its bytes, its path."""
        for path in self.root.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                found = path.stat()
                yield found.st_mtime, found.st_size, path

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        lock = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
        except BlockingIOError:
            yield False
        finally:
            os.close(lock)

    def _place(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256
