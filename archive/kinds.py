"""What a file may be, by its first bytes. Safe anywhere."""

from __future__ import annotations

from archive import office_files, scans, zips
from archive.edxml import tree
from archive.errors import Refused

EMPTY, OTHER = "tệp rỗng", "kho không nhận loại tệp này"
"""Why a file of a message stays in it."""
_ENDINGS = {
    "application/pdf": ("pdf",), "application/zip": ("zip",), "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/png": ("png",), "image/tiff": ("tif", "tiff"), "image/webp": ("webp",),
}  # fmt: skip
"""What files of a kind may end in; office programs look by themselves, and go by each other's endings."""
HEAD = max(scans.HEAD, tree.HEAD)
"""Bytes `may_hold_others` wants to see."""


def must_be_opened(head: bytes) -> bool:
    """Whether what it is stands farther inside than first bytes show."""
    return may_hold_others(head) or office_files.may_be_one(head)


def may_hold_others(head: bytes) -> bool:
    """Whether it may be an edXML message or a ZIP, which have to be opened to know what is in them."""
    return zips.is_zip(head) or (tree.seems(head) and not _is_scan(head))


def may_be_paper(head: bytes) -> bool:
    """Whether the archive takes such files, or may."""
    return must_be_opened(head) or _is_scan(head)


def _is_scan(head: bytes) -> bool:
    try:
        scans.sniff(head[: scans.HEAD])
    except Refused:
        return False
    return True


def saved_as(filename: str, media_type: str) -> str:
    """The name under which an original is saved: with an ending of what it is.

    What begins as a program or a web page and is a PDF farther on came as `x.exe`; a click must not run it.
    """
    right = _ENDINGS.get(media_type, ())
    if not right or filename.rstrip(". ").lower().endswith(tuple(f".{ending}" for ending in right)):
        return filename
    return f"{filename}.{right[0]}"
