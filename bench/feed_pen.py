"""Draws made-up strips and keeps what the frozen backbone sees in them: `python -m bench.feed_pen PART SEED N OUT`.

PART is train or test (bench/strips.py); `--fonts` a folder of handwriting fonts, for training only. One pickle for 500
strips: (kind, text, picture, features). An eighth of a second a strip; `bench/train_pen.py` learns from these.
"""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path

import numpy as np
from PIL import Image

from archive.recogniser import Recogniser, open_recogniser
from bench import strips
from bench.stamp import MATERIAL, SCANSIM

Fed = tuple[str, str, np.ndarray, np.ndarray]
SHARD = 500


def feed(recogniser: Recogniser, made: strips.Made, rng: np.random.Generator) -> Fed:
    """One strip, seen at any width: a clerk's hand is as wide as it likes."""
    picture = made.picture
    size = max(16, round(picture.width * rng.uniform(0.85, 1.25))), picture.height
    _, features = recogniser.frames_and_features(picture.resize(size, Image.Resampling.BICUBIC))
    return made.kind, made.text, np.asarray(picture), features.astype(np.float16)


def main() -> None:
    """Writes the shards."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("part", choices=("train", "test"))
    asked.add_argument("seed", type=int)
    asked.add_argument("count", type=int)
    asked.add_argument("out", type=Path)
    asked.add_argument("--fonts", type=Path)
    options = asked.parse_args()
    recogniser = open_recogniser()
    if recogniser is None:
        raise SystemExit("the recogniser is not here")
    pens, samples = strips.digit_samples(SCANSIM, MATERIAL / "handwriting" / "digits", options.part)
    fonts = sorted(map(str, options.fonts.glob("*.woff"))) if options.fonts else []
    made = strips.strips(options.seed, pens, samples, fonts)
    rng = np.random.default_rng(options.seed + 1000)
    options.out.mkdir(parents=True, exist_ok=True)
    for done in range(0, options.count, SHARD):
        rows = [feed(recogniser, next(made), rng) for _ in range(min(SHARD, options.count - done))]
        (options.out / f"{options.seed}_{done:05d}.pkl").write_bytes(pickle.dumps(rows))


if __name__ == "__main__":
    main()
