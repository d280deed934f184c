"""Frames of stamps: four-sided, as wide and as tall as an arrival stamp, askew by up to 16 degrees.

A side is a stretch of a page row (of the page sheared by the angle) that is inked almost without a gap: lines of print
cover less than six tenths of any row, a worn frame more than seven.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.ink import Mask, Plane

PER_MM = 3.0
"""Pixels per millimetre of the copy that is searched."""
WIDE = (34.0, 66.0)
WHOLE = 40.0
TALL = (15.5, 42.0)
"""mm; narrower than WHOLE only at the edge. NĐ 30/2020, annex IV: 50 x 35; the real ones also 46 x 21 and 60 x 19."""
STEEPEST = 16
ANGLE_STEP = 2
WINDOWS = (18.0, 9.0)
"""mm of a horizontal and of an upright side that must be covered in one piece."""
COVERED = 0.72
MOST_SIDES = 28
EDGE = 3.0
"""mm from the edge of the page within which a side may be lost."""
BEST = 4
MOST_INK = 0.3
"""Share of inked pixels above which a page is a photograph: lines are everywhere, and none is a frame's."""
MOST_TRIED = 600
"""Rectangles weighed at one angle; real pages have at most a few hundred."""
TINTED = 0.5
MUCH_WORSE = 0.2
SAME = 1.5
"""mm."""
LEAST = 0.66
"""Below this score four lines are not a frame."""


@dataclass(frozen=True)
class Frame:
    """A rectangle in pixels of the page image."""

    centre: tuple[float, float]
    width: float
    height: float
    angle: float
    """Degrees anticlockwise."""
    score: float
    """0..1: how much of its four sides is inked."""
    kind: str = "dark"

    def corners(self) -> list[tuple[float, float]]:
        """From the upper left one clockwise."""
        c, s = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        half = self.width / 2, self.height / 2
        return [
            (self.centre[0] + x * c + y * s, self.centre[1] - x * s + y * c)
            for x, y in ((-half[0], -half[1]), (half[0], -half[1]), (half[0], half[1]), (-half[0], half[1]))
        ]


@dataclass(frozen=True)
class Side:
    """An inked stretch of one row of the sheared page, in pixels of the copy."""

    row: int
    start: int
    end: int


class _Sheared:
    """The ink with its rows laid along an angle: how much of a stretch of a row is inked."""

    def __init__(self, turned: NDArray[np.uint8], slope: float) -> None:
        """`turned` is the ink with its columns as rows: so they are moved in one piece."""
        length, breadth = turned.shape
        self.slope = slope
        self.offset = math.ceil(abs(slope) * length) + 2
        thick = np.zeros((length, breadth + 2 * self.offset), np.uint8)
        moved = np.rint(np.arange(length) * slope).astype(int) + self.offset
        for first, last in itertools.pairwise([0, *(np.flatnonzero(np.diff(moved)) + 1).tolist(), length]):
            row = int(moved[first])
            thick[first:last, row : row + breadth] = turned[first:last]
            thick[first:last, row + 1 : row + 1 + breadth] |= turned[first:last]
        self.thick = np.ascontiguousarray(thick.T)

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


def frames(plane: Plane) -> list[Frame]:
    """The likeliest frames of the page, best first."""
    if plane.mask.mean() > MOST_INK:
        return []
    height, width = plane.mask.shape
    coarse = _search(plane.mask, np.arange(-STEEPEST, STEEPEST + 1.0, ANGLE_STEP), (0, 0), (width, height))
    fine = [_refined(plane.mask, found) for found in coarse]
    return [_on_page(found, plane) for found in sorted(fine, key=lambda f: -f.score)]


def tinted(frame: Frame, coloured: Sequence[Plane]) -> Frame:
    """The same frame with its colour: that of the ink on more than half of its sides."""
    covers = {plane.kind: _cover(frame, plane) for plane in coloured}
    kind = max(covers, key=lambda k: covers[k], default=frame.kind)
    return dataclasses.replace(frame, kind=kind) if covers.get(kind, 0.0) > TINTED else frame


def _cover(frame: Frame, plane: Plane) -> float:
    """How much of the sides is inked in the plane, give or take a pixel."""
    corners = np.array(frame.corners()) * plane.scale
    steps = np.linspace(0, 1, 100)[:, None]
    points = np.concatenate([a + (b - a) * steps for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)])
    height, width = plane.mask.shape
    inside = points[((points >= 1) & (points < (width - 1, height - 1))).all(1)].astype(int)
    near = [plane.mask[inside[:, 1] + y, inside[:, 0] + x] for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return float(np.any(near, axis=0).mean()) if len(inside) else 0.0


def _refined(mask: Mask, found: Frame) -> Frame:
    """The same frame, its angle to a half degree."""
    corners = found.corners()
    margin = 5 * PER_MM
    x0, y0 = (int(max(0, min(c[n] for c in corners) - margin)) for n in (0, 1))
    x1, y1 = (int(max(c[n] for c in corners) + margin) for n in (0, 1))
    angles = found.angle + np.arange(-1.5, 1.51, 0.5)
    again = _search(mask[y0:y1, x0:x1], angles, (x0, y0), mask.shape[::-1])
    return max((*again, found), key=lambda f: f.score)


def _on_page(found: Frame, plane: Plane) -> Frame:
    x, y = found.centre
    per = 1 / plane.scale
    centre = ((x + 0.5) * per, (y + 0.5) * per)
    return Frame(centre, found.width * per, found.height * per, found.angle, found.score, plane.kind)


def _search(mask: Mask, angles: NDArray[np.float64], origin: tuple[int, int], page: tuple[int, ...]) -> list[Frame]:
    """Frames in a part of the page that begins at `origin`, in pixels of the copy of the page."""
    if np.count_nonzero(mask) < 100:
        return []
    ink = mask.view(np.uint8)
    turned = np.ascontiguousarray(ink.T)
    found: list[Frame] = []
    for angle in angles.tolist():
        slope = math.tan(math.radians(angle))
        level = _Sheared(turned, slope)
        tops = level.sides(int(WINDOWS[0] * PER_MM))
        if not tops:
            continue
        upright = _Sheared(ink, -slope)
        walls = upright.sides(int(WINDOWS[1] * PER_MM))
        found += _Corner(level, upright, angle, origin, page).rectangles(tops, walls)
    return _distinct(found)


def _distinct(found: list[Frame]) -> list[Frame]:
    kept: list[Frame] = []
    for frame in sorted(found, key=lambda f: -f.score):
        if len(kept) < BEST and not any(math.dist(k.centre, frame.centre) < 12 * PER_MM for k in kept):
            kept.append(frame)
    return [_with_head(frame, found) for frame in kept]


def _with_head(frame: Frame, found: list[Frame]) -> Frame:
    """The frame together with the cell above it, where the office's name stands."""
    higher = [other for other in found if frame.score - other.score < MUCH_WORSE and _is_headed(other, frame)]
    return max((frame, *higher), key=lambda f: f.height)


def _is_headed(other: Frame, frame: Frame) -> bool:
    """`other` has the same sides and the same foot, and begins a line of print higher."""
    if other.angle != frame.angle:
        return False
    same = math.dist(other.corners()[2], frame.corners()[2]) < SAME * PER_MM
    return same and abs(other.width - frame.width) < SAME * PER_MM and 3 < (other.height - frame.height) / PER_MM < 9


@dataclass(frozen=True)
class _Corner:
    """One angle of the search."""

    level: _Sheared
    upright: _Sheared
    angle: float
    origin: tuple[int, int]
    page: tuple[int, ...]

    def rectangles(self, tops: list[Side], walls: list[Side]) -> list[Frame]:
        """Every believable rectangle made of these sides, a lost one inferred from the ends of its neighbours."""
        tried = itertools.islice(self._all(tops, walls), MOST_TRIED)
        return [frame for frame in (self._frame(*sides) for sides in tried) if frame and frame.score > LEAST]

    def _all(self, tops: list[Side], walls: list[Side]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        """Rows and columns of every rectangle there might be."""
        for top, bottom in _pairs(tops, TALL):
            rows = top.row - self.level.offset, bottom.row - self.level.offset
            ends = [self._column(x, r) for s, r in zip((top, bottom), rows, strict=True) for x in (s.start, s.end)]
            columns = [wall.row - self.upright.offset for wall in walls if self._beside(wall, rows)]
            pairs = [pair for pair in _spans(columns + ends, WIDE) if pair[0] in columns or pair[1] in columns]
            yield from ((rows, pair) for pair in pairs if _holds((top, bottom), pair))
        for left, right in _pairs(walls, WIDE):
            columns = [left.row - self.upright.offset, right.row - self.upright.offset]
            ends = [self._row(y, c) for s, c in zip((left, right), columns, strict=True) for y in (s.start, s.end)]
            levels = [top.row - self.level.offset for top in tops if _holds((top,), (columns[0], columns[1]))]
            pairs = [p for p in _spans(ends + levels, TALL) if (p[0] in levels) != (p[1] in levels)]
            yield from ((pair, (columns[0], columns[1])) for pair in pairs)

    def _column(self, x: float, row: float) -> int:
        slope = self.level.slope
        return round(x - (row - x * slope) * slope)

    def _row(self, y: float, column: float) -> int:
        slope = self.level.slope
        return round(y + (column + y * slope) * slope)

    def _beside(self, wall: Side, rows: tuple[int, int]) -> bool:
        return wall.start < rows[1] + 8 * PER_MM and wall.end > rows[0] - 8 * PER_MM

    def _meet(self, row: float, column: float) -> tuple[float, float]:
        slope = self.level.slope
        share = 1 + slope * slope
        return (column + slope * row) / share, (row - slope * column) / share

    def _frame(self, rows: tuple[int, int], columns: tuple[int, int]) -> Frame | None:
        (x0, y0), (x1, y1) = self._meet(rows[0], columns[0]), self._meet(rows[1], columns[1])
        (xr, yr), (xl, yl) = self._meet(rows[0], columns[1]), self._meet(rows[1], columns[0])
        sides = (
            (self.level, rows[0], x0, xr), (self.level, rows[1], xl, x1),
            (self.upright, columns[0], y0, yl), (self.upright, columns[1], yr, y1),
        )  # fmt: skip
        lost = (False, False, self.origin[0] + x0 < EDGE * PER_MM, self.origin[0] + x1 > self.page[0] - EDGE * PER_MM)
        size = columns[1] - columns[0], rows[1] - rows[0]
        if size[0] < WHOLE * PER_MM and not any(lost):
            return None
        seen: list[float] = []
        for (sheared, place, start, end), gone in zip(sides, lost, strict=True):
            cover = sheared.best(place + sheared.offset, round(start), round(end))[0]
            seen += [] if gone and cover < 0.5 else [cover]
            if _score((*seen, *[1.0] * (4 - len(seen)))) < LEAST:
                return None
        score = _score(seen) - 0.04 * (4 - len(seen))
        score += 0.03 * math.log(size[0] * size[1] / (50 * 35 * PER_MM * PER_MM))
        if score < LEAST:
            return None
        score -= 0.3 * self._goes_on(rows, columns, (x0, xr, xl, x1), (y0, yl, yr, y1))
        cosine = math.cos(math.radians(self.angle))
        centre = (x0 + x1 + xl + xr) / 4 + self.origin[0], (y0 + y1 + yl + yr) / 4 + self.origin[1]
        return Frame(centre, size[0] * cosine, size[1] * cosine, self.angle, score)

    def _goes_on(
        self, rows: tuple[int, int], columns: tuple[int, int], xs: tuple[float, ...], ys: tuple[float, ...]
    ) -> bool:
        """Lines run on beyond the corners: a cell of a table. `xs` and `ys` are the ends of each row and column."""
        step = round(5 * PER_MM)
        beyond = []
        for sheared, places, ends in ((self.level, rows, xs), (self.upright, columns, ys)):
            for place, (first, last) in zip(places, (ends[:2], ends[2:]), strict=True):
                row = place + sheared.offset
                beyond.append(sheared.best(row, round(first - step), round(first - step / 5))[0])
                beyond.append(sheared.best(row, round(last + step / 5), round(last + step))[0])
        return sum(cover > 0.85 for cover in beyond) >= 3


def _score(covers: Sequence[float]) -> float:
    return 0.6 * math.fsum(covers) / len(covers) + 0.4 * min(covers)


def _pairs(sides: list[Side], span: tuple[float, float]) -> list[tuple[Side, Side]]:
    near = span[0] * PER_MM, span[1] * PER_MM
    ordered = sorted(sides, key=lambda side: side.row)
    return [
        (a, b)
        for a, b in itertools.combinations(ordered, 2)
        if near[0] <= b.row - a.row <= near[1] and a.start < b.end and b.start < a.end
    ]


def _holds(sides: tuple[Side, ...], columns: tuple[int, int]) -> bool:
    """Each of the sides runs along more than half of what lies between the columns."""
    wide = columns[1] - columns[0]
    return all(min(s.end, columns[1] + 20) - max(s.start, columns[0] - 20) > wide / 2 for s in sides)


def _spans(places: list[int], span: tuple[float, float]) -> list[tuple[int, int]]:
    pairs = itertools.combinations(sorted(set(places)), 2)
    return [(a, b) for a, b in pairs if span[0] * PER_MM <= b - a <= span[1] * PER_MM]
