"""What an office's paper and scanner do to a page: skew, soft lenses, yellow paper, dirt, the back shining through."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Pixels = npt.NDArray[np.uint8]
Light = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Level:
    """How hard a page has been used."""

    skew: float
    """Degrees, at most."""
    blur: float
    """Radius in millimetres."""
    noise: float
    """Grey levels, one standard deviation."""
    quality: int
    """JPEG."""
    paper: tuple[int, int, int]
    ink: float
    """Share of its blackness that print has kept."""
    dirt: float
    """Specks a square centimetre."""
    bleed: float
    """Share of the back's blackness that shows."""
    shadow: float
    """Share of the light lost at the darkest edge."""


LEVELS = {
    "office": Level(0.8, 0.05, 3, 82, (250, 248, 243), 0.97, 0.12, 0.03, 0.04),
    "worn": Level(2.0, 0.08, 6, 65, (238, 235, 224), 0.87, 0.6, 0.10, 0.14),
}


def wear(pixels: Pixels, back: Pixels | None, level: str, dpi: int, rng: np.random.Generator) -> Image.Image:
    """A printed and stamped page (height x width x 3) as scanned; `back` is what is printed on its other side."""
    how = LEVELS[level]
    page = 255 - (255 - pixels.astype(np.float32)) * np.float32(how.ink)
    if back is not None:
        page *= _through(back, how.bleed, dpi)
    page *= np.array(how.paper, np.float32) / 255
    turned = Image.fromarray(page.clip(0, 255).astype(np.uint8)).rotate(
        float(rng.uniform(-how.skew, how.skew)), Image.Resampling.BICUBIC, fillcolor=how.paper
    )
    page = np.asarray(turned.filter(ImageFilter.GaussianBlur(how.blur * dpi / 25.4)), np.float32).copy()
    page *= _light(page.shape[0], page.shape[1], how.shadow, rng)
    page += rng.standard_normal((*page.shape[:2], 1), dtype=np.float32) * np.float32(how.noise)
    _soil(page, how.dirt, dpi, rng)
    return _compressed(page.clip(0, 255).astype(np.uint8), how.quality)


def _through(back: Pixels, share: float, dpi: int) -> Light:
    """How much of the light the print on the back lets pass, seen in the mirror."""
    print_ = Image.fromarray(back).convert("L").transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    soft = np.asarray(print_.filter(ImageFilter.GaussianBlur(dpi / 130)), np.float32)
    return np.asarray(1 - share * (1 - soft / 255), np.float32)[..., None]


def _light(height: int, width: int, shadow: float, rng: np.random.Generator) -> Light:
    """The lamp's light over the page: patches, and darker towards the bound edge."""
    patches = Image.fromarray(rng.normal(size=(4, 3)).astype(np.float32))
    uneven = np.abs(np.asarray(patches.resize((width, height), Image.Resampling.BICUBIC)))
    edge = np.exp(-np.linspace(0, 1, width, dtype=np.float32) * rng.uniform(8, 18))
    return np.asarray(1 - shadow * np.clip(0.35 * uneven + 0.8 * edge[None], 0, 1.2), np.float32)[..., None]


def _soil(page: Light, dirt: float, dpi: int, rng: np.random.Generator) -> None:
    height, width = page.shape[:2]
    for _ in range(int(dirt * height * width * (2.54 / dpi) ** 2)):
        x, y, r = int(rng.integers(width)), int(rng.integers(height)), int(rng.integers(1, max(2, dpi // 90)))
        page[y : y + r, x : x + r] *= rng.uniform(0.15, 0.7)


def _compressed(pixels: Pixels, quality: int) -> Image.Image:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")
