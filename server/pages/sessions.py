"""/sessions: the browsers a person is signed in with, and the end of each."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request

from archive import people
from archive.models import User
from server import auth
from server.state import state

pages = Blueprint("sessions", __name__)


@pages.get("/sessions")
def look() -> Any:
    """One's own browsers."""
    me = auth.somebody()
    with state().readers() as session:
        here = people.login_of(session, request.cookies.get(auth.cookie_name(), ""))
        return render_template(
            "pages/sessions.html", logins=people.logins(session, session.get_one(User, me.id)), here=here and here.id
        )


@pages.post("/sessions")
def end() -> Any:
    """End one browser (`id`), or all but this one."""
    me = auth.somebody()
    with state().sessions.begin() as session:
        here = request.cookies.get(auth.cookie_name(), "")
        user = session.get_one(User, me.id)
        people.end_logins(session, user, actor=me.name, login_id=request.form.get("id"), but=here)
    return redirect("/sessions", 303)
