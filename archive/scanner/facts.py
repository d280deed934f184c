"""What is written down of each page of a batch, whole and durably; light, since every process at a scanner needs it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from archive.durable import write


@dataclass(frozen=True, slots=True)
class Facts:
    """One page of a batch, as it was scanned."""

    number: int
    """1-based, in the order of scanning."""
    sheet: int
    """Of paper, 1-based: two pages of a sheet scanned on both sides have the same."""
    dpi: int
    width: int = 0
    height: int = 0
    is_grey: bool = False
    is_blank: bool = False
    is_broken: bool = False
    """Nobody could decode it: there is no picture."""


def picture(number: int) -> str:
    """The name of the file that holds the JPEG of a page."""
    return f"{number:04}.jpg"


def note(folder: Path, facts: Facts) -> None:
    """Write the facts of a page, by which it counts."""
    write(folder / f"{facts.number:04}.json", json.dumps(asdict(facts)).encode())
