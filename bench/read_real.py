"""Reading of real and hostile files: real scans against raw Tesseract, and the 527 files made to break decoders.

python -m bench.read validity            syllables that could be Vietnamese, raw and ours, for each real scan
python -m bench.read robust [--every 10] [--decode]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

from archive import scans, tesseract
from archive.children import Child
from archive.errors import ArchiveError
from archive.vietnamese import syllables

SHARED = Path(os.environ.get("VANTHU_MATERIAL", Path(__file__).parents[2] / "shared" / "material")).parent
SCANS = SHARED / "material" / "scans" / "vbhc"
WHAT = ("validity", "robust")


def validity() -> None:
    """Share of words that could be Vietnamese syllables on real scans, raw and ours."""
    for path in sorted(SCANS.glob("*.pdf")):
        image = scans.page_image(path, 1).convert("L")
        raw, ours = tesseract.read(image), scans.read_page(path, 1).page
        shares = [100 * syllables(word.text for word in words) for words in (raw, ours.words)]
        print(
            f"{path.name[:12]:12} {ours.source:5} raw {shares[0]:.1f} % of {len(raw)}  "
            f"ours {shares[1]:.1f} % of {len(ours.words)}"
        )


# ------------------------------------------------------------------------------------------------ hostile files


def decoded(path: str, n: int) -> tuple[int, int]:
    """A page decoded and drawn but not recognised: what a decoder can break, without the minutes Tesseract takes."""
    with scans._source(Path(path), n, scans.Limits()) as source:
        image = source.image()
        source.objection()
        source.view()
        source.overlaid()
    return image.size


def robust(every: int, step: str) -> int:
    """Takes each file as the worker does; 1 when one ends in something else than pages or a reason."""
    bad = 0
    files = sorted(path for path in (SHARED / "material" / "robust").rglob("*") if path.is_file())[::every]
    outcomes: Counter[str] = Counter()
    slowest = (0.0, "")
    memory: list[int] = []
    with Child() as child:
        for path in files:
            begin = time.monotonic()
            outcome = _outcome(child, path, step)
            taken = time.monotonic() - begin
            slowest = max(slowest, (taken, path.name))
            memory.append(_resident(child))
            outcomes[outcome] += 1
            if outcome.startswith("!") or taken > 90:
                bad = 1
            if outcome.startswith(("!", "Crashed", "TookTooLong")) or taken > 20:
                print(f"{path.relative_to(SHARED)}: {outcome} after {taken:.1f} s", flush=True)
    print(f"{len(files)} files: {dict(outcomes)}; the slowest {slowest[0]:.1f} s ({slowest[1]})")
    tenth = max(1, len(memory) // 10)
    halves = [statistics.median(part) for part in (memory[:tenth], memory[-tenth:])]
    print(f"child after a file, MB: first tenth {halves[0]:.0f}, last tenth {halves[1]:.0f}, most {max(memory)}")
    print(f"this process, most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")
    return bad


def _resident(child: Child) -> int:
    """Megabytes the child holds now; 0 when it was ended."""
    try:
        return int(Path(f"/proc/{child.pid}/statm").read_text().split()[1]) * resource.getpagesize() >> 20
    except OSError:
        return 0


def _outcome(child: Child, path: Path, step: str) -> str:
    try:
        with path.open("rb") as file:
            scans.sniff(file.read(scans.HEAD))
        found = child.run("archive.scans:survey", str(path), wall=60, cpu=30)
        for n in range(1, min(found.pages, 2) + 1):
            child.run(step, str(path), n, wall=80, cpu=60)
    except ArchiveError as error:
        return type(error).__name__ + "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    except Exception as error:
        return f"! {type(error).__name__}: {error}"
    return "read"


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.read", description=__doc__)
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("--every", type=int, default=1, help="of the hostile files, each so-manieth")
    parser.add_argument("--decode", action="store_true", help="decode hostile files without recognising them")
    options = parser.parse_args()
    if options.what == "robust":
        return robust(options.every, "bench.read_real:decoded" if options.decode else "archive.scans:read_page")
    validity()
    return 0


if __name__ == "__main__":
    sys.exit(main())
