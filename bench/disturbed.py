"""Real pages again, as other scanners would have made them: what is read then, and which stamps are found.

    python -m bench disturbed DIR fields [--ways noise bilevel …]   first pages through `vanthu read`: number, date …
    python -m bench disturbed DIR stamps [--ways …]                 the finder alone over every page

Pages are drawn at 200 dpi into DIR under names that tell nothing, without the file's name and signatures as witnesses;
results are kept there and the run goes on where it broke off. Exit status 1 when a wrong value is sure or a stamp is
found where there is none. Needs the real scans of `VANTHU_MATERIAL`.
"""

from __future__ import annotations

import argparse
import csv
import functools
import io
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
from PIL import Image, ImageEnhance, ImageFilter

from archive import scans, stamps
from archive.config import Settings
from archive.pen import Reader
from archive.pipeline import read_file

MATERIAL = Path(os.environ.get("VANTHU_MATERIAL", Path(__file__).parents[2] / "shared" / "material"))
DPI, A4_WIDE = 200, 8.27
STAMPED = {("2770_(08-CT-UBND)..signed.pdf", 1), ("pline_1.jpg", 1)}
Way = Callable[[Image.Image], Image.Image]


def turned(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=(250, 250, 248))


def bilevel(image: Image.Image, limit: int) -> Image.Image:
    return image.convert("L").point(lambda v: 255 if v > limit else 0)


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def noisy(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image, np.float32)
    grain = np.random.default_rng(1).normal(0, 14, (*pixels.shape[:2], 1))
    return jpeg(Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8)), 60)


def pale(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(ImageEnhance.Contrast(image).enhance(0.55)).enhance(1.1)


WAYS: dict[str, Way] = {
    "as_is": lambda image: image,
    "grey_turned": lambda image: turned(image, 1.5).convert("L"),
    "bilevel": functools.partial(bilevel, limit=165),
    "jpeg": functools.partial(jpeg, quality=30),
    "turned": functools.partial(turned, degrees=-2.5),
    "noise": noisy,
    "pale": pale,
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(1.0)),
    "upside_down": lambda image: image.rotate(180),
}


def pages(path: Path, last: int = 10_000) -> Iterator[tuple[int, Image.Image]]:
    """(number, picture at about DPI) of the first `last` pages."""
    if path.suffix != ".pdf":
        yield 1, Image.open(path).convert("RGB")
        return
    pdf = pypdfium2.PdfDocument(path)
    for number in range(min(last, len(pdf))):
        yield number + 1, pdf[number].render(scale=DPI / 72).to_pil().convert("RGB")


def kept(file: Path, key: list[Any], make: Callable[[], Any]) -> Any:
    """What `make` said under `key`, once for all runs."""
    known = dict(map(_row, file.open(encoding="utf-8"))) if file.exists() else {}
    name = json.dumps(key)
    if name not in known:
        known[name] = make()
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps([name, known[name]], ensure_ascii=False) + "\n")
    return known[name]


def _row(line: str) -> tuple[str, Any]:
    name, said = json.loads(line)
    return name, said


def drawn(folder: Path, image: Image.Image, way: str) -> Path:
    """The page's picture as a file whose name tells nothing."""
    picture, file = WAYS[way](image), folder / "page.png"
    dpi = round(image.width / A4_WIDE)
    picture.save(file, dpi=(dpi, dpi))
    return file


# ---------------------------------------------------------------- fields


def fields(folder: Path, ways: list[str]) -> int:
    """Prints how often number, type and date are right, in doubt, or wrong but sure; how many are wrong but sure."""
    rows = list(csv.DictReader((MATERIAL / "scans/manifest.tsv").open(encoding="utf-8"), delimiter="\t"))
    rows = [row for row in rows if row["handwritten"] or not row["file"].endswith(".pdf")]  # born digital: no scans
    total: Counter[str] = Counter()
    for way in ways:
        for row in rows:
            said = kept(folder / "fields.jsonl", [row["file"], way], lambda r=row, w=way: _read(folder, r["file"], w))
            total.update(_judged(row, way, said))
    for name in sorted(total):
        print(f"{name:40} {total[name]}")
    return sum(count for name, count in total.items() if name.endswith("WRONG BUT SURE"))


def _read(folder: Path, name: str, way: str) -> dict[str, Any]:
    _, image = next(pages(MATERIAL / name, 1))
    found = read_file(str(drawn(folder, image, way)), Settings())["documents"]
    asked = ("full_code", "document_type", "date")
    return {"count": len(found), "fields": {f: found[0]["fields"][f] for f in asked} if found else {}}


def _judged(row: dict[str, str], way: str, said: dict[str, Any]) -> Iterator[str]:
    wanted = {"full_code": row["number"], "document_type": row["doc_type"], "date": row["date"]}
    if said["count"] != 1:
        print(way, row["file"], f"{said['count']} documents")
    for name, want in wanted.items():
        got = said["fields"].get(name, {"value": None, "sure": False, "others": []})
        right, sure = (got["value"] or "") == want, got["sure"]
        if not right:
            rivals = [other["value"] for other in got["others"][:3]]
            print(way, row["file"], name, repr(got["value"]), "for", repr(want), rivals, "SURE" if sure else "")
        yield f"{name}: " + ("right" if right else "WRONG BUT SURE" if sure else "in doubt, not first")


# ---------------------------------------------------------------- stamps


def found_stamps(folder: Path, ways: list[str]) -> int:
    """Prints stamps found and missed on every page; how many were found where there is none, or missed."""
    reader, total = Reader(), Counter[str]()
    for path in sorted(p for p in (MATERIAL / "scans").rglob("*") if p.suffix in (".pdf", ".png", ".jpg")):
        for number, image in pages(path):
            for way in ways:
                key = [path.name, number, way]
                said = kept(folder / "stamps.jsonl", key, lambda i=image, w=way: _find(folder, i, w, reader))
                there = (path.name, number) in STAMPED
                total[f"{'with' if there else 'without'} a stamp: {'found' if said else 'none found'}"] += 1
                if bool(said) != there:
                    print(*key, said or "missed", flush=True)
    print(dict(total))
    return total["with a stamp: none found"] + total["without a stamp: found"]


def _find(folder: Path, image: Image.Image, way: str, reader: Reader) -> list[Any] | None:
    file = drawn(folder, image, way)
    page = scans.read_page(file, 1).page
    upright = Image.open(file).rotate(-page.rotation, expand=True)
    found = stamps.find(page, upright, reader)
    return [found.box, round(found.confidence, 2)] if found else None


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path, metavar="DIR")
    asked.add_argument("what", choices=("fields", "stamps"))
    asked.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    options = asked.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    wrong = (fields if options.what == "fields" else found_stamps)(options.folder, options.ways)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
