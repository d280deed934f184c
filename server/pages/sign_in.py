"""/login, /logout, the one-time /setup link, and how the pages are to look (/display)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, g, make_response, redirect, render_template, request

from archive import people
from archive.errors import BadValue, Conflict
from server import auth, door
from server.speech import COOKIE, LANGUAGES
from server.speech import gettext as _
from server.state import state

pages = Blueprint("sign_in", __name__)
YEAR = 365 * 86400


@pages.get("/login")
def login() -> Any:
    """The form; who is signed in already goes on."""
    if g.user:
        return redirect("/", 303)
    return render_template("pages/login.html", next=inside(request.args.get("next")))


@pages.post("/login")
def sign_in() -> Any:
    """Right name and password: a code is asked for, or a new cookie and on; else the form, which never says what."""
    name, target = request.form.get("name", ""), inside(request.form.get("next"))
    entry = door.by_password(name, request.form.get("password", ""))
    if entry is None:
        sentence = _("Tên hoặc mật khẩu không đúng, hoặc tài khoản đang tạm khoá. Hãy thử lại sau ít phút.")
        return render_template("pages/login.html", next=target, name=name, sentence=sentence), 403
    return go_on(entry, target)


def go_on(entry: door.Entry, target: str) -> Any:
    """To where the person wanted, or to the code first."""
    where = f"/login/code?{urlencode({'next': target})}" if entry.wants_code else target
    return entry.give(make_response(redirect(where, 303)))


@pages.get("/login/code")
def code() -> Any:
    """The form for a code; who has shown no password begins with that."""
    if not door.is_half_way():
        return redirect("/login", 303)
    return render_template("pages/code.html", next=inside(request.args.get("next")))


@pages.post("/login/code")
def send_code() -> Any:
    """A right code of the telephone, or a recovery code: signed in."""
    target = inside(request.form.get("next"))
    entry = door.by_code(request.form.get("code", ""))
    if entry:
        return door.drop_step(entry.give(make_response(redirect(target, 303))))
    if not door.is_half_way():
        return redirect("/login", 303)
    sentence = _("Mã không đúng, đã dùng rồi, hoặc tài khoản đang tạm khoá. Hãy chờ mã kế tiếp rồi nhập lại.")
    return render_template("pages/code.html", next=target, sentence=sentence), 403


@pages.post("/logout")
def logout() -> Any:
    """End the session."""
    return auth.sign_out(make_response(redirect("/login", 303)))


@pages.get("/setup/<link>")
def setup(link: str) -> Any:
    """The first administrator chooses a name and a password, once."""
    with state().readers() as session:
        good = people.link_is_good(session, link) and not people.has_administrator(session)
    return render_template("pages/setup.html", good=good), 200 if good else 403


@pages.post("/setup/<link>")
def set_up(link: str) -> Any:
    """Make the administrator and sign in; a bad name or password leaves the link as it was."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    try:
        if password != request.form.get("again", ""):
            raise BadValue(_("Hai lần nhập mật khẩu không giống nhau. Hãy nhập lại."))
        cookie = auth.set_up(link, name, password)
    except (BadValue, Conflict) as error:
        return render_template("pages/setup.html", good=True, name=name, sentence=str(error)), 422
    return auth.give_cookie(make_response(redirect("/", 303)), cookie)


@pages.get("/password")
def password() -> Any:
    """The form for a new password of one's own."""
    auth.somebody()
    return render_template("pages/password.html")


@pages.post("/password")
def change_password() -> Any:
    """A new password; every other browser of this person is signed out."""
    auth.somebody()
    given = request.form
    try:
        if given.get("password", "") != given.get("again", ""):
            raise BadValue(_("Hai lần nhập mật khẩu không giống nhau. Hãy nhập lại."))
        cookie = auth.change_password(given.get("old", ""), given.get("password", ""))
    except BadValue as error:
        return render_template("pages/password.html", sentence=str(error)), 422
    return auth.give_cookie(make_response(redirect("/password?done=1", 303)), cookie)


@pages.post("/display")
def display() -> Any:
    """Language and theme, kept by the browser."""
    answer = make_response(redirect(inside(request.form.get("back")), 303))
    for cookie, known in ((COOKIE, set(LANGUAGES)), ("theme", {"", "light", "dark"})):
        chosen = request.form.get(cookie)
        if chosen in known:
            answer.set_cookie(cookie, chosen, max_age=YEAR, samesite="Lax", secure=state().settings.secure_cookies)
    return answer


def inside(target: str | None) -> str:
    """`target` if it is an address of ours, else the first page: nobody is sent elsewhere by a link."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    parts = urlsplit(target)
    return "/" if parts.scheme or parts.netloc or any(c < " " for c in target) else target
