"""/files: danh mục hồ sơ of a year: typed, pasted or copied from the year before; what is due; prints."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, send_file
from sqlalchemy.orm import Session

from archive import access, file_forms, file_lists, work_files
from archive.errors import BadValue, Conflict, NotFound
from archive.models import Document, WorkFile
from archive.workbook import Sheet
from server.auth import require
from server.pages import sheet
from server.speech import gettext as _
from server.state import state

pages = Blueprint("files", __name__)
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FIELDS = ("code", "title", "keep", "heading", "keeper", "note")


@pages.get("/files")
@require("read")
def look() -> Any:
    """The list of a year, by default of this one."""
    return show()


def show(sentence: str = "", status: int = 200, done: str = "") -> Any:
    """The page; after a refusal what was typed stands in it again."""
    year = wanted_year()
    with state().readers() as session:
        files = work_files.listed(session, year)
        over, ended = work_files.due(session, sheet.today())
        return render_template(
            "pages/files.html", year=year, years=known_years(session), files=files, over=over, ended=ended,
            counts=work_files.counts(session, g.user, files), before=bool(work_files.listed(session, year - 1)),
            sentence=sentence, done=done or told(), typed=request.form if sentence else {},
        ), status  # fmt: skip


def told() -> str:
    """What was just done, as the address says."""
    count = request.args.get("added", "")
    is_number = count.isascii() and count.isdecimal() and len(count) < 8
    return _("Đã thêm {} hồ sơ vào danh mục.").format(int(count)) if is_number else ""


def wanted_year() -> int:
    """The year of the form or the address, else this year."""
    text = request.form.get("year") or request.args.get("year", "")
    return (
        int(text)
        if text.isascii() and text.isdigit() and len(text) == 4 and 1945 <= int(text) <= 2200
        else sheet.today().year
    )


def known_years(session: Session) -> list[int]:
    """The years that have a list, this one and the next among them: next year's list is made in December."""
    this = sheet.today().year
    return sorted({*work_files.years(session), this, this + 1, wanted_year()}, reverse=True)


@pages.post("/files")
@require("keep_files")
def add() -> Any:
    """One more file."""
    typed = {name: request.form.get(name, "") for name in FIELDS}
    try:
        with state().sessions.begin() as session:
            file = work_files.open_file(session, wanted_year(), actor=g.user.name, **typed)
    except (BadValue, Conflict) as error:
        return show(str(error), 422)
    return redirect(f"/files?year={file.year}&added=1#hs-{file.id}", 303)


@pages.post("/files/table")
@require("keep_files")
def take_table() -> Any:
    """Many files at once, all or none."""
    year = wanted_year()
    try:
        with state().sessions.begin() as session:
            found = file_lists.take_table(session, year, request.form.get("table", ""), actor=g.user.name)
    except (BadValue, Conflict) as error:
        return show(str(error), 422)
    return redirect(f"/files?year={year}&added={found.added}", 303)


@pages.post("/files/copy")
@require("keep_files")
def copy() -> Any:
    """The list of the year before, once more for this one."""
    year = wanted_year()
    with state().sessions.begin() as session:
        count = file_lists.copy_year(session, year - 1, year, actor=g.user.name)
    return redirect(f"/files?year={year}&added={count}", 303)


@pages.get("/files/list/<int:year>.<kind>")
@require("export")
def print_list(year: int, kind: str) -> Any:
    """Danh mục hồ sơ as pdf or xlsx."""
    with state().readers() as session:
        made = file_forms.list_sheet(year, work_files.listed(session, year))
    return given(made, kind, f"danh-muc-ho-so-{year}")


@pages.get("/files/handed/<int:year>.<kind>")
@require("export")
def print_handed(year: int, kind: str) -> Any:
    """Mục lục hồ sơ nộp lưu: the closed files of a year's list, as pdf or xlsx."""
    with state().readers() as session:
        closed = [file for file in work_files.listed(session, year) if file.closed_on]
        spans = [(file, work_files.span_out(work_files.papers(session, g.user, file))) for file in closed]
    return given(file_forms.handed_sheet(year, spans), kind, f"muc-luc-nop-luu-{year}")


def given(made: Sheet, kind: str, name: str) -> Any:
    """A form as the file that was asked for."""
    if kind not in ("pdf", "xlsx"):
        raise NotFound(_("Không có bản in này."))
    settings = state().settings
    if kind == "xlsx":
        return send_file(io.BytesIO(file_forms.excel(made)), EXCEL, as_attachment=True, download_name=f"{name}.xlsx")
    content = file_forms.pdf(made, settings.office, settings.superior, sheet.today())
    return send_file(io.BytesIO(content), "application/pdf", download_name=f"{name}.pdf")


@dataclass(frozen=True)
class Filing:
    """The files in which a paper lies, those that suit it, and all open ones."""

    files: Sequence[WorkFile]
    suggested: Sequence[file_lists.Suggestion]
    others: Sequence[WorkFile]


def filing(session: Session, document: Document) -> Filing | None:
    """What the page of a paper needs to know of files; None where it lies in none and may not be put into one."""
    lies_in = work_files.of_document(session, document)
    may = access.can(g.user, "file", document) and document.status in work_files.IN_THE_BOOK
    if not may:
        return Filing(lies_in, (), ()) if lies_in else None
    suits = file_lists.suggest(session, g.user, document)
    named = {one.id for one in lies_in} | {one.file.id for one in suits}
    return Filing(lies_in, suits, [one for one in work_files.still_open(session) if one.id not in named])


def may_change(file: WorkFile) -> bool:
    """Whether the one who looks may put papers in and take them out."""
    return file.closed_on is None and access.can(g.user, "file")
