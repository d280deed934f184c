"""What stands in a bag beside the sidecars, and what is told of a bag that went out or came in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from archive import sidecar

Tell = Callable[[str, int, int], None]
TAKEN_OVER = "bag_imported"
BOOK, TABLE = "data/book.json", "data/register.csv"


class UnitFacts(sidecar.Strict):
    id: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
    name: Annotated[sidecar.Str, Field(min_length=1, max_length=200)]


class BookFile(sidecar.Strict):
    """data/book.json"""

    format: Literal["vanthu-book-1"] = "vanthu-book-1"
    book: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
    title: Annotated[sidecar.Str, Field(min_length=1, max_length=200)]
    year: Annotated[int, Field(ge=1945, le=2200)]
    first: Annotated[int, Field(ge=1, le=9_999_999)]
    last: Annotated[int, Field(ge=0, le=9_999_999)]
    entries: Annotated[list[sidecar.EntryShape], Field(max_length=200_000)]  # type: ignore[valid-type]
    days: Annotated[list[sidecar.DayShape], Field(max_length=400)]  # type: ignore[valid-type]
    units: Annotated[list[UnitFacts], Field(max_length=1000)]
    history: Annotated[list[sidecar.EventShape], Field(max_length=100_000)]  # type: ignore[valid-type]


@dataclass
class Exchanged:
    """What went out, or came in."""

    documents: int = 0
    entries: int = 0
    known: int = 0
    """Documents and lines that were here already, and stayed as they are."""
    withheld: int = 0
    """Lines whose paper is in quarantine: the line goes, the paper does not."""
    book: str = ""
    year: int = 0
