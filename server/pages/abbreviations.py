"""/admin/abbreviations: the short forms by which a search also finds what they stand for, and the other way round."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request
from sqlalchemy.orm import Session

from archive import abbreviations
from archive.errors import BadValue, Conflict, NotFound
from archive.models import Abbreviation
from server.auth import allow
from server.speech import gettext as _
from server.state import state

pages = Blueprint("abbreviations", __name__)
KINDS = {"organ": "Cơ quan", "type": "Loại văn bản", "other": "Khác"}


@pages.get("/admin/abbreviations")
def look() -> Any:
    """The table."""
    allow("settings")
    return show()


def show(sentence: str = "", status: int = 200) -> Any:
    """The page; after a refusal what was typed stands in it again."""
    with state().readers() as session:
        rows = abbreviations.listed(session)
        groups = [(_(title), [row for row in rows if row.kind == kind]) for kind, title in KINDS.items()]
        return render_template(
            "pages/abbreviations.html", groups=groups, kinds=KINDS, sentence=sentence,
            typed=request.form if sentence else {},
        ), status  # fmt: skip


@pages.post("/admin/abbreviations")
def add() -> Any:
    """One more line."""
    allow("settings")
    typed = [request.form.get(name, "") for name in ("short", "long", "kind")]
    try:
        with state().sessions.begin() as session:
            abbreviations.add(session, *typed, actor=g.user.name)
    except (BadValue, Conflict) as error:
        return show(str(error), 422)
    return redirect("/admin/abbreviations", 303)


@pages.post("/admin/abbreviations/<int:number>/switch")
def switch(number: int) -> Any:
    """On or off, as the form's `active` says."""
    allow("settings")
    with state().sessions.begin() as session:
        abbreviations.switch(
            session, row_of(session, number), active=bool(request.form.get("active")), actor=g.user.name
        )
    return redirect("/admin/abbreviations", 303)


@pages.post("/admin/abbreviations/<int:number>/remove")
def remove(number: int) -> Any:
    """The line goes."""
    allow("settings")
    with state().sessions.begin() as session:
        abbreviations.remove(session, row_of(session, number), actor=g.user.name)
    return redirect("/admin/abbreviations", 303)


def row_of(session: Session, number: int) -> Abbreviation:
    """A line of the table."""
    row = session.get(Abbreviation, number)
    if row is None:
        raise NotFound(_("Không có dòng này trong bảng chữ viết tắt."))
    return row
