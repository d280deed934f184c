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
SCORE, AGREEMENT = 1.732, 1.142
FIELDS: Mapping[str, float] = {
    "date -": -0.4,  # 0 of 1 right
    "document_subtype -": 0.07,  # 62 of 62 right
    "document_type": 0.0,  # 61 of 61 right
    "drafting_unit": 0.01,  # 10 of 10 right
    "drafting_unit -": 0.01,  # 52 of 52 right
    "issuing_organ": 0.01,  # 62 of 62 right
    "parent_organ": 0.0,  # 17 of 17 right
    "parent_organ -": 0.19,  # 45 of 45 right
    "place": 0.01,  # 61 of 61 right
    "place -": -0.4,  # 0 of 1 right
    "province_at_issue": 0.0,  # 52 of 52 right
    "province_current": 0.0,  # 52 of 52 right
    "secrecy -": 1.96,  # 62 of 62 right
    "signer_authority": -0.02,  # 49 of 50 right
    "signer_authority -": 1.76,  # 12 of 12 right
    "signer_name": 1.68,  # 42 of 42 right
    "signer_name -": -1.76,  # 0 of 12 right
    "signer_title": 0.5,  # 47 of 47 right
    "signer_title -": -1.92,  # 0 of 15 right
    "subject": -1.44,  # 53 of 62 right
    "symbol": 0.01,  # 62 of 62 right
    "urgency -": -0.23,  # 47 of 61 right
}
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
