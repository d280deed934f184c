"""The dotted leaders of a stamp as a ladder: each printed label stands on a rung, in the order of every form.

Under body text a label is seen up to three millimetres from where it stands; dots are seen where they are. So where
three leaders or more stand evenly, they say how high the lines are, and the labels only which is which.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archive.bands import Label

Rung = tuple[float, float]
"""Middle of the text on a leader, mm, and how clear the leader is."""

LEAST_RUNGS = 3
CLEAR = 0.5
"""How clear a leader is that is a rung; print reaches some 0.5."""
NARROWEST, WIDEST = 3.4, 7.6
"""mm from rung to rung: with one of them hidden they stand farther apart."""
NEAR = 3.4
"""mm from its rung within which a label may be seen."""
AWAY = 1.2
"""What a millimetre from its rung takes from a label's weight."""
OWN_SHARE = 0.6
"""Of what the labels weigh wherever they were seen: with less the ladder is not theirs."""


def on_ladder(
    seen: Mapping[str, Sequence[Label]], rungs: Sequence[Rung], lines: Mapping[str, int], weight: float
) -> list[Label]:  # fmt: skip
    """The labels on their rungs, from the top, in the arrangement that most speaks for; nothing without a ladder.

    `lines` says on which line of a form each label stands, `weight` what the labels weigh without a ladder.
    """
    steps = [below - above for (above, _), (below, _) in itertools.pairwise(rungs)]
    if len(rungs) < LEAST_RUNGS or not all(NARROWEST < step < WIDEST for step in steps):
        return []
    choices = [_laid(seen, rungs, lines, first) for first in range(-1, len(rungs) - 1)]
    best = max(choices, key=_weight)
    return best if _weight(best) > OWN_SHARE * weight else []


def _laid(
    seen: Mapping[str, Sequence[Label]], rungs: Sequence[Rung], lines: Mapping[str, int], first: int
) -> list[Label]:  # fmt: skip
    """The labels when rung `first` bears the form's first line; of two on one line the clearer."""
    laid: dict[int, Label] = {}
    for name, line in lines.items():
        if not 0 <= first + line < len(rungs):
            continue
        height, strength = rungs[first + line]
        for label in seen[name]:
            away = abs(label.middle - height)
            moved = dataclasses.replace(label, middle=height, dots=strength, weight=label.weight - AWAY * away)
            if away < NEAR and moved.weight > (laid[line].weight if line in laid else 0.0):
                laid[line] = moved
    return [laid[line] for line in sorted(laid)]


def _weight(labels: Sequence[Label]) -> float:
    return sum(label.weight for label in labels)
