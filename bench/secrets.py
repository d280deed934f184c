"""Marks of secrecy at the heads of pages: `./run bench secrets [--papers N] [--seed S] [--kinds K,…] [--real]`.

Each paper is drawn marked, unmarked (plain), with harmless words (titles of the law in capitals, "xử lý tài liệu mật",
tables) and hard (twelve lookalikes a page: KHẨN, LƯU HÀNH NỘI BỘ, MẮT … in boxes of the law's size, in red and black),
in four states of wear and three depths: 48 heads. What was seen is kept in VANTHU_BENCH_DIR (default /tmp/secrets), a
line a paper and kind, so that a run can be taken up again; `--fresh` forgets it. `--real` looks at every page of the
material's scans and stamps, and at those of its hostile files that can be opened; none of them bears a mark.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archive import scans, secrecy
from archive.children import Child
from archive.errors import ArchiveError
from bench._secret_heads import DPI, Artist, Head, drawn

# Absolute: the child that opens the files works in another directory.
MATERIAL = Path(os.environ.get("VANTHU_MATERIAL", "../shared/material")).resolve()
WORK = Path(os.environ.get("VANTHU_BENCH_DIR", "/tmp/secrets"))


def looked(head: Head) -> dict[str, Any]:
    """What is true of a head, what was seen, and what it took."""
    began = time.process_time()
    marks = secrecy.look(head.image, 1, float(DPI))
    took = time.process_time() - began
    truth = {name: getattr(head, name) for name in ("kind", "word", "ink", "boxed", "wear", "depth")}
    return truth | {"seen": [mark.text for mark in marks], "seconds": round(took, 3)}


KINDS = ("marked", "plain", "harmless", "hard")
MOST_PAGES = 8
"""Of one real file."""


def made_up(papers: int, seed: int, kind: str, fresh: bool) -> Iterator[dict[str, Any]]:
    """What was seen on every head, from the file of an earlier run as far as that went."""
    WORK.mkdir(parents=True, exist_ok=True)
    kept = WORK / f"secrets_{seed}_{kind}.jsonl"
    if fresh:
        kept.unlink(missing_ok=True)
    known = kept.read_text().splitlines() if kept.is_file() else []
    artist = None
    with kept.open("a", encoding="utf-8") as file:
        for n in range(papers):
            if n >= len(known):
                artist = artist or Artist(MATERIAL.parent / "scansim")
                known.append(json.dumps([looked(head) for head in drawn(artist, seed, n, kind)]))
                file.write(known[n] + "\n")
                file.flush()
            yield from json.loads(known[n])


def real(fresh: bool) -> Iterator[dict[str, Any]]:
    """Every page of the material's scans and stamps, and of its hostile files what can be opened, each in a child."""
    kept = WORK / "secrets_real.jsonl"
    if fresh:
        kept.unlink(missing_ok=True)
    known = kept.read_text().splitlines() if kept.is_file() else []
    found = [path for name in ("scans", "stamps", "robust") for path in sorted((MATERIAL / name).rglob("*"))]
    with Child(name="secrets") as child, kept.open("a", encoding="utf-8") as file:
        for n, path in enumerate(path for path in found if path.is_file() and path.suffix != ".tsv"):
            if n >= len(known):
                kind = path.relative_to(MATERIAL).parts[0]
                pages = [{"kind": kind, "file": path.name, "seen": seen} for seen in _of_file(child, str(path))]
                known.append(json.dumps(pages))
                file.write(known[n] + "\n")
                file.flush()
            yield from json.loads(known[n])


def _of_file(child: Child, path: str) -> Iterator[list[str]]:
    limits = scans.Limits()
    try:
        pages = child.run("archive.steps:survey", path, limits, wall=60.0, cpu=10.0).pages
    except ArchiveError:
        return
    for n in range(1, min(pages, MOST_PAGES) + 1):
        try:
            yield [mark.text for mark in child.run("archive.steps:look", path, n, limits, wall=60.0, cpu=15.0)]
        except ArchiveError:
            continue


def report(heads: list[dict[str, Any]]) -> None:
    """Found of the marked, by what they are; seen on the others, where nothing is."""
    marked = [one for one in heads if one["kind"] == "marked"]
    _line("marked", marked)
    names = {True: "boxed", False: "typed"}
    for facts in (("ink",), ("wear",), ("depth",), ("word",), ("boxed",), ("wear", "depth")):
        for key in sorted({tuple(one[fact] for fact in facts) for one in marked}):
            _line("  " + " ".join(str(names.get(part, part)) for part in key),
                  [one for one in marked if tuple(one[fact] for fact in facts) == key])  # fmt: skip
    overlaid = [one for one in heads if one["kind"] == "overlaid"]
    _line("marked over other print", overlaid)
    for wear, depth in sorted({(one["wear"], one["depth"]) for one in overlaid}):
        _line(f"  {wear} {depth}", [one for one in overlaid if (one["wear"], one["depth"]) == (wear, depth)])
    bare = [one for one in heads if one["kind"] not in ("marked", "overlaid")]
    false = Counter(one["kind"] for one in bare if one["seen"])
    print(f"without a mark: {len(bare)} {dict(Counter(one['kind'] for one in bare))}; seen on "
          f"{sum(false.values())} = {100 * sum(false.values()) / max(1, len(bare)):.2f} % {dict(false)}, "
          f"at most {100 * _upper(sum(false.values()), len(bare)):.2f} % (95 %)")  # fmt: skip
    took = sorted(one["seconds"] for one in heads if "seconds" in one)
    if took:
        print(f"processor time a head: median {took[len(took) // 2]:.3f} s, most {took[-1]:.3f} s")


def _upper(seen: int, of: int) -> float:
    """The upper bound of a share at 95 % confidence, one-sided (Clopper and Pearson 1934), found by halving."""
    low, high = 0.0, 1.0
    while high - low > 1e-6:
        share = (low + high) / 2
        chance = sum(math.comb(of, n) * share**n * (1 - share) ** (of - n) for n in range(seen + 1))
        low, high = (share, high) if chance > 0.05 else (low, share)
    return high


def _line(name: str, of: list[dict[str, Any]]) -> None:
    found = sum(bool(one["seen"]) for one in of)
    if of:
        least = 100 * (1 - _upper(len(of) - found, len(of)))
        print(f"{name:28} {found:5} of {len(of):5} = {100 * found / len(of):.1f} %, at least {least:.1f} % (95 %)")


def main() -> None:
    """Draw, look, tell."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--papers", type=int, default=70)
    given.add_argument("--seed", type=int, default=1)
    given.add_argument("--kinds", default=",".join(KINDS))
    given.add_argument("--real", action="store_true")
    given.add_argument("--fresh", action="store_true")
    asked = given.parse_args()
    kinds = asked.kinds.split(",")
    heads = [head for kind in kinds for head in made_up(asked.papers, asked.seed, kind, asked.fresh)]
    report(heads + (list(real(asked.fresh)) if asked.real else []))


if __name__ == "__main__":
    main()
