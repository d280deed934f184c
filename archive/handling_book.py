"""Sổ theo dõi giải quyết văn bản đến: the seven columns of NĐ 30/2020/NĐ-CP, Appendix IV."""

from __future__ import annotations

import datetime as dt
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, contains_eager, selectinload

from archive import access, forms, inbox, routing
from archive.models import WITHHELD, Document, RegisterEntry, RouteRow, Scan, User
from archive.register import type_and_subject
from archive.workdays import HANOI, Calendar

COLUMNS = (
    "Số đến", "Tên loại, số và ký hiệu, ngày tháng và tác giả văn bản", "Đơn vị hoặc người nhận",
    "Thời hạn giải quyết", "Tiến độ giải quyết", "Số, ký hiệu văn bản trả lời", "Ghi chú",
)  # fmt: skip
TITLE = "SỔ THEO DÕI GIẢI QUYẾT VĂN BẢN ĐẾN"
SHOWS = {"all": "Tất cả", "open": "Đang giải quyết", "late": "Quá hạn", "done": "Đã giải quyết"}
_WIDTHS = (9, 56, 32, 17, 28, 22, 30)
_ALIGN: tuple[forms.Align, ...] = ("center", "left", "left", "center", "left", "left", "left")
DOTS = "Ngày ...... tháng ...... năm ........"


@dataclass(frozen=True)
class Line:
    """One paper: the seven columns as texts, and what a page needs to show them."""

    number: int
    document_id: str
    cells: tuple[str, ...]
    state: str
    """open | late | done | back (given back, nobody has it)"""


def lines(
    session: Session, user: User | None, book_id: str, year: int, today: dt.date, calendar: Calendar, *,
    show: str = "all", unit_id: str | None = None, since: int = 0, most: int | None = None,
) -> list[Line]:  # fmt: skip
    """The papers of a book and year that somebody was given, by their numbers, as far as `user` may see.

    `since` and `most`: from this number on, so many lines at most.
    """
    routed = sa.exists().where(RouteRow.document_id == Document.id, RouteRow.state != "suggested")
    if unit_id:
        routed = routed.where(RouteRow.unit_id == unit_id, RouteRow.state.in_(routing.LIVE))
    wanted = (
        sa.select(RegisterEntry)
        .join(RegisterEntry.document)
        .join(Document.scan)
        .where(RegisterEntry.book_id == book_id, RegisterEntry.year == year, RegisterEntry.status == "registered")
        .where(routed, access.visible(user), Scan.status.not_in(WITHHELD))
        .where(RegisterEntry.number >= since)
        .options(contains_eager(RegisterEntry.document).options(selectinload(Document.routes), *inbox.light()))
        .order_by(RegisterEntry.number)
    )
    if show != "all":
        wanted = wanted.where((Document.status == "done") if show == "done" else (Document.status != "done"))
    found = (line_of(entry, today, calendar) for entry in session.scalars(wanted.execution_options(yield_per=500)))
    shown = (one for one in found if show == "all" or one.state == show or (show == "open" and one.state == "late"))
    return list(itertools.islice(shown, most))


def line_of(entry: RegisterEntry, today: dt.date, calendar: Calendar) -> Line:
    """One line as it stands today."""
    document = entry.document
    if document is None:
        raise ValueError("a line without a paper is not followed")
    routes = routing.decided(document)
    live = sorted(
        (one for one in routes if one.state in routing.LIVE), key=lambda one: list(routing.ROLES).index(one.role)
    )
    lead = routing.leading(document) or next(iter(live), None)
    state, progress = _progress(document, lead, today, calendar)
    cells = (
        f"{entry.number:02}", _paper(document), "\n".join(_who(one) for one in live), _due(live), progress,
        "; ".join(one.reply for one in live if one.reply), "; ".join(_notes(routes)),
    )  # fmt: skip
    return Line(entry.number, document.id, cells, state)


def _paper(document: Document) -> str:
    """Column 2: `Công văn số 471/UBND-VX ngày 30/3/2020 của UBND tỉnh …`; of a secret paper not the subject."""
    day = "/".join(reversed(document.date.split("-"))) if document.date else ""
    kind = document.document_type or "Văn bản"
    parts = [kind, f"số {document.full_code}" if document.full_code else "", f"ngày {day}" if day else "",
             f"của {document.issuing_organ}" if document.issuing_organ else ""]  # fmt: skip
    said = " ".join(part for part in parts if part)
    subject = type_and_subject(document).removeprefix(kind).strip()
    return f"{said}: {subject}" if subject and not document.secrecy else said


def _who(route: RouteRow) -> str:
    person = f" ({route.person.full_name or route.person.name})" if route.person else ""
    return f"{route.unit}{person}, {routing.ROLES[route.role]}"


def _due(live: Sequence[RouteRow]) -> str:
    """The deadline; where they differ, each with the part it is for."""
    days = list(dict.fromkeys(one.due for one in live if one.due))
    if len(days) <= 1:
        return f"{days[0]:%d/%m/%Y}" if days else ""
    said = dict.fromkeys((one.role, one.due) for one in live if one.due)
    return "\n".join(f"{routing.ROLES[role]}: {due:%d/%m/%Y}" for role, due in said)


def _progress(document: Document, lead: RouteRow | None, today: dt.date, calendar: Calendar) -> tuple[str, str]:
    if lead is None:
        return "back", "Chưa có đơn vị nhận"
    if document.status == "done":
        return "done", _finished(lead, calendar)
    item = inbox.item_of(lead, today, calendar)
    if item.is_late and item.left is not None:
        return "late", f"Quá hạn {-item.left} ngày làm việc"
    return "open", "Đang giải quyết" if lead.state == "received" else "Đã chuyển, chưa nhận"


def _finished(lead: RouteRow, calendar: Calendar) -> str:
    day = lead.closed_at.astimezone(HANOI).date() if lead.closed_at else None
    said = f"Đã giải quyết ngày {day:%d/%m/%Y}" if day else "Đã giải quyết"
    if day and lead.due and day > lead.due:
        return f"{said}, trễ {max(1, calendar.between(lead.due, day))} ngày làm việc"
    return said


def _notes(routes: Sequence[RouteRow]) -> list[str]:
    moved = [f"Gia hạn từ {one.first_due:%d/%m/%Y}" for one in routes if one.first_due and one.state in routing.LIVE]
    back = [f"{one.unit} trả lại" for one in routes if one.state == "returned"]
    return moved + back + [f"{one.unit} chuyển tiếp" for one in routes if one.state == "forwarded"]


# ------------------------------------------------------------------------------------------------ on paper, in Excel


def _head(found: Sequence[Line], year: int) -> list[str]:
    low, high = (found[0].cells[0], found[-1].cells[0]) if found else ("........", "........")
    return [f"Năm: {year}", f"Từ số {low} đến số {high}"]


def pdf(found: Sequence[Line], year: int, *, office: str = "", superior: str = "", printed: str = "") -> bytes:
    """The book to be printed and signed, A4 landscape."""
    columns = [forms.Column(title, width, align) for title, width, align in zip(COLUMNS, _WIDTHS, _ALIGN, strict=True)]
    blocks: list[forms.Block] = [
        forms.letterhead(office, superior), forms.Title(TITLE, _head(found, year)),
        forms.Table(columns, [one.cells for one in found]),
        forms.Signing([forms.Place("NGƯỜI LẬP SỔ"), forms.Place("CHÁNH VĂN PHÒNG (TRƯỞNG PHÒNG)", DOTS)]),
    ]  # fmt: skip
    return forms.make(blocks, sheet=forms.A4_LANDSCAPE, name=f"{TITLE.capitalize()} {year}", footer=printed)


def xlsx(found: Sequence[Line], year: int, *, office: str = "", superior: str = "") -> bytes:
    """The book as an Excel file that prints as the form does; no cell is ever a formula."""
    import xlsxwriter

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet(f"Theo dõi {year}")
        base = {"font_name": "Times New Roman", "font_size": 12, "valign": "top", "text_wrap": True}
        bold = book.add_format(base | {"bold": True, "align": "center"})
        top = _write_head(sheet, bold, book.add_format(base | {"bold": True, "align": "center", "border": 1}),
                          forms.letterhead(office, superior), _head(found, year))  # fmt: skip
        cell = book.add_format(base | {"border": 1})
        for row, one in enumerate(found, top + 2):
            for column, text in enumerate(one.cells):
                sheet.write_string(row, column, text, cell)
        _set_page(sheet, top)
    return out.getvalue()


def _write_head(sheet: Any, bold: Any, titles: Any, block: forms.Letterhead, lines: Sequence[str]) -> int:
    last = len(COLUMNS) - 1
    for row, text in enumerate(block.left):
        sheet.merge_range(row, 0, row, 1, text, bold)
    for row, text in enumerate(block.right):
        sheet.merge_range(row, 3, row, last, text, bold)
    for row, text in enumerate([TITLE, *lines], 3):
        sheet.merge_range(row, 0, row, last, text, bold)
    top = 4 + len(lines)
    for column, (title, width) in enumerate(zip(COLUMNS, _WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(top, column, title, titles)
        sheet.write_string(top + 1, column, f"({column + 1})", titles)
    return top


def _set_page(sheet: Any, top: int) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top, top + 1)
    sheet.freeze_panes(top + 2, 0)
    sheet.set_footer("&CTrang &P/&N")
