"""A part of a page laid level, and the way back to the page."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image

from archive.bands import PX
from archive.frames import EDGE, Frame
from archive.labels import PAPER
from archive.reading import Box

PAD = PAPER
"""mm of page kept around the frame."""
FRAME_LINE = 0.8
"""mm that the line of the frame and the blur of it take."""


@dataclass(frozen=True)
class Straight:
    """A suspected stamp laid level, PX pixels per mm, with the way back to the page."""

    picture: Image.Image
    frame: Frame
    per_mm: float
    page_size: tuple[int, int]
    is_bilevel: bool = False
    """Whether the scanner kept black and white only: of pale print it left dots."""

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the frame, mm."""
        return self.frame.width / self.per_mm, self.frame.height / self.per_mm

    @property
    def frame_box(self) -> Box:
        """The frame on the page."""
        return self.box(PAD, PAD, self.right, self.picture.height / PX - PAD)

    @property
    def right(self) -> float:
        """mm at which the frame ends."""
        return PAD + self.size[0]

    @property
    def page_left(self) -> float:
        """mm at which the page begins; 0 when that is farther left than the picture."""
        return max(0.0, self.picture.width / PX / 2 - self.frame.centre[0] / self.per_mm)

    @property
    def is_at_edge(self) -> bool:
        """Whether the page ends where the frame does: a side of it may be lost, and what stood there."""
        left, _, right, _ = self.frame_box
        near = EDGE * self.per_mm / self.page_size[0]
        return left < near or right > 1 - near

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


def straighten(image: Image.Image, frame: Frame, per_mm: float) -> Straight:
    """A frame of the page, whose pixels are `per_mm` a millimetre, with PAD of paper around it."""
    wide, tall = (side / per_mm + 2 * PAD for side in (frame.width, frame.height))
    around, middle = cut_around(image, frame.centre, math.hypot(wide, tall) / 2 * per_mm + 2)
    picture = lay_level(around.convert("RGB"), middle, frame.angle, (wide, tall), per_mm / PX, PX)
    is_bilevel = around.convert("L").getcolors(2) is not None
    return Straight(picture, frame, per_mm, image.size, is_bilevel)


def cut_around(
    image: Image.Image, centre: tuple[float, float], reach: float
) -> tuple[Image.Image, tuple[float, float]]:  # fmt: skip
    """What lies within `reach` pixels of a point, and where the point is in that."""
    x, y = centre
    x0, y0 = max(0, int(x - reach)), max(0, int(y - reach))
    box = x0, y0, min(image.width, int(x + reach) + 1), min(image.height, int(y + reach) + 1)
    return image.crop(box), (x - x0, y - y0)


def lay_level(
    picture: Image.Image, centre: tuple[float, float], angle: float, size: tuple[float, float], scale: float, px: float
) -> Image.Image:  # fmt: skip
    """A rectangle of `size` mm around a point, which stands at `angle` (degrees anticlockwise), white where there is no
    paper; `px` pixels per mm, each `scale` pixels of the picture wide."""
    wide, tall = (round(side * px) for side in size)
    c, s = (scale * f(math.radians(angle)) for f in (math.cos, math.sin))
    x, y = centre
    back = (c, s, x - c * wide / 2 - s * tall / 2, -s, c, y + s * wide / 2 - c * tall / 2)
    return picture.transform((wide, tall), Image.Transform.AFFINE, back, Image.Resampling.BICUBIC, fillcolor="white")
