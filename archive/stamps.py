"""The arrival stamp (dấu ĐẾN) of a page: where it is and what is written in it; and the other marks of a page.

A frame of the right size is only a suspicion: tables and seals have frames too. It is straightened and read; it is an
arrival stamp when enough of its printed labels are there. The pen is then read between a label and the frame, with
the ink of the stamp lifted off where it has a colour of its own.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from PIL import Image

from archive import ink, seals, tesseract, urgent
from archive.findings import Finding, Mark, Stamp
from archive.frames import Frame, faint_frames, frames, tinted
from archive.labels import MERIT, PX, Label, dotted_bands, labels_of, look, other_bands
from archive.leaders import Leader, leaders
from archive.pen import Reader, Readings
from archive.reading import Box, Page
from archive.sides import PER_MM
from archive.spotting import letters, spot
from archive.vietnamese import fold

PAD = 2.5
"""mm of page kept around the frame."""
FRAME_LINE = 0.8
"""mm that the line of the frame and the blur of it take."""
SUSPECTS = 3
PLAIN_FRAME = 0.8
"""Score of a frame that was found among all ink so clearly that it is not looked for in coloured ink alone."""
ENOUGH = 2.6
WEIGHTS = {"arrived": 2.0, "forward_to": 1.4, "time": 1.2, "file_ref": 1.0, "date": 1.0, "number": 0.6}
"""How much a label says that a frame is an arrival stamp: Số and Ngày stand in many tables."""
CLEAR = {"arrived": 6.0, "forward_to": 11.0, "time": 6.0, "file_ref": 15.0, "date": 8.0, "number": 5.0}
"""Weight of a label that was seen well."""
PLAIN, DOTTED = 0.5, 0.75
"""How clear a leader is that print might be, and one that only dots are."""
SURELY_DOTTED = 0.8
LEADER = 0.4
"""What each dotted leader says: tables and boxes of text have none; with fewer than SURELY_DOTTED and no label beside
them nothing else is looked for."""
LABELLED = 12.0
"""mm right of the frame's left side before which the pen hardly writes in any layout."""
WRITTEN = ("number", "date", "time", "forward_to", "file_ref")
READABLE = 0.45
READ_ONCE = 0.6
"""The print of a stamp read without knowing the office: on both real stamps a mark or two was wrong."""
SPOTTED = 0.65
ALIKE = 0.92
"""Of the worth of a name's letters, and of the likeness of its spelling: Văn phòng Thành ủy is to 0.59 and 0.91 like
Văn phòng Tỉnh ủy, which is another office."""
ARRIVED, ROOM = 9.0, 12.5
"""mm from the upper side to an ĐẾN that was not looked for, and to the first line where there is room for it above."""
LINE = 7.2
"""mm of height kept for what the pen wrote on a line."""
RISE = 1.35
"""mm by which the pen stands higher than the label beside it."""
CUTS = ((1.35, 7.2), (1.1, 6.4))
"""A line is cut in two ways: mm its middle lies above the label's, mm of height."""
NARROW, OVER = 5.0, 1.2
"""mm: lines closer than NARROW are cut so high that little of the line above is seen."""
BEFORE = 0.8
"""mm before the end of the label: the pen may begin close behind it, or in it."""


@dataclass(frozen=True)
class Straight:
    """A suspected stamp laid level, PX pixels per mm, with the way back to the page."""

    picture: Image.Image
    frame: Frame
    per_mm: float
    page_size: tuple[int, int]

    @property
    def right(self) -> float:
        """mm at which the frame ends."""
        return PAD + self.frame.width / self.per_mm

    @property
    def page_left(self) -> float:
        """mm at which the page begins; 0 when that is farther left than the picture."""
        return max(0.0, self.picture.width / PX / 2 - self.frame.centre[0] / self.per_mm)

    def box(self, left: float, top: float, right: float, bottom: float) -> Box:
        """A rectangle in mm of the straightened stamp, as fractions of the page."""
        points = [self._point(x, y) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))]
        xs, ys = (sorted(min(1.0, max(0.0, p[n] / self.page_size[n])) for p in points) for n in (0, 1))
        return xs[0], ys[0], xs[-1], ys[-1]

    def _point(self, x: float, y: float) -> tuple[float, float]:
        c, s = math.cos(math.radians(self.frame.angle)), math.sin(math.radians(self.frame.angle))
        dx = (x - self.picture.width / PX / 2) * self.per_mm
        dy = (y - self.picture.height / PX / 2) * self.per_mm
        return self.frame.centre[0] + dx * c + dy * s, self.frame.centre[1] - dx * s + dy * c

    def part(self, picture: Image.Image, left: float, middle: float, height: float) -> Image.Image:
        """What stands right of `left` on a line, up to the frame; mm."""
        top, bottom = round((middle - height / 2) * PX), round((middle + height / 2) * PX)
        right = max(round((self.right - FRAME_LINE) * PX), round(left * PX) + 10)
        return picture.crop((round(left * PX), max(0, top), right, max(1, min(picture.height, bottom))))


def find(
    page: Page, image: Image.Image, reader: Reader | None = None, offices: Sequence[str] = (),
    taught: Callable[[Straight], Stamp | None] | None = None,
) -> Stamp | None:  # fmt: skip
    """The arrival stamp of the page, or None. `image` is the upright page as the file has it.

    `offices` are the names the office's own stamps may bear: a reading near to one of them becomes it. `taught` knows
    stamps the office has drawn (archive/taught.py), and is asked of every frame first.
    """
    reader = reader or Reader()
    found = suspects(page, image)
    if taught:
        found = iter(every := list(found))
        known = next((stamp for straight in every if (stamp := taught(straight))), None)
        if known:
            return known
    for straight in found:
        labels, weight = _labelled(straight, reader)
        if weight >= ENOUGH:
            return _stamp(page, straight, labels, weight, reader, offices)
    return None


def _labelled(straight: Straight, reader: Reader) -> tuple[dict[str, Label], float]:
    """The labels of a suspect, and what they and the frame weigh: first those on dotted leaders, then any."""
    picture = _label_picture(straight)
    dotted = leaders(_behind_labels(straight, picture), PX)
    tops = dotted_bands(dotted) if len(dotted) > 1 else []
    seen = look(picture, reader, tops)
    labels = labels_of(seen, picture, dotted, straight.page_left)
    weight = _weight(straight.frame, labels, dotted)
    if weight >= ENOUGH or (tops and not seen and _dotted(dotted) < SURELY_DOTTED):
        return labels, weight
    labels = labels_of([*seen, *look(picture, reader, other_bands(picture, tops))], picture, dotted, straight.page_left)
    return labels, _weight(straight.frame, labels, dotted)


def _behind_labels(straight: Straight, picture: Image.Image) -> Image.Image:
    """Where leaders run in every layout."""
    left, right = round((PAD + LABELLED) * PX), round((straight.right - FRAME_LINE) * PX)
    return picture.crop((left, 0, max(left + 1, right), picture.height))


def suspects(page: Page, image: Image.Image) -> Iterator[Straight]:
    """Every frame that may be a stamp's, laid level, best first; faint ones, looked for when these are not enough,
    last."""
    per_mm = ink.per_mm(page, image)
    dark, *coloured = ink.planes(image, PER_MM / per_mm)
    found = [tinted(frame, coloured) for frame in frames(dark)]
    if not found or found[0].score < PLAIN_FRAME:
        found += [frame for plane in coloured for frame in frames(plane)]
    yield from (_straighten(image, frame, per_mm) for frame in _distinct(found, per_mm)[:SUSPECTS])
    faint = [frame for plane in (dark, *coloured) for frame in faint_frames(plane)]
    yield from (_straighten(image, frame, per_mm) for frame in _distinct(faint, per_mm)[:SUSPECTS])


def marks(page: Page, image: Image.Image, reader: Reader | None = None) -> tuple[Mark, ...]:
    """Round seals and half seals by their red ink, marks of urgency and secrecy by their words, turned ones too."""
    worded = tuple(seals.worded_marks(page))
    red = seals.red_ink(page, image)
    if red is None:
        return worded
    known = any(mark.kind == "urgency" for mark in worded)
    askew = () if known else urgent.askew_marks(page, image, red, reader or Reader())
    return (*seals.find_seals(page, red), *worded, *askew)


def _distinct(suspects: Sequence[Frame], per_mm: float) -> list[Frame]:
    """Best first; a frame that was seen in two inks has a colour: all ink is dark, too."""
    kept: list[Frame] = []
    for frame in sorted(suspects, key=lambda f: -f.score):
        same = next((n for n, k in enumerate(kept) if math.dist(k.centre, frame.centre) < 12 * per_mm), None)
        if same is None:
            kept.append(frame)
        elif kept[same].kind == "dark":
            kept[same] = dataclasses.replace(kept[same], kind=frame.kind)
    return kept


def _straighten(image: Image.Image, frame: Frame, per_mm: float) -> Straight:
    wide, tall = (round((side / per_mm + 2 * PAD) * PX) for side in (frame.width, frame.height))
    scale = per_mm / PX
    c, s = (scale * f(math.radians(frame.angle)) for f in (math.cos, math.sin))
    reach = math.hypot(wide, tall) / 2 * scale + 2
    x, y = frame.centre
    x0, y0 = max(0, int(x - reach)), max(0, int(y - reach))
    around = image.crop((x0, y0, min(image.width, int(x + reach) + 1), min(image.height, int(y + reach) + 1)))
    x, y = x - x0, y - y0
    back = (c, s, x - c * wide / 2 - s * tall / 2, -s, c, y + s * wide / 2 - c * tall / 2)
    picture = around.convert("RGB").transform(
        (wide, tall), Image.Transform.AFFINE, back, Image.Resampling.BICUBIC, fillcolor="white"
    )
    return Straight(picture, frame, per_mm, image.size)


def _label_picture(straight: Straight) -> Image.Image:
    """The stamp's own ink alone where it has a colour: no pen, no print below it."""
    return ink.only(straight.picture, straight.frame.kind)


def _weight(frame: Frame, labels: dict[str, Label], dotted: Sequence[Leader]) -> float:
    seen = sum(WEIGHTS[name] * min(1.0, label.weight / CLEAR[name]) for name, label in labels.items())
    return seen + (LEADER * _dotted(dotted) if seen else 0.0) + (frame.score - 0.6) * 2


def _dotted(dotted: Sequence[Leader]) -> float:
    """How many leaders there are, doubtful ones in part."""
    return sum(min(1.0, max(0.0, (leader.strength - PLAIN) / (DOTTED - PLAIN))) for leader in dotted)


def _stamp(
    page: Page, straight: Straight, labels: dict[str, Label], weight: float, reader: Reader, offices: Sequence[str]
) -> Stamp:
    fields = (_organ(page, straight, labels, reader, offices), *_fields(page, straight, labels, reader))
    frame = straight.frame
    box = straight.box(PAD, PAD, straight.right, straight.picture.height / PX - PAD)
    return Stamp(page.number, box, fields, frame.angle, min(0.995, 0.5 + 0.1 * weight))


def _fields(page: Page, straight: Straight, labels: dict[str, Label], reader: Reader) -> Iterator[Finding]:
    for name in WRITTEN:
        label = labels.get(name)
        if label is None:
            continue
        middle = label.middle - RISE
        box = straight.box(label.right, middle - LINE / 2, straight.right, middle + LINE / 2)
        readings = _readings(name, straight, label, reader)
        for text, confidence in readings or [("", 0.0)]:
            yield finding(name, text, confidence, page.number, box)


def _organ(
    page: Page, straight: Straight, labels: dict[str, Label], reader: Reader, offices: Sequence[str]
) -> Finding:  # fmt: skip
    """The office whose stamp it is: the print between the upper frame and the first label."""
    first = min(label.middle for name, label in labels.items() if name != "arrived" or len(labels) == 1)
    arrived = labels.get("arrived")
    arrived_at = arrived.middle if arrived else PAD + ARRIVED if first - PAD > ROOM else first
    bottom = max(PAD + 4.0, min(first - 2.6, arrived_at - 2.9 if arrived_at < first - 2.5 else first))
    top = PAD - 0.6
    box = straight.box(PAD, top, straight.right, bottom)
    cut = straight.picture.crop((0, round(top * PX), straight.picture.width, round(bottom * PX)))
    printed = ink.only(cut, straight.frame.kind).convert("L")
    own = _spotted(printed, offices, reader)
    text, sure = (own, 1.0) if own else _print(printed)
    own = own or _nearest(text, offices)
    readable = bool(own) or (sure > READABLE and text.isupper())
    return Finding(
        "organ", own or text if readable else None, 0.95 if own else READ_ONCE * sure, page=page.number, box=box,
        partial=None if readable else text or None, reason="đọc trên dấu ĐẾN", witness="stamp",
    )  # fmt: skip


def _print(picture: Image.Image) -> tuple[str, float]:
    """A line of print and how sure that is."""
    words = tesseract.read_region(picture, psm=7, dpi=254)
    kept = [word for word in words if sum(c.isalpha() for c in word.text) > len(word.text) / 2 or word.text == "&"]
    return " ".join(word.text for word in kept), sum(word.confidence for word in kept) / max(1, len(kept))


def _spotted(picture: Image.Image, offices: Sequence[str], reader: Reader) -> str | None:
    """The office whose name, marks left aside, the recogniser sees in the line."""
    recogniser = reader.recogniser
    names = {re.sub("[^a-z]", "", fold(office)): office for office in offices}
    names.pop("", None)
    if recogniser is None or not names:
        return None
    places = spot(letters(recogniser, recogniser.frames(picture))[None], list(names))[0]
    shares = {name: 1 + place.score / (MERIT * len(name)) for name, place in zip(names, places, strict=True)}
    best = max(shares, key=lambda name: shares[name])
    return names[best] if shares[best] > SPOTTED else None


def _nearest(text: str, offices: Sequence[str]) -> str | None:
    """The office whose name is nearly this, marks left aside."""
    alike = {office: SequenceMatcher(None, fold(text), fold(office)).ratio() for office in offices}
    best = max(alike, key=lambda office: alike[office], default=None)
    return best if best and alike[best] > ALIKE else None


def _readings(name: str, straight: Straight, label: Label, reader: Reader) -> Readings:
    strips = []
    for raised, high in CUTS:
        height = min(high, label.room + OVER) if label.room < NARROW else high
        middle = label.middle - raised + (high - height) / 2
        strips.append(straight.part(straight.picture, label.right - BEFORE, middle, height))
    return reader.read_field(name, strips, straight.frame.kind)


def finding(name: str, text: str, confidence: float, page: int, box: Box) -> Finding:
    """A reading of the pen as a finding; a date without its year is only a part of a date."""
    partial = text if text.startswith("--") else None
    value = None if partial or not text else text
    reason = "đọc chữ viết tay trong dấu ĐẾN" if text else "có trong dấu ĐẾN, xem ảnh"
    return Finding(name, value, confidence, page=page, box=box, partial=partial, reason=reason, witness="pen")
