"""Whether a frame was pressed over print: lines of text run on across its sides, as they never do in a printed box."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archive.bands import PX
from archive.straight import PAD, Straight

BESIDE = (0.7, 1.7)
"""mm from a side within which print on it, or run through by it, has ink."""
CROSSED = (0.06, 0.16)
"""Share of the height of both sides where print runs on across: a line of text, and three of them, on one side."""
INK = 70
"""Grey levels under the paper's."""


def pressed(straight: Straight) -> float:
    """0..1: how surely print runs across the left and the right side of the frame."""
    grey = np.asarray(straight.picture.convert("L"), np.float32)
    inked = grey < np.percentile(grey, 80) - INK
    inside = inked[round(PAD * PX) : -round(PAD * PX)]
    sides = [_crossing(inside, side) for side in (PAD, straight.right)]
    low, high = CROSSED
    return float(np.clip((sum(sides) / 2 - low) / (high - low), 0, 1))


def _crossing(inked: NDArray[np.bool_], side: float) -> float:
    """The share of rows with ink on both sides of the line `side`, mm."""
    near, far = (round(mm * PX) for mm in BESIDE)
    at = round(side * PX)
    before, after = inked[:, max(0, at - far) : at - near], inked[:, at + near : at + far]
    return float((before.any(1) & after.any(1)).mean()) if before.size and after.size else 0.0
