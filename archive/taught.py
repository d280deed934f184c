"""An office's own arrival stamp, taught once: what an administrator drew on one scan, and reading by that drawing.

For stamps whose labels nobody foresaw (`Thứ tự`, `Hôm nhận`). The frame is proposed as for any stamp (archive/stamps);
it is the taught one when it is as large and bears the same print. Each field is then cut where it was drawn.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence

from PIL import Image

from archive import ink, stamps, tesseract
from archive.bands import PX, letters_of_bands, other_bands
from archive.drawings import Drawing, Layout, Lesson, check
from archive.errors import BadValue
from archive.findings import Finding, Stamp
from archive.pen import Reader, Readings, findings_of
from archive.reading import Box, Page
from archive.spotting import MERIT, merit, spot
from archive.straight import PAD, Straight
from archive.vietnamese import words_of

LIKE = 0.08
"""Share by which the sides of a frame may differ from those that were drawn: wear, skew and the scanner's own scale."""
OVERLAP = 0.5
"""Share of a drawn frame and a found one that is both."""
SEEN = 0.5
"""Share of the printed letters that must be seen: half a worn stamp is still the office's, a table is not."""
WIDER = ((0.0, 0.0), (0.4, 0.6), (0.2, -0.4))
"""mm by which a field is cut wider and higher: three cuts, as a hand does not keep to a line."""
BY_TEACHING = 0.9


# ------------------------------------------------------------------------------------------------ teaching


def learn(page: Page, image: Image.Image, drawing: Drawing, reader: Reader | None = None) -> Lesson:
    """The layout of a drawing, tried at once; BadValue says in Vietnamese why the stamp would not be found again."""
    reader = reader or Reader()
    check(drawing)
    straight = _drawn_one(list(stamps.suspects(page, image)), drawing.frame)
    if straight is None:
        raise BadValue(
            "Máy không thấy khung dấu ở chỗ đã vẽ, nên lần sau cũng không tìm được. Hãy vẽ sát khung, "
            "hoặc chọn bản quét có khung dấu rõ hơn."
        )
    wide, tall = straight.size
    fields = {name: _in_frame(straight, box) for name, box in drawing.fields.items()}
    layout = Layout(drawing.name.strip(), " ".join(drawing.words.split()), wide, tall, fields)
    stamp = read(page, straight, [layout], reader)
    if stamp is None:
        raise BadValue(
            "Máy không thấy trên dấu các chữ in đã ghi. Hãy ghi đúng những chữ in sẵn trên mặt dấu, "
            "không ghi chữ viết tay."
        )
    return Lesson(layout, stamp)


def _drawn_one(found: Sequence[Straight], drawn: Box) -> Straight | None:
    """The proposed frame that was meant."""
    best = max(found, key=lambda one: _shared(one.frame_box, drawn), default=None)
    return best if best and _shared(best.frame_box, drawn) > OVERLAP else None


def _shared(one: Box, other: Box) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    both = max(0.0, wide) * max(0.0, tall)
    return both / (_area(one) + _area(other) - both)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _in_frame(straight: Straight, box: Box) -> Box:
    """A box on the page as fractions of the frame, which may stand askew: its middle is turned, its size is kept."""
    frame, (wide, tall) = straight.frame, straight.page_size
    c, s = math.cos(math.radians(frame.angle)), math.sin(math.radians(frame.angle))
    x = (box[0] + box[2]) / 2 * wide - frame.centre[0]
    y = (box[1] + box[3]) / 2 * tall - frame.centre[1]
    across, down = 0.5 + (x * c - y * s) / frame.width, 0.5 + (x * s + y * c) / frame.height
    half = (box[2] - box[0]) * wide / frame.width / 2, (box[3] - box[1]) * tall / frame.height / 2
    return across - half[0], down - half[1], across + half[0], down + half[1]


# ------------------------------------------------------------------------------------------------ reading


def reader_of(page: Page, layouts: Sequence[Layout]) -> Callable[[Straight], Stamp | None] | None:
    """What `stamps.find` asks of each frame first; None when nothing was taught."""
    return functools.partial(read, page, layouts=layouts, reader=Reader()) if layouts else None


def read(page: Page, straight: Straight, layouts: Sequence[Layout], reader: Reader) -> Stamp | None:
    """The stamp in this frame by the first layout that is as large and bears the same print; None: another frame."""
    for layout in layouts:
        if not _is_as_large(layout, straight):
            continue
        seen = printed_share(straight, layout.words, reader)
        if seen >= SEEN:
            fields = (_organ(page, straight, layout), *_fields(page, straight, layout, reader))
            return Stamp(page.number, straight.frame_box, fields, straight.frame.angle, min(0.995, 0.6 + 0.4 * seen))
    return None


def _is_as_large(layout: Layout, straight: Straight) -> bool:
    wide, tall = straight.size
    return abs(wide / layout.width - 1) < LIKE and abs(tall / layout.height - 1) < LIKE


def printed_share(straight: Straight, words: str, reader: Reader) -> float:
    """0..1: how much of the print is seen in the frame."""
    picture = ink.only(straight.picture, straight.frame.kind)
    wanted = [word for word in words_of(words).split() if word.isascii() and word.isalpha()]
    if not wanted:
        return 0.0
    if reader.recogniser is None:
        text = {words_of(word.text) for word in tesseract.read_region(picture.convert("L"), dpi=round(PX * 25.4))}
        return sum(len(word) for word in wanted if word in text) / sum(map(len, wanted))
    lines = letters_of_bands(picture, reader.recogniser, other_bands(picture) or [0.0])
    best = [max(places, key=lambda place: place.score) for places in zip(*spot(lines, wanted), strict=True)]
    merits = [max(0.0, merit(word, place)) for word, place in zip(wanted, best, strict=True)]
    return sum(merits) / (MERIT * sum(map(len, wanted)))


def _organ(page: Page, straight: Straight, layout: Layout) -> Finding:
    """The stamp is the office's own: whose name it bears was said when it was taught."""
    box = _box(straight, layout.fields["organ"]) if "organ" in layout.fields else None
    reason = "dấu của cơ quan, đã dạy cho máy"
    return Finding("organ", layout.name, BY_TEACHING, page=page.number, box=box, reason=reason, witness="stamp")


def _fields(page: Page, straight: Straight, layout: Layout, reader: Reader) -> Iterator[Finding]:
    for name, place in layout.fields.items():
        if name == "organ":
            continue
        box = _box(straight, place)
        yield from findings_of(name, _readings(name, straight, place, reader), page.number, box)


def _mm(straight: Straight, place: Box) -> Box:
    """Fractions of the frame as mm of the straightened picture."""
    wide, tall = straight.size
    return PAD + place[0] * wide, PAD + place[1] * tall, PAD + place[2] * wide, PAD + place[3] * tall


def _box(straight: Straight, place: Box) -> Box:
    return straight.box(*_mm(straight, place))


def _readings(name: str, straight: Straight, place: Box, reader: Reader) -> Readings:
    strips = [_cut(straight.picture, straight, place, *more) for more in WIDER]
    return reader.read_field(name, strips, straight.frame.kind)


def _cut(picture: Image.Image, straight: Straight, place: Box, wider: float, higher: float) -> Image.Image:
    left, top, right, bottom = _mm(straight, place)
    edges = (left - wider, top - higher, right + wider, bottom + higher)
    x0, y0, x1, y1 = (round(edge * PX) for edge in edges)
    return picture.crop(
        (max(0, x0), max(0, y0), min(picture.width, max(x1, x0 + 10)), min(picture.height, max(y1, y0 + 10)))
    )
