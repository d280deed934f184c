"""Pages of a batch bound into one PDF, always to the same bytes. Run in a child: it opens what a scanner sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archive import searchable
from archive.durable import half_of, sync
from archive.plates import Plate, bare_jpeg
from archive.reading import Page
from archive.scanner.facts import Facts, picture


@dataclass(frozen=True, slots=True)
class Bound:
    """One page as it goes into the file."""

    facts: Facts
    turn: int = 0
    """Degrees clockwise a person turned it by."""


def bind(folder: str, pages: Sequence[Bound], title: str, target: str) -> int:
    """Write the PDF, durably; its size in bytes. The pixels of each JPEG stay as they came."""
    listed = [_page(number, one) for number, one in enumerate(pages, 1)]
    with half_of(Path(target)) as half:
        with half.open("wb") as stream:
            searchable.write(stream, listed, lambda page: _plate(Path(folder), pages[page.number - 1]), title)
        sync(half)
        half.replace(target)
    return Path(target).stat().st_size


def _page(number: int, one: Bound) -> Page:
    wide, high = one.facts.width, one.facts.height
    if one.turn % 180:
        wide, high = high, wide
    return Page(number, width=wide, height=high, dpi=float(one.facts.dpi))


def _plate(folder: Path, one: Bound) -> Plate:
    data = bare_jpeg((folder / picture(one.facts.number)).read_bytes())
    return Plate(data, "DCTDecode", one.facts.width, one.facts.height, one.facts.is_grey, one.turn)
