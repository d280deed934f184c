"""/register: sổ đăng ký văn bản đến as the printed book: ten lawful columns, PDF, Excel, huỷ số with a reason."""

from __future__ import annotations

import datetime as dt
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request, send_file
from sqlalchemy.orm import Session

from archive import access, register, register_books, register_print
from archive.errors import BadValue, NotFound
from archive.models import Book, BookYear, Document, RegisterEntry
from archive.register_export import COLUMNS, row_of
from archive.vietnamese import fold
from archive.workdays import HANOI
from server.auth import require
from server.pages import sheet
from server.speech import gettext as _
from server.state import state

pages = Blueprint("register", __name__)
LINES = 50
FOUND = 200
"""Most lines that a search in the book shows."""
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Row:
    """One line of the table: an entry, or the numbers before it that still wait for their papers."""

    entry: RegisterEntry
    cells: tuple[Any, ...]
    open: bool
    """Whether this user may open its document."""
    told: bool
    """Whether this user may read what the line says."""
    waiting: tuple[int, int] | None = None
    """First and last of the awaited numbers between the line before and this one."""


@pages.get("/register")
@require("read")
def look() -> Any:
    """One page of the book of a year, by default the one with the latest numbers."""
    year = wanted_year()
    with state().readers() as session:
        book = chosen(session)
        last = register.expected(session, book.id, year) - 1
        lines = lines_of(book.id, year)
        words = " ".join(request.args.get("q", "").split())[:200]
        entries = found(session, lines, words) if words else page_of(session, lines)
        before = None if words else neighbour(session, lines, entries, after=False)
        return render_template(
            "pages/register.html",
            book=book, books=register.books(session), year=year, years=years(session, book.id), columns=COLUMNS,
            total=last, rows=rows_of(session, entries, bool(before or words), gaps=not words),
            following=None if words else neighbour(session, lines, entries, after=True), before=before, words=words,
            trailing=(entries[-1].number + 1, last) if not words and entries and last > entries[-1].number else None,
            most=FOUND if len(entries) == FOUND else None,
            awaited=bool(request.args.get("awaited")), office=state().settings.office,
        )  # fmt: skip


def wanted_year() -> int:
    """The year of the address, else this year."""
    text = request.args.get("year", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) == 4 else sheet.today().year


def chosen(session: Session) -> Book:
    """The book of the address or of the form, else the one every office has."""
    return register_books.named(session, request.values.get("book") or register_books.DEFAULT)


def wanted_month() -> int | None:
    """The month of the address; None for the whole year. BadValue."""
    text = request.args.get("month", "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 3 and 1 <= int(text) <= 12):
        raise BadValue(_("Tháng phải từ 1 đến 12."))
    return int(text) if text else None


def lines_of(book_id: str, year: int) -> sa.Select[RegisterEntry]:
    """The lines of a year that have been written; those that wait for a paper only when they are asked for."""
    lines = sa.select(RegisterEntry).where(RegisterEntry.book_id == book_id, RegisterEntry.year == year)
    return lines if request.args.get("awaited") else lines.where(RegisterEntry.status != "awaited")


def page_of(session: Session, lines: sa.Select[RegisterEntry]) -> Sequence[RegisterEntry]:
    """At most LINES lines in order: from the number `at`, up to the number `before`, or the latest."""
    number = RegisterEntry.number
    if at := asked_number("at"):
        return session.scalars(lines.where(number >= at).order_by(number).limit(LINES)).all()
    if before := asked_number("before"):
        lines = lines.where(number < before)
    return session.scalars(lines.order_by(number.desc()).limit(LINES)).all()[::-1]


def asked_number(name: str) -> int | None:
    """A number of the address."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def neighbour(
    session: Session, lines: sa.Select[RegisterEntry], entries: Sequence[RegisterEntry], *, after: bool
) -> int | None:
    """The number at which the next page begins, or before which the page before ends; None where there is none."""
    if not entries:
        return None
    number = RegisterEntry.number
    beyond = number > entries[-1].number if after else number < entries[0].number
    found = session.scalars(lines.where(beyond).order_by(number if after else number.desc()).limit(1)).first()
    return None if found is None else found.number if after else entries[0].number


_SAYS = (
    RegisterEntry.number, RegisterEntry.code, RegisterEntry.issuer, RegisterEntry.type_and_subject,
    RegisterEntry.recipient, RegisterEntry.note,
)  # fmt: skip
"""What of a line is searched; all of a hundred thousand lines would be made into objects to show a few."""


def found(session: Session, lines: sa.Select[RegisterEntry], words: str) -> Sequence[RegisterEntry]:
    """The lines that say all of `words`, marks and capitals left out; only such as this user may read."""
    seen: sa.ColumnElement[bool] = RegisterEntry.document_id.is_not(None)
    if not access.sees_all(g.user):
        seen = RegisterEntry.document_id.in_(sa.select(Document.id).where(access.visible(g.user)))
    if access.can(g.user, "export"):
        seen = sa.or_(seen, RegisterEntry.document_id.is_(None))
    wanted = fold(words).split()
    every = session.execute(
        lines.with_only_columns(*_SAYS).where(seen).order_by(RegisterEntry.number).execution_options(yield_per=2000)
    )
    saying = (number for number, *said in every if _holds(fold(" ".join(said)), wanted))
    numbers = list(itertools.islice(saying, FOUND))
    return session.scalars(lines.where(RegisterEntry.number.in_(numbers)).order_by(RegisterEntry.number)).all()


def _holds(told: str, wanted: Sequence[str]) -> bool:
    return all(word in told for word in wanted)


def rows_of(
    session: Session, entries: Sequence[RegisterEntry], goes_on: bool, *, gaps: bool = True
) -> list[Row]:  # fmt: skip
    """The lines with what this user may open, and the gaps between them; `goes_on`: other lines stand before these."""
    ids = [entry.document_id for entry in entries if entry.document_id]
    may = set(session.scalars(sa.select(Document.id).where(Document.id.in_(ids), access.visible(g.user))))
    rows: list[Row] = []
    last = None if goes_on else 0
    for entry in entries:
        waiting = (last + 1, entry.number - 1) if gaps and last is not None and entry.number > last + 1 else None
        opens = entry.document_id in may
        told = opens or (entry.document_id is None and access.can(g.user, "export"))
        rows.append(Row(entry, row_of(entry) if told else silent(entry), opens, told, waiting))
        last = entry.number
    return rows


def silent(entry: RegisterEntry) -> tuple[Any, ...]:
    """The cells of a line whose paper this user may not see: the day and the number, as the book for programs says."""
    return entry.arrived_on, entry.number, *[""] * (len(COLUMNS) - 2)


def years(session: Session, book_id: str) -> list[int]:
    """The years that have a book, the latest first, this year always among them."""
    known = session.scalars(sa.select(BookYear.year).where(BookYear.book_id == book_id))
    return sorted({*known, sheet.today().year}, reverse=True)


@pages.post("/register/<int:year>/<int:number>/void")
@require("void")
def void(year: int, number: int) -> Any:
    """Huỷ số: the number stays in the book with its reason and its paper waits for review again."""
    reason = request.form.get("reason", "")
    with state().sessions.begin() as session:
        book = chosen(session)
        entry = session.get(RegisterEntry, (book.id, year, number))
        if entry is None:
            raise NotFound(_("Không có số đến {} năm {} trong sổ.").format(number, year))
        if not reason.strip():
            raise BadValue(_("Huỷ số phải nêu lý do; số vẫn còn nguyên. Hãy quay lại và ghi lý do."))
        register.void(session, entry, reason, g.user.name)
    return redirect(f"/register?book={book.id}&year={year}&at={number}#so-{number}", 303)


@pages.get("/register/<int:year>.xlsx")
@require("export")
def excel(year: int) -> Any:
    """The book of a year, or of its `month`, as an Excel file in the lawful form; `sheet=a3` for wide paper."""
    month, settings = wanted_month(), state().settings
    with state().readers() as session:
        book = chosen(session)
        content = register.export_xlsx(
            session,
            book.id,
            year,
            settings.office,
            settings.superior,
            month=month,
            a3=request.args.get("sheet") == "a3",
        )
    return send_file(io.BytesIO(content), EXCEL, as_attachment=True, download_name=file_name(book, year, month, "xlsx"))


@pages.get("/register/<int:year>.pdf")
@require("export")
def pdf(year: int) -> Any:
    """The book of a year, or of its `month`, to be printed, signed and bound: A4 or, `sheet=a3`, A3 landscape."""
    month, settings = wanted_month(), state().settings
    if not 1900 <= year <= 9998:
        raise NotFound(_("Không có sổ của năm này."))
    printed = _("In từ Văn Thư lúc {}, người in: {}").format(f"{dt.datetime.now(HANOI):%H:%M %d/%m/%Y}", g.user.name)
    with state().readers() as session:
        book = chosen(session)
        content = register_print.book_pdf(
            session, book.id, year, month, office=settings.office, superior=settings.superior,
            sheet="a3" if request.args.get("sheet") == "a3" else "a4", printed=printed,
        )  # fmt: skip
    answer = send_file(
        io.BytesIO(content), "application/pdf", as_attachment=True, download_name=file_name(book, year, month, "pdf")
    )
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def file_name(book: Book, year: int, month: int | None, ending: str) -> str:
    """`so-van-ban-den-2026-03.pdf`."""
    name = "so-van-ban-den" if book.id == register_books.DEFAULT else book.id.replace("_", "-")
    return f"{name}-{year}{f'-{month:02}' if month else ''}.{ending}"
