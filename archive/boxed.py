"""Boxes of the law's size found by their four sides, however broken, and whatever other print they run into.

TT 24/2020/TT-BCA: 8 mm high; 20 mm wide around MẬT, 30 around TỐI MẬT, 40 around TUYỆT MẬT.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from archive import lone
from archive.ink import Mask
from archive.lone import Blob

HIGH = 8.0
WIDE = (20.0, 30.0, 40.0)
PER_MM = lone.PER_MM / 2
STEP = 2.0
"""Degrees from one angle that is tried to the next."""
SIDE = 0.62
"""Share of each long side that must be ink; of the better short side, too."""
SHORT = 0.95
"""Of both short sides together."""
LEAST = 3.25
"""Of four sides together, the long ones counting twice by the worse of them."""
BEYOND = 3.0
"""mm beside a box in which its long sides must have ended."""
THICK = 4
"""Pixels of PER_MM that a line is thick at most."""
ACROSS = 1.7
"""mm that ink reaches across a side from which on it is a letter's and no line's."""
DRAWN = 0.72
"""Share of the two long sides together along which they are lines: print above and below a word has .4 at most, rules
of a table under another angle .69; boxes of marks .74 and more, worn and overprinted."""
TURNS = (-1.0, 0.0, 1.0)
"""Degrees by which a box may lie otherwise than it was found."""
TRIES = 4
MOST = 4
"""Boxes of a head that are read: tables have many."""


@dataclass(frozen=True)
class _Box:
    score: float
    blob: Blob


def boxes(mask: Mask) -> Iterator[Blob]:
    """The best boxes of a mask of lone.PER_MM; sizes in mm."""
    coarse = Image.fromarray(_halved(mask))
    found: list[_Box] = []
    for angle in np.arange(-lone.STEEPEST, lone.STEEPEST + 0.1, STEP):
        level = np.asarray(coarse.rotate(-angle)) > 0
        found += [box for wide in WIDE for box in _level(level, wide, float(angle))]
    found.sort(key=lambda box: -box.score)
    kept: list[Blob] = []
    for box in found:
        apart = all(math.dist((box.blob.x, box.blob.y), (one.x, one.y)) > 4 for one in kept)
        if len(kept) < MOST and apart and _is_drawn(mask, box.blob):
            kept.append(box.blob)
    yield from kept


def _is_drawn(mask: Mask, blob: Blob) -> bool:
    """Whether the long sides are lines that lie as the box does: lines of print above and below a word stand like a
    box, but their strokes run on across its sides; and so do rules of a table that lies otherwise."""
    x, y, reach = (round(mm * lone.PER_MM) for mm in (blob.x, blob.y, blob.long / 2 + BEYOND))
    around = Image.fromarray(mask * np.uint8(255)).crop((x - reach, y - reach, x + reach, y + reach))
    half = round((blob.long / 2 - 1) * lone.PER_MM)
    return any(
        _drawn_share(np.asarray(around.rotate(turn - blob.angle)) > 0, half) >= DRAWN for turn in TURNS
    )  # fmt: skip


def _drawn_share(level: Mask, half: int) -> float:
    """How much of the long sides of a box in the middle of a level mask are lines, so far from its middle; of 1."""
    thin = level & ~lone.in_runs(level.T, round(ACROSS * lone.PER_MM) + 1).T
    near = lone.grown(thin, across=0, down=1)
    middle, off = len(level) // 2, round(HIGH / 2 * lone.PER_MM)
    shares = near[:, middle - half : middle + half].mean(1)
    return sum(float(shares[row - 4 : row + 5].max()) for row in (middle - off, middle + off)) / 2


def _halved(mask: Mask) -> NDArray[np.uint8]:
    even = mask[: mask.shape[0] // 2 * 2, : mask.shape[1] // 2 * 2]
    pairs = even[::2] | even[1::2]
    return ((pairs[:, ::2] | pairs[:, 1::2]) * np.uint8(255)).astype(np.uint8)


def _level(level: Mask, wide: float, angle: float) -> Iterator[_Box]:
    """The best place of a box of this width that lies level in a mask of PER_MM, if it is good enough."""
    across, down = round(wide * PER_MM), round(HIGH * PER_MM)
    if level.shape[0] <= down + 2 or level.shape[1] <= across + 2:
        return
    rows = _runs(level, across)
    bottom = np.maximum(np.maximum(rows[down - 1 : -2], rows[down:-1]), rows[down + 1 :])
    long = np.minimum(rows[: len(bottom)], bottom)
    if long.max() < SIDE:
        return
    columns = _runs(level.T, down).T
    left, right = columns[: len(long), : long.shape[1]], columns[: len(long), across : across + long.shape[1]]
    high, width = min(len(long), len(left)), min(long.shape[1], right.shape[1])
    long, left, right = long[:high, :width], left[:high, :width], right[:high, :width]
    good = (long >= SIDE) & (np.maximum(left, right) >= SIDE) & (left + right >= SHORT)
    score = np.where(good, long * 2 + left + right, 0)
    for _ in range(TRIES):
        y, x = (int(n) for n in np.unravel_index(int(score.argmax()), score.shape))
        best = float(score[y, x])
        if best < LEAST:
            return
        if not _goes_on(level, y, x, across, down):
            yield _Box(best, _turned_back(level.shape, x + across / 2, y + down / 2, wide, angle))
            return
        score[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4] = 0


def _goes_on(level: Mask, y: int, x: int, across: int, down: int) -> bool:
    """Whether both long sides run on beyond a short one: a cell of a table, or the half of a longer box."""
    far = round(BEYOND * PER_MM)
    beside = (slice(max(0, x - 1 - far), max(0, x - 1)), slice(x + across + 2, x + across + 2 + far))
    sides = [level[max(0, row - 2) : row + 3, part] for part in beside for row in (y, y + down)]
    ink = [float(_is_line(side).mean()) if side.shape[1] == far else 0.0 for side in sides]
    return min(ink[:2]) > 0.6 or min(ink[2:]) > 0.6


def _is_line(strip: Mask) -> Mask:
    """The columns of a strip along a line in which no more ink stands than a line is thick: letters have more."""
    thick = strip.sum(0)
    thin: Mask = (thick > 0) & (thick <= THICK)
    return thin


def _runs(mask: Mask, length: int) -> NDArray[np.float32]:
    """The share of ink in each stretch of a row, a pixel to either side of it counting as it."""
    thick = mask.copy()
    thick[1:] |= mask[:-1]
    thick[:-1] |= mask[1:]
    sums = np.cumsum(thick, axis=1, dtype=np.int32)
    return ((sums[:, length:] - sums[:, :-length]) / np.float32(length)).astype(np.float32)


def _turned_back(shape: tuple[int, ...], x: float, y: float, wide: float, angle: float) -> Blob:
    dx, dy = x - shape[1] / 2, y - shape[0] / 2
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    there = shape[1] / 2 + dx * c + dy * s, shape[0] / 2 - dx * s + dy * c
    return Blob(float(there[0]) / PER_MM, float(there[1]) / PER_MM, wide, HIGH, angle)
