"""Honest advice about a poor page: what is wrong with the scan, told before a clerk wastes time on its text.

Codes, not sentences: `server.pages.shown` says them. The limits were measured (see docs/decisions.md): on simulated
office pages none of them speaks, on worn ones hardly.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from archive import pageimage
from archive.reading import Box, Page, Word

LOW_SIDE = 1500
"""Pixels of the longer side; an A4 page at 130 dpi."""
LOW_LETTERS = 15.0
"""Pixels of a word's height; 13 points at 100 dpi."""
FAINT = 80.0
"""Grey levels between ink and paper."""
BLURRED = 10.0
"""Steepest rise from ink to paper, in parts of the contrast to a word's height."""
DARK = 110.0
"""Grey level of the paper in the darkest part of the page that has text."""
SKEWED = 3.0
"""Degrees."""
POOR = 0.6
"""Confidence of the page."""
FADED = 0.01
"""Share of a page without black that has some grey."""
EDGE = 0.004
"""Of the page: what is nearer to its edge was cut off."""
_MOST_WORDS = 40


def of(page: Page, grey: Image.Image) -> tuple[str, ...]:
    """Codes for a page read from `grey`, the upright page without its colours, before it was flattened."""
    words = _sure(page)
    codes = {
        "low_resolution": max(grey.size) < LOW_SIDE or (bool(words) and letters(words, grey) < LOW_LETTERS),
        "cut_off": is_cut(words),
        "skewed": abs(lean(words, grey)) > SKEWED,
        "poor": bool(page.words) and page.confidence < POOR,
        "rotated": bool(page.rotation),
    }
    if len(words) >= 5:
        contrast, rise, paper = ink(words, grey)
        codes |= {"faint": contrast < FAINT, "blurred": rise < BLURRED, "dark": paper < DARK}
    return tuple(code for code, holds in codes.items() if holds)


def faded(image: Image.Image) -> Image.Image | None:
    """The page with its faint ink made dark; None where there is none, as on a blank back.

    On flattened pages the share of pixels under 225 is .03 to .06 where ink has a fifth to a third of its black, and
    4e-5 on the blank backs of real scans.
    """
    plain = pageimage.without_colour(image)
    small = plain.reduce(max(1, max(plain.size) // 620))
    inside = pageimage.within_borders(np.asarray(pageimage.flattened(small, 75)))
    if not inside.size or (inside < 225).mean() < FADED:
        return None
    even = pageimage.flattened(plain, pageimage.likely_dpi(image.size, None))
    spread = 220 / (255 - float(np.percentile(inside, 0.5)))
    return even.point([max(0, round(255 - (255 - level) * spread)) for level in range(256)])


def _sure(page: Page) -> list[tuple[Word, Box]]:
    """Words of letters that were read well: dirt at the edge is none."""
    return [
        (word, word.box) for word in page.words
        if word.box and word.confidence >= 0.5 and sum(map(str.isalpha, word.text)) >= 2
    ]  # fmt: skip


def letters(words: Sequence[tuple[Word, Box]], grey: Image.Image) -> float:
    """Median height of the words, in pixels."""
    return statistics.median((box[3] - box[1]) * grey.height for _, box in words)


def is_cut(words: Sequence[tuple[Word, Box]]) -> bool:
    """Whether lines run into an edge of the page: four at a side, or most of one at the head or foot."""
    sides = [
        {word.line for word, box in words if box[0] < EDGE},
        {word.line for word, box in words if box[2] > 1 - EDGE},
    ]
    ends = [sum(box[1] < EDGE for _, box in words), sum(box[3] > 1 - EDGE for _, box in words)]
    return max(map(len, sides)) >= 4 or max(ends) >= 4


def lean(words: Sequence[tuple[Word, Box]], grey: Image.Image) -> float:
    """Degrees by which long lines fall to the right; the median of them, 0 when there are few."""
    lines: dict[int, list[Box]] = {}
    for word, box in words:
        lines.setdefault(word.line, []).append(box)
    long = [boxes for boxes in lines.values() if boxes[-1][0] - boxes[0][0] > 0.4]
    if len(long) < 3:
        return 0.0
    shape = grey.height / grey.width
    falls = [(_middle(boxes[-1]) - _middle(boxes[0])) / (boxes[-1][0] - boxes[0][0]) * shape for boxes in long]
    return math.degrees(math.atan(statistics.median(falls)))


def _middle(box: Box) -> float:
    return (box[1] + box[3]) / 2


def ink(words: Sequence[tuple[Word, Box]], grey: Image.Image) -> tuple[float, float, float]:
    """(grey levels between ink and paper, steepness of letters, paper where it is darkest) around the words."""
    seen = [_seen(np.asarray(grey.crop(place), np.int16)) for place in _places(words, grey)]
    contrasts, rises, papers = zip(*seen, strict=True)
    return float(np.median(contrasts)), float(np.median(rises)), float(np.percentile(papers, 5))


def _places(words: Sequence[tuple[Word, Box]], grey: Image.Image) -> Iterator[tuple[int, int, int, int]]:
    """The pixels of some words, evenly spread."""
    for _, box in words[:: max(1, len(words) // _MOST_WORDS)]:
        left, top = int(box[0] * grey.width), int(box[1] * grey.height)
        yield left, top, max(left + 3, round(box[2] * grey.width)), max(top + 3, round(box[3] * grey.height))


def _seen(pixels: np.ndarray) -> tuple[float, float, float]:
    dark, bright = np.percentile(pixels, (3, 90))
    contrast = max(1.0, float(bright - dark))
    rise = float(np.percentile(np.abs(np.diff(pixels, axis=1)), 98)) / contrast * pixels.shape[0]
    return contrast, rise, float(bright)
