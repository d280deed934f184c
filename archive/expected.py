"""What an arrival stamp should say, from the book and the other dates: witnesses beside the pen's reading, not wishes.

A prior spreads probability over the values that are expected and keeps some for all others, so that a strong odd
reading beats a weak expected one. The reading without it is left as it is; both stand side by side.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from archive.findings import Finding

ODD = 0.1
"""Of the stamps whose number or date is not what the book expects: papers stamped late, stacks out of order."""
SURE = 0.99
"""A combined reading of at least this may be shown as sure."""
DOUBTED = 0.98
"""The most that a combined reading says which the pen alone does not see so."""
STRONG = 0.9
"""What the pen alone gives a value that no expectation puts in second place."""
OWN = 0.9
"""What the pen alone must give a value for witnesses to make it sure: with .35 three of some 200 fields that it gave
.5 to .9 were sure and wrong, because their true last digit was far down its list."""
STRENGTH = 0.8
"""Exponent of the prior: less than 1, since a pen's confidences far down its list are not to be trusted that far."""
NUMBERS = 10_000
DAYS = 45 * 365
"""Values a pen's confidence is spread over when nobody says more."""
AHEAD = (0.46, 0.18, 0.1, 0.07, 0.05, 0.04, 0.03, 0.03, 0.02, 0.02)
"""How far ahead of the last number the next one is: some papers of a batch are registered before this one."""
KEPT = 8
"""Weighed readings that are told; of the others nobody asks."""
NEAR = 300
"""Numbers before and after within which most odd ones lie."""
ON_THE_WAY = {0: 0.14, 1: 0.24, 2: 0.15, 3: 0.12, 4: 0.07, 5: 0.07, 6: 0.05, 7: 0.05, 8: 0.04, 9: 0.02, 10: 0.02}
"""Days from the date of a paper to its arrival; more of them are rarer still."""
AFTER_THE_LAST = {0: 0.6, 1: 0.2, 2: 0.05, 3: 0.08, 4: 0.03}
"""Days from the arrival of the paper registered before."""

Readings = list[tuple[str, float]]
"""(text, confidence), best first; "" says blank."""


@dataclass(frozen=True)
class Expected:
    """Probabilities of single values; `elsewhere` of each value that is not among them."""

    values: Mapping[str, float]
    elsewhere: float
    among: int
    """How many values there are at all."""
    reason: str = ""
    """In Vietnamese, for the clerk."""
    most: float = 1.0
    """What a value may be told with at most: DOUBTED where the witness was itself only read, or says no year."""

    def chance(self, value: str) -> float:
        """The probability of one value; a clerk's leading zeros say nothing."""
        return self.values.get(value.lstrip("0"), self.elsewhere)

    def weight(self, value: str) -> float:
        """How many times likelier the value is than when nothing is known, held back a little."""
        return float((self.chance(value) * self.among) ** STRENGTH)


def next_numbers(last: int | None) -> Expected | None:
    """The numbers after the last one of the book; None when the book is empty."""
    if last is None or last < 0:
        return None
    values = {str(n): ODD / 2 / (2 * NEAR) for n in range(max(1, last - NEAR), last + NEAR)}
    for ahead, share in enumerate(AHEAD, 1):
        values[str(last + ahead)] = (1 - ODD) * share
    return Expected(values, ODD / 2 / NUMBERS, NUMBERS, f"Sổ đang ghi đến số {last}.")


def arrival_dates(issued: str | None, scanned: str | None, previous: str | None) -> Expected | None:
    """The days on which the paper may have come in: not before its own date nor after the scan, and about when the
    one registered before did. ISO dates; None for what is not known, None when nothing is."""
    begin, end, before = (_day(text) for text in (issued, scanned, previous))
    known = [day for day in (begin, before, end) if day]
    if not known:
        return None
    first = begin or known[0] - datetime.timedelta(60)
    last = end or max(known) + datetime.timedelta(60)
    chances = {}
    for n in range(max(0, min(400, (last - first).days)) + 1):
        day = first + datetime.timedelta(n)
        chances[day.isoformat()] = _chance(day, begin, end, before)
    whole = sum(chances.values())
    said = {"văn bản ký ngày": begin, "quét ngày": end, "văn bản trước đến ngày": before}
    reason = ", ".join(f"{name} {day:%d/%m/%Y}" for name, day in said.items() if day)
    values = {text: (1 - ODD) * chance / whole for text, chance in chances.items()}
    return Expected(values, ODD / DAYS, DAYS, f"{reason[:1].upper()}{reason[1:]}.")


def _day(text: str | None) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _chance(
    day: datetime.date, issued: datetime.date | None, scanned: datetime.date | None, previous: datetime.date | None
) -> float:
    chance = 1.0
    if issued:
        chance *= ON_THE_WAY.get((day - issued).days, 0.004)
    if previous:
        chance *= AFTER_THE_LAST.get((day - previous).days, 0.004)
    if scanned:
        chance *= 1.0 if (scanned - day).days < 15 else 0.1
    return chance


def combine(readings: Sequence[tuple[str, float]], expected: Expected | None) -> Readings:
    """The readings weighed by what is expected, best first; as they are when nothing is.

    A date without its year (`--03-25`) becomes the expected day of that month and day. What the pen did not read at
    all is never brought in.
    """
    if expected is None or not readings:
        return list(readings)
    own = _whole(readings, expected)
    weights = {text: chance * (expected.weight(text) if text else 1.0) for text, chance in own.items()}
    left = max(0.0, 1 - sum(chance for _, chance in readings))
    unread = left * max(0.0, 1 - sum(expected.chance(text) for text in own))
    whole = sum(weights.values()) + unread
    joined = {text: weight / whole if whole else 0.0 for text, weight in weights.items()}
    bounded = {text: min(chance, expected.most if own[text] >= OWN else DOUBTED) for text, chance in joined.items()}
    first, strongest = max(bounded, key=lambda text: bounded[text]), max(own, key=lambda text: own[text])
    if own[strongest] >= STRONG and first != strongest:
        bounded = {text: min(chance, DOUBTED) for text, chance in own.items()}
    return sorted(bounded.items(), key=lambda pair: -pair[1])


def _whole(readings: Sequence[tuple[str, float]], expected: Expected) -> dict[str, float]:
    """Dates without a year spread over the years that are expected, evenly."""
    own: dict[str, float] = {}
    for text, chance in readings:
        years = [value for value in expected.values if text.startswith("--") and value[4:] == text[1:]] or [text]
        for value in years:
            own[value] = own.get(value, 0.0) + chance / len(years)
    return own


def findings(read: Iterable[Finding], expected: Expected | None) -> tuple[Finding, ...]:
    """The pen's findings of one field weighed by what is expected, best first, as the witness `register`.

    They hold the pen's own evidence: they stand instead of its findings in settling, not beside them.
    """
    own = [one for one in read if one.witness == "pen"]
    if expected is None or not own:
        return ()
    readings = [(_text(one), one.confidence) for one in own] + [pair for one in own for pair in one.rivals]
    place = dataclasses.replace(own[0], rivals=())
    return tuple(
        dataclasses.replace(
            place, value=None if not text or text.startswith("--") else text, confidence=chance,
            partial=text if text.startswith("--") else None, reason=expected.reason, witness="register",
        )
        for text, chance in combine(readings, expected)[:KEPT]
    )  # fmt: skip


def _text(one: Finding) -> str:
    return one.value if isinstance(one.value, str) else one.partial or ""
