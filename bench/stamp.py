"""The arrival stamp and handwriting, measured: `python -m bench.stamp [--fields] [--simulated N] …`.

Real papers come from the material (VANTHU_MATERIAL, default ../shared/material), simulated ones from scansim beside it.
`--fields` and `--real` only measure; `--calibrate` fits the confidences on made-up lines and stamps, never on the real.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import pickle
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from archive import calibration, handwriting, ink, scans, stamps
from archive.findings import Stamp
from archive.handwriting import NGAY, SLASH, SO, THANG, read_place
from archive.pen import Reader
from archive.reading import Box, Gap, Page

MATERIAL = Path(os.environ.get("VANTHU_MATERIAL", "../shared/material"))
SCANSIM = MATERIAL.parent / "scansim"
WORK = Path(os.environ.get("VANTHU_BENCH_DIR", "/tmp/stamp"))
TINOS = Path("/usr/share/fonts/truetype/croscore/Tinos-Regular.ttf")
CROP_DPI = 200
Row = tuple[str, str, float, bool]
"""kind, reading, confidence, right"""


def rows_of(manifest: Path) -> list[dict[str, str]]:
    """A manifest of the material."""
    with manifest.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


# ---------------------------------------------------------------- real fields


def fields(reader: Reader) -> list[Row]:
    """The cropped fields: number before the symbol, day between ngày and tháng; blank is empty."""
    found: list[Row] = []
    for row in rows_of(MATERIAL / "handwriting" / "manifest.tsv"):
        path = MATERIAL / row["file"]
        if "/fields/" not in row["file"]:
            continue
        picture = Image.open(path).convert("RGB")
        kind = "day" if path.name.startswith("date") else "number"
        wanted = row["ground_truth"]
        want = str(int(wanted[-2:])) if kind == "day" else wanted.split("/")[0]
        readings = read_line(reader, picture, kind)
        hand = "hand" if row["shows"].endswith("hand") else "print" if wanted else "blank"
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
    places = [(view, span) for view in reader.views(picture) if (span := view.span(before, after))]
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


def summary(name: str, rows: Sequence[Row]) -> None:
    """Right of all, by kind."""
    for kind in sorted({row[0] for row in rows}):
        of_kind = [row for row in rows if row[0] == kind]
        print(f"{name} {kind}: {sum(row[3] for row in of_kind)} of {len(of_kind)} right")


def reliability(rows: Sequence[Row]) -> None:
    """Predicted against right, in ten bins."""
    print("confidence      n   predicted   right")
    for low in range(10):
        inside = [row for row in rows if low / 10 <= row[2] < (low + 1) / 10 + (low == 9)]
        if inside:
            predicted, right = np.mean([row[2] for row in inside]), np.mean([row[3] for row in inside])
            print(f"{low / 10:.1f}-{(low + 1) / 10:.1f}   {len(inside):7}   {predicted:9.3f}   {right:5.3f}")


# ---------------------------------------------------------------- simulated papers


def simulate(count: int, seed: int, part: str, *options: str) -> list[tuple[Path, dict[str, Any]]]:
    """Pages or crops of scansim with their truth; made once."""
    folder = WORK / f"sim_{seed}_{part}{''.join(options)}"
    if not list(folder.glob("*.json")):
        command = [sys.executable, str(SCANSIM / "scansim.py"), str(folder), "--seed", str(seed), "--digits-part", part]
        subprocess.run([*command, "--format", "png", *options, str(count)], check=True, stdout=subprocess.DEVNULL)
    return [(path.with_suffix(""), json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))[:count]]


def truth_of(known: dict[str, Any]) -> dict[str, Any] | None:
    """The stamp of a simulated file, if it has one."""
    if "documents" in known:
        return next((document["stamp"] for document in known["documents"] if document["stamp"]), None)
    return known if "layout" in known else None


def judge(stamp: Stamp | None, truth: dict[str, Any]) -> list[Row]:
    """Number and date of a simulated stamp against what was written."""
    rows: list[Row] = []
    for name in ("number", "date"):
        want = truth["fields"][name]
        if want is None or name in truth.get("cut_fields", ()):
            continue
        read = [f for f in stamp.fields if f.field == name] if stamp else []
        best = read[0] if read else None
        rows.append((name, want, best.confidence if best else 0.0, bool(best and best.value == want)))
    return rows


def simulated(count: int, reader: Reader, seed: int, part: str = "test") -> list[Row]:
    """Pages of scansim: found, false, read."""
    rows: list[Row] = []
    found = stamped = false = 0
    spent: dict[bool, list[float]] = {True: [], False: []}
    for path, known in simulate(count, seed, part, "--pages"):
        image = Image.open(path)
        image.load()
        begun = time.process_time()
        stamp = stamps.find(Page(1, dpi=200.0, width=image.width), image, reader)
        truth = truth_of(known)
        spent[truth is not None].append(time.process_time() - begun)
        false += stamp is not None and truth is None
        if truth:
            stamped, found = stamped + 1, found + (stamp is not None)
            rows += judge(stamp, truth)
    print(f"simulated: found {found} of {stamped}, false {false} of {len(spent[False])}")
    print("CPU s a page:", {("with" if k else "without"): round(float(np.mean(v)), 2) for k, v in spent.items() if v})
    return rows


# ---------------------------------------------------------------- calibration


def made_up_lines(count: int, seed: int, part: str) -> Iterator[tuple[str, str, Image.Image]]:
    """(kind, what is written, picture): printed skeletons filled in by scansim's pens."""
    sys.path.insert(0, str(SCANSIM))
    import pens  # scansim's, beside the material

    rng = np.random.default_rng(seed)
    samples = pens.load_digits(MATERIAL / "handwriting" / "digits", part)
    for _ in range(count):
        kind = "number" if rng.random() < 0.5 else "day"
        text = (
            str(int(rng.integers(1, 10 ** int(rng.integers(1, 5))))) if kind == "number" else str(rng.integers(1, 32))
        )
        text = "" if rng.random() < 0.06 else text.zfill(2) if rng.random() < 0.6 else text
        yield kind, text, _line(kind, text, pens.random_hand(rng, samples, []), pens, rng)


def _line(kind: str, text: str, hand: Any, pens: Any, rng: np.random.Generator) -> Image.Image:
    """One header line at some 200 to 300 dpi, worn as a scanner wears it."""
    size = int(rng.integers(34, 56))
    font = ImageFont.truetype(str(TINOS), size)
    before, after = ("Số:", "/UBND-VX") if kind == "number" else ("ngày", "tháng 3 năm 2021")
    gap = int(size * rng.uniform(1.2, 2.4))
    pen = np.zeros((4, 4), np.float32)
    if text:
        pen, _ = pens.trim(hand.write(text, size * rng.uniform(0.7, 1.0), rng))
        gap = max(gap, int(pen.shape[1] * rng.uniform(0.95, 1.3)))
    left = font.getlength(before)
    picture = Image.new("RGB", (int(left + gap + font.getlength(after) + size), int(size * 2.1)), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((size * 0.25, size * 0.5), before, "black", font)
    draw.text((size * 0.25 + left + gap, size * 0.5), after, "black", font)
    if text:
        shape = Image.fromarray((pen * 255).clip(0, 255).astype(np.uint8))
        top = int(size * (1.42 + rng.uniform(-0.15, 0.2))) - shape.height
        picture.paste(hand.colour, (int(size * 0.25 + left + rng.uniform(0, max(1, gap - shape.width))), top), shape)
    return _worn(picture, rng)


def _worn(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    picture = picture.rotate(rng.normal() * 0.6, Image.Resampling.BICUBIC, fillcolor="white")
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.6)))
    if rng.random() < 0.35:
        return picture.convert("L").point(lambda v: 255 if v > 150 else 0)
    noisy = np.asarray(picture, np.float32) + rng.normal(0, rng.uniform(0, 14), (picture.height, picture.width, 1))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


class Recorder:
    """Notes the scores behind every confidence."""

    def __init__(self) -> None:
        self.best: dict[str, tuple[str, float, float]] = {}
        self._usual = calibration.confident

    def __call__(self, kind: str, scores: dict[str, float]) -> list[tuple[str, float]]:
        ranked = sorted(scores.items(), key=lambda pair: -pair[1])
        self.best[kind] = ranked[0][0], ranked[0][1], ranked[1][1] if len(ranked) > 1 else ranked[0][1] - 10
        return self._usual(kind, scores)


def calibrate(lines: int, crops: int, reader: Reader) -> None:
    """Prints the FITS of archive/calibration.py."""
    recorder = Recorder()
    calibration.confident = recorder  # type: ignore[assignment]
    seen: dict[str, list[tuple[float, float, bool]]] = {}
    for kind, text, picture in made_up_lines(lines, 5, "train"):
        recorder.best.clear()
        read_line(reader, picture, kind)
        want = str(int(text)) if kind == "day" and text else text
        if kind in recorder.best:
            got, best, second = recorder.best[kind]
            seen.setdefault(kind, []).append((float(best), float(second), got == want))
    ink.per_mm = lambda page, image: CROP_DPI / 25.4
    for path, known in simulate(crops, 21, "train", "--stamps-only"):
        image, truth = Image.open(path), truth_of(known) or {}
        recorder.best.clear()
        stamps.find(Page(1), image, reader)
        for kind, (got, best, second) in recorder.best.items():
            if truth["fields"].get(kind) and kind not in truth.get("cut_fields", ()):
                right = got == truth["fields"][kind]
                seen.setdefault(f"{kind} in stamp", []).append((float(best), float(second), right))
    (WORK / "facts.json").write_text(json.dumps(seen))
    for kind, facts in seen.items():
        print(kind, len(facts), "right", round(float(np.mean([f[2] for f in facts])), 3), fit(facts))


def fit(facts: Sequence[tuple[float, float, bool]]) -> str:
    """Logistic regression with a little ridge, by Newton's method."""
    x = np.array([[1.0, min(calibration.FARTHEST, b - s), max(calibration.WORST, b)] for b, s, _ in facts])
    y = np.array([right for *_, right in facts], float)
    weights = np.zeros(3)
    ridge = np.diag([0.01, 0.5, 0.5])
    for _ in range(30):
        p = 1 / (1 + np.exp(-(x @ weights)))
        slope = x.T @ (p - y) + ridge @ weights
        weights -= np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]) + ridge, slope)
    return f"Fit({weights[0]:.2f}, {weights[1]:.3f}, {weights[2]:.3f})"


def main() -> None:
    """What the command line asks for; everything on the real material when it asks for nothing."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--real", action="store_true")
    asked.add_argument("--fields", action="store_true")
    asked.add_argument("--simulated", type=int, default=0, metavar="N")
    asked.add_argument("--seed", type=int, default=77)
    asked.add_argument("--calibrate", action="store_true")
    options = asked.parse_args()
    reader = Reader()
    if options.calibrate:
        calibrate(240, 60, reader)
        return
    if options.fields or not (options.real or options.simulated):
        summary("fields", fields(reader))
    if options.real or not (options.fields or options.simulated):
        rows = real(reader)
        summary("end to end", rows)
    if options.simulated:
        rows = simulated(options.simulated, reader, options.seed)
        summary("simulated", rows)
        reliability(rows)


if __name__ == "__main__":
    main()
