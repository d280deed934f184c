"""/files/…/package: gói nộp lưu of a closed work file, made at leisure; /register/…/metadata: Appendix VI."""

from __future__ import annotations

import contextlib
import io
from typing import Any

from flask import Blueprint, g, redirect, render_template, send_file

from archive import official
from archive.errors import Conflict, NotFound
from archive.handover import runs
from archive.models import Handover
from server.auth import require
from server.pages import register, work_file
from server.speech import gettext as _
from server.state import state

pages = Blueprint("packages", __name__)
KINDS = {"csv": "text/csv", "xlsx": register.EXCEL, "json": "application/json"}


@pages.post("/files/<file_id>/package")
@require("keep_files")
def ask(file_id: str) -> Any:
    """Have the package prepared; the one under way is enough."""
    try:
        with state().sessions.begin() as session:
            runs.ask(session, state().settings, work_file.file_of(session, file_id), g.user.name)
    except Conflict as error:
        return work_file.show(file_id, str(error), 409)
    return redirect(f"/files/{file_id}#goi", 303)


@pages.get("/files/<file_id>/package")
@require("keep_files")
def progress(file_id: str) -> Any:
    """How far it is; when it has ended, where to get it."""
    with state().readers() as session:
        file = work_file.file_of(session, file_id)
        return render_template("parts/package.html", file=file, package=session.get(Handover, file.id))


@pages.get("/files/<file_id>/package.zip")
@require("keep_files")
def take(file_id: str) -> Any:
    """The package as a ZIP. Whoever may keep files sees every paper, so there is one package for all of them."""
    here = state()
    with here.readers() as session:
        work_file.file_of(session, file_id)
    with contextlib.ExitStack() as held:
        target = held.enter_context(runs.spool(here.settings))
        try:
            name = runs.bound(here.settings, here.sessions, here.blobs, file_id, g.user.name, target)
        except Conflict as error:
            return work_file.show(file_id, str(error), 409)
        held.pop_all()  # the answer closes it
    target.seek(0)
    answer = send_file(target, "application/zip", as_attachment=True, download_name=f"goi-nop-luu-{name}.zip")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@pages.get("/register/<int:year>/metadata.<kind>")
@require("export")
def metadata(year: int, kind: str) -> Any:
    """The fields of NĐ 30/2020, Appendix VI: csv (the papers), xlsx and json (papers and work files)."""
    if kind not in KINDS or not 1900 <= year <= 9998:
        raise NotFound(_("Không có bản xuất này."))
    with state().readers() as session:
        book = register.chosen(session)
        found = official.metadata(session, state().settings, book.id, year)
    if kind == "csv":
        content = official.as_csv(official.INCOMING, found.documents).encode()
    else:
        content = official.as_xlsx(found) if kind == "xlsx" else official.as_json(found)
    name = register.file_name(book, year, None, f"plvi.{kind}")
    answer = send_file(io.BytesIO(content), KINDS[kind], as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
