"""Made-up pages with and without an arrival stamp, drawn once by scansim and kept with their truth."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.reading import Box, Page, Word

SETS = (("office", 200), ("worn", 200), ("office", 300), ("bad", 200))
"""Wear and dpi; as many pages of each."""
COLOURS = ("black", "red", "black", "blue", "black", "red", "black", "violet", "black", "blue")
"""Of the stamps, in turn: real ones are black more often than not."""


@dataclass(frozen=True)
class Drawn:
    """One page and what is true of it."""

    path: Path
    truth: dict[str, Any]

    @property
    def stamp(self) -> dict[str, Any] | None:
        """The truth of its stamp."""
        found: dict[str, Any] | None = self.truth["documents"][0]["stamp"]
        return found

    def page(self, width: int, height: int) -> Page:
        """The page as the archive would have read it before it looks for a stamp."""
        lines = self.truth["text"][0]["zones"]
        words = [word for n, line in enumerate(lines) if not line.get("under_stamp") for word in _words(line, n)]
        return Page(1, dpi=float(self.truth["render"]["dpi"]), width=width, height=height, words=tuple(words))

    @property
    def state(self) -> str:
        """Wear, dpi and depth: `office 200 bilevel`."""
        render = self.truth["render"]
        return f"{render['wear']} {render['dpi']} {render['depth']}"


def _words(line: dict[str, Any], number: int) -> Iterator[Word]:
    """The printed words of a line, as wide as their share of its letters; what is written by hand nobody has read."""
    text = line["text"].replace(line.get("handwritten") or "\0", "…")
    left, top, right, bottom = line["box"]
    step, place = (right - left) / len(text), 0
    for word in text.split(" "):
        box: Box = (left + place * step, top, left + (place + len(word)) * step, bottom)
        yield Word(word, box, 0.9, number)
        place += len(word) + 1


def drawn(scansim: Path, folder: Path, count: int, seed: int) -> Iterator[Drawn]:
    """`count` pages with a stamp and as many without, by turns, in every state of SETS; the missing ones are drawn.

    Each has its own seed, so a longer run holds the pages of a shorter one; digits are those nobody is trained on.
    """
    artist = None
    for n in range(count):
        for stamped in (True, False):
            stem = f"page_{seed}_{n:04d}_{'stamped' if stamped else 'plain'}"
            path = folder / f"{stem}.pdf"
            told = folder / f"{stem}.pdf.json"
            if not told.is_file():
                artist = artist or _Artist(scansim)
                artist.draw(folder, stem, seed, n, stamped)
            yield Drawn(path, json.loads(told.read_text(encoding="utf-8")))


class _Artist:
    """scansim in our process: its fonts and pens are looked for once."""

    def __init__(self, scansim: Path) -> None:
        sys.path.insert(0, str(scansim))
        self.scansim: Any = importlib.import_module("scansim")
        self.bench: Any = self.scansim.Bench(self.scansim.Options(digits_part="test"))

    def draw(self, folder: Path, stem: str, seed: int, n: int, stamped: bool) -> None:
        """One PDF and its truth; the truth last, so that what was broken off is drawn again."""
        wear, dpi = SETS[n % len(SETS)]
        options = self.scansim.Options(
            seed=seed, dpi=dpi, wear=wear, digits_part="test", longest=1,
            stamp=COLOURS[n // len(SETS) % len(COLOURS)] if stamped else "none",
        )  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        scan = self.scansim.make_scan(options, self.bench, 2 * n + stamped, 1)
        self.scansim.write_scan(scan, options, folder, stem)
