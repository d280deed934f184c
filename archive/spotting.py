"""Finds known words in lines of writing, however badly the rest of the line reads.

Keyword spotting by Viterbi over the recogniser's frames: a word may begin and end anywhere, and letters are compared
without case and marks, since the recogniser drops half of the Vietnamese ones.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.recogniser import Frames, Recogniser
from archive.vietnamese import fold

FLOOR = 1e-3
"""No letter of a word may cost more than this, so that one that another stroke spoilt does not hide the word."""
POINTS = ":.…;·"
"""What follows a label; written as a colon in a word that is looked for."""
MERIT = 2.3
"""What each letter of a word is worth against its cost."""
LETTERS = "abcdefghijklmnopqrstuvwxyz:"


@dataclass(frozen=True)
class Spotted:
    """A word in one line: 0 is a perfect score, below it the log probability of its best path."""

    score: float
    start: int
    end: int
    """First and last frame."""


def merit(word: str, place: Spotted) -> float:
    """How clearly the word was seen: MERIT a letter at best."""
    return MERIT * len(word) + place.score


def share(word: str, place: Spotted) -> float:
    """The same as a share of the best; below 0 for what is not there at all."""
    return merit(word, place) / (MERIT * len(word))


@functools.lru_cache(maxsize=2)
def _columns(recogniser: Recogniser) -> tuple[NDArray[np.intp], ...]:
    """The model's characters that count as each of LETTERS."""
    groups: dict[str, list[int]] = {letter: [] for letter in LETTERS}
    for index, character in enumerate(recogniser.characters):
        if len(character) != 1 or not (ord(character) < 0x250 or 0x1E00 <= ord(character) < 0x1F00):
            continue
        letter = fold(character)
        if letter in groups:
            groups[letter].append(index)
    groups[":"] = [n for c in POINTS if (n := recogniser.index(c)) is not None]
    return tuple(np.array(groups[letter], np.intp) for letter in LETTERS)


def letters(recogniser: Recogniser, frames: Frames) -> NDArray[np.float32]:
    """(frames, 28): log probability of the blank (or a space) and of each of LETTERS."""
    space = recogniser.index(" ")
    first = frames[:, 0] + (frames[:, space] if space else 0)
    summed = np.stack([first, *(frames[:, group].sum(1) for group in _columns(recogniser))], 1)
    logs: NDArray[np.float32] = np.log(np.maximum(summed, FLOOR))
    return logs


def spot(lines: NDArray[np.float32], words: Sequence[str]) -> list[list[Spotted]]:
    """Where each word stands best in each line; `lines` is (lines, frames, 28) of `letters()`."""
    states = _states(words)
    skips = np.zeros(states.shape, bool)
    skips[:, 2:] = (states[:, 2:] > 0) & (states[:, 2:] != states[:, :-2])
    last = np.array([2 * len(word) - 2 for word in words])
    shape = (len(lines), *states.shape)
    score, start = np.full(shape, -np.inf), np.zeros(shape, np.intp)
    best = np.full(shape[:2], -np.inf)
    begin, end = np.zeros(shape[:2], np.intp), np.zeros(shape[:2], np.intp)
    rows = np.arange(len(words))
    for t in range(lines.shape[1]):
        score, start = _advance(score, start, skips, t)
        score = score + np.where(states >= 0, lines[:, t][:, np.maximum(states, 0)], -np.inf)
        done = score[:, rows, last]
        better = done > best
        best = np.where(better, done, best)
        begin, end = np.where(better, start[:, rows, last], begin), np.where(better, t, end)
    return [
        [Spotted(float(best[n, w]), int(begin[n, w]), int(end[n, w])) for w in range(len(words))]
        for n in range(len(lines))
    ]


def _states(words: Sequence[str]) -> NDArray[np.intp]:
    """Letters with a blank between any two; -1 behind the end of the shorter words."""
    states = np.full((len(words), 2 * max(map(len, words)) - 1), -1, np.intp)
    for n, word in enumerate(words):
        states[n, : 2 * len(word) - 1] = 0
        states[n, : 2 * len(word) - 1 : 2] = [LETTERS.index(letter) + 1 for letter in word]
    return states


def _advance(
    score: NDArray[np.float64], start: NDArray[np.intp], skips: NDArray[np.bool_], t: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The best way into each state: stay, come from the one before, skip a blank, or begin here."""
    ways = [(score, start)]
    for steps in (1, 2):
        moved = np.full_like(score, -np.inf)
        moved[..., steps:] = score[..., :-steps]
        if steps == 2:
            moved = np.where(skips, moved, -np.inf)
        begun = np.zeros_like(start)
        begun[..., steps:] = start[..., :-steps]
        ways.append((moved, begun))
    fresh = np.full_like(score, -np.inf)
    fresh[..., 0] = 0.0
    ways.append((fresh, np.full_like(start, t)))
    scores = np.stack([way for way, _ in ways])
    chosen = scores.argmax(0)[None]
    best = np.take_along_axis(scores, chosen, 0)[0]
    begun = np.take_along_axis(np.stack([begun for _, begun in ways]), chosen, 0)[0]
    return best, begun
