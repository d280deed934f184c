"""Which picture of a ZIP is which page: in the order in which people count their names, a TIFF with all its pages.

Runs only in a child. The ZIP is opened anew for each page, and nothing of it is kept but what is read.
"""

from __future__ import annotations

import functools
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive import pictures, zips
from archive.errors import BadMessage, UnknownFormat, Unreadable
from archive.packed import LARGE, MEMBERS

MOST = 1 << 29
"""Bytes of one picture; the door takes none that is as large."""
_BROKEN = "Tệp ZIP đã hỏng, không đọc được trang nào. Hãy báo quản trị viên; kho còn giữ tệp gốc trong các bản sao lưu."
_NO_SCAN = "Tệp ZIP này không phải chỉ gồm ảnh nên không đọc như một bản quét; hãy mở ra rồi đọc từng tệp bên trong."
_NO_PAGE = "Tệp ZIP không có trang này."


def papers(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files people put there, in order."""
    named = [(zips.name_of(one), one) for one in zips.files(archive)]
    ours = [one for one in named if not zips.is_aside(one[0])]
    return [info for _, info in sorted(ours, key=lambda one: (zips.natural(one[0]), one[0]))]


def are_pictures(archive: zipfile.ZipFile) -> bool:
    """Whether there is nothing but pictures, and at least one. BadMessage where that cannot be seen."""
    found = papers(archive)
    return bool(found) and all(pictures.kind(zips.head(archive, one, pictures.HEAD)) for one in found)


def count(path: Path, most_pixels: int, most_pages: int) -> int:
    """How many pages, counted no farther than one beyond `most_pages`. UnknownFormat for any other ZIP."""
    with _opened(path) as archive:
        if not are_pictures(archive):
            raise UnknownFormat(_NO_SCAN)
    return len(_leaves(*_known(path), most_pixels, most_pages))


@contextmanager
def picture(path: Path, n: int, most_pixels: int, most_pages: int) -> Iterator[tuple[Path, int]]:
    """The picture on which page `n` is, as a file of its own for as long as it is asked for, and the page in it."""
    leaves = _leaves(*_known(path), most_pixels, most_pages)
    if not 0 < n <= len(leaves):
        raise Unreadable(_NO_PAGE)
    place, number = leaves[n - 1]
    with _opened(path) as archive, _as_file(archive, papers(archive)[place]) as file:
        yield file, number


def _known(path: Path) -> tuple[Path, int, int]:
    facts = path.stat()
    return path, facts.st_size, facts.st_mtime_ns


@functools.lru_cache(maxsize=4)
def _leaves(
    path: Path, _size: int, _changed: int, most_pixels: int, most_pages: int
) -> tuple[tuple[int, int], ...]:  # fmt: skip
    """(place among the papers, page of that picture) of each page; a TIFF is unpacked to be counted."""
    found: list[tuple[int, int]] = []
    with _opened(path) as archive:
        for place, info in enumerate(papers(archive)):
            pages = _pages(archive, info, most_pixels, most_pages - len(found))
            found += [(place, number) for number in range(1, pages + 1)]
            if len(found) > most_pages:
                break
    return tuple(found)


def _pages(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most_pixels: int, most_pages: int) -> int:
    """Of a picture; one that cannot be opened is a page that cannot be read, and the others go on."""
    if pictures.kind(zips.head(archive, info, pictures.HEAD)) != pictures.TIFF:
        return 1
    with _as_file(archive, info) as file:
        try:
            return pictures.count(file, most_pixels, most_pages)
        except Unreadable:
            return 1


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The door has looked at it: what cannot be opened now was damaged since."""
    try:
        with zips.opened(path, MEMBERS) as archive:
            yield archive
    except BadMessage as error:
        raise Unreadable(_BROKEN) from error


@contextmanager
def _as_file(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield zips.write(archive, info, Path(folder, "picture"), MOST, LARGE).path
