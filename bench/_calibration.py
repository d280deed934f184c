"""How sure values read from ink are: fits `archive.certainty` on made-up scans, and says how far it can be trusted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archive import certainty
from archive.findings import NO_REDUNDANCY, evidence
from bench._shares import wilson
from bench._simulated import FIELDS, documents, is_judged, is_right

PULL = 1.0
"""How strongly each field is drawn to what all fields are worth: one pseudo-observation of a standard deviation 1."""
UNSEEN = 1.0
"""Errors each field is taken to have made beside those that were seen, spread over all its values: one that was never
wrong on 50 papers may be so on the next 50, and is worth less than one never wrong on 200."""
TAKEN, HELD = 1.0, 100.0
"""What score and agreement are taken to be worth, and how firmly: few values were wrong, and a slope of theirs would
say of far scores what nobody saw."""
STEPS = 60


@dataclass(frozen=True)
class Sample:
    """One value of one field of one document."""

    key: str
    """The field; with ` -` where nothing was found."""
    score: float
    agreeing: int
    right: bool


def samples(folder: Path) -> Iterator[Sample]:
    """Every value read from ink alone in the scans of `folder`."""
    for document in documents(folder):
        for field in FIELDS:
            found = [one for one in document.findings if one.field == field and not one.suggestion]
            seen = evidence(found) if is_judged(field, document.truth) else None
            if not seen or certainty.INK not in seen[2] or seen[2] & certainty.OUTSIDE:
                continue
            value, score, witnesses = seen
            key = f"{field} -" if value is None else field
            yield Sample(key, score, certainty.agreeing(witnesses), is_right(field, value, document.truth))


def fit(drawn: Iterable[Sample]) -> tuple[float, float, dict[str, float]]:
    """(weight of the score, weight of agreement, what each field is worth) of greatest posterior, by Newton's steps."""
    drawn = list(drawn)
    keys = sorted({one.key for one in drawn})
    rows = np.zeros((len(drawn), 3 + len(keys)))
    for n, one in enumerate(drawn):
        rows[n, :3] = certainty.log_odds(one.score), one.agreeing, 1.0
        rows[n, 3 + keys.index(one.key)] = 1.0
    count = Counter(one.key for one in drawn)
    unseen = np.array([UNSEEN / count[one.key] for one in drawn])
    right = np.array([one.right for one in drawn], float)
    prior = np.array([HELD, HELD, 0.05, *[PULL] * len(keys)])
    weights = np.zeros(rows.shape[1])
    weights[:2] = TAKEN
    middle = weights.copy()
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (right - (1 + unseen) * chance) - prior * (weights - middle)
        curve = (rows * ((1 + unseen) * chance * (1 - chance))[:, None]).T @ rows + np.diag(prior)
        weights = weights + np.linalg.solve(curve, slope).clip(-1, 1)
    worth = {key: round(float(weights[2] + weights[3 + n]), 2) for n, key in enumerate(keys)}
    return round(float(weights[0]), 3), round(float(weights[1]), 3), worth


def calibrate(folder: Path) -> None:
    """Prints the table for archive/certainty.py."""
    drawn = list(samples(folder))
    counted = defaultdict(list)
    for one in drawn:
        counted[one.key].append(one.right)
    score, agreement, worth = fit(drawn)
    print(f"SCORE, AGREEMENT = {score}, {agreement}\nFIELDS: Mapping[str, float] = {{")
    for key, value in worth.items():
        print(f'    "{key}": {value},  # {sum(counted[key])} of {len(counted[key])} right')
    print("}")


def reliability(folder: Path) -> None:
    """Prints how often values are right for each tenth of confidence, and the errors among those called sure."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    sure: dict[str, list[bool]] = defaultdict(list)
    fields = papers = 0
    for document in documents(folder):
        papers += 1
        for field in FIELDS:
            settled = document.record.fields[field]
            if not is_judged(field, document.truth) or (settled.value is None and settled.partial):
                continue
            ok = is_right(field, settled.value, document.truth)
            fields += 1
            bins[min(9, int(settled.confidence * 10))].append((settled.confidence, ok))
            if settled.sure:
                sure[field].append(ok)
    for tenth in sorted(bins):
        told, right = (100 * sum(column) / len(bins[tenth]) for column in zip(*bins[tenth], strict=True))
        print(f"confidence {tenth / 10:.1f}-{tenth / 10 + 0.1:.1f}: {len(bins[tenth]):5} values, "
              f"told {told:5.1f} %, right {right:5.1f} %")  # fmt: skip
    for field, oks in sure.items():
        low, high = wilson(len(oks) - sum(oks), len(oks))
        print(f"sure {field:18} {len(oks):5} of {papers}, {len(oks) - sum(oks)} wrong ({low:.1f} to {high:.1f} %)")
    every = [ok for oks in sure.values() for ok in oks]
    low, high = wilson(len(every) - sum(every), len(every))
    print(f"sure: {len(every)} of {fields} values on {papers} papers, {len(every) - sum(every)} wrong "
          f"({low:.2f} to {high:.2f} %); never sure by ink alone: {', '.join(sorted(NO_REDUNDANCY))}")  # fmt: skip
