"""The dotted leaders of a form: the rows of dots the pen writes upon.

Dots stand at an even pitch, letters and strokes of the pen do not: so the spectrum of a row of pixels shows a leader
also where print, pen or a pale stamp hide half of its dots.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PITCH = (0.45, 1.5)
"""mm from dot to dot; the full stops of 8 to 14 points."""
WINDOW = 8.0
"""mm of a row that are looked at together."""
APART = 3.4
"""mm at least from one leader to the next."""
LEAST = 0.36
MOST = 5
"""Rows that are taken for leaders: three or four stand in a stamp."""
SMOOTH = 0.3
"""mm; as high as a dot."""
CLEAREST = 1.2
"""mm of rows, those of some four lines of dots, that say what the pitch is."""
FLOOR = 1.0
"""Energy a pixel that counts as none, dots of some four grey levels: noise on blank paper has a pitch, too."""


@dataclass(frozen=True)
class Leader:
    """A row of dots: its height in mm of the picture, and how clear it is (0..1; print reaches some 0.5)."""

    height: float
    strength: float


def leaders(picture: Image.Image, px: float) -> list[Leader]:
    """The clearest rows of dots of a level picture, from the top; `px` pixels per mm."""
    rows = profile(picture, px)
    found: list[Leader] = []
    apart = round(APART * px)
    while len(found) < MOST and len(rows) and rows.max() >= LEAST:
        row = int(rows.argmax())
        found.append(Leader(row / px - SMOOTH / 3, float(rows[row])))
        rows[max(0, row - apart) : row + apart] = 0
    return sorted(found, key=lambda leader: leader.height)


def profile(picture: Image.Image, px: float) -> NDArray[np.float64]:
    """How strongly each row of the picture is a leader; `px` pixels per mm."""
    grey = np.asarray(picture.convert("L"), np.float64)
    size = round(WINDOW * px)
    starts = range(0, grey.shape[1] - size + 1, size // 2)
    if not starts:
        return np.zeros(len(grey))
    rows = _smoothed(255 - grey, max(1, round(SMOOTH * px)))
    taper = np.hanning(size)
    cycles = np.arange(round(WINDOW / PITCH[1]), round(WINDOW / PITCH[0]) + 1)
    shares = []
    for start in starts:
        part = rows[:, start : start + size]
        power = np.abs(np.fft.rfft((part - part.mean(1, keepdims=True)) * taper, axis=1)) ** 2
        peaks = power[:, cycles] + power[:, cycles - 1] + power[:, cycles + 1]
        total = power[:, 2 : 2 * round(WINDOW / PITCH[0])].sum(1) + FLOOR * size * size
        shares.append(peaks / total[:, None])
    together: NDArray[np.float64] = np.mean(shares, axis=0)
    # The pitch is the same on all lines of a form; print has no pitch, or another.
    clearest = np.sort(together, axis=0)[-round(CLEAREST * px) :]
    pitch = int(clearest.sum(0).argmax())
    rows_of_it: NDArray[np.float64] = together[:, max(0, pitch - 1) : pitch + 2].max(1)
    return rows_of_it


def _smoothed(rows: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    sums = np.cumsum(np.pad(rows, ((size, 0), (0, 0))), axis=0)
    return (sums[size:] - sums[:-size]) / size
