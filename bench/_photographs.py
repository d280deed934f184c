"""Photographs of papers made from scans: askew on a table with a grain, light from one side, a little noise."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageFilter

SIZE = (3000, 4000)
GROUNDS = ((120, 80, 45), (60, 60, 70), (150, 140, 130), (30, 30, 30))


def photographed(page: Image.Image, seed: int) -> Image.Image:
    """`page` (A4) as a telephone of twelve million pixels takes it."""
    chance = np.random.default_rng(seed)
    page = page.convert("RGB")
    how = _view(page.size, _corners(chance))
    laid, mask = (
        image.transform(SIZE, Image.Transform.PERSPECTIVE, how, Image.Resampling.BICUBIC)
        for image in (page, Image.new("L", page.size, 255))
    )
    seen = np.asarray(Image.composite(laid, _table(chance, GROUNDS[seed % len(GROUNDS)]), mask), np.float32)
    x, y = np.meshgrid(np.linspace(0, 1, SIZE[0]), np.linspace(0, 1, SIZE[1]))
    light = 1 - 0.45 * np.clip(x * math.cos(seed) + y * math.sin(seed), 0, 1)
    noisy = seen * light[..., None] + chance.normal(0, 4, seen.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.8))


def _corners(chance: np.random.Generator) -> list[tuple[float, float]]:
    """Where the corners of the sheet are seen: turned by up to 8 degrees, the far side smaller."""
    wide, high = 0.36 * SIZE[0], 0.36 * SIZE[0] * math.sqrt(2)
    turn = math.radians(chance.uniform(-8, 8))
    corners = []
    for x, y in ((-wide, -high), (wide, -high), (wide, high), (-wide, high)):
        x *= 1 + 0.12 * y / SIZE[1]
        corners.append((
            SIZE[0] / 2 + x * math.cos(turn) - y * math.sin(turn) + chance.uniform(-40, 40),
            SIZE[1] / 2 + x * math.sin(turn) + y * math.cos(turn) + chance.uniform(-40, 40),
        ))  # fmt: skip
    return corners


def _view(size: tuple[int, int], corners: list[tuple[float, float]]) -> tuple[float, ...]:
    rows, values = [], []
    for (u, v), (x, y) in zip(((0, 0), (size[0], 0), size, (0, size[1])), corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return tuple(np.linalg.solve(np.array(rows, float), np.array(values, float)))


def _table(chance: np.random.Generator, colour: tuple[int, int, int]) -> Image.Image:
    grain = Image.fromarray((chance.random((SIZE[1] // 40, SIZE[0] // 400)) * 255).astype(np.uint8))
    shade = 0.75 + np.asarray(grain.resize(SIZE, Image.Resampling.BICUBIC), np.float32)[..., None] / 512
    return Image.fromarray((np.array(colour, np.float32) * shade).clip(0, 255).astype(np.uint8))
