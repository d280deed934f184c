"""A second look at printed codes read in doubt: the better reading wins, and what was read first is kept.

A code has no neighbours that would betray a misread letter, and a wrong one files a paper wrongly. Read again alone in
its line and a fifth smaller, nine doubted codes in ten of simulated pages came right that had been wrong, and none
went wrong. The same look at lines of plain print gained nothing (both in docs/decisions.md).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence

from PIL import Image
from PIL.Image import Resampling

from archive.codes import find_codes, is_known_symbol
from archive.pageimage import Shown
from archive.reading import Box, Word
from archive.vietnamese import distance

DOUBT = 0.85
"""Confidence below which a code is looked at again."""
MOST = 3
"""Looks a page gets; each takes a tenth of the time of a page."""
DPI = 160
_AROUND = 4.0
"""Heights of the word that are shown of the line on either side of it: Tesseract reads a lone word badly."""
_LIKE_A_CODE = re.compile(r"\d.*[A-ZĐÑ].*[A-ZĐÑ]")

Reader = Callable[[Image.Image], Sequence[Word]]
"""Reads the picture of one line at `DPI`, boxes as fractions of it."""


def looked_again(words: Sequence[Word], shown: Shown, read: Reader) -> tuple[Word, ...]:
    """`words` of `shown`, doubted codes among them as the better of two looks read them."""
    doubted = [word for word in words if word.confidence < DOUBT and _LIKE_A_CODE.search(word.text)]
    worst = sorted(doubted, key=lambda word: word.confidence)[:MOST]
    better = {id(word): _better(word, word.box, shown, read) for word in worst if word.box}
    return tuple(better.get(id(word), word) for word in words)


def _better(word: Word, box: Box, shown: Shown, read: Reader) -> Word:
    picture, left, right = _cut(box, shown)
    found = [each for each in read(picture) if each.box and left <= (each.box[0] + each.box[2]) / 2 <= right]
    text, sure = "".join(each.text for each in found), min((each.confidence for each in found), default=0.0)
    if distance(text, word.text) > 3 or (_is_code(text), sure) <= (_is_code(word.text), word.confidence):
        return word
    return dataclasses.replace(word, text=text, confidence=sure, first=word.text if text != word.text else word.first)


def _is_code(text: str) -> bool:
    """Whether `text` holds a code whose every part is known, and needs no mending."""
    return any(code.full and code.full in text and is_known_symbol(code.symbol) for code in find_codes(text))


def _cut(box: Box, shown: Shown) -> tuple[Image.Image, float, float]:
    """What stands at `box` in its line, and between which fractions of the picture's width it stands."""
    width, height = shown.image.size
    left, top, right, bottom = (share * side for share, side in zip(box, (width, height) * 2, strict=True))
    high, middle = min(bottom - top, 0.02 * height), (top + bottom) / 2
    start, end = max(0.0, left - _AROUND * high), min(float(width), right + _AROUND * high)
    line = shown.image.crop((round(start), round(middle - 0.9 * high), round(end), round(middle + 0.9 * high)))
    scale = DPI / shown.dpi
    small = line.resize((max(1, round(line.width * scale)), max(1, round(line.height * scale))), Resampling.HAMMING)
    framed = Image.new("L", (small.width + 20, small.height + 20), 255)
    framed.paste(small, (10, 10))
    reach = 0.02 * (end - start)
    place = [(10 + (x - start) * scale) / framed.width for x in (left - reach, right + reach)]
    return framed, place[0], place[1]
