"""The arrival stamp (dấu ĐẾN) of a page: where it is and what is written in it; and the other marks of a page.

A frame of the right size is only a suspicion: tables and seals have frames too. It is straightened and read; it is an
arrival stamp when enough of its printed labels are there. The pen is then read between a label and the frame, with
the ink of the stamp lifted off where it has a colour of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from archive import ink
from archive.findings import Finding, Mark, Stamp
from archive.frames import PER_MM, Frame, frames
from archive.labels import PX, Label, find_labels
from archive.pen import Reader, Readings, View
from archive.reading import Box, Page

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


def find(page: Page, image: Image.Image, reader: Reader | None = None) -> Stamp | None:
    """The arrival stamp of the page, or None. `image` is the upright page as the file has it."""
    reader = reader or Reader()
    per_mm = ink.per_mm(page, image)
    suspects = [found for plane in ink.planes(image, PER_MM / per_mm) for found in frames(plane)]
    for frame in _distinct(suspects, per_mm)[:SUSPECTS]:
        straight = _straighten(image, frame, per_mm)
        labels = find_labels(_label_picture(straight), reader)
        weight = _weight(frame, labels)
        if weight >= ENOUGH:
            return _stamp(page, straight, labels, weight, reader)
    return None


def marks(page: Page, image: Image.Image) -> tuple[Mark, ...]:
    """Round seals, half seals, marks of urgency and secrecy."""
    return ()


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


def _stamp(page: Page, straight: Straight, labels: dict[str, Label], weight: float, reader: Reader) -> Stamp:
    fields = tuple(_fields(page, straight, labels, reader))
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
            yield _finding(name, text, confidence, page.number, box)


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
    return read(*([view.frames for view in views] for views in cuts))


def _end_of_writing(view: View) -> float:
    """Where print of the page below begins that the stamp was pressed upon, as a share of the width."""
    found = PRINT_BEHIND.search(view.text)
    return (view.at[found.start(1)] + 0.3) / len(view.frames) if found else 1.0


def _finding(name: str, text: str, confidence: float, page: int, box: Box) -> Finding:
    """A reading of the pen; a date without its year is only a part of a date."""
    partial = text if text.startswith("--") else None
    value = None if partial or not text else text
    reason = "đọc chữ viết tay trong dấu ĐẾN" if text else "có trong dấu ĐẾN, xem ảnh"
    return Finding(name, value, confidence, page=page, box=box, partial=partial, reason=reason, witness="pen")
