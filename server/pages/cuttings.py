"""The piece of a page around the words that were found: where it is cut, and the picture of it.

Pieces begin at the lines of a grid, so that a few letters more in the box ask for the same picture again. They are cut
from our own picture of the page, which was made in a child: no foreign byte is decoded here.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, make_response, request
from PIL import Image

from archive.errors import NotFound
from archive.reading import Box
from server.api.papers import document_of
from server.auth import require
from server.pages import images
from server.state import state

pages = Blueprint("cuttings", __name__)
ACROSS, DOWN = 20, 50
"""Lines of the grid."""
WIDE, HIGH = 13, 4
"""Of a piece, in squares of the grid: about 14 by 2.4 cm of an A4 page, four lines of its text."""
WIDTH = 780
"""Pixels of the picture of a piece."""
MOST_BOXES = 120
_GRID = zlib.crc32(repr((ACROSS, DOWN, WIDE, HIGH, WIDTH)).encode())


@dataclass(frozen=True)
class Cutting:
    """A piece of a page; units are thousandths of the page's width."""

    column: int
    row: int
    """Lines of the grid at which it begins."""
    width: int
    height: int
    lights: Sequence[tuple[int, int, int, int]]
    """x, y, width, height of each word that was found, in the piece."""


def cutting(boxes: Sequence[Box], tall: float) -> Cutting:
    """The piece with the most of `boxes` (at least one), of a page `tall` times as high as wide."""
    boxes = boxes[:MOST_BOXES]
    column, row = max((_corner(box) for box in boxes), key=lambda corner: sum(_inside(box, *corner) for box in boxes))
    lights = [_light(box, column, row, tall) for box in boxes if _inside(box, column, row) > 0]
    return Cutting(column, row, round(1000 * WIDE / ACROSS), round(1000 * tall * HIGH / DOWN), lights)


def _corner(box: Box) -> tuple[int, int]:
    """Where a piece begins that has this word in the middle of its lines, with some of what stands before it."""
    column = min(max(int((box[0] - 0.1) * ACROSS), 0), ACROSS - WIDE)
    return column, min(max(round((box[1] + box[3]) / 2 * DOWN - HIGH / 2), 0), DOWN - HIGH)


def _inside(box: Box, column: int, row: int) -> float:
    """How much of a word lies in a piece, across; nothing when its line is cut."""
    if not (row / DOWN <= box[1] and box[3] <= (row + HIGH) / DOWN):
        return 0.0
    return max(0.0, min(box[2], (column + WIDE) / ACROSS) - max(box[0], column / ACROSS))


def _light(box: Box, column: int, row: int, tall: float) -> tuple[int, int, int, int]:
    x, y = (box[0] - column / ACROSS) * 1000, (box[1] - row / DOWN) * 1000 * tall
    width, height = (box[2] - box[0]) * 1000, (box[3] - box[1]) * 1000 * tall
    return round(x) - 3, round(y) - 3, round(width) + 6, round(height) + 6


@pages.get("/documents/<document_id>/pages/<int:number>.x<int:column>y<int:row>.webp")
@require("read")
def view(document_id: str, number: int, column: int, row: int) -> Any:
    """The picture of a piece; kept until the picture of the page is another."""
    if column > ACROSS - WIDE or row > DOWN - HIGH:
        raise NotFound(images.GONE)
    page = images.view(document_id, number)
    if page.status_code != 200:
        return page
    with state().readers() as session:
        scan_id = document_of(session, document_id).scan_id
    whole, derived = page.get_data(), state().derived
    stem = f"{number}.x{column}y{row}"
    # Another picture of the page, or another grid of a later version: another name.
    name = f"{stem}.{zlib.crc32(whole, _GRID):08x}.webp"
    content = derived.get(scan_id, name)
    if content is None:
        content = _cut(whole, column, row)
        derived.replace(scan_id, f"{stem}.*.webp", name, content)
    answer = make_response(content)
    answer.mimetype = "image/webp"
    answer.set_etag(hashlib.sha256(content).hexdigest()[:32])
    answer.headers["Cache-Control"] = f"private, max-age={images.DAY}"
    return answer.make_conditional(request)


def _cut(whole: bytes, column: int, row: int) -> bytes:
    with Image.open(io.BytesIO(whole), formats=("WEBP",)) as page:
        wide, high = page.size
        left, right = (round(line * wide / ACROSS) for line in (column, column + WIDE))
        top, bottom = (round(line * high / DOWN) for line in (row, row + HIGH))
        piece = page.crop((left, top, right, bottom)).convert("RGB")
    if piece.width > WIDTH:
        piece = piece.resize((WIDTH, max(1, round(piece.height * WIDTH / piece.width))), Image.Resampling.BOX)
    out = io.BytesIO()
    piece.save(out, "WEBP", quality=70, method=0)
    return out.getvalue()
