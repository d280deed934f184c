"""Words of labels in a straightened stamp, seen band by band.

The stamp is read in overlapping bands, each as high as a line: the recogniser finds a label under body text where
Tesseract, which must first find lines, finds none. Which of them stand in one arrangement archive/labels.py says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from archive import tesseract
from archive.leaders import Leader
from archive.pen import Reader
from archive.recogniser import Recogniser
from archive.spotting import MERIT, letters, merit, share, spot
from archive.vietnamese import fold

PX = 10.0
"""Pixels per mm of a straightened stamp."""
BAND = 5.6
STEP = 2.0
ABOVE_DOTS = 4.2
"""mm: height of a band, how far the next one lies below it, how far a band begins above a dotted leader."""

WORDS = {
    "arrived": ("den", "cv den"),
    "number": ("so", "so:"),
    "time": ("gio", "gio:"),
    "date": ("ngay", "ngay:"),
    "forward_to": ("chuyen", "chuyen:"),
    "file_ref": ("so va ky hieu", "ky hieu hs", "luu ho so so", "luu hs so", "ho so so", "so hs:"),
}
"""The labels without case and marks; a colon stands for any points."""
LEAST = 0.35
"""Share of what its letters are worth below which a word was not seen."""
LEAST_PRINTED = {"number": 3.3}
"""mm that a label takes at least: of Số hardly more than the S is seen, and the rest would be read as a digit."""
SAME_BAND = 1.2
"""mm between the upper edges of bands of which one is enough."""
REF_SEEN = 6.0
"""Weight from which on the long label of the file is taken for seen."""
SEEN_PART = 0.75
"""Share of the width, from the left, in which words are looked for."""


@dataclass(frozen=True)
class Label:
    """A printed label in a straightened stamp; mm from the picture's upper left corner."""

    name: str
    left: float
    right: float
    middle: float
    """Height of the middle of its line."""
    weight: float
    """How clearly it was seen: MERIT a letter at best."""
    dots: float = 0.0
    """How clear the dotted leader is that it begins."""
    room: float = 99.0
    """mm from its line to the next one: what is written higher stands on the line above."""


def dotted_bands(dotted: Sequence[Leader]) -> list[float]:
    """Upper edges, mm, of the bands of print that end in these dotted leaders."""
    return [max(0.0, leader.height - ABOVE_DOTS) for leader in dotted]


def other_bands(picture: Image.Image, read: Sequence[float] = ()) -> list[float]:
    """Upper edges of bands over the whole picture, those left out that were read."""
    room = picture.height / PX - BAND
    tops = [STEP * n for n in range(int(room / STEP) + 1)] if room > 0 else []
    return [top for top in tops if all(abs(top - other) > SAME_BAND for other in read)]


def look(picture: Image.Image, reader: Reader, tops: Sequence[float]) -> list[Label]:
    """Every label in every band, good or bad; `tops` are the upper edges of the bands, mm. Without a recogniser
    Tesseract is asked, which finds few of them."""
    recogniser = reader.recogniser
    if recogniser is None:
        return _printed(picture)
    if not tops:
        return []
    right = round(picture.width * SEEN_PART)
    lines = letters_of_bands(picture.crop((0, 0, right, picture.height)), recogniser, tops)
    names = [(name, word.replace(" ", "")) for name, words in WORDS.items() for word in words]
    frame = right / PX / lines.shape[1]
    found = []
    for top, spotted in zip(tops, spot(lines, [word for _, word in names]), strict=True):
        for (name, word), place in zip(names, spotted, strict=True):
            if share(word, place) > LEAST:
                left = place.start * frame
                right = max((place.end + 1) * frame, left + LEAST_PRINTED.get(name, 0.0))
                found.append(Label(name, left, right, top + BAND / 2, merit(word, place)))
    return [label for label in found if not _part_of_another(label, found)]


def letters_of_bands(picture: Image.Image, recogniser: Recogniser, tops: Sequence[float]) -> NDArray[np.float32]:
    """The letters (archive/spotting.py) of bands of the picture; `tops` are their upper edges, mm."""
    boxes = [(0, round(top * PX), picture.width, round(top * PX) + round(BAND * PX)) for top in tops]
    return np.stack([letters(recogniser, recogniser.frames(picture.crop(box))) for box in boxes])


def _part_of_another(label: Label, found: Sequence[Label]) -> bool:
    """The Số in "Lưu hồ sơ số" and in "Số và ký hiệu HS" is not that of the number."""
    return label.name == "number" and any(
        other.name == "file_ref" and other.middle == label.middle and other.weight > REF_SEEN
        and other.left - 1 < label.left < other.right for other in found
    )  # fmt: skip


def _printed(picture: Image.Image) -> list[Label]:
    """The labels Tesseract reads in the picture."""
    names = [(name, word) for name, words in WORDS.items() for word in words]
    found = []
    for word in tesseract.read_region(picture.convert("L"), psm=11, dpi=round(PX * 25.4)):
        text = re.sub("[^a-z]", "", fold(word.text))
        name = next((name for name, known in names if text and text == known.split()[0].strip(":")), None)
        if name and word.box:
            left, top, right, bottom = word.box
            wide, tall = picture.width / PX, picture.height / PX
            middle = (top + bottom) / 2 * tall
            found.append(Label(name, left * wide, right * wide, middle, MERIT * len(text) * word.confidence))
    return found
