"""The reading image: what the recogniser is shown instead of the scan itself.

Coloured ink is lifted to paper, the page is brought to the size Tesseract reads best, the paper is made evenly white
and the lines are set level when they are not. What each step is worth stands in docs/decisions.md; plain grey instead
of max(R, G, B) costs two to five points in headers, where seals and stamps lie.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageFilter
from PIL.Image import Resampling

from archive.reading import Box

READING_DPI = 300
"""Of stamps and handwriting."""
LETTERS_DPI = 200
"""Of print: a line of 14 points is then as high as Tesseract's network wants it, and grain is averaged away. At 300 dpi
bad simulated pages had twice as many wrong characters and took a third more processor time."""
FINE_DPI = 300
"""Of small print."""
SMALL_PRINT = 6.3
"""Points that words are high of print so small (8 points and less) that it reads better at `FINE_DPI`."""
GRAIN = 0.5
"""Radius, in pixels of the reading image, within which what is left of the grain is evened out."""
LEAST_SKEW = 0.4
"""Degrees; Tesseract levels less by itself."""
STAINED, CLEAN = (20, 225), (10, 235)
"""What is darker or lighter on a flattened page is all ink or all paper; on a clean page thin marks need their grey."""
STAINS = 1.2
"""Pixels of middling grey for one of ink: .5 to 1.0 on real scans, 1.4 and more where the back shines through."""
_BAND = 128
"""Rows worked on at a time, so that they stay in the cache."""
BLANK = 2e-4
"""`ink` below which a page is blank."""
COLOURED = 3e-3
"""`ink` from which coloured ink alone makes a page."""


def without_colour(image: Image.Image) -> Image.Image:
    """Grey by the brightest channel: red, blue and violet ink fade, black stays."""
    if image.mode in ("L", "1"):
        return image.convert("L")
    red, green, blue = image.convert("RGB").split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def flattened(grey: Image.Image, dpi: float) -> Image.Image:
    """The page divided by its paper: shadows and yellowing become white."""
    table = (255.0 / np.maximum(np.arange(256), 40)).astype(np.float32)
    below = np.asarray(_paper(grey, max(4, round(dpi / 25))))
    pixels = np.asarray(grey)
    even = np.empty_like(pixels)
    for top in range(0, len(pixels), _BAND):
        band = pixels[top : top + _BAND] * table[below[top : top + _BAND]]
        even[top : top + _BAND] = np.minimum(band, 255, out=band)
    return Image.fromarray(even)


def cleared(grey: Image.Image, dpi: float, is_bilevel: bool = False) -> Image.Image:
    """The page flattened, without grain, and with what shines through from the back gone to white.

    The grain must go before the grey is spread. On stained pages spreading less loses whole headings to what shines
    through; on clean ones it keeps letters: 1.75 → 1.43 and .90 → .65 % of those of two real pages. What the scanner
    made black or white has lost its thin marks before; spread less, headings under black seals read worse.
    """
    even = flattened(grey.filter(ImageFilter.GaussianBlur(GRAIN)), dpi)
    ink, paper = STAINED if is_bilevel or _is_stained(even) else CLEAN
    spread = 255.0 / (paper - ink)
    return even.point([min(255, max(0, round((level - ink) * spread))) for level in range(256)])


def _is_stained(even: Image.Image) -> bool:
    """Whether much of the paper is neither white nor ink; the outer twentieth, where scanners leave shadows, aside."""
    wide, high = even.width // 20, even.height // 20
    levels = even.crop((wide, high, max(wide + 1, even.width - wide), max(high + 1, even.height - high))).histogram()
    return sum(levels[160:240]) > STAINS * sum(levels[:150])


def _paper(grey: Image.Image, step: int) -> Image.Image:
    small = grey.resize((max(1, grey.width // step), max(1, grey.height // step)), Resampling.BOX)
    small = small.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.GaussianBlur(3))
    return small.resize(grey.size, Resampling.BILINEAR)


def best_grey(image: Image.Image) -> Image.Image | None:
    """The page without coloured ink, or with it where there is hardly any other; None when the page is blank.

    A seal that shines through to a blank back has .0009 of ink (measured), a seal itself .003 and more.
    """
    plain = without_colour(image)
    if image.mode == "L":
        return plain if ink(plain) >= BLANK else None
    black, every = ink(plain), ink(image.convert("L"))
    if black < max(BLANK, 0.3 * every) and every >= COLOURED:
        return image.convert("L")
    return plain if black >= BLANK else None


def ink(grey: Image.Image) -> float:
    """Share of dark pixels on a small even copy: text pages have .01 and more, blank ones 1e-5 and less."""
    small = grey.resize((max(1, 620 * grey.width // max(grey.size)), max(1, 620 * grey.height // max(grey.size))),
                        Resampling.BOX)  # fmt: skip
    inside = within_borders(np.asarray(flattened(small, 75)))
    return float((inside < 170).mean()) if inside.size else 0.0


def within_borders(pixels: np.ndarray) -> np.ndarray:
    """The page without its outer twenty-fifth: scanners leave black borders; what matters stands inside."""
    rows, columns = pixels.shape[0] // 25, pixels.shape[1] // 25
    return pixels[rows : pixels.shape[0] - rows, columns : pixels.shape[1] - columns]


def skew(grey: Image.Image, most: float = 4.0) -> float:
    """Degrees anticlockwise the lines must be turned to lie level, by the sharpest profile of a small copy."""
    small = grey.resize((620, max(1, round(grey.height * 620 / grey.width))), Resampling.BOX)
    pixels = np.asarray(small, np.float32)
    around = np.asarray(small.filter(ImageFilter.BoxBlur(12)), np.float32)
    rows = pixels.shape[0] // 20
    dark = (pixels < around * 0.86)[rows : pixels.shape[0] - rows, 20:-20]
    y, x = np.nonzero(dark)
    if len(x) < 200:
        return 0.0
    x = x - x.mean()
    height = dark.shape[0]
    best = max(np.arange(-most, most + 0.01, 0.5), key=lambda angle: _sharpness(x, y, angle, height))
    best = max(np.arange(best - 0.5, best + 0.51, 0.1), key=lambda angle: _sharpness(x, y, angle, height))
    return float(best)


def _sharpness(x: np.ndarray, y: np.ndarray, angle: float, height: int) -> float:
    rows = np.clip(np.round(y - x * math.tan(math.radians(angle))).astype(np.int64) + 60, 0, height + 120)
    profile = np.bincount(rows, minlength=height + 121).astype(np.float64)
    return float(((profile[1:] - profile[:-1]) ** 2).sum())


def levelled(grey: Image.Image) -> tuple[Image.Image, float]:
    """The page with its lines level, and the degrees anticlockwise it was turned by (0.0: as it was)."""
    angle = skew(grey)
    if abs(angle) < LEAST_SKEW:
        return grey, 0.0
    return grey.rotate(angle, Resampling.BILINEAR, fillcolor=255), angle


def unlevelled(box: Box, angle: float, size: tuple[int, int]) -> Box:
    """Where a box of the levelled page stands on the page as it was; its own size is kept."""
    if not angle:
        return box
    width, height = size
    x, y = (box[0] + box[2] - 1) / 2 * width, (box[1] + box[3] - 1) / 2 * height
    turn = math.radians(angle)
    x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    half_wide, half_high = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    x, y = x / width + 0.5, y / height + 0.5
    edges = x - half_wide, y - half_high, x + half_wide, y + half_high
    left, top, right, bottom = (min(1.0, max(0.0, edge)) for edge in edges)
    return left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as the recogniser is shown it."""

    image: Image.Image
    angle: float
    """Degrees anticlockwise it was turned by."""
    dpi: float


def for_reading(grey: Image.Image, dpi: float | None, aim: float = LETTERS_DPI) -> Shown:
    """The reading image of a grey page: at about `aim` dots an inch, even and level."""
    real, is_bilevel = likely_dpi(grey.size, dpi), bool(grey.getcolors(2))
    if not 0.9 <= real / aim <= 1.1:
        scale = min(aim / real, 3.0)
        grey = grey.resize((round(grey.width * scale), round(grey.height * scale)),
                           Resampling.HAMMING if scale < 1 else Resampling.BICUBIC)  # fmt: skip
        real *= scale
    image, angle = levelled(cleared(grey, real, is_bilevel))
    return Shown(image, angle, real)


def is_small_print(boxes: Sequence[Box], shown: Shown) -> bool:
    """Whether words that stand in these boxes of `shown` are so small that they should be shown larger."""
    if len(boxes) < 20:
        return False
    height = statistics.median(box[3] - box[1] for box in boxes) * shown.image.height
    return height / shown.dpi * 72 < SMALL_PRINT


def likely_dpi(size: tuple[int, int], claimed: float | None) -> float:
    """The claimed resolution when it makes a page between A5 and A3; else that of an A4 page of these pixels."""
    longest = max(size)
    if claimed and 7.5 <= longest / claimed <= 17:
        return claimed
    return longest / 11.69
