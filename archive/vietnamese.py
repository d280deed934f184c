"""Vietnamese writing: printing, folding, look-alike letters, names in small letters, dates as papers write them."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date


@functools.lru_cache(maxsize=4096)
def _fold_letter(letter: str) -> str:
    lower = letter.lower()
    if lower in "đð":
        return "d"
    bare = unicodedata.normalize("NFD", lower)[0]
    return bare if len(lower) == 1 else letter


def fold(text: str) -> str:
    """Lower case without marks, đ→d. `text` must be NFC; the answer has the same length."""
    return "".join(map(_fold_letter, text))


# Letters that look the same and are not: old keyboards and OCR mix them. One letter for one, so offsets stay.
_LOOKALIKES = str.maketrans(
    {
        "\u00a0": " ", "\u2007": " ", "\u202f": " ", "\u200b": " ", "\ufeff": " ", "\t": " ",
        "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "⁄": "/", "∕": "/", "Ð": "Đ", "ð": "đ",
        "А": "A", "В": "B", "С": "C", "Е": "E", "Н": "H", "К": "K", "М": "M", "О": "O", "Р": "P", "Т": "T",
        "Х": "X", "а": "a", "с": "c", "е": "e", "о": "o", "р": "p", "х": "x", "І": "I", "і": "i", "Ѕ": "S", "Ј": "J",
        "У": "Y", "у": "y", "г": "r", "：": ":", "／": "/",
    }
)  # fmt: skip


def plain_letters(text: str) -> str:
    """Dashes, blanks and look-alike letters (Cyrillic А, Ð) as one form of each; same length as `text`."""
    return text.translate(_LOOKALIKES)


_CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def printable(text: str, instead: str = "") -> str:
    """A stranger's text as every database keeps it: NFC, a question mark for what is no UTF-8.

    `instead` stands for control characters and for those that turn the writing: by them a program looks like a picture.
    """
    known = _CONTROL.sub(instead, text.encode("utf-8", "replace").decode())
    return unicodedata.normalize("NFC", known)


def words_of(text: str) -> str:
    """`text` folded to its letters and digits, one blank between words: what two names are compared by."""
    return " ".join(re.findall(r"[^\W_]+", fold(unicodedata.normalize("NFC", text))))


def same_name(one: str, other: str) -> bool:
    """True when two names differ at most in case, marks, tone placement and punctuation."""
    return words_of(one) == words_of(other)


def distance(one: str, other: str, limit: int = 3) -> int:
    """Letters to change, add or drop to make `one` of `other`; `limit` + 1 when it is more than `limit`."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    row = list(range(len(other) + 1))
    for n, letter in enumerate(one, 1):
        last, row[0] = row[0], n
        for m, wanted in enumerate(other, 1):
            last, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, last + (letter != wanted))
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


def is_capitals(text: str) -> bool:
    """True when at least four letters in five are capitals: a heading, a title, a name of an organ."""
    letters = [letter for letter in text if letter.isalpha()]
    return bool(letters) and sum(letter.isupper() for letter in letters) >= 0.8 * len(letters)


_SYLLABLE = re.compile(
    r"(?:ngh|ng|nh|gh|gi|kh|ph|qu|th|tr|ch|[bcdđghklmnpqrstvx])?"
    r"(?:[aăâeêioôơuưy]|i[êe]|y[êe]|u[ôo]|ư[ơo]|o[aăe]|u[âêyơa]|uy[êea]|[iuưy]a|a[ioyu]|â[uy]|e[ou]|êu|i[au]|o[iay]|ôi|ơi"
    r"|u[iya]|ư[iua]|iêu|yêu|o[ae][oiy]|u[ôâ][iy]|ươ[iu]|uya|uyu)(?:ch|ng|nh|[cmnpt])?"
)


def syllables(words: Iterable[str]) -> float:
    """Share of the words of letters that could be Vietnamese syllables; 1.0 when there is none."""
    stripped = (word.strip(".,;:!?()[]\"'“”…/-–") for word in words)
    bare = [_toneless(word) for word in stripped if word.isalpha()]
    return sum(bool(_SYLLABLE.fullmatch(word)) for word in bare) / len(bare) if bare else 1.0


def _toneless(word: str) -> str:
    parts = unicodedata.normalize("NFD", word.lower())
    return unicodedata.normalize("NFC", "".join(char for char in parts if char not in "\u0300\u0301\u0303\u0309\u0323"))


# ------------------------------------------------------------------------------------------------ dates

_DIGIT = "[0-9OolI]"
_LONG = re.compile(
    rf"ng[aà]y\s*(?P<day>{_DIGIT}{{1,2}})?[\s.…_]*th[aáảã]ng\s*(?P<month>{_DIGIT}{{1,2}})?[\s.…_]*n[aăắã]m\s*"
    rf"(?P<year>{_DIGIT}{{4}})(?!\d)",
    re.IGNORECASE,
)
_SHORT = re.compile(
    r"(?<![\d/.-])(?P<day>\d{1,2})\s?(?P<dash>[/.-])\s?(?P<month>\d{1,2})\s?(?P=dash)\s?(?P<year>(?:19|20)\d\d)(?!\d)"
)
_LETTERS_AS_DIGITS = str.maketrans("OolLIi", "001111")


@dataclass(frozen=True, slots=True)
class Day:
    """A date as it stands in a text; `iso` is None when a part of it is blank or impossible."""

    start: int
    end: int
    iso: str | None
    partial: str | None = None
    """What can be read of it: `2025-02`, `2025`, and for a blank month with a day `2025`."""
    short: bool = False
    """Written 26/3/2020, not ngày 26 tháng 3 năm 2020."""


def iso_date(day: int, month: int, year: int) -> str | None:
    """ISO 8601, or None when there is no such day or it is no day of a paper (before 1900, after 2100)."""
    try:
        return date(year, month, day).isoformat() if 1900 <= year <= 2100 else None
    except ValueError:
        return None


def _number(digits: str | None) -> int | None:
    return int(digits.translate(_LETTERS_AS_DIGITS)) if digits else None


def _day(found: re.Match[str], short: bool) -> Day:
    day, month, year = (_number(found[name]) for name in ("day", "month", "year"))
    iso = iso_date(day, month, year) if day and month and year else None
    partial = f"{year}-{month:02d}" if month and 1 <= month <= 12 else str(year)
    return Day(found.start(), found.end(), iso, partial, short)


def find_dates(text: str) -> Iterator[Day]:
    """Dates with a year, day first, in the order they stand; `27/4` alone is an event and never a date of a paper."""
    text = plain_letters(text)
    found = [_day(m, False) for m in _LONG.finditer(text)] + [_day(m, True) for m in _SHORT.finditer(text)]
    yield from sorted(found, key=lambda day: day.start)


def short_date(written: str, near: str | None = None) -> str | None:
    """A date as the pen writes it into a stamp: `25/3/20`, `25.3.2020`, `25-3`; day first.

    A missing year is taken from the ISO date `near`; without one the answer is None.
    """
    parts = re.findall(r"\d+", written)
    if len(parts) == 2 and near:
        parts.append(near[:4])
    if len(parts) != 3 or any(len(part) > 4 for part in parts):
        return None
    day, month, year = map(int, parts)
    return iso_date(day, month, year + 2000 if year < 100 else year)
