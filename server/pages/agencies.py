"""/admin/agencies: the identification codes of agencies and the days on which they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, redirect, render_template, request
from sqlalchemy.orm import Session

from archive import agencies
from archive.errors import BadValue, Conflict, NotFound
from archive.models import AgencyCode, Document
from server.auth import allow
from server.speech import gettext as _
from server.state import state

pages = Blueprint("agencies", __name__)
SHOWN = 200


@pages.get("/admin/agencies")
def look() -> Any:
    """The table; `?q=` looks for a name or a code."""
    allow("plugins")
    return show()


def show(sentence: str = "", status: int = 200, imported: agencies.Imported | None = None) -> Any:
    """The page; after a refusal what was typed stands in it again."""
    words = request.args.get("q", "")[:200]
    with state().readers() as session:
        rows = agencies.listed(session, words, SHOWN + 1)
        return render_template(
            "pages/agencies.html", rows=rows[:SHOWN], more=len(rows) > SHOWN, shown=SHOWN, words=words,
            sentence=sentence, imported=imported, typed=request.form if sentence else {},
        ), status  # fmt: skip


@pages.post("/admin/agencies")
def add() -> Any:
    """One more line."""
    allow("plugins")
    given = request.form
    typed = [given.get(name, "") for name in ("code", "name", "from", "until")]
    try:
        with state().sessions.begin() as session:
            agencies.add(session, *typed, actor=g.user.name)
    except (BadValue, Conflict) as error:
        return show(str(error), 422)
    return redirect("/admin/agencies", 303)


@pages.post("/admin/agencies/table")
def take_table() -> Any:
    """Many lines at once, all or none."""
    allow("plugins")
    try:
        with state().sessions.begin() as session:
            imported = agencies.take_table(session, request.form.get("table", ""), actor=g.user.name)
    except BadValue as error:
        return show(str(error), 422)
    return show(imported=imported)


@pages.post("/admin/agencies/<code_id>/end")
def end(code_id: str) -> Any:
    """The organ has the code to the end of a day; blank: still."""
    allow("plugins")
    try:
        with state().sessions.begin() as session:
            agencies.end(session, row_of(session, code_id), request.form.get("until", ""), actor=g.user.name)
    except (BadValue, Conflict) as error:
        return show(str(error), 422)
    return redirect("/admin/agencies", 303)


@pages.post("/admin/agencies/<code_id>/remove")
def remove(code_id: str) -> Any:
    """Take back a line that was typed by mistake."""
    allow("plugins")
    with state().sessions.begin() as session:
        agencies.remove(session, row_of(session, code_id), actor=g.user.name)
    return redirect("/admin/agencies", 303)


def row_of(session: Session, code_id: str) -> AgencyCode:
    """A line of the table."""
    row = session.get(AgencyCode, code_id[:32])
    if row is None:
        raise NotFound(_("Không có dòng này trong bảng mã."))
    return row


def fact_of(session: Session, document: Document) -> list[tuple[str, str, bool]]:
    """(label, code, sure) of the organ that issued a paper, on the paper's date; nothing where nobody said.

    Sure only of an organ and a date that are, of the name letter by letter and of a code with its first day. An organ
    printed under another one (`Sở Y tế` under a province) shares its name with others of the country.
    """
    row = agencies.code_of(session, document.issuing_organ, document.date)
    if row is None or document.issuing_organ is None:
        return []
    said: list[Mapping[str, Any]] = [document.fields.get(name) or {} for name in ("issuing_organ", "date")]
    alone = not (document.fields.get("parent_organ") or {}).get("value")
    same = agencies.is_same(row.name, document.issuing_organ)
    sure = alone and same and row.valid_from is not None and all(one.get("sure") for one in said)
    return [(_("Mã định danh"), row.code if same else f"{row.code} ({row.name})", sure)]
