"""The picture of a page as a PDF may hold it: the original's own bytes where they can stay, else as near as can be.

A JPEG stays as it is but for its notes (EXIF tells where a telephone was), black and white stays so to the dot
(CCITT G4); all else becomes a good JPEG. What is laid over a scan (a number, a signature) is a patch on top of it.
It decodes foreign bytes: `plate` is called in a child.
"""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from archive import pictures, scans, views
from archive.reading import Box

QUALITY = 85
MOST_PATCHED = 0.3
"""Share of the page under what is laid over it from which the page is drawn anew as a whole."""
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""A marker within coded pixels: not a stuffed byte, not a restart."""
_KEPT = {0xE0, 0xEE}
"""JFIF and Adobe: how the colours are meant. All other notes are dropped."""


@dataclass(frozen=True, slots=True)
class Plate:
    """One picture as it stands in a PDF."""

    data: bytes
    packing: str
    """DCTDecode | CCITTFaxDecode"""
    width: int
    """Pixels as stored."""
    height: int
    is_grey: bool
    turn: int = 0
    """Degrees clockwise the stored picture is turned to be upright."""
    patches: tuple[tuple[Box, Plate], ...] = ()
    """What is laid over it, each where it stands on the upright page."""


def plate(path: Path | str, n: int, rotation: int, limits: scans.Limits) -> Plate:
    """Page `n`, set upright by `rotation` (as in `Page.rotation`)."""
    with scans.source(Path(path), n, limits) as source:
        image, dpi = source.image(), source.dpi
        own = _checked(source.own_jpeg(), image)
        laid = list(source.laid_over())
        drawn = source.view() if laid else None
    if drawn is None:
        return _stored(image, dpi, own, rotation)
    drawn = drawn.resize(image.size) if drawn.size != image.size else drawn
    patches = [(_turned_box(box, rotation), patch) for box, patch in _patches(image, drawn, laid, rotation)]
    if sum((box[2] - box[0]) * (box[3] - box[1]) for box, _ in patches) > MOST_PATCHED:
        return _stored(drawn, dpi, None, rotation)
    return dataclasses.replace(_stored(image, dpi, own, rotation), patches=tuple(patches))


def _checked(own: tuple[bytes, int] | None, image: Image.Image) -> tuple[bytes, int] | None:
    """The original's JPEG when it shows the page: masks, odd colours and cuts are not in it."""
    small = _small(own[0], image, own[1]) if own else None
    if small is None:
        return None
    apart = ImageStat.Stat(ImageChops.difference(small, image.resize((48, 48), Image.Resampling.BOX))).mean
    return own if max(apart) < 6 else None


def _small(data: bytes, image: Image.Image, turn: int) -> Image.Image | None:
    """A JPEG of the size and colours of `image` made small; None for another one, and for one that is cut short."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as jpeg:
            if jpeg.mode != image.mode or jpeg.size != (image.size if turn % 180 == 0 else image.size[::-1]):
                return None
            jpeg.draft(jpeg.mode, (200, 200))
            return views.turned(jpeg.resize((48, 48), Image.Resampling.BOX), turn)
    except (*pictures.TROUBLE, Image.DecompressionBombError):  # pdfium shows what Pillow refuses
        return None


def _stored(image: Image.Image, dpi: float | None, own: tuple[bytes, int] | None, rotation: int) -> Plate:
    if own:
        data, turn = own
        # Turned sideways the stored picture is as wide as the page is high.
        width, height = image.size if turn % 180 == 0 else image.size[::-1]
        return Plate(bare_jpeg(data), "DCTDecode", width, height, image.mode == "L", (turn + rotation) % 360)
    if _is_bilevel(image):
        return _bilevel(image, rotation)
    return _jpeg(views.at_most_reading_dpi(image, dpi), rotation)


def _jpeg(image: Image.Image, rotation: int) -> Plate:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return Plate(out.getvalue(), "DCTDecode", *image.size, image.mode == "L", rotation % 360)


def _is_bilevel(image: Image.Image) -> bool:
    """Black and white, not two greys: of those one would be lost."""
    colours = image.getcolors(2) if image.mode == "L" else None
    return colours is not None and {level for _, level in colours} <= {0, 255}


def _bilevel(image: Image.Image, rotation: int) -> Plate:
    """Black and white in CCITT G4, as Pillow's libtiff packs it into one strip of a TIFF."""
    out = io.BytesIO()
    image.convert("1", dither=Image.Dither.NONE).save(
        out, "TIFF", compression="group4", tiffinfo={278: image.height}, strip_size=1 << 30
    )
    with Image.open(io.BytesIO(out.getvalue())) as tiff:
        begin, length = tiff.tag_v2[273][0], tiff.tag_v2[279][0]  # type: ignore[attr-defined]
    return Plate(out.getvalue()[begin : begin + length], "CCITTFaxDecode", *image.size, True, rotation % 360)


def bare_jpeg(data: bytes) -> bytes:
    """The JPEG without what is only told about it: EXIF, thumbnails, comments, colour profiles, and what follows it.

    Segments begin with FF and a letter and, up to the scan, say their length (ITU-T T.81, B.1.1).
    """
    kept, place = [b"\xff\xd8"], 2
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != 0xDA:
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        kind = data[place + 1]
        if kind in _KEPT or not (0xE0 <= kind <= 0xEF or kind == 0xFE):
            kept.append(data[place:end])
        place = end
    return b"".join(kept) + data[place : _end(data, place)]


def _end(data: bytes, place: int) -> int:
    """Where the picture ends whose first scan begins at `place`; others may hang more behind it."""
    while found := _MARKER.search(data, place):
        if data[found.start() + 1] == 0xD9:
            return found.end()
        place = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return len(data)


def _patches(image: Image.Image, drawn: Image.Image, boxes: list[Box], rotation: int) -> Iterator[tuple[Box, Plate]]:
    """Where `drawn` differs from `image` within `boxes`."""
    for left, top, right, bottom in boxes:
        place = (
            int(left * image.width), int(top * image.height),
            min(image.width, round(right * image.width) + 1), min(image.height, round(bottom * image.height) + 1),
        )  # fmt: skip
        seen, below = drawn.crop(place), image.crop(place)
        apart = ImageStat.Stat(ImageChops.difference(seen.convert("L"), below.convert("L"))).mean[0]
        if apart > 0.5:
            exact = place[0] / image.width, place[1] / image.height, place[2] / image.width, place[3] / image.height
            yield exact, _jpeg(seen, rotation)


def _turned_box(box: Box, clockwise: int) -> Box:
    for _ in range(clockwise % 360 // 90):
        box = (1 - box[3], box[0], 1 - box[1], box[2])
    return box
