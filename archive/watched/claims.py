"""Whose a file in work is: a rename into a hidden folder of one process, which only one of many can make.

Nothing here decides whether a paper is lost or doubled: the same bytes are the same scan whoever sends them. It keeps
two processes from the same work, and a file that comes under the same name from being taken for the one in work.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence

from archive.watched.folder import Folder

HIDDEN = ".vanthu"
LONGEST_CLAIM = 120.0
"""Seconds that the claims of a process elsewhere may stand still before another takes them up."""


class Claims:
    """The claims of this process, and those that others left."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        host = re.sub(r"[^A-Za-z0-9.]", "", socket.gethostname())[:60]
        self.owner = f"{host}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._clock = clock
        self._first_seen: dict[tuple[tuple[str, ...], str, str], float] = {}

    @contextlib.contextmanager
    def room(self, folder: Folder) -> Iterator[Folder]:
        """The hidden folder for what this process has in work; it goes when it is empty."""
        room = folder.below((HIDDEN, self.owner), make=True)
        try:
            with room:
                yield room
        finally:
            clear(folder, self.owner)

    def left(self, folder: Folder, parts: Sequence[str]) -> list[tuple[str, str]]:
        """(owner, name) of files in a folder whose process is gone."""
        found = []
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), folder.below((HIDDEN,)) as hidden:
            for owner in hidden.folders():
                with hidden.below((owner,)) as room:
                    names = [name for name, _facts in room.files()]
                found += [(owner, name) for name in names if self._is_left(tuple(parts), owner, name)]
                if not names:
                    hidden.take_away(owner)
        return found

    def _is_left(self, parts: tuple[str, ...], owner: str, name: str) -> bool:
        """By its process, where that would be here; else by how long we have seen it stand."""
        host, _dash, rest = owner.rpartition("-")[0].rpartition("-")
        ours = self.owner.rpartition("-")[0].rpartition("-")[0]
        if host == ours and rest.isdecimal():
            return owner == self.owner or int(rest) == os.getpid() or not _runs(int(rest))
        since = self._first_seen.setdefault((parts, owner, name), self._clock())
        return self._clock() - since > LONGEST_CLAIM


def clear(folder: Folder, owner: str) -> None:
    """Remove the hidden folder of a process when nothing is in it."""
    with contextlib.suppress(OSError), folder.below((HIDDEN,)) as hidden:
        hidden.take_away(owner)
    folder.take_away(HIDDEN)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
