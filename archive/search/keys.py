"""Keys: the rare tokens of an entry, for its own number and date and for every number and date its text names.

#471  a number        @ubnd  a part of a symbol       471/ubnd-vx  a paper named in the text
=2020-03-30, =2020-03  its own date and month         2020-03-30, 2020-03  named in the text
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from archive.search.words import WORD
from archive.vietnamese import fold

_DASH = r"[-–—−]"
_LINK = rf"\s?(?:{_DASH}|[/⁄.&])\s?"
_REPAIRS = (("Ð", "Đ"), ("ð", "đ"), ("⁄", "/"), ("ĐĐ", "Đ"), ("NÑ", "N"))  # what Tesseract makes of capitals
_YEAR = r"(?:19|20)\d\d"

# Written with its links, as on paper or typed small: 471/UBND-VX, 471 /UBND-VX, 182-CV/TU, 30/2020/NĐ-CP, 15a/QĐ-UBND.
# Not after a slash or a point: the tail of another code or of a date.
CODE = re.compile(
    rf"(?<![\w/.])(?P<number>\d{{1,6}}[a-zA-Z]?)\s{{0,2}}(?:/\s?(?P<year>{_YEAR})\s?/|{_DASH}|[/⁄])\s{{0,2}}"
    rf"(?P<symbol>[^\W\d_][^\W_]{{0,9}}(?:{_LINK}[^\W\d_][^\W_]{{0,9}}){{0,4}})(?!\w)"
)
# In running text only capitals are a symbol: "2/người" is none.
_CITED = re.compile(
    rf"(?<![\w/.])(?P<number>\d{{1,6}}[a-zA-Z]?)\s?(?:/\s?(?P<year>{_YEAR})\s?/|{_DASH}|/)\s?"
    rf"(?P<symbol>[A-ZĐ][A-Za-zĐđ0-9]{{0,9}}(?:(?:{_DASH}|[/.&])[A-ZĐ][A-Za-zĐđ0-9]{{0,9}}){{0,4}})(?!\w)"
)
SYMBOL = re.compile(
    rf"(?<![\w/])[A-ZĐ][A-Za-zĐđ]{{0,7}}(?:(?:{_DASH}|/)[A-ZĐ][\wĐđ]{{0,9}}){{1,3}}(?!\w)"
    rf"|(?<![\w/])[a-zđ]{{1,7}}(?:(?:{_DASH}|/)[a-zđ]{{1,7}}){{1,3}}(?![\w/])"
)


def repaired(text: str) -> str:
    """Wrong code points in codes put right; the length may change, so for keys only."""
    for wrong, right in _REPAIRS:
        text = text.replace(wrong, right)
    return text


def number(text: str) -> str:
    """`0471`, `15A` → `471`, `15a`."""
    return text.lower().lstrip("0") or "0"


def parts_of(code: str) -> tuple[str, ...]:
    """Keys of the parts of a code, however it is written: `30/2020/NĐ-CP` → #30 #2020 @nd @cp."""
    words = (fold(word) for word in WORD.findall(repaired(code)))
    return tuple("#" + number(word) if word[0].isdigit() else "@" + word for word in words)


def whole(parts: Iterable[str]) -> str:
    """The key of a cited paper from its parts: `471/ubnd-vx`, `30/2020/nd-cp`, `471/ubnd` of half a code."""
    parts = tuple(parts)
    numbers = [part[1:] for part in parts if part[0] == "#"]
    symbol = "-".join(part[1:] for part in parts if part[0] == "@")
    return "/".join([*numbers, symbol] if symbol else numbers)


def _halves(parts: tuple[str, ...]) -> Iterator[str]:
    """The key of a code and of each half that somebody may remember: without its tail, without its year."""
    numbers = tuple(part for part in parts if part[0] == "#")
    symbol = tuple(part for part in parts if part[0] == "@")
    for end in range(1, len(symbol) + 1):
        yield whole((*numbers, *symbol[:end]))
        if len(numbers) > 1:
            yield whole((numbers[0], *symbol[:end]))


def of_code(code: str) -> set[str]:
    """Keys of a document's own code."""
    parts = parts_of(code)
    return {*parts, *_halves(parts)}


def cited(text: str) -> set[str]:
    """Keys of every code that `text` names."""
    return {key for match in _CITED.finditer(repaired(text)) for key in _halves(parts_of(match.group()))}


@dataclass(frozen=True, slots=True)
class Day:
    """A date, or a month, where it stands in a text; `key` is `2020-03-30` or `2020-03`."""

    start: int
    end: int
    key: str


_D, _M, _Y = r"(?P<d>\d{1,2})", r"(?P<m>\d{1,2})", rf"(?P<y>{_YEAR}|\d\d)"
# On folded text; the long forms first. Always day first (DOMAIN 7.5).
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![^\W\d_])ngay\s*{_D}\s*thang\s*{_M}\s*nam\s*(?P<y>{_YEAR})(?!\d)",
        rf"(?<![\d/])(?P<y>{_YEAR})-(?P<m>\d\d)-(?P<d>\d\d)(?![\d/])",
        rf"(?<![\d/.]){_D}\s?(?P<s>[/.-])\s?{_M}\s?(?P=s)\s?{_Y}(?![\w/])",
        rf"(?<![^\W\d_])thang\s*{_M}\s*(?:nam|[/-])\s*(?P<y>{_YEAR})(?!\d)",
        rf"(?<![\d/.-]){_M}/(?P<y>{_YEAR})(?![\w/])",
    )
)


def date_at(folded: str, position: int) -> Day | None:
    """The date that begins at `position` of a folded text."""
    for pattern in _DATES:
        if (match := pattern.match(folded, position)) and (key := _day_key(match)):
            return Day(match.start(), match.end(), key)
    return None


_NUMBER = re.compile(r"\d+")
_NAMED = re.compile(r"(?:ngay|thang)\s*$")


def dates(text: str) -> list[Day]:
    """Every date and month `text` (NFC) names, in order of where it stands."""
    text = fold(text)
    found: list[Day] = []
    end = 0
    for match in _NUMBER.finditer(text):
        at = match.start()
        if at < end:
            continue
        named = _NAMED.search(text, max(end, at - 8), at)
        day = (date_at(text, named.start()) if named else None) or date_at(text, at)
        if day:
            found.append(day)
            end = day.end
    return found


def _day_key(match: re.Match[str]) -> str | None:
    found = match.groupdict()
    year, month, day = int(found["y"]), int(found["m"]), int(found.get("d") or 1)
    if year < 100:
        year += 2000 if year < 70 else 1900
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{year:04}-{month:02}" + (f"-{day:02}" if found.get("d") else "")


def of_dates(text: str) -> set[str]:
    """Keys of every date that `text` names: the day and its month."""
    days = {day.key for day in dates(text)}
    return days | {key[:7] for key in days}


def of_own_date(date: str | None) -> set[str]:
    """Keys of a document's own date (ISO 8601): day, month, year."""
    return {"=" + date[:length] for length in (10, 7, 4) if date and len(date) >= length}
