"""What the pen wrote in a frame whose labels are gone: a bilevel scan keeps the pen and loses a pale stamp."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archive.labels import PX, Label
from archive.pen import Reader
from archive.straight import FRAME_LINE, PAD, Straight

LEFT = 9.0
"""mm right of the frame's left side before which the pen writes in no layout."""
FIRST = 4.0
"""mm below the upper side in which the office's name stands."""
HIGH = 3.0
"""mm that a line of writing takes; lines are no closer."""
TALL = 7.2
"""mm cut around one."""
LEAST_INK = 0.02
MOST_ROWS = 4
READ = 0.6
"""Confidence from which on a row is a date or a number."""
NEXT = (2.8, 8.0)
"""mm from the number down to the date."""
BY_DATE, BY_NUMBER = 2.4, 0.7
"""What they say, read with certainty, for a frame being a stamp's; on the scale of a label's weight."""


def penned(straight: Straight, reader: Reader, rise: float) -> tuple[dict[str, Label], float]:
    """Where date and number stand, as labels of no weight `rise` mm below the middle of the writing, and what that says
    for the stamp; nothing without a date."""
    middles = rows(straight)
    dates = {middle: _sure(straight, reader, "date", middle) for middle in middles}
    date = max(dates, key=lambda middle: dates[middle], default=0.0)
    if dates.get(date, 0.0) < READ:
        return {}, 0.0
    above = [middle for middle in middles if NEXT[0] < date - middle < NEXT[1]]
    numbers = {middle: _sure(straight, reader, "number", middle) for middle in above}
    number = max(numbers, key=lambda middle: numbers[middle], default=None)
    found, said = {"date": date}, BY_DATE * dates[date]
    if number is not None and numbers[number] > READ:
        found["number"] = number
        said += BY_NUMBER * numbers[number]
    start = PAD + LEFT
    return {name: Label(name, start, start, middle + rise, 0.0) for name, middle in found.items()}, said


def _sure(straight: Straight, reader: Reader, kind: str, middle: float) -> float:
    """How surely a whole date or a number stands on a row."""
    readings = reader.read_field(kind, [straight.part(straight.picture, PAD + LEFT, middle, TALL)], straight.frame.kind)
    text, sure = readings[0] if readings else ("", 0.0)
    return sure if text and not text.startswith("-") else 0.0


def rows(straight: Straight) -> list[float]:
    """The middles of the rows that hold most ink, mm, from the top."""
    share = _inked(straight)
    wide = round(HIGH * PX)
    sums = np.convolve(share, np.ones(wide) / wide, "same")
    sums[: round((PAD + FIRST) * PX)] = 0
    sums[-round((PAD + HIGH / 2) * PX) :] = 0
    peaks = [row for row in range(len(sums)) if sums[row] == sums[max(0, row - wide // 2) : row + wide // 2 + 1].max()]
    best = sorted((row for row in peaks if sums[row] > LEAST_INK), key=lambda row: -sums[row])[:MOST_ROWS]
    return sorted(row / PX for row in best)


def _inked(straight: Straight) -> NDArray[np.float64]:
    """The share of each row that is dark where the pen writes."""
    left, right = round((PAD + LEFT) * PX), round((straight.right - FRAME_LINE) * PX)
    grey = np.asarray(straight.picture.convert("L").crop((left, 0, max(left + 1, right), straight.picture.height)))
    paper, dark = np.percentile(grey, 80), np.percentile(grey, 1)
    inked: NDArray[np.float64] = (grey < (paper + dark) / 2).mean(1)
    return inked
