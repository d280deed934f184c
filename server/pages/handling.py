"""/handling (Theo dõi): the book of handling, on screen, as PDF and Excel; the handling slip of a paper."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, render_template, request, send_file
from sqlalchemy.orm import Session

from archive import handling_book, handling_slip, register, register_books, workdays
from archive.errors import NotFound
from archive.models import Book, Unit, now
from archive.workdays import HANOI
from server.api.papers import document_of
from server.auth import require
from server.speech import gettext as _
from server.state import state

pages = Blueprint("handling", __name__)
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = 300
"""Lines of one page; the files hold all of them."""
SIGNS = {
    "open": ("run", "◔"),
    "late": ("bad", "✕"),
    "done": ("ok", "✓"),
    "back": ("warn", "↩"),
}


@pages.get("/handling")
@require("export")
def look() -> Any:
    """The book of a year; `show` narrows it."""
    with state().readers() as session:
        asked = _asked(session, SHOWN + 1)
        more = len(asked["lines"]) > SHOWN
        asked["lines"] = asked["lines"][:SHOWN]
        years = session.scalars(sa.text("SELECT DISTINCT year FROM register_entry ORDER BY year DESC")).all()
        return render_template(
            "pages/handling.html", **asked, more=more, columns=handling_book.COLUMNS, shows=handling_book.SHOWS,
            signs=SIGNS, years=sorted({*years, asked["year"]}, reverse=True),
            books=session.scalars(sa.select(Book).order_by(Book.id)).all(),
            units=session.scalars(sa.select(Unit).where(Unit.active).order_by(Unit.name)).all(),
        )  # fmt: skip


def _asked(session: Session, most: int | None = None) -> dict[str, Any]:
    """What the address asks for, and the lines that answer it."""
    today, calendar = workdays.today(now()), workdays.calendar(session)
    year, given = request.args.get("year", ""), request.args
    number = (
        int(year) if year.isascii() and year.isdigit() and len(year) == 4 and 1945 <= int(year) <= 2200 else today.year
    )
    show = given.get("show", "all") if given.get("show") in handling_book.SHOWS else "all"
    book = register_books.named(session, given.get("book") or register_books.DEFAULT)
    unit = session.get(Unit, given.get("unit", "")[:40])
    at = given.get("at", "")
    since = int(at) if at.isascii() and at.isdigit() and len(at) < 8 else 0
    lines = handling_book.lines(
        session, g.user, book.id, number, today, calendar, show=show, unit_id=unit.id if unit else None, since=since,
        most=most,
    )  # fmt: skip
    return {"year": number, "show": show, "book": book, "unit": unit, "lines": lines}


@pages.get("/handling.pdf")
@require("export")
def pdf() -> Any:
    """The same lines on paper."""
    settings = state().settings
    with state().readers() as session:
        asked = _asked(session)
    content = handling_book.pdf(
        asked["lines"], asked["year"], office=settings.office, superior=settings.superior, printed=printed()
    )
    return sent(content, "application/pdf", f"so-theo-doi-giai-quyet-{asked['year']}.pdf")


@pages.get("/handling.xlsx")
@require("export")
def excel() -> Any:
    """The same lines as a workbook."""
    settings = state().settings
    with state().readers() as session:
        asked = _asked(session)
    content = handling_book.xlsx(asked["lines"], asked["year"], office=settings.office, superior=settings.superior)
    return sent(content, EXCEL, f"so-theo-doi-giai-quyet-{asked['year']}.xlsx")


@pages.get("/documents/<document_id>/slip.pdf")
@require("read")
def slip(document_id: str) -> Any:
    """Phiếu giải quyết of a paper in the book, for whoever may read it."""
    settings = state().settings
    with state().readers() as session:
        document = document_of(session, document_id)
        entry = register.entry_of(session, document)
        if entry is None:
            raise NotFound(_("Văn bản chưa vào sổ nên chưa có phiếu giải quyết. Hãy vào sổ trước."))
        content = handling_slip.pdf(
            document, entry, office=settings.office, superior=settings.superior, printed=printed()
        )
        return sent(content, "application/pdf", f"phieu-giai-quyet-{entry.number}-{entry.year}.pdf")


def printed() -> str:
    """By whom and when."""
    at = f"{dt.datetime.now(HANOI):%H:%M %d/%m/%Y}"
    return _("In từ Văn Thư lúc {}, người in: {}").format(at, g.user.full_name or g.user.name)


def sent(content: bytes, kind: str, name: str) -> Any:
    """A file that no cache keeps."""
    answer = send_file(io.BytesIO(content), kind, as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
