"""An old register book in an .xlsx as rows of plain texts, and which row of it bears the titles.

`read` runs in the killable child: a workbook is a zip of XML by a stranger, and may be a bomb in either fashion. The
rest works on what it answered.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from archive.errors import Unreadable
from archive.vietnamese import fold

MOST_BYTES = 20 << 20
"""Of the file itself."""
MOST_UNPACKED = 300 << 20
MOST_PARTS = 2_000
MOST_ROWS = 60_000
MOST_EMPTY = 5_000
"""One after another: a sheet may say that its next row is the millionth."""
MOST_COLUMNS = 40
MOST_LETTERS = 5_000
"""Of one cell."""
HEAD_WITHIN = 60
"""The titles stand in one of the first rows."""
LEAST_TITLES = 4
ALIKE = 0.82

TITLES: dict[str, tuple[str, ...]] = {
    "arrived_on": ("ngay den", "ngay nhan", "ngay thang den", "ngay vao so"),
    "number": ("so den", "so thu tu den", "so vao so", "so cv den", "so vb den"),
    "issuer": ("tac gia", "co quan ban hanh", "cq ban hanh", "noi gui", "co quan gui", "noi phat hanh",
               "don vi ban hanh", "ten co quan ban hanh"),
    "code": ("so ky hieu van ban", "so ky hieu", "so va ky hieu", "so kh", "ky hieu", "so hieu", "so hieu van ban",
             "so kh vb"),
    "document_date": ("ngay thang van ban", "ngay thang", "ngay van ban", "ngay vb", "ngay bh", "ngay ban hanh",
                      "ngay ky"),
    "type": ("loai van ban", "ten loai", "loai vb", "the loai"),
    "subject": ("ten loai va trich yeu noi dung van ban", "ten loai va trich yeu noi dung",
                "trich yeu noi dung van ban", "trich yeu noi dung", "trich yeu", "noi dung", "noi dung van ban",
                "ten loai va trich yeu"),
    "recipient": ("don vi hoac nguoi nhan", "don vi nguoi nhan", "don vi xu ly", "don vi xl", "nguoi nhan",
                  "noi nhan", "don vi nhan", "bo phan xu ly"),
    "forwarded_on": ("ngay chuyen", "ngay giao"),
    "receipt": ("ky nhan", "nguoi ky nhan"),
    "note": ("ghi chu",),
}  # fmt: skip
"""Column of the book -> how offices write its title, folded; the lawful one of NĐ 30/2020, Appendix IV, or first."""


@dataclass(frozen=True)
class Sheet:
    """The first sheet that has titles: its rows as texts, `head` the index of the titles, what they mean."""

    rows: list[list[str]]
    head: int
    mapping: dict[str, int]


def read(path: str) -> Sheet:
    """The workbook at `path`. Unreadable says in Vietnamese what is wrong with it; nothing was taken over."""
    _leave_bombs(path)
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        sheets = [list(_rows(sheet)) for sheet in book.worksheets[:20]]
    except (
        ValueError,
        KeyError,
        TypeError,
        OSError,
        SyntaxError,
        AttributeError,
        IndexError,
        zipfile.BadZipFile,
    ) as error:
        raise Unreadable(
            "Không đọc được tệp Excel này; chưa có gì vào sổ. Hãy mở bằng Excel, lưu lại thành .xlsx."
        ) from error
    found = [(rows, *where) for rows in sheets if (where := find_head(rows))]
    if found:
        return Sheet(*found[0])
    fullest = max(sheets, key=len, default=[])
    if not fullest:
        raise Unreadable("Tệp Excel không có dòng nào; chưa có gì vào sổ.")
    return Sheet(fullest, 0, {})


def _leave_bombs(path: str) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise Unreadable(
            "Tệp này không phải .xlsx; chưa có gì vào sổ. Tệp .xls cũ hãy mở bằng Excel rồi lưu thành .xlsx."
        ) from error
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Unreadable("Tệp Excel bung ra quá lớn nên không đọc; chưa có gì vào sổ.")


def _rows(sheet: Any) -> Iterator[list[str]]:
    if not hasattr(sheet, "reset_dimensions"):  # a sheet of charts has no rows
        return
    sheet.reset_dimensions()  # what a file says of its own size is not to be believed
    empty = 0
    for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True)):
        cells = [text_of(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if not cells and empty < MOST_EMPTY:
            empty += 1
            continue
        if number >= MOST_ROWS or not cells:
            raise Unreadable(
                f"Tệp Excel có quá {MOST_ROWS} dòng, hoặc quá {MOST_EMPTY} dòng trống liền nhau; chưa có gì vào sổ. "
                "Hãy chia theo từng năm, xoá các dòng trống."
            )
        yield from ([] for _ in range(empty))  # the rows people count are these
        empty = 0
        yield cells


def text_of(value: object) -> str:
    """A cell as text: dates ISO, whole numbers without a point, white space collapsed."""
    if value is None or isinstance(value, dt.time | dt.timedelta):
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    text = unicodedata.normalize("NFC", str(value))
    printed = "".join(" " if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") else letter for letter in text)
    return " ".join(printed.split())[:MOST_LETTERS]


def find_head(rows: Sequence[Sequence[str]]) -> tuple[int, dict[str, int]] | None:
    """The row with most titles we know, at least four of them, and which column is what; None where there is none."""
    best: tuple[int, dict[str, int]] | None = None
    for index, row in enumerate(rows[:HEAD_WITHIN]):
        mapping = titles_of(row)
        if len(mapping) >= LEAST_TITLES and (best is None or len(mapping) > len(best[1])):
            best = index, mapping
    return best


def titles_of(row: Iterable[str]) -> dict[str, int]:
    """Column of the book -> cell of the row that names it; each cell names one, the one it is most like."""
    likes = [
        (likeness, name, index)
        for index, cell in enumerate(row)
        for name, likeness in _likenesses(cell)
        if likeness >= ALIKE
    ]
    mapping: dict[str, int] = {}
    for _likeness, name, index in sorted(likes, key=lambda one: (-one[0], one[2])):
        if name not in mapping and index not in mapping.values():
            mapping[name] = index
    return mapping


def _likenesses(cell: str) -> Iterator[tuple[str, float]]:
    plain = " ".join(re.findall(r"[a-z0-9]+", fold(cell)))
    if not 3 <= len(plain) <= 60:
        return
    for name, written in TITLES.items():
        yield name, max(difflib.SequenceMatcher(None, plain, one).ratio() for one in written)


def is_numbering(row: Sequence[str]) -> bool:
    """Whether this is the row (1) (2) (3) … under the titles."""
    numbers = [re.fullmatch(r"\(?(\d{1,2})\)?", cell) for cell in row if cell]
    if len(numbers) < LEAST_TITLES or not all(numbers):
        return False
    found = [int(one[1]) for one in numbers if one]
    return found == list(range(found[0], found[0] + len(found)))
