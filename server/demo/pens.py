"""Handwriting: digits, letters and signatures as the strokes of one pen, no two alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Ink = npt.NDArray[np.float32]
"""0 is paper, 1 is full ink; height x width."""
SCALE = 4  # drawn larger, then reduced: smooth edges

_STROKES = {  # knots "x,y" in hundredths of a digit's height, y downwards; a semicolon lifts the pen
    "0": "34,2 12,14 4,55 16,95 38,96 54,60 50,16 30,0",
    "1": "6,30 20,14 32,0 ; 32,0 30,50 28,100",
    "2": "6,24 20,3 46,8 46,36 24,70 4,97 ; 4,97 30,93 56,97",
    "3": "7,12 28,0 46,14 40,38 20,46 ; 20,46 46,54 50,80 28,100 4,88",
    "4": "34,0 20,34 4,64 ; 4,64 30,62 58,60 ; 42,38 40,70 38,104",
    "5": "14,4 11,24 9,44 ; 9,44 30,36 50,56 44,88 20,100 3,90 ; 14,4 32,3 52,0",
    "6": "44,0 20,28 6,66 14,96 38,96 48,72 32,54 10,72",
    "7": "5,6 28,6 54,2 ; 54,2 34,46 22,100 ; 16,52 32,50 48,47",
    "8": "44,12 26,0 10,16 22,42 44,62 46,88 24,100 6,84 20,54 42,34 45,10",
    "9": "46,16 24,0 7,20 18,46 38,42 48,14 ; 48,14 46,55 36,100",
    "/": "38,-6 22,50 2,110",
    ".": "8,95 10,98",
    "P": "10,2 9,50 6,100 ; 4,6 34,0 50,24 32,50 10,52",
    "T": "2,5 30,4 60,0 ; 32,4 30,50 28,100",
    "H": "8,0 7,50 4,100 ; 8,52 30,50 50,48 ; 52,0 50,50 48,100",
    "K": "8,0 7,50 5,100 ; 50,2 30,34 8,55 ; 20,46 36,74 54,100",
}


def _knots(letter: str) -> list[npt.NDArray[Any]]:
    strokes = _STROKES[letter].split(";") if letter in _STROKES else []
    return [np.array([knot.split(",") for knot in stroke.split()], float) / 100 for stroke in strokes]


def curve(knots: npt.NDArray[Any], steps: int = 14) -> npt.NDArray[Any]:
    """A Catmull-Rom curve through `knots` (n x 2)."""
    ends = np.vstack([knots[:1], knots, knots[-1:]])
    t = np.linspace(0, 1, steps)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False)
    ]
    return np.vstack(parts)


def _drawn(paths: list[npt.NDArray[Any]], pen: float) -> Ink:
    """Paths in pixels (from 0) as ink; the pen presses harder in the middle of a stroke."""
    far = np.vstack(paths).max(0) + 3 * pen + 2
    image = Image.new("L", (int(far[0] * SCALE), int(far[1] * SCALE)), 0)
    draw = ImageDraw.Draw(image)
    for path in paths:
        points = (path + pen * 1.5) * SCALE
        press = 0.8 + 0.35 * np.sin(np.linspace(0.3, np.pi, len(points)))
        for (x, y), force in zip(points, press, strict=True):
            r = pen * SCALE / 2 * force
            draw.ellipse((x - r, y - r, x + r, y + r), 255)
        draw.line([(float(x), float(y)) for x, y in points], 255, max(1, round(pen * SCALE * 0.85)))
    small = image.filter(ImageFilter.GaussianBlur(SCALE * 0.45)).resize(
        (image.width // SCALE, image.height // SCALE), Image.Resampling.BOX
    )
    return np.asarray(small, np.float32) / np.float32(255)


def write(text: str, height: float, rng: np.random.Generator) -> Ink:
    """`text` written by hand, digits `height` pixels tall."""
    slant, x, paths = rng.uniform(0.08, 0.22), height * 0.3, []
    for letter in text:
        knots = _knots(letter)
        size = height * rng.uniform(0.92, 1.08)
        rise = height * rng.normal(0, 0.03)
        for stroke in knots:
            shaken = stroke + rng.normal(0, 0.016, stroke.shape)
            shaken[:, 0] += (1 - shaken[:, 1]) * slant
            paths.append(curve(shaken * size) + np.array([x, height * 0.15 + rise]))
        right = max((float(stroke[:, 0].max()) for stroke in knots), default=0.3)
        x += size * (right + rng.uniform(0.14, 0.22))
    return _drawn(paths, max(1.6, height * 0.085))


def sign(width: float, rng: np.random.Generator) -> Ink:
    """A signature `width` pixels long: a big first letter, loops that grow small, a long last stroke."""
    first = np.array([(0.02, 0.55), (0.12, 0.05), (0.2, 0.5), (0.1, 0.92), (0.06, 0.6)])
    knots = list(first + rng.normal(0, 0.035, first.shape))
    loops = int(rng.integers(3, 8))
    for i in range(loops):
        left, size = 0.22 + i * 0.5 / loops, rng.uniform(0.08, 0.42) * (1 - 0.6 * i / loops)
        knots += [(left, 0.55 + size * 0.3), (left + 0.06, 0.5 - size), (left + rng.uniform(-0.02, 0.04), 0.52 + size)]
    knots += [(0.76, rng.uniform(0.35, 0.6)), (0.98, rng.uniform(0.1, 0.45))]
    path = curve(np.array(knots) + rng.normal(0, 0.015, (len(knots), 2)))
    flourish = curve(np.array([(0.1, 0.95), (0.5, 0.8), (0.9, 0.7)]) + rng.normal(0, 0.04, (3, 2)))
    scale = np.array([width, width * 0.42])
    paths = [path * scale, flourish * scale][: 1 + int(rng.random() < 0.6)]
    lowest = min(float(path.min()) for path in paths)
    return _drawn([path - min(0.0, lowest) for path in paths], max(1.5, width * 0.013))
