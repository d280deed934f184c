"""The arrival stamp and handwriting, measured: `python -m bench.stamp [--fields] [--simulated N] [--strips N] …`.

Real papers come from the material (VANTHU_MATERIAL, default ../shared/material), simulated ones from scansim beside it.
What was drawn and read is kept in VANTHU_BENCH_DIR (default /tmp/stamp), a line a stamp, so that a long run can be
broken off and taken up again; `--fresh` forgets what was read. `--calibrate` fits the confidences on made-up strips of
digits nobody was trained on.
"""

from __future__ import annotations

import argparse
import csv
import os
import pickle
import re
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from archive import expected, handwriting, scans, stamps
from archive.handwriting import NGAY, SLASH, SO, THANG, read_place
from archive.pen import Reader
from archive.reading import Box, Gap, Page
from bench._pen_strips import calibrate, may_be_expected, read_strips
from bench._shares import Row, reliability, row, summary
from bench._stamp_pages import drawn
from bench._stamp_simulated import report, simulated, with_witnesses

MATERIAL = Path(os.environ.get("VANTHU_MATERIAL", "../shared/material"))
SCANSIM = MATERIAL.parent / "scansim"
WORK = Path(os.environ.get("VANTHU_BENCH_DIR", "/tmp/stamp"))
TINOS = Path("/usr/share/fonts/truetype/croscore/Tinos-Regular.ttf")


def rows_of(manifest: Path) -> list[dict[str, str]]:
    """A manifest of the material."""
    with manifest.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


# ---------------------------------------------------------------- real fields


def fields(reader: Reader) -> list[Row]:
    """The cropped fields: number before the symbol, day between ngày and tháng; blank is empty."""
    found: list[Row] = []
    for entry in rows_of(MATERIAL / "handwriting" / "manifest.tsv"):
        path = MATERIAL / entry["file"]
        if "/fields/" not in entry["file"]:
            continue
        picture = Image.open(path).convert("RGB")
        kind = "day" if path.name.startswith("date") else "number"
        wanted = entry["ground_truth"]
        want = str(int(wanted[-2:])) if kind == "day" else wanted.split("/")[0]
        readings = read_line(reader, picture, kind)
        hand = "hand" if entry["shows"].endswith("hand") else "print" if wanted else "blank"
        right = bool(readings) and readings[0][0] == want
        among = want in [text for text, _ in readings]
        print(
            f"{'ok   ' if right else 'third' if among else 'WRONG'} {hand:6} {path.name:26} {want:5} {shown(readings)}"
        )
        found.append((f"{kind} {hand}", want, readings[0][1] if readings else 0.0, right))
    return found


def read_line(reader: Reader, picture: Image.Image, kind: str) -> list[tuple[str, float]]:
    """The number or day of a line that holds both printed words."""
    before, after = (SO, SLASH) if kind == "number" else (NGAY, THANG)
    places = [(view, span) for view in reader.views(picture, handwriting.IN_LINE) if (span := view.span(before, after))]
    return read_place(reader, picture, kind, places) if places else []


def shown(readings: Sequence[tuple[str, float]]) -> str:
    return "  ".join(f"{text or '∅'} {sure:.2f}" for text, sure in readings)


# ---------------------------------------------------------------- real papers


def page_of(path: Path, number: int) -> tuple[Page, Image.Image]:
    """A page as the archive reads it, its words kept in WORK for the next run, and its upright picture."""
    kept = WORK / "pages" / f"{path.stem}_{number}.pickle"
    kept.parent.mkdir(parents=True, exist_ok=True)
    if not kept.is_file():
        kept.write_bytes(pickle.dumps(scans.read_page(path, number).page))
    page: Page = pickle.loads(kept.read_bytes())
    return page, scans.upright_image(path, number, page.rotation)


def real(reader: Reader) -> list[Row]:
    """Every page of the material: stamps found and false; number and day of the first pages, end to end."""
    rows: list[Row] = []
    sheet = Sheet()
    spent = []
    for entry in rows_of(MATERIAL / "scans" / "manifest.tsv"):
        path = MATERIAL / entry["file"]
        for number in range(1, int(entry["pages"]) + 1):
            page, image = page_of(path, number)
            begun = time.process_time()
            stamp = stamps.find(page, image, reader)
            gaps = handwriting.gaps(page, image, reader) if number == 1 else ()
            spent.append(time.process_time() - begun)
            if stamp:
                read = {f.field: f for f in reversed(stamp.fields)}
                print(f"STAMP {path.name} page {number}:", {k: f.value for k, f in read.items()})
                sheet.add(image, [(f.field, f.box, f"{f.value} {f.confidence:.2f}") for f in read.values() if f.box])
            rows += gap_rows(entry, gaps) if number == 1 else []
            sheet.add(image, [(gap.kind, gap.box, shown(gap.readings[:2])) for gap in gaps])
    sheet.save(WORK / "sheet.png")
    print(f"CPU s a page: {np.mean(spent):.2f}, at most {max(spent):.2f}; sheet: {WORK / 'sheet.png'}")
    return rows


def gap_rows(entry: dict[str, str], gaps: Sequence[Gap]) -> list[Row]:
    """The handwritten number and day of one document against its truth."""
    rows: list[Row] = []
    want = {"number": re.split("[/-]", entry["number"])[0], "day": entry["date"][-2:].lstrip("0")}
    for kind in ("number", "day"):
        if kind not in entry["handwritten"].split():
            continue
        gap = next((gap for gap in gaps if gap.kind == kind), None)
        readings = gap.readings if gap else ()
        right = bool(readings) and readings[0][0] == want[kind]
        place = "ok   " if right else "third" if want[kind] in [text for text, _ in readings] else "WRONG"
        print(f"{place} {kind:6} {entry['file'][-24:]:24} {want[kind]:4} {shown(readings)}")
        rows.append((kind, want[kind], readings[0][1] if readings else 0.0, right))
    return rows


class Sheet:
    """Crops with what was read in them, to be looked at."""

    def __init__(self) -> None:
        self.cells: list[tuple[Image.Image, str]] = []

    def add(self, image: Image.Image, places: Sequence[tuple[str, Box, str]]) -> None:
        for kind, (left, top, right, bottom), text in places:
            corner = int(left * image.width), int(top * image.height)
            end = int(right * image.width) + 1, int(bottom * image.height) + 1
            crop = image.crop((*corner, *end)).convert("RGB")
            crop.thumbnail((300, 60))
            self.cells.append((crop, f"{kind}: {text}"))

    def save(self, path: Path) -> None:
        font = ImageFont.truetype(str(TINOS), 15)
        page = Image.new("RGB", (1280, 90 * (len(self.cells) // 4 + 1)), "white")
        draw = ImageDraw.Draw(page)
        for n, (crop, text) in enumerate(self.cells):
            x, y = n % 4 * 320, n // 4 * 90
            page.paste(crop, (x, y))
            draw.text((x, y + 64), text, "red", font)
        page.save(path)


def main() -> None:
    """What the command line asks for; everything on the real material when it asks for nothing."""
    options = _asked()
    WORK.mkdir(parents=True, exist_ok=True)
    reader = Reader()
    if options.calibrate:
        calibrate(options.calibrate, MATERIAL, WORK, reader, options.fresh)
    if options.strips:
        _strips(options, reader)
    if options.simulated:
        _simulated(options, reader)
    asked_nothing = not (options.calibrate or options.strips or options.simulated or options.real or options.fields)
    if options.fields or asked_nothing:
        summary("fields", fields(reader))
    if options.real or asked_nothing:
        summary("end to end", real(reader))


def _asked() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--real", action="store_true")
    asked.add_argument("--fields", action="store_true")
    asked.add_argument(
        "--simulated",
        type=int,
        default=0,
        metavar="N",
        help="N pages with a stamp, N without; 1 s each to draw",
    )
    asked.add_argument("--pages", type=Path, default=WORK / "pages_drawn", metavar="FOLDER", help="where they are kept")
    asked.add_argument("--draw", action="store_true", help="only draw those pages, giving way to other work")
    asked.add_argument("--witnesses", action="store_true", help="the simulated ones beside a made-up book, too")
    asked.add_argument("--strips", type=int, default=0, metavar="N", help="made-up strips: reliability")
    asked.add_argument("--seed", type=int, default=77, help="of the simulated pages")
    asked.add_argument("--calibrate", type=int, nargs="?", const=600, default=0, metavar="N")
    asked.add_argument("--fresh", action="store_true", help="forget what an earlier run has read")
    return asked.parse_args()


def _strips(options: argparse.Namespace, reader: Reader) -> None:
    reads = read_strips(options.strips, "test", MATERIAL, WORK, reader, options.fresh)
    rows = [row(one["kind"], one["want"], one["readings"]) for one in reads]
    summary("strips", rows)
    reliability(rows, expected.SURE)
    if options.witnesses:
        with_witnesses([{"fields": {one["kind"]: one}} for one in reads if may_be_expected(one)])


def _simulated(options: argparse.Namespace, reader: Reader) -> None:
    pages = drawn(SCANSIM, options.pages, options.simulated, options.seed)
    if options.draw:
        os.nice(10)
        print(sum(1 for _ in pages), "pages in", options.pages)
        return
    kept = WORK / f"simulated_{options.seed}.jsonl"
    report(simulated(pages, 2 * options.simulated, reader, kept, options.fresh), options.witnesses)


if __name__ == "__main__":
    main()
