"""/api/token/: a key for an app, for who shows name and password; the same door as the web's."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import UnsupportedMediaType

from archive import app_keys, people, second_factor
from archive.models import User, now
from server.auth import place
from server.paperless.bodies import sent_json
from server.state import state

api = Blueprint("paperless_tokens", __name__)
SCOPES = ("read", "write")
WRONG = "Tên hoặc mật khẩu không đúng, hoặc tài khoản đang tạm khoá. Hãy thử lại sau ít phút."
WITH_FACTOR = (
    "Tài khoản này dùng xác nhận hai bước nên không lấy khoá bằng mật khẩu được. Hãy mở trang web, mục Khoá cho ứng "
    "dụng, tạo một khoá rồi dán vào ứng dụng."
)
MUST_HAVE_FACTOR = (
    "Vai trò của bạn phải bật xác nhận hai bước. Hãy bật trên trang web, rồi tạo khoá ở mục Khoá cho ứng dụng."
)
NAMELESS = "ứng dụng"


@api.post("/token/")
def give() -> Any:
    """The key, said this once; one for each time it is asked for, named by the app. It ends: archive/app_keys.py.

    Another of the same app may end for it.
    """
    name, password = _sent()
    with state().sessions() as session:
        user = people.check_password(session, name, password, address=place())
        refusal = WRONG if user is None else _refusal(session, user)
        if user is None or refusal:
            session.commit()  # a failure is remembered, too
            return jsonify(non_field_errors=[refusal]), 400
        people.welcome(session, user, address=place(), how="app")
        app_keys.make_room(session, user, _app(), actor=user.name)
        key = people.new_token(
            session, user, _app(), SCOPES, actor=user.name, expires_at=now() + app_keys.LIFE, begins=app_keys.BEGINS
        )
        session.commit()
    return jsonify(token=key)


def _refusal(session: Session, user: User) -> str:
    if second_factor.is_on(session, user):
        return WITH_FACTOR
    return MUST_HAVE_FACTOR if user.role in state().settings.factor_roles else ""


def _sent() -> tuple[str, str]:
    """Name and password, of a form or of JSON; nothing that could not be typed."""
    given: Any = request.form
    if request.mimetype == "application/json":
        given = sent_json()
    elif request.mimetype not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise UnsupportedMediaType
    words = [given.get(name) if hasattr(given, "get") else None for name in ("username", "password")]
    name, password = ("".join(c for c in word if c.isprintable()) if isinstance(word, str) else "" for word in words)
    return name[:200], password


def _app() -> str:
    """What the app calls itself."""
    agent = "".join(letter for letter in request.user_agent.string if letter.isprintable()).strip()
    return f"{NAMELESS} {agent}"[:80].strip()
