"""What a search found as an Excel file, in the ten columns of the register book."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from archive import register
from archive.errors import BadQuery
from archive.models import Document, RegisterEntry
from archive.register_export import COLUMNS, Cell, Row, row_of

MOST = 5000
"""Rows of one file: about three seconds and 40 MB of memory."""
_WIDTHS = (11, 8, 26, 18, 12, 48, 20, 11, 12, 18)
_AT_ONCE = 500


def too_many(count: int) -> BadQuery:
    """What is said instead of a file that holds only some of what was found."""
    return BadQuery(
        f"Có {count:,} kết quả".replace(",", ".") + f", mỗi tệp Excel chứa nhiều nhất {MOST:,}".replace(",", ".")
        + " dòng nên chưa xuất. Hãy lọc theo loại, nơi gửi hay năm rồi xuất từng phần."
    )  # fmt: skip


def rows(session: Session, ids: Sequence[str], visible: sa.ColumnElement[bool]) -> list[Row]:
    """The lines of the documents `ids` that are `visible`, in this order."""
    found: dict[str, Row] = {}
    for at in range(0, len(ids), _AT_ONCE):
        some = sa.select(Document).where(Document.id.in_(ids[at : at + _AT_ONCE]), visible)
        for document in session.scalars(some.options(selectinload(Document.entries))):
            found[document.id] = _row(document)
    return [found[name] for name in ids if name in found]


def _row(document: Document) -> Row:
    entries = [entry for entry in document.entries if entry.status == "registered"]
    if entries:
        return row_of(max(entries, key=_place))
    # As the book does it: a file may be carried further than the paper (Luật Bảo vệ bí mật nhà nước 2018, art. 5).
    said = (document.document_type or "") if document.secrecy else register.type_and_subject(document)
    blank = RegisterEntry(
        issuer=document.issuing_organ or "", code=document.full_code or "", document_date=document.date,
        type_and_subject=said, recipient="", receipt="", note="Văn bản mật" if document.secrecy else "Chưa vào sổ",
        status="",
    )  # fmt: skip
    return row_of(blank)


def _place(entry: RegisterEntry) -> tuple[int, int]:
    return entry.year, entry.number


def xlsx(lines: Sequence[Row], office: str, asked: str) -> bytes:
    """An Excel file of `lines`; `asked` says what was looked for. No text of a paper becomes a formula or a link."""
    import xlsxwriter

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet("Kết quả tìm kiếm")
        plain = {"font_name": "Times New Roman", "font_size": 12, "valign": "top"}
        cell = book.add_format(plain | {"border": 1, "text_wrap": True})
        day = book.add_format(plain | {"border": 1, "num_format": "dd/mm/yyyy", "align": "center"})
        bold = book.add_format(plain | {"bold": True})
        head = book.add_format(plain | {"border": 1, "bold": True, "text_wrap": True, "align": "center"})
        for row, text in enumerate((office, f"KẾT QUẢ TÌM KIẾM: {len(lines)} văn bản", asked)):
            sheet.write_string(row, 0, text, bold)
        for column, (title, width) in enumerate(zip(COLUMNS, _WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(4, column, title, head)
        for number, line in enumerate(lines, 5):
            for column, value in enumerate(line):
                _write(sheet, number, column, value, cell, day)
        sheet.freeze_panes(5, 0)
        sheet.autofilter(4, 0, 4 + len(lines), len(COLUMNS) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(4)
    return out.getvalue()


def _write(sheet: Any, row: int, column: int, value: Cell, cell: Any, day: Any) -> None:
    if isinstance(value, dt.date) and value.year >= 1900:
        sheet.write_datetime(row, column, dt.datetime.combine(value, dt.time()), day)
    elif isinstance(value, int):
        sheet.write_number(row, column, value, cell)
    else:
        text = f"{value:%d/%m/%Y}" if isinstance(value, dt.date) else value or ""
        sheet.write_string(row, column, text, cell)
