"""What somebody looks for: our own query, read from one box and from filters; no engine's syntax ever shows.

dang ky bo sung          all the words (where none has them all, those that have most)
"dang ky bo sung"        the words one after another
471/UBND-VX  471 ubnd    a number and symbol, in any spelling; 471 alone, UBND-VX alone
30/3/2020                a date, in any spelling; 3/2020 a month
a OR b    -a    NOT a    either, not
phong*                   words that begin so
so: loai: noigui: donvi: trangthai: tinh: nam: tungay: denngay:     fields
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from archive.errors import BadQuery
from archive.search import keys
from archive.search.terms import Clause, Code, Date, Filters, Phrase, Prefix, Query, Term, Together, Word
from archive.search.words import WORD, folded, is_syllable
from archive.vietnamese import fold

__all__ = [
    "Clause", "Code", "Date", "Filters", "Given", "Phrase", "Prefix", "Query", "Term", "Together", "Word", "parse",
]  # fmt: skip

LONGEST = 1000
MOST_TERMS = 64
SHORTEST_PREFIX = 2

Given = str | Sequence[str] | None


def parse(text: str, **filters: Given) -> Query:
    """The query that `text` says; `filters` as in Filters, one value or several, empty ones ask nothing.

    Raises BadQuery with a Vietnamese sentence; every other string means something.
    """
    text = " ".join(unicodedata.normalize("NFC", text.replace("\0", " ")).split())
    if len(text) > LONGEST:
        raise BadQuery(f"Câu tìm dài quá {LONGEST} ký tự; hãy chỉ giữ vài từ hoặc số, ký hiệu cần tìm.")
    reader = _Reader(text)
    reader.read()
    given = {name: values for name, value in filters.items() if (values := _several(value))}
    return Query(text, tuple(reader.clauses), _checked(reader.filters | given))


def _several(value: Given) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str) else value or ()
    return tuple(dict.fromkeys(" ".join(one.split()) for one in values if one.strip()))


def _checked(given: Mapping[str, tuple[str, ...]]) -> Filters:
    days = {name: values[-1] for name, values in given.items() if name in ("date_from", "date_to")}
    lists = {name: values for name, values in given.items() if name not in days}
    filters = Filters(**lists, **days)  # type: ignore[arg-type]
    for year in filters.year:
        _check_year(year)
    for day in (filters.date_from, filters.date_to):
        if day is not None and not _is_day(day):
            raise BadQuery(f"“{day[:40]}” không phải là ngày; hãy viết như 30/3/2020 hoặc 2020-03-30.")
    return dataclasses.replace(filters, date_from=_iso(filters.date_from), date_to=_iso(filters.date_to, last=True))


def _check_year(text: str) -> None:
    if not re.fullmatch(r"(?:19|20)[0-9]{2}", text):
        raise BadQuery(f"Sau “nam:” cần một năm bốn chữ số, ví dụ nam:2020; “{text[:40]}” không phải.")


def _is_day(text: str) -> bool:
    return bool(_iso(text))


def _iso(text: str | None, *, last: bool = False) -> str | None:
    """The day that `text` says, ISO 8601; of a month or a year its first day, or its last."""
    if text is None:
        return None
    if re.fullmatch(r"(?:19|20)[0-9]{2}", text):
        return text + ("-12-31" if last else "-01-01")
    day = keys.date_at(fold(text), 0)
    if day is None or day.end != len(text):
        return None
    if len(day.key) == 7:
        return day.key + ("-31" if last else "-01")
    try:
        return dt.date.fromisoformat(day.key).isoformat()
    except ValueError:
        return None


_QUOTED = re.compile(r'["“”]([^"“”]*)["“”]')
_FIELD = re.compile(r"([^\W\d_]+)\s?:\s?")
_OR = re.compile(r"(?:OR\b|\|\|?)")
_AND = re.compile(r"(?:AND\b|&&)")
_NOT = re.compile(r"(?:NOT\s+|[-−–](?=[\w\"“]))")
_STAR = re.compile(r"([^\W_]+)\*")
_NUMBER = re.compile(r"\d{1,6}[a-zA-Z]?(?![^\W_])")
_NUMBER_OF_YEAR = re.compile(r"\d{1,6}\s?/\s?(?:19|20)\d\d(?![\w/])")
_NAMED_NUMBER = re.compile(r"so\s?:?\s?(?=\d)")
_MOST_LOOSE_PARTS = 5


class _Reader:
    """Walks once over the text; at each place the first rule that fits takes its piece."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.folded = fold(text)
        self.shouts = text.isupper()
        self.clauses: list[Clause] = []
        self.filters: dict[str, tuple[str, ...]] = {}
        self._negative = self._either = False
        self._rules: tuple[Callable[[int], int], ...] = (
            self._quoted, self._field, self._named_number, self._join, self._date, self._code, self._symbol,
            self._loose_code, self._not, self._prefix, self._word,
        )  # fmt: skip

    def read(self) -> None:
        """Fills `clauses` and `filters`."""
        position = 0
        while position < len(self.text) and len(self.clauses) < MOST_TERMS:
            position = next((end for rule in self._rules if (end := rule(position))), position + 1)

    def _add(self, *terms: Term) -> None:
        last = self.clauses[-1] if self.clauses else None
        if self._either and last and terms and not last.negative and not self._negative:
            self.clauses[-1] = Clause((*last.terms, *terms))
        elif terms:
            self.clauses.append(Clause(terms, self._negative))
        self._negative = self._either = False

    def _quoted(self, position: int) -> int:
        match = _QUOTED.match(self.text, position)
        if not match:
            return 0
        self._add_phrase(match[1])
        return match.end()

    def _add_phrase(self, text: str) -> None:
        words = tuple(Word.of(word) for word in WORD.findall(text))
        if keys.CODE.fullmatch(text.strip()):
            self._add(Code.of(text))
        elif words:
            self._add(words[0] if len(words) == 1 else Phrase(words))

    def _join(self, position: int) -> int:
        if match := _AND.match(self.text, position):
            return match.end() if self._at_word(position) else 0
        match = _OR.match(self.text, position)
        if not match or not self._at_word(position):
            return 0
        self._either = bool(self.clauses)
        return match.end()

    def _at_word(self, position: int) -> bool:
        return position == 0 or not self.text[position - 1].isalnum()

    def _not(self, position: int) -> int:
        match = _NOT.match(self.text, position)
        if not match or (position and not self.text[position - 1].isspace()):
            return 0
        self._negative = True
        return match.end()

    def _date(self, position: int) -> int:
        day = keys.date_at(self.folded, position)
        if day is None:
            return 0
        self._add(Date(day.key))
        return day.end

    def _code(self, position: int) -> int:
        match = keys.CODE.match(self.text, position) or _NUMBER_OF_YEAR.match(self.text, position)
        if not match:
            return 0
        self._add(Code.of(match.group()))
        return match.end()

    def _symbol(self, position: int) -> int:
        match = keys.SYMBOL.match(self.text, position)
        if not match or all(is_syllable(word) for word in WORD.findall(match.group())):
            return 0  # "vắc-xin", "Thừa Thiên-Huế"
        self._add(Code.of(match.group(), loose=True))
        return match.end()

    def _loose_code(self, position: int) -> int:
        """`471 UBND VX`, `471 ubnd vx`, and a number that is all there is."""
        match = _NUMBER.match(self.text, position)
        if not match or not self._at_word(position):
            return 0
        end, seen = match.end(), 0
        while seen < _MOST_LOOSE_PARTS and (word := re.compile(r"\s([^\W\d_]{1,9})(?![^\W_*])").match(self.text, end)):
            if not self._belongs_to_symbol(word[1], first=seen == 0):
                break
            end, seen = word.end(), seen + 1
        alone = match.group() == self.text
        if not seen and not alone:
            return 0
        self._add(Code.of(self.text[position:end], loose=True))
        return end

    def _named_number(self, position: int) -> int:
        """`số 471/UBND-VX`, `số 21`: the word says that a number follows."""
        match = _NAMED_NUMBER.match(self.folded, position)
        if not match or not self._at_word(position):
            return 0
        if end := self._code(match.end()):
            return end
        number = _NUMBER.match(self.text, match.end())
        if not number:
            return 0
        self._add(Code.of(number.group(), loose=True))
        return number.end()

    def _belongs_to_symbol(self, word: str, *, first: bool) -> bool:
        if word in ("OR", "AND", "NOT"):
            return False
        if not is_syllable(word):
            return True
        capital = word.isupper() and word.replace("Đ", "D").isascii() and len(word) <= 4
        return capital and not (first and self.shouts)

    def _prefix(self, position: int) -> int:
        match = _STAR.match(self.text, position)
        if not match:
            return 0
        if len(match[1]) < SHORTEST_PREFIX:
            raise BadQuery(f"Trước dấu * cần ít nhất {SHORTEST_PREFIX} chữ cái, ví dụ phong*.")
        self._add(Prefix(folded(match[1])))
        return match.end()

    def _word(self, position: int) -> int:
        match = WORD.match(self.text, position)
        if not match:
            return 0
        self._add(Word.of(match.group()))
        return match.end()

    def _field(self, position: int) -> int:
        match = _FIELD.match(self.text, position)
        name = fold(match[1]) if match else ""
        if not match or name not in _FIELDS or not self._at_word(position):
            return 0
        value = self._value(match.end())
        if value is None:
            return 0
        text, end = value
        _FIELDS[name](self, text)
        return end

    def _value(self, position: int) -> tuple[str, int] | None:
        """What stands after a field's colon: quoted, a code or a date with its blanks, else up to the next blank."""
        if match := _QUOTED.match(self.text, position):
            return match[1].strip(), match.end()
        if match := keys.CODE.match(self.text, position):
            return match.group(), match.end()
        match = re.compile(r"[^\s\"“”]+").match(self.text, position)
        return (match.group(), match.end()) if match else None

    def _field_code(self, text: str) -> None:
        code = Code.of(text)
        if not code.parts:
            raise BadQuery(f"Sau “số:” cần một số hoặc ký hiệu, ví dụ so:471/UBND-VX; “{text[:40]}” không phải.")
        self._add(code)

    def _field_filter(self, name: str, text: str) -> None:
        if not text:
            raise BadQuery('Sau dấu hai chấm cần một giá trị, ví dụ loai:"công văn".')
        self.filters[name] = (*self.filters.get(name, ()), text)

    def _field_year(self, text: str) -> None:
        _check_year(text)
        self._field_filter("year", text)


def _filter(name: str) -> Callable[[_Reader, str], None]:
    return lambda reader, text: reader._field_filter(name, text)


_FIELDS: dict[str, Callable[[_Reader, str], None]] = {
    "so": _Reader._field_code, "sohieu": _Reader._field_code, "kyhieu": _Reader._field_code,
    "loai": _filter("type"), "noigui": _filter("issuer"), "coquan": _filter("issuer"), "donvi": _filter("unit"),
    "trangthai": _filter("status"), "tinh": _filter("province"), "nam": _Reader._field_year,
    "tungay": _filter("date_from"), "denngay": _filter("date_to"),
}  # fmt: skip
