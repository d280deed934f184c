"""Frames of stamps: four-sided, as wide and as tall as an arrival stamp, askew by up to 16 degrees."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.ink import Plane
from archive.sides import PER_MM, Rows, Side, inked, ridges

WIDE = (34.0, 66.0)
WHOLE = 40.0
TALL = (15.5, 42.0)
"""mm; narrower than WHOLE only at the edge. NĐ 30/2020, annex IV: 50 x 35; the real ones also 46 x 21 and 60 x 19."""
STEEPEST = 16
ANGLE_STEP = 2
WINDOWS = (18.0, 9.0)
"""mm of a horizontal and of an upright side that must be covered in one piece."""
EDGE = 3.0
"""mm from the edge of the page within which a side may be lost."""
BEST = 4
MOST_INK = 0.3
"""Share of inked pixels above which a page is a photograph: lines are everywhere, and none is a frame's."""
MOST_TRIED = 600
"""Rectangles weighed at one angle; real pages have at most a few hundred."""
TINTED = 0.5
MUCH_WORSE, WORSE = 0.2, 0.1
CELL = (12.0, 20.0)
"""mm that the cell of ĐẾN is wide."""
SAME = 1.5
"""mm."""
UPPER = 0.62
"""Share of the page's height in which faint frames are looked for: stamps stand below the heading (NĐ 30/2020, annex
IV), or on the text that follows."""


@dataclass(frozen=True)
class Look:
    """How sides are seen, and what four of them must be to be a frame."""

    rows: Callable[[NDArray[np.uint8], float], Rows]
    least: float
    """Score below which four lines are not a frame."""
    forgiven: int
    """How many of four sides may be lost at no more than their share."""
    told: float
    """Score of a frame at its right angle from which on it is told."""


PLAIN = Look(inked, 0.66, 0, 0.66)
FAINT = Look(ridges, 0.6, 1, 0.74)
"""Text alone gives a faint frame that is told in a page in forty."""


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
    faint: bool = False
    """Only dots of it are left."""

    def corners(self) -> list[tuple[float, float]]:
        """From the upper left one clockwise."""
        c, s = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        half = self.width / 2, self.height / 2
        return [
            (self.centre[0] + x * c + y * s, self.centre[1] - x * s + y * c)
            for x, y in ((-half[0], -half[1]), (half[0], -half[1]), (half[0], half[1]), (-half[0], half[1]))
        ]


def frames(plane: Plane) -> list[Frame]:
    """The likeliest frames of the page, best first."""
    if plane.mask.mean() > MOST_INK:
        return []
    return _found(plane, plane.mask.view(np.uint8), PLAIN)


def faint_frames(plane: Plane) -> list[Frame]:
    """Frames of the upper part of the page of which little more than dots are left, best first."""
    found = _found(plane, plane.amount[: round(UPPER * len(plane.amount))], FAINT)
    return [dataclasses.replace(frame, faint=True) for frame in found if frame.score > FAINT.told]


def _found(plane: Plane, ink: NDArray[np.uint8], look: Look) -> list[Frame]:
    page = plane.mask.shape[::-1]
    coarse = _search(ink, np.arange(-STEEPEST, STEEPEST + 1.0, ANGLE_STEP), (0, 0), page, look)
    fine = [_refined(ink, found, page, look) for found in coarse]
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


def _refined(ink: NDArray[np.uint8], found: Frame, page: tuple[int, ...], look: Look) -> Frame:
    """The same frame, its angle to a half degree."""
    corners = found.corners()
    margin = 5 * PER_MM
    x0, y0 = (int(max(0, min(c[n] for c in corners) - margin)) for n in (0, 1))
    x1, y1 = (int(max(c[n] for c in corners) + margin) for n in (0, 1))
    angles = found.angle + np.arange(-1.5, 1.51, 0.5)
    again = _search(ink[y0:y1, x0:x1], angles, (x0, y0), page, look)
    return max((*again, found), key=lambda f: f.score)


def _on_page(found: Frame, plane: Plane) -> Frame:
    x, y = found.centre
    per = 1 / plane.scale
    centre = ((x + 0.5) * per, (y + 0.5) * per)
    return Frame(centre, found.width * per, found.height * per, found.angle, found.score, plane.kind)


def _search(
    ink: NDArray[np.uint8], angles: NDArray[np.float64], origin: tuple[int, int], page: tuple[int, ...], look: Look
) -> list[Frame]:  # fmt: skip
    """Frames in a part of the page that begins at `origin`, in pixels of the copy of the page."""
    if np.count_nonzero(ink) < 100:
        return []
    turned = np.ascontiguousarray(ink.T)
    found: list[Frame] = []
    for angle in angles.tolist():
        slope = math.tan(math.radians(angle))
        level = look.rows(turned, slope)
        tops = level.sides(int(WINDOWS[0] * PER_MM))
        if not tops:
            continue
        upright = look.rows(ink, -slope)
        walls = upright.sides(int(WINDOWS[1] * PER_MM))
        found += _Corner(level, upright, angle, origin, page, look).rectangles(tops, walls)
    return _distinct(found, look)


def _distinct(found: list[Frame], look: Look) -> list[Frame]:
    kept: list[Frame] = []
    for frame in sorted(found, key=lambda f: -f.score):
        if len(kept) < BEST and not any(math.dist(k.centre, frame.centre) < 12 * PER_MM for k in kept):
            kept.append(frame)
    told = [other for other in found if other.score > look.told]
    return [_with_cell(_with_head(frame, told), told) for frame in kept]


def _with_cell(frame: Frame, found: list[Frame]) -> Frame:
    """The frame together with the cell at its left, where ĐẾN stands."""
    wider = [other for other in found if frame.score - other.score < WORSE and _is_right_part(frame, other)]
    return max(wider, key=lambda f: f.score, default=frame)


def _is_right_part(frame: Frame, other: Frame) -> bool:
    """`other` has the same right, upper and lower side, and begins a cell farther left."""
    if other.angle != frame.angle:
        return False
    right = zip(other.corners()[1:3], frame.corners()[1:3], strict=True)
    cell = (other.width - frame.width) / PER_MM
    return CELL[0] < cell < CELL[1] and all(math.dist(a, b) < SAME * PER_MM for a, b in right)


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

    level: Rows
    upright: Rows
    angle: float
    origin: tuple[int, int]
    page: tuple[int, ...]
    look: Look

    def rectangles(self, tops: list[Side], walls: list[Side]) -> list[Frame]:
        """Every believable rectangle made of these sides, a lost one inferred from the ends of its neighbours."""
        tried = itertools.islice(self._all(tops, walls), MOST_TRIED)
        return [frame for frame in (self._frame(*sides) for sides in tried) if frame and frame.score > self.look.least]

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
            if self._score((*seen, *[1.0] * (4 - len(seen)))) < self.look.least:
                return None
        score = self._score(seen) - 0.04 * (4 - len(seen))
        score += 0.03 * math.log(size[0] * size[1] / (50 * 35 * PER_MM * PER_MM))
        if score < self.look.least:
            return None
        score -= 0.3 * self._goes_on(rows, columns, (x0, xr, xl, x1), (y0, yl, yr, y1))
        cosine = math.cos(math.radians(self.angle))
        centre = (x0 + x1 + xl + xr) / 4 + self.origin[0], (y0 + y1 + yl + yr) / 4 + self.origin[1]
        return Frame(centre, size[0] * cosine, size[1] * cosine, self.angle, score)

    def _score(self, covers: Sequence[float]) -> float:
        worst = sorted(covers)[self.look.forgiven if len(covers) == 4 else 0]
        return 0.6 * math.fsum(covers) / len(covers) + 0.4 * worst

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
