"""Characters wrong on simulated scans, ours and raw Tesseract's, beside what is asked (see bench.read accuracy)."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from archive import scans, tesseract
from archive.reading import Box, Word
from archive.vietnamese import distance

SHARED = Path(os.environ.get("VANTHU_MATERIAL", Path(__file__).parents[2] / "shared" / "material")).parent
ASKED = {
    ("office", "body"): 0.6, ("worn", "body"): 1.0, ("bad", "body"): 0.1,
    ("office", "heads"): 0.6, ("worn", "heads"): 0.6, ("bad", "heads"): 0.6,
}  # fmt: skip
"""Errors of ours for one of raw Tesseract's, at most."""
ASKED_CODES = 97.0


@dataclass(frozen=True)
class Line:
    """A line of the truth of a simulated page."""

    zone: str
    """body, heads (all else that is printed), or apart: partly written by hand or under a stamp."""
    text: str
    box: Box
    slope: float
    """By how much it falls from left to right, in heights of the page for a width."""

    def height_at(self, x: float) -> float:
        """Where its middle stands at `x`."""
        left, top, right, bottom = self.box
        return (top + bottom) / 2 + self.slope * (x - (left + right) / 2)


@dataclass(frozen=True)
class SimPage:
    """A page of a simulated scan with what stands on it."""

    path: Path
    number: int
    wear: str
    lines: tuple[Line, ...]
    codes: tuple[str, ...]
    """Printed codes that stand whole on one line that counts."""


@dataclass
class Score:
    """What was read wrong of a set of pages."""

    pages: int = 0
    size: Counter[str] = field(default_factory=Counter)
    wrong: Counter[tuple[str, str]] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    worst: list[tuple[int, str, str, str]] = field(default_factory=list)

    def add(self, page: SimPage, readings: dict[str, Sequence[Word]]) -> None:
        self.pages += 1
        for line in page.lines:
            self.size[line.zone] += len(line.text)
        self.codes["all"] += len(page.codes)
        for name, words in readings.items():
            for line, read in matched(page.lines, words):
                wrong = distance(line.text, read, max(len(line.text), len(read)))
                self.wrong[name, line.zone] += wrong
                if name == "ours" and wrong and line.zone != "apart":
                    where = f"{page.path.parent.name}/{page.path.name}:{page.number} {line.zone}"
                    self.worst.append((wrong, where, line.text, read))
            whole = "".join(word.text for word in words)
            self.codes[name] += sum(code in whole for code in page.codes)

    def share(self, name: str, zone: str) -> float:
        """Characters wrong in a hundred."""
        return 100 * self.wrong[name, zone] / max(1, self.size[zone])


def accuracy(folders: Iterable[Path], seeds: Sequence[int], worst: int = 0) -> int:
    """Prints the shares of each folder and of each class of wear beside what is asked; 1 when something is missed."""
    of_wear: dict[str, Score] = {}
    print(
        f"{'scans':18}{'pages':>6}{'body raw':>10}{'ours':>7}{'heads raw':>11}{'ours':>7}{'apart raw':>11}{'ours':>7}"
    )
    for folder in folders:
        score = Score()
        for page in pages_of(folder, seeds):
            whole = of_wear.setdefault(page.wear, Score())
            readings = {"raw": raw_words(page), "ours": scans.read_page(page.path, page.number).page.words}
            for each in (score, whole):
                each.add(page, readings)
        cells = [score.share(name, zone) for zone in ("body", "heads", "apart") for name in ("raw", "ours")]
        shown = "".join(f"{cell:{width}.2f}" for cell, width in zip(cells, (10, 7, 11, 7, 11, 7), strict=True))
        print(f"{folder.name:18}{score.pages:6}{shown}", flush=True)
    for each in sorted((each for score in of_wear.values() for each in score.worst), reverse=True)[:worst]:
        print("{} wrong in {}\n    truth {}\n    read  {}".format(*each))
    return verdict(of_wear)


def verdict(of_wear: dict[str, Score]) -> int:
    """The table of what is asked; 1 when something is missed."""
    missed = 0
    for wear, score in of_wear.items():
        for zone in ("body", "heads"):
            raw, ours, asked = score.share("raw", zone), score.share("ours", zone), ASKED[wear, zone]
            held = ours <= asked * raw
            missed += not held
            print(
                f"{wear:7}{zone:6} {score.pages} pages: raw {raw:.2f} %, ours {ours:.2f} %, ratio "
                f"{ours / raw if raw else math.inf:.2f}, asked {asked}: {'held' if held else 'MISSED'}"
            )
    whole = sum((score.codes for score in of_wear.values()), Counter[str]())
    shares = {name: 100 * whole[name] / max(1, whole["all"]) for name in ("raw", "ours")}
    held = shares["ours"] >= ASKED_CODES
    print(
        f"printed codes verbatim: raw {shares['raw']:.1f} %, ours {shares['ours']:.1f} % of {whole['all']}, "
        f"asked {ASKED_CODES:.0f}: {'held' if held else 'MISSED'}"
    )
    return int(bool(missed) or not held)


def raw_words(page: SimPage) -> tuple[Word, ...]:
    """What bare Tesseract reads of the page's own image; kept beside the scan, since it does not change."""
    kept = page.path.with_name(f"{page.path.name}.{page.number}.tsv")
    image = scans.page_image(page.path, page.number)
    if not kept.exists():
        with tempfile.NamedTemporaryFile(suffix=".ppm") as file:
            image.save(file, "PPM")
            file.flush()
            dpi = str(round(max(image.size) / 11.69))
            command = ["tesseract", file.name, "-", "-l", "vie", "--psm", "3", "--dpi", dpi, "tsv"]
            environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
            kept.write_bytes(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
    return tuple(tesseract._words(kept.read_text("utf-8"), image.size))


def pages_of(folder: Path, seeds: Sequence[int]) -> Iterator[SimPage]:
    """The pages of these render seeds with their truth."""
    for path in sorted(path for seed in seeds for path in folder.glob(f"scan_s{seed}_*.pdf")):
        truth = json.loads(path.with_name(path.name + ".json").read_text())
        said = {cited["code"] for paper in truth["documents"] for cited in paper["citations"]}
        said |= {paper["fields"]["full_code"] for paper in truth["documents"]}
        for page, render in zip(truth["text"], truth["render"]["pages"], strict=True):
            slope = -math.tan(math.radians(render["skew"])) * 210 / 297
            lines = tuple(_line(zone, slope) for zone in page["zones"])
            printed = [line.text for line in lines if line.zone != "apart"]
            codes = tuple(code for code in sorted(said) for text in printed if code in text)
            yield SimPage(path, page["page"], truth["render"]["wear"], lines, codes)


def _line(zone: dict, slope: float) -> Line:
    hard = zone.get("handwritten") or zone.get("under_stamp")
    kind = "apart" if hard else "body" if zone["zone"] == "body" else "heads"
    return Line(kind, " ".join(zone["text"].split()), tuple(zone["box"]), slope)


def matched(truth: Sequence[Line], words: Iterable[Word]) -> Iterator[tuple[Line, str]]:
    """Each line of the truth with what was read where it stands, whatever the order of reading."""
    read: dict[int, list[Word]] = {}
    for word in words:
        x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
        near = [
            (abs(line.height_at(x) - y), index)
            for index, line in enumerate(truth)
            if line.box[0] - 0.01 <= x <= line.box[2] + 0.01 and abs(line.height_at(x) - y) < 0.01
        ]
        if near:
            read.setdefault(min(near)[1], []).append(word)
    for index, line in enumerate(truth):
        yield line, " ".join(word.text for word in sorted(read.get(index, ()), key=lambda word: word.box[0]))


def simulated(
    target: Path, pages: int, seeds: Sequence[int], wears: Sequence[str], dpis: Sequence[int], depths: Sequence[str]
) -> list[Path]:
    """Folders of simulated scans, made where they are not there yet."""
    folders = []
    simulator = SHARED / "scansim" / "scansim.py"
    for wear, dpi, depth in ((wear, dpi, depth) for wear in wears for dpi in dpis for depth in depths):
        folder = target / f"{wear}{dpi}{depth}"
        for seed in seeds:
            if not list(folder.glob(f"scan_s{seed}_*.pdf")):
                command = [sys.executable, simulator, folder, "--pages", str(pages), "--seed", str(seed)]
                command += ["--wear", wear, "--dpi", str(dpi), "--depth", depth, "--format", "pdf", "--longest", "2"]
                command += ["--handwritten-number", "0.5"]
                subprocess.run(command, check=True, capture_output=True)
        folders.append(folder)
    return folders
