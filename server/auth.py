"""Who is asking: a signed-in browser (cookie) or a program (Authorization: Bearer); `flask.g.user` says."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from flask import Flask, Response, g, redirect, request
from sqlalchemy.orm import Session

from archive import access, delegation, history, lockout, people, second_factor
from archive.errors import BadValue, Forbidden
from archive.models import User, now
from archive.workdays import today
from server import rooted
from server.errors import NotSignedIn
from server.state import state

P = ParamSpec("P")
R = TypeVar("R")
OPEN = {"static", "health.alive", "health.metrics"}
"""Endpoints nobody needs to be known for: no database is asked who it is."""
UNATTENDED = {"review.part_queue", "review.ready", "ledger.progress", "scanning.progress", "scanning.find"}
"""What a browser asks by itself: it does not count as somebody being there."""
NO_ONE = "Hãy đăng nhập trước; không văn bản nào bị đổi."
NO_RIGHT = "Vai trò của bạn không được làm việc này; không văn bản nào bị đổi. Hãy nhờ văn thư hoặc quản trị viên."


WRONG_AGAIN = "Mật khẩu hiện nay không đúng, hoặc tài khoản đang tạm khoá."
ADMINISTRATION = {"users", "secrets", "plugins", "settings", "books"}
"""What a key may only with the scope `admin`: one that lies in a scanner must not make an administrator."""
WITHOUT_FACTOR = {"second_factor", "sign_in", "sessions"}
"""Blueprints open to who must first set up a second factor."""
NEEDS_FACTOR = (
    "Vai trò của bạn phải bật xác nhận hai bước trước khi làm việc; không văn bản nào bị đổi. "
    "Hãy mở trang Xác nhận hai bước."
)


def init_app(app: Flask) -> None:
    """Know the user before any view."""
    app.before_request(identify)
    app.before_request(demand_factor)


def demand_factor() -> Any:
    """Lead people of roles that need a second factor to where it is set up; programs have keys, not passwords."""
    if not g.get("lacks_factor") or request.blueprint in WITHOUT_FACTOR:
        return None
    if request.method == "GET" and "HX-Request" not in request.headers:
        return redirect("/second-factor", 303)
    raise Forbidden(NEEDS_FACTOR)


def identify() -> None:
    """Set g.user, g.csrf and g.lacks_factor (browsers), g.by_token and g.scopes (programs)."""
    g.user, g.csrf, g.by_token, g.scopes, g.lacks_factor = None, "", False, frozenset(), False
    history.act_in_place_of("")  # this thread has answered others before
    if request.endpoint in OPEN:
        return
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in _schemes():
        _identify_program(key.strip())
    elif cookie := request.cookies.get(cookie_name()):
        _identify_browser(cookie)


def _schemes() -> tuple[str, ...]:
    """How a key is announced: apps made for another archive say `Token`."""
    return ("bearer", "token") if (request.blueprint or "").startswith("paperless_") else ("bearer",)


def _identify_program(key: str) -> None:
    g.by_token = True
    with state().readers() as session:
        found = people.token_user(session, key)
        if found is None:
            raise NotSignedIn("Khoá không đúng, đã thu hồi hoặc đã hết hạn. Hãy xin khoá mới của quản trị viên.")
        g.user, g.scopes = _known(session, found[0]), found[1]
        fresh = people.was_used_of_late(session, key)
    if fresh:
        return
    with state().sessions.begin() as session:
        people.note_use(session, key)


def _identify_browser(cookie: str) -> None:
    with state().readers() as session:
        login = people.login_of(session, cookie)
        if login is None:
            return
        g.user, g.csrf = _known(session, login.user), login.csrf
        g.lacks_factor = g.user.role in state().settings.factor_roles and not second_factor.is_on(session, g.user)
        tired = request.endpoint not in UNATTENDED and now() - login.seen_at > dt.timedelta(minutes=1)
    if tired:  # a writer's transaction only when there is something to write
        with state().sessions.begin() as session:
            people.keep_alive(session, cookie)


def _known(session: Session, user: User) -> User:
    """`user` with unit and the places of others held today read, since it outlives the session that read it."""
    _ = user.unit
    return delegation.resolve(session, user, today(now()))


def require(action: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only those in who may do `action` (archive.access.ACTIONS); a program's key must have the scope, too."""

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            allow(action)
            return view(*args, **kwargs)

        return guarded

    return guard


def allow(*actions: str) -> None:
    """NotSignedIn or Forbidden unless the one who asks may do one of `actions`."""
    if g.user is None:
        raise NotSignedIn(NO_ONE)
    action = next((one for one in actions if access.can(g.user, one)), None)
    if action is None:
        raise Forbidden(NO_RIGHT)
    history.act_in_place_of(access.in_place_of(g.user, action))
    scope = _scope_for(action)
    if g.by_token and not g.scopes & {scope, "admin"}:
        raise Forbidden(f"Khoá này không có phạm vi {scope}; không văn bản nào bị đổi.")


def _scope_for(action: str) -> str:
    if action in ADMINISTRATION:
        return "admin"
    return "read" if request.method in ("GET", "HEAD") else "write"


def somebody() -> User:
    """The person at the browser: a program's key changes neither password nor second factor."""
    if g.user is None or g.by_token:
        raise NotSignedIn(NO_ONE)
    found: User = g.user
    return found


def cookie_name() -> str:
    """`__Host-` binds the cookie to this very host, which browsers allow only over HTTPS and for all its paths."""
    name, secure = f"vanthu{request.script_root.replace('/', '-')}", state().settings.secure_cookies
    return f"__{'Secure' if request.script_root else 'Host'}-{name}" if secure else name


def place() -> str:
    """Where the browser is, as failures are counted for it."""
    return lockout.place_of(request.remote_addr)


def fresh_cookie(session: Session, user: User) -> str:
    """A new cookie for who has shown everything; the cookie the browser came with ends."""
    old = request.cookies.get(cookie_name(), "")
    return people.new_session(session, user, agent=request.user_agent.string, address=place(), before=old)[0]


def confirmed(session: Session, password: str) -> User:
    """Who is signed in, once more by password; BadValue, and the failure counts. The caller's changes follow."""
    user = people.check_password(session, g.user.name, password, address=place())
    if user is None:
        session.commit()  # a failure is remembered
        raise BadValue(WRONG_AGAIN)
    return user


def change_password(old: str, new: str) -> str:
    """A new password for who is signed in; a fresh cookie, since every browser is signed out. BadValue."""
    with state().sessions() as session:
        user = confirmed(session, old)
        people.change_password(session, user, new, actor=user.name)
        cookie = fresh_cookie(session, user)
        session.commit()
        return cookie


def set_up(link: str, name: str, password: str) -> str:
    """The first administrator, signed in at once; a new cookie."""
    with state().sessions.begin() as session:
        return fresh_cookie(session, people.use_setup_link(session, link, name, password))


def give_cookie(response: Response, cookie: str) -> Response:
    """Put the cookie of `sign_in` into the answer."""
    secure = state().settings.secure_cookies
    response.set_cookie(
        cookie_name(), cookie, max_age=int(people.LONGEST.total_seconds()), httponly=True, samesite="Lax",
        secure=secure, path=rooted.below("/"),
    )  # fmt: skip
    return response


def sign_out(response: Response) -> Response:
    """End this browser's session, here and there."""
    if cookie := request.cookies.get(cookie_name()):
        with state().sessions.begin() as session:
            people.end_session(session, cookie)
    # Pictures of papers may lie in the browser's cache; the next person at this machine is not to find them.
    response.headers["Clear-Site-Data"] = '"cache"'
    secure = state().settings.secure_cookies
    response.delete_cookie(cookie_name(), rooted.below("/"), httponly=True, samesite="Lax", secure=secure)
    return response
