"""The places a printed skeleton leaves to the pen, on the first page of a document: where they are, what stands there.

`Số: ____/UBND-VX` and `ngày __ tháng __ năm 20__` are found by the boxes of their printed words. The recogniser then
reads the whole strip, print and pen together, and the frames between the printed words are scored by the grammar of
the field. Real signed scans carry 30 of 35 numbers and days by hand; plain OCR read none of them.
"""

from __future__ import annotations

import dataclasses
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from archive.pen import Reader, Readings, View
from archive.reading import Box, Gap, Page, Word, around
from archive.vietnamese import fold

__all__ = ["Reader", "gaps"]

HEADER = 0.45
"""Share of the page's height in which number and date stand (NĐ 30/2020, annex I, boxes 3 and 4)."""
LEFT_COLUMN = 0.5
NGAY_TO_THANG = 0.16
"""Share of the width within which the two words of a date stand; place names are further left."""
NGAY_BEGUN = re.compile(r"\W*n[gq]")
DATE_COLUMN = 0.3
"""The line of place and date begins no further left than this share of the width."""
A4_WIDTH, A4_HEIGHT = 210.0, 297.0
LONGEST_NUMBER_LINE = 75.0
"""mm from `Số` to the end of the symbol; also the longest gap that may be left for the number is a part of it."""
LONGEST_DATE = 95.0
COLUMN_GAP = 22.0
"""mm of paper that end a line of one column."""
OVERHANG = 0.45
"""Of a line's height, kept above and below it: the pen is taller than print."""

NUMBER_WORD = re.compile(r"^[\W_]*(?:s[o06](?![a-z])|(?P<lost>[o06]:))")
"""`ó:` is what Tesseract leaves of `Số:` now and then."""
SYMBOL = re.compile(r"[/⁄|-]\s?[A-ZĐÐ]{1,}[A-Za-zĐÐđ]*")
SO = re.compile(r"[sS5$](?:[^\W\d_]?\s*[:.;]|[oóòốôöőøơõỏọ0eě](?![a-z])|(?=\s\d))")
SLASH = re.compile(r"/\s*(?:(?:19|20)\d\d\s*/)?\s*[A-ZĐa-z]|[-–]\s*[A-ZĐ]|[il|I(]\s*[A-ZĐ]{2}")
NGAY = re.compile(r"n?g.?[yỳýv]\s*|[nN]g\S{0,2}y\s*")
THANG = re.compile(r"th|t.{0,2}ng")
AFTER_THANG = re.compile(r"th.{0,2}ng\s*|t.{1,2}ng\s*|thn?g\s*")
NAM = re.compile(r"n.?m|n[aăäâ]")


ALONE = (0.9, 1.0, 1.2)
IN_LINE = (0.9, 1.1)
SHOWN = 3
Place = tuple[View, tuple[int, int]]
"""A view of a line, and the frames in it between two printed words."""


@dataclass(frozen=True)
class Strip:
    """One printed line with its gap, cut out of the page and laid level."""

    picture: Image.Image
    box: Box
    """Fractions of the page."""
    words: tuple[Word, ...]

    def part(self, left: float, right: float) -> Box:
        """A share of the strip's width as a box on the page."""
        x0, y0, x1, y1 = self.box
        return x0 + left * (x1 - x0), y0, x0 + right * (x1 - x0), y1


def gaps(page: Page, image: Image.Image, reader: Reader | None = None) -> tuple[Gap, ...]:
    """Number, day, month and year as they stand in the header; only those whose printed line was found.

    `image` is the upright page. Readings are empty where the recogniser cannot be had; "" says nothing is written.
    """
    reader = reader or Reader()
    found = (*_number_gap(page, image, reader), *_date_gaps(page, image, reader))
    return tuple(found)


def _number_gap(page: Page, image: Image.Image, reader: Reader) -> Iterator[Gap]:
    words = _number_words(page)
    if not words:
        return
    strip = _strip(image, words)
    views = reader.views(strip.picture, IN_LINE)
    places = [(view, span) for view in views if (span := view.span(SO, SLASH))]
    yield _gap("number", strip, places, reader) if places else Gap("number", strip.box)


def _date_gaps(page: Page, image: Image.Image, reader: Reader) -> Iterator[Gap]:
    words = _date_words(page)
    if not words:
        return
    strip = _strip(image, words)
    views = reader.views(strip.picture, IN_LINE)
    days = [(view, span) for view in views if (span := view.span(NGAY, THANG))]
    months = [(view, span) for view in views if (span := _month_span(view))]
    yield _gap("day", strip, days, reader) if days else Gap("day", strip.box)
    if months:
        yield _gap("month", strip, months, reader)


def read_place(reader: Reader, picture: Image.Image, kind: str, places: Sequence[Place]) -> Readings:
    """What stands at one place of a line: as the line's frames have it, and as a picture of the place alone.

    In the line the pen is read as print would be (11 with long flags as 41); alone it is read as what it is.
    """
    in_line = [view.part(a, b) for view, (a, b) in places]
    left, right = _extent(places)
    alone: list[View] = []
    if right - left > 0.02:
        cut = round(left * picture.width), 0, round(right * picture.width), picture.height
        alone = reader.views(picture.crop(cut), ALONE)
    # Both see the same writing, so what one of them holds impossible is unlikely: their scores are averaged, evenly.
    return reader.read_views(kind, [*in_line, *alone])[:SHOWN]


def _extent(places: Sequence[Place]) -> tuple[float, float]:
    """Where the place begins and ends, as shares of the line's width."""
    left = statistics.median(a / len(view.frames) for view, (a, _) in places)
    right = statistics.median((b - 0.4) / len(view.frames) for view, (_, b) in places)
    return left, right


def _month_span(view: View) -> tuple[int, int] | None:
    begin = NGAY.search(view.text)
    return view.span(AFTER_THANG, NAM, begin.end()) if begin else None


def _gap(kind: str, strip: Strip, places: Sequence[Place], reader: Reader) -> Gap:
    readings = read_place(reader, strip.picture, kind, places)
    left, right = _extent(places)
    box = strip.part(max(0.0, left - 0.01), min(1.0, max(right, left + 0.05) + 0.02))
    printed = bool(readings) and _is_printed(strip, box, readings[0][0])
    return Gap(kind, box, tuple(readings), handwritten=not printed)


def _is_printed(strip: Strip, box: Box, text: str) -> bool:
    """Two readers of print and pen agree, and the one of print is sure: it read no handwritten number rightly."""
    middle = [w for w in strip.words if w.box and _overlap(w.box, box) > 0.3 and text and text in w.text]
    return any(word.confidence > 0.8 and _bare(word.text, text) for word in middle)


def _bare(word: str, digits: str) -> bool:
    return bool(re.fullmatch(rf"(?:\D*[^\d])?0?{digits}(?:[^\d].*)?", word))


def _overlap(one: Box, other: Box) -> float:
    """How much of the narrower box lies within the other, sideways."""
    shared = min(one[2], other[2]) - max(one[0], other[0])
    return shared / max(1e-6, min(one[2] - one[0], other[2] - other[0]))


def _number_words(page: Page) -> list[Word]:
    """The words of the line `Số: …/SYMBOL` in the left half of the header; the topmost such line."""
    for word in sorted(_header_words(page), key=_top):
        box = word.box
        if box is None or not NUMBER_WORD.match(fold(word.text)) or box[0] > LEFT_COLUMN - 0.05:
            continue
        row = _row(page, word)
        if any(w.box and 0 < box[0] - w.box[2] < 8 / A4_WIDTH for w in row):
            continue  # a number named inside a sentence
        line = _following(row, word, LONGEST_NUMBER_LINE)
        symbol = next((n for n, w in enumerate(line) if SYMBOL.search(w.text)), None)
        if symbol is not None:
            return _with_tail([_whole(word, page), *line[1:]], symbol)
    return []


def _whole(word: Word, page: Page) -> Word:
    """The word with room for the S that it lost."""
    found = NUMBER_WORD.match(fold(word.text))
    if word.box is None or not found or not found["lost"]:
        return word
    x0, y0, x1, y1 = word.box
    room = (y1 - y0) * (page.height / page.width if page.width and page.height else A4_HEIGHT / A4_WIDTH)
    return dataclasses.replace(word, box=(max(0.0, x0 - room), y0, x1, y1))


def _with_tail(line: Sequence[Word], symbol: int) -> list[Word]:
    """The line up to its symbol, and what Tesseract cut off it (`QĐ-` `UBND`)."""
    end = symbol + 1
    while end < len(line) and _left(line[end]) - _right(line[end - 1]) < 1.5 / A4_WIDTH:
        end += 1
    return list(line[:end])


def _date_words(page: Page) -> list[Word]:
    """The words from `ngày` to the year in the line of place and date; the topmost such line."""
    for word in sorted(_header_words(page), key=_top):
        if "thang" not in fold(word.text):
            continue
        row = _row(page, word)
        before = [w for w in row if 0 <= _left(word) - _left(w) < NGAY_TO_THANG and NGAY_BEGUN.match(fold(w.text))]
        if not before:
            continue
        if _left(_run_to(row, before[-1])[0]) < DATE_COLUMN:
            continue  # a date inside a sentence
        line = _following(row, before[-1], LONGEST_DATE)
        year = next((n for n, w in enumerate(line) if re.search(r"(19|20)\d\d", w.text)), len(line) - 1)
        return list(line[: year + 1])
    return []


def _run_to(row: Sequence[Word], last: Word) -> list[Word]:
    """The words that lead up to `last` without the gap that parts two columns."""
    run = [last]
    for word in reversed(row[: row.index(last)]):
        if _left(run[0]) - _right(word) > COLUMN_GAP / 2 / A4_WIDTH:
            break
        run.insert(0, word)
    return run


def _header_words(page: Page) -> list[Word]:
    return [word for word in page.words if word.box and word.box[3] < HEADER]


def _row(page: Page, word: Word) -> list[Word]:
    """The words beside this one, left to right: those that share at least half of the lower one's height."""
    box = word.box or (0, 0, 0, 0)
    beside = [w for w in page.words if w.box and _shared(w.box, box) > 0.5]
    return sorted(beside, key=_left)


def _shared(one: Box, other: Box) -> float:
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return shared / max(1e-6, min(one[3] - one[1], other[3] - other[1]))


def _following(row: Sequence[Word], first: Word, longest: float) -> list[Word]:
    """`first` and the words to its right, up to the end of the column or so many mm."""
    line = [first]
    for word in row[row.index(first) + 1 :]:
        far = _right(word) - _left(first) > longest / A4_WIDTH
        if far or _left(word) - _right(line[-1]) > COLUMN_GAP / A4_WIDTH:
            break
        line.append(word)
    return line


def _strip(image: Image.Image, words: Sequence[Word]) -> Strip:
    """The words' line cut out of the page and laid level."""
    boxes = [word.box for word in words if word.box]
    x0, y0, x1, y1 = around(boxes)
    height = statistics.median(b[3] - b[1] for b in boxes)
    middle = (y0 + y1) / 2
    half = max(height, min(y1 - y0, 1.6 * height)) / 2 + OVERHANG * height
    box = max(0.0, x0 - height / 4), max(0.0, middle - half), min(1.0, x1 + height / 3), min(1.0, middle + half)
    return Strip(image.convert("RGB").crop(_pixels(box, image)), box, tuple(words))


def _pixels(box: Box, image: Image.Image) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = box
    return round(x0 * image.width), round(y0 * image.height), round(x1 * image.width), round(y1 * image.height)


def _left(word: Word) -> float:
    return word.box[0] if word.box else 0.0


def _right(word: Word) -> float:
    return word.box[2] if word.box else 0.0


def _top(word: Word) -> float:
    return word.box[1] if word.box else 0.0
