"""/files/…: one work file: its papers in their order, closing, reopening, handing over, cover and table of contents."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request, send_file
from sqlalchemy.orm import Session

from archive import access, file_forms, review, work_files
from archive.errors import BadValue, Conflict, NotFound
from archive.models import Document, Handover, RegisterEntry, WorkFile
from server.api.papers import document_of
from server.auth import require
from server.pages import files, sheet
from server.pages.documents import history_of_file
from server.speech import gettext as _
from server.state import state

pages = Blueprint("work_file", __name__)
NO_FILE = "Không có hồ sơ này."
MOST_AT_ONCE = 200
_RANGES = re.compile(r"(\d{1,7})(?:\s*[-–]\s*(\d{1,7}))?")


@pages.get("/files/<file_id>")
@require("read")
def look(file_id: str) -> Any:
    """One file."""
    return show(file_id)


def show(file_id: str, sentence: str = "", status: int = 200) -> Any:
    """The page, with the papers this user may see."""
    with state().readers() as session:
        file = file_of(session, file_id)
        papers = work_files.papers(session, g.user, file)
        return render_template(
            "pages/work_file.html", file=file, papers=papers, rows=list(file_forms.contents_rows(papers)),
            span=work_files.span(papers), until=work_files.keep_until(file), over_by=work_files.hand_over_by(file),
            keep=work_files.retention_said(file.keep_years), may_change=files.may_change(file), today=sheet.today(),
            history=history_of_file(session, file.id) if access.can(g.user, "history") else [], sentence=sentence,
            typed=request.form if sentence else {}, package=session.get(Handover, file.id),
        ), status  # fmt: skip


def file_of(session: Session, file_id: str) -> WorkFile:
    """The file of an address."""
    file = session.get(WorkFile, file_id) if re.fullmatch(r"[0-9a-f]{32}", file_id) else None
    if file is None:
        raise NotFound(_(NO_FILE))
    return file


def done(file_id: str, work: Callable[[Session, WorkFile], object]) -> Any:
    """Do it in one transaction and show the file again; a refusal stands above it."""
    try:
        with state().sessions.begin() as session:
            work(session, file_of(session, file_id))
    except (BadValue, Conflict) as error:
        return show(file_id, str(error), 409 if isinstance(error, Conflict) else 422)
    return redirect(f"/files/{file_id}", 303)


@pages.post("/files/<file_id>/change")
@require("keep_files")
def change(file_id: str) -> Any:
    """The line of the list."""
    typed = {name: request.form[name] for name in files.FIELDS if name in request.form}
    return done(file_id, lambda session, file: work_files.change(session, file, typed, actor=g.user.name))


@pages.post("/files/<file_id>/remove")
@require("keep_files")
def remove(file_id: str) -> Any:
    """Take back an empty line."""
    try:
        with state().sessions.begin() as session:
            file = file_of(session, file_id)
            year = file.year
            work_files.remove(session, file, actor=g.user.name)
    except Conflict as error:
        return show(file_id, str(error), 409)
    return redirect(f"/files?year={year}", 303)


@pages.post("/files/<file_id>/put")
@require("file")
def put(file_id: str) -> Any:
    """Papers by their numbers of arrival: `1161, 1163-1170`."""

    def work(session: Session, file: WorkFile) -> None:
        year = request.form.get("year", "")
        known = int(year) if year.isascii() and year.isdecimal() and len(year) == 4 else 0
        for document in numbered(session, request.form.get("numbers", ""), known):
            work_files.put(session, file, document, actor=g.user.name)

    return done(file_id, work)


def numbered(session: Session, text: str, year: int) -> list[Document]:
    """The papers with these numbers of arrival in the book of a year, if this user may see them all."""
    wanted = sorted(set(numbers(text)))
    lines = sa.select(RegisterEntry.number, Document).join(Document, Document.id == RegisterEntry.document_id)
    lines = lines.where(
        RegisterEntry.year == year, RegisterEntry.number.in_(wanted), RegisterEntry.status == "registered",
        RegisterEntry.book_id == "den", access.visible(g.user),
    )  # fmt: skip
    found = {row[0]: row[1] for row in session.execute(lines).all()}
    if missing := [str(number) for number in wanted if number not in found]:
        raise BadValue(_("Sổ năm {} không có văn bản mang số đến {}.").format(year, ", ".join(missing[:20])))
    return [found[number] for number in wanted]


def numbers(text: str) -> Iterator[int]:
    """`1161, 1163-1170` → 1161, 1163, 1164 …; BadValue."""
    parts = [part.strip() for part in re.split(r"[,;\s]+(?![-–])", re.sub(r"\s*[-–]\s*", "-", text)) if part.strip()]
    matches = [_RANGES.fullmatch(part) for part in parts]
    spans = [(int(one[1]), int(one[2] or one[1])) for one in matches if one]
    total = sum(last - first + 1 for first, last in spans)
    if not spans or None in matches or any(last < first for first, last in spans) or total > MOST_AT_ONCE:
        raise BadValue(_("Hãy ghi số đến, ví dụ 1161, 1163-1170; mỗi lần nhiều nhất {} số.").format(MOST_AT_ONCE))
    for first, last in spans:
        yield from range(first, last + 1)


@pages.post("/documents/<document_id>/files")
@require("file")
def put_one(document_id: str) -> Any:
    """A paper into a file, from the paper's page."""
    with state().sessions.begin() as session:
        document = document_of(session, document_id)
        work_files.put(session, file_of(session, request.form.get("file", "")), document, actor=g.user.name)
    return redirect(f"/documents/{document_id}#ho-so", 303)


@pages.post("/files/<file_id>/papers/<document_id>")
@require("file")
def arrange(file_id: str, document_id: str) -> Any:
    """Move a paper to a place, or take it out."""

    def work(session: Session, file: WorkFile) -> None:
        document = document_of(session, document_id)
        if request.form.get("action") == "out":
            work_files.take_out(session, file, document, actor=g.user.name)
            return
        place = request.form.get("place", "")
        if not (place.isascii() and place.isdecimal() and 0 < len(place) < 6):
            raise BadValue(_("Hãy ghi vị trí trong hồ sơ, từ 1."))
        work_files.move(session, file, document, int(place), actor=g.user.name)

    return done(file_id, work)


@pages.post("/files/<file_id>/close")
@require("keep_files")
def close(file_id: str) -> Any:
    """Kết thúc hồ sơ."""

    def work(session: Session, file: WorkFile) -> None:
        counts = [request.form.get(name, "") for name in ("sheets", "sides")]
        if not all(one.isascii() and one.isdecimal() and len(one) < 8 for one in counts):
            raise BadValue(_("Hãy ghi số tờ và số trang bằng chữ số."))
        work_files.close(session, file, int(counts[0]), int(counts[1]), actor=g.user.name, on=day("on"))

    return done(file_id, work)


def day(name: str) -> dt.date | None:
    """A day of the form; None when nothing is typed."""
    text = request.form.get(name, "").strip()
    found = review.checked_value("date", text) if text else None
    return dt.date.fromisoformat(found) if isinstance(found, str) else None


@pages.post("/files/<file_id>/reopen")
@require("keep_files")
def reopen(file_id: str) -> Any:
    """Open it again, for a reason."""
    reason = request.form.get("reason", "")
    return done(file_id, lambda session, file: work_files.reopen(session, file, reason, actor=g.user.name))


@pages.post("/files/<file_id>/hand-over")
@require("keep_files")
def hand_over(file_id: str) -> Any:
    """Nộp lưu."""
    return done(
        file_id,
        lambda session, file: work_files.hand_over(session, file, day("on") or sheet.today(), actor=g.user.name),
    )


@pages.get("/files/<file_id>/contents.<kind>")
@require("export")
def contents(file_id: str, kind: str) -> Any:
    """Mục lục văn bản trong hồ sơ as pdf or xlsx."""
    with state().readers() as session:
        file = file_of(session, file_id)
        made = file_forms.contents_sheet(file, work_files.papers(session, g.user, file))
        return files.given(made, kind, f"muc-luc-{sheet_name(file)}")


@pages.get("/files/<file_id>/cover.pdf")
@require("export")
def cover(file_id: str) -> Any:
    """Bìa hồ sơ."""
    settings = state().settings
    with state().readers() as session:
        file = file_of(session, file_id)
        papers = work_files.papers(session, g.user, file)
        content = file_forms.cover(file, papers, settings.office, settings.superior)
    return send_file(io.BytesIO(content), "application/pdf", download_name=f"bia-{sheet_name(file)}.pdf")


def sheet_name(file: WorkFile) -> str:
    """A name for what is downloaded."""
    return f"{file.year}-{re.sub(r'[^A-Za-z0-9.]+', '-', file.code)}"
