"""A second look at what matters and was read badly: the better reading wins.

Codes: a code has no neighbours that would betray a misread letter, and a wrong one files a paper wrongly. Read again
alone in its line and a fifth smaller, nine doubted codes in ten of simulated pages came right that had been wrong, and
none went wrong; what was read first is kept with the word. The same look at lines of plain print gained nothing.

Signatures: on a scan without colours the seal is as black as the print, and Tesseract takes both for a picture. Read
as one block, a third of what it lost of titles and names comes back (docs/decisions.md has the figures).
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable, Sequence

from PIL import Image
from PIL.Image import Resampling

from archive.codes import find_codes, is_known_symbol
from archive.pageimage import Shown
from archive.reading import Box, Word, following, middle, within
from archive.vietnamese import distance, fold, syllables

DOUBT = 0.85
"""Confidence below which a code is looked at again."""
MOST = 3
"""Looks a page gets; each takes a tenth of the time of a page."""
DPI = 160
_AROUND = 4.0
"""Heights of the word that are shown of the line on either side of it: Tesseract reads a lone word badly."""
_LIKE_A_CODE = re.compile(r"\d.*[A-ZĐÑ].*[A-ZĐÑ]")

RECIPIENTS = 0.35
"""Of the page's width: where the list of recipients begins at most."""
SIGNATURE = (0.42, 0.98)
"""Between which fractions of the width the signature stands."""
FULL, JUNK = 8, 0.5
"""A signature of as many words, none less sure, was read well: an authority, a title and a name."""
_HIGH = 0.24
"""Of the page's height: from the head of the list of recipients to under the signer's name."""

Reader = Callable[[Image.Image], Sequence[Word]]
"""Reads a picture, boxes as fractions of it: of one line at `DPI`, or of a block as large as the reading image."""


def looked_again(words: Sequence[Word], shown: Shown, read: Reader) -> tuple[Word, ...]:
    """`words` of `shown`, doubted codes among them as the better of two looks read them."""
    doubted = [word for word in words if word.confidence < DOUBT and _LIKE_A_CODE.search(word.text)]
    worst = sorted(doubted, key=lambda word: word.confidence)[:MOST]
    better = {id(word): _better(word, word.box, shown, read) for word in worst if word.box}
    return tuple(better.get(id(word), word) for word in words)


def _better(word: Word, box: Box, shown: Shown, read: Reader) -> Word:
    picture, left, right = _cut(box, shown)
    found = [each for each in read(picture) if each.box and left <= middle(each.box)[0] <= right]
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


# ------------------------------------------------------------------------------------------------ signatures


def signature_again(words: Sequence[Word], shown: Shown, read: Reader) -> tuple[Word, ...]:
    """`words` of `shown`, those of the signature as the better of two looks read them; as they are without one.

    What was read first there stands with the first word of the second look.
    """
    place = _signature_place(words)
    if not place:
        return tuple(words)
    first = [word for word in words if word.is_in(place)]
    if len(first) >= FULL and all(word.confidence >= JUNK for word in first):
        return tuple(words)
    read_again = read(_cropped(shown.image, place))
    # What touches the edge above is the lower half of the text's last line.
    again = [
        dataclasses.replace(word, box=within(word.box, place))
        for word in read_again if word.box and word.box[1] > 0.01
    ]  # fmt: skip
    if _sense(again) <= _sense(first):
        return tuple(words)
    added = following(words, again)
    # The words of two looks do not pair off, so one of them keeps all that was read first.
    added[0] = dataclasses.replace(added[0], first=" ".join(word.text for word in first) or None)
    return (*(word for word in words if not word.is_in(place)), *added)


def _signature_place(words: Sequence[Word]) -> Box | None:
    """Right of the list of recipients, below the text; None when there is no such list."""
    head = next((one.box for one, other in itertools.pairwise(words) if _is_recipients(one, other)), None)
    if not head:
        return None
    left, right = SIGNATURE
    text = (box[3] for word in words if (box := word.box) and box[0] < left and box[1] + box[3] < 2 * head[1])
    top = max([*text, head[1] - 0.03])
    return left, top, right, min(1.0, top + _HIGH)


def _is_recipients(one: Word, other: Word) -> bool:
    """Whether these two are `Nơi nhận`, a letter of the first misread at most; `nhân` stands all over a page."""
    if not one.box or one.box[0] > RECIPIENTS or one.line != other.line:
        return False
    return distance(fold(one.text), "noi", 1) <= 1 and fold(other.text).startswith("nhan")


def _cropped(image: Image.Image, place: Box) -> Image.Image:
    left, top, right, bottom = (round(share * side) for share, side in zip(place, image.size * 2, strict=True))
    return image.crop((left, top, max(left + 1, right), max(top + 1, bottom)))


def _sense(words: Sequence[Word]) -> float:
    """Letters that make Vietnamese syllables, as far as they are sure."""
    sure = (word for word in words if word.confidence > 0.5 and word.text[:1].isalpha() and syllables([word.text]) == 1)
    return sum(len(word.text) * word.confidence for word in sure)
