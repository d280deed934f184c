"""`./run bench [NAME] [options]`: runs one benchmark, or names them all."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

NAMES = sorted(p.stem for p in Path(__file__).parent.glob("[a-z]*.py"))


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        sys.exit("Benchmarks: " + ", ".join(NAMES))
    name = sys.argv.pop(1)
    runpy.run_module(f"bench.{name}", run_name="__main__")


main()
