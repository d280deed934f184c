"""Search: a disposable index over the documents, behind a small interface; the database stays the truth.

The engine knows entries and gives back ids. Filters, sorting, facets and who may see what are asked of the database
(find.py); folding, the query, re-ranking and snippets are ours and the same for every engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import BadSettings
from archive.search.query import Filters, Query, parse
from archive.search.rank import Candidate, rerank
from archive.search.snippets import snippet, spans

if TYPE_CHECKING:
    from archive.search.whoosh_engine import WhooshEngine as Engine

__all__ = [
    "Candidate", "Filters", "Found", "Hit", "IndexEntry", "Query", "Status", "open_search", "parse", "rerank",
    "snippet", "spans",
]  # fmt: skip

ANALYZER = 1
"""Grows when words.py or keys.py give other tokens: an index of another version is rebuilt."""


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What the index is told of one document."""

    id: str
    body: str = ""
    """Plain text of the document."""
    title: str = ""
    """Trích yếu."""
    code: str = ""
    """Number and symbol as they stand now, `471/UBND-VX`."""
    organ: str = ""
    date: str = ""
    """ISO 8601."""
    cited_codes: tuple[str, ...] = ()
    """Codes of papers it names, where more is known than the text shows."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found; scores compare only within one search."""

    id: str
    score: float
    whole: bool = True
    """False: not every word is in it (one may be misread)."""


@dataclass(frozen=True, slots=True)
class Found:
    """Best first; `total` counts also what `hits` leaves out."""

    hits: tuple[Hit, ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """What the index is; `generation` None where there is none."""

    healthy: bool
    generation: str | None
    documents: int
    analyzer_version: int
    path: str


def open_search(url: str, data: Path) -> Engine:
    """The engine that `url` names: `whoosh:` keeps its index in `data`/index."""
    scheme, _, rest = url.partition(":")
    if scheme != "whoosh":
        raise BadSettings(f"Không có máy tìm kiếm “{scheme}”; hãy đặt VANTHU_SEARCH=whoosh: rồi khởi động lại.")
    from archive.search.whoosh_engine import WhooshEngine

    return WhooshEngine(Path(rest) if rest else data / "index")
