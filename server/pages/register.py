"""/register: sổ đăng ký văn bản đến as the printed book: ten lawful columns, print, Excel, huỷ số with a reason."""

from __future__ import annotations

import io
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request, send_file
from sqlalchemy.orm import Session

from archive import access, register
from archive.errors import BadValue, NotFound
from archive.models import Book, BookYear, Document, RegisterEntry
from archive.register_export import COLUMNS, row_of
from server.auth import require
from server.pages import sheet
from server.speech import gettext as _
from server.state import state

pages = Blueprint("register", __name__)
BOOK = "den"
LINES = 50
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pages.get("/register")
@require("read")
def look() -> Any:
    """One page of the book of a year, by default the one with the latest numbers."""
    year = wanted_year()
    with state().readers() as session:
        last = register.expected(session, BOOK, year) - 1
        lines = register.page(session, BOOK, year, str(first_cursor(last)), LINES)
        allowed = readable(session, lines.entries)
        return render_template(
            "pages/register.html",
            book=session.get(Book, BOOK), year=year, years=years(session), columns=COLUMNS, total=lines.total,
            rows=[(entry, row_of(entry), entry.document_id in allowed) for entry in lines.entries],
            cursor=lines.cursor, back=back_cursor(lines.entries), office=state().settings.office,
        )  # fmt: skip


def wanted_year() -> int:
    """The year of the address, else this year."""
    text = request.args.get("year", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) == 4 else sheet.today().year


def first_cursor(last: int) -> int:
    """The number before the first line to show: as the address says, else so that the last line is on the page."""
    for name, before in (("cursor", 0), ("at", LINES // 2)):
        text = request.args.get(name, "")
        if text.isascii() and text.isdigit() and len(text) < 10:
            return max(int(text) - before, 0)
    return max(last - LINES, 0)


def back_cursor(entries: Any) -> int | None:
    """Where the page before this one begins; the numbers of a book have no gaps."""
    if not entries or entries[0].number <= 1:
        return None
    return max(int(entries[0].number) - LINES - 1, 0)


def years(session: Session) -> list[int]:
    """The years that have a book, the latest first, this year always among them."""
    known = session.scalars(sa.select(BookYear.year).where(BookYear.book_id == BOOK))
    return sorted({*known, sheet.today().year}, reverse=True)


def readable(session: Session, entries: Any) -> set[str | None]:
    """The documents of these lines that this user may open."""
    ids = [entry.document_id for entry in entries if entry.document_id]
    return set(session.scalars(sa.select(Document.id).where(Document.id.in_(ids), access.visible(g.user))))


@pages.post("/register/<int:year>/<int:number>/void")
@require("void")
def void(year: int, number: int) -> Any:
    """Huỷ số: the number stays in the book with its reason and its paper waits for review again."""
    reason = request.form.get("reason", "")
    with state().sessions.begin() as session:
        entry = session.get(RegisterEntry, (BOOK, year, number))
        if entry is None:
            raise NotFound(_("Không có số đến {} năm {} trong sổ.").format(number, year))
        if not reason.strip():
            raise BadValue(_("Huỷ số phải nêu lý do; số vẫn còn nguyên. Hãy quay lại và ghi lý do."))
        register.void(session, entry, reason, g.user.name)
    return redirect(f"/register?year={year}&at={number}#so-{number}", 303)


@pages.get("/register/<int:year>.xlsx")
@require("export")
def excel(year: int) -> Any:
    """The whole book of a year as an Excel file in the lawful form."""
    with state().readers() as session:
        content = register.export_xlsx(session, BOOK, year, state().settings.office)
    return send_file(io.BytesIO(content), EXCEL, as_attachment=True, download_name=f"so-van-ban-den-{year}.xlsx")
