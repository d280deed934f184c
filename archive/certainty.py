"""How often a value read from ink is right: scores of findings turned into probabilities, field by field.

Log odds that the value is right = what the field is worth + the score's log odds + agreement of other parts of the
paper; a field of which the paper seems to say nothing is a field of its own. Fitted by
`./run bench understand --calibrate FOLDER` on 78 made-up papers (scansim's train digits; office, worn and bad at
200 dpi, office at 300), never on real ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set

INK = "ocr"
"""The witness of a reading of ink: only values with it are calibrated."""
READERS = frozenset({INK, "pen", "second_look"})
"""Witnesses that read the same ink: however many, they are one."""
OUTSIDE = frozenset({"pen", "file_name", "signature", "register", "sibling", "stamp", "mark", "person", "second_look"})
"""Witnesses that the fit has not seen; they keep the score they came with."""
SCORE, AGREEMENT = 0.81, 0.946
FIELDS: Mapping[str, float] = {
    "date -": -0.56,  # 0 of 1 right
    "document_subtype -": 0.63,  # 141 of 141 right
    "document_type": -0.19,  # 138 of 138 right
    "drafting_unit": -0.17,  # 29 of 29 right
    "drafting_unit -": -0.03,  # 110 of 112 right
    "issuing_organ": 0.39,  # 141 of 141 right
    "parent_organ": -0.49,  # 49 of 49 right
    "parent_organ -": 0.58,  # 92 of 92 right
    "place": -0.08,  # 140 of 140 right
    "place -": -0.56,  # 0 of 1 right
    "province_at_issue": -0.31,  # 128 of 128 right
    "province_current": -0.31,  # 128 of 128 right
    "secrecy -": 2.92,  # 141 of 141 right
    "signer_authority": 1.36,  # 108 of 109 right
    "signer_authority -": 2.27,  # 32 of 32 right
    "signer_name": 2.21,  # 83 of 84 right
    "signer_name -": -2.35,  # 0 of 28 right
    "signer_title": 1.13,  # 107 of 109 right
    "signer_title -": -2.45,  # 0 of 32 right
    "subject": 0.16,  # 121 of 140 right
    "subject -": -0.56,  # 0 of 1 right
    "symbol": 0.05,  # 137 of 141 right
    "urgency": -0.45,  # 3 of 3 right
    "urgency -": 0.85,  # 106 of 127 right
}
"""Log odds a field is worth; `parent_organ -` where nothing was found."""
HIGHEST = 0.998
ALONE = 0.98
"""The most that ink is worth which nothing else on the paper seconds, whatever was counted: less than sure."""


def calibrated(field: str, score: float, witnesses: Set[str], nothing: bool) -> float:
    """The probability that a value of `field` is right, given its score (0..1) and whose word it is."""
    worth = FIELDS.get(f"{field} -" if nothing else field)
    if worth is None or INK not in witnesses:
        return score
    highest = ALONE if witnesses <= READERS else HIGHEST
    if witnesses & OUTSIDE:
        return min(highest, score)
    odds = worth + SCORE * log_odds(score) + AGREEMENT * agreeing(witnesses)
    return min(highest, 1 / (1 + math.exp(-odds)))


def log_odds(score: float) -> float:
    """Of a score between 0.001 and 0.999."""
    inside = min(0.999, max(0.001, score))
    return math.log(inside / (1 - inside))


def agreeing(witnesses: Set[str]) -> int:
    """How many other witnesses say the same, two at most."""
    return min(2, len(witnesses) - 1)
