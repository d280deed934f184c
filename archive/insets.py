"""Pictures within a born-digital page: a scanned annex or a table pasted as an image has words the layer lacks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from PIL import Image

from archive.reading import Box, Page, Word, within

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
        if _area(box) >= LEAST and sum(word.is_in(box) for word in page.words) <= FEW:
            page = _with(page, box, read(image.crop(_pixels(box, image.size))))
    return page


def _with(page: Page, box: Box, words: Sequence[Word]) -> Page:
    if len(words) < ENOUGH or sum(word.confidence for word in words) < SURE * len(words):
        return page
    added = [dataclasses.replace(word, box=within(word.box, box)) for word in words if word.box]
    reason = page.reason if page.reason.endswith(_SAID) else page.reason + _SAID
    # Nobody can tell a word of the layer from one that was recognised: all of them may be misread.
    return page.with_more(added, source="ocr", reason=reason)


_SAID = ", with words of a picture in it"


def _pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    return int(box[0] * size[0]), int(box[1] * size[1]), round(box[2] * size[0]), round(box[3] * size[1])


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
