"""/admin/users/<name>: how one person gets in, and what an administrator may do about it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request
from sqlalchemy.orm import Session

from archive import identities, lockout, people, second_factor
from archive.errors import BadValue, Conflict, NotFound
from archive.models import User
from server.auth import allow
from server.speech import gettext as _
from server.state import state

pages = Blueprint("user", __name__)


@pages.get("/admin/users/<name>")
def look(name: str) -> Any:
    """Browsers, second factor, and who this is at the province's sign-in server."""
    allow("users")
    return show(name)


def show(name: str, sentence: str = "", status: int = 200) -> Any:
    """The page."""
    with state().readers() as session:
        user = _user(session, name)
        return render_template(
            "pages/user.html", person=user, logins=people.logins(session, user), on=second_factor.is_on(session, user),
            identity=identities.of(session, user), issuer=state().settings.oidc_issuer, sentence=sentence,
            shut=lockout.shut_until(session, user),
        ), status  # fmt: skip


@pages.post("/admin/users/<name>/unlock")
def unlock(name: str) -> Any:
    """Let the person try again at once."""
    allow("users")
    with state().sessions.begin() as session:
        lockout.unlock(session, _user(session, name), actor=g.user.name)
    return redirect(f"/admin/users/{name}", 303)


@pages.post("/admin/users/<name>/sessions")
def end(name: str) -> Any:
    """End one browser (`id`), or all."""
    allow("users")
    with state().sessions.begin() as session:
        people.end_logins(session, _user(session, name), actor=g.user.name, login_id=request.form.get("id"))
    return redirect(f"/admin/users/{name}", 303)


@pages.post("/admin/users/<name>/second-factor")
def reset(name: str) -> Any:
    """The telephone is lost and so are the recovery codes: the password is enough until a new one is set up."""
    allow("users")
    with state().sessions.begin() as session:
        second_factor.switch_off(session, _user(session, name), actor=g.user.name)
    return redirect(f"/admin/users/{name}", 303)


@pages.post("/admin/users/<name>/identity")
def identify(name: str) -> Any:
    """Say who this is at the sign-in server; both fields empty: nobody."""
    allow("users")
    email, subject = request.form.get("email", ""), request.form.get("subject", "")
    try:
        with state().sessions.begin() as session:
            user = _user(session, name)
            if email.strip() or subject.strip():
                issuer = state().settings.oidc_issuer
                identities.name(session, user, issuer, email=email, subject=subject, actor=g.user.name)
            else:
                identities.forget(session, user, actor=g.user.name)
    except (BadValue, Conflict) as error:
        return show(name, str(error), 422 if isinstance(error, BadValue) else 409)
    return redirect(f"/admin/users/{name}", 303)


def _user(session: Session, name: str) -> User:
    found = session.scalar(sa.select(User).where(User.name == name))
    if found is None:
        raise NotFound(_("Không có người dùng này."))
    return found
