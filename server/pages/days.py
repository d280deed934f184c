"""/register/days: khóa sổ ngày, and opening a closed day again with a reason."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, g, redirect, render_template, request
from sqlalchemy.orm import Session

from archive import register, register_days, review
from archive.errors import ArchiveError, BadValue, Conflict
from archive.models import Book
from server.auth import require
from server.pages import sheet
from server.pages.register import chosen
from server.speech import gettext as _
from server.state import state

pages = Blueprint("days", __name__)


@pages.get("/register/days")
@require("export")
def look() -> Any:
    """The days that were closed, and what the one to be closed looks like."""
    return show()


def show(error: ArchiveError | None = None) -> Any:
    """The page; after a refusal it says why."""
    with state().readers() as session:
        book = chosen(session)
        day = proposed(session, book) if error else typed_day(session, book)
        status = 200 if error is None else 409 if isinstance(error, Conflict) else 422
        return render_template(
            "pages/days.html", book=book, books=register.books(session), day=day, error=error,
            found=register_days.look(session, book.id, day), closed=register_days.recent(session, book.id),
            until=register_days.closed_until(session, book.id, day.year), typed=request.form,
        ), status  # fmt: skip


def proposed(session: Session, book: Book) -> dt.date:
    """The day after the last closed one of this year, but never one to come; today where none is closed."""
    until = register_days.closed_until(session, book.id, sheet.today().year)
    return min(sheet.today(), until + dt.timedelta(days=1)) if until else sheet.today()


def typed_day(session: Session, book: Book) -> dt.date:
    """The day of the address or the form; BadValue."""
    text = request.values.get("day", "")
    if not text:
        return proposed(session, book)
    day = review.checked_value("date", text)
    if not isinstance(day, str):
        raise BadValue(_("Hãy ghi ngày, ví dụ 30/3/2026."))
    return dt.date.fromisoformat(day)


@pages.post("/register/days/close")
@require("register")
def close() -> Any:
    """Close a day: nothing of it and of the days before it is changed any more."""
    return acted(lambda session, book, day: register_days.close(session, book.id, day, g.user.name))


@pages.post("/register/days/reopen")
@require("reopen")
def reopen() -> Any:
    """Open a closed day again, and every one after it."""
    reason = request.form.get("reason", "")
    return acted(lambda session, book, day: register_days.reopen(session, book.id, day, reason, g.user.name))


def acted(act: Any) -> Any:
    """Do it in one transaction, then show the book's days."""
    try:
        with state().sessions.begin() as session:
            book = chosen(session)
            act(session, book, typed_day(session, book))
    except (BadValue, Conflict) as error:
        return show(error)
    return redirect(f"/register/days?book={book.id}", 303)
