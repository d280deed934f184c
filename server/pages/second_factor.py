"""/second-factor: a person's own telephone as the second thing to show, set up, renewed and taken off."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request
from markupsafe import Markup
from sqlalchemy.orm import Session

from archive import people, second_factor
from archive.errors import BadValue, Forbidden
from archive.keyring import KeyLost
from archive.models import User
from server import auth
from server.speech import gettext as _
from server.state import state

pages = Blueprint("second_factor", __name__)


@pages.get("/second-factor")
def look() -> Any:
    """Whether it is on; half set up, the picture for the telephone."""
    auth.somebody()
    return show()


def show(sentence: str = "", status: int = 200, codes: list[str] | None = None) -> Any:
    """The page; `codes` are recovery codes, which nobody sees again."""
    with state().readers() as session:
        user = session.get_one(User, g.user.id)
        secret = _pending(session, user)
        return render_template(
            "pages/second_factor.html", on=second_factor.is_on(session, user), secret=secret,
            picture=Markup(second_factor.picture(second_factor.address(user, secret))) if secret else "",  # noqa: S704
            left=second_factor.remaining(session, user), demanded=user.role in state().settings.factor_roles,
            codes=codes or [], sentence=sentence,
        ), status  # fmt: skip


def _pending(session: Session, user: User) -> str | None:
    try:
        return second_factor.pending(session, state().keyring, user)
    except KeyLost:  # begun under another key: it is begun anew
        return None


@pages.post("/second-factor")
def change() -> Any:
    """`do`: begin, renew or off (each with the password once more), or confirm with the first code."""
    auth.somebody()
    steps = {"begin": begin, "confirm": confirm, "renew": renew, "off": switch_off}
    step = steps.get(request.form.get("do", ""))
    try:
        if step is None:
            raise BadValue(_("Trang này không nhận thao tác đó."))
        return step()
    except BadValue as error:
        return show(str(error), 422)


def begin() -> Any:
    """A secret to be shown to the telephone."""
    with state().sessions() as session:
        user = auth.confirmed(session, request.form.get("password", ""))
        second_factor.begin(session, state().keyring, user)
        session.commit()
    return redirect("/second-factor", 303)


def confirm() -> Any:
    """The telephone showed the right code: in force; other browsers, which showed none, are signed out."""
    with state().sessions.begin() as session:
        user = session.get_one(User, g.user.id)
        codes = second_factor.confirm(session, state().keyring, user, request.form.get("code", ""))
        if codes is None:
            raise BadValue(_("Mã không đúng. Hãy xem lại giờ trên điện thoại rồi nhập mã đang hiện."))
        people.end_logins(session, user, actor=user.name, but=request.cookies.get(auth.cookie_name(), ""))
    g.lacks_factor = False
    return show(codes=codes)


def renew() -> Any:
    """New recovery codes."""
    with state().sessions() as session:
        user = auth.confirmed(session, request.form.get("password", ""))
        codes = second_factor.renew_recovery(session, user)
        session.commit()
    return show(codes=codes)


def switch_off() -> Any:
    """The password is enough again, where the role allows."""
    if g.user.role in state().settings.factor_roles:
        raise Forbidden(_("Cơ quan đòi vai trò của bạn xác nhận hai bước nên không tắt được."))
    with state().sessions() as session:
        user = auth.confirmed(session, request.form.get("password", ""))
        second_factor.switch_off(session, user, actor=user.name)
        session.commit()
    return redirect("/second-factor", 303)
