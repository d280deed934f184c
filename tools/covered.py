"""After `./run coverage` of all tests: what they walk of each module; fails where that is less than was promised.

In WHOLE every branch is walked both ways; elsewhere LEAST percent of the branches. Modules with less are named: what
runs in the children that decode files is not measured, for they may write nowhere.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

WHOLE = (
    "archive/intake.py", "archive/arrival.py", "archive/front_door.py", "archive/origins.py",
    "archive/blobs/", "archive/durable.py",
    "archive/register.py", "archive/register_books.py", "archive/register_days.py", "archive/register_restored.py",
    "archive/access.py", "archive/delegation.py",
)  # fmt: skip
"""Intake, blobs, register numbering, access: the modules, and the folder, that decide about them."""
LEAST = 90


def main() -> int:
    """The sentence for people, and 1 where a module is below its share."""
    modules = measured()
    if not modules:
        print("nothing was measured")
        return 1
    whole = [name for name in modules if name.startswith(WHOLE)]
    others = [summary for name, summary in modules.items() if name not in whole]
    print(f"intake, blobs, numbers, access ({len(whole)} modules): {said([modules[name] for name in whole])}")
    print(f"elsewhere ({len(others)} modules): {said(others)}")
    told = sorted(filter(None, (below(*one) for one in modules.items() if one[0] not in whole)))
    wrong = [name for name in whole if lacks(modules[name])]
    told += [f"{name}: {lacks(modules[name])} lines and branches are not walked, all should be" for name in wrong]
    too_few = share(*branches(others)) < LEAST
    told += [f"{LEAST} % of the branches elsewhere should be walked"] if too_few else []
    for line in told:
        print(line)
    return 1 if wrong or too_few else 0


def measured() -> dict[str, dict]:
    """coverage.py's summary of each module."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        subprocess.run([sys.executable, "-m", "coverage", "json", "-q", "-o", str(report)], check=False)
        files = json.loads(report.read_text())["files"] if report.exists() else {}
    return {name: found["summary"] for name, found in files.items()}


def said(summaries: Collection[dict]) -> str:
    """`812 of 812 branches (100.0 %), 100.0 % of lines and branches`."""
    of, walked = branches(summaries)
    things = of + sum(one["num_statements"] for one in summaries)
    done = walked + sum(one["covered_lines"] for one in summaries)
    return f"{walked} of {of} branches ({share(of, walked):.1f} %), {share(things, done):.1f} % of lines and branches"


def branches(summaries: Collection[dict]) -> tuple[int, int]:
    """How many there are, and how many of them were walked."""
    return sum(one["num_branches"] for one in summaries), sum(one["covered_branches"] for one in summaries)


def share(of: int, part: int) -> float:
    """Percent; 100 of nothing."""
    return 100 * part / of if of else 100.0


def lacks(summary: dict) -> int:
    """How many lines and branches of a module are not walked."""
    return summary["missing_branches"] + summary["missing_lines"]


def below(name: str, summary: dict) -> str:
    """A module of which less is walked than of all together should be, in words; "" for others."""
    return f"{name}: {summary['percent_covered']:.1f} %" if summary["percent_covered"] < LEAST else ""


if __name__ == "__main__":
    sys.exit(main())
