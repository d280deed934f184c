"""What an administrator drew of the office's own arrival stamp, and what is kept of it. See archive/taught.py."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from archive.errors import BadValue
from archive.findings import STAMP_FIELDS, Stamp
from archive.reading import Box, middle
from archive.vietnamese import fold

LEAST_LETTERS = 8
"""Of print: with fewer a table of the same size would do."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What an administrator drew on a page: boxes are fractions of the upright page."""

    name: str
    """The organ whose stamp it is."""
    words: str
    """What is printed on the stamp: `TIẾP NHẬN Thứ tự Hôm`."""
    frame: Box
    fields: Mapping[str, Box]


@dataclass(frozen=True, slots=True)
class Layout:
    """A taught stamp, apart from the page it was drawn on."""

    name: str
    words: str
    width: float
    height: float
    """mm of the frame."""
    fields: Mapping[str, Box]
    """Fractions of the frame."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A layout and what is read with it on the very page it was drawn on."""

    layout: Layout
    stamp: Stamp


def check(drawing: Drawing) -> None:
    """BadValue, in Vietnamese, unless the drawing can be of a stamp."""
    if not drawing.name.strip() or len(drawing.name) > 200:
        raise BadValue("Hãy ghi tên cơ quan trên dấu, dài nhất 200 ký tự.")
    if len(_letters_of(drawing.words)) < LEAST_LETTERS or len(drawing.words) > 500:
        raise BadValue(
            f"Hãy ghi những chữ in trên mặt dấu, ít nhất {LEAST_LETTERS} chữ cái; máy nhận ra dấu nhờ chúng."
        )
    if not {"number", "date"} & drawing.fields.keys() or not drawing.fields.keys() <= set(STAMP_FIELDS):
        raise BadValue("Hãy vẽ ít nhất ô Số hoặc ô Ngày.")
    left, top, right, bottom = drawing.frame
    for name, box in {"": drawing.frame, **drawing.fields}.items():
        if not (0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1):
            raise BadValue("Ô đã vẽ nằm ngoài trang hoặc không có diện tích. Hãy vẽ lại.")
        x, y = middle(box)
        if name and not (left <= x <= right and top <= y <= bottom):
            raise BadValue("Các ô phải nằm trong khung dấu. Hãy vẽ lại.")


def _letters_of(words: str) -> str:
    return re.sub("[^a-z]", "", fold(words))
