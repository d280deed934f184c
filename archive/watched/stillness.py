"""When a file is whole: nobody writes it any more. Three witnesses, for each alone is deceived.

Its size and time stand still over two looks (works on every mount); its end is there, where the format has one (a
scanner pauses while it feeds); and on a disk of this machine the kernel says whether somebody has it open to write.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from archive.watched.folder import Facts

PATIENT = 12
"""Times as long a file waits that is empty or whose end is missing: then it is taken as it is, and refused or kept."""
_HEAD, _TAIL = 8, 2048
_ENDS = ((b"%PDF-", b"%%EOF"), (b"\xff\xd8\xff", b"\xff\xd9"), (b"\x89PNG", b"IEND"), (b"PK\x03\x04", b"PK\x05\x06"))
_LEFT_ALONE = re.compile(
    r"\..*|~.*|.*(?:\.(?:tmp|temp|part|partial|filepart|crdownload|download|lock|swp)|~)|thumbs\.db|desktop\.ini",
    re.IGNORECASE | re.DOTALL,
)


def is_left_alone(name: str) -> bool:
    """Whether a name says that the file is not finished, or none of ours."""
    return bool(_LEFT_ALONE.fullmatch(name))


@dataclass(frozen=True, slots=True)
class Found:
    """A file in the folder."""

    parts: tuple[str, ...]
    """The sub-folders it lies in."""
    name: str
    facts: Facts


@dataclass(slots=True)
class _Seen:
    facts: Facts
    since: float
    looks: int = 0
    was_renamed: bool = False


class Patience:
    """Remembers from look to look how long each file has stood still; `clock` counts seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._seen: dict[tuple[tuple[str, ...], str], _Seen] = {}
        self._inodes: set[Facts] = set()
        """Every file of the last look, also those whose names say that they are not finished."""

    def look(self, found: Iterable[Found]) -> list[Found]:
        """Those that have stood still; each look is told of all files, the unfinished ones too."""
        now, every = self._clock(), list(found)
        ours = [one for one in every if not is_left_alone(one.name)]
        self._seen = {(one.parts, one.name): self._again(one, now) for one in ours}
        self._inodes = {one.facts for one in every}
        return [one for one in ours if self._is_still(self._seen[one.parts, one.name], now)]

    def stood(self, one: Found) -> float:
        """Seconds since when it has not changed."""
        seen = self._seen.get((one.parts, one.name))
        return self._clock() - seen.since if seen else 0.0

    def has_waited(self, one: Found) -> bool:
        """Whether it is taken though something about it says that it is not whole."""
        return self.stood(one) >= self._seconds * PATIENT

    def _again(self, one: Found, now: float) -> _Seen:
        seen = self._seen.get((one.parts, one.name))
        if seen and seen.facts == one.facts:
            seen.looks += 1
            return seen
        return _Seen(one.facts, now, was_renamed=seen is None and one.facts in self._inodes)

    def _is_still(self, seen: _Seen, now: float) -> bool:
        stood = now - seen.since
        if not seen.facts.size:
            return stood >= self._seconds * PATIENT
        return seen.looks > 0 and (seen.was_renamed or stood >= self._seconds)


def is_being_written(descriptor: int) -> bool:
    """Whether somebody has the file open to write, where the kernel tells: not on a mount, nor of another's file."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)  # what tells of a writer now; SIGIO would end us
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def has_its_end(descriptor: int) -> bool:
    """Whether the last bytes are those with which such a file ends; True where its format has none."""
    head = os.pread(descriptor, _HEAD, 0)
    end = next((end for begin, end in _ENDS if head.startswith(begin)), None)
    size = os.fstat(descriptor).st_size
    return end is None or end in os.pread(descriptor, _TAIL, max(0, size - _TAIL))
