"""Strips of handwriting from stamps that scansim presses upon its papers, cut by the archive's own cutter.

`bench/strips.py` draws strips fast; these are as the archive meets them: scansim's layouts, papers and wear, laid level
and cut where `archive/stamps.py` cuts, with errors of place as the finder makes them. Several stamps share a paper, and
only the piece of page around each is worn: a strip takes a thirtieth of a second, a whole page half a minute a hundred.
"""

from __future__ import annotations

import dataclasses
import importlib
import io
import itertools
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from archive.bands import ABOVE_DOTS, BAND, PX, Label
from archive.frames import Frame
from archive.stamps import BEFORE, DIGITS, cut_line
from archive.straight import PAD, straighten
from bench import strips
from bench.strips import Made, Pixels

WEAR = {"office": 0.4, "worn": 0.3, "bad": 0.3}
DPI = (200, 200, 200, 300)
DEPTHS = {"colour": 0.33, "grey": 0.22, "bilevel": 0.45}
OF_PAPER = 12
"""Stamps pressed upon each paper."""
AROUND = (36.0, 25.0)
"""mm from a stamp's middle to where the piece of page ends, sideways and up and down."""
OFF = {"angle": 0.35, "centre": 0.25, "right": 0.45, "middle": 0.35}
"""Degrees and mm by which the finder is wrong, as a rule; now and then twice that."""
SHORTER = 0.6
"""Of the strips: a shorter cut holds the same writing and costs less to learn from."""
JOINED = 0.2
"""Of the hands, those that draw many a digit up from the foot of the one before."""


class Press:
    """scansim's papers and stamps in our process."""

    def __init__(self, scansim: Path, samples: Any, pen_fonts: Sequence[str]) -> None:
        sys.path.insert(0, str(scansim))
        self.sim, self.ink, self.wear, self.pens = map(importlib.import_module, ("scansim", "ink", "wear", "pens"))
        self.samples, self.pen_fonts = samples, list(pen_fonts)
        self.bench = self.sim.Bench(self.sim.Options(handwritten_number=0.7, digits_part="test"))
        self.bench.samples, self.bench.pen_fonts = samples, self.pen_fonts

    def strips(self, seed: int) -> Iterator[Made]:
        """Strips without end; the same seed makes the same."""
        rng = np.random.default_rng([seed, 4])
        while True:
            dpi = int(rng.choice(DPI))
            options = self.sim.Options(seed=seed, dpi=dpi, stamp="none")
            document = self.sim.make_document(options, self.bench, rng, 1, stamped=False)
            for _ in range(OF_PAPER):
                yield from self._stamp(document, rng)

    def _stamp(self, document: Any, rng: np.random.Generator) -> Iterator[Made]:
        """The lines of one more stamp on the first page of a paper."""
        sheet = document.sheets[0]
        drawing, entry, layout = self._entry(document, rng)
        centre, _ = self.sim._stamp_centre(sheet, drawing, rng)
        x0, y0 = (max(0, int(c - reach * sheet.mm)) for c, reach in zip(centre, AROUND, strict=True))
        x1, y1 = (int(c + reach * sheet.mm) for c, reach in zip(centre, AROUND, strict=True))
        page = document.pages[0][y0:y1, x0:x1].copy()
        colour = str(rng.choice(list(strips.INKS), p=[0.25, 0.15, 0.1, 0.5]))
        hand = _joined(strips._freer(self.bench.hand(rng), rng), rng)
        at = centre[0] - x0, centre[1] - y0
        stamp = self.ink.put_stamp(page, drawing, entry, layout, colour, hand, at, rng)
        scanned, skew = self._scanned(page, document, sheet, rng)
        yield from self._cut(scanned, stamp, drawing, entry, skew, sheet, rng)

    def _entry(self, document: Any, rng: np.random.Generator) -> tuple[Any, Any, str]:
        """An empty stamp and what a clerk writes in it."""
        sheet, layout = document.sheets[0], str(rng.choice(self.ink.LAYOUTS, p=[0.32, 0.28, 0.25, 0.15]))
        organ = self.ink.stamp_organ(rng, layout, "Tỉnh ủy", "tỉnh", document.paper.province)
        drawing = self.ink.draw_stamp(layout, organ, sheet.dpi, sheet.family, rng)
        entry = self.ink.make_entry(rng, layout, organ, document.paper.date, letters=False)
        texts = {"date_raw": strips.written("date", rng)}
        texts["time" if layout == "hour_day" else "number"] = strips.written(
            "time" if layout == "hour_day" else "number", rng
        )
        filled = {name: text or None for name, text in texts.items()}
        return drawing, dataclasses.replace(entry, **filled), layout

    def _scanned(
        self, page: Pixels, document: Any, sheet: Any, rng: np.random.Generator
    ) -> tuple[Image.Image, float]:  # fmt: skip
        """The piece of page as it comes off a scanner, and how it lies askew."""
        level = str(rng.choice(list(WEAR), p=list(WEAR.values())))
        back = sheet.image.transpose(Image.Transpose.FLIP_TOP_BOTTOM).crop((0, 0, page.shape[1], page.shape[0]))
        image, skew = self.wear.wear_out(page, level, back, rng, sheet.dpi)
        depth = str(rng.choice(list(DEPTHS), p=list(DEPTHS.values())))
        image = self.wear.to_depth(image, depth, level, rng)
        if depth == "bilevel":
            return image.convert("L"), skew
        file = io.BytesIO()
        image.save(file, "JPEG", quality=self.wear.LEVELS[level].jpeg + int(rng.integers(-8, 9)))
        image = Image.open(file)
        image.load()
        return image, skew

    def _cut(
        self, image: Image.Image, stamp: Any, drawing: Any, entry: Any, skew: float, sheet: Any,
        rng: np.random.Generator,
    ) -> Iterator[Made]:  # fmt: skip
        """Each line that is whole on the picture, cut as the archive would that found the stamp about here."""
        per_mm, off = sheet.dpi / 25.4, {name: by * (2 if rng.random() < 0.2 else 1) for name, by in OFF.items()}
        place = self.sim.PageTruth(1, image.size, skew)
        corners = [_turned(point, image.size, skew, self.ink) for point in stamp.corners]
        middle = np.mean(corners, axis=0) + rng.normal(0, off["centre"] * per_mm, 2)
        angle = stamp.angle + skew + rng.normal() * off["angle"]
        frame = Frame(tuple(middle), drawing.width * per_mm, drawing.height * per_mm, angle, 1.0)
        straight = straighten(image, frame, per_mm)
        written = {"number": entry.number, "date": entry.date_raw, "time": entry.time}
        bases = sorted(base for _, _, base in drawing.slots.values())
        room = min(b - a for a, b in itertools.pairwise(bases))
        for name in DIGITS:
            known = drawing.slots.get(name)
            if known is None or (name in stamp.field_corners and place.cut(stamp.field_corners[name])):
                continue
            right = known[0] + PAD + rng.normal() * off["right"]
            height = known[2] + PAD - ABOVE_DOTS + BAND / 2 + rng.normal() * off["middle"]
            label = Label(name, right, right, height, 1.0, room=room + rng.normal() * 0.3)
            cuts = cut_line(name, straight, label)
            picture = cuts[int(rng.integers(len(cuts)))]
            if name in stamp.field_corners and rng.random() < SHORTER:
                x, y = _turned(stamp.field_corners[name][1], image.size, skew, self.ink) - middle
                along = x * math.cos(math.radians(angle)) - y * math.sin(math.radians(angle))
                end = along / per_mm + straight.picture.width / PX / 2
                wide = round((end - right + BEFORE + rng.uniform(0.5, 5)) * PX)
                picture = picture.crop((0, 0, min(picture.width, max(40, wide)), picture.height))
            yield Made(name, written[name] or "", picture)


def _turned(point: tuple[float, float], size: tuple[int, int], skew: float, ink: Any) -> tuple[float, float]:
    half = size[0] / 2, size[1] / 2
    x, y = ink.turn_point((point[0] - half[0], point[1] - half[1]), skew)
    return x + half[0], y + half[1]


def _joined(hand: Any, rng: np.random.Generator) -> Any:
    return dataclasses.replace(hand, joins=0.8) if rng.random() < JOINED else hand


def pressed(
    seed: int, part: str, scansim: Path, digits: Path, pen_fonts: Sequence[str] = (), more: Path | None = None
) -> Iterator[Made]:
    """Strips of stamps; `part` and `more` as in `strips.digit_samples`."""
    _, samples = strips.digit_samples(scansim, digits, part, more)
    return Press(scansim, samples, pen_fonts).strips(seed)
