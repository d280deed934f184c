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
OUTSIDE = frozenset({"pen", "file_name", "signature", "register", "sibling", "stamp", "mark", "person", "second_look"})
"""Witnesses that the fit has not seen; they keep the score they came with."""
SCORE, AGREEMENT = 1.937, 0.917
FIELDS: Mapping[str, float] = {
    "date -": -0.49,  # 0 of 1 right
    "document_subtype -": -0.05,  # 78 of 78 right
    "document_type": -0.1,  # 76 of 76 right
    "drafting_unit": -0.1,  # 11 of 11 right
    "drafting_unit -": 0.0,  # 67 of 67 right
    "issuing_organ": 0.11,  # 78 of 78 right
    "parent_organ": -0.1,  # 19 of 19 right
    "parent_organ -": 0.07,  # 59 of 59 right
    "place": -0.1,  # 77 of 77 right
    "place -": -0.49,  # 0 of 1 right
    "province_at_issue": -0.1,  # 65 of 65 right
    "province_current": -0.1,  # 65 of 65 right
    "secrecy -": 1.96,  # 78 of 78 right
    "signer_authority": -0.12,  # 62 of 63 right
    "signer_authority -": 1.88,  # 15 of 15 right
    "signer_name": 1.65,  # 52 of 52 right
    "signer_name -": -2.0,  # 0 of 16 right
    "signer_title": 0.41,  # 60 of 60 right
    "signer_title -": -2.09,  # 0 of 18 right
    "subject": -1.82,  # 67 of 78 right
    "symbol": -0.56,  # 77 of 78 right
    "urgency -": -0.16,  # 61 of 75 right
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
