"""What is put on a printed page afterwards: arrival stamps, round seals, boxes of urgency."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from server.demo.fonts import font
from server.demo.paper import Arrival, Point
from server.demo.pens import Ink, write

Colour = tuple[int, int, int]
COLOURS: dict[str, Colour] = {
    "red": (206, 32, 48), "blue": (44, 62, 168), "black": (38, 38, 42), "pen": (36, 52, 150),
}  # fmt: skip
SCALE = 2


def press(page: npt.NDArray[np.uint8], ink: Ink, centre: Point, colour: Colour, angle: float = 0.0) -> None:
    """Multiply `ink` into the page (height x width x 3) about `centre` (pixels); beyond the edge it is lost."""
    if angle:
        turned = Image.fromarray((ink * 255).astype(np.uint8)).rotate(angle, Image.Resampling.BICUBIC, expand=True)
        ink = np.asarray(turned, np.float32) / np.float32(255)
    height, width = ink.shape
    x, y = round(centre[0] - width / 2), round(centre[1] - height / 2)
    x0, y0, x1, y1 = max(0, x), max(0, y), min(page.shape[1], x + width), min(page.shape[0], y + height)
    cover = ink[y0 - y : y1 - y, x0 - x : x1 - x, None]
    keep = 1 - cover * (1 - np.array(colour, np.float32) / np.float32(255))
    page[y0:y1, x0:x1] = (page[y0:y1, x0:x1] * keep).astype(np.uint8)


def worn(ink: Ink, rng: np.random.Generator) -> Ink:
    """Ink that took unevenly: pale areas and grain."""
    height, width = ink.shape
    coarse = Image.fromarray(rng.normal(size=(height // 60 + 2, width // 60 + 2)).astype(np.float32))
    broad = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    grain = np.clip(rng.standard_normal(ink.shape, dtype=np.float32), 0, None)
    return np.asarray(ink * np.clip(0.92 - 0.16 * np.abs(broad) - 0.07 * grain, 0.2, 1), np.float32)


class Rubber:
    """The face of a stamp, measured in millimetres, drawn at twice the page's resolution."""

    def __init__(self, width: float, height: float, dpi: int) -> None:
        self.width, self.height, self.dpi = width, height, dpi
        self.unit = dpi / 25.4 * SCALE
        self.image = Image.new("L", (round((width + 4) * self.unit), round((height + 4) * self.unit)), 0)
        self.draw = ImageDraw.Draw(self.image)

    def at(self, x: float, y: float) -> Point:
        return (x + 2) * self.unit, (y + 2) * self.unit

    def line(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.draw.line((*self.at(x0, y0), *self.at(x1, y1)), 255, max(1, round(0.4 * self.unit)))

    def frame(self) -> None:
        corners = (*self.at(-0.2, -0.2), *self.at(self.width + 0.2, self.height + 0.2))
        self.draw.rectangle(corners, outline=255, width=round(0.5 * self.unit))

    def text(self, text: str, x: float, y: float, points: float, style: str = "Bold", anchor: str = "mm") -> float:
        """Draw; the right end in millimetres."""
        type_ = font(style, round(points * self.dpi * SCALE / 72))
        self.draw.text(self.at(x, y), text, 255, font=type_, anchor=anchor)
        return x + type_.getlength(text) / self.unit

    def row(self, label: str, x: float, baseline: float, right: float) -> Point:
        """A label and a dotted leader; where the pen begins."""
        start = self.text(label, x, baseline, 11, "Regular", "ls")
        dots = int((right - start) * self.unit / font("Regular", round(11 * self.dpi * SCALE / 72)).getlength("."))
        self.text("." * dots, start, baseline, 11, "Regular", "ls")
        return start, baseline

    def ink(self) -> Ink:
        half = (self.image.width // SCALE, self.image.height // SCALE)
        return np.asarray(self.image.resize(half, Image.Resampling.BOX), np.float32) / np.float32(255)


def _nd30(organ: str, dpi: int) -> tuple[Rubber, tuple[Point, Point, Point]]:
    """NĐ 30/2020, Appendix IV: 50 x 35 mm, ĐẾN at the left of number and day."""
    rubber = Rubber(50, 34, dpi)
    rubber.frame()
    rubber.text(organ, 25, 4, 11)
    rubber.line(0, 7.6, 50, 7.6)
    rubber.line(16, 7.6, 16, 21)
    rubber.text("ĐẾN", 8, 14.4, 15)
    number = rubber.row("Số: ", 17.5, 13.4, 48)
    day = rubber.row("Ngày: ", 17.5, 19.6, 48)
    forward = rubber.row("Chuyển: ", 2, 26.4, 48)
    rubber.row("Số và ký hiệu HS: ", 2, 31.8, 48)
    return rubber, (number, day, forward)


def _older(organ: str, dpi: int) -> tuple[Rubber, tuple[Point, Point, Point]]:
    """The stamp of before 2020: every line under the other, `Lưu hồ sơ số` at the foot."""
    rubber = Rubber(50, 35, dpi)
    rubber.frame()
    rubber.text(organ, 25, 4.2, 11)
    rubber.text("ĐẾN", 25, 9.8, 14)
    number = rubber.row("Số: ", 3, 16.6, 47)
    day = rubber.row("Ngày: ", 3, 22, 47)
    forward = rubber.row("Chuyển: ", 3, 27.4, 47)
    rubber.row("Lưu hồ sơ số: ", 3, 32.6, 47)
    return rubber, (number, day, forward)


def _written(arrival: Arrival, rubber: Rubber, starts: tuple[Point, ...], rng: np.random.Generator) -> Ink:
    """The pen's ink over the rubber's."""
    mm = rubber.dpi / 25.4
    sheet = np.zeros((rubber.image.height // SCALE, rubber.image.width // SCALE), np.float32)
    for value, (x, baseline) in zip((arrival.number, arrival.day, arrival.forward_to), starts, strict=True):
        if not value:
            continue
        ink = write(value, 3.7 * mm, rng)
        left, bottom = round((x + 2 + rng.uniform(0.5, 2.5)) * mm), round((baseline + 2.4) * mm)
        spot = sheet[max(0, bottom - ink.shape[0]) : bottom, left : left + ink.shape[1]]
        np.maximum(spot, ink[-spot.shape[0] :, : spot.shape[1]], out=spot)
    return sheet


def stamp(page: npt.NDArray[np.uint8], arrival: Arrival, dpi: int, rng: np.random.Generator) -> Point:
    """Press an arrival stamp and fill it in; its width and height in millimetres."""
    rubber, starts = {"nd30": _nd30, "older": _older}[arrival.layout](arrival.organ, dpi)
    centre = (arrival.at[0] * dpi / 25.4, arrival.at[1] * dpi / 25.4)
    press(page, worn(rubber.ink(), rng), centre, COLOURS[arrival.colour], arrival.angle)
    press(page, _written(arrival, rubber, starts, rng), centre, COLOURS["pen"], arrival.angle)
    return rubber.width, rubber.height


def _ring(image: Image.Image, text: str, radius: float, size: int) -> None:
    """Write `text` around the centre, upright at the top."""
    step = min(320 / len(text), math.degrees(size * 0.82 / radius))
    middle = image.width / 2
    for i, letter in enumerate(text):
        turn = (i - (len(text) - 1) / 2) * step
        cell = Image.new("L", (size * 2, size * 2), 0)
        ImageDraw.Draw(cell).text((size, size), letter, 255, font=font("Sans", size), anchor="mm")
        cell = cell.rotate(-turn, Image.Resampling.BICUBIC)
        angle = math.radians(turn - 90)
        spot = (int(middle + radius * math.cos(angle) - size), int(middle + radius * math.sin(angle) - size))
        image.paste(255, spot, cell)


def seal(page: npt.NDArray[np.uint8], text: str, centre: Point, dpi: int, rng: np.random.Generator) -> None:
    """A round seal, 36 mm, red (NĐ 30/2020, art. 33): the organ's name around a star."""
    rubber = Rubber(36, 36, dpi)
    for radius, thick in ((17.6, 0.9), (16.1, 0.3), (10.6, 0.3)):
        ring = (*rubber.at(18 - radius, 18 - radius), *rubber.at(18 + radius, 18 + radius))
        rubber.draw.ellipse(ring, outline=255, width=round(thick * rubber.unit))
    _ring(rubber.image, text + " *", 13.3 * rubber.unit, round((3.4 if len(text) < 28 else 2.9) * rubber.unit))
    reach = ((k, 6.4 if k % 2 == 0 else 2.6) for k in range(10))
    star = [rubber.at(18 + r * math.sin(k * math.pi / 5), 18 - r * math.cos(k * math.pi / 5)) for k, r in reach]
    rubber.draw.polygon(star, 225)
    press(page, worn(rubber.ink(), rng), centre, COLOURS["red"], float(rng.uniform(-14, 14)))


def urgency(page: npt.NDArray[np.uint8], text: str, centre: Point, dpi: int, rng: np.random.Generator) -> None:
    """HỎA TỐC, KHẨN …: bold capitals in a red box (NĐ 30/2020, Appendix I)."""
    rubber = Rubber(32, 9, dpi)
    rubber.frame()
    rubber.text(text.upper(), 16, 4.5, 15)
    press(page, worn(rubber.ink(), rng), centre, COLOURS["red"], float(rng.uniform(-2, 2)))
