"""ZIP files around a message or inside one: what is in them, within limits, as numbered files. Runs in a child.

Names in a ZIP are told, never used as paths; a ZIP in a ZIP is not opened.
"""

from __future__ import annotations

import contextlib
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.errors import BadMessage

MAGIC = b"PK\x03\x04"
MEMBERS, RATIO = 200, 300
"""Most files, and how many times its packed size one may have; an empty scan packs 100 times."""
SMALL = 1 << 20
"""Bytes below which nobody asks for the ratio."""
BOMB = "Tệp ZIP có quá nhiều tệp hoặc nở ra quá lớn nên không được mở. Chưa nhận gì; tệp vẫn ở bên gửi."
BROKEN = "Tệp ZIP bị hỏng hoặc có mật khẩu nên không mở được. Chưa nhận gì; tệp vẫn ở bên gửi."
CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Member:
    """One unpacked file; `name` is what the ZIP calls it."""

    path: Path
    name: str
    size: int
    sha256: str


_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, NotImplementedError)
"""What a damaged ZIP raises, and one with a password (RuntimeError)."""


def heads(path: Path, length: int) -> Iterator[bytes]:
    """The first bytes of each file that can be read; BadMessage."""
    with _opened(path) as archive:
        for info in _files(archive):
            with contextlib.suppress(*_DAMAGED), archive.open(info) as member:
                yield member.read(length)


def unpack(path: Path, folder: Path, prefix: str, most: int) -> Iterator[Member]:
    """Each file in turn as `folder/prefix-0`, …; `most`: bytes of all together. BadMessage."""
    with _opened(path) as archive:
        for number, info in enumerate(_files(archive)):
            member = _write(archive, info, folder / f"{prefix}-{number}", most)
            most -= member.size
            yield member


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _DAMAGED as error:
        raise BadMessage(BROKEN) from error


def _files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    found = [one for one in archive.infolist() if not one.is_dir()]
    if len(found) > MEMBERS:
        raise BadMessage(BOMB)
    return found


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, most: int) -> Member:
    most = min(most, max(SMALL, RATIO * info.compress_size))
    size, digest = 0, hashlib.sha256()
    try:
        with archive.open(info) as source, path.open("xb") as target:
            while piece := source.read(CHUNK):
                size += len(piece)
                if size > most:
                    raise BadMessage(BOMB)
                digest.update(piece)
                target.write(piece)
    except _DAMAGED as error:
        raise BadMessage(BROKEN) from error
    return Member(path, info.filename, size, digest.hexdigest())
