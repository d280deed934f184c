"""/register/import: an old register book from an .xlsx: upload, which column is what, what would happen, and done."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from archive import intake, register, register_books, register_import
from archive.children import Child
from archive.errors import ArchiveError, BadValue, Conflict, NotFound, Unreadable
from archive.models import BookImport
from archive.register_sheet import MOST_BYTES, TITLES, Sheet
from server.auth import require
from server.pages.register import chosen, wanted_year
from server.speech import gettext as _
from server.state import state

pages = Blueprint("book_import", __name__)
SECONDS = 60.0
"""For reading a workbook."""
SHOWN = 200
"""Refused lines that are listed."""
LABELS = {
    "arrived_on": "Ngày đến", "number": "Số đến", "issuer": "Tác giả", "code": "Số, ký hiệu văn bản",
    "document_date": "Ngày tháng văn bản", "type": "Tên loại (nếu là cột riêng)",
    "subject": "Tên loại và trích yếu nội dung văn bản", "recipient": "Đơn vị hoặc người nhận",
    "forwarded_on": "Ngày chuyển", "receipt": "Ký nhận", "note": "Ghi chú",
}  # fmt: skip
"""Columns of the book -> their names."""


@pages.get("/register/import")
@require("register")
def look() -> Any:
    """The upload, and the workbooks that are waiting or were taken over."""
    return show()


def show(error: ArchiveError | None = None) -> Any:
    """The page."""
    with state().readers() as session:
        recent = sa.select(BookImport).order_by(BookImport.at.desc()).limit(20).options(
            sa.orm.defer(BookImport.sheet)
        )  # fmt: skip
        titles = {book.id: book.title for book in register_books.books(session, closed=True)}
        return render_template(
            "pages/book_import.html", book=chosen(session), books=register.books(session), year=wanted_year(),
            recent=session.scalars(recent).all(), titles=titles, error=error,
        ), 422 if error else 200  # fmt: skip


@pages.post("/register/import")
@require("register")
def upload() -> Any:
    """Read a workbook, in a child; nothing is in the book yet."""
    try:
        sheet, sha256, name = taken(request.files.get("file"))
        with state().sessions.begin() as session:
            year = request.form.get("year", "")
            known = int(year) if year.isascii() and year.isdigit() and len(year) == 4 else 0
            made = register_import.draft(session, chosen(session).id, known, name, sha256, sheet, g.user.name)
    except (Unreadable, BadValue) as error:
        return show(error)
    return redirect(f"/register/import/{made.id}", 303)


def taken(file: FileStorage | None) -> tuple[Sheet, str, str]:
    """The sheet, the SHA-256 and the name of an uploaded workbook. Unreadable, BadValue."""
    content = file.stream.read(MOST_BYTES + 1) if file and file.filename else b""
    if not file or not content:
        raise BadValue(_("Chưa chọn tệp nào. Hãy chọn tệp .xlsx rồi gửi lại."))
    if len(content) > MOST_BYTES:
        raise BadValue(_("Tệp Excel lớn quá {} MB; chưa có gì vào sổ.").format(MOST_BYTES >> 20))
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as kept, Child(name="sheet", walled=True) as child:
        kept.write(content)
        kept.flush()
        sheet: Sheet = child.run("archive.register_sheet:read", kept.name, wall=SECONDS, cpu=SECONDS)
    return sheet, hashlib.sha256(content).hexdigest(), intake.kept_name(file.filename or "")


@pages.get("/register/import/<import_id>")
@require("register")
def plan(import_id: str) -> Any:
    """Which column is what, and what would happen."""
    return show_plan(import_id)


def show_plan(import_id: str, error: ArchiveError | None = None) -> Any:
    """The page of one workbook."""
    with state().readers() as session:
        made = import_of(session, import_id)
        found = None
        if made.state == "draft":
            try:
                found = register_import.plan(session, made)
            except BadValue as wrong:
                error = error or wrong
        return render_template(
            "pages/book_plan.html", made=made, book=register_books.named(session, made.book_id), year=made.year,
            plan=found, labels=LABELS, columns=columns_of(made), error=error, shown=SHOWN,
        ), 409 if isinstance(error, Conflict) else 422 if error else 200  # fmt: skip


def import_of(session: Session, import_id: str) -> BookImport:
    """The workbook; NotFound."""
    made = session.get(BookImport, import_id[:32])
    if made is None:
        raise NotFound(_("Không có tệp nhập này."))
    return made


def columns_of(made: BookImport) -> list[str]:
    """`A: Số đến (01, 02)`: each column of the sheet with its title and what stands under it."""
    rows = made.sheet[made.head : made.head + 12]
    return [_column(index, rows) for index in range(max(map(len, rows), default=0))]


def _column(index: int, rows: list[list[str]]) -> str:
    cells = [row[index] if index < len(row) else "" for row in rows]
    letter = chr(ord("A") + index) if index < 26 else f"A{chr(ord('A') + index - 26)}"
    under = ", ".join(cell[:25] for cell in cells[1:] if cell)[:60]
    return f"{letter}: {cells[0][:40]}{f' ({under})' if under else ''}"


@pages.post("/register/import/<import_id>")
@require("register")
def act(import_id: str) -> Any:
    """Map the columns anew, write the lines, or forget the workbook, as the pressed button says."""
    try:
        with state().sessions.begin() as session:
            made = import_of(session, import_id)
            target = _acted(session, made, request.form)
    except (BadValue, Conflict) as error:
        return show_plan(import_id, error)
    return redirect(target, 303)


def _acted(session: Session, made: BookImport, given: Mapping[str, str]) -> str:
    if made.state == "done":
        raise Conflict(_("Tệp này đã được nhập vào sổ rồi."))
    if given.get("act") == "forget":
        session.delete(made)
        return "/register/import"
    chosen_columns = {name: given.get(f"column.{name}", "") for name in TITLES}
    mapping = {
        name: int(text) for name, text in chosen_columns.items() if text.isascii() and text.isdigit() and len(text) < 5
    }
    if mapping != made.mapping and any(f"column.{name}" in given for name in TITLES):
        register_import.remap(made, mapping)
    elif given.get("act") == "commit":
        register_import.commit(session, made, g.user.name)
    return f"/register/import/{made.id}"
