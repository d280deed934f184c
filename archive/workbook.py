"""Tables as one Excel file; no text of a paper ever becomes a formula (OWASP, CSV injection)."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Cell = str | int | float | dt.date | None
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # the wide ones too: East Asian settings take them


@dataclass(frozen=True)
class Sheet:
    """One sheet: a title, lines under it, and a table; `widths` in letters, `numbered` adds the row (1) (2) (3)."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    lines: Sequence[str] = ()
    widths: Sequence[int] = ()
    numbered: bool = False


def written(cell: Cell) -> str:
    """As it stands on paper."""
    return f"{cell:%d/%m/%Y}" if isinstance(cell, dt.date) else "" if cell is None else str(cell)


def safe(cell: Cell) -> str:
    """As a text that no spreadsheet takes for a formula: for files that say of no cell what it is, CSV."""
    text = written(cell)
    return f"'{text}" if text.startswith(("\t", "\r", "\n")) or text.lstrip().startswith(_FORMULA) else text


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """The file: A4, the head of each table repeated on every printed page."""
    import xlsxwriter

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        looks = _looks(book)
        for number, sheet in enumerate(sheets, 1):
            _write(book.add_worksheet(_name(number, sheet.name, len(sheets))), looks, sheet)
    return out.getvalue()


def _name(number: int, name: str, of: int) -> str:
    """A name Excel takes: at most 31 letters, none of []:*?/\\, unlike every other."""
    plain = re.sub(r"[\[\]:*?/\\']", " ", name).strip() or "Bảng"
    return plain[:31] if of == 1 else f"{number}. {plain}"[:31].strip()


def _looks(book: Any) -> dict[str, Any]:
    base = {"font_name": "Times New Roman", "font_size": 12, "valign": "top"}
    cell = base | {"border": 1, "text_wrap": True}
    middle = {"align": "center", "valign": "vcenter"}
    wanted = {
        "title": base | {"bold": True, "font_size": 14},
        "line": base,
        "head": cell | middle | {"bold": True},
        "order": cell | middle | {"italic": True, "font_size": 11},
        "text": cell,
        "number": cell | {"align": "right"},
        "day": cell | {"num_format": "dd/mm/yyyy", "align": "center"},
    }
    return {name: book.add_format(look) for name, look in wanted.items()}


def _write(page: Any, looks: dict[str, Any], sheet: Sheet) -> None:
    page.write_string(0, 0, sheet.title, looks["title"])
    for row, line in enumerate(sheet.lines, 1):
        page.write_string(row, 0, line, looks["line"])
    top = len(sheet.lines) + 2
    for column, title in enumerate(sheet.columns):
        page.set_column(column, column, sheet.widths[column] if sheet.widths else max(12, min(len(title) + 4, 40)))
        page.write_string(top, column, title, looks["head"])
        if sheet.numbered:
            page.write_string(top + 1, column, f"({column + 1})", looks["order"])
    body = top + 1 + sheet.numbered
    for row, cells in enumerate(sheet.rows, body):
        for column, cell in enumerate(cells):
            _put(page, looks, row, column, cell)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.repeat_rows(top, body - 1)
    page.freeze_panes(body, 0)
    page.set_footer("&CTrang &P/&N")


def _put(page: Any, looks: dict[str, Any], row: int, column: int, cell: Cell) -> None:
    if isinstance(cell, dt.date) and cell.year >= 1900:
        page.write_datetime(row, column, dt.datetime.combine(cell, dt.time()), looks["day"])
    elif isinstance(cell, int | float):
        page.write_number(row, column, cell, looks["number"])
    else:
        text = f"{cell:%d/%m/%Y}" if isinstance(cell, dt.date) else cell or ""
        page.write_string(row, column, text, looks["text"])
