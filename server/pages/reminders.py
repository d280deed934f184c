"""/reminders: where a person is reminded by mail, or that they are not."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request

from archive import reminders
from archive.errors import BadValue
from archive.models import Digest, User
from server.auth import allow
from server.state import state

pages = Blueprint("reminders", __name__)
SHOWN = 10
STATES = {
    "waiting": ("run", "◔", "chờ gửi"), "sending": ("run", "◔", "đang gửi"), "sent": ("ok", "✓", "đã gửi"),
    "quiet": ("off", "–", "không có việc đến hạn"), "unsure": ("warn", "⚠", "không rõ đã đến chưa"),
    "failed": ("bad", "✕", "không gửi được"),
}  # fmt: skip


@pages.get("/reminders")
def look() -> Any:
    """One's own address and wish, and what became of the last letters."""
    return show()


def show(sentence: str = "", status: int = 200) -> Any:
    """The page; after a refusal what was typed stands in it."""
    if g.user is None:
        allow("read")
    with state().readers() as session:
        mine = sa.select(Digest).where(Digest.user_id == g.user.id).order_by(Digest.day.desc()).limit(SHOWN)
        return render_template(
            "pages/reminders.html", user=session.get_one(User, g.user.id), letters=session.scalars(mine).all(),
            states=STATES, sentence=sentence, settings=state().settings, typed=request.form if sentence else None,
            done=request.args.get("done") == "1",
        ), status  # fmt: skip


@pages.post("/reminders")
def save() -> Any:
    """Keep what was chosen."""
    if g.user is None:
        allow("read")
    try:
        with state().sessions.begin() as session:
            user = session.get_one(User, g.user.id)
            wants = request.form.get("wants") == "1"
            reminders.set_wishes(session, user, request.form.get("email", ""), wants, actor=g.user.name)
    except BadValue as error:
        return show(str(error), 422)
    return redirect("/reminders?done=1", 303)
