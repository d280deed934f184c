"""The printed labels of an arrival stamp, and the places they leave to the pen.

The straightened stamp is read in overlapping bands, each as high as a line: the recogniser finds a label under body
text where Tesseract, which must first find lines, finds none. NĐ 30/2020, annex IV names ĐẾN, Số, Ngày, Chuyển and
Số và ký hiệu HS; older and other stamps Giờ, Lưu hồ sơ số, CV ĐẾN.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PIL import Image

from archive.pen import Reader, View
from archive.vietnamese import fold

PX = 10.0
"""Pixels per mm of a straightened stamp."""
BAND = 5.6
LEAST_PITCH = 3.0
STEP = 2.0
"""mm: height of a band, and how far the next one lies below it."""

# On folded text: lower case, no marks.
PATTERNS = {
    "file_ref": re.compile(r"k[yvi]? ?h[il]e?u?|l[uo][uo]? ?h|h[oe0] ?s[oe0]( ?s[oe0])?|hieu|s[o06] v[aà]"),
    "arrived": re.compile(r"(?<![a-z])[cđd]{0,2}[cv]? ?d[ea]n(?![a-z]{2})|^[đd]?[e]n(?![a-z])"),
    "date": re.compile(r"n?ng[aey]{1,2}v?|n[ge][aeg][yv]|n?g[ae][yv]|ngy|na[eay]?[yv]"),
    "time": re.compile(r"gi[oe0cu]|g[il1][o0]|(?<![a-z])g[o0][:.…]"),
    "forward_to": re.compile(r"ch[ueo]{1,2}[yv]?[eiy]{0,2}n?|huy[ei]n|(?<![a-z])[uy]?yen(?![a-z])|chy[eu]n"),
    "number": re.compile(r"(?<![a-z])[s5$][o06](?![a-z])|(?<![a-z])s[:.…]"),
}
"""In this order: a label that is part of another comes after it. Generous, for only a suspected stamp is read so."""
ORDER = ("time", "number", "date", "forward_to", "file_ref")
"""From the top: on no stamp do they stand otherwise."""
LEFT_PART = 0.6
"""Share of the frame's width in which every label begins."""


@dataclass(frozen=True)
class Label:
    """A printed label in a straightened stamp; mm from the picture's upper left corner."""

    name: str
    left: float
    right: float
    middle: float
    """Height of the middle of its line."""
    weight: float
    """How many letters of it the bands saw."""


@dataclass(frozen=True)
class _Seen:
    name: str
    left: float
    right: float
    middle: float
    weight: float


def find_labels(picture: Image.Image, reader: Reader) -> dict[str, Label]:
    """The labels in the one arrangement most of the bands speak for; `arrived` is ĐẾN. Empty without a recogniser."""
    width = picture.width / PX
    seen = [found for top, view in _bands(picture, reader) for found in _in_band(view, top, width)]
    rows = {name: _rows(name, [s for s in seen if s.name == name]) for name in PATTERNS}
    inside = {name: [row for row in found if row.left < width * LEFT_PART] for name, found in rows.items()}
    choices = itertools.product(*([None, *inside[name]] for name in ORDER))
    best = max(choices, key=_agreement)
    arrived = inside["arrived"][:1]
    return {label.name: label for label in (*best, *arrived) if label}


def _agreement(labels: Sequence[Label | None]) -> float:
    """How much the bands saw of these labels; nothing when they cannot stand on one stamp."""
    placed = [label for label in labels if label]
    if any(b.middle - a.middle < LEAST_PITCH for a, b in itertools.pairwise(placed)):
        return -1.0
    upper = [label.left for label in placed if label.name in ("time", "number", "date")]
    askew = max(upper) - min(upper) if upper else 0.0
    return sum(label.weight for label in placed) - max(0.0, askew - 2.5)


def _bands(picture: Image.Image, reader: Reader) -> Iterable[tuple[float, View]]:
    top = 0.0
    while top + BAND * 0.8 < picture.height / PX:
        box = 0, round(top * PX), picture.width, min(picture.height, round((top + BAND) * PX))
        yield from ((top, view) for view in reader.views(picture.crop(box), (1.0,)))
        top += STEP


def _in_band(view: View, top: float, width: float) -> Iterable[_Seen]:
    text = fold(view.text)
    taken: list[tuple[int, int]] = []
    for name, pattern in PATTERNS.items():
        for match in pattern.finditer(text):
            if any(match.start() < b and a < match.end() for a, b in taken):
                continue
            taken.append(match.span())
            left, right = (view.at[n] / len(view.frames) * width for n in (match.start(), match.end() - 1))
            yield _Seen(name, left, right + 0.7 * width / len(view.frames), top + BAND / 2, len(match.group()))


def _rows(name: str, places: Sequence[_Seen]) -> list[Label]:
    """Neighbouring bands that saw the same label, the clearest first; at most three places."""
    rows: list[Label] = []
    left = list(places)
    while left and len(rows) < 3:
        best = max(left, key=lambda p: sum(q.weight for q in left if _beside(p, q)))
        near = [p for p in left if _beside(best, p)]
        left = [p for p in left if p not in near]
        rows.append(_merged(name, near))
    return rows


def _beside(one: _Seen, other: _Seen) -> bool:
    return abs(one.middle - other.middle) <= STEP * 1.01 and abs(one.left - other.left) < 6


def _merged(name: str, near: Sequence[_Seen]) -> Label:
    total = sum(p.weight for p in near)
    middle = sum(p.middle * p.weight for p in near) / total
    return Label(name, statistics.median(p.left for p in near), statistics.median(p.right for p in near), middle, total)
