"""How sure a reading of handwriting is: scores of rival readings turned into probabilities.

Each rival weighs by its score, and so does one that nobody proposed: where all explain the picture badly, something
else is written there. Fitted by `python -m bench.stamp --calibrate` on made-up strips only (scansim's pens with the
first four fifths of USPS's digits, which no reader was trained on; worn as a scanner wears them), never on real papers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

HIGHEST = 0.995
"""No reading by the pen alone is surer than this."""
MOST = 600
"""Readings told: nobody is shown more than three, but the book may expect one far down."""


@dataclass(frozen=True)
class Fit:
    """Chances in proportion to exp(sharp * score) of each rival, and exp(other) of whatever else it may be."""

    sharp: float
    other: float

    def __call__(self, scores: Mapping[str, float]) -> dict[str, float]:
        """Log probabilities of rival readings -> their probabilities; what is missing to 1 is that of all others."""
        powers = {text: self.sharp * score for text, score in scores.items()}
        most = max([self.other, *powers.values()])
        weights = {text: math.exp(power - most) for text, power in powers.items()}
        whole = sum(weights.values()) + math.exp(self.other - most)
        return {text: weight / whole for text, weight in weights.items()}


FITS: Mapping[str, Fit] = {
    "date": Fit(0.864, -8.25),  # of 772 strips 80 % right
    # Of 170 strips 89 % right. All days are rivals, so the fit would leave nothing to other things written there.
    "day": Fit(0.717, -8.25),
    "month": Fit(0.717, -8.25),  # as the day
    # Of 897 strips 86 % right. Every number is a rival as well; -9 keeps the confidence down where none explains the
    # picture.
    "number": Fit(0.986, -9.0),
    "time": Fit(0.968, -9.31),  # of 160 strips 96 % right: 1.26 would fit them; held back, they are few
}
"""Of 2026-11-22."""


def confident(kind: str, scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """Readings with their log probabilities -> the MOST likely with confidence, best first; the sum is at most 1."""
    chances = FITS[kind](scores)
    ranked = sorted(chances.items(), key=lambda pair: -pair[1])[:MOST]
    return [(text, min(HIGHEST, chance)) for text, chance in ranked]
