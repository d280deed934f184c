"""Looks at the head of a page for MẬT, TỐI MẬT or TUYỆT MẬT before anything else of it is read.

TT 24/2020/TT-BCA draws the marks as boxes 8 mm high and 20, 30 or 40 mm wide with the word in capitals 2 mm within, in
red; older ones were typed. Ink that stands alone and has the size of a word or of such a box (archive/lone.py) is laid
level and read; it is a mark only when it says the word and nothing else (archive/grades.py): "xử lý tài liệu mật" in a
sentence is none, nor is "BẢO VỆ BÍ MẬT NHÀ NƯỚC" in a title, nor MẮT in a table (archive/hats.py).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from archive import boxed, grades, hats, ink, lone, pageimage
from archive.findings import Mark
from archive.grades import GRADES, Reading
from archive.ink import Plane
from archive.lone import Blob, is_same
from archive.reading import Box
from archive.recogniser import HEIGHT, NARROWEST, Frames, Recogniser, open_recogniser
from archive.straight import cut_around, lay_level

HEAD = 0.45
"""Share of the page that is its head."""
BOXES = {"mat": 20.0, "toimat": 30.0, "tuyetmat": 40.0}
LEAST_BOX = 5.6
"""mm: what is broader may be a box."""
BOLD = 28
"""Levels by which print differs from its paper, where the print of the back shows through beside it."""
THROUGH = 0.42
"""Of the strongest ink of the head: a dark word without a box is print of the back when it is paler than that. Marks of
the worst wear in grey have .5 and more, the back .36 at most (`./run bench secrets`)."""
BOX_HIGH, BOX_OFF = (6.6, 9.4), 2.5
"""mm: a box of the law, give or take."""
PX = 8.0
"""Pixels per millimetre of the strips that are read."""
SOFT = ImageFilter.GaussianBlur(1.0)
MENDED = ImageFilter.GaussianBlur(1.5)
"""What mends broken strokes, on a strip of PX."""
THICK = ImageFilter.MinFilter(3)
LONGEST = {"mat": 14.5, "toimat": 27.0, "tuyetmat": 37.0}
"""mm of the words without a box, in 16 points; longer is more than the word, unless it is spaced and plain to read."""
SMALL, SOME = 400, 150
"""Pixels along the copy on which it is seen how lines run, and how many letters and bars must begin on it."""
MORE, PLAIN = 6, 0.7
"""Letters, and the mean chance of each, from which a line of print says more than MẬT."""
HOPELESS = -15.0
"""Log chance of the likeliest grade below which a strip is not read again, and plain print is no grade."""
BEFORE = 22.0
"""mm left of MẬT in which TỐI or TUYỆT stands: a line across may have parted them."""
ABOVE = (3.5, 10.0)
"""mm from the line of MẬT up to that of TUYỆT or TỐI where the mark is broken over two."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a strip: log chance of the grade, its lead before other words, log odds that the A is Ậ."""

    chance: float
    lead: float
    hat: float
    full: bool = False
    """As many letters must be spelt as the word has."""


FRAMED = Asked(-7.0, 3.0, -2.0)
"""In a box of the size that is the word's by law."""
CROSSED = Asked(-3.0, 5.0, 0.0)
"""In a box of the law's size that other print runs into, or that is torn to pieces."""
OVERLAID = Asked(-7.0, 8.0, 5.0, full=True)
"""In such a box when letters of other print stand in it besides: "MATen" where a mark lies over "Chuyển"."""
OTHER_BOX = Asked(-3.0, 8.0, 2.0)
"""In one of the size of another grade: a cell of a table."""
RED = Asked(-5.0, 5.0, -2.0)
BARE = Asked(-3.0, 8.0, 0.0)
SPACED = Asked(-1.5, 8.0, 1.0)
"""Of a line longer than the word."""
TOO_HIGH = Asked(-1.5, 8.0, 2.0)
"""Of what is higher than any box: a cut through the arrow of HỎA TỐC says anything."""
NOT_PLAINLY = (SPACED, TOO_HIGH)
"""Where the word plainly spelt is not enough."""


def look(
    head: Image.Image, number: int = 1, dpi: float | None = None, recogniser: Recogniser | None = None
) -> tuple[Mark, ...]:  # fmt: skip
    """The first secrecy mark at the head (HEAD) of an upright page; boxes are shares of the whole page."""
    recogniser = recogniser or open_recogniser()
    if recogniser is None:
        return ()
    whole = head.width, round(head.height / HEAD)
    per_mm = pageimage.likely_dpi(whole, dpi) / 25.4
    return tuple(itertools.islice(_marks(head, whole, number, _Reader(head, per_mm, recogniser)), 1))


def head_of(page: Image.Image) -> Image.Image:
    """The head of a page."""
    return page.crop((0, 0, page.width, max(1, round(page.height * HEAD))))


def lies_on_its_side(head: Image.Image) -> bool:
    """Whether the lines of a page run up or down: letters put together make bars, which end less often along them."""
    plane = ink.planes(head.convert("L"), SMALL / max(head.size))[0]
    near = lone.grown(plane.mask, across=2, down=2)
    down, along = (int((one[1:] & ~one[:-1]).sum()) for one in (near, near.T))
    return down < along and along > SOME


def _marks(head: Image.Image, whole: tuple[int, int], number: int, reader: _Reader) -> Iterator[Mark]:
    known: list[Blob] = []
    for plane in ink.planes(head, lone.PER_MM / reader.per_mm, least=60):
        if plane.kind == "blue":
            continue
        mask, pale = lone.without_streaks(plane.mask), _palest(plane)
        bold = mask & (plane.amount > BOLD)
        lines = tuple(lone.blobs(bold))
        here = *lone.blobs(mask), *(blob for blob in lone.crossed(bold) if blob.broad < LEAST_BOX)
        torn = filter(_framed, lone.torn(mask))
        for blob in (*here, *boxed.boxes(plane.mask), *torn):
            if any(is_same(blob, other) for other in known) or _shows_through(blob, plane, pale):
                continue
            known.append(blob)
            found = reader.grade(blob, plane.kind, alone=blob in here)
            if found and not reader.is_cut_from(lines, blob, plane.kind):
                word = reader.begun(blob, here, plane.kind) if found.word == "mat" else found.word
                yield Mark("secrecy", number, _box(blob, reader.per_mm, whole), found.sure, GRADES[word])


@dataclass(frozen=True)
class _Reader:
    """Reads strips of one head."""

    head: Image.Image
    per_mm: float
    recogniser: Recogniser

    def grade(self, blob: Blob, kind: str, *, alone: bool) -> Reading | None:
        """The grade a blob says and nothing else; None when it says none. `alone`: its ink touches no other."""
        for tall in _heights(blob):
            strip = self._strip(blob, kind, tall)
            for picture in _mended(strip):
                reading = grades.read(self.recogniser.frames(picture), self.recogniser)
                met = [one for one in _asked(blob, kind, reading.word, alone=alone) if _says(reading, one)]
                if met and self._hat(blob, kind, reading, tall) > min(one.hat for one in met):
                    return reading
                if reading.chance < HOPELESS and not (alone and _framed(blob)):
                    return None
        return None

    def is_cut_from(self, lines: Sequence[Blob], blob: Blob, kind: str) -> bool:
        """Whether the word is a piece of a line as high as it is, that spells plainly more: MẶT of MẶT TRỜI MỚI, where
        thick letters of black and white are taken for lines that run into it."""
        longer = (line for line in lines if _is_part(blob, line))
        spelt = (grades.read(self._frames(line, kind), self.recogniser) for line in longer)
        return any(one.letters >= MORE and one.sure > PLAIN and one.chance < HOPELESS for one in spelt)

    def begun(self, blob: Blob, others: Sequence[Blob], kind: str) -> str:
        """The grade of a MẬT: a higher one when what stands left of it, or the line above, begins that."""
        c, s = (BEFORE / 2 * way(math.radians(blob.angle)) for way in (math.cos, math.sin))
        longer = Blob(blob.x - c, blob.y + s, blob.long + BEFORE, blob.broad, blob.angle)
        reading = grades.read(self._frames(longer, kind), self.recogniser)
        if reading.word != "mat" and _says(reading, BARE):
            return reading.word
        above = [one for one in others if abs(one.x - blob.x) < 8 and ABOVE[0] < blob.y - one.y < ABOVE[1]]
        said = (grades.first_word(self._frames(one, kind), self.recogniser) for one in above)
        return next(filter(None, said), "mat")

    def _frames(self, blob: Blob, kind: str) -> Frames:
        return self.recogniser.frames(self._strip(blob, kind, _heights(blob)[0]))

    def _hat(self, blob: Blob, kind: str, reading: Reading, tall: float) -> float:
        """Log odds that the vowel of MẬT bears a hat, or nothing, rather than another mark: MẮT and MẶT stand alone in
        the cells of tables; no other word is like the longer grades. `tall`: of the strip that was read."""
        if reading.word != "mat":
            return math.inf
        strips = [self._strip(blob, kind, each) for each in _heights(blob)]
        x = reading.vowel * max(strips[0].width, round(tall * PX) * NARROWEST / HEIGHT)
        shown = [picture for strip in strips for picture in (strip, strip.filter(SOFT))]
        return float(np.mean([hats.odds(picture, x, PX) for picture in shown], axis=0).max())

    def _strip(self, blob: Blob, kind: str, tall: float) -> Image.Image:
        reach = (blob.long / 2 + 8) * self.per_mm
        around, middle = cut_around(self.head, (blob.x * self.per_mm, blob.y * self.per_mm), reach)
        picture = ink.only(around, kind).convert("L")
        trim = 1.0 if blob.broad < LEAST_BOX else -1.6
        return lay_level(picture, middle, blob.angle, (blob.long + trim, tall), self.per_mm / PX, PX)


def _mended(strip: Image.Image) -> Iterator[Image.Image]:
    """A strip as it is, and with its broken strokes joined: black and white scans tear pale ink to shreds."""
    yield strip
    yield ImageOps.autocontrast(strip.filter(MENDED), cutoff=(1, 10))
    yield strip.filter(THICK).filter(SOFT)


def _asked(blob: Blob, kind: str, word: str, *, alone: bool) -> tuple[Asked, ...]:
    """What is asked of a strip; one of them is enough."""
    if _framed(blob) == word:
        return (FRAMED,) if alone else (CROSSED, OVERLAID)
    if blob.broad > BOX_HIGH[1]:
        return (TOO_HIGH,)
    if not alone:
        return (OTHER_BOX,)
    if blob.broad < LEAST_BOX and blob.long > LONGEST[word]:
        return (SPACED,)
    return (RED,) if kind == "red" else (BARE,)


def _says(reading: Reading, asked: Asked) -> bool:
    if reading.plain and asked not in NOT_PLAINLY:
        return True
    likely = reading.chance >= asked.chance and reading.lead >= asked.lead
    return likely and (reading.full or not asked.full)


def _is_part(blob: Blob, line: Blob) -> bool:
    """Whether a word lies in a line that is as high and longer by a syllable at least."""
    along = abs(blob.x - line.x) + blob.long / 2 < line.long / 2 + 1
    off = blob.y - line.y + (blob.x - line.x) * math.sin(math.radians(line.angle))
    as_high = abs(line.broad - blob.broad) < 1.2 and blob.broad < LEAST_BOX
    return along and as_high and abs(off) < 1 and line.long > blob.long + 4


def _shows_through(blob: Blob, plane: Plane, pale: float) -> bool:
    """Whether a word without a box is print of the back: its strongest ink is paler than `pale` levels."""
    if blob.broad >= LEAST_BOX:
        return False
    c, s = (abs(way(math.radians(blob.angle))) for way in (math.cos, math.sin))
    half = (s * blob.long + c * blob.broad) / 2, (c * blob.long + s * blob.broad) / 2
    area = tuple(
        slice(max(0, round((at - off) * lone.PER_MM)), max(0, round((at + off) * lone.PER_MM)))
        for at, off in zip((blob.y, blob.x), half, strict=True)
    )
    ink_there = plane.amount[area][plane.mask[area]]
    return bool(ink_there.size) and float(np.percentile(ink_there, 90)) < pale


def _palest(plane: Plane) -> float:
    """Levels that print of this side has at least; 0 for colours, which no back shows."""
    ink_there = plane.amount[plane.mask] if plane.kind == "dark" else plane.amount[:0]
    return THROUGH * float(np.percentile(ink_there, 97)) if ink_there.size else 0.0


def _framed(blob: Blob) -> str:
    """The word whose box has this size; "" for others."""
    if not BOX_HIGH[0] <= blob.broad <= BOX_HIGH[1]:
        return ""
    return next((word for word, wide in BOXES.items() if math.isclose(blob.long, wide, abs_tol=BOX_OFF)), "")


def _heights(blob: Blob) -> tuple[float, ...]:
    """mm of the strips: a bare word whole; a box without its frame."""
    return (blob.broad + 1.0,) if blob.broad < LEAST_BOX else (6.2, 5.2)


def _box(blob: Blob, per_mm: float, size: tuple[int, int]) -> Box:
    wide, high = blob.long / 2 * per_mm, blob.broad / 2 * per_mm
    x, y = float(blob.x * per_mm), float(blob.y * per_mm)
    return (max(0.0, (x - wide) / size[0]), max(0.0, (y - high) / size[1]),
            min(1.0, (x + wide) / size[0]), min(1.0, (y + high) / size[1]))  # fmt: skip
