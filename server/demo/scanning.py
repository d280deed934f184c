"""From printed sheets to scanned pages: pen, seals and stamps, then a scanner's skew and noise."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from server.demo import ink, pens
from server.demo.paper import Paper, Point, Sample
from server.demo.typesetting import A4_MM, Sheet, set_paper
from server.demo.wear import wear

PAPER_COLOUR = (250, 249, 245)
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Scanned:
    """One page of a file."""

    image: Image.Image
    paper: str
    """Slug of the paper it belongs to."""
    marks: tuple[dict[str, Any], ...]
    """kind (arrival, round_seal, urgency), box as fractions of the page, and what it says."""


def scan_sample(sample: Sample, dpi: int, seed: int) -> list[Scanned]:
    """Every page of the file in order."""
    pages = [page for paper in sample.papers for page in scan_paper(paper, dpi, seed, sample.skew, sample.depth)]
    if sample.blank_back:
        blank = np.full_like(np.asarray(pages[0].image.convert("RGB")), 255)
        rng = np.random.default_rng(seed + 1)
        pages.append(Scanned(_scanned(blank, -sample.skew, sample.depth, rng), sample.papers[-1].slug, ()))
    return pages


def worn_pages(paper: Paper, dpi: int, seed: int, level: str) -> list[Image.Image]:
    """The pages of one paper, printed on both sides, as scans of `level` (`server.demo.wear.LEVELS`)."""
    rng = np.random.default_rng([seed, zlib.crc32(paper.slug.encode())])
    sheets = []
    for number, sheet in enumerate(set_paper(paper, dpi)):
        pixels = np.asarray(sheet.image.convert("RGB")).copy()
        _finish(pixels, paper, sheet, number == 0, dpi, rng)
        sheets.append(pixels)
    backs = [sheets[n ^ 1] if n ^ 1 < len(sheets) else None for n in range(len(sheets))]
    return [wear(front, back, level, dpi, rng) for front, back in zip(sheets, backs, strict=True)]


def scan_paper(paper: Paper, dpi: int, seed: int, skew: float = 0.3, depth: str = "colour") -> list[Scanned]:
    """The pages of one paper; `skew` in degrees anticlockwise."""
    rng = np.random.default_rng([seed, zlib.crc32(paper.slug.encode())])
    pages = []
    for number, sheet in enumerate(set_paper(paper, dpi)):
        pixels = np.asarray(sheet.image.convert("RGB")).copy()
        marks = _finish(pixels, paper, sheet, number == 0, dpi, rng)
        told = tuple(mark | {"box": _skewed(mark["box"], skew)} for mark in marks)
        pages.append(Scanned(_scanned(pixels, skew, depth, rng), paper.slug, told))
    return pages


def _finish(
    pixels: Pixels, paper: Paper, sheet: Sheet, first: bool, dpi: int, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Pen, signature, seal, urgency and stamp; the marks with boxes in millimetres."""
    mm, marks = dpi / 25.4, []
    if sheet.blank_for_number:
        written = pens.write(paper.number, 4 * mm, rng)
        x, y = sheet.blank_for_number[0] * mm, sheet.blank_for_number[1] * mm
        ink.press(pixels, written, (x + written.shape[1] / 2, y - written.shape[0] / 2 + 0.8 * mm), ink.COLOURS["pen"])
    if sheet.seal_at:
        x, y = sheet.seal_at
        ink.press(pixels, pens.sign(46 * mm, rng), ((x + 19) * mm, (y + 2) * mm), ink.COLOURS["pen"])
        ink.seal(pixels, paper.seal, (x * mm, y * mm), dpi, rng)
        marks.append({"kind": "round_seal", "box": _around((x, y), (36, 36))})
    if paper.urgency and sheet.urgency_at:
        x, y = sheet.urgency_at
        ink.urgency(pixels, paper.urgency, (x * mm, y * mm), dpi, rng)
        marks.append({"kind": "urgency", "box": _around((x, y), (32, 9)), "text": paper.urgency})
    if paper.arrival and first:
        size = ink.stamp(pixels, paper.arrival, dpi, rng)
        marks.append({"kind": "arrival", "box": _around(paper.arrival.at, size, paper.arrival.angle), **_said(paper)})
    return marks


def _said(paper: Paper) -> dict[str, Any]:
    """What the arrival stamp says, under the names of STAMP_FIELDS."""
    arrival = paper.arrival
    if arrival is None:
        return {}
    return {
        "organ": arrival.organ, "number": arrival.number, "date": arrival.date, "forward_to": arrival.forward_to,
        "colour": arrival.colour, "layout": arrival.layout, "angle": arrival.angle,
    }  # fmt: skip


def _around(centre: Point, size: Point, angle: float = 0.0) -> tuple[float, ...]:
    """The upright box, in millimetres, of a rectangle turned by `angle` degrees."""
    c, s = math.cos(math.radians(angle)), abs(math.sin(math.radians(angle)))
    half = ((size[0] * c + size[1] * s) / 2, (size[0] * s + size[1] * c) / 2)
    return centre[0] - half[0], centre[1] - half[1], centre[0] + half[0], centre[1] + half[1]


def _skewed(box: tuple[float, ...], skew: float) -> list[float]:
    """The box, in fractions of the page, after the page was turned about its middle."""
    left, top, right, bottom = box
    dx, dy = (left + right) / 2 - A4_MM[0] / 2, (top + bottom) / 2 - A4_MM[1] / 2
    c, s = math.cos(math.radians(skew)), math.sin(math.radians(skew))
    centre = (A4_MM[0] / 2 + dx * c + dy * s, A4_MM[1] / 2 - dx * s + dy * c)
    turned = _around(centre, (right - left, bottom - top), skew)
    return [round(turned[i] / A4_MM[i % 2], 4) for i in range(4)]


def _scanned(pixels: Pixels, skew: float, depth: str, rng: np.random.Generator) -> Image.Image:
    """What an office scanner makes of a page: off-white, a little askew, a little noise."""
    tinted = (pixels * (np.array(PAPER_COLOUR, np.float32) / 255)).astype(np.uint8)
    turned = Image.fromarray(tinted).rotate(skew, Image.Resampling.BILINEAR, fillcolor=PAPER_COLOUR)
    noise = (rng.standard_normal(pixels.shape[:2], dtype=np.float32) * 3).astype(np.int16)
    noisy = np.clip(np.asarray(turned, np.int16) + noise[..., None], 0, 255).astype(np.uint8)
    image = Image.fromarray(noisy)
    return image.convert("L") if depth == "grey" else image
