"""How often a value read from ink is right: scores of findings turned into probabilities, field by field.

Log odds that the value is right = what the field is worth + the score's log odds + agreement of other parts of the
paper; a field of which the paper seems to say nothing is a field of its own. Fitted by
`python -m bench.understand --calibrate` on made-up scans (scansim's train digits), never on real papers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set

INK = "ocr"
"""The witness of a reading of ink: only values with it are calibrated."""
OUTSIDE = frozenset({"pen", "file_name", "signature", "register", "sibling", "stamp", "mark", "person", "second_look"})
"""Witnesses that the fit has not seen; they keep the score they came with."""
SCORE, AGREEMENT = 1.0, 0.0
FIELDS: Mapping[str, float] = {}
"""Log odds a field is worth; `parent_organ -` where nothing was found."""
HIGHEST = 0.998


def calibrated(field: str, score: float, witnesses: Set[str], nothing: bool) -> float:
    """The probability that a value of `field` is right, given its score (0..1) and whose word it is."""
    worth = FIELDS.get(f"{field} -" if nothing else field)
    if worth is None or INK not in witnesses or witnesses & OUTSIDE:
        return score
    odds = worth + SCORE * log_odds(score) + AGREEMENT * agreeing(witnesses)
    return min(HIGHEST, 1 / (1 + math.exp(-odds)))


def log_odds(score: float) -> float:
    """Of a score between 0.001 and 0.999."""
    inside = min(0.999, max(0.001, score))
    return math.log(inside / (1 - inside))


def agreeing(witnesses: Set[str]) -> int:
    """How many other witnesses say the same, two at most."""
    return min(2, len(witnesses) - 1)
