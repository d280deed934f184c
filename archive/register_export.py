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

from archive import forms, history_export
from archive.lettering import BOLD, REGULAR, wrap
from archive.models import RegisterEntry
from archive.workbook import safe, written

COLUMNS = (
    "Ngày đến", "Số đến", "Tác giả", "Số, ký hiệu văn bản", "Ngày tháng văn bản",
    "Tên loại và trích yếu nội dung văn bản", "Đơn vị hoặc người nhận", "Ngày chuyển", "Ký nhận", "Ghi chú",
)  # fmt: skip
_WIDTHS = (13, 8, 24, 19, 13, 44, 22, 13, 15, 16)
TITLE = "SỔ ĐĂNG KÝ VĂN BẢN ĐẾN"

Cell = str | int | dt.date | None
Row = tuple[Cell, ...]


def entries_of(session: Session, book_id: str, year: int, month: int | None = None) -> Sequence[RegisterEntry]:
    """The lines of a year, or of a month of it, smallest number first.

    A number without a day (awaited, or voided before its paper came) belongs to the month of the number before it.
    """
    of_year = sa.select(RegisterEntry).where(RegisterEntry.book_id == book_id, RegisterEntry.year == year)
    entries = session.scalars(of_year.order_by(RegisterEntry.number)).all()
    if month is None:
        return entries
    found, current = [], None
    for entry in entries:
        own = entry.arrived_on.month if entry.arrived_on else current or _next_month(entries, entry)
        if entry.arrived_on:
            current = own
        if own == month:
            found.append(entry)
    return found


def _next_month(entries: Sequence[RegisterEntry], entry: RegisterEntry) -> int | None:
    """Of numbers with which the book begins: the month of the first that has a day."""
    return next((one.arrived_on.month for one in entries if one.number > entry.number and one.arrived_on), None)


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


def export_csv(session: Session, book_id: str, year: int, month: int | None = None) -> str:
    """The book as CSV, UTF-8, one line a number, the titles first; days as dd/mm/yyyy."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([safe(cell) for cell in row_of(entry)] for entry in entries_of(session, book_id, year, month))
    return out.getvalue()


def head(entries: Sequence[RegisterEntry], year: int, month: int | None = None) -> list[str]:
    """The lines under the title of the book. Bound by the month, each month is a volume."""
    days = sorted(entry.arrived_on for entry in entries if entry.arrived_on)
    first, last = (f"{days[0]:%d/%m/%Y}", f"{days[-1]:%d/%m/%Y}") if days else ("........", "........")
    low, high = (f"{entries[0].number:02}", f"{entries[-1].number:02}") if entries else ("........", "........")
    return [
        f"Năm: {year}", f"Từ ngày {first} đến ngày {last}", f"Từ số {low} đến số {high}",
        f"Quyển số: {month:02}" if month else "Quyển số: ........",
    ]  # fmt: skip


def export_xlsx(
    session: Session, book_id: str, year: int, office: str = "", superior: str = "", *, month: int | None = None,
    a3: bool = False,
) -> bytes:  # fmt: skip
    """The book as an Excel file that prints as the law's form: A4 or A3 landscape, titles repeated on each page."""
    import xlsxwriter

    entries = entries_of(session, book_id, year, month)
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet(f"Sổ văn bản đến {year}")
        looks = _looks(book)
        top = _write_title(sheet, looks, forms.letterhead(office, superior), head(entries, year, month))
        _write_rows(sheet, looks, top, entries)
        _set_page(sheet, top, history_export.head(session), a3=a3)
    return out.getvalue()


def _looks(book: Any) -> dict[str, Any]:
    base = {"font_name": "Times New Roman", "font_size": 12, "valign": "top"}
    cell = base | {"border": 1, "text_wrap": True}
    middle = {"align": "center", "valign": "vcenter"}
    wanted = {
        "above": base | {"align": "center"},
        "office": base | {"bold": True, "align": "center"},
        "title": base | {"bold": True, "font_size": 16, "align": "center"},
        "line": base | {"align": "center"},
        "head": cell | middle | {"bold": True},
        "order": cell | middle | {"italic": True, "font_size": 11},
        "text": cell,
        "number": cell | {"align": "center", "num_format": "00"},
        "day": cell | {"num_format": "dd/mm/yyyy", "align": "center"},
    }
    return {name: book.add_format(look) for name, look in wanted.items()}


def _write_title(sheet: Any, looks: dict[str, Any], block: forms.Letterhead, lines: Sequence[str]) -> int:
    """Writes the title block, the titles and the numbering; answers the row of the titles."""
    last = len(COLUMNS) - 1
    for row, text in enumerate(block.left or [""]):
        sheet.merge_range(row, 0, row, 3, text, looks["office" if row == len(block.left) - 1 else "above"])
    for row, text in enumerate(block.right):
        sheet.merge_range(row, 5, row, last, text, looks["office"])
    sheet.set_row(3, 26)
    sheet.merge_range(3, 0, 3, last, TITLE, looks["title"])
    for row, line in enumerate(lines, 4):
        sheet.merge_range(row, 0, row, last, line, looks["line"])
    top = 5 + len(lines)
    for column, (title, width) in enumerate(zip(COLUMNS, _WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(top, column, title, looks["head"])
        sheet.write_string(top + 1, column, f"({column + 1})", looks["order"])
    sheet.set_row(top, _height(COLUMNS, BOLD))
    return top


def _height(texts: Sequence[str], face: str = REGULAR) -> float:
    """Points of a row in which every text is whole: LibreOffice, unlike Excel, does not look for itself."""
    rooms = (width * 5.25 for width in _WIDTHS)  # a letter of width is 7 pixels, of which three quarters are a point
    most = max(len(wrap(text, face, 12, room)) for text, room in zip(texts, rooms, strict=True))
    return min(15.75 * most + 2, 409)  # Excel's highest row


def _write_rows(sheet: Any, looks: dict[str, Any], top: int, entries: Sequence[RegisterEntry]) -> None:
    for row, entry in enumerate(entries, top + 2):
        cells = row_of(entry)
        sheet.set_row(row, _height([written(cell) for cell in cells]))
        for column, cell in enumerate(cells):
            if isinstance(cell, dt.date) and cell.year >= 1900:
                sheet.write_datetime(row, column, dt.datetime.combine(cell, dt.time()), looks["day"])
            elif isinstance(cell, int):
                sheet.write_number(row, column, cell, looks["number"])
            else:
                sheet.write_string(row, column, written(cell), looks["text"])


def _set_page(sheet: Any, top: int, head: history_export.Head, *, a3: bool) -> None:
    sheet.set_landscape()
    sheet.set_paper(8 if a3 else 9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top, top + 1)
    sheet.freeze_panes(top + 2, 0)
    sheet.set_margins(left=0.6, right=0.4, top=0.6, bottom=0.6)
    sheet.set_footer(f"&CTrang &P/&N&R&8Nhật ký: {head}")  # proves every event before it (docs/events.md)


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
    return "".join(_html(entries_of(session, book_id, year), year, office))


def _html(entries: Sequence[RegisterEntry], year: int, office: str) -> Iterator[str]:
    yield f'<!doctype html>\n<html lang="vi"><head><meta charset="utf-8"><title>{TITLE} {year}</title>'
    yield f"<style>{_STYLE}</style></head><body>\n"
    yield f'<p class="office">{html.escape(office)}</p>\n<h1>{TITLE}</h1>\n'
    yield from (f"<p>{html.escape(line)}</p>\n" for line in head(entries, year))
    yield "<table><thead><tr>"
    yield from (f'<th scope="col">{html.escape(title)}</th>' for title in COLUMNS)
    yield '</tr>\n<tr class="order">'
    yield from (f"<th>({n})</th>" for n in range(1, len(COLUMNS) + 1))
    yield "</tr></thead>\n<tbody>\n"
    for entry in entries:
        cells = "".join(f"<td>{html.escape(written(cell))}</td>" for cell in row_of(entry))
        yield f'<tr class="{entry.status}">{cells}</tr>\n'
    yield "</tbody></table></body></html>\n"
