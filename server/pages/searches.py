"""/searches: the searches a person keeps, with how much of what they find is new since he last looked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, g, redirect, render_template, request
from sqlalchemy.orm import Session

from archive import access, searches
from archive.errors import BadQuery, BadValue, Conflict, NotFound
from archive.models import SavedSearch
from archive.search.find import matching
from archive.searches import Question
from server.auth import require
from server.pages import search
from server.speech import gettext as _
from server.state import state

pages = Blueprint("searches", __name__)


@dataclass(frozen=True)
class Kept:
    """One line of the page."""

    row: SavedSearch
    said: str
    """What it asks, in words."""
    found: int
    news: int
    error: str = ""
    """Why it cannot be asked any more."""


@pages.get("/searches")
@require("read")
def look() -> Any:
    """The list."""
    return show()


def show(sentence: str = "", status: int = 200) -> Any:
    """The page; `sentence` says what was refused."""
    with state().readers() as session:
        kept = list(_kept(session))
        # A search that was refused can be tried again under another name.
        typed = request.form if sentence else {}
        return render_template("pages/searches.html", kept=kept, sentence=sentence, typed=typed), status


def _kept(session: Session) -> Iterable[Kept]:
    for row in searches.listed(session, g.user):
        asked = searches.question_of(row)
        try:
            found = found_by(session, asked)
        except BadQuery as refusal:
            yield Kept(row, search.said(asked), 0, 0, str(refusal))
        else:
            yield Kept(row, search.said(asked), len(found), searches.news(row, found))


def found_by(session: Session, asked: Question) -> list[str]:
    """Ids of what it finds now among what this user may see now. Raises BadQuery."""
    return matching(session, state().search, asked.query(), access.visible(g.user), sort="arrival")


@pages.get("/searches/news")
@require("read")
def news() -> Any:
    """The badge: how many papers are new in all kept searches together; empty when none is."""
    with state().readers() as session:
        count = sum(one.news for one in _kept(session))
    return render_template("parts/news.html", count=count)


@pages.post("/searches")
@require("read")
def keep() -> Any:
    """Keep the question of the form; what it finds now counts as seen."""
    asked = Question.of(parse_qsl(request.form.get("search", "")))
    try:
        with state().readers() as session:
            found = [] if asked.is_empty else found_by(session, asked)
        with state().sessions.begin() as session:
            searches.keep(session, g.user, request.form.get("name", ""), asked, found)
    except (BadQuery, BadValue, Conflict) as error:
        return show(str(error), 422)
    return redirect("/searches", 303)


@pages.post("/searches/<search_id>/open")
@require("read")
def open_one(search_id: str) -> Any:
    """Its results, the latest arrivals first; from now on they are seen."""
    with state().readers() as session:
        asked = searches.question_of(row_of(session, search_id))
        found = found_by(session, asked)
    with state().sessions.begin() as session:
        searches.look(row_of(session, search_id), found)
    return redirect(f"/search?{asked.address()}", 303)


@pages.post("/searches/<search_id>/rename")
@require("read")
def rename(search_id: str) -> Any:
    """Call it otherwise."""
    try:
        with state().sessions.begin() as session:
            searches.rename(session, g.user, row_of(session, search_id), request.form.get("name", ""))
    except (BadValue, Conflict) as error:
        return show(str(error), 422)
    return redirect("/searches", 303)


@pages.post("/searches/<search_id>/remove")
@require("read")
def remove(search_id: str) -> Any:
    """Keep it no longer."""
    with state().sessions.begin() as session:
        searches.remove(session, g.user, row_of(session, search_id))
    return redirect("/searches", 303)


def row_of(session: Session, search_id: str) -> SavedSearch:
    """A search of this user's own."""
    row = session.get(SavedSearch, search_id[:32])
    if row is None or row.user_id != g.user.id:
        raise NotFound(_("Bạn không có câu tìm đã lưu này."))
    return row
