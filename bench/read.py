"""Reading: pages a minute against bare Tesseract, characters wrong on simulated pages, hostile files.

    python -m bench.read                     speed on three signed scans, and accuracy on a few pages
    python -m bench.read speed --rounds 3
    python -m bench.read accuracy --pages 10 --seeds 1 2 3 --wear office worn bad --dpi 200 300
    python -m bench.read real | copy | robust   real scans and hostile files: see bench/read_real.py

All ratios come from one run in which the rivals take turns.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from archive import scans, tesseract
from archive.children import Child
from archive.reading import Box, Word
from bench import read_real

SHARED = Path(os.environ.get("VANTHU_MATERIAL", Path(__file__).parents[2] / "shared" / "material")).parent
SCANS = SHARED / "material" / "scans" / "vbhc"
TIMED = ("22_TTR.signed.pdf", "574_UB.signed.pdf", "660TBUB.signed.pdf")
FOOT = {"recipients", "signer", "signature", "footer", "title", "authority"}


# ------------------------------------------------------------------------------------------------ speed


def speed(rounds: int) -> None:
    """Wall clock of both cores on the same pages, in turns."""
    pages = [(SCANS / name, n + 1) for name in TIMED for n in range(scans.survey(SCANS / name).pages)]
    with tempfile.TemporaryDirectory() as folder, Child() as one, Child() as two:
        images = [_raw(folder, index, path, n) for index, (path, n) in enumerate(pages)]
        children = [one, two]
        _ours(children, pages[:2])  # starts the children
        taken: dict[str, list[float]] = {"bare": [], "ours": []}
        for _ in range(rounds):
            taken["bare"].append(_timed(lambda: _bare(images)))
            taken["ours"].append(_timed(lambda: _ours(children, pages)))
    for name, times in taken.items():
        print(f"{name}: {len(pages) * 60 / min(times):.1f} pages a minute (best of {rounds}); all {times}")
    print(f"ours / bare in pages a minute: {sum(taken['bare']) / sum(taken['ours']):.2f}")


def _raw(folder: str, index: int, path: Path, n: int) -> str:
    target = Path(folder, f"{index}.ppm")
    scans.page_image(path, n).save(target)
    return str(target)


def _timed(run) -> float:
    begin = time.monotonic()
    run()
    return round(time.monotonic() - begin, 2)


def _bare(images: Sequence[str]) -> None:
    command = ["-", "-l", "vie", "--psm", "3", "--dpi", "300", "tsv"]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda image: subprocess.run(
            ["tesseract", image, *command], env=environment, capture_output=True, check=True), images))  # fmt: skip


def _ours(children: list[Child], pages: Sequence[tuple[Path, int]]) -> None:
    free = list(children)

    def read(page: tuple[Path, int]) -> None:
        child = free.pop()
        try:
            child.run("archive.scans:read_page", str(page[0]), page[1], wall=90, cpu=90)
        finally:
            free.append(child)

    with ThreadPoolExecutor(len(children)) as pool:
        list(pool.map(read, pages))


# ------------------------------------------------------------------------------------------------ accuracy


@dataclass(frozen=True)
class Line:
    """A line of the truth of a simulated page."""

    zone: str
    text: str
    box: Box
    slope: float
    """By how much it falls from left to right, in heights of the page for a width."""

    def height_at(self, x: float) -> float:
        """Where its middle stands at `x`."""
        left, top, right, bottom = self.box
        return (top + bottom) / 2 + self.slope * (x - (left + right) / 2)


def accuracy(folders: Iterable[Path], *, most: int = 1000) -> None:
    """Characters wrong in a hundred, ours and raw Tesseract's, for each folder of simulated pages."""
    for folder in folders:
        wrong: Counter[tuple[str, str]] = Counter()
        size: Counter[str] = Counter()
        for path in sorted(folder.glob("*.png"))[:most]:
            truth = list(_truth(path))
            readings = {"raw": raw_words(path), "ours": scans.read_page(path, 1).page.words}
            for name, words in readings.items():
                for line, read in matched(truth, words):
                    wrong[name, line.zone] += distance(line.text, read)
            for line in truth:
                size[line.zone] += len(line.text)
        for zone in ("body", "heads", "apart"):
            raw, ours = (100 * wrong[name, zone] / max(1, size[zone]) for name in ("raw", "ours"))
            print(f"{folder.name:12} {zone:6} raw {raw:6.2f} %  ours {ours:6.2f} %  of {size[zone]} characters")


def raw_words(path: Path) -> tuple[Word, ...]:
    with Image.open(path) as image:
        return tesseract.read(image.convert("L"), dpi=round(image.info.get("dpi", (300, 300))[0]))


def _truth(path: Path) -> Iterator[Line]:
    truth = json.loads(path.with_name(path.name + ".json").read_text())
    with Image.open(path) as image:
        shape = image.width / image.height
    slope = -math.tan(math.radians(truth["render"]["pages"][0]["skew"])) * shape
    for page in truth["text"]:
        for zone in page["zones"]:
            hard = zone.get("handwritten") or zone.get("under_stamp")
            kind = "apart" if hard else "body" if zone["zone"] == "body" else "heads"
            yield Line(kind, " ".join(zone["text"].split()), tuple(zone["box"]), slope)


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


def distance(one: str, other: str) -> int:
    """Levenshtein's."""
    row = list(range(len(other) + 1))
    for n, letter in enumerate(one, 1):
        last, row[0] = row[0], n
        for m, wanted in enumerate(other, 1):
            last, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, last + (letter != wanted))
    return row[-1]


def simulated(target: Path, pages: int, seeds: Sequence[int], wears: Sequence[str], dpis: Sequence[int]) -> list[Path]:
    """Folders of simulated pages, made where they are not there yet."""
    folders = []
    simulator = SHARED / "scansim" / "scansim.py"
    for wear in wears:
        for dpi in dpis:
            folder = target / f"{wear}{dpi}"
            for seed in seeds:
                if not list(folder.glob(f"scan_s{seed}_*.png")):
                    command = [sys.executable, simulator, folder, "--pages", str(pages), "--seed", str(seed)]
                    command += ["--wear", wear, "--dpi", str(dpi), "--format", "png", "--handwritten-number", "0.5"]
                    subprocess.run(command, check=True, capture_output=True)
            folders.append(folder)
    return folders


def main() -> int:
    if sys.argv[1:2] and sys.argv[1] in read_real.WHAT:
        return read_real.main()
    parser = argparse.ArgumentParser(prog="bench.read", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("speed", "accuracy"))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--pages", type=int, default=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11])
    parser.add_argument("--wear", nargs="+", default=["office", "bad"])
    parser.add_argument("--dpi", type=int, nargs="+", default=[300])
    parser.add_argument("--sim", type=Path, help="where simulated pages are kept between runs")
    options = parser.parse_args()
    if options.what in (None, "speed"):
        speed(options.rounds)
    if options.what in (None, "accuracy"):
        with tempfile.TemporaryDirectory() as folder:
            target = options.sim or Path(folder)
            pages = simulated(target, options.pages, options.seeds, options.wear, options.dpi)
            accuracy(pages, most=options.pages * len(options.seeds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
