"""What stands above and below an A: the hat and dot of MẬT, or the breve, the acute and the rest of MẮT, MẶT and MẤT.

The recogniser drops the marks of worn capitals; a classifier of its own looks at the one letter (one hidden layer,
trained by `bench/train_hats.py`, which tells data and seeds; weights in archive/data/hats.npz).
"""

from __future__ import annotations

import functools
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDE, HIGH = 5.0, 6.6
"""mm of the window around the letter."""
PER_MM = 4
KINDS = ("hat", "other", "bare")
"""Ậ or Â; another mark or another letter; A or Ạ."""
ASIDE = (-0.4, 0.0, 0.4)
"""mm: the recogniser says only about where a letter stands."""

Patch = NDArray[np.float32]


def patch(strip: Image.Image, x: float, px: float) -> Patch:
    """The window around a letter `x` pixels from the left of a grey strip of `px` pixels a millimetre: 1 is ink."""
    middle, half = strip.height / 2, (WIDE / 2 * px, HIGH / 2 * px)
    size = round(WIDE * PER_MM), round(HIGH * PER_MM)
    box = round(x - half[0]), round(middle - half[1]), round(x + half[0]), round(middle + half[1])
    grey = np.asarray(strip, np.float32)
    paper, dark = float(np.percentile(grey, 75)), float(np.percentile(grey, 2))
    window = Image.new("L", (box[2] - box[0], box[3] - box[1]), round(paper))
    window.paste(strip, (-box[0], -box[1]))
    small = np.asarray(window.resize(size, Image.Resampling.BOX), np.float32)
    ink: Patch = np.clip((paper - small) / max(40.0, paper - dark), 0, 1).ravel()
    return ink


def odds(strip: Image.Image, x: float, px: float) -> tuple[float, float]:
    """Log odds of a hat against another mark, and of a bare letter against another mark."""
    given = np.stack([patch(strip, x + aside * px, px) for aside in ASIDE])
    first, first_bias, second, second_bias = _weights()
    said = np.maximum(given @ first + first_bias, 0) @ second + second_bias
    hat, other, bare = said.mean(0)
    return float(hat - other), float(bare - other)


@functools.cache
def _weights() -> tuple[NDArray[np.float32], ...]:
    with files("archive").joinpath("data/hats.npz").open("rb") as file, np.load(file) as kept:
        return tuple(kept[f"w{n}"].astype(np.float32) for n in range(4))
