"""Photographs of papers: the sheet is found on the table and set straight, as a scanner would have seen it.

Only where it is plain: one bright four-sided sheet of a paper's shape on a darker ground all around. A scan fills its
picture, or lies on a lid of one even colour with its sides in parallel: it stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

SMALL = 400
"""Pixels of the longer side of the copy on which the sheet is looked for."""
LEAST, MOST = 0.2, 0.93
"""Share of the picture that the sheet takes."""
BRIGHTER = 45
"""Grey levels by which the sheet is lighter than the ground."""
EVEN = 8.0
"""Grey levels a scanner's lid differs from itself (15th to 85th in a hundred); a table in daylight has more."""
A4 = 2**0.5
Point = tuple[float, float]
Line = tuple[float, float, float]
"""a, b, c of a x + b y = c."""
Corners = tuple[Point, Point, Point, Point]
"""Left top, right top, right bottom, left bottom."""


def straightened(image: Image.Image) -> Image.Image | None:
    """The sheet alone, its corners square; None when the picture is not plainly a photograph of one sheet."""
    corners = sheet(image)
    if corners is None:
        return None
    size = _size(corners)
    solved = _perspective(corners, size)
    fill: int | tuple[int, ...] = 255 if image.mode == "L" else (255, 255, 255)
    return image.transform(size, Image.Transform.PERSPECTIVE, solved, Image.Resampling.BICUBIC, fillcolor=fill)


def sheet(image: Image.Image) -> Corners | None:
    """The corners of the one sheet on a darker ground, in pixels of `image`."""
    small, scale = _small(image)
    pixels = np.asarray(small, np.float32)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    middle = pixels[pixels.shape[0] // 4 : -pixels.shape[0] // 4, pixels.shape[1] // 4 : -pixels.shape[1] // 4]
    if np.median(middle) - np.median(edge) < BRIGHTER:
        return None
    mask = _whole(pixels > _parting(pixels))
    found = _corners(mask)
    if found is None or not _is_sheet(found, mask) or not _is_table(found, pixels, mask):
        return None
    left_top, right_top, right_bottom, left_bottom = (((x + 0.5) * scale, (y + 0.5) * scale) for x, y in found)
    return left_top, right_top, right_bottom, left_bottom


def _small(image: Image.Image) -> tuple[Image.Image, float]:
    """The darkest of the three colours, small and without its letters: wood is bright in red, never in blue."""
    scale = max(1.0, max(image.size) / SMALL)
    small = image.resize(
        (max(8, round(image.width / scale)), max(8, round(image.height / scale))), Image.Resampling.BOX
    )
    darkest = Image.fromarray(np.asarray(small).min(axis=2)) if small.mode == "RGB" else small.convert("L")
    return darkest.filter(ImageFilter.MaxFilter(7)).filter(ImageFilter.MinFilter(7)), scale


def _parting(pixels: np.ndarray) -> float:
    """The level that parts bright from dark best (N. Otsu, 1979)."""
    counts = np.bincount(pixels.astype(np.uint8).ravel(), minlength=256).astype(float)
    below, levels = np.cumsum(counts), np.arange(256)
    above, weight = counts.sum() - below, np.cumsum(counts * levels)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = weight / below - (weight[-1] - weight) / above
    return float(np.nanargmax(np.where((below > 0) & (above > 0), below * above * apart**2, 0)))


def _whole(bright: np.ndarray) -> np.ndarray:
    """What hangs together with the bright middle of the picture."""
    height, width = bright.shape
    grown = np.zeros_like(bright)
    grown[height * 2 // 5 : height * 3 // 5, width * 2 // 5 : width * 3 // 5] = True
    grown &= bright
    size = -1
    while size != (size := int(grown.sum())):
        for _ in range(8):
            grown[1:] |= grown[:-1]
            grown[:-1] |= grown[1:]
            grown[:, 1:] |= grown[:, :-1]
            grown[:, :-1] |= grown[:, 1:]
            grown &= bright
    return grown


def _corners(mask: np.ndarray) -> Corners | None:
    """Where the four sides meet, each the straight line through the edge of `mask` between two outermost points."""
    y, x = np.nonzero(mask)
    if len(x) < 100:
        return None
    rough = [(x[n], y[n]) for n in (np.argmin(x + y), np.argmax(x - y), np.argmax(x + y), np.argmin(x - y))]
    sides = [_side(mask, rough[n], rough[(n + 1) % 4], upright=bool(n % 2)) for n in range(4)]
    if any(side is None for side in sides):
        return None
    met = [_met(sides[n - 1], sides[n]) for n in range(4)]  # type: ignore[arg-type]
    return (met[0], met[1], met[2], met[3])


def _side(mask: np.ndarray, one: Sequence[int], other: Sequence[int], *, upright: bool) -> Line | None:
    """The line along the edge of `mask` from `one` to `other`; corners may be bent."""
    along, across = (1, 0) if upright else (0, 1)
    begin, end = sorted((int(one[along]), int(other[along])))
    inset = (end - begin) // 10
    places = np.arange(begin + inset, end - inset)
    if len(places) < 20:
        return None
    rows = mask[places] if upright else mask[:, places].T
    outer = _is_far(mask, one, other, across)
    edge = rows.shape[1] - 1 - np.argmax(rows[:, ::-1], axis=1) if outer else np.argmax(rows, axis=1)
    slope, start = np.polyfit(places, edge, 1)
    near = np.abs(edge - slope * places - start) < 3
    if near.mean() < 0.8:
        return None
    slope, start = np.polyfit(places[near], edge[near], 1)
    return (1.0, -float(slope), float(start)) if upright else (-float(slope), 1.0, float(start))


def _is_far(mask: np.ndarray, one: Sequence[int], other: Sequence[int], across: int) -> bool:
    """Whether a side lies beyond the middle of the sheet: right or below."""
    middle = float(np.nonzero(mask)[1 - across].mean())
    return (one[across] + other[across]) / 2 > middle


def _met(one: Line, other: Line) -> Point:
    (a, b, c), (d, e, f) = one, other
    whole = a * e - b * d
    return ((c * e - b * f) / whole, (a * f - c * d) / whole) if abs(whole) > 1e-6 else (0.0, 0.0)


def _lengths(corners: Corners) -> list[float]:
    """Top, right, bottom, left."""
    return [float(np.hypot(*np.subtract(corners[n], corners[(n + 1) % 4]))) for n in range(4)]


def _area(corners: Corners) -> float:
    x, y = np.array(corners).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def _is_sheet(corners: Corners, mask: np.ndarray) -> bool:
    """Whether the bright part is one four-sided sheet of a paper's shape, whole within the picture."""
    height, width = mask.shape
    rim = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    inside = all(0 <= x < width and 0 <= y < height for x, y in corners) and rim.mean() < 0.02
    area, (top, right, bottom, left) = _area(corners), _lengths(corners)
    if not inside or not LEAST < area / (width * height) < MOST:
        return False
    shape = (left + right) / (top + bottom)
    return (
        0.95 < mask.sum() / area < 1.05
        and 1.15 < max(shape, 1 / shape) < 1.75 and min(top, bottom) > 0.6 * max(top, bottom)
        and min(left, right) > 0.6 * max(left, right)
    )  # fmt: skip


def _is_table(corners: Corners, pixels: np.ndarray, mask: np.ndarray) -> bool:
    """Whether what lies around is a ground in a room, not a scanner's lid: shaded, or the sheet's sides lean."""
    around = pixels[~mask]
    if len(around) < 0.07 * mask.size or np.median(pixels[mask]) - np.median(around) < BRIGHTER:
        return False
    top, right, bottom, left = _lengths(corners)
    keystone = min(min(top, bottom) / max(top, bottom), min(left, right) / max(left, right))
    return float(np.subtract(*np.percentile(around, (85, 15)))) > EVEN or keystone < 0.97


def _size(corners: Corners) -> tuple[int, int]:
    """Pixels of the straight sheet; of A4's shape where it is near to it."""
    top, right, bottom, left = _lengths(corners)
    width, height = max(top, bottom), max(left, right)
    if 0.85 < height / width / A4 < 1.15:
        height = width * A4 if width * A4 > height else height
        width = height / A4
    elif 0.85 < width / height / A4 < 1.15:
        width = height * A4 if height * A4 > width else width
        height = width / A4
    return round(width), round(height)


def _perspective(corners: Corners, size: tuple[int, int]) -> tuple[float, ...]:
    """The eight numbers of Pillow's PERSPECTIVE: from places of the straight sheet to those of the picture."""
    width, height = size
    squares = ((0, 0), (width, 0), (width, height), (0, height))
    rows, values = [], []
    for (x, y), (u, v) in zip(squares, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return tuple(float(value) for value in np.linalg.solve(np.array(rows, float), np.array(values, float)))
