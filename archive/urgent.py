"""Marks of urgency in red ink that stand askew: HỎA TỐC is often a red arrow pointing up to the right.

OCR reads upright lines only, so a red patch of the right size is laid level along its longer axis, and the words it
may say are looked for in its middle. NĐ 30/2020, annex I: Hỏa tốc, Thượng khẩn, Khẩn, in a red box below the number.
Grey and bilevel scans have no red ink; there only what stands upright is found, by its words (archive/seals.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from PIL import Image

from archive import ink
from archive.findings import Mark
from archive.ink import Mask
from archive.pen import Reader
from archive.reading import Box, Page
from archive.seals import UPPER_PART, patches
from archive.spotting import letters, merit, share, spot
from archive.straight import cut_around, lay_level

WORDS = {"hoatoc": "HỎA TỐC", "hoatochengio": "HỎA TỐC HẸN GIỜ", "thuongkhan": "THƯỢNG KHẨN", "khan": "KHẨN"}
LONG = (16.0, 62.0)
THIN = (6.0, 26.0)
"""mm along and across: a box around KHẨN, an arrow around HỎA TỐC."""
STEEPEST = 60.0
SEEN = 0.62
"""Share of its worth from which a word was read."""
HEIGHTS = (9.0, 7.0)
"""mm of the strips that are read: the words are capitals of 13 to 15 points, their box some 8 mm high."""
PX = 8.0


def askew_marks(page: Page, image: Image.Image, red: Mask, reader: Reader) -> Iterator[Mark]:
    """Marks of urgency in the patches of the upper part of a page; `red` is its red ink as `seals.red_ink` has it."""
    height, width = red.shape
    for left, top, right, bottom in patches(red[: round(UPPER_PART * height)]):
        laid = _axis(red[top:bottom, left:right])
        if laid is None:
            continue
        (x, y), angle, length = laid
        per_mm = image.width / width
        strips = _strips(image, ((left + x) * per_mm, (top + y) * per_mm), angle, length, per_mm)
        word, sure = _word(strips, reader)
        if word:
            box: Box = (left / width, top / height, right / width, bottom / height)
            yield Mark("urgency", page.number, box, sure, word)


def _axis(patch: Mask) -> tuple[tuple[float, float], float, float] | None:
    """The middle of a patch, the angle (degrees anticlockwise) and the length of its longer axis, mm; None when it is
    no box of words."""
    ys, xs = np.nonzero(patch)
    if len(xs) < LONG[0]:
        return None
    _, vectors = np.linalg.eigh(np.cov(xs, ys))
    dx, dy = vectors[:, 1] * (1 if vectors[0, 1] >= 0 else -1)
    along, across = xs * dx + ys * dy, ys * dx - xs * dy
    ends = [(float(np.percentile(way, 1)), float(np.percentile(way, 99))) for way in (along, across)]
    length, breadth = (b - a for a, b in ends)
    angle = -math.degrees(math.atan2(dy, dx))
    if not (LONG[0] <= length <= LONG[1] and THIN[0] <= breadth <= THIN[1] and abs(angle) <= STEEPEST):
        return None
    middle, height = (sum(pair) / 2 for pair in ends)
    return (middle * dx - height * dy, middle * dy + height * dx), angle, length


def _strips(
    image: Image.Image, centre: tuple[float, float], angle: float, length: float, per_mm: float
) -> list[Image.Image]:
    """The middle of a patch laid level, its red ink alone."""
    around, middle = cut_around(image, centre, (length / 2 + HEIGHTS[0]) * per_mm)
    red = ink.only(around, "red").convert("L")
    return [lay_level(red, middle, angle, (length + 2, tall), per_mm / PX, PX) for tall in HEIGHTS]


def _word(strips: list[Image.Image], reader: Reader) -> tuple[str, float]:
    """The mark that stands in one of the strips and how sure that is; "" when none does."""
    recogniser = reader.recogniser
    if recogniser is None:
        return "", 0.0
    lines = [letters(recogniser, recogniser.frames(strip))[None] for strip in strips]
    found = [(word, place) for line in lines for word, place in zip(WORDS, spot(line, list(WORDS))[0], strict=True)]
    best, place = max(found, key=lambda pair: merit(*pair))
    seen = share(best, place)
    return (WORDS[best], 0.9 * seen) if seen > SEEN else ("", 0.0)
