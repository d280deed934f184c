"""The arrival stamp (dấu ĐẾN) of a page: where it is and what is written in it; and the other marks of a page.

A frame of the right size is only a suspicion: tables and seals have frames too. It is straightened and read; it is an
arrival stamp when enough of its printed labels are there. The pen is then read between a label and the frame, with
the ink of the stamp lifted off where it has a colour of its own.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from PIL import Image

from archive import ink, seals, tesseract
from archive.findings import Finding, Mark, Stamp
from archive.frames import PER_MM, Frame, frames
from archive.labels import PX, Label, find_labels
from archive.pen import Reader, Readings, View
from archive.reading import Box, Page
from archive.vietnamese import fold

PAD = 2.5
"""mm of page kept around the frame."""
PRINT_BEHIND = re.compile(r"\d[^A-Za-zÀ-ỹ]*?([A-Za-zÀ-ỹ][A-Za-zÀ-ỹ+ ]+\D*)$")
FRAME_LINE = 0.8
"""mm that the line of the frame and the blur of it take."""
SUSPECTS = 3
ENOUGH = 3.2
WEIGHTS = {"arrived": 2.0, "forward_to": 1.4, "time": 1.2, "file_ref": 1.0, "date": 1.0, "number": 0.6}
"""How much a label says that a frame is an arrival stamp: Số and Ngày stand in many tables."""
CLEAR = {"arrived": 6.0, "forward_to": 11.0, "time": 6.0, "file_ref": 15.0, "date": 8.0, "number": 5.0}
"""Weight of a label that was seen well."""
WRITTEN = ("number", "date", "time", "forward_to", "file_ref")
READABLE = 0.45
READ_ONCE = 0.6
"""The print of a stamp read without knowing the office: on both real stamps a mark or two was wrong."""
ALIKE = 0.8
LINE = 6.0
"""mm of height kept for what the pen wrote on a line."""
RISE = 0.6
"""mm by which the pen stands higher than the label beside it."""
STRETCHED = (1.0, 1.2)
BANDS = ((0.0, 5.4), (-0.3, 4.8), (-0.5, 6.2))


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
    found = list(itertools.islice(suspects(page, image), None if taught else SUSPECTS))
    known = next((stamp for straight in found if (stamp := taught(straight))), None) if taught else None
    if known:
        return known
    for straight in found[:SUSPECTS]:
        labels = find_labels(_label_picture(straight), reader)
        weight = _weight(straight.frame, labels)
        if weight >= ENOUGH:
            return _stamp(page, straight, labels, weight, reader, offices)
    return None


def suspects(page: Page, image: Image.Image) -> Iterator[Straight]:
    """Every frame that may be a stamp's, laid level, best first."""
    per_mm = ink.per_mm(page, image)
    found = [frame for plane in ink.planes(image, PER_MM / per_mm) for frame in frames(plane)]
    return (_straighten(image, frame, per_mm) for frame in _distinct(found, per_mm))


def marks(page: Page, image: Image.Image) -> tuple[Mark, ...]:
    """Round seals and half seals by their red ink, marks of urgency and secrecy by their words."""
    return (*seals.find_seals(page, image), *seals.worded_marks(page))


def _distinct(suspects: Sequence[Frame], per_mm: float) -> list[Frame]:
    """Best first; of a frame that was seen in two inks, the one in colour."""
    kept: list[Frame] = []
    for frame in sorted(suspects, key=lambda f: -f.score - 0.1 * (f.kind != "dark")):
        if all(math.dist(k.centre, frame.centre) > 12 * per_mm for k in kept):
            kept.append(frame)
    return kept


def _straighten(image: Image.Image, frame: Frame, per_mm: float) -> Straight:
    wide, tall = (round((side / per_mm + 2 * PAD) * PX) for side in (frame.width, frame.height))
    scale = per_mm / PX
    c, s = (scale * f(math.radians(frame.angle)) for f in (math.cos, math.sin))
    x, y = frame.centre
    back = (c, s, x - c * wide / 2 - s * tall / 2, -s, c, y + s * wide / 2 - c * tall / 2)
    picture = image.convert("RGB").transform(
        (wide, tall), Image.Transform.AFFINE, back, Image.Resampling.BICUBIC, fillcolor="white"
    )
    return Straight(picture, frame, per_mm, image.size)


def _label_picture(straight: Straight) -> Image.Image:
    """The stamp's own ink alone where it has a colour: no pen, no print below it."""
    return ink.only(straight.picture, straight.frame.kind)


def _weight(frame: Frame, labels: dict[str, Label]) -> float:
    seen = sum(WEIGHTS[name] * min(1.0, label.weight / CLEAR[name]) for name, label in labels.items())
    return seen + (frame.score - 0.6) * 2


def _stamp(
    page: Page, straight: Straight, labels: dict[str, Label], weight: float, reader: Reader, offices: Sequence[str]
) -> Stamp:
    fields = (_organ(page, straight, labels, offices), *_fields(page, straight, labels, reader))
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


def _organ(page: Page, straight: Straight, labels: dict[str, Label], offices: Sequence[str]) -> Finding:
    """The office whose stamp it is: the print between the upper frame and the first label."""
    first = min(label.middle for name, label in labels.items() if name != "arrived" or len(labels) == 1)
    arrived = labels.get("arrived")
    above = arrived is not None and arrived.middle < first - 2.5
    bottom = max(PAD + 4.0, min(first - 2.6, arrived.middle - 2.9 if arrived and above else first))
    top = PAD - 0.6
    box = straight.box(PAD, top, straight.right, bottom)
    cut = straight.picture.crop((0, round(top * PX), straight.picture.width, round(bottom * PX)))
    words = tesseract.read_region(ink.only(cut, straight.frame.kind).convert("L"), psm=7, dpi=254)
    kept = [word for word in words if sum(c.isalpha() for c in word.text) > len(word.text) / 2 or word.text == "&"]
    text = " ".join(word.text for word in kept)
    sure = sum(word.confidence for word in kept) / len(kept) if kept else 0.0
    own = _nearest(text, offices)
    readable = bool(own) or (sure > READABLE and text.isupper())
    return Finding(
        "organ", own or text if readable else None, 0.95 if own else READ_ONCE * sure, page=page.number, box=box,
        partial=None if readable else text or None, reason="đọc trên dấu ĐẾN", witness="stamp",
    )  # fmt: skip


def _nearest(text: str, offices: Sequence[str]) -> str | None:
    """The office whose name is nearly this, marks left aside."""
    alike = {office: SequenceMatcher(None, fold(text), fold(office)).ratio() for office in offices}
    best = max(alike, key=lambda office: alike[office], default=None)
    return best if best and alike[best] > ALIKE else None


def _readings(name: str, straight: Straight, label: Label, reader: Reader) -> Readings:
    read = {"number": reader.number_in, "date": reader.date_in, "time": reader.time_in}.get(name)
    if read is None:
        return []
    lifted = ink.pen_only(straight.picture, straight.frame.kind)
    strips = [straight.part(lifted, label.right, label.middle - RISE + shift, height) for shift, height in BANDS]
    first = reader.views(strips[0], STRETCHED)
    end = min([1.0, *(_end_of_writing(view) for view in first)])
    if end < 1:
        strips = [strip.crop((0, 0, max(10, round(strip.width * end)), strip.height)) for strip in strips]
        first = reader.views(strips[0], STRETCHED)
    cuts = [first, *(reader.views(ink.line_alone(strip), STRETCHED) for strip in strips[1:])]
    return read(*cuts)


def _end_of_writing(view: View) -> float:
    """Where print of the page below begins that the stamp was pressed upon, as a share of the width."""
    found = PRINT_BEHIND.search(view.text)
    return (view.at[found.start(1)] + 0.3) / len(view.frames) if found else 1.0


def finding(name: str, text: str, confidence: float, page: int, box: Box) -> Finding:
    """A reading of the pen as a finding; a date without its year is only a part of a date."""
    partial = text if text.startswith("--") else None
    value = None if partial or not text else text
    reason = "đọc chữ viết tay trong dấu ĐẾN" if text else "có trong dấu ĐẾN, xem ảnh"
    return Finding(name, value, confidence, page=page, box=box, partial=partial, reason=reason, witness="pen")
