"""A line of writing parted from the line above it, where strokes of either reach into the other.

A straight cut takes the tips off the strokes of a date, or takes the feet of the digits above along. So a way from left
to right is looked for that crosses as little ink as can be and else keeps to where the straight cut would be.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

OFF = 0.008
"""What a pixel away from the straight cut costs in each column, where a pixel of ink costs 1."""
FAINT = 40.0
"""Levels below the paper's from which on a pixel is ink, where little is on the strip."""
STEP = 0.02
"""What a pixel up or down costs."""


def standing_out(picture: Image.Image, home: int, lowest: int) -> int:
    """How many rows above row `home` the strokes of the line that is written below it reach.

    The way runs through the rows above `lowest`, and on row `home` where no ink is.
    """
    grey = np.asarray(picture.convert("L"), np.float32)
    if not 0 < home < lowest < grey.shape[0]:
        return 0
    paper, dark = float(np.percentile(grey, 80)), float(np.percentile(grey, 1))
    inked = grey[:lowest] < paper - max(FAINT, (paper - dark) / 2)
    return max(0, home - int(way(inked, home).min()))


def way(inked: NDArray[np.bool_], home: int) -> NDArray[np.intp]:
    """The row in each column at which the cheapest way through passes."""
    off = OFF * np.abs(np.arange(inked.shape[0]) - home)
    across = inked.T + off
    passed = np.cumsum(inked.T + STEP, axis=1)
    costs = [across[0]]
    for column in range(1, len(across)):
        up_or_down = np.abs(passed[column][:, None] - passed[column])
        costs.append(across[column] + (costs[-1] + up_or_down).min(1))
    rows = [int(costs[-1].argmin())]
    for column in range(len(across) - 1, 0, -1):
        came = costs[column - 1] + np.abs(passed[column] - passed[column][rows[-1]])
        rows.append(int(came.argmin()))
    return np.array(rows[::-1], np.intp)
