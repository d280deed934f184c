"""Made-up strips of handwriting as the reader sees them: how often it is right, and the fits of its confidences."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from archive import calibration
from archive.pen import Reader
from bench import strips
from bench._stamp_simulated import Read, kept_lines


def read_strips(count: int, part: str, material: Path, kept: Path, reader: Reader, fresh: bool) -> list[Read]:
    """Strips of bench/strips.py, read, their lines in the folder `kept`; part: test (digits of both sources kept back)
    or calibration (USPS alone)."""
    pens, samples = strips.digit_samples(material.parent / "scansim", material / "handwriting" / "digits", part)
    made = strips.strips({"test": 5, "calibration": 6}[part], pens, samples)
    recorder = Recorder()
    calibration.confident = recorder  # type: ignore[assignment]
    path = kept / f"strips_{part}.jsonl"
    return list(kept_lines(path, itertools.islice(made, count), lambda one: _read_strip(one, reader, recorder), fresh))


def _read_strip(made: strips.Made, reader: Reader, recorder: Recorder) -> Read:
    views = reader.views(made.picture)
    read = {"number": reader.number_in, "day": reader.day_in, "date": reader.date_in, "time": reader.time_in}
    readings = read[made.kind](views)
    return {"kind": made.kind, "want": meant(made), "readings": readings, "facts": recorder.best[made.kind][1:]}


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


class Recorder:
    """Notes the scores behind every confidence."""

    def __init__(self) -> None:
        self.best: dict[str, tuple[str, float, float]] = {}
        self._usual = calibration.confident

    def __call__(self, kind: str, scores: dict[str, float]) -> list[tuple[str, float]]:
        ranked = sorted(scores.items(), key=lambda pair: -pair[1])
        self.best[kind] = ranked[0][0], ranked[0][1], ranked[1][1] if len(ranked) > 1 else ranked[0][1] - 10
        return self._usual(kind, scores)


def calibrate(count: int, material: Path, kept: Path, reader: Reader, fresh: bool) -> None:
    """Prints the FITS of archive/calibration.py."""
    reads = read_strips(count, "calibration", material, kept, reader, fresh)
    for kind in sorted({one["kind"] for one in reads}):
        facts = [
            (*one["facts"], bool(one["readings"] and one["readings"][0][0] == one["want"]))
            for one in reads
            if one["kind"] == kind
        ]
        print(f'    "{kind}": {fit(facts)},  # {len(facts)} strips, {100 * np.mean([f[2] for f in facts]):.0f} % right')


def fit(facts: Sequence[tuple[float, float, bool]]) -> str:
    """Logistic regression with a little ridge, by Newton's method."""
    x = np.array([[1.0, min(calibration.FARTHEST, b - s), max(calibration.WORST, b)] for b, s, _ in facts])
    y = np.array([right for *_, right in facts], float)
    weights = np.zeros(3)
    ridge = np.diag([0.01, 0.5, 0.5])
    for _ in range(30):
        p = 1 / (1 + np.exp(-(x @ weights)))
        slope = x.T @ (p - y) + ridge @ weights
        weights -= np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]) + ridge, slope)
    return f"Fit({weights[0]:.2f}, {weights[1]:.3f}, {weights[2]:.3f})"
