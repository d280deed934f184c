"""How much processor time the pages of each file have taken, as far as this worker has asked for them.

One page has its limit, and a file of 500 pages each of which stays just below it would hold a worker for a day. So the
pages of a file together may compute what one may, and on the average half of that: four times the densest real page.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

MEAN = 1 / 2
"""Share of the limit of one page that all of a file may take on the average."""
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

    def is_over(self, scan_id: str, step: str, limit: float) -> bool:
        """Whether the file has had its time; `limit` is that of one page, which may always be tried twice."""
        known = self._of[scan_id, step]
        return known.calls > 1 and known.seconds > limit * (1 + MEAN * known.calls)
