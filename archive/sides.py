"""Sides of frames: stretches of a page's rows, laid along an angle, that a line of ink covers.

Two ways to see one. Where ink is (`inked`): lines of print cover less than six tenths of any row, a worn frame more
than seven, and what crosses the line does no harm. Where a little more ink is than right above and below, taken over
some millimetres (`ridges`): that shows a line of which a bilevel scan has left a dot here and there, and no print, but
not a line that runs through print.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PER_MM = 3.0
"""Pixels per millimetre of the copy that is searched."""
COVERED = 0.72
MOST_SIDES = 28
ALONG = 24
"""Pixels over which a faint line is added up: 8 mm."""
BESIDE = (3, 4)
"""Pixels from a line, where it is paper: 1 to 1.4 mm."""
FAINTEST = 1.5
"""Levels of ink, on average along a line, beyond those of half again of what is beside it."""


@dataclass(frozen=True)
class Side:
    """An inked stretch of one row of the sheared page, in pixels of the copy."""

    row: int
    start: int
    end: int


@dataclass(frozen=True)
class Rows:
    """A page's rows laid along an angle, and which pixels of each row, or of the next, a line may pass."""

    thick: NDArray[np.uint8]
    slope: float
    offset: int
    """Rows added above and below, since the ends of a row move up and down."""

    def sides(self, window: int) -> list[Side]:
        """The longest well-covered stretches, best first, one for a line."""
        if self.thick.shape[1] <= window:
            return []
        covered = _windowed(self.thick, window) > COVERED * window
        rows = np.flatnonzero(covered.any(1))
        edges = np.diff(np.pad(covered[rows], ((0, 0), (1, 1))).view(np.int8), axis=1)
        (which, starts), (_, ends) = np.nonzero(edges == 1), np.nonzero(edges == -1)
        ends += window - 1
        sums = np.cumsum(self.thick[rows], axis=1, dtype=np.int32)
        inked = sums[which, ends - 1] - sums[which, starts]
        order = np.argsort(-inked, kind="stable")
        return _apart(Side(int(rows[which[n]]), int(starts[n]), int(ends[n])) for n in order)

    def cover(self, row: int, start: int, end: int) -> float:
        """How much of a stretch is inked."""
        start, end = max(0, start), min(self.thick.shape[1], end)
        if not 0 <= row < self.thick.shape[0] or end <= start:
            return 0.0
        return float(np.count_nonzero(self.thick[row, start:end])) / (end - start)

    def best(self, row: int, start: int, end: int) -> tuple[float, int]:
        """The best cover within two rows, and its row."""
        return max((self.cover(near, start, end), near) for near in range(row - 1, row + 3))


def inked(turned: NDArray[np.uint8], slope: float) -> Rows:
    """Rows by their ink: `turned` is 0 and 1, with columns as rows, so that those are moved in one piece."""
    moved, offset = _sheared(turned, slope)
    moved[:, 1:] |= moved[:, :-1].copy()
    return Rows(np.ascontiguousarray(moved.T), slope, offset)


def ridges(turned: NDArray[np.uint8], slope: float) -> Rows:
    """Rows by what has more ink than its neighbours: `turned` holds amounts of ink, with columns as rows."""
    moved, offset = _sheared(turned, slope)
    sums = np.cumsum(moved, axis=0, dtype=np.int32)
    along = np.zeros(moved.shape, np.int16)
    if len(moved) > ALONG:
        along[ALONG // 2 : -(ALONG // 2)] = sums[ALONG:] - sums[:-ALONG]
    beside = np.zeros_like(along)
    for far in BESIDE:
        np.maximum(beside[:, far:], along[:, :-far], out=beside[:, far:])
        np.maximum(beside[:, :-far], along[:, far:], out=beside[:, :-far])
    along -= beside
    along -= beside // 2
    ridge = along > FAINTEST * ALONG
    ridge[:, 1:] |= ridge[:, :-1].copy()
    return Rows(np.ascontiguousarray(ridge.T).view(np.uint8), slope, offset)


def _sheared(turned: NDArray[np.uint8], slope: float) -> tuple[NDArray[np.uint8], int]:
    length, breadth = turned.shape
    offset = math.ceil(abs(slope) * length) + 2
    wide = np.zeros((length, breadth + 2 * offset), np.uint8)
    moved = np.rint(np.arange(length) * slope).astype(int) + offset
    for first, last in itertools.pairwise([0, *(np.flatnonzero(np.diff(moved)) + 1).tolist(), length]):
        row = int(moved[first])
        wide[first:last, row : row + breadth] = turned[first:last]
    return wide, offset


def _windowed(ink: NDArray[np.uint8], window: int) -> NDArray[np.uint8]:
    """Sums of `window` (at most 255) neighbours of each row, by doubling."""
    wide = ink.shape[1] - window + 1
    total, power, size, done = np.zeros((ink.shape[0], wide), np.uint8), ink, 1, 0
    while True:
        if window & size:
            total += power[:, done : done + wide]
            done += size
        if done == window:
            return total
        power = power[:, :-size] + power[:, size:]
        size *= 2


def _apart(sides: Iterable[Side]) -> list[Side]:
    kept: list[Side] = []
    for side in sides:
        if len(kept) >= MOST_SIDES:
            break
        if not any(abs(k.row - side.row) <= 3 and k.start < side.end and side.start < k.end for k in kept):
            kept.append(side)
    return kept
