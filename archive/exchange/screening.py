"""Originals of a stranger's bag are looked at for marks of secrecy before anything of them is taken over.

A grade in a bag's own words refuses it already (looking.py); but whoever wrote it need not have looked, or found. A
`secrecy_released` among the bag's events is no more than that: only who takes it over here may say so (`harmless`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from archive import converted, grades
from archive.children import Child, workplace
from archive.errors import ArchiveError, Crashed, NotConverted, TookTooLong, TooManyPages
from archive.exchange.looking import Found, paper
from archive.exchange.shapes import Tell
from archive.office_files import FORMS
from archive.scans import Limits

WALL, CPU = 90.0, 15.0
"""Seconds a page, as in the line."""
FIRST_LINES = 25


def marked(found: Found, papers: Sequence[str], limits: Limits, tell: Tell) -> Iterator[str]:
    """A sentence for each of these papers that bears a mark of secrecy, or at which nobody could look."""
    known: dict[str, str] = {}
    with Child(name="import") as child:
        for count, document_id in enumerate(papers, 1):
            told, sha256 = paper(found.bag, document_id), found.papers[document_id]
            if sha256 not in known:
                known[sha256] = _why_not(child, found.bag.root / "data" / "originals" / sha256, told, limits)
            if known[sha256]:
                yield f"văn bản {document_id}: {known[sha256]}"
            tell("xem dấu mật", count, len(papers))


def _why_not(child: Child, path: Path, told: Any, limits: Limits) -> str:
    """Why a paper may not come in; "" when its pages show no mark."""
    number, pages = 0, 0
    try:
        with _pages_of(path, told.scan.media_type, limits) as file:
            pages = child.run("archive.steps:survey", file, limits, wall=WALL, cpu=CPU).pages
            for number in range(1, pages + 1):
                if child.run("archive.steps:look", file, number, limits, wall=WALL, cpu=CPU):
                    return f"đầu trang {number} có dấu mật, máy này không được giữ"
    except (Crashed, TookTooLong, TooManyPages, NotConverted):
        return f"chưa xem được đầu trang {max(1, number)} có dấu mật hay không"
    except ArchiveError:
        # What no page of can be drawn is shown to nobody: only its words came, and they tell.
        return "chữ của trang có dấu mật, máy này không được giữ" if _says_so(told) else ""
    return ""


@contextmanager
def _pages_of(path: Path, media_type: str, limits: Limits) -> Iterator[str]:
    """The file whose pages are looked at; of one that becomes a PDF here as soon as it is in, that PDF."""
    if media_type not in FORMS:
        yield str(path)
        return
    pdf = converted.to_pdf(path, media_type, limits)
    with workplace() as folder:
        file = folder / converted.NAME
        file.write_bytes(pdf)
        yield str(file)


def _says_so(told: Any) -> bool:
    lines = (line for page in told.pages for line in page.row.plain.splitlines()[:FIRST_LINES])
    return any(grades.plainly(line) for line in lines)
