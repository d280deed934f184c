"""How often a value read from ink is right: scores of findings turned into probabilities, field by field.

Log odds that the value is right = what the field is worth + the score's log odds + agreement of other parts of the
paper; a field of which the paper seems to say nothing is a field of its own. Fitted by
`./run bench understand --calibrate FOLDER` on 196 made-up papers (scansim's train digits; office, worn and bad at
200 dpi, office at 300), never on real ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set

INK = "ocr"
"""The witness of a reading of ink: only values with it are calibrated."""
READERS = frozenset({INK, "pen", "second_look"})
"""Witnesses that read the same ink: however many, they are one."""
OUTSIDE = frozenset(
    {"pen", "file_name", "signature", "register", "sibling", "stamp", "mark", "person", "second_look", "message"}
)
"""Witnesses that the fit has not seen; they keep the score they came with."""
SCORE, AGREEMENT = 0.832, 0.951
FIELDS: Mapping[str, float] = {
    "date -": -0.5,  # 0 of 1 right
    "document_subtype -": 0.76,  # 196 of 196 right
    "document_type": -0.08,  # 193 of 193 right
    "drafting_unit": 0.08,  # 38 of 38 right
    "drafting_unit -": 0.08,  # 156 of 158 right
    "issuing_organ": 0.46,  # 196 of 196 right
    "parent_organ": -0.76,  # 71 of 72 right
    "parent_organ -": 0.72,  # 124 of 124 right
    "place": 0.07,  # 195 of 195 right
    "place -": -0.5,  # 0 of 1 right
    "province_at_issue": -0.21,  # 177 of 177 right
    "province_current": -0.21,  # 177 of 177 right
    "secrecy -": 3.19,  # 196 of 196 right
    "signer_authority": 1.59,  # 151 of 152 right
    "signer_authority -": 2.54,  # 44 of 44 right
    "signer_name": 2.63,  # 123 of 125 right
    "signer_name -": -2.4,  # 0 of 31 right
    "signer_title": 1.43,  # 155 of 157 right
    "signer_title -": -2.58,  # 0 of 39 right
    "subject": -0.27,  # 155 of 194 right
    "subject -": -0.73,  # 0 of 2 right
    "symbol": 0.17,  # 192 of 196 right
    "urgency": -0.39,  # 4 of 4 right
    "urgency -": 0.99,  # 146 of 171 right
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
