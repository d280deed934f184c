"""Originals of a stranger's bag are looked at for marks of secrecy before anything of them is taken over.

A grade in a bag's own words refuses it already (looking.py); but whoever wrote it need not have looked, or found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from archive import grades
from archive.children import Child
from archive.errors import ArchiveError, Crashed, TookTooLong, TooManyPages
from archive.exchange.looking import Found, paper
from archive.exchange.shapes import Tell
from archive.pipeline.quarantine import RELEASED
from archive.scans import Limits

WALL, CPU = 90.0, 15.0
"""Seconds a page, as in the line."""
FIRST_LINES = 25


def marked(found: Found, papers: Sequence[str], limits: Limits, tell: Tell) -> Iterator[str]:
    """A sentence for each of these papers that bears a mark of secrecy, or at which nobody could look.

    A person of the other archive who released its scan has looked: the event comes with it.
    """
    known: dict[str, str] = {}
    with Child(name="import") as child:
        for count, document_id in enumerate(papers, 1):
            told, sha256 = paper(found.bag, document_id), found.papers[document_id]
            if not any(one.subject == told.scan.id and one.action == RELEASED for one in told.history):
                if sha256 not in known:
                    known[sha256] = _why_not(child, found.bag.root / "data" / "originals" / sha256, told, limits)
                if known[sha256]:
                    yield f"văn bản {document_id}: {known[sha256]}"
            tell("xem dấu mật", count, len(papers))


def _why_not(child: Child, path: Path, told: Any, limits: Limits) -> str:
    """Why a paper may not come in; "" when its pages show no mark."""
    number, pages = 0, 0
    try:
        pages = child.run("archive.steps:survey", str(path), limits, wall=WALL, cpu=CPU).pages
        for number in range(1, pages + 1):
            if child.run("archive.steps:look", str(path), number, limits, wall=WALL, cpu=CPU):
                return f"đầu trang {number} có dấu mật, máy này không được giữ"
    except (Crashed, TookTooLong, TooManyPages):
        return f"chưa xem được đầu trang {max(1, number)} có dấu mật hay không"
    except ArchiveError:
        # What no page of can be drawn is shown to nobody: only its words came, and they tell.
        return "chữ của trang có dấu mật, máy này không được giữ" if _says_so(told) else ""
    return ""


def _says_so(told: Any) -> bool:
    lines = (line for page in told.pages for line in page.row.plain.splitlines()[:FIRST_LINES])
    return any(grades.plainly(line) for line in lines)
