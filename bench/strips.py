"""Made-up strips of handwriting as the archive cuts them out of stamps and header lines, with what is written there.

The pens are scansim's with real digits of MNIST, and handwriting fonts (OFL, Apache-2.0) where a folder of them is
given; what is around the pen (labels, leaders, frames, other lines, print below) and what scanners do to it is drawn
here, a strip at a time: a whole page of scansim takes two seconds, a strip a fiftieth of one.
"""

from __future__ import annotations

import datetime
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from archive import ink as lift
from archive.labels import PX

Pixels = NDArray[Any]
FONTS = Path("/usr/share/fonts/truetype/croscore")
FACES = ("Tinos-Regular", "Tinos-Bold", "Tinos-Italic", "Arimo-Regular", "Arimo-Bold")
INKS = {"red": (205, 30, 45), "blue": (40, 60, 170), "violet": (115, 45, 135), "black": (35, 35, 38)}
BODY = "Ủy ban nhân dân tỉnh Căn cứ Luật tổ chức chính quyền địa phương thực hiện công văn số ngày tháng về việc"
WIDE, TALL = 46.0, 13.0
"""mm drawn around a line of a stamp."""
TRAINED = 0.8
"""The first part of each digit's samples; scansim's `--digits-part test` is the rest."""


@dataclass(frozen=True)
class Made:
    """A strip and what the pen wrote in it: kind number | day | date | time; date and time as written."""

    kind: str
    text: str
    picture: Image.Image


def digit_samples(scansim: Path, digits: Path, part: str) -> tuple[Any, Any]:
    """scansim's pens and digits. train: four fifths of MNIST; test: the last fifth of MNIST and of USPS; calibration:
    four fifths of USPS, which is given for research and so never trained on."""
    sys.path.insert(0, str(scansim))
    import pens  # type: ignore[import-not-found]

    if part == "test":
        return pens, pens.load_digits(digits, "test")
    source = pens._mnist(digits / pens.MNIST_ARCHIVE) if part == "train" else pens._usps(digits / pens.USPS_ARCHIVE)
    return pens, pens.DigitSamples([list(one[: int(len(one) * TRAINED)]) for one in source])


def strips(seed: int, pens: Any, samples: Any, pen_fonts: Sequence[str] = ()) -> Iterator[Made]:
    """Strips without end; the same seed draws the same."""
    rng = np.random.default_rng(seed)
    while True:
        hand = pens.random_hand(rng, samples, list(pen_fonts))
        made = _header(hand, pens, rng) if rng.random() < 0.22 else _stamp_line(hand, pens, rng)
        if made.picture.width > 8 and made.picture.height > 8:
            yield made


def written(kind: str, rng: np.random.Generator) -> str:
    """What a clerk writes in a field of this kind; now and then nothing."""
    if rng.random() < 0.05:
        return ""
    if kind == "number":
        text = str(int(rng.integers(1, 10 ** int(rng.choice([1, 2, 3, 4, 5], p=[0.12, 0.26, 0.3, 0.27, 0.05])))))
        return text.zfill(int(rng.integers(2, 4))) if rng.random() < 0.15 else text
    if kind == "day":
        day = int(rng.integers(1, 32))
        return f"{day:02d}" if rng.random() < 0.6 else str(day)
    if kind == "time":
        hour = int(rng.integers(7, 18))
        return str(rng.choice(["S", "C", f"{hour}h", f"{hour}h{int(rng.integers(0, 12)) * 5:02d}"]))
    return _date(rng)


def _date(rng: np.random.Generator) -> str:
    day = datetime.date(2005, 1, 1) + datetime.timedelta(days=int(rng.integers(0, 9000)))
    separator = str(rng.choice(["/", ".", "-", "|"], p=[0.6, 0.14, 0.13, 0.13]))
    parts = [f"{day.day:02d}" if rng.random() < 0.6 else str(day.day)]
    parts.append(f"{day.month:02d}" if rng.random() < 0.45 else str(day.month))
    if rng.random() < 0.93:
        parts.append(str(day.year) if rng.random() < 0.4 else f"{day.year % 100:02d}")
    return separator.join(parts)


# ---------------------------------------------------------------- a line of a stamp


def _stamp_line(hand: Any, pens: Any, rng: np.random.Generator) -> Made:
    kind = str(rng.choice(["number", "date", "time"], p=[0.42, 0.5, 0.08]))
    scale = float(rng.choice([200, 200, 300])) / 25.4
    page = np.full((round(TALL * scale), round(WIDE * scale), 3), 255, np.float32)
    if rng.random() < 0.5:
        _press(page, _body(page.shape, scale, rng), (30, 30, 34))
    base, step = rng.uniform(6.6, 8.2), rng.uniform(4.2, 6.6)
    left, right = rng.uniform(6, 10), rng.uniform(32, 45)
    colour = str(rng.choice(list(INKS), p=[0.25, 0.15, 0.1, 0.5]))
    rubber = _rubber(page.shape, scale, kind, (left, right, base, step), rng)
    _press(page, rubber * rng.uniform(0.65, 0.97) * _patchy(rubber.shape, pens, rng), INKS[colour])
    text = written(kind, rng)
    tall = rng.uniform(3.1, 5.4)
    end = left
    for line, value in ((0, text), (-1, _other(rng)), (1, _other(rng))):
        if value:
            reached = _write(page, value, (left, right, base + line * step), tall, scale, hand, pens, rng)
            end = reached if line == 0 else end
    picture = _scanned(page, rng)
    size = round(picture.width / scale * PX), round(picture.height / scale * PX)
    picture = picture.resize(size, Image.Resampling.BICUBIC)
    kinds = {"red": "red", "blue": "blue", "violet": str(rng.choice(["red", "blue"]))}
    lifted = lift.pen_only(picture, kinds.get(colour, "dark") if picture.mode == "RGB" else "dark")
    height, above = ((7.2, 2.55), (6.4, 2.3), (5.6, 1.9))[int(rng.choice(3, p=[0.5, 0.3, 0.2]))]
    middle = base - above + rng.normal() * 0.45
    start = left - 0.6 + rng.normal() * 0.9
    stop = right - 0.8 + rng.normal() * 0.5
    if rng.random() < 0.6:  # a shorter cut holds the same writing and costs less to learn from
        stop = min(stop, max(end + rng.uniform(0.5, 4), start + 4))
    box = (start, middle - height / 2, stop, middle + height / 2)
    x0, y0, x1, y1 = (round(v * PX) for v in box)
    cut = lifted.crop((x0, y0, x1, y1))
    return Made(kind, text, lift.line_alone(cut) if rng.random() < 0.5 else cut)


def _other(rng: np.random.Generator) -> str:
    """What stands on the lines above and below."""
    return written(str(rng.choice(["number", "date"])), rng) if rng.random() < 0.45 else ""


def _rubber(
    shape: tuple[int, ...], scale: float, kind: str, place: tuple[float, ...], rng: np.random.Generator
) -> Pixels:
    left, right, base, step = place
    image = Image.new("L", (shape[1], shape[0]), 0)
    draw = ImageDraw.Draw(image)
    thick = max(1, round(rng.uniform(0.3, 0.65) * scale))
    font = ImageFont.truetype(str(FONTS / f"{rng.choice(FACES[:2])}.ttf"), round(rng.uniform(3.3, 4.4) * scale))
    labels = {"number": "Số:", "date": "Ngày:", "time": "Giờ:"}
    for line in (-1, 0, 1):
        name = labels[kind] if line == 0 else str(rng.choice(["Số", "Ngày:", "Chuyển:", "ĐẾN"]))
        start = left if line == 0 else left + rng.uniform(-1, 5)
        y = (base + line * step) * scale
        draw.text(((left if line == 0 else start) * scale, y), name, 255, font=font, anchor="rs")
        dots = "." * max(2, int((right - 2.5 - start) * scale / font.getlength(".")))
        if rng.random() < 0.9:
            draw.text((start * scale, y), dots, 255, font=font, anchor="ls")
    draw.line((right * scale, 0, right * scale, shape[0]), fill=255, width=thick)
    if rng.random() < 0.35:
        y = (base + rng.choice([-1, 1]) * rng.uniform(1.6, 6.0) + 0.4) * scale
        draw.line((0, y, shape[1], y), fill=255, width=thick)
    return np.asarray(image, np.float32) / 255


def _write(
    page: Pixels, text: str, place: tuple[float, float, float], tall: float, scale: float, hand: Any, pens: Any,
    rng: np.random.Generator,
) -> float:  # fmt: skip
    """Ink of the pen on a leader; returns where it ends, mm."""
    left, right, base = place
    mask, _ = pens.trim(hand.write(text, tall * scale * rng.uniform(0.92, 1.08), rng))
    room = (right - left - 2) * scale
    if mask.shape[1] > room:
        size = int(room), max(4, int(mask.shape[0] * (room / mask.shape[1]) ** 0.6))
        small = Image.fromarray((mask * 255).astype(np.uint8)).resize(size, Image.Resampling.LANCZOS)
        mask = np.asarray(small, np.float32) / 255
    x = int(left * scale + rng.uniform(0.02, 0.6) * max(0.0, room - mask.shape[1]))
    y = int((base + rng.uniform(-0.9, 0.5)) * scale - mask.shape[0])
    top, y = max(0, -y), max(0, y)
    mask = mask[top : top + page.shape[0] - y, : page.shape[1] - x]
    page[y : y + mask.shape[0], x : x + mask.shape[1]] *= 1 - mask[..., None] * (
        1 - np.array(hand.colour, np.float32) / 255
    )
    return float((x + mask.shape[1]) / scale)


def _body(shape: tuple[int, ...], scale: float, rng: np.random.Generator) -> Pixels:
    """Lines of a paper's text, a little askew, as under a stamp that was pressed upon it."""
    image = Image.new("L", (shape[1], shape[0]), 0)
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(str(FONTS / f"{rng.choice(FACES[:3])}.ttf"), round(rng.uniform(4.3, 5.2) * scale))
    pitch = rng.uniform(5.5, 9)
    begin, end = sorted(rng.uniform(0, WIDE, 2)) if rng.random() < 0.5 else (0.0, WIDE)
    for y in np.arange(rng.uniform(0, pitch), TALL + 3, pitch):
        words = " ".join(rng.choice(BODY.split(), 14))
        draw.text(((begin - rng.uniform(0, 6)) * scale, y * scale), words, 255, font=font, anchor="ls")
    draw.rectangle((0, 0, begin * scale, shape[0]), fill=0)
    draw.rectangle((end * scale, 0, WIDE * scale + 2, shape[0]), fill=0)
    turned = image.rotate(rng.normal() * 3, Image.Resampling.BILINEAR)
    return np.asarray(turned, np.float32) / 255


def _press(page: Pixels, mask: Pixels, colour: tuple[int, int, int]) -> None:
    page *= 1 - mask[..., None] * (1 - np.array(colour, np.float32) / 255)


def _patchy(shape: tuple[int, ...], pens: Any, rng: np.random.Generator) -> Pixels:
    broad = np.abs(pens.smooth_noise(*shape, 60, rng)) * 0.5 + np.clip(pens.smooth_noise(*shape, 9, rng), 0, None) * 0.3
    taken: Pixels = np.clip(1 - rng.uniform(0.1, 0.6) * broad, 0, 1).astype(np.float32)
    return taken


# ---------------------------------------------------------------- a gap in a header line


def _header(hand: Any, pens: Any, rng: np.random.Generator) -> Made:
    """A number or day alone, with what the cut leaves of the printed words beside it."""
    kind = str(rng.choice(["number", "day"]))
    size = int(rng.integers(32, 58))
    face = ("Tinos-Regular", "Tinos-Italic", "Arimo-Regular")[int(rng.integers(3)) if kind == "number" else 1]
    font = ImageFont.truetype(str(FONTS / f"{face}.ttf"), size)
    before, after = (str(rng.choice(["Số:", "Số", "Số: "])), "/UBND") if kind == "number" else ("ngày", "tháng")
    text = written(kind, rng)
    pen = np.zeros((4, 4), np.float32)
    if text and rng.random() < 0.9:
        pen, _ = pens.trim(hand.write(text, size * rng.uniform(0.65, 1.1), rng))
    gap = max(int(size * rng.uniform(1.0, 2.2)) if not text else size // 2, int(pen.shape[1] * rng.uniform(0.95, 1.4)))
    wide = round(font.getlength(before) + gap + font.getlength(after) + size)
    page = np.full((int(size * 2.4), wide, 3), 255, np.float32)
    image = Image.new("L", (wide, page.shape[0]), 0)
    draw, start = ImageDraw.Draw(image), size / 4 + font.getlength(before)
    draw.text((size / 4, size * 0.55), before, 255, font)
    draw.text((start + gap, size * 0.55), after, 255, font)
    if text and pen.shape[0] == 4:  # printed after all
        draw.text((start + 2, size * 0.55), text, 255, font)
    if rng.random() < 0.25:
        draw.text((start, size * 0.55), "." * int(gap / font.getlength(".")), 255, font)
    _press(page, np.asarray(image, np.float32) / 255, (30, 30, 34))
    y = max(0, int(size * 1.45 - pen.shape[0] * rng.uniform(0.85, 1.05)))
    x = int(start + rng.uniform(0, max(1, gap - pen.shape[1])))
    mask = pen[: page.shape[0] - y, : wide - x]
    page[y : y + mask.shape[0], x : x + mask.shape[1]] *= 1 - mask[..., None] * (
        1 - np.array(hand.colour, np.float32) / 255
    )
    picture = _scanned(page, rng)
    margin = size * rng.uniform(-0.05, 0.25, 2)
    top, foot = size * rng.uniform(0.1, 0.35), size * rng.uniform(1.7, 2.1)
    cut = picture.crop((round(start - margin[0]), round(top), round(start + gap + margin[1]), round(foot)))
    return Made(kind, text, cut.convert("L") if rng.random() < 0.5 else cut)


# ---------------------------------------------------------------- the scanner


def _scanned(page: Pixels, rng: np.random.Generator) -> Image.Image:
    """Paper, blur, noise, a little turn, JPEG; colour, grey or black and white."""
    paper = np.array([1, 1, 1 - rng.uniform(0, 0.05)], np.float32) * rng.uniform(0.86, 1.0)
    page = (255 - (255 - page) * rng.uniform(0.7, 1.0)) * paper
    picture = Image.fromarray(page.clip(0, 255).astype(np.uint8))
    tint = tuple(int(v) for v in paper * 255)
    picture = picture.rotate(rng.normal() * 0.7, Image.Resampling.BICUBIC, fillcolor=tint)
    picture = picture.filter(ImageFilter.GaussianBlur(abs(rng.normal()) * 0.7))
    noisy = np.asarray(picture, np.float32) + rng.normal(0, rng.uniform(0, 9), (*page.shape[:2], 1))
    picture = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
    depth = rng.choice(["colour", "grey", "bilevel"], p=[0.4, 0.2, 0.4])
    if depth == "bilevel":
        limit = float(paper[0]) * 255 * rng.uniform(0.56, 0.78)
        return picture.convert("L").point(lambda v: 255 if v > limit else 0)
    picture = picture if depth == "colour" else picture.convert("L")
    if rng.random() < 0.7:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=int(rng.integers(45, 95)))
        picture = Image.open(file)
        picture.load()
    return picture
