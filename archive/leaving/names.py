"""What files are called for people: year, book, number and symbol; such names as every disk takes."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

from archive.handover.contents import ENDINGS
from archive.models import Document, RegisterEntry, Scan
from archive.workdays import today

UNNUMBERED = "chua-vao-so"
MOST_BYTES = 120
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]')


@dataclass(frozen=True)
class Place:
    """Where the files of a paper lie, below the folder of the export."""

    folder: str
    name: str
    """Without an ending."""

    def file(self, ending: str) -> str:
        """`van-ban/2026/den/00012 - 471-UBND-VX.pdf`"""
        return str(PurePosixPath(self.folder, f"{self.name}.{ending}"))


def safe(text: str) -> str:
    """As a part of a name: no separators, nothing Windows forbids or that turns the writing, at most 120 bytes."""
    plain = unicodedata.normalize("NFC", text).replace("/", "-").replace("\\", "-")
    plain = " ".join(_FORBIDDEN.sub(" ", plain.encode("utf-8", "replace").decode()).split()).strip(" .")
    return plain.encode()[:MOST_BYTES].decode("utf-8", "ignore").strip(" .")


def of_line(entry: RegisterEntry, document: Document) -> Place:
    """A paper in a book: `van-ban/2026/den`, `00012 - 471-UBND-VX`."""
    code = safe(entry.code or document.full_code or "không số") or "không số"
    return Place(f"van-ban/{entry.year}/{safe(entry.book_id)}", f"{entry.number:05} - {code}")


def of_scan(scan: Scan, ordinal: int = 1) -> Place:
    """A file with no number yet: by the day it came."""
    day = today(scan.received_at)
    stem = safe(PurePosixPath(scan.filename).stem) or "tệp"
    part = f"-{ordinal}" if ordinal > 1 else ""
    return Place(f"van-ban/{day.year}/{UNNUMBERED}", f"{day:%Y-%m-%d} {scan.id[:8]}{part} - {stem}")


def ending(scan: Scan) -> str:
    """Of the original."""
    return ENDINGS.get(scan.media_type, "bin")
