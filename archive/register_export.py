"""The register book on paper and in files: the ten columns of NĐ 30/2020/NĐ-CP, Appendix IV, in their lawful order."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import RegisterEntry

COLUMNS = (
    "Ngày đến", "Số đến", "Tác giả", "Số, ký hiệu văn bản", "Ngày tháng văn bản",
    "Tên loại và trích yếu nội dung văn bản", "Đơn vị hoặc người nhận", "Ngày chuyển", "Ký nhận", "Ghi chú",
)  # fmt: skip
_WIDTHS = (11, 8, 26, 18, 12, 48, 20, 11, 12, 18)
_TITLE = "SỔ ĐĂNG KÝ VĂN BẢN ĐẾN"

Cell = str | int | dt.date | None
Row = tuple[Cell, ...]


def _entries(session: Session, book_id: str, year: int) -> Sequence[RegisterEntry]:
    of_year = sa.select(RegisterEntry).where(RegisterEntry.book_id == book_id, RegisterEntry.year == year)
    return session.scalars(of_year.order_by(RegisterEntry.number)).all()


def row_of(entry: RegisterEntry) -> Row:
    """The ten columns of one line."""
    return (
        entry.arrived_on, entry.number, entry.issuer, entry.code, _day(entry.document_date), entry.type_and_subject,
        entry.recipient, entry.forwarded_on, entry.receipt, _note(entry),
    )  # fmt: skip


def _day(iso: str | None) -> Cell:
    """A date, or as much as is known of one."""
    try:
        return dt.date.fromisoformat(iso) if iso else None
    except ValueError:
        return iso


def _note(entry: RegisterEntry) -> str:
    if entry.status == "void":
        return f"Huỷ số: {entry.void_reason or ''}".strip()
    return "Chờ văn bản" if entry.status == "awaited" else entry.note


def _written(cell: Cell) -> str:
    return f"{cell:%d/%m/%Y}" if isinstance(cell, dt.date) else "" if cell is None else str(cell)


def _safe(cell: Cell) -> str:
    """As text that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    text = _written(cell)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


def export_csv(session: Session, book_id: str, year: int) -> str:
    """The book as CSV, UTF-8, one line a number, the titles first; days as dd/mm/yyyy."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_safe(cell) for cell in row_of(entry)] for entry in _entries(session, book_id, year))
    return out.getvalue()


def _head(entries: Sequence[RegisterEntry], year: int) -> list[str]:
    """The lines under the title of the book."""
    days = sorted(entry.arrived_on for entry in entries if entry.arrived_on)
    first, last = (f"{days[0]:%d/%m/%Y}", f"{days[-1]:%d/%m/%Y}") if days else ("........", "........")
    low, high = (str(entries[0].number), str(entries[-1].number)) if entries else ("........", "........")
    return [f"Năm: {year}", f"Từ ngày {first} đến ngày {last}", f"Từ số {low} đến số {high}", "Quyển số: ........"]


def export_xlsx(session: Session, book_id: str, year: int, office: str = "") -> bytes:
    """The book as an Excel file that prints as the law's form: A4 landscape, titles repeated on each page."""
    import xlsxwriter

    entries = _entries(session, book_id, year)
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet(f"Sổ văn bản đến {year}")
        looks = _looks(book)
        top = _write_title(sheet, looks, office, _head(entries, year))
        _write_rows(sheet, looks, top, entries)
        _set_page(sheet, top)
    return out.getvalue()


def _looks(book: Any) -> dict[str, Any]:
    base = {"font_name": "Times New Roman", "font_size": 12, "valign": "top"}
    cell = base | {"border": 1, "text_wrap": True}
    middle = {"align": "center", "valign": "vcenter"}
    wanted = {
        "office": base | {"bold": True, "align": "center"},
        "title": base | {"bold": True, "font_size": 16, "align": "center"},
        "line": base | {"align": "center"},
        "head": cell | middle | {"bold": True},
        "order": cell | middle | {"italic": True, "font_size": 11},
        "text": cell,
        "number": cell | {"align": "center"},
        "day": cell | {"num_format": "dd/mm/yyyy", "align": "center"},
    }
    return {name: book.add_format(look) for name, look in wanted.items()}


def _write_title(sheet: Any, looks: dict[str, Any], office: str, lines: Sequence[str]) -> int:
    """Writes the title block, the titles and the numbering; answers the row of the titles."""
    last = len(COLUMNS) - 1
    sheet.merge_range(0, 0, 0, 3, office, looks["office"])
    sheet.merge_range(1, 0, 1, last, _TITLE, looks["title"])
    for row, line in enumerate(lines, 2):
        sheet.merge_range(row, 0, row, last, line, looks["line"])
    top = 3 + len(lines)
    for column, (title, width) in enumerate(zip(COLUMNS, _WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(top, column, title, looks["head"])
        sheet.write_string(top + 1, column, f"({column + 1})", looks["order"])
    return top


def _write_rows(sheet: Any, looks: dict[str, Any], top: int, entries: Sequence[RegisterEntry]) -> None:
    for row, entry in enumerate(entries, top + 2):
        for column, cell in enumerate(row_of(entry)):
            if isinstance(cell, dt.date) and cell.year >= 1900:
                sheet.write_datetime(row, column, dt.datetime.combine(cell, dt.time()), looks["day"])
            elif isinstance(cell, int):
                sheet.write_number(row, column, cell, looks["number"])
            else:
                sheet.write_string(row, column, _written(cell), looks["text"])


def _set_page(sheet: Any, top: int) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top, top + 1)
    sheet.freeze_panes(top + 2, 0)
    sheet.set_margins(left=0.6, right=0.4, top=0.6, bottom=0.6)
    sheet.set_footer("&CTrang &P/&N")


_STYLE = """
@page { size: A4 landscape; margin: 15mm 10mm 15mm 15mm; }
body { font: 12pt "Times New Roman", Tinos, serif; color: #000; background: #fff; }
h1 { font-size: 16pt; text-align: center; margin: 6pt 0; }
p { text-align: center; margin: 2pt 0; }
p.office { width: 40%; font-weight: bold; }
table { border-collapse: collapse; width: 100%; margin-top: 8pt; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { border: 0.5pt solid #000; padding: 2pt 4pt; vertical-align: top; overflow-wrap: anywhere; }
th { text-align: center; }
tr.order th { font-weight: normal; font-style: italic; }
tr.void td { text-decoration: line-through; }
tr.void td:last-child { text-decoration: none; }
"""


def export_html(session: Session, book_id: str, year: int, office: str = "") -> str:
    """The book as one page to print; every text escaped."""
    return "".join(_html(_entries(session, book_id, year), year, office))


def _html(entries: Sequence[RegisterEntry], year: int, office: str) -> Iterator[str]:
    yield f'<!doctype html>\n<html lang="vi"><head><meta charset="utf-8"><title>{_TITLE} {year}</title>'
    yield f"<style>{_STYLE}</style></head><body>\n"
    yield f'<p class="office">{html.escape(office)}</p>\n<h1>{_TITLE}</h1>\n'
    yield from (f"<p>{html.escape(line)}</p>\n" for line in _head(entries, year))
    yield "<table><thead><tr>"
    yield from (f'<th scope="col">{html.escape(title)}</th>' for title in COLUMNS)
    yield '</tr>\n<tr class="order">'
    yield from (f"<th>({n})</th>" for n in range(1, len(COLUMNS) + 1))
    yield "</tr></thead>\n<tbody>\n"
    for entry in entries:
        cells = "".join(f"<td>{html.escape(_written(cell))}</td>" for cell in row_of(entry))
        yield f'<tr class="{entry.status}">{cells}</tr>\n'
    yield "</tbody></table></body></html>\n"
