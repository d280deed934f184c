"""Ink on paper apart from the paper: what is dark, what is red, what is blue; and the pen lifted off a stamp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from archive.reading import Page

Mask = NDArray[np.bool_]
Pixels = NDArray[np.float32]

A4_WIDTH = 210.0
FAINT = 14
"""Grey levels below its surroundings at which a stroke on a 75-dpi copy counts as ink: worn stamps are pale."""
MOST_AMOUNT = 80
"""Grey levels, or levels of colour, from which on ink is no stronger."""
COLOURED = 26
"""Levels between channels that make ink coloured; JPEG gives black print up to some 20."""


@dataclass(frozen=True)
class Plane:
    """The ink of one kind on a small copy of the page."""

    kind: str
    """dark | red | blue (violet is among both)"""
    mask: Mask
    scale: float
    """Pixels of the copy per pixel of the page image."""
    amount: NDArray[np.uint8]
    """Levels by which each pixel is darker, or more coloured, than its surroundings; at most MOST_AMOUNT."""


def per_mm(page: Page, image: Image.Image) -> float:
    """Pixels of the page image per millimetre; without a believable dpi the page is taken for A4."""
    by_width = min(image.size) / A4_WIDTH
    told = page.dpi / 25.4 * (image.width / page.width if page.width else 1.0) if page.dpi else by_width
    return told if 0.7 < told / by_width < 1.4 else by_width


def planes(image: Image.Image, scale: float, least: int = 600) -> list[Plane]:
    """The dark ink, and the red and the blue where there are at least so many pixels of the copy of it."""
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    without_colour = image.mode in ("1", "L")
    small = image.convert("L" if without_colour else "RGB").resize(size, Image.Resampling.BOX)
    dark = _dark(small.convert("L"))
    found = [Plane("dark", dark > FAINT, scale, _amount(dark))]
    if without_colour:
        return found
    colours = _whitened(np.asarray(small, np.float32))
    red, green, blue = colours[..., 0], colours[..., 1], colours[..., 2]
    for kind, strength in (("red", red - green), ("blue", blue - np.minimum(red, green))):
        mask = strength > COLOURED
        if least < mask.sum() < 0.3 * mask.size:
            found.append(Plane(kind, mask, scale, _amount(strength)))
    return found


def _dark(grey: Image.Image) -> NDArray[np.int16]:
    """Levels by which each pixel is darker than its surroundings."""
    return np.asarray(grey.filter(ImageFilter.BoxBlur(10)), np.int16) - np.asarray(grey, np.int16)


def _amount(strength: NDArray[Any]) -> NDArray[np.uint8]:
    return strength.clip(0, MOST_AMOUNT).astype(np.uint8)


def _whitened(pixels: Pixels) -> Pixels:
    """Tinted paper made neutral."""
    paper = np.percentile(pixels.reshape(-1, 3)[::7], 85, axis=0)
    return np.clip(pixels / np.maximum(paper, 60) * 255, 0, 255)


def only(picture: Image.Image, kind: str) -> Image.Image:
    """The ink of this kind, dark on white; the picture itself when the ink has no colour of its own."""
    if kind == "dark":
        return picture
    pixels = _whitened(np.asarray(picture.convert("RGB"), np.float32))
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    strength = red - np.maximum(green, blue) if kind == "red" else blue - np.minimum(red, green)
    full = max(40.0, float(np.percentile(strength, 97)))
    return Image.fromarray(np.clip(255 - strength * (255 / full), 0, 255).astype(np.uint8))


def pen_only(picture: Image.Image, kind: str) -> Image.Image:
    """The picture with ink of this kind turned pale, so that a pen of another colour stands alone; grey."""
    if kind == "dark":
        return picture.convert("L")
    pixels = _whitened(np.asarray(picture.convert("RGB"), np.float32))
    red, blue = pixels[..., 0], pixels[..., 2]
    kept = red if kind == "red" else np.maximum(blue, red * 0.9)
    return Image.fromarray(kept.astype(np.uint8))


def line_alone(strip: Image.Image) -> Image.Image:
    """A grey strip of one line: its ink stretched to black on white, and what hangs in from the lines above and below
    it taken away."""
    grey = np.asarray(strip.convert("L"), np.float32)
    paper, dark = float(np.percentile(grey, 80)), float(np.percentile(grey, 1))
    stretched = np.clip((grey - dark) / max(50.0, paper - dark) * 255, 0, 255)
    stretched[_hanging(stretched < 140)] = 255
    return Image.fromarray(stretched.astype(np.uint8))


def _hanging(dark: Mask) -> Mask:
    """Ink that runs in from the upper or lower edge and ends within the outer fifth."""
    fifth = max(1, dark.shape[0] // 5)
    gone = np.zeros_like(dark)
    for rows in (dark, dark[::-1]):
        run = np.logical_and.accumulate(rows, axis=0)
        short = ~run[fifth]
        part = gone if rows is dark else gone[::-1]
        part[:fifth] |= run[:fifth] & short
    return gone
