"""Lines of print that Tesseract passed over: a black half seal that touches them makes it take them for a picture.

Seen on simulated bilevel pages: up to four whole lines of the body are gone without a trace. What has the ink of a line
from one margin to the other and no word on it is cut out and read as one block.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.Image import Resampling

from archive.reading import Box, Word, following, middle, within

Reader = Callable[[Image.Image], Sequence[Word]]
"""Reads a block as large as the reading image, boxes as fractions of it."""
Band = tuple[float, float]
"""Upper and lower edge as fractions of the page."""

WORDS = 20
"""A page with fewer has no margins to go by."""
SURE = 0.5
"""Confidence from which a word counts, of the first reading as of this one."""
WIDE = 400
"""Pixels of the small copy on which ink is looked for: a letter is some three pixels high."""
INK = 30
"""Of 255: darkness of a pixel of the small copy that holds a stroke."""
TALL = 2.0
"""Heights of a word from which a box is no word: a seal taken for letters, over the lines it hides."""
FULL = 0.3
"""Share of the width between the margins that a row of a lost line covers with ink."""
HIGH = (0.4, 16.0)
"""Heights of a word: from less than one line to eight."""
AROUND = 0.15
"""Heights of a word by which its ink may stand out of its box."""
MOST = 2
"""Bands read on a page."""


def found_again(words: Sequence[Word], image: Image.Image, read: Reader) -> tuple[Word, ...]:
    """`words` of `image` with those of lines that were passed over, where they belong; as they are without any."""
    every = [word.box for word in words if word.box and word.confidence >= SURE]
    if len(every) < WORDS:
        return tuple(words)
    high = statistics.median(box[3] - box[1] for box in every)
    boxes = [box for box in every if box[3] - box[1] < TALL * high]
    found = tuple(words)
    for band in list(_bands(boxes, image, high))[:MOST]:
        found = _with(found, list(_read_again(band, boxes, image, read)), band[1])
    return found


def _bands(boxes: Sequence[Box], image: Image.Image, high: float) -> Iterator[Band]:
    """Rows full of ink between the margins that no word stands on, with what they need above and below."""
    inked = _rows(boxes, image, high) >= FULL
    tall, first = len(inked), None
    gap = max(1, round(1.5 * high * tall))
    for row in range(tall + 1):
        if row < tall and inked[row]:
            first = row if first is None else first
        elif first is not None and not inked[row : row + gap].any():
            if HIGH[0] <= (row - first) / tall / high <= HIGH[1]:
                yield max(0.0, first / tall - 0.7 * high), min(1.0, row / tall + 0.7 * high)
            first = None


def _rows(boxes: Sequence[Box], image: Image.Image, high: float) -> NDArray[np.float64]:
    """Of each row of a small copy, the share between the margins that has ink and no word."""
    small = image.resize((WIDE, max(1, round(image.height * WIDE / image.width))), Resampling.BOX)
    ink = (255 - np.asarray(small)) > INK
    tall = len(ink)
    for left, top, right, bottom in boxes:
        rows = slice(max(0, int((top - AROUND * high) * tall)), int((bottom + AROUND * high) * tall) + 1)
        ink[rows, max(0, int((left - high) * WIDE)) : int((right + high) * WIDE) + 1] = False
    left, right = _margins(boxes)
    share: NDArray[np.float64] = ink[:, int(left * WIDE) : max(int(left * WIDE) + 1, int(right * WIDE))].mean(1)
    return share


def _margins(boxes: Sequence[Box]) -> tuple[float, float]:
    return float(np.percentile([box[0] for box in boxes], 5)), float(np.percentile([box[2] for box in boxes], 95))


def _read_again(band: Band, boxes: Sequence[Box], image: Image.Image, read: Reader) -> Iterator[Word]:
    """The words of a band that do not stand where one stood before."""
    left, right = max(0.0, min(box[0] for box in boxes) - 0.01), min(1.0, max(box[2] for box in boxes) + 0.01)
    top, bottom = band
    wide, tall = image.size
    cut = image.crop((round(left * wide), round(top * tall), round(right * wide), round(bottom * tall)))
    for word in read(cut):
        if not word.box or word.confidence < SURE:
            continue
        box = within(word.box, (left, top, right, bottom))
        if not any(_stands_on(box, other) for other in boxes):
            yield dataclasses.replace(word, box=box)


def _stands_on(box: Box, other: Box) -> bool:
    x, y = middle(box)
    return other[0] <= x <= other[2] and other[1] <= y <= other[3]


def _with(words: tuple[Word, ...], added: Sequence[Word], below: float) -> tuple[Word, ...]:
    """`added` before the first line that begins below it."""
    lower = (n for n, word in enumerate(words) if word.box and middle(word.box)[1] > below)
    place = next(lower, len(words))
    return (*words[:place], *following(words, added), *words[place:])
