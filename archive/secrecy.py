"""Looks at the head of a page for MẬT, TỐI MẬT or TUYỆT MẬT before anything else of it is read.

TT 24/2020/TT-BCA draws the marks as boxes 8 mm high and 20, 30 or 40 mm wide with the word in capitals 2 mm within, in
red; older ones were typed. Ink that stands alone and has the size of a word or of such a box is laid level and read by
the recogniser; it is a mark only when it says the word and nothing else: "xử lý tài liệu mật" in a sentence is none,
nor is "BẢO VỆ BÍ MẬT NHÀ NƯỚC" in a title.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from archive import ink, pageimage
from archive.findings import Mark
from archive.ink import Mask
from archive.reading import Box
from archive.recogniser import Recogniser, open_recogniser
from archive.straight import cut_around, lay_level
from archive.vietnamese import fold

HEAD = 0.45
"""Share of the page that is its head."""
WORDS = {"mat": "MẬT", "toimat": "TỐI MẬT", "tuyetmat": "TUYỆT MẬT"}
PER_MM = 3.0
"""Pixels per millimetre of the copy on which ink is put together."""
LONG = (8.5, 64.0)
BROAD = (2.9, 15.0)
LETTER = 6.6
"""mm that print of a mark is high at most; a frame is higher."""
LEAN = 12.5
"""Times as long as broad; longer is a line of a sentence."""
RULE = 0.8
"""mm: what is no higher and longer than a letter is a rule, or a piece of a frame."""
STEEPEST = 12.0
BOXES = {"mat": 20.0, "toimat": 30.0, "tuyetmat": 40.0}
BOX_HIGH, BOX_OFF = (6.6, 9.4), 2.5
"""mm: a box of the law, give or take."""
SEEN = 0.03
"""Chance of a hat from which it was seen at all."""
LOST = 0.1
"""Chance of a breve below which a vowel has lost whatever stood above it."""
SOFT = ImageFilter.GaussianBlur(1.0)
"""What mends broken strokes, on a strip of PX."""
LONGEST = 14
"""Characters a worn mark is read as at most."""
PX = 8.0
"""Pixels per millimetre of the strips that are read."""


_ALONE = re.compile(r"(?:thuong|hoatoc(?:hengio)?)?(?:khan)?(?P<word>(?:toi|tuyet)?mat)(?:thuong|hoatoc)?(?:khan)?")
"""A mark alone, or in one line with a mark of urgency."""
_SLIPS = {"toimat": 1, "tuyetmat": 2}
_IN_ITS_BOX = {
    "mat": re.compile(r"ma.?|mt"), "toimat": re.compile(r"t.{0,4}m.{0,2}"), "tuyetmat": re.compile(r"t.{1,6}m.{0,2}"),
}  # fmt: skip
"""What may be left of the word in a box of its size: black and white scans lose letters that are pressed faintly."""
_ENDS = {word: {word[n:] for n in range(1, len(word) - 3)} for word in _SLIPS}
"""What is left where the ink of the first letters did not take; BÍ MẬT ends otherwise."""
_LOOKALIKES = str.maketrans("l1|!", "IIII")
_HAT, _BREVE = "ÂẤẦẨẪẬ", "ĂẮẰẲẴẶÅÄÃ"


@dataclass(frozen=True)
class Blob:
    """Ink that stands together: middle, size along and across (mm of the head) and the angle it lies at."""

    x: float
    y: float
    long: float
    broad: float
    angle: float


def look(
    head: Image.Image, number: int = 1, dpi: float | None = None, recogniser: Recogniser | None = None
) -> tuple[Mark, ...]:  # fmt: skip
    """The first secrecy mark at the head (HEAD) of an upright page; boxes are shares of the whole page."""
    recogniser = recogniser or open_recogniser()
    if recogniser is None:
        return ()
    whole = head.width, round(head.height / HEAD)
    per_mm = pageimage.likely_dpi(whole, dpi) / 25.4
    return tuple(itertools.islice(_marks(head, whole, number, per_mm, recogniser), 1))


def head_of(page: Image.Image) -> Image.Image:
    """The head of a page."""
    return page.crop((0, 0, page.width, max(1, round(page.height * HEAD))))


def _marks(
    head: Image.Image, whole: tuple[int, int], number: int, per_mm: float, recogniser: Recogniser
) -> Iterator[Mark]:  # fmt: skip
    known: list[Blob] = []
    for plane in ink.planes(head, PER_MM / per_mm, least=60):
        for blob in () if plane.kind == "blue" else tuple(blobs(plane.mask)):
            if any(_is_same(blob, other) for other in known):
                continue
            known.append(blob)
            word, sure = _said(head, plane.kind, blob, per_mm, recogniser)
            if word:
                yield Mark("secrecy", number, _box(blob, per_mm, whole), sure, WORDS[word])


def blobs(mask: Mask) -> Iterator[Blob]:
    """Ink that may be a word alone or a box of one."""
    near = _grown(mask, across=4, down=1)
    whole = list(_sized(near, mask))
    print_only = _without_frames(mask)
    letters = _sized(_grown(print_only, across=4, down=1), print_only)
    yield from whole
    yield from (blob for blob in letters if not any(_is_same(blob, other) for other in whole))


def _sized(near: Mask, mask: Mask) -> Iterator[Blob]:
    for ys, xs in _parts(near, mask):
        wide, high = (np.ptp(xs) + 1) / PER_MM, (np.ptp(ys) + 1) / PER_MM
        if not (LONG[0] <= wide <= LONG[1] + 4 and BROAD[0] <= high <= BROAD[1] + 4) or wide < high:
            continue
        blob = _laid(xs, ys)
        if LONG[0] <= blob.long <= LONG[1] and BROAD[0] <= blob.broad <= BROAD[1] and blob.long < LEAN * blob.broad:
            yield blob


def _without_frames(mask: Mask) -> Mask:
    """The ink that may be letters: a mark may stand in a frame, and an arrival stamp's may run into it."""
    kept = np.zeros_like(mask)
    for ys, xs in _parts(mask, mask, least=1):
        wide, high = (np.ptp(xs) + 1) / PER_MM, (np.ptp(ys) + 1) / PER_MM
        if high <= LETTER and not (high <= RULE and wide > 4):
            kept[ys, xs] = True
    return kept


def _is_same(one: Blob, other: Blob) -> bool:
    near = math.dist((one.x, one.y), (other.x, other.y)) < 1
    return near and abs(one.long - other.long) < 1.5 and abs(one.broad - other.broad) < 1.5


def _laid(xs: NDArray[np.intp], ys: NDArray[np.intp]) -> Blob:
    """The smallest rectangle around these pixels."""
    angles = np.radians(np.arange(-STEEPEST - 1, STEEPEST + 1.01, 1.0))[:, None]
    along = xs * np.cos(angles) - ys * np.sin(angles)
    across = xs * np.sin(angles) + ys * np.cos(angles)
    size = [np.percentile(way, (1.0, 99.0), axis=1) for way in (along, across)]
    best = int(((size[0][1] - size[0][0]) * (size[1][1] - size[1][0])).argmin())
    angle = float(angles[best, 0])
    (left, right), (top, bottom) = (way[:, best] for way in size)
    u, v = (left + right) / 2, (top + bottom) / 2
    x, y = u * math.cos(angle) + v * math.sin(angle), -u * math.sin(angle) + v * math.cos(angle)
    mm = [float(value) / PER_MM for value in (x, y, right - left, bottom - top)]
    return Blob(mm[0], mm[1], mm[2], mm[3], math.degrees(angle))


def _grown(mask: Mask, across: int, down: int) -> Mask:
    """What lies within so many pixels of ink."""
    grown = mask.copy()
    for n in range(1, across + 1):
        grown[:, n:] |= mask[:, :-n]
        grown[:, :-n] |= mask[:, n:]
    flat = grown.copy()
    for n in range(1, down + 1):
        grown[n:] |= flat[:-n]
        grown[:-n] |= flat[n:]
    return grown


def _parts(near: Mask, mask: Mask, least: int = 12) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Rows and columns of the ink of each part that hangs together in `near`."""
    labels = _labels(near)
    ys, xs = np.nonzero(mask)
    of = labels[ys, xs]
    order = np.argsort(of, kind="stable")
    ys, xs, of = ys[order], xs[order], of[order]
    for part in np.split(np.arange(len(of)), np.nonzero(np.diff(of))[0] + 1):
        if len(part) >= least:
            yield ys[part], xs[part]


def _labels(near: Mask) -> NDArray[np.intp]:
    """A number for each pixel, the same for those that hang together row by row."""
    padded = np.zeros((near.shape[0], near.shape[1] + 2), np.int8)
    padded[:, 1:-1] = near
    steps = np.diff(padded, axis=1)
    rows, begins = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    roots = _joined(rows.tolist(), begins.tolist(), ends.tolist())
    labels = np.zeros(near.shape, np.intp)
    for n, (row, begin, end) in enumerate(zip(rows, begins, ends, strict=True)):
        labels[row, begin:end] = roots[n]
    return labels


def _joined(rows: list[int], begins: list[int], ends: list[int]) -> list[int]:
    """For each run of ink the first run it hangs together with."""
    roots = list(range(len(rows)))

    def root(n: int) -> int:
        while roots[n] != n:
            roots[n] = roots[roots[n]]
            n = roots[n]
        return n

    above = 0
    for n, row in enumerate(rows):
        while above < n and (rows[above] < row - 1 or (rows[above] == row - 1 and ends[above] <= begins[n])):
            above += 1
        other = above
        while other < n and rows[other] == row - 1 and begins[other] < ends[n]:
            roots[root(n)] = root(other)
            other += 1
    return [root(n) for n in range(len(roots))]


def _said(head: Image.Image, kind: str, blob: Blob, per_mm: float, recogniser: Recogniser) -> tuple[str, float]:
    """The word that stands in a blob alone, and how sure; "" when none does."""
    framed = _framed(blob)
    for tall in _heights(blob):
        strip = _strip(head, kind, blob, per_mm, tall)
        for picture in (strip, strip.filter(SOFT)):
            spelt = recogniser.spell(recogniser.frames(picture))
            said = "".join(character for _, character, _ in spelt)
            word = _word(said, framed)
            if word and (word != "mat" or _has_hat(strip, recogniser, sure=not framed and kind == "dark")):
                return word, float(np.mean([sure for _, _, sure in spelt]))
            if not _may_be_worn(said, framed):
                break
    return "", 0.0


def _may_be_worn(said: str, framed: str) -> bool:
    """Whether it is worth a second reading: strokes that broke in black and white hang together when softened."""
    return bool(framed) or (len(said) <= LONGEST and "M" in said and "T" in said)


def _framed(blob: Blob) -> str:
    """The word whose box has this size; "" for others."""
    if not BOX_HIGH[0] <= blob.broad <= BOX_HIGH[1]:
        return ""
    return next((word for word, wide in BOXES.items() if abs(blob.long - wide) < BOX_OFF), "")


def _has_hat(strip: Image.Image, recogniser: Recogniser, *, sure: bool) -> bool:
    """Whether the vowel of MẬT is an  rather than an Ă: MẮT and MẶT stand alone in the cells of tables.

    Worn hats are often taken for nothing, breves for dots, rings and tildes: these are weighed against the hat. Where
    nothing else speaks for a mark the hat must be seen (`sure`).
    """
    both = [_hats(picture, recogniser) for picture in (strip, strip.filter(SOFT))]
    hat, other = (float(value) for value in np.mean(both, axis=0))
    return hat >= max(other / 2, SEEN) if sure else hat >= other / 4 or other < LOST


def _hats(strip: Image.Image, recogniser: Recogniser) -> tuple[float, float]:
    """The chance of a hat on the last A of a strip, and of what a breve is taken for."""
    frames = recogniser.frames(strip)
    vowels = [frame for frame, character, _ in recogniser.spell(frames) if fold(character) == "a"]
    chances = frames[vowels[-1] if vowels else 0]
    hat, breve, acute = (
        sum(float(chances[n]) for letter in letters if (n := recogniser.index(letter)) is not None)
        for letters in (_HAT, _BREVE, "Á")
    )
    return hat, breve + acute / 2


def _heights(blob: Blob) -> tuple[float, ...]:
    """mm of the strips: a bare word whole; a box without its frame."""
    return (blob.broad + 1.0,) if blob.broad < 5.6 else (6.2, 5.2)


def _strip(head: Image.Image, kind: str, blob: Blob, per_mm: float, tall: float) -> Image.Image:
    around, middle = cut_around(head, (blob.x * per_mm, blob.y * per_mm), (blob.long / 2 + 8) * per_mm)
    picture = ink.only(around, kind).convert("L")
    trim = 1.0 if blob.broad < 5.6 else -1.6
    return lay_level(picture, middle, blob.angle, (blob.long + trim, tall), per_mm / PX, PX)


def _word(said: str, framed: str = "") -> str:
    """The one of WORDS that was read, alone or beside a mark of urgency; in worn ink letters of the long ones may be
    others, and in a box of its size more of any."""
    letters = "".join(filter(str.isalpha, said.translate(_LOOKALIKES)))
    if sum(map(str.isupper, letters)) < 0.6 * len(letters):
        return ""
    folded = fold(letters)
    found = _ALONE.fullmatch(folded)
    if found:
        return found["word"]
    if framed and _IN_ITS_BOX[framed].fullmatch(folded):
        return framed
    worn = ((word, _distance(folded, word) <= slips or folded in _ENDS[word]) for word, slips in _SLIPS.items())
    return next((word for word, is_it in worn if is_it), "")


def _distance(one: str, other: str) -> int:
    """Letters to be put in, left out or changed to make one word the other."""
    row = list(range(len(other) + 1))
    for n, letter in enumerate(one, 1):
        before, row = row, [n]
        for m, wanted in enumerate(other, 1):
            row.append(min(before[m] + 1, row[m - 1] + 1, before[m - 1] + (letter != wanted)))
    return row[-1]


def _box(blob: Blob, per_mm: float, size: tuple[int, int]) -> Box:
    wide, high = blob.long / 2 * per_mm, blob.broad / 2 * per_mm
    x, y = float(blob.x * per_mm), float(blob.y * per_mm)
    return (max(0.0, (x - wide) / size[0]), max(0.0, (y - high) / size[1]),
            min(1.0, (x + wide) / size[0]), min(1.0, (y + high) / size[1]))  # fmt: skip
