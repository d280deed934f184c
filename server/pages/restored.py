"""/register/restored: after a restore, which number each book had given last on paper."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request

from archive import access, register, register_restored
from archive.errors import BadValue, Conflict
from server.auth import require
from server.pages.numbers import number_of
from server.pages.register import chosen
from server.state import state

pages = Blueprint("restored", __name__)


def asks() -> bool:
    """Whether a book waits for its last number, and the one who looks may say it."""
    if not access.can(g.user, "register"):
        return False
    with state().readers() as session:
        return bool(register_restored.asked(session))


@pages.get("/register/restored")
@require("register")
def look() -> Any:
    """The books that ask, with what the archive knows."""
    return show()


def show(sentence: str = "", status: int = 200) -> Any:
    """The page; after a refusal what was typed stands in it again."""
    with state().readers() as session:
        return render_template(
            "pages/restored.html", book=chosen(session), books=register.books(session),
            restore=register_restored.latest(session), asked=register_restored.asked(session), sentence=sentence,
            typed=request.form,
        ), status  # fmt: skip


@pages.post("/register/restored")
@require("register")
def say() -> Any:
    """The last number of one book and year."""
    given = request.form
    try:
        year, last = number_of(given.get("year", "")), number_of(given.get("last", ""))
        with state().sessions.begin() as session:
            book = chosen(session)
            register_restored.say_last(session, book.id, year, last, actor=g.user.name)
    except (BadValue, Conflict) as error:
        return show(str(error), 409 if isinstance(error, Conflict) else 422)
    return redirect("/register/restored", 303)
