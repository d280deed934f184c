"""Digits as clerks write them, read from the pixels of a strip by a small network of our own, run by ONNX Runtime.

It knows the digits, the stroke of a date and the letters h, S, C of an hour, and passes over print below the pen,
leaders, labels and frames. Trained by `bench/train_pen.py` on made-up strips (MNIST digits, handwriting fonts) only;
data, licences, commands and seeds stand in `archive/data/pen.md`.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from archive.ctc import Logs

HEIGHT = 48
NARROWEST = 16
WIDEST = 2000
LETTERS = "0123456789/hSC"
"""What columns 1… of the network's answer stand for; column 0 is the CTC blank."""
STEP = 4
"""Pixels of a strip for each column of the answer."""
PAPER = 80
"""Percentile of a strip's pixels that is taken for the paper."""
FLOOR = 1e-6


def as_pixels(picture: Image.Image, width: int) -> NDArray[np.uint8]:
    """(HEIGHT, width, 3): the strip as large as the network wants it."""
    size = min(WIDEST, max(NARROWEST, width)), HEIGHT
    return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BICUBIC))


def as_ink(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(3, HEIGHT, width): 0 where there is paper of any tint, 1 where it is black."""
    paper = np.maximum(np.percentile(pixels.reshape(-1, 3), PAPER, axis=0), 60).astype(np.float32)
    inked: NDArray[np.float32] = np.clip(1 - pixels.astype(np.float32) / paper, -0.3, 1).transpose(2, 0, 1)
    return inked


class Network:
    """The network in memory."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def strip(self, picture: Image.Image, stretched: float) -> Logs:
        """(columns, 15): log probability of the blank and of each of LETTERS, in a strip drawn out so much."""
        width = round(picture.width * HEIGHT / picture.height * stretched)
        scores = self._session.run(None, {"ink": as_ink(as_pixels(picture, width))[None]})[0][0].astype(np.float64)
        chances = np.exp(scores - scores.max(1, keepdims=True))
        logs: Logs = np.log(np.maximum(chances / chances.sum(1, keepdims=True), FLOOR))
        return logs


@functools.cache
def open_network() -> Network | None:
    """The network of this process; None where ONNX Runtime cannot be had."""
    try:
        import onnxruntime as ort
    except ImportError:
        return None
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = (resources.files("archive") / "data" / "pen.onnx").read_bytes()
    return Network(ort.InferenceSession(model, options, providers=["CPUExecutionProvider"]))
