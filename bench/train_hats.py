"""Trains the classifier of archive/hats.py: `python -m bench.train_hats [--pages N] [--seed S] [--out FILE]`.

Pages of words (MẬT and those that differ by the marks of the A) are set in the fonts of scansim, typed or pressed askew
and unevenly in boxes, worn and scanned at all its wears and depths; the window around each A is cut out as the
look does, a little beside and askew. No picture or font of others is in it. A tenth of the pages is held back and told
about.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from archive import hats, ink
from archive.straight import cut_around, lay_level
from bench._secret_heads import DEPTHS, DPI, INKS, WEARS, Artist
from bench.secrets import MATERIAL

MM = DPI / 25.4
PX = 8.0
CELLS = (9, 14)
"""Words across and down a page."""
CELL = (22.0, 14.0)
LETTERS = (("ẬẬẬẬẬẬÂ", 0), ("ẶẶẮẮẤẤĂẰẲẴẦẨẪÁẢÃÀOÔIEÊ", 1), ("AẠ", 2))
SHARES = (0.45, 0.42, 0.13)
HIDDEN = 64
Sample = tuple[NDArray[np.float32], int]
Place = tuple[float, float, float, int, str]
"""x, y (pixels), the angle a letter lies at, its kind, its ink."""


def page(artist: Artist, rng: np.random.Generator) -> tuple[NDArray[np.float32], list[Place]]:
    """A page of words, and where each A is."""
    paper = np.full((round(CELLS[1] * CELL[1] * MM), round(CELLS[0] * CELL[0] * MM), 3), 255, np.float32)
    known = []
    for n in range(CELLS[0] * CELLS[1]):
        kind = int(rng.choice(3, p=SHARES))
        letter = str(rng.choice(list(LETTERS[kind][0])))
        mask, aside = word(artist, letter, rng)
        angle = float(rng.uniform(-8, 8)) if rng.random() < 0.6 else 0.0
        if rng.random() < 0.75:
            mask = artist.ink.uneven(mask, rng, rng.uniform(0.15, 0.5), DPI) * rng.uniform(0.7, 0.97)
        turned = artist.ink.rotate(mask, angle) if angle else mask
        x, y = (n % CELLS[0] + 0.5) * CELL[0] * MM, (n // CELLS[0] + 0.5) * CELL[1] * MM
        colour = str(rng.choice(["red", "red", "black"]))
        artist.ink.blend(paper, turned, x - turned.shape[1] / 2, y - turned.shape[0] / 2, INKS[colour])
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        known.append((x + aside * c, y - aside * s, angle, kind, colour))
    return paper, known


def word(artist: Artist, letter: str, rng: np.random.Generator) -> tuple[NDArray[np.float32], float]:
    """M, the letter, T at the middle of a mask, some in a frame; how far right of the middle the letter stands."""
    unit = MM * 2
    picture = Image.new("L", (round(21.8 * unit), round(13.6 * unit)), 0)
    pen = ImageDraw.Draw(picture)
    middle = picture.width / 2, picture.height / 2
    if rng.random() < 0.5:
        wide, high = rng.uniform(8.5, 10.3) * unit, rng.uniform(3.8, 4.4) * unit
        frame = (middle[0] - wide, middle[1] - high, middle[0] + wide, middle[1] + high)
        pen.rectangle(frame, outline=255, width=max(1, round(rng.uniform(0.4, 0.9) * unit)))
    family = artist.bench.families[int(rng.integers(len(artist.bench.families)))]
    style, sans = ("Bold", "Bold", "Regular")[int(rng.integers(3))], rng.random() < 0.25
    font = artist.fonts.load(family, round(rng.uniform(12, 17) * DPI * 2 / 72), style, sans=sans)
    pen.text(middle, f"M{letter}T", 255, font=font, anchor="mm")
    left = middle[0] - font.getlength(f"M{letter}T") / 2
    at = left + font.getlength("M") + font.getlength(letter) / 2
    small = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)
    return np.asarray(small, np.float32) / np.float32(255), float(at - middle[0]) / 2


def samples(artist: Artist, seed: int, number: int) -> Iterator[Sample]:
    """The windows of one page in every wear and depth."""
    rng = np.random.default_rng([seed, number])
    drawn, known = page(artist, rng)
    back = Image.fromarray(drawn[::-1].mean(2).clip(0, 255).astype(np.uint8))
    for wear in WEARS[1:]:
        worn, skew = artist.wear.wear_out(drawn.copy(), wear, back, rng, DPI)
        c, s = math.cos(math.radians(skew)), math.sin(math.radians(skew))
        for depth in DEPTHS:
            image = artist.scanned(worn, depth, wear, rng)
            for x, y, angle, kind, colour in known:
                dx, dy = x - worn.width / 2, y - worn.height / 2
                there = worn.width / 2 + dx * c + dy * s, worn.height / 2 - dx * s + dy * c
                yield cut(image, there, angle + skew, colour, rng), kind


def cut(
    image: Image.Image, at: tuple[float, float], angle: float, colour: str, rng: np.random.Generator
) -> NDArray[np.float32]:  # fmt: skip
    """The window around a letter as the look would cut it: not quite there, not quite level."""
    around, middle = cut_around(image, at, 9 * MM)
    red = colour == "red" and image.mode == "RGB" and rng.random() < 0.6
    picture = ink.only(around, "red" if red else "dark").convert("L")
    tall = float(rng.uniform(5.0, 7.0))
    off = rng.normal(0, (0.35, 0.3)) * MM
    strip = lay_level(
        picture, (middle[0] + off[0], middle[1] + off[1]), angle + rng.normal(0, 1.2), (14.0, tall), MM / PX, PX
    )
    if rng.random() < 0.5:
        strip = strip.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.5, 1.6))))
    return hats.patch(strip, strip.width / 2, PX)


def train(given: NDArray[np.float32], kinds: NDArray[np.intp], seed: int, rounds: int) -> list[NDArray[np.float32]]:
    """One hidden layer, cross entropy, Adam."""
    rng = np.random.default_rng(seed)
    sizes = given.shape[1], HIDDEN, len(hats.KINDS)
    weights: list[NDArray[np.float32]] = []
    for one, other in itertools.pairwise(sizes):
        weights += [rng.normal(0, math.sqrt(2 / one), (one, other)).astype(np.float32), np.zeros(other, np.float32)]
    moments = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]
    step, batch = 0, 128
    for turn in range(rounds):
        rate = 2e-3 * (1 - turn / rounds) + 5e-5
        order = rng.permutation(len(given))
        for start in range(0, len(order) - batch + 1, batch):
            step += 1
            slopes = _slopes(weights, given[order[start : start + batch]], kinds[order[start : start + batch]], rng)
            for n, slope in enumerate(slopes):
                first, second = moments[n]
                first += 0.1 * (slope - first)
                second += 0.001 * (slope**2 - second)
                fair = first / (1 - 0.9**step), second / (1 - 0.999**step)
                weights[n] -= (rate * fair[0] / (np.sqrt(fair[1]) + 1e-8)).astype(np.float32)
    return weights


def _slopes(
    weights: list[NDArray[np.float32]], x: NDArray[np.float32], kinds: NDArray[np.intp], rng: np.random.Generator
) -> list[NDArray[np.float32]]:
    """How the loss changes with each weight; a fifth of the hidden units rest."""
    kept = (rng.random((len(x), HIDDEN)) < 0.8).astype(np.float32) / 0.8
    hidden = np.maximum(x @ weights[0] + weights[1], 0) * kept
    said = hidden @ weights[2] + weights[3]
    chance = np.exp(said - said.max(1, keepdims=True))
    chance /= chance.sum(1, keepdims=True)
    chance[np.arange(len(x)), kinds] -= 1
    chance /= len(x)
    back = chance @ weights[2].T * (hidden > 0) * kept
    return [x.T @ back + 2e-5 * weights[0], back.sum(0), hidden.T @ chance + 2e-5 * weights[2], chance.sum(0)]


def drawn_pages(pages: int, seed: int, kept: Path | None) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Windows and kinds, page by page."""
    if kept and kept.is_file():
        with np.load(kept) as file:
            return file["x"].astype(np.float32), file["y"]
    artist = Artist(MATERIAL.parent / "scansim")
    parts = [list(samples(artist, seed, n)) for n in range(pages)]
    windows = np.stack([np.stack([window for window, _ in part]) for part in parts]).astype(np.float16)
    known = np.stack([np.array([kind for _, kind in part]) for part in parts])
    if kept:
        np.savez(kept, x=windows, y=known)
    return windows.astype(np.float32), known


def main() -> None:
    """Draw, train, tell, write."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--pages", type=int, default=40)
    given.add_argument("--seed", type=int, default=7)
    given.add_argument("--rounds", type=int, default=24)
    given.add_argument("--out", type=Path, default=Path("archive/data/hats.npz"))
    given.add_argument("--keep", type=Path, help="the drawn windows are kept here, or taken from here")
    asked = given.parse_args()
    windows, known = drawn_pages(asked.pages, asked.seed, asked.keep)
    held = max(1, asked.pages // 10)
    weights = train(np.concatenate(windows[held:]), np.concatenate(known[held:]), asked.seed, asked.rounds)
    x, kinds = np.concatenate(windows[:held]), np.concatenate(known[:held])
    said = np.maximum(x @ weights[0] + weights[1], 0) @ weights[2] + weights[3]
    for n, name in enumerate(hats.KINDS):
        counts = np.bincount(said[kinds == n].argmax(1), minlength=3)
        print(name, dict(zip(hats.KINDS, counts.tolist(), strict=True)))
    w0, w1, w2, w3 = (w.astype(np.float16) for w in weights)
    np.savez_compressed(asked.out, w0=w0, w1=w1, w2=w2, w3=w3)


if __name__ == "__main__":
    main()
