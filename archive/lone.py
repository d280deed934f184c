"""Ink that stands alone and has the size of a word, or of a box of one: where a mark may be.

Sizes are those of TT 24/2020/TT-BCA: boxes 8 mm high and 20, 30 or 40 mm wide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from archive.ink import Mask

PER_MM = 3.0
"""Pixels per millimetre of the copy on which ink is put together."""
LONG = (8.5, 64.0)
BROAD = (2.9, 15.0)
LETTER = 6.6
"""mm that print of a mark is high at most; a frame is higher."""
LEAN = 12.5
"""Times as long as broad; longer is a line of a sentence."""
RULE = 0.8
"""mm: what is no higher and longer than a letter is a rule, or a piece of a frame."""
STEEPEST = 12.0
TORN = 5
"""Pixels: half the gap that may be torn into the side of a box."""
STREAK = 16.0
"""mm of thin ink in one column of pixels that are a streak of the scanner, or a rule."""
SPECK = 3
"""Pixels of ink within as many of a pixel, below which it is dirt of the scan."""
LINE, THIN = 8.0, 1.4
"""mm from which a stroke is longer than a letter with its marks, and that the line of a frame is thick at most."""


@dataclass(frozen=True)
class Blob:
    """Ink that stands together: middle, size along and across (mm of the head) and the angle it lies at."""

    x: float
    y: float
    long: float
    broad: float
    angle: float


def blobs(mask: Mask) -> Iterator[Blob]:
    """Ink that may be a word alone or a box of one."""
    near = grown(mask, across=4, down=1)
    whole = list(_sized(near, mask))
    print_only = _without_frames(mask)
    letters = _sized(grown(print_only, across=4, down=1), print_only)
    yield from whole
    yield from (blob for blob in letters if not any(is_same(blob, other) for other in whole))


def torn(mask: Mask) -> Iterator[Blob]:
    """Ink put together across wider gaps: of a box pressed palely a scan keeps pieces of its sides."""
    clean = _without_specks(mask)
    yield from _sized(grown(clean, across=TORN, down=TORN), clean)


def crossed(mask: Mask) -> Iterator[Blob]:
    """Words that the side of a stamp, or another line, runs into: what is left of the ink without long thin strokes."""
    print_only = _without_lines(mask)
    yield from _sized(grown(print_only, across=4, down=1), print_only)


def without_streaks(mask: Mask) -> Mask:
    """The ink but for lines straight down the page, which dirt on a scanner's glass draws through whatever is there."""
    beside = np.zeros_like(mask)
    for off in (2, 3):
        beside[:, off:] |= mask[:, :-off]
        beside[:, :-off] |= mask[:, off:]
    thin = mask & ~beside
    kept: Mask = mask & ~(thin & (thin.sum(0) > STREAK * PER_MM))
    return kept


def _without_lines(mask: Mask) -> Mask:
    lines = np.zeros_like(mask)
    for ink, found in ((mask, lines), (mask.T, lines.T)):
        thin = ink & ~in_runs(ink.T, round(THIN * PER_MM) + 1).T
        found |= thin & in_runs(grown(thin, across=2, down=1), round(LINE * PER_MM))
    kept: Mask = mask & ~lines
    return kept


def in_runs(mask: Mask, least: int) -> Mask:
    """The ink that lies in rows of at least so many pixels without a gap."""
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    begins, ends = np.argwhere(steps == 1), np.argwhere(steps == -1)
    short = ends[:, 1] - begins[:, 1] < least
    steps[tuple(begins[short].T)] = steps[tuple(ends[short].T)] = 0
    kept: Mask = np.cumsum(steps, axis=1, dtype=np.int8)[:, :-1] > 0
    return kept


def _without_specks(mask: Mask) -> Mask:
    around = Image.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.BoxBlur(SPECK))
    return mask & (np.asarray(around) >= SPECK * 255 // (2 * SPECK + 1) ** 2)


def _sized(near: Mask, mask: Mask) -> Iterator[Blob]:
    for ys, xs in _parts(near, mask):
        wide, high = (np.ptp(xs) + 1) / PER_MM, (np.ptp(ys) + 1) / PER_MM
        if not (LONG[0] <= wide <= LONG[1] + 4 and BROAD[0] <= high <= BROAD[1] + 4) or wide < high:
            continue
        blob = _laid(xs, ys)
        if LONG[0] <= blob.long <= LONG[1] and BROAD[0] <= blob.broad <= BROAD[1] and blob.long < LEAN * blob.broad:
            yield blob


def _without_frames(mask: Mask) -> Mask:
    """The ink that may be letters: a mark may stand in a frame, and an arrival stamp's may run into it."""
    kept = np.zeros_like(mask)
    for ys, xs in _parts(mask, mask, least=1):
        wide, high = (np.ptp(xs) + 1) / PER_MM, (np.ptp(ys) + 1) / PER_MM
        if high <= LETTER and not (high <= RULE and wide > 4):
            kept[ys, xs] = True
    return kept


def is_same(one: Blob, other: Blob) -> bool:
    near = math.dist((one.x, one.y), (other.x, other.y)) < 1
    return near and abs(one.long - other.long) < 1.5 and abs(one.broad - other.broad) < 1.5


def _laid(xs: NDArray[np.intp], ys: NDArray[np.intp]) -> Blob:
    """The rectangle around these pixels at the angle at which they lie in the fewest rows: feet and tops of letters and
    the sides of a frame do, specks and hats do not."""
    angles = np.radians(np.arange(-STEEPEST - 1, STEEPEST + 1.01, 1.0))[:, None]
    across = xs * np.sin(angles) + ys * np.cos(angles)
    rows = (across - across.min(1, keepdims=True)).astype(np.intp)
    most = int(rows.max()) + 1
    crowd = np.bincount((rows + most * np.arange(len(rows))[:, None]).ravel(), minlength=most * len(rows))
    best = int((crowd.reshape(-1, most) ** 2).sum(1).argmax())
    angle = float(angles[best, 0])
    along = xs * math.cos(angle) - ys * math.sin(angle)
    (left, right), (top, bottom) = (np.percentile(way, (1.0, 99.0)) for way in (along, across[best]))
    u, v = (left + right) / 2, (top + bottom) / 2
    x, y = u * math.cos(angle) + v * math.sin(angle), -u * math.sin(angle) + v * math.cos(angle)
    mm = [float(value) / PER_MM for value in (x, y, right - left, bottom - top)]
    return Blob(mm[0], mm[1], mm[2], mm[3], math.degrees(angle))


def grown(mask: Mask, across: int, down: int) -> Mask:
    """What lies within so many pixels of ink."""
    grown = mask.copy()
    for n in range(1, across + 1):
        grown[:, n:] |= mask[:, :-n]
        grown[:, :-n] |= mask[:, n:]
    flat = grown.copy()
    for n in range(1, down + 1):
        grown[n:] |= flat[:-n]
        grown[:-n] |= flat[n:]
    return grown


def _parts(near: Mask, mask: Mask, least: int = 12) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Rows and columns of the ink of each part that hangs together in `near`."""
    labels = _labels(near)
    ys, xs = np.nonzero(mask)
    of = labels[ys, xs]
    order = np.argsort(of, kind="stable")
    ys, xs, of = ys[order], xs[order], of[order]
    for part in np.split(np.arange(len(of)), np.nonzero(np.diff(of))[0] + 1):
        if len(part) >= least:
            yield ys[part], xs[part]


def _labels(near: Mask) -> NDArray[np.intp]:
    """A number for each pixel, the same for those that hang together row by row."""
    padded = np.zeros((near.shape[0], near.shape[1] + 2), np.int8)
    padded[:, 1:-1] = near
    steps = np.diff(padded, axis=1)
    rows, begins = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    roots = _joined(rows.tolist(), begins.tolist(), ends.tolist())
    labels = np.zeros(near.shape, np.intp)
    for n, (row, begin, end) in enumerate(zip(rows, begins, ends, strict=True)):
        labels[row, begin:end] = roots[n]
    return labels


def _joined(rows: list[int], begins: list[int], ends: list[int]) -> list[int]:
    """For each run of ink the first run it hangs together with."""
    roots = list(range(len(rows)))

    def root(n: int) -> int:
        while roots[n] != n:
            roots[n] = roots[roots[n]]
            n = roots[n]
        return n

    above = 0
    for n, row in enumerate(rows):
        while above < n and (rows[above] < row - 1 or (rows[above] == row - 1 and ends[above] <= begins[n])):
            above += 1
        other = above
        while other < n and rows[other] == row - 1 and begins[other] < ends[n]:
            roots[root(n)] = root(other)
            other += 1
    return [root(n) for n in range(len(roots))]
