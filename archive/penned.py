"""What the pen wrote in a frame, without its labels: where a pale stamp is lost, and where print stands behind it."""

from __future__ import annotations

import itertools
import re

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from archive.bands import PX, Label
from archive.pen import Reader
from archive.reading import Page
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
LINED, STROKE = 0.28, 0.4
"""Share of a row that is inked by a frame's line or a leader, and mm of ink in a column of the other rows that are
writing."""
APART, LABEL_REST = 4.4, 6.0
"""mm: blank paper between a number and what is none of it; how far the rest of a label reaches."""
SHORTEST = 2.0
"""mm that a digit is high at least: less is what is left of a line."""
LONGEST = 25.0
"""mm that five digits take."""
PALE, LETTER, SOILED = 0.15, 1.0, 1.0
"""Share of the blackness of ink that shows through the paper, mm of it in a column, and mm of such columns that are
more than dirt."""
PRINTED_DATE, CLEARLY = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}"), 0.6
"""What the page's own reader took for a date, and how surely: it reads print and no pen (of 30 real numbers none)."""
BY_DATE, BY_NUMBER = 2.4, 0.7
"""What they say, read with certainty, for a frame being a stamp's; on the scale of a label's weight."""


def penned(straight: Straight, reader: Reader, rise: float, page: Page) -> tuple[dict[str, Label], float]:
    """Where date and number stand, as labels of no weight `rise` mm below the middle of the writing, and what that says
    for the stamp; nothing without a date. Lines of the page's text hold printed dates, which say nothing."""
    middles = [middle for middle in rows(straight) if not _is_print(page, straight, middle)]
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
    start = straight.page_left or PAD + LEFT  # at the edge of the page no one knows how much of the label is left
    return {name: Label(name, start, start, middle + rise, 0.0) for name, middle in found.items()}, said


def _is_print(page: Page, straight: Straight, middle: float) -> bool:
    row = straight.box(PAD, middle - TALL / 2, straight.right, middle + TALL / 2)
    dates = (word for word in page.words if word.confidence > CLEARLY and PRINTED_DATE.search(word.text))
    return any(word.is_in(row) for word in dates)


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


def end_of_first_writing(strip: Image.Image) -> int | None:
    """The column where a number ends, written in one go at the left of a line, when more stands farther right: print
    that the stamp was pressed upon, or what shows through from the back. What ends close to the left edge is the rest
    of a label."""
    grey = np.asarray(strip.convert("L"))
    paper, dark = np.percentile(grey, 80), np.percentile(grey, 1)
    inked = grey < (paper + dark) / 2
    unlined = inked[inked.mean(1) < LINED]
    tall = np.flatnonzero(unlined.sum(0) >= STROKE * PX)
    pieces = np.split(tall, np.flatnonzero(np.diff(tall) > APART * PX) + 1)
    beside = [piece for piece in pieces if len(piece) and piece[-1] > LABEL_REST * PX]
    written = list(itertools.dropwhile(lambda piece: not _is_high(unlined, piece), beside))
    if not written or (written[0][-1] - written[0][0]) / PX > LONGEST:
        return None
    end = int(written[0][-1] + APART / 2 * PX)
    behind = strip.crop((min(end, strip.width), 0, *strip.size))
    return end if len(written) > 1 or _is_soiled(behind, paper, dark) else None


def _is_soiled(behind: Image.Image, paper: float, dark: float) -> bool:
    """Whether something pale and as high as letters stands there, which a reader might take for digits: print of the
    back that shows through, a shadow."""
    if behind.width < SOILED * PX:
        return False
    smooth = np.asarray(behind.convert("L").filter(ImageFilter.BoxBlur(2)), np.float32)
    pale = paper - smooth > PALE * (paper - dark)
    unlined = pale[pale.mean(1) < LINED]
    return bool((unlined.sum(0) >= LETTER * PX).sum() >= SOILED * PX)


def _is_high(inked: NDArray[np.bool_], columns: NDArray[np.intp]) -> bool:
    """Whether these columns hold ink as high as a digit, and not the rest of a frame's line."""
    rows = inked[:, columns[0] : columns[-1] + 1].sum(1) > 1
    return int(rows.sum()) >= SHORTEST * PX
