"""After `./run coverage` of all tests: what they walk of each module; fails where that is less than was promised.

In WHOLE every branch is walked both ways; of every other module LEAST percent of its lines and branches.
"""

import json
import subprocess
import sys
import tempfile
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
    print(f"intake, blobs, numbers, access ({len(whole)} modules): {said(modules[name] for name in whole)}")
    print(f"all {len(modules)} modules: {said(modules.values())}")
    wrong = sorted(filter(None, (below(name, summary) for name, summary in modules.items())))
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


def measured() -> dict[str, dict]:
    """coverage.py's summary of each module."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        subprocess.run([sys.executable, "-m", "coverage", "json", "-q", "-o", str(report)], check=False)
        files = json.loads(report.read_text())["files"] if report.exists() else {}
    return {name: found["summary"] for name, found in files.items()}


def said(summaries) -> str:
    """`812 of 812 branches (100.0 %), 100.0 % of lines and branches`."""
    summaries = list(summaries)
    branches, walked = (sum(one[name] for one in summaries) for name in ("num_branches", "covered_branches"))
    things = branches + sum(one["num_statements"] for one in summaries)
    done = walked + sum(one["covered_lines"] for one in summaries)
    return (
        f"{walked} of {branches} branches ({share(walked, branches)} %), {share(done, things)} % of lines and branches"
    )


def share(part: int, of: int) -> str:
    """Percent with one decimal place; 100.0 of nothing."""
    return f"{100 * part / of if of else 100:.1f}"


def below(name: str, summary: dict) -> str:
    """What a module lacks, in words; "" where it has its share."""
    lacking = summary["missing_branches"] + summary["missing_lines"]
    if name.startswith(WHOLE) and lacking:
        return f"{name}: {lacking} lines and branches are not walked, all should be"
    if summary["percent_covered"] < LEAST:
        return f"{name}: {summary['percent_covered']:.1f} % is walked, {LEAST} should be"
    return ""


if __name__ == "__main__":
    sys.exit(main())
