"""Marks of secrecy at the heads of pages: `./run bench secrets [--papers N] [--seed S] [--real]`.

Each paper is drawn marked, unmarked and with harmless words (titles of the law in capitals, "xử lý tài liệu mật",
tables), in four states of wear and three depths: 36 heads. What was seen is kept in VANTHU_BENCH_DIR (default
/tmp/secrets), a line a paper, so that a run can be taken up again; `--fresh` forgets it. `--real` looks at
every page of the material's scans, none of which bears a mark.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archive import scans, secrecy, steps
from archive.errors import ArchiveError
from bench._secret_heads import DPI, Artist, Head, drawn

MATERIAL = Path(os.environ.get("VANTHU_MATERIAL", "../shared/material"))
WORK = Path(os.environ.get("VANTHU_BENCH_DIR", "/tmp/secrets"))


def looked(head: Head) -> dict[str, Any]:
    """What is true of a head, what was seen, and what it took."""
    began = time.process_time()
    marks = secrecy.look(head.image, 1, float(DPI))
    took = time.process_time() - began
    truth = {name: getattr(head, name) for name in ("kind", "word", "ink", "boxed", "wear", "depth")}
    return truth | {"seen": [mark.text for mark in marks], "seconds": round(took, 3)}


def made_up(papers: int, seed: int, fresh: bool) -> Iterator[dict[str, Any]]:
    """What was seen on every head, from the file of an earlier run as far as that went."""
    WORK.mkdir(parents=True, exist_ok=True)
    kept = WORK / f"secrets_{seed}.jsonl"
    if fresh:
        kept.unlink(missing_ok=True)
    known = kept.read_text().splitlines() if kept.is_file() else []
    artist = None
    with kept.open("a", encoding="utf-8") as file:
        for n in range(papers):
            if n >= len(known):
                artist = artist or Artist(MATERIAL.parent / "scansim")
                kinds = ("marked", "plain", "harmless")
                heads = [looked(head) for kind in kinds for head in drawn(artist, seed, n, kind)]
                known.append(json.dumps(heads))
                file.write(known[n] + "\n")
                file.flush()
            yield from json.loads(known[n])


def real() -> Iterator[dict[str, Any]]:
    """Every page of the material's scans."""
    files = sorted(path for path in (MATERIAL / "scans").rglob("*") if path.suffix in (".pdf", ".png", ".jpg"))
    for file in files:
        for n in range(1, scans.survey(file).pages + 1):
            try:
                marks = steps.look(str(file), n, scans.Limits())
            except ArchiveError:
                continue
            yield {"kind": "real", "seen": [mark.text for mark in marks]}


def report(heads: list[dict[str, Any]]) -> None:
    """Found of the marked, by what they are; seen on the others, where nothing is."""
    marked = [one for one in heads if one["kind"] == "marked"]
    _line("marked", marked)
    names = {True: "boxed", False: "typed"}
    for facts in (("ink",), ("wear",), ("depth",), ("word",), ("boxed",), ("wear", "depth")):
        for key in sorted({tuple(one[fact] for fact in facts) for one in marked}):
            _line("  " + " ".join(str(names.get(part, part)) for part in key),
                  [one for one in marked if tuple(one[fact] for fact in facts) == key])  # fmt: skip
    _line("marked over other print", [one for one in heads if one["kind"] == "overlaid"])
    bare = [one for one in heads if one["kind"] in ("plain", "harmless", "real")]
    false = Counter(one["kind"] for one in bare if one["seen"])
    print(f"without a mark: {len(bare)}, of which real {sum(one['kind'] == 'real' for one in bare)}; seen on "
          f"{sum(false.values())} = {100 * sum(false.values()) / max(1, len(bare)):.2f} % {dict(false)}")  # fmt: skip
    took = sorted(one["seconds"] for one in heads if "seconds" in one)
    if took:
        print(f"processor time a head: median {took[len(took) // 2]:.3f} s, most {took[-1]:.3f} s")


def _line(name: str, of: list[dict[str, Any]]) -> None:
    found = sum(bool(one["seen"]) for one in of)
    if of:
        print(f"{name:28} {found:5} of {len(of):5} = {100 * found / len(of):.1f} %")


def main() -> None:
    """Draw, look, tell."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--papers", type=int, default=70)
    given.add_argument("--seed", type=int, default=1)
    given.add_argument("--real", action="store_true")
    given.add_argument("--fresh", action="store_true")
    asked = given.parse_args()
    heads = list(made_up(asked.papers, asked.seed, asked.fresh))
    report(heads + (list(real()) if asked.real else []))


if __name__ == "__main__":
    main()
