"""How much processor time the pages of each file have taken, as far as this worker has asked for them.

One page has its limit, and a file of 500 pages each of which stays just below it would hold a worker for a day. So the
pages of a file together may compute what one may, and on the average half of that: four times the densest real page.

Nor may one page have the limits of all its steps one after the other: over all of them a file of one page may compute
FIRST of the time a page may take by the clock, and FURTHER of it for each page more, so that it ends within that time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

MEAN = 1 / 2
"""Share of the limit of one page that all of a file may take on the average."""
FIRST, FURTHER = 5 / 6, 1 / 3
"""Shares of the clock's limit of one page that the steps of a file may compute together, its first page and others."""
KEPT = 600.0
"""Seconds after which a file no page of which was asked for begins anew."""


@dataclass
class _Pages:
    seconds: float = 0.0
    calls: int = 0
    parts: set[int] = field(default_factory=set)
    at: float = field(default_factory=time.monotonic)


class Spent:
    """Processor time by file and step."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], _Pages] = {}

    def begin(self, scan_id: str, step: str, part: int, attempt: int) -> None:
        """A task is taken up. One known here that is fresh again was sent by a person: all begins anew."""
        now = time.monotonic()
        self._of = {key: pages for key, pages in self._of.items() if pages.at > now - KEPT}
        known = self._of.get((scan_id, step))
        if known is None or (attempt == 1 and part in known.parts):
            known = self._of[scan_id, step] = _Pages()
        known.parts.add(part)
        known.at = now

    def add(self, scan_id: str, step: str, seconds: float) -> None:
        """One call more."""
        known = self._of[scan_id, step]
        known.seconds, known.calls = known.seconds + seconds, known.calls + 1

    def left(self, scan_id: str, page_seconds: float) -> float:
        """Seconds the file may still compute at its pages; `page_seconds` is what one of them may take by the clock."""
        known = [pages for (scan, _), pages in self._of.items() if scan == scan_id]
        pages = max(1, *(part for one in known for part in one.parts))  # part 0 is the whole file
        return page_seconds * (FIRST + FURTHER * (pages - 1)) - sum(one.seconds for one in known)

    def is_over(self, scan_id: str, step: str, limit: float) -> bool:
        """Whether the file has had its time; `limit` is that of one page, which may always be tried twice."""
        known = self._of[scan_id, step]
        return known.calls > 1 and known.seconds > limit * (1 + MEAN * known.calls)
