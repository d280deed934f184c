"""How sure a reading of handwriting is: scores of rival readings turned into probabilities.

Logistic in two facts: by how much the best reading beats the second, and how well it explains the picture at all.
Fitted by `python -m bench.stamp --calibrate` on made-up strips only (scansim's pens with the first four fifths of
USPS's digits, which no reader was trained on; worn as a scanner wears them), never on real papers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

FARTHEST = 10.0
"""A greater lead says no more."""
WORST = -40.0
HIGHEST = 0.995
"""No reading by the pen alone is surer than this."""


@dataclass(frozen=True)
class Fit:
    """Log odds that the best reading is right = bias + lead * (best - second) + score * best."""

    bias: float
    lead: float
    score: float

    def __call__(self, best: float, second: float) -> float:
        """The probability that the best reading is right."""
        lead = min(FARTHEST, best - second)
        odds = self.bias + self.lead * lead + self.score * max(WORST, best)
        return min(HIGHEST, 1 / (1 + math.exp(-odds)))


FITS: Mapping[str, Fit] = {
    "date": Fit(0.14, 0.445, 0.216),  # 305 strips, 61 % right
    "day": Fit(-1.65, 0.651, 0.0),  # 101 strips, 87 % right
    "month": Fit(-1.65, 0.651, 0.0),  # as the day
    "number": Fit(-0.36, 0.470, 0.220),  # 356 strips, 65 % right
    "time": Fit(0.43, 0.588, 0.197),  # 38 strips, 79 % right
}
"""Of 2026-11-22. Half of the strips lie over print, harder than real papers: confidences are low rather than high."""


def confident(kind: str, scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """Readings with their log probabilities -> readings with confidence, best first; the sum is at most 1."""
    ranked = sorted(scores.items(), key=lambda pair: -pair[1])
    if not ranked:
        return []
    best = ranked[0][1]
    first = FITS[kind](best, ranked[1][1] if len(ranked) > 1 else best - FARTHEST)
    rest = ranked[1:]
    weights = [math.exp(max(-50.0, (score - best) / 2)) for _, score in rest]
    left = (1 - first) / (sum(weights) + 0.3)
    return [(ranked[0][0], first), *((text, min(first, w * left)) for (text, _), w in zip(rest, weights, strict=True))]
