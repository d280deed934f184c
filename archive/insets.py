"""Pictures within a born-digital page: a scanned annex or a table pasted as an image has words the layer lacks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from PIL import Image

from archive.reading import Box, Page, Word

LEAST = 0.08
"""Share of the page from which a picture may hold text; seals and emblems have a third of it."""
FEW = 3
"""Words of the layer within a picture: with more, it is the page's background."""
SURE, ENOUGH = 0.7, 5
"""Mean confidence and number of the words of a picture that holds text; photographs of people hold none."""
Read = Callable[[Image.Image], Sequence[Word]]
"""The words of a picture, boxes as fractions of it."""


def with_pictures(page: Page, boxes: Sequence[Box], image: Image.Image, read: Read) -> Page:
    """The page of a layer with the words of its pictures after its own; `image` is the page as it is seen."""
    for box in boxes:
        if _area(box) >= LEAST and sum(_is_in(word, box) for word in page.words) <= FEW:
            page = _with(page, box, read(image.crop(_pixels(box, image.size))))
    return page


def _with(page: Page, box: Box, words: Sequence[Word]) -> Page:
    if len(words) < ENOUGH or sum(word.confidence for word in words) < SURE * len(words):
        return page
    line, block = (max((getattr(word, name) for word in page.words), default=-1) + 1 for name in ("line", "block"))
    added = [
        dataclasses.replace(word, box=_within(word.box, box), line=word.line + line, block=word.block + block)
        for word in words if word.box
    ]  # fmt: skip
    reason = page.reason if page.reason.endswith(_SAID) else page.reason + _SAID
    facts = {name: getattr(page, name) for name in ("width", "height", "dpi", "rotation", "advice")}
    # Nobody can tell a word of the layer from one that was recognised: all of them may be misread.
    return Page.of_words(page.number, (*page.words, *added), source="ocr", reason=reason, **facts)


_SAID = ", with words of a picture in it"


def _within(inner: Box, box: Box) -> Box:
    """A box of a picture as one of the page on which the picture stands at `box`."""
    wide, high = box[2] - box[0], box[3] - box[1]
    return box[0] + inner[0] * wide, box[1] + inner[1] * high, box[0] + inner[2] * wide, box[1] + inner[3] * high


def _pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    return int(box[0] * size[0]), int(box[1] * size[1]), round(box[2] * size[0]), round(box[3] * size[1])


def _is_in(word: Word, box: Box) -> bool:
    if word.box is None:
        return False
    x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
    return box[0] < x < box[2] and box[1] < y < box[3]


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
