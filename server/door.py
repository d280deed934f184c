"""From the door to the desk: a password, where it is wanted a code, then the cookie that `server.auth` knows."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request
from sqlalchemy.orm import Session

from archive import half_way, people, second_factor
from archive.models import User
from server import rooted
from server.auth import cookie_name, fresh_cookie, give_cookie, place
from server.state import state


@dataclass(frozen=True)
class Entry:
    """What a browser gets: the cookie of a signed-in browser, or of a step after which a code is asked for."""

    cookie: str
    wants_code: bool = False

    def give(self, response: Response) -> Response:
        """Put the cookie into the answer."""
        return give_step(response, self.cookie) if self.wants_code else give_cookie(response, self.cookie)


def step_name() -> str:
    """The cookie of a browser half-way in."""
    return f"{cookie_name()}-step"


def give_step(response: Response, cookie: str) -> Response:
    """Put the cookie of a step into the answer."""
    secure = state().settings.secure_cookies
    response.set_cookie(
        step_name(), cookie, max_age=int(half_way.LIFE.total_seconds()), httponly=True, samesite="Lax", secure=secure,
        path=rooted.below("/"),
    )  # fmt: skip
    return response


def drop_step(response: Response) -> Response:
    """The step is over."""
    secure = state().settings.secure_cookies
    response.delete_cookie(step_name(), rooted.below("/"), httponly=True, samesite="Lax", secure=secure)
    return response


def by_password(name: str, password: str) -> Entry | None:
    """What comes after this password; None when it does not open."""
    with state().sessions() as session:
        user = people.check_password(session, name, password, address=place())
        entry = let_in(session, user) if user else None
        session.commit()  # a failure is remembered, too
        return entry


def let_in(session: Session, user: User, how: str = "") -> Entry:
    """Signed in, or asked for a code."""
    if second_factor.is_on(session, user):
        return Entry(half_way.begin(session, "code", user, {"how": how}), wants_code=True)
    people.welcome(session, user, address=place(), how=how)
    return Entry(fresh_cookie(session, user))


def is_half_way() -> bool:
    """Is a code wanted of this browser?"""
    cookie = request.cookies.get(step_name(), "")
    with state().readers() as session:
        return half_way.find(session, "code", cookie) is not None


def by_code(code: str) -> Entry | None:
    """Signed in after a right code; None when it is wrong, or was, or the step is over."""
    cookie = request.cookies.get(step_name(), "")
    with state().sessions() as session:
        step = half_way.find(session, "code", cookie)
        user = step.user if step else None
        right = user is not None and people.check_code(session, state().keyring, user, code, address=place())
        entry = None
        if step and user and right and half_way.end(session, cookie):
            people.welcome(session, user, address=place(), how="+".join(filter(None, [step.told.get("how"), "code"])))
            entry = Entry(fresh_cookie(session, user))
        session.commit()
        return entry
