"""Folders held open: what is done in one is done in it, whatever its name may lead to by now. No link is followed."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Self

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""NONBLOCK: a pipe that took the place of a file must not hold us."""
LONGEST_NAME = 255
"""Bytes of a name on the usual file systems."""
LONGEST_ENDING = 20
"""Bytes of what is still the ending of a name."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file is, as far as can be told without reading it."""

    device: int
    inode: int
    size: int
    changed: int
    """Nanoseconds of its last change of content."""


class Folder:
    """One open folder; a context manager. Everything may raise OSError."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def open(cls, path: Path) -> Folder:
        """The folder at `path`, whose own name may be a link: who set it knows where it leads."""
        return cls(os.open(path, _FOLDER & ~os.O_NOFOLLOW))

    def below(self, parts: Sequence[str], *, make: bool = False) -> Folder:
        """A folder further down; `make`: it is made where it is not there."""
        here = Folder(os.dup(self.descriptor))
        for part in parts:
            with here:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, 0o770, dir_fd=here.descriptor)
                        here.sync()
                here = Folder(os.open(part, _FOLDER, dir_fd=here.descriptor))
        return here

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)

    def files(self) -> Iterator[tuple[str, Facts]]:
        """Ordinary files and what they are; links, pipes and devices are none."""
        for entry in self._entries():
            with contextlib.suppress(FileNotFoundError):
                found = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(found.st_mode):
                    yield entry.name, _facts(found)

    def folders(self) -> list[str]:
        """Names of the folders in it, in order."""
        return sorted(entry.name for entry in self._entries() if entry.is_dir(follow_symlinks=False))

    def _entries(self) -> list[os.DirEntry[str]]:
        with os.scandir(self.descriptor) as found:
            return sorted(found, key=lambda entry: entry.name)

    def open_file(self, name: str) -> int:
        """A descriptor for reading; OSError where it is no ordinary file."""
        descriptor = os.open(name, _FILE, dir_fd=self.descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "no ordinary file")
        return descriptor

    def write_new(self, name: str, content: bytes) -> None:
        """A new file, durable; FileExistsError."""
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o660, dir_fd=self.descriptor)
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())

    def append(self, name: str, line: bytes, *, first: bytes) -> None:
        """One line more at the end of a file, which begins with `first`; others may do the same.

        OSError where it is no ordinary file, or has another name elsewhere: then it may be somebody's paper.
        """
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags, 0o660, dir_fd=self.descriptor)
        with contextlib.closing(os.fdopen(descriptor, "ab", buffering=0)) as target:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
                raise OSError(errno.EINVAL, "no list of ours")
            target.write(line if found.st_size else first + line)

    def claim(self, name: str, room: Folder) -> str:
        """Move a file into a room of our own on the same disk, in one act; its name there."""
        given = next(one for one in numbered(name) if not room.has(one))
        os.rename(name, given, src_dir_fd=self.descriptor, dst_dir_fd=room.descriptor)
        room.sync()
        return given

    def move(self, name: str, target: Folder, wanted: str) -> str:
        """Move a file into another folder under this name, or with a number where it is taken; its name there.

        Nothing is ever overwritten. FileNotFoundError: it is gone.
        """
        os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        for given in numbered(wanted):
            with contextlib.suppress(FileExistsError):
                _move(self, name, target, given)
                target.sync()
                self.sync()
                return given
        raise OSError(errno.EEXIST, "no free name")

    def has(self, name: str) -> bool:
        """Whether there is anything of this name."""
        try:
            os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def is_plain(self, name: str) -> bool:
        """Whether there is a folder of this name, and no link to one, or nothing at all."""
        try:
            self.below((name,)).__exit__()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def forget(self, name: str) -> None:
        """Remove a file of ours, if it is there."""
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self.descriptor)

    def is_same(self, other: Folder) -> bool:
        """Whether both are one folder."""
        return os.path.sameopenfile(self.descriptor, other.descriptor)

    def take_away(self, name: str) -> None:
        """Remove an empty folder, if it is one."""
        with contextlib.suppress(OSError):
            os.rmdir(name, dir_fd=self.descriptor)

    def sync(self) -> None:
        """Names in it outlive a power cut, where the file system knows how."""
        with contextlib.suppress(OSError):  # network mounts may not
            os.fsync(self.descriptor)


def facts_of(descriptor: int) -> Facts:
    """What an open file is by now."""
    return _facts(os.fstat(descriptor))


def _facts(found: os.stat_result) -> Facts:
    return Facts(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def numbered(name: str) -> Iterator[str]:
    """A name, then the same with (2), (3) …"""
    stem, ending = _parted(name)
    yield name
    for number in range(2, 10_000):
        tail = f" ({number}){ending}"
        yield _cut(stem, LONGEST_NAME - 4 - len(os.fsencode(tail))) + tail  # a reason's `.txt` must fit, too


def with_room(name: str) -> str:
    """The name, cut where `.txt` would not fit behind it."""
    stem, ending = _parted(name)
    return _cut(stem, LONGEST_NAME - 4 - len(os.fsencode(ending))) + ending


def _parted(name: str) -> tuple[str, str]:
    ending = PurePath(name).suffix
    return (PurePath(name).stem, ending) if len(os.fsencode(ending)) <= LONGEST_ENDING else (name, "")


def _cut(text: str, most: int) -> str:
    """Its first characters, in at most so many bytes."""
    while len(os.fsencode(text)) > most:
        text = text[:-1]
    return text


def _move(source: Folder, name: str, target: Folder, given: str) -> None:
    """FileExistsError, and nothing has happened, where the name is taken."""
    try:
        os.link(name, given, src_dir_fd=source.descriptor, dst_dir_fd=target.descriptor, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # another disk, no links there, somebody else's file: an empty file holds the name
        target.write_new(given, b"")
        try:
            _replace(source, name, target, given)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(given, dir_fd=target.descriptor)
            raise
    else:
        os.unlink(name, dir_fd=source.descriptor)


def _replace(source: Folder, name: str, target: Folder, given: str) -> None:
    try:
        os.replace(name, given, src_dir_fd=source.descriptor, dst_dir_fd=target.descriptor)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(source, name, target, given)
        os.unlink(name, dir_fd=source.descriptor)


def _copy(source: Folder, name: str, target: Folder, given: str) -> None:
    """Onto another disk, over the empty file that holds the name."""
    reading = source.open_file(name)
    with os.fdopen(reading, "rb") as stream:
        writing = os.open(given, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=target.descriptor)
        with os.fdopen(writing, "wb") as copy:
            shutil.copyfileobj(stream, copy, 1 << 20)
            copy.flush()
            os.fsync(copy.fileno())
