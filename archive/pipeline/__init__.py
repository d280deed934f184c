"""The line a scan walks: survey → verify → look → read and mark (a task a page each) → cut → extract → route → shelve.

What a step computes is in archive/steps.py and runs in a killable child; what is kept of it is here and is written in
the transaction that finishes the task. Everything is safe to repeat: a step may be run again after any crash.
"""

from __future__ import annotations

from archive.pipeline.line import Archive, Step
from archive.pipeline.reading import LOOK, MARK, READ, SURVEY, VERIFY
from archive.pipeline.understanding import CUT, EXTRACT, ROUTE, SHELVE
from archive.pipeline.whole import read_file

__all__ = ["STEPS", "Archive", "Step", "read_file"]

STEPS: dict[str, Step] = {step.name: step for step in (SURVEY, VERIFY, LOOK, READ, MARK, CUT, EXTRACT, ROUTE, SHELVE)}
"""By name, in the order in which a scan walks them."""
