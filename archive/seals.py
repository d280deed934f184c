"""Marks of a page that are not the arrival stamp: seals in red ink, and words stamped upon it.

NĐ 30/2020, art. 33: seals are red, round, on a third of the signature at its left; half seals (dấu giáp lai) lie over
the edge of several sheets. On grey and bilevel scans seals are not looked for: without ink a ring is no evidence.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Iterator

import numpy as np
from PIL import Image

from archive import ink
from archive.findings import Mark
from archive.ink import Mask
from archive.reading import Page, Word, around
from archive.vietnamese import is_capitals

PER_MM = 1.0
"""Pixels per millimetre of the copy on which red patches are put together."""
LEAST_RED = 60
"""Square mm of red that are worth a look."""
ACROSS = (26.0, 48.0)
"""mm. TT 01/2009/TT-BCA and after: 32 to 42 by rank; ink spreads, and scans shrink."""
HALF = (8.0, 26.0)
EDGE = 6.0
UPPER_PART = 0.45
WORDED = (
    ("urgency", re.compile(r"H[ỎO][ẢA] T[ỐO]C(?: H[ẸE]N GI[ỜO])?|TH[ƯU][ỢO]NG KH[ẨAÂ]N|KH[ẨAÂ]N")),
    ("secrecy", re.compile(r"(?:T[ỐO]I |TUY[ỆE]T )?M[ẬA]T")),
)


def find_seals(page: Page, red: Mask) -> Iterator[Mark]:
    """Round and half seals of a colour scan; `red` is its red ink."""
    height, width = red.shape
    for left, top, right, bottom in patches(red):
        wide, tall = right - left, bottom - top
        box = left / width, top / height, right / width, bottom / height
        if not ACROSS[0] <= tall <= ACROSS[1]:
            continue
        if ACROSS[0] <= wide <= ACROSS[1] and _is_ring(red[top:bottom, left:right]):
            yield Mark("round_seal", page.number, box, 0.8)
        elif HALF[0] <= wide < HALF[1] and (left < EDGE or right > width - EDGE):
            yield Mark("half_seal", page.number, box, 0.6)


def red_ink(page: Page, image: Image.Image) -> Mask | None:
    """The red ink of a page, PER_MM pixels per mm; None where there is none."""
    found = ink.planes(image, PER_MM / ink.per_mm(page, image), LEAST_RED)
    return next((plane.mask for plane in found if plane.kind == "red"), None)


def _is_ring(patch: Mask) -> bool:
    """Red lies on the whole rim of the patch's ellipse, and not in its corners."""
    ys, xs = np.nonzero(patch)
    height, width = patch.shape
    dx, dy = (xs + 0.5) / width * 2 - 1, (ys + 0.5) / height * 2 - 1
    away = np.hypot(dx, dy)
    rim = np.degrees(np.arctan2(dy, dx))[(away > 0.75) & (away < 1.1)]
    sectors = np.unique((rim // 15).astype(int))
    return len(sectors) >= 20 and float((away > 1.15).mean()) < 0.05


def patches(mask: Mask) -> Iterator[tuple[int, int, int, int]]:
    """left, top, right, bottom of red patches; ink within 3 mm belongs together."""
    near = np.asarray(Image.fromarray(mask).convert("L").resize(mask.shape[::-1]), np.uint8) > 0
    for _ in range(1):
        near = _grown(near)
    seen = np.zeros_like(near)
    for y, x in np.argwhere(near):
        if not seen[y, x]:
            cells = np.array(_flood(near, seen, (int(y), int(x))))
            (top, left), (bottom, right) = cells.min(0) + 1, cells.max(0)
            yield int(left), int(top), int(right), int(bottom)


def _grown(mask: Mask) -> Mask:
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown


def _flood(mask: Mask, seen: Mask, start: tuple[int, int]) -> list[tuple[int, int]]:
    waiting, cells = deque([start]), []
    seen[start] = True
    while waiting:
        y, x = waiting.popleft()
        cells.append((y, x))
        for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= near[0] < mask.shape[0] and 0 <= near[1] < mask.shape[1] and mask[near] and not seen[near]:
                seen[near] = True
                waiting.append(near)
    return cells


def worded_marks(page: Page) -> Iterator[Mark]:
    """Urgency and secrecy stand as a line of their own, in capitals, in the upper part of the page."""
    for line in _short_lines(page):
        text = " ".join(word.text for word in line)
        boxes = [word.box for word in line if word.box]
        kind = next((kind for kind, pattern in WORDED if pattern.fullmatch(text.strip(" .!*|-"))), None)
        if kind and boxes and around(boxes)[1] < UPPER_PART and (kind != "secrecy" or _stands_apart(page, line)):
            sure = min(word.confidence for word in line)
            yield Mark(kind, page.number, around(boxes), 0.9 * sure, text)


def _short_lines(page: Page) -> Iterator[list[Word]]:
    for _, words in itertools.groupby(page.words, key=lambda word: (word.block, word.line)):
        line = list(words)
        if len(line) <= 5:
            yield line


_MOTTOES = ("hanh phuc", "chu nghia viet nam", "cong san viet nam")


def _stands_apart(page: Page, line: list[Word]) -> bool:
    """Where a secrecy mark is stamped: on the first page of a paper, not as the last word of a title above it."""
    if page.number > 1 and not any(motto in page.folded for motto in _MOTTOES):
        return False
    left, top, right, bottom = around(word.box for word in line if word.box)
    if not 0.4 < (left + right) / 2 < 0.6:
        return True
    reach = top - 1.5 * (bottom - top)
    above = [word.text for word in page.words if word.box and reach < word.box[3] <= top + 0.003 and word not in line]
    return len(above) < 2 or not is_capitals(" ".join(above))
