"""The arrival stamp and handwriting, measured: `python -m bench.stamp [--fields] [--simulated N] [--strips N] …`.

Real papers come from the material (VANTHU_MATERIAL, default ../shared/material), simulated ones from scansim beside it.
What was read is kept in VANTHU_BENCH_DIR (default /tmp/stamp), a line a stamp, so that a long run can be taken up
again; `--fresh` forgets it. `--calibrate` fits the confidences on made-up strips of digits nobody was trained on.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import itertools
import json
import math
import os
import pickle
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from archive import calibration, expected, handwriting, scans, stamps
from archive.findings import Stamp
from archive.handwriting import NGAY, SLASH, SO, THANG, read_place
from archive.pen import Reader
from archive.reading import Box, Gap, Page
from bench import strips

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


def summary(name: str, rows: Sequence[Row]) -> None:
    """Right of all, by kind."""
    for kind in sorted({row[0] for row in rows}):
        of_kind = [row for row in rows if row[0] == kind]
        print(f"{name} {kind}: {share(sum(row[3] for row in of_kind), len(of_kind))} right")


def share(some: int, whole: int) -> str:
    """`540 of 600 = 90.0 % (87.3 to 92.2)`: with Wilson's interval of 95 %."""
    if not whole:
        return "0 of 0"
    z, p = 1.96, some / whole
    middle = (p + z * z / 2 / whole) / (1 + z * z / whole)
    half = z / (1 + z * z / whole) * math.sqrt(p * (1 - p) / whole + z * z / 4 / whole / whole)
    return f"{some} of {whole} = {100 * p:.1f} % ({100 * (middle - half):.1f} to {100 * (middle + half):.1f})"


def reliability(rows: Sequence[Row], sure: float) -> None:
    """Predicted against right, in ten bins; and what was shown as sure and is wrong."""
    print("confidence      n   predicted   right")
    for low in range(10):
        inside = [row for row in rows if low / 10 <= row[2] < (low + 1) / 10 + (low == 9)]
        if inside:
            predicted, right = np.mean([row[2] for row in inside]), np.mean([row[3] for row in inside])
            print(f"{low / 10:.1f}-{(low + 1) / 10:.1f}   {len(inside):7}   {predicted:9.3f}   {right:5.3f}")
    kept = [row for row in rows if row[2] >= sure]
    print(
        f"sure (from {sure}): {len(kept)} of {len(rows)}, of them wrong {share(sum(not r[3] for r in kept), len(kept))}"
    )


# ---------------------------------------------------------------- simulated papers


def simulate(count: int, seed: int, part: str, *options: str) -> list[tuple[Path, dict[str, Any]]]:
    """Pages or crops of scansim with their truth; made once."""
    folder = WORK / f"sim_{seed}_{part}{''.join(options)}"
    if len(list(folder.glob("*.json"))) < count:
        command = [sys.executable, str(SCANSIM / "scansim.py"), str(folder), "--seed", str(seed), "--digits-part", part]
        subprocess.run([*command, "--format", "png", *options, str(count)], check=True, stdout=subprocess.DEVNULL)
    return [(path.with_suffix(""), json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))[:count]]


def truth_of(known: dict[str, Any]) -> dict[str, Any] | None:
    """The stamp of a simulated file, if it has one."""
    if "documents" in known:
        return next((document["stamp"] for document in known["documents"] if document["stamp"]), None)
    return known if "layout" in known else None


Read = dict[str, Any]
"""One page of scansim as read: stamped, found, seconds, and of each field `want` and `readings`."""
SETS = (("office", 200), ("worn", 200), ("office", 300), ("bad", 200))


def simulated(count: int, reader: Reader, seed: int, fresh: bool) -> list[Read]:
    """Pages of scansim in four states of wear and size, every colour and layout, pens not trained on."""
    reads: list[Read] = []
    for n, (wear, dpi) in enumerate(SETS):
        options = ("--wear", wear, "--dpi", str(dpi), "--longest", "1", "--pages")
        files = simulate(count // len(SETS), seed + n, "test", *options)
        reads += kept_lines(
            f"simulated_{seed + n}", files, len(files), lambda one: _read_page(one[0], one[1], reader), fresh
        )
    return reads


def kept_lines(name: str, items: Iterable[Any], count: int, read: Callable[[Any], Read], fresh: bool) -> list[Read]:
    """What `read` says of the first `count` items, from the file of an earlier run as far as that went."""
    path = WORK / f"{name}.jsonl"
    if fresh:
        path.unlink(missing_ok=True)
    known = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    if len(known) < count:
        with path.open("a", encoding="utf-8") as file:
            for item in itertools.islice(items, len(known), count):
                known.append(read(item))
                file.write(json.dumps(known[-1]) + "\n")
                file.flush()
    return known[:count]


def _read_page(path: Path, known: dict[str, Any], reader: Reader) -> Read:
    image = Image.open(path)
    image.load()
    truth = truth_of(known)
    page = Page(1, dpi=float(known["render"]["dpi"]), width=image.width, height=image.height)
    begun = time.process_time()
    stamp = stamps.find(page, image, reader)
    seconds = time.process_time() - begun
    asked = [name for name in ("number", "date") if truth and truth["fields"][name] is not None]
    fields = {
        name: {"want": truth["fields"][name], "readings": _readings_of(stamp, name)}
        for name in asked
        if truth and name not in truth.get("cut_fields", ())
    }
    return {"stamped": truth is not None, "found": stamp is not None, "seconds": seconds, "fields": fields}


def _readings_of(stamp: Stamp | None, name: str) -> list[tuple[str, float]]:
    found = [f for f in stamp.fields if f.field == name] if stamp else []
    return [(str(f.value or f.partial or ""), f.confidence) for f in found]


def report(reads: Sequence[Read], witnesses: bool) -> None:
    """Found, false, read; the same with the book's numbers and the other dates beside them."""
    stamped = [one for one in reads if one["stamped"]]
    clean = [one for one in reads if not one["stamped"]]
    print("found", share(sum(one["found"] for one in stamped), len(stamped)))
    print("false", share(sum(one["found"] for one in clean), len(clean)))
    for name, of in (("with", stamped), ("without", clean)):
        if of:
            print(f"CPU s a page {name}: {np.mean([one['seconds'] for one in of]):.2f}")
    rows = [_row(kind, f["want"], f["readings"]) for one in stamped for kind, f in one["fields"].items()]
    summary("simulated", rows)
    reliability(rows, expected.SURE)
    if witnesses:
        with_witnesses(stamped)


def _row(kind: str, want: str, readings: Sequence[tuple[str, float]]) -> Row:
    text, sure = readings[0] if readings else ("", 0.0)
    return kind, want, sure, bool(readings) and text == want


def with_witnesses(reads: Sequence[Read]) -> None:
    """A book's sequence and the dates around each stamp made up: nine in ten as expected, one in ten anything else."""
    rng = np.random.default_rng(3)
    usual: list[Row] = []
    odd: list[Row] = []
    for one in reads:
        for kind, field in one["fields"].items():
            off = rng.random() < expected.ODD
            prior = _made_up_prior(kind, field["want"], bool(off), rng)
            (odd if off else usual).append(_row(kind, field["want"], expected.combine(field["readings"], prior)))
    summary("with witnesses", usual + odd)
    reliability(usual + odd, expected.SURE)
    summary("  as expected", usual)
    summary("  odd ones", odd)
    overwritten = sum(row[2] >= expected.SURE and not row[3] for row in odd)
    print(f"  odd ones overwritten as sure: {overwritten} of {len(odd)}")


def _made_up_prior(kind: str, want: str, off: bool, rng: np.random.Generator) -> expected.Expected | None:
    if kind == "number":
        before = int(want) - int(rng.choice(len(expected.AHEAD), p=np.array(expected.AHEAD) / sum(expected.AHEAD))) - 1
        return expected.next_numbers(int(rng.integers(1, 9999)) if off else max(0, before))
    day = datetime.date.fromisoformat(want)
    if off:
        day += datetime.timedelta(int(rng.integers(-300, 300)))
    issued, previous, scanned = (
        (day + datetime.timedelta(sign * int(rng.choice(days)))).isoformat()
        for sign, days in ((-1, (0, 1, 1, 2, 3, 5, 8)), (-1, (0, 0, 0, 1, 1, 3)), (1, (0, 0, 0, 1, 2)))
    )
    return expected.arrival_dates(issued, scanned, previous)


# ---------------------------------------------------------------- made-up strips


def read_strips(count: int, part: str, reader: Reader, fresh: bool) -> list[Read]:
    """Strips of bench/strips.py, read; part: test (digits of both sources kept back) or calibration (USPS alone)."""
    pens, samples = strips.digit_samples(SCANSIM, MATERIAL / "handwriting" / "digits", part)
    made = strips.strips({"test": 5, "calibration": 6}[part], pens, samples)
    recorder = Recorder()
    calibration.confident = recorder  # type: ignore[assignment]
    return kept_lines(f"strips_{part}", made, count, lambda one: _read_strip(one, reader, recorder), fresh)


def _read_strip(made: strips.Made, reader: Reader, recorder: Recorder) -> Read:
    views = reader.views(made.picture)
    read = {"number": reader.number_in, "day": reader.day_in, "date": reader.date_in, "time": reader.time_in}
    readings = read[made.kind](views)
    return {"kind": made.kind, "want": meant(made), "readings": readings, "facts": recorder.best[made.kind][1:]}


def _may_be_expected(one: Read) -> bool:
    """Whether a book could say what was written: a number, or a whole date."""
    return one["kind"] in ("number", "date") and bool(one["want"]) and not one["want"].startswith("--")


def meant(made: strips.Made) -> str:
    """The value of what was written: days without a leading zero, dates in ISO 8601."""
    if made.kind == "day":
        return made.text.lstrip("0")
    if made.kind != "date" or not made.text:
        return made.text
    day, month, *year = (int(part) for part in re.split(r"[/.|-]", made.text))
    return f"{year[0] % 100 + 2000}-{month:02d}-{day:02d}" if year else f"--{month:02d}-{day:02d}"


# ---------------------------------------------------------------- calibration


class Recorder:
    """Notes the scores behind every confidence."""

    def __init__(self) -> None:
        self.best: dict[str, tuple[str, float, float]] = {}
        self._usual = calibration.confident

    def __call__(self, kind: str, scores: dict[str, float]) -> list[tuple[str, float]]:
        ranked = sorted(scores.items(), key=lambda pair: -pair[1])
        self.best[kind] = ranked[0][0], ranked[0][1], ranked[1][1] if len(ranked) > 1 else ranked[0][1] - 10
        return self._usual(kind, scores)


def calibrate(count: int, reader: Reader, fresh: bool) -> None:
    """Prints the FITS of archive/calibration.py."""
    reads = read_strips(count, "calibration", reader, fresh)
    for kind in sorted({one["kind"] for one in reads}):
        facts = [
            (*one["facts"], bool(one["readings"] and one["readings"][0][0] == one["want"]))
            for one in reads
            if one["kind"] == kind
        ]
        print(f'    "{kind}": {fit(facts)},  # {len(facts)} strips, {100 * np.mean([f[2] for f in facts]):.0f} % right')


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
    asked.add_argument(
        "--simulated", type=int, default=0, metavar="N", help="pages of scansim; 2 s of CPU each to draw"
    )
    asked.add_argument("--witnesses", action="store_true", help="the simulated ones beside a made-up book, too")
    asked.add_argument("--strips", type=int, default=0, metavar="N", help="made-up strips: reliability")
    asked.add_argument("--seed", type=int, default=77)
    asked.add_argument("--calibrate", type=int, nargs="?", const=600, default=0, metavar="N")
    asked.add_argument("--fresh", action="store_true", help="forget what an earlier run has read")
    options = asked.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    reader = Reader()
    if options.calibrate:
        calibrate(options.calibrate, reader, options.fresh)
    if options.strips:
        reads = read_strips(options.strips, "test", reader, options.fresh)
        rows = [_row(one["kind"], one["want"], one["readings"]) for one in reads]
        summary("strips", rows)
        reliability(rows, expected.SURE)
        if options.witnesses:
            with_witnesses([{"fields": {one["kind"]: one}} for one in reads if _may_be_expected(one)])
    if options.simulated:
        report(simulated(options.simulated, reader, options.seed, options.fresh), options.witnesses)
    asked_nothing = not (options.calibrate or options.strips or options.simulated or options.real or options.fields)
    if options.fields or asked_nothing:
        summary("fields", fields(reader))
    if options.real or asked_nothing:
        summary("end to end", real(reader))


if __name__ == "__main__":
    main()
