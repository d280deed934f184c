"""/register/numbers: numbers that wait, were voided or are missing, and papers that stand twice in the book."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request

from archive import access, register, register_report
from archive.errors import BadValue
from archive.models import Document
from server.auth import require
from server.pages.register import chosen, wanted_year, years
from server.speech import gettext as _
from server.state import state

pages = Blueprint("numbers", __name__)


@pages.get("/register/numbers")
@require("export")
def look() -> Any:
    """The report of a book in a year."""
    return show()


def show(sentence: str = "", status: int = 200) -> Any:
    """The page; after a refusal what was typed stands in it again."""
    year = wanted_year()
    with state().readers() as session:
        book = chosen(session)
        told = register_report.report(session, book.id, year)
        ids = {entry.document_id for one in told.twice for entry in one.entries if entry.document_id}
        may = set(session.scalars(sa.select(Document.id).where(Document.id.in_(ids), access.visible(g.user))))
        return render_template(
            "pages/numbers.html", book=book, books=register.books(session), year=year, years=years(session, book.id),
            report=told, waiting=sum(last - first + 1 for first, last in told.awaited), may=may, sentence=sentence,
            typed=request.form,
        ), status  # fmt: skip


@pages.post("/register/numbers/void")
@require("void")
def void() -> Any:
    """Void awaited numbers, one or a range, with one reason."""
    given = request.form
    year = given.get("year", "")
    try:
        first, last = number_of(given.get("first", "")), number_of(given.get("last", "") or given.get("first", ""))
        with state().sessions.begin() as session:
            book = chosen(session)
            register_report.void_range(
                session, book.id, number_of(year), first, last, given.get("reason", ""), g.user.name
            )  # fmt: skip
    except BadValue as error:
        return show(str(error), 422)
    return redirect(f"/register/numbers?book={book.id}&year={int(year)}", 303)


def number_of(text: str) -> int:
    """A number of the form; BadValue."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise BadValue(_("Hãy ghi số đến bằng chữ số."))
    return int(text)
