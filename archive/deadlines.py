"""The day by which a paper itself wants an answer: `báo cáo … trước ngày 15/4/2020`.

A reading, never a decision: it is offered with the words it comes from to whoever sets the deadline.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from archive.vietnamese import find_dates, fold

AROUND = 90
"""Letters of the paper that are quoted before the date."""
_FILLER = r"(?:ngay|la|vao|den|het|trong|gio sang|gio|phut|[:,(]|\d{1,2} ?h ?\d{0,2}|\d{1,2}|\s)"
_WORDS = re.compile(
    r"(?<!\w)(?:truoc|cham nhat|muon nhat|han cuoi|thoi han|han chot|het han|hoan thanh|xong|khong qua"
    rf"|khong muon hon)(?!\w){_FILLER}*+$"
)
"""Between the words that set a deadline and its date stand only such as `17 giờ 00 ngày`, `là vào ngày`.

Possessive: a row of digits may be parted in more ways than a web process has time for."""


@dataclass(frozen=True)
class Deadline:
    """A day a paper sets, and the words that say so."""

    day: dt.date
    words: str


def said(text: str, since: dt.date | None) -> Sequence[Deadline]:
    """The deadlines that `text` (NFC) sets after `since`, earliest first, each day once.

    `since`: the paper's date or the day it came; a date before it is a story the paper tells. None: every date counts.
    """
    found: dict[dt.date, Deadline] = {}
    for one in find_dates(text):
        before = text[max(0, one.start - AROUND) : one.start]
        if one.iso is None or not _WORDS.search(fold(before)):
            continue
        day = dt.date.fromisoformat(one.iso)
        if since is None or day >= since:
            found.setdefault(day, Deadline(day, _quoted(text, one.start, one.end)))
    return [found[day] for day in sorted(found)]


def _quoted(text: str, start: int, end: int) -> str:
    """The sentence up to the date, or as much of it as AROUND letters hold."""
    begin = max(0, start - AROUND)
    sentence = max(text.rfind(mark, begin, start) for mark in (". ", "; ", ";\n", ".\n"))
    if sentence < 0 and begin:
        sentence = text.find(" ", begin, start)
    return " ".join(text[max(begin, sentence + 1) : end].split())
