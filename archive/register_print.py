"""The register book on paper: cover, the ten columns of NĐ 30/2020, Appendix IV, the closed days, signatures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import forms, history_export
from archive.models import ClosedDay, RegisterEntry
from archive.register_books import DEFAULT, named
from archive.register_export import COLUMNS, TITLE, entries_of, head, row_of
from archive.workbook import written

SHEETS = {"a4": forms.A4_LANDSCAPE, "a3": forms.A3_LANDSCAPE}
DOTS = "Ngày ...... tháng ...... năm ........"
_WIDTHS = (15, 8, 22, 20, 15, 42, 20, 15, 14, 17)
_ALIGN: tuple[forms.Align, ...] = (
    "center", "center", "left", "left", "center", "left", "left", "center", "left", "left",
)  # fmt: skip


def book_pdf(
    session: Session, book_id: str, year: int, month: int | None = None, *, office: str = "", superior: str = "",
    sheet: str = "a4", printed: str = "",
) -> bytes:  # fmt: skip
    """The book of a year, or of a month of it, to be signed and bound; `printed` says by whom and when."""
    book = named(session, book_id)
    entries = entries_of(session, book_id, year, month)
    lines = head(entries, year, month)
    subtitle = [] if book.id == DEFAULT else [book.title]
    blocks: list[forms.Block] = [*_cover(office, superior, subtitle, lines), forms.NewPage()]
    blocks += [forms.letterhead(office, superior), forms.Title(TITLE, [*subtitle, *lines[:3]]), _table(entries)]
    blocks += _closed(session, book_id, year, month)
    # On paper, where nobody can change it any more: it proves every event before it (docs/events.md).
    blocks.append(forms.Text(f"Đầu chuỗi nhật ký khi in: {history_export.head(session)}.", italic=True, size=10))
    blocks.append(forms.Signing([forms.Place("NGƯỜI LẬP SỔ"), forms.Place("CHÁNH VĂN PHÒNG (TRƯỞNG PHÒNG)", DOTS)]))
    name = f"{book.title} {f'tháng {month:02}/' if month else ''}{year}"
    return forms.make(blocks, sheet=SHEETS[sheet], name=name, footer=printed, numbers_from=2)


def _cover(office: str, superior: str, subtitle: Sequence[str], lines: Sequence[str]) -> list[forms.Block]:
    """Bìa: the organs, what book it is, from when to when; the head signs and seals it before it is used."""
    organs = [one.upper() for one in (superior, office) if one]
    return [
        *(forms.Text(one, bold=one == organs[-1], align="center", size=14) for one in organs),
        forms.Gap(28),
        forms.Title(TITLE, subtitle, size=26),
        forms.Gap(6),
        *(forms.Text(line, align="center", size=15) for line in lines),
        forms.Gap(8),
        forms.Signing([forms.Place("", hint=""), forms.Place("THỦ TRƯỞNG CƠ QUAN", DOTS, "(Ký tên, đóng dấu)")]),
    ]


def _table(entries: Sequence[RegisterEntry]) -> forms.Table:
    columns = [forms.Column(title, width, align) for title, width, align in zip(COLUMNS, _WIDTHS, _ALIGN, strict=True)]
    return forms.Table(columns, [_cells(entry) for entry in entries])


def _cells(entry: RegisterEntry) -> list[str]:
    cells = [written(cell) for cell in row_of(entry)]
    cells[1] = f"{entry.number:02}"  # numbers below ten are written with a nought, as on the paper itself
    return cells


def _closed(session: Session, book_id: str, year: int, month: int | None) -> list[forms.Block]:
    """The days closed in this time, each with the fingerprint under which it stands in the chain of events."""
    days = sa.select(ClosedDay).where(
        ClosedDay.book_id == book_id, ClosedDay.open.is_(False), ClosedDay.day.between(*_span(year, month))
    )
    rows = [
        [
            f"{one.day:%d/%m/%Y}",
            str(one.lines),
            f"{one.first or '–'}",
            f"{one.last or '–'}",
            one.closed_by,
            one.event[:32],
        ]
        for one in session.scalars(days.order_by(ClosedDay.day))
    ]
    if not rows:
        return []
    widths = (("Ngày", 12), ("Số dòng", 8), ("Từ số", 8), ("Đến số", 8), ("Người khóa", 16), ("Mã khóa sổ", 40))
    columns = [forms.Column(title, width, "center") for title, width in widths]
    return [forms.Text("Các ngày đã khóa sổ", bold=True, keep=20), forms.Table(columns, rows, numbered=False, least=6)]


def _span(year: int, month: int | None) -> tuple[dt.date, dt.date]:
    first = dt.date(year, month or 1, 1)
    return first, (dt.date(year + month // 12, month % 12 + 1, 1) if month else dt.date(year + 1, 1, 1)) - dt.timedelta(
        1
    )
