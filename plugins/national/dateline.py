"""The line of place and date at the right of a heading (ô số 4): `Hà Nội, ngày 05 tháng 3 năm 2020`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archive import iso_date, plain_letters

_DATE = re.compile(
    r"^(?P<place>[^\d]*)[\s,.;:]*ng[aàảãáạâ][yW]?(?P<day>.{0,14}?)th[aáảãà]ng(?P<month>.{0,10}?)n[aăắãâ]m\s*(?P<year>(?:19|20)\d\d)\W{0,4}\w?$",
    re.IGNORECASE,
)
_SHORT_DATE = re.compile(
    r"^(?P<place>[^\d,]+),\s*ng[aàảãáạâ]y\s*(?P<day>\d{1,2})\s?[/.-]\s?(?P<month>\d{1,2})\s?[/.-]\s?(?P<year>(?:19|20)\d\d)\W{0,4}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class DateLine:
    """`Hà Nội, ngày 05 tháng 3 năm 2020` in its parts; day and month None where blank, or no number was read."""

    place: str
    day: int | None
    month: int | None
    year: int

    @property
    def partial(self) -> str:
        """`2020-03`, or `2020` without a month."""
        return f"{self.year}-{self.month:02d}" if self.month else str(self.year)

    @property
    def iso(self) -> str | None:
        return iso_date(self.day, self.month, self.year) if self.day and self.month else None

    @property
    def is_blank(self) -> bool:
        """Neither day nor month: a draft."""
        return self.day is None and self.month is None


def read_date_line(text: str) -> DateLine | None:
    """The parts of a date line, or None when `text` is none."""
    text = plain_letters(text).strip()
    found = _DATE.match(text) or _SHORT_DATE.match(text)
    if not found:
        return None
    day, month = (_small_number(found[name], most) for name, most in (("day", 31), ("month", 12)))
    return DateLine(found["place"].strip(" .,;:-"), day, month, int(found["year"]))


def _small_number(written: str, most: int) -> int | None:
    digits = re.sub(r"[\s.,…_]", "", written)
    return int(digits) if re.fullmatch(r"\d{1,2}", digits) and 0 < int(digits) <= most else None
