"""What a field says, given what it may say: paths of a CTC recogniser summed over texts of a small grammar.

Graves et al. 2006, "Connectionist Temporal Classification": the forward algorithm (`score`) and the prefix beam
(`beam`). Letters are numbers of columns; column 0 is passed over (blank, dots of a leader, spaces).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Logs = NDArray[np.float64]
"""(frames, letters): log probability of each letter in each frame."""
Letters = tuple[int, ...]

FLOOR = 1e-6
"""A path may pass through letters the model thinks impossible: it was never shown this hand."""
FAINTEST = -7.5
"""The beam does not follow a letter less likely than this in its frame."""
LEAST = 1e-300
"""Chance beside the likeliest text below which one is as good as impossible."""
BEHIND = 14.0
"""Nor a text that is so much less likely than the best."""


def logs(probabilities: NDArray[np.float32]) -> Logs:
    """Log probabilities with a floor."""
    return np.log(np.maximum(probabilities.astype(np.float64), FLOOR))


def score(frames: Logs, texts: Sequence[Letters]) -> NDArray[np.float64]:
    """Log probability of each text over all its paths through `frames`."""
    if not texts:
        return np.zeros(0)
    longest = 2 * max(map(len, texts)) + 1
    states = np.zeros((len(texts), longest), np.intp)
    for n, text in enumerate(texts):
        states[n, 1 : 2 * len(text) : 2] = text
    skips = np.zeros(states.shape)
    skips[:, 2:] = (states[:, 2:] != 0) & (states[:, 2:] != states[:, :-2])
    # Chances, not their logarithms: five times as fast. Each text is scaled anew in each frame.
    chances = np.exp(frames)
    ahead = np.zeros(states.shape)
    ahead[:, :2] = 1.0
    total = np.zeros(len(texts))
    for step, frame in enumerate(chances):
        if step:
            ahead = _advance(ahead, skips)
        ahead *= frame[states]
        whole = ahead.sum(1)
        total += np.log(whole)
        ahead /= whole[:, None]
    last = np.array([2 * len(text) for text in texts])
    rows = np.arange(len(texts))
    ends = ahead[rows, last] + np.where(last > 0, ahead[rows, last - 1], 0.0)
    with np.errstate(divide="ignore"):  # a text longer than the frames has no path
        scored: NDArray[np.float64] = total + np.log(ends)
    return scored


def score_numbers(frames: Logs, longest: int) -> list[NDArray[np.float64]]:
    """Log probability of every text of at most `longest` of the letters 1…10: that of none, of the 10 of one letter in
    their order, of the 100 of two … All share their beginnings, so that 11,000 texts cost less than a beam."""
    blank = [np.zeros(10**n) for n in range(longest + 1)]
    ended = [np.zeros(10**n) for n in range(longest + 1)]
    blank[0][0], total = 1.0, 0.0
    for frame in np.exp(frames[:, :11]):
        for n in range(longest, 0, -1):
            come = np.repeat(blank[n - 1] + ended[n - 1], 10)
            if n > 1:  # the same letter again only after a blank
                come.reshape(-1, 100)[:, ::11] = blank[n - 1].reshape(-1, 10)
            stayed, blank[n] = ended[n], (blank[n] + ended[n]) * frame[0]
            ended[n] = ((stayed + come).reshape(-1, 10) * frame[1:]).ravel()
        blank[0] *= frame[0]
        scale = max(float((b + e).max()) for b, e in zip(blank, ended, strict=True))
        total += math.log(scale)
        for array in (*blank, *ended):
            array /= scale
    return [np.log(np.maximum(b + e, LEAST)) + total for b, e in zip(blank, ended, strict=True)]


def _advance(before: NDArray[np.float64], skips: NDArray[np.float64]) -> NDArray[np.float64]:
    ahead = before.copy()
    ahead[:, 1:] += before[:, :-1]
    ahead[:, 2:] += skips[:, 2:] * before[:, :-2]
    return ahead


def beam(
    frames: Logs, may_begin: Callable[[Letters], bool], is_whole: Callable[[Letters], bool], width: int = 40
) -> list[Letters]:
    """The likeliest whole texts of the grammar, best first."""
    beams: dict[Letters, tuple[float, float]] = {(): (0.0, -np.inf)}
    for frame in frames.tolist():
        followed = [n for n in range(1, len(frame)) if frame[n] > FAINTEST]
        beams = _step(beams, frame, followed, may_begin)
        beams = _best(beams, width)
    return [text for text in _best(beams, width) if is_whole(text)]


def _best(beams: dict[Letters, tuple[float, float]], width: int) -> dict[Letters, tuple[float, float]]:
    ranked = sorted(((_sum(*chances), text) for text, chances in beams.items()), reverse=True)[:width]
    return {text: beams[text] for chance, text in ranked if chance > ranked[0][0] - BEHIND}


def _step(
    beams: dict[Letters, tuple[float, float]],
    frame: list[float],
    followed: list[int],
    may_begin: Callable[[Letters], bool],
) -> dict[Letters, tuple[float, float]]:
    """One frame further: each text with the log probabilities of ending in a blank and in its last letter."""
    grown: dict[Letters, tuple[float, float]] = {}

    def add(text: Letters, blank: float, letter: float) -> None:
        before = grown.get(text)
        grown[text] = (_sum(before[0], blank), _sum(before[1], letter)) if before else (blank, letter)

    for text, (blank, letter) in beams.items():
        both = _sum(blank, letter)
        add(text, both + frame[0], letter + frame[text[-1]] if text else -np.inf)
        for n in followed:
            longer = (*text, n)
            if may_begin(longer):
                add(longer, -math.inf, (blank if text and text[-1] == n else both) + frame[n])
    return grown


def _sum(a: float, b: float) -> float:
    """log(exp a + exp b); plain arithmetic, since NumPy's costs ten times as much on two numbers."""
    high, low = (a, b) if a > b else (b, a)
    return high if low == -math.inf or low < high - 30 else high + math.log1p(math.exp(low - high))
