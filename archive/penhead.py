"""Digits as clerks write them, read from the recogniser's own features by a small head; NumPy alone.

The PP-OCRv6 backbone stays as it is; 200 000 weights of our own turn its columns into digits, the stroke of a date
and the letters h, S, C of an hour. Trained by `bench/train_pen.py` on made-up strips (MNIST digits, handwriting
fonts); data, licences, command and seed stand in `archive/data/pen.md`.
"""

from __future__ import annotations

import functools
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from archive.ctc import Logs

Features = NDArray[np.float32]
"""(columns, 1152): what the backbone saw, one column every 4 pixels of a strip 48 high."""

LETTERS = "0123456789/hSC"
"""What columns 1… of the head's answer stand for; column 0 is the CTC blank."""
FLOOR = 1e-6


class Head:
    """The weights in memory."""

    def __init__(self, weights: dict[str, NDArray[np.float32]]) -> None:
        self._weights = weights

    def __call__(self, features: Features) -> Logs:
        """(columns, 15): log probability of the blank and of each of LETTERS."""
        x = np.maximum(features @ self._weights["narrow.weight"].T + self._weights["narrow.bias"], 0)
        x = x + self._beside(x, "beside")
        x = x + self._beside(x, "again")
        x = x @ self._weights["out.weight"].T + self._weights["out.bias"]
        x = np.exp((x - x.max(1, keepdims=True)).astype(np.float64))
        logs: Logs = np.log(np.maximum(x / x.sum(1, keepdims=True), FLOOR))
        return logs

    def _beside(self, x: Features, name: str) -> Features:
        """A convolution over five columns and ReLU."""
        weight = self._weights[f"{name}.weight"]
        padded = np.pad(x, ((2, 2), (0, 0)))
        seen = np.concatenate([padded[n : n + len(x)] for n in range(5)], 1)
        flat = weight.transpose(2, 1, 0).reshape(-1, weight.shape[0])
        found: Features = np.maximum(seen @ flat + self._weights[f"{name}.bias"], 0)
        return found


@functools.cache
def open_head() -> Head:
    """The head of this process."""
    with (resources.files("archive") / "data" / "pen.npz").open("rb") as file, np.load(file) as stored:
        return Head({name: stored[name].astype(np.float32) for name in stored.files})
