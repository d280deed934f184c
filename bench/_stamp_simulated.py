"""Stamps on made-up pages: found, cut into fields, read; alone and beside a made-up book."""

from __future__ import annotations

import datetime
import json
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archive import expected, handwriting, scans, stamps
from archive.findings import Stamp
from archive.pen import Reader
from archive.reading import Box
from bench._shares import Row, reliability, row, share, summary
from bench._stamp_pages import Drawn

Read = dict[str, Any]
"""A page as read: name, state, colour, layout, stamped, found, seconds, and of each field `want`, `readings`, `cut`."""
FIELDS = ("number", "date", "time")
APART = 12.0
"""mm between the middles of a stamp and of what was found, from which on that is another thing."""
OUT = 0.4
"""mm of ink that may stand out of a cut: a stroke's width."""


def kept_lines(path: Path, items: Iterable[Any], read: Callable[[Any], Read], fresh: bool) -> Iterator[Read]:
    """What `read` says of each item, from the file of an earlier run as far as that went."""
    if fresh:
        path.unlink(missing_ok=True)
    known = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    with path.open("a", encoding="utf-8") as file:
        for n, item in enumerate(items):
            if n >= len(known):
                known.append(read(item))
                file.write(json.dumps(known[n]) + "\n")
                file.flush()
            yield known[n]


def simulated(pages: Iterable[Drawn], count: int, reader: Reader, kept: Path, fresh: bool) -> list[Read]:
    """Every page as it is read now, or all up to the moment somebody stops it."""
    reads: list[Read] = []
    begun = time.monotonic()
    try:
        for read in kept_lines(kept, pages, lambda page: read_page(page, reader), fresh):
            reads.append(read)
            if len(reads) % 20 == 0:
                found = sum(one["found"] for one in reads if one["stamped"])
                print(f"{len(reads)} of {count} pages, {found} stamps, {time.monotonic() - begun:.0f} s", flush=True)
    except KeyboardInterrupt:
        print(f"broken off after {len(reads)} of {count} pages; what follows is of these")
    return reads


def read_page(drawn: Drawn, reader: Reader) -> Read:
    """One page, looked at as the archive would; the gaps of its heading for their cost only."""
    image = scans.upright_image(drawn.path, 1, 0)
    render, truth = drawn.truth["render"], drawn.stamp
    page = drawn.page(image.width, image.height)
    begun = time.process_time()
    stamp = stamps.find(page, image, reader)
    handwriting.gaps(page, image, reader)
    seconds = time.process_time() - begun
    read: Read = {"name": drawn.path.stem, "state": drawn.state, "stamped": truth is not None, "seconds": seconds}
    if truth is None:
        return {**read, "found": stamp is not None, "fields": {}}
    size = image.width / render["dpi"] * 25.4, image.height / render["dpi"] * 25.4
    place = stamp.box if stamp else None
    found = place is not None and math.dist(_middle(place, size), _middle(truth["box"], size)) < APART
    fields = {name: _field(name, stamp if found else None, truth, size) for name in FIELDS if _is_asked(name, truth)}
    return {**read, "colour": truth["colour"], "layout": truth["layout"], "where": truth["where"], "found": found,
            "angle": truth["angle"], "fields": fields}  # fmt: skip


def _is_asked(name: str, truth: dict[str, Any]) -> bool:
    return truth["fields"][name] is not None and name not in truth["cut_fields"]


def _middle(box: Sequence[float], size: tuple[float, float]) -> tuple[float, float]:
    """mm on the page."""
    return (box[0] + box[2]) / 2 * size[0], (box[1] + box[3]) / 2 * size[1]


def _field(name: str, stamp: Stamp | None, truth: dict[str, Any], size: tuple[float, float]) -> Read:
    found = [f for f in stamp.fields if f.field == name] if stamp else []
    readings = [(str(f.value or f.partial or ""), f.confidence) for f in found]
    readings += [rival for f in found for rival in f.rivals]
    cut = None
    if stamp and found and found[0].box:
        cut = _within(truth["field_boxes"][name], truth["angle"], found[0].box, stamp.angle, size)
    return {"want": truth["fields"][name], "readings": readings, "cut": cut}


def _within(ink: Box, angle: float, cut: Box, cut_angle: float, size: tuple[float, float]) -> list[float]:
    """mm from each side of the cut (left, top, right, bottom) in to the ink; less than nothing where ink is lost."""
    wide, tall = _unturned(ink, angle, size)
    room = _unturned(cut, cut_angle, size)
    (x, y), (cx, cy) = _middle(ink, size), _middle(cut, size)
    c, s = math.cos(math.radians(cut_angle)), math.sin(math.radians(cut_angle))
    dx, dy = (x - cx) * c - (y - cy) * s, (x - cx) * s + (y - cy) * c
    sides = (dx - wide / 2 + room[0] / 2, dy - tall / 2 + room[1] / 2,
             room[0] / 2 - dx - wide / 2, room[1] / 2 - dy - tall / 2)  # fmt: skip
    return [round(side, 2) for side in sides]


def _unturned(box: Box, angle: float, size: tuple[float, float]) -> tuple[float, float]:
    """mm along and across of a rectangle that stands askew, from the upright box around it."""
    wide, tall = (box[2] - box[0]) * size[0], (box[3] - box[1]) * size[1]
    c, s = math.cos(math.radians(angle)), abs(math.sin(math.radians(angle)))
    share = c * c - s * s
    return (wide * c - tall * s) / share, (tall * c - wide * s) / share


# ---------------------------------------------------------------- what is told of it


def report(reads: Sequence[Read], witnesses: bool) -> None:
    """Found by what the stamps are like, false, cut, read; the same beside a book; what it cost."""
    stamped = [one for one in reads if one["stamped"]]
    clean = [one for one in reads if not one["stamped"]]
    for trait in ("state", "colour", "layout", "where"):
        groups = defaultdict(list)
        for one in stamped:
            groups[one[trait]].append(one["found"])
        for name, found in sorted(groups.items()):
            print(f"found {trait} {name}: {share(sum(found), len(found))}")
    print("found", share(sum(one["found"] for one in stamped), len(stamped)))
    print("false", share(sum(one["found"] for one in clean), len(clean)))
    for name, of in (("with", stamped), ("without", clean)):
        if of:
            half, most = np.percentile([one["seconds"] for one in of], (50, 95))
            print(f"CPU s a page {name} a stamp: half under {half:.2f}, 95 % under {most:.2f}")
    _cuts(stamped)
    rows = [row(kind, f["want"], f["readings"]) for one in stamped for kind, f in one["fields"].items()]
    summary("simulated", rows)
    reliability(rows, expected.SURE)
    if witnesses:
        with_witnesses(stamped)


def _cuts(reads: Sequence[Read]) -> None:
    """Of the stamps that were found: whether all that is written lies in the cut, and what is read right of those."""
    for kind in FIELDS:
        fields = [one["fields"][kind] for one in reads if one["found"] and kind in one["fields"]]
        whole = [f for f in fields if f["cut"] and min(f["cut"]) > -OUT]
        right = sum(row(kind, f["want"], f["readings"])[3] for f in whole)
        print(
            f"cut {kind}: {share(len(whole), len(fields))} hold all ink; of those {share(right, len(whole))} read right"
        )
        if whole:
            spare = np.percentile([f["cut"][1] + f["cut"][3] for f in whole], (50, 90))
            print(f"  mm of them above and below the ink: half under {spare[0]:.1f}, 90 % under {spare[1]:.1f}")


def with_witnesses(reads: Sequence[Read]) -> None:
    """A book's sequence and the dates around each stamp made up: nine in ten as expected, one in ten anything else."""
    rng = np.random.default_rng(3)
    usual: list[Row] = []
    odd: list[Row] = []
    for one in reads:
        for kind, field in one["fields"].items():
            off = rng.random() < expected.ODD
            prior = _made_up_prior(kind, field["want"], bool(off), rng)
            (odd if off else usual).append(row(kind, field["want"], expected.combine(field["readings"], prior)))
    summary("with witnesses", usual + odd)
    reliability(usual + odd, expected.SURE)
    summary("  as expected", usual)
    summary("  odd ones", odd)
    overwritten = sum(one[2] >= expected.SURE and not one[3] for one in odd)
    print(f"  odd ones overwritten as sure: {overwritten} of {len(odd)}")


def _made_up_prior(kind: str, want: str, off: bool, rng: np.random.Generator) -> expected.Expected | None:
    if kind == "time":
        return None
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
