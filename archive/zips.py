"""ZIP files: what is in them, within limits, as heads, as streams or as numbered files. Runs in a child.

Names in a ZIP are told, never used as paths; a ZIP in a ZIP is not opened.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from archive.errors import BadMessage
from archive.vietnamese import fold

MAGIC, EMPTY_MAGIC = b"PK\x03\x04", b"PK\x05\x06"
DOCUMENT = ("[Content_Types].xml", "mimetype")
"""In a ZIP it says that it is a .docx, an .odt or the like."""
MEMBERS, RATIO = 200, 300
"""Most files, and how many times its packed size one may have; an empty scan packs 100 times."""
SMALL = 1 << 20
"""Bytes below which nobody asks for the ratio."""
BOMB = "Tệp ZIP có quá nhiều tệp hoặc nở ra quá lớn nên không được mở. Chưa nhận gì; tệp vẫn ở bên gửi."
BROKEN = "Tệp ZIP bị hỏng hoặc nén theo cách lạ nên không mở được. Chưa nhận gì; tệp vẫn ở bên gửi."
LOCKED = "Tệp ZIP có mật khẩu nên không mở được. Chưa nhận gì; tệp vẫn ở bên gửi. Hãy gửi lại tệp không có mật khẩu."
CHUNK = 1 << 18
_IN_UTF8, _ENCRYPTED = 0x800, 0x1
_HEADER = 30
"""Bytes of the header before a file, at least (APPNOTE 4.3.7)."""
_BY_SYSTEMS = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


@dataclass(frozen=True, slots=True)
class Member:
    """One unpacked file; `name` is what the ZIP calls it."""

    path: Path
    name: str
    size: int
    sha256: str


_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, NotImplementedError)
"""What a damaged ZIP raises, and one packed in a way nobody here knows."""


def is_zip(head: bytes) -> bool:
    """By the first bytes of a file. Safe anywhere."""
    return head.startswith((MAGIC, EMPTY_MAGIC))


def heads(path: Path, length: int) -> Iterator[bytes]:
    """The first bytes of each file that can be read; BadMessage."""
    with opened(path) as archive:
        for info in files(archive):
            with contextlib.suppress(*_DAMAGED), archive.open(info) as member:
                yield member.read(length)


def unpack(path: Path, folder: Path, prefix: str, most: int) -> Iterator[Member]:
    """Each file in turn as `folder/prefix-0`, …; `most`: bytes of all together. BadMessage."""
    with opened(path) as archive:
        for number, info in enumerate(files(archive)):
            member = write(archive, info, folder / f"{prefix}-{number}", most)
            most -= member.size
            yield member


@contextlib.contextmanager
def opened(path: Path, members: int = MEMBERS) -> Iterator[zipfile.ZipFile]:
    """A ZIP of at most so many files, none of which shares its bytes with another. BadMessage."""
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGED as error:
        raise BadMessage(BROKEN) from error
    with archive:
        found = files(archive)
        if len(found) > members or _overlap(found):
            raise BadMessage(BOMB)
        yield archive


def files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Its files, without its folders, in its own order."""
    return [one for one in archive.infolist() if not one.orig_filename.endswith(("/", "\\"))]


def _overlap(found: Sequence[zipfile.ZipInfo]) -> bool:
    """Whether files lie within one another, by which a ZIP of some MB brings forth petabytes."""
    end = 0
    for one in sorted(found, key=lambda info: info.header_offset):
        if one.header_offset < end:
            return True
        end = one.header_offset + _HEADER + one.compress_size
    return False


def head(archive: zipfile.ZipFile, info: zipfile.ZipInfo, length: int) -> bytes:
    """The first bytes of a file. BadMessage."""
    with _reading(archive, info) as member:
        return member.read(length)


def write(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, most: int, small: int = SMALL
) -> Member:  # fmt: skip
    """A file as a new one at `path`, to its end, so that it is known to be whole. BadMessage."""
    with path.open("xb") as target:
        size, sha256 = copy(archive, info, most, target, small)
    return Member(path, name_of(info), size, sha256)


def copy(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int, target: BinaryIO | None = None, small: int = SMALL
) -> tuple[int, str]:
    """(bytes, SHA-256) of a file that is read to its end; BadMessage beyond `most`, or where its checksum is wrong.

    `small`: bytes below which the ratio is not asked for.
    """
    most = min(most, max(small, RATIO * info.compress_size))
    size, digest = 0, hashlib.sha256()
    with _reading(archive, info) as source:
        while piece := source.read(CHUNK):
            size += len(piece)
            if size > most:
                raise BadMessage(BOMB)
            digest.update(piece)
            if target is not None:
                target.write(piece)
    return size, digest.hexdigest()


@contextlib.contextmanager
def _reading(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    if info.flag_bits & _ENCRYPTED:
        raise BadMessage(LOCKED)
    try:
        with archive.open(info) as member:
            yield member
    except _DAMAGED as error:
        raise BadMessage(BROKEN) from error


# ------------------------------------------------------------------------------------------------ names


def name_of(info: zipfile.ZipInfo) -> str:
    """What the ZIP calls a file, with its folders; programs that do not say which letters they write are guessed.

    On Vietnamese Windows those are Windows-1258, on other systems UTF-8; the library has read them as those of a PC.
    """
    name = info.orig_filename.partition("\0")[0]
    if info.flag_bits & _IN_UTF8 or name.isascii():
        return name
    written = name.encode("cp437")
    try:
        return written.decode()
    except UnicodeDecodeError:
        return written.decode("cp1258", "replace")


def is_link(info: zipfile.ZipInfo) -> bool:
    """Whether it is a link of Unix to somewhere else, which nobody follows."""
    return stat.S_ISLNK(info.external_attr >> 16)


def is_aside(name: str) -> bool:
    """Whether systems put a file there for themselves: hidden ones, thumbnails, the second half of files of a Mac."""
    parts = [part for part in _parts(name) if part.strip(".")]
    return any(part.startswith(".") or part.casefold() in _BY_SYSTEMS for part in parts)


def natural(name: str) -> tuple[object, ...]:
    """What names are sorted by as people count: `trang 2` before `trang 10`, without capitals and marks."""
    told = PurePosixPath(fold(unicodedata.normalize("NFC", name)).replace("\\", "/"))
    parts = [*told.parent.parts, told.stem, told.suffix]
    return tuple(tuple(map(_counted, enumerate(re.split(r"([0-9]+)", part)))) for part in parts)


def _counted(piece: tuple[int, str]) -> tuple[int, str]:
    """Every second piece is a number, which may have any length."""
    place, text = piece
    number = text.lstrip("0")
    return (len(number), number) if place % 2 else (0, text)


def _parts(name: str) -> list[str]:
    return name.replace("\\", "/").split("/")
