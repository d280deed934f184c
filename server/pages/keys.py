"""/keys: the keys by which a person's apps get in; one is shown when it is made and never again."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request

from archive import people
from archive.errors import BadValue, NotFound
from archive.models import Token, User
from server import auth
from server.speech import gettext as _
from server.state import state

pages = Blueprint("keys", __name__)
MAY = {"": ("read", "write"), "read": ("read",)}
"""What is chosen → the scopes of the key."""


def show(sentence: str = "", status: int = 200, made: str = "") -> Any:
    """One's own keys, and `made`, the new one."""
    me = auth.somebody()
    with state().readers() as session:
        keys = people.tokens(session, session.get_one(User, me.id))
    return render_template("pages/keys.html", keys=keys, sentence=sentence, made=made), status


@pages.get("/keys")
def look() -> Any:
    """One's own keys."""
    return show()


@pages.post("/keys")
def make() -> Any:
    """A new one, for who shows the password once more."""
    auth.somebody()
    given = request.form
    try:
        with state().sessions() as session:
            user = auth.confirmed(session, given.get("password", ""))
            scopes = MAY.get(given.get("may", ""), MAY["read"])
            made = people.new_token(session, user, given.get("name", ""), scopes, actor=user.name)
            session.commit()
    except BadValue as error:
        return show(str(error), 422)
    return show(made=made)


@pages.post("/keys/revoke")
def revoke() -> Any:
    """From now on nobody gets in with this one."""
    me = auth.somebody()
    with state().sessions.begin() as session:
        token = session.get(Token, request.form.get("id", "")[:32])
        if token is None or token.user_id != me.id:
            raise NotFound(_("Không có khoá này."))
        people.revoke_token(session, token.id, actor=me.name)
    return redirect("/keys", 303)
