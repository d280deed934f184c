"""Reading: pages a minute against bare Tesseract, characters wrong on simulated scans, real and hostile files.

    python -m bench.read                     speed on three signed scans, and accuracy on a few pages
    python -m bench.read speed --rounds 3 [--ocrmypdf PROGRAM]
    python -m bench.read accuracy [--full] [--sim DIR] [--seeds 1 2] [--wear bad] [--dpi 200] [--depth bilevel]
    python -m bench.read real | copy | robust    real scans, searchable copies, hostile files: see bench/read_real.py

All ratios come from one run in which the rivals take turns. `--full` reads 180 simulated pages (20 of each of nine
kinds of wear and seed) and takes half an hour; `--sim` keeps the scans and what bare Tesseract reads of them.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from archive import scans
from archive.children import Child
from bench import _read_sim, read_real

SCANS = _read_sim.SHARED / "material" / "scans" / "vbhc"
TIMED = ("22_TTR.signed.pdf", "574_UB.signed.pdf", "660TBUB.signed.pdf")
ASKED_SPEED = {"bare": 0.9, "OCRmyPDF": 1.8}
"""Our pages a minute for one of theirs, at least."""
ASKED_MEMORY = 400
"""Megabytes of a worker's child and its Tesseract together."""


# ------------------------------------------------------------------------------------------------ speed


@dataclass
class Times:
    """What the rounds of one rival took."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def speed(rounds: int, ocrmypdf: str | None) -> int:
    """Both cores on the same pages, in turns; 1 when a ratio or the memory misses what is asked."""
    pages = [(SCANS / name, n + 1) for name in TIMED for n in range(scans.survey(SCANS / name).pages)]
    taken: dict[str, Times] = defaultdict(Times)
    with tempfile.TemporaryDirectory() as folder, Child() as one, Child() as two:
        images = [_raw(folder, index, path, n) for index, (path, n) in enumerate(pages)]
        children = [one, two]
        rivals: dict[str, Callable[[], None]] = {
            "bare": lambda: _bare(images),
            "ours": lambda: _ours(children, pages),
        }
        if ocrmypdf:
            rivals["OCRmyPDF"] = lambda: _ocrmypdf(ocrmypdf, folder)
        _ours(children, pages[:2])  # starts the children
        for _ in range(rounds):
            for name, run in rivals.items():
                begin, spent = time.monotonic(), _cpu(children)
                run()
                taken[name].wall.append(time.monotonic() - begin)
                taken[name].cpu.append(_cpu(children) - spent)
        memory = _memory(one, pages)
    return _told(taken, len(pages), memory)


def _told(taken: dict[str, Times], pages: int, memory: float) -> int:
    for name, times in taken.items():
        print(
            f"{name}: {pages * 60 / min(times.wall):.1f} pages a minute (best of {len(times.wall)}), "
            f"{min(times.cpu) / pages:.2f} s of processor time a page; "
            f"all rounds {[round(each, 1) for each in times.wall]}"
        )
    missed = memory >= ASKED_MEMORY
    for name, asked in ASKED_SPEED.items():
        if name not in taken:
            print(f"{name}: not installed, not compared")
            continue
        wall, cpu = (sum(getattr(taken[name], of)) / sum(getattr(taken["ours"], of)) for of in ("wall", "cpu"))
        print(
            f"ours / {name} in pages a minute: {wall:.2f}, in pages a second of processor time: {cpu:.2f}, "
            f"asked {asked}: {'held' if wall >= asked else 'MISSED'}"
        )
        missed |= wall < asked
    print(f"memory of a worker at most {memory:.0f} MB, asked under {ASKED_MEMORY}")
    return int(missed)


def spent() -> float:
    """Seconds of processor time of this process and of what it started and saw end; also run in a child."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _cpu(children: Sequence[Child]) -> float:
    return spent() + sum(child.run("bench.read:spent", wall=9, cpu=9) for child in children)


def _memory(child: Child, pages: Sequence[tuple[Path, int]]) -> float:
    """Megabytes that a worker's child and the Tesseract it started held together at most, looked at all the time."""
    most, over = 0.0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.05):
            most = max(most, _resident(str(child.pid)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _ours([child], pages[:4])
    over.set()
    watcher.join()
    return most


def _resident(session: str) -> float:
    """Megabytes of the processes of a session: a child and what it started."""
    pages = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            facts = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        pages += int(facts[21]) if facts[3] == session else 0
    return pages * resource.getpagesize() / (1 << 20)


def _raw(folder: str, index: int, path: Path, n: int) -> str:
    target = Path(folder, f"{index}.ppm")
    scans.page_image(path, n).save(target)
    return str(target)


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


def _ocrmypdf(program: str, folder: str) -> None:
    options = ["--output-type", "pdf", "--jobs", "2", "--invalidate-digital-signatures", "--mode", "skip", "-l", "vie"]
    for name in TIMED:
        command = [program, *options, str(SCANS / name), str(Path(folder, name))]
        subprocess.run(command, capture_output=True, check=True)


# ------------------------------------------------------------------------------------------------ accuracy


def accuracy(options: argparse.Namespace) -> int:
    """See bench/_read_sim.py."""
    if options.full:
        options.pages, options.seeds = 5, [1, 2, 3]
        options.wear, options.dpi, options.depth = ["office", "worn", "bad"], [200, 300], ["colour", "bilevel"]
    with tempfile.TemporaryDirectory() as folder:
        made = _read_sim.simulated(
            options.sim or Path(folder), options.pages, options.seeds, options.wear, options.dpi, options.depth
        )
        return _read_sim.accuracy(made, options.seeds, options.worst)


def main() -> int:
    if sys.argv[1:2] and sys.argv[1] in read_real.WHAT:
        return read_real.main()
    parser = argparse.ArgumentParser(
        prog="bench.read", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=("speed", "accuracy"))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--ocrmypdf", default=shutil.which("ocrmypdf"), help="its program, else the one on PATH")
    parser.add_argument("--full", action="store_true", help="all that is asked of accuracy")
    parser.add_argument("--pages", type=int, default=2, help="of each kind of scan and seed")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--wear", nargs="+", default=["office", "worn", "bad"])
    parser.add_argument("--dpi", type=int, nargs="+", default=[300])
    parser.add_argument("--depth", nargs="+", default=["colour"])
    parser.add_argument("--sim", type=Path, help="where simulated scans are kept between runs")
    parser.add_argument("--worst", type=int, default=0, help="print so many lines that were read worst")
    options = parser.parse_args()
    missed = speed(options.rounds, options.ocrmypdf) if options.what in (None, "speed") else 0
    return missed | (accuracy(options) if options.what in (None, "accuracy") else 0)


if __name__ == "__main__":
    sys.exit(main())
