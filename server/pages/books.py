"""/admin/books: the register books of the office and what goes into which."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request

from archive import register_books
from archive.errors import BadValue, Conflict
from server.auth import require
from server.state import state

pages = Blueprint("books", __name__)
SYSTEMS = {"": "Nhà nước và Đảng", "state": "Nhà nước", "party": "Đảng"}


@pages.get("/admin/books")
@require("books")
def look() -> Any:
    """Every book, also those given up."""
    return show()


def show(sentence: str = "", status: int = 200) -> Any:
    """The page; after a refusal what was typed stands in it again."""
    with state().readers() as session:
        return render_template(
            "pages/books.html", books=register_books.books(session, closed=True), systems=SYSTEMS, sentence=sentence,
            typed=request.form, default=register_books.DEFAULT,
        ), status  # fmt: skip


@pages.post("/admin/books")
@require("books")
def add() -> Any:
    """One more book."""
    title, takes, system = rule()
    try:
        with state().sessions.begin() as session:
            register_books.add(session, title, takes, system, actor=g.user.name)
    except (BadValue, Conflict) as error:
        return show(str(error), 422)
    return redirect("/admin/books", 303)


@pages.post("/admin/books/<book_id>")
@require("books")
def change(book_id: str) -> Any:
    """Another title or rule, or no new papers."""
    title, takes, system = rule()
    try:
        with state().sessions.begin() as session:
            book = register_books.named(session, book_id)
            active = bool(request.form.get("active"))
            register_books.change(session, book, title, takes, system, active=active, actor=g.user.name)
    except (BadValue, Conflict) as error:
        return show(str(error), 422)
    return redirect("/admin/books", 303)


def rule() -> tuple[str, list[str], str | None]:
    """Title, organs and system of the form."""
    given = request.form
    return given.get("title", ""), given.get("takes", "").splitlines(), given.get("system") or None
