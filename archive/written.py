"""What clerks write in single fields: numbers, days, months, dates, times, each a small grammar over a few letters.

Letters are numbers of the columns of `penmodel` (1…10 the digits, 11 the stroke of a date, 12… h, S, C).
"""

from __future__ import annotations

import datetime
import functools
import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from archive.ctc import Letters
from archive.penmodel import LETTERS

LONGEST_NUMBER = 5
SEPARATOR = 11


@dataclass(frozen=True)
class Kind:
    """A kind of field."""

    letters: str
    """The part of LETTERS that may stand in it."""
    may_begin: Callable[[Letters], bool]
    is_whole: Callable[[Letters], bool]
    value: Callable[[Letters], str]
    """What a whole text stands for: `07` the day 7, `4/4/18` the day 2018-04-04."""


@functools.lru_cache(maxsize=8192)
def spelt(text: Letters) -> str:
    """The letters themselves."""
    return "".join(LETTERS[n - 1] for n in text)


def letters(text: str) -> Letters:
    """The other way round."""
    return tuple(LETTERS.index(c) + 1 for c in text)


def _may_be_number(text: Letters) -> bool:
    return len(text) <= LONGEST_NUMBER


_TIME = re.compile(r"[SC]|(?:1?\d|0\d|2[0-3])h(?:[0-5]\d)?")
_TIME_BEGUN = re.compile(r"[SC]|(?:[01]?\d|2[0-3]?)(?:h(?:[0-5]\d?)?)?")


def _may_be_time(text: Letters) -> bool:
    return bool(_TIME_BEGUN.fullmatch(spelt(text)))


def _is_time(text: Letters) -> bool:
    return bool(_TIME.fullmatch(spelt(text)))


def _spellings(values: Iterable[int]) -> frozenset[str]:
    return frozenset(s for n in values for s in (str(n), f"{n:02d}"))


# Arrival stamps of an archive that begins with the century; two digits mean 20xx.
_PARTS = (
    _spellings(range(1, 32)),
    _spellings(range(1, 13)),
    frozenset([f"{n:02d}" for n in range(50)] + [str(n) for n in range(2000, 2050)]),
)
_BEGINNINGS = tuple(frozenset(part[:n] for part in parts for n in range(5)) for parts in _PARTS)


@functools.lru_cache(maxsize=65536)
def _may_be_date(text: Letters) -> bool:
    *whole, last = spelt(text).split("/")
    if len(whole) > 2:
        return False
    return last in _BEGINNINGS[len(whole)] and all(p in parts for p, parts in zip(whole, _PARTS, strict=False))


@functools.lru_cache(maxsize=65536)
def _is_date(text: Letters) -> bool:
    parts = spelt(text).split("/")
    return len(parts) > 1 and all(p in known for p, known in zip(parts, _PARTS, strict=False)) and bool(_iso(text))


def _iso(text: Letters) -> str:
    """ISO 8601 of a written date, `--MM-DD` without a year; "" when the calendar has no such day."""
    parts = [int(part) for part in spelt(text).split("/")]
    day, month = parts[0], parts[1]
    year = parts[2] if len(parts) > 2 else None
    full = 2000 if year is None else year + 2000 * (year < 100)
    try:
        datetime.date(full, month, day)
    except ValueError:
        return ""
    return f"--{month:02d}-{day:02d}" if year is None else f"{full}-{month:02d}-{day:02d}"


def _one_of(part: int) -> Kind:
    """A day or month by itself."""
    return Kind(
        LETTERS[:10],
        lambda text: spelt(text) in _BEGINNINGS[part],
        lambda text: spelt(text) in _PARTS[part],
        lambda text: spelt(text).lstrip("0"),
    )


KINDS: Mapping[str, Kind] = {
    "number": Kind(LETTERS[:10], _may_be_number, bool, spelt),
    "day": _one_of(0),
    "month": _one_of(1),
    "date": Kind(LETTERS[:11], _may_be_date, _is_date, _iso),
    "time": Kind(LETTERS[:10] + LETTERS[11:], _may_be_time, _is_time, spelt),
}


def ways(kind: str, value: str) -> list[Letters]:
    """How a clerk may have written a value: 7 or 07, 4/4/18 or 04/04/2018 or the day and month alone."""
    if kind not in ("day", "month", "date"):
        return [letters(value)]
    if kind != "date":
        return [letters(text) for text in sorted({value, value.zfill(2)})]
    year, month, day = value[:4], value[-5:-3], value[-2:]
    years = [""] if value.startswith("--") else [f"/{year[2:]}", f"/{year}"]
    days, months = (sorted({text, text.lstrip("0")}) for text in (day, month))
    return [letters(f"{d}/{m}{y}") for d, m, y in itertools.product(days, months, years)]


def near(kind: str, text: Letters) -> set[Letters]:
    """Texts a misread digit away: a number with one changed, lost or added; a date with day and month, or its year,
    changed."""
    if kind == "date":
        return _dates_near(text)
    digits = range(1, 11)
    changed = {(*text[:n], d, *text[n + 1 :]) for n in range(len(text)) for d in digits}
    added = {(*text[:n], d, *text[n:]) for n in range(len(text) + 1) for d in digits}
    lost = {(*text[:n], *text[n + 1 :]) for n in range(len(text))}
    return {one for one in changed | added | lost if one and _may_be_number(one)}


def _dates_near(text: Letters) -> set[Letters]:
    day, month, *year = spelt(text).split("/")
    years = [[other] for other in _PARTS[2] if year and len(other) == len(year[0])]
    days = itertools.product(_alike(0, day), _alike(1, month))
    found = [*([d, m, *year] for d, m in days), *([day, month, *other] for other in years)]
    return {one for one in (letters("/".join(parts)) for parts in found) if _is_date(one)}


def _alike(part: int, written: str) -> frozenset[str]:
    """Days or months with a leading zero where this one has one."""
    return frozenset(one for one in _PARTS[part] if len(one) > 1 or not written.startswith("0"))
