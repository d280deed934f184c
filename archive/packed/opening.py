"""What is in a ZIP, as files in a folder. Runs in a child."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archive import kinds, office_files, scans, zips
from archive.enclosed import File
from archive.errors import Refused
from archive.kinds import EMPTY, OTHER
from archive.packed import LARGE, MEMBERS, leaves

PAGES, PAPERS = 5, 2
"""How many times the largest file that is taken all pictures together may be, which are pages, and all papers."""
NESTED, LINK = "tệp ZIP trong tệp ZIP, kho không mở", "một liên kết, không phải tệp"
MESSAGE = "thông điệp edXML, hãy gửi riêng"
"""Of a ZIP with more files than one around a message may have."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A ZIP opened: nothing but the pages of one scan, which stay in it, or files one by one."""

    are_pages: bool = False
    files: tuple[File, ...] = ()


def open_zip(path: str, folder: str, most: int) -> Opened | None:
    """Everything in a ZIP, read to its end, so that it is known to be whole; None for a file that is a document itself.

    What is taken becomes files in `folder`, named by their numbers. `most`: bytes of the largest. BadMessage.
    """
    with zips.opened(Path(path), MEMBERS) as archive:
        if any(one.orig_filename in zips.DOCUMENT for one in zips.files(archive)):
            return None
        if leaves.are_pictures(archive):
            return Opened(are_pages=True, files=tuple(_pictures(archive, most)))
        return Opened(files=tuple(_files(archive, Path(folder), most)))


def _pictures(archive: zipfile.ZipFile, most: int) -> Iterator[File]:
    left = PAGES * most
    for number, info in enumerate(leaves.papers(archive)):
        size, sha256 = zips.copy(archive, info, min(most, left), small=LARGE)
        left -= size
        yield File(number, zips.name_of(info), size, sha256)


def _files(archive: zipfile.ZipFile, folder: Path, most: int) -> Iterator[File]:
    left = unopened = PAPERS * most
    for number, info in enumerate(leaves.papers(archive)):
        name = zips.name_of(info)
        if why := _why_not(info, name, zips.head(archive, info, kinds.HEAD)):
            sha256 = ""
            if why == NESTED and info.file_size <= min(most, unopened):  # a larger one never came by itself
                size, sha256 = zips.copy(archive, info, min(most, unopened), small=LARGE)
                unopened -= size
            yield File(number, name, info.file_size, sha256, why=why)
            continue
        file = zips.write(archive, info, folder / str(number), min(most, left), LARGE)
        left -= file.size
        yield File(number, name, file.size, file.sha256)


def _why_not(info: zipfile.ZipInfo, name: str, head: bytes) -> str:
    """Why a file stays in the ZIP; empty: it is taken."""
    if zips.is_link(info):
        return LINK
    if zips.is_zip(head) and name.casefold().endswith(".zip"):
        return NESTED
    if office_files.may_be_one(head):  # the door looks inside
        return ""
    if kinds.may_hold_others(head) and not zips.is_zip(head):
        return MESSAGE
    try:
        scans.sniff(head)
    except Refused:
        return OTHER if head else EMPTY
    return ""
