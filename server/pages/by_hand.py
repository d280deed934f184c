"""/register/new: a paper that is not scanned, typed into the book; and its scan, when it comes later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request
from sqlalchemy.orm import Session

from archive import access, register, register_by_hand, register_report, review
from archive.errors import ArchiveError, BadValue, BookNotBegun, Conflict, OutOfOrder
from archive.models import Document, RegisterEntry, Scan
from server.api.papers import document_of
from server.auth import allow, require
from server.pages import queue, sheet, shown
from server.pages.register import chosen
from server.speech import gettext as _
from server.state import state

pages = Blueprint("by_hand", __name__)
MOST = 100
"""Papers under review that are offered as the scan of a sheet."""


@pages.get("/register/new")
@require("register")
def look() -> Any:
    """The empty form."""
    return show()


def show(error: ArchiveError | None = None) -> Any:
    """The form; after a refusal with what was typed, and what may be done about it."""
    status = 200 if error is None else 409 if isinstance(error, Conflict) else 422
    with state().readers() as session:
        book = chosen(session)
        return render_template(
            "pages/by_hand.html", book=book, books=register.books(session), labels=register_by_hand.LABELS,
            needed=register_by_hand.NEEDED, urgencies=review.URGENCIES, typed=request.form, error=error,
            today=sheet.today(), next=register.expected(session, book.id, sheet.today().year),
            out_of_order=isinstance(error, OutOfOrder), begins=isinstance(error, BookNotBegun),
            twin="không trùng" in str(error or ""),
        ), status  # fmt: skip


@pages.post("/register/new")
@require("register")
def enter() -> Any:
    """Write the paper into the book."""
    try:
        entry = entered()
    except (BadValue, Conflict) as error:
        return show(error)
    return redirect(f"/documents/{entry.document_id}", 303)


def entered() -> RegisterEntry:
    """The line of what was typed."""
    given, here = request.form, state()
    day, number, reason = arrival_day(given), arrival_number(given), given.get("reason", "").strip() or None
    if reason:
        allow("backdate")
    with here.readers() as session:
        book = chosen(session)
        ask_where_to_begin(session, book.id, day, number)
    typed = {name: given.get(name) for name in register_by_hand.LABELS}
    made = register_by_hand.sheet(here.blobs, typed, office=here.settings.office, actor=g.user.name)
    with here.sessions.begin() as session:
        return register_by_hand.enter(
            session, made, book.id, day, number, reason=reason, begin=given.get("begin") == "here",
            anyway=bool(given.get("anyway")),
        )  # fmt: skip


def arrival_day(given: Mapping[str, str]) -> dt.date:
    """The day of the form; BadValue."""
    day = review.checked_value("date", given.get("arrived_on", ""))
    if not isinstance(day, str):
        raise BadValue(_("Hãy ghi ngày đến, ví dụ 30/3/2020."))
    return dt.date.fromisoformat(day)


def arrival_number(given: Mapping[str, str]) -> int | None:
    """The number of the form; None asks for the next one. BadValue."""
    text = given.get("arrival", "").strip()
    if text and not (text.isascii() and text.isdigit() and len(text) < 8):
        raise BadValue(_("Số đến chỉ gồm chữ số."))
    return int(text) if text else None


def ask_where_to_begin(session: Session, book_id: str, day: dt.date, number: int | None) -> None:
    """BookNotBegun when an empty book is given a number far on and nobody has said what that means."""
    if "begin" not in request.form and register.asks_where_to_begin(session, book_id, day.year, number):
        raise BookNotBegun(
            _("Sổ năm {} chưa có dòng nào. Hãy chọn sổ bắt đầu từ số {}, hay chờ văn bản của các số trước.").format(
                day.year, number
            )
        )


@pages.get("/documents/<document_id>/attach")
@require("correct")
def choose(document_id: str) -> Any:
    """The papers under review of which one may be the scan of this sheet, those with its code first."""
    return offer(document_id)


def offer(document_id: str, error: ArchiveError | None = None) -> Any:
    """The page."""
    with state().readers() as session:
        document = document_of(session, document_id)
        waiting = sa.select(Document).join(Scan, Scan.id == Document.scan_id).where(
            Document.status == "review", Scan.source != register_by_hand.SOURCE, access.visible(g.user)
        ).order_by(Document.created_at.desc()).limit(MOST)  # fmt: skip
        code = register_report.plain_code(document.full_code or "")
        found = sorted(
            session.scalars(waiting), key=lambda one: register_report.plain_code(one.full_code or "") != code
        )
        return render_template(
            "pages/attach.html", document=document, title=queue.title_of(document), error=error,
            offered=[(one, queue.title_of(one), shown.day(one.date) if one.date else "") for one in found],
        ), 409 if error else 200  # fmt: skip


@pages.post("/documents/<document_id>/attach")
@require("correct")
def attach(document_id: str) -> Any:
    """Give the sheet the pages of the chosen scan."""
    try:
        with state().sessions.begin() as session:
            document, other = document_of(session, document_id), document_of(session, request.form.get("scanned", ""))
            register_by_hand.attach(session, document, other, actor=g.user.name)
    except Conflict as error:
        return offer(document_id, error)
    return redirect(f"/documents/{document_id}", 303)
