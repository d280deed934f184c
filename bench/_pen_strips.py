"""Made-up strips of handwriting as the reader sees them: how often it is right, and the fits of its confidences."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archive import calibration
from archive.pen import Reader
from bench import strips
from bench._stamp_simulated import Read, kept_lines

SHARP, OTHER = (0.05, 1.5), (-30.0, 2.0)
"""Between which the two numbers of a fit are looked for."""
GRID = 17


def read_strips(count: int, part: str, material: Path, kept: Path, reader: Reader, fresh: bool) -> list[Read]:
    """Strips of bench/strips.py, read, their lines in the folder `kept`; part: test (digits of both sources kept back)
    or calibration (USPS alone)."""
    pens, samples = strips.digit_samples(material.parent / "scansim", material / "handwriting" / "digits", part)
    made = strips.strips({"test": 5, "calibration": 6}[part], pens, samples)
    path = kept / f"strips_{part}.jsonl"
    reads = kept_lines(path, itertools.islice(made, count), lambda one: _read_strip(one, reader), fresh)
    # Scores are kept, confidences are not: they change with the fits.
    return [{**one, "readings": calibration.confident(one["kind"], one["scores"])} for one in reads]


def _read_strip(made: strips.Made, reader: Reader) -> Read:
    scores = reader.scores(made.kind, [made.picture], made.ink)
    return {"kind": made.kind, "want": meant(made), "scores": scores}


def may_be_expected(one: Read) -> bool:
    """Whether a book could say what was written: a number, or a whole date."""
    return one["kind"] in ("number", "date") and bool(one["want"]) and not one["want"].startswith("--")


def meant(made: strips.Made) -> str:
    """The value of what was written: days without a leading zero, dates in ISO 8601."""
    if made.kind == "day":
        return made.text.lstrip("0")
    if made.kind != "date" or not made.text:
        return made.text
    day, month, *year = (int(part) for part in re.split(r"[/.|-]", made.text))
    return f"{year[0] % 100 + 2000}-{month:02d}-{day:02d}" if year else f"--{month:02d}-{day:02d}"


# ---------------------------------------------------------------- calibration


def calibrate(count: int, material: Path, kept: Path, reader: Reader, fresh: bool) -> None:
    """Prints the FITS of archive/calibration.py."""
    reads = read_strips(count, "calibration", material, kept, reader, fresh)
    for kind in sorted({one["kind"] for one in reads}):
        facts = [(one["scores"], one["want"]) for one in reads if one["kind"] == kind]
        right = np.mean([max(scores, key=lambda text: scores[text]) == want for scores, want in facts])
        print(f'    "{kind}": {fit(facts)},  # {len(facts)} strips, {100 * right:.0f} % right')


def fit(facts: Sequence[tuple[Mapping[str, float], str]]) -> str:
    """The two numbers that make what was written likeliest, by ever finer grids."""
    padded = np.full((len(facts), 1 + max(len(scores) for scores, _ in facts)), -np.inf)
    wanted = np.zeros(len(facts), int)  # column 0 is what nobody proposed
    for n, (scores, want) in enumerate(facts):
        padded[n, 1 : 1 + len(scores)] = list(scores.values())
        wanted[n] = 1 + list(scores).index(want) if want in scores else 0
    (low, high), (least, most) = SHARP, OTHER
    best = math.inf, 0.0, 0.0
    for _ in range(4):
        grid = itertools.product(np.linspace(low, high, GRID), np.linspace(least, most, GRID))
        best = min((_surprise(padded, wanted, s, o), float(s), float(o)) for s, o in grid)
        wide, tall = (high - low) / GRID * 2, (most - least) / GRID * 2
        low, high, least, most = max(0.01, best[1] - wide), best[1] + wide, best[2] - tall, best[2] + tall
    return f"Fit({best[1]:.3f}, {best[2]:.2f})"


def _surprise(scores: NDArray[np.float64], wanted: NDArray[np.int_], sharp: float, other: float) -> float:
    """Mean surprise at what was written, as `calibration.Fit` tells it."""
    powers = sharp * scores
    powers[:, 0] = other
    told = powers[np.arange(len(powers)), wanted] - np.logaddexp.reduce(powers, axis=1)
    return float(-np.maximum(told, math.log(1e-9)).mean())
