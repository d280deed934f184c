"""/admin: the people, the plugins with what is wrong with them, and whether the machine is well."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request
from sqlalchemy.orm import Session, joinedload

from archive import access, people, soffice, switchboard
from archive.errors import ArchiveError, BadValue, Conflict, NotFound
from archive.host import OURS, Plugin
from archive.kit.warnings import warnings
from archive.models import Outbox, Scan, Task, Unit, User
from archive.version import VERSION
from server.auth import allow
from server.speech import gettext as _
from server.state import state

pages = Blueprint("admin", __name__)
GIGABYTE = 1 << 30
STEPS = {"up": -1, "down": 1}
"""How many places a plugin is moved."""


@pages.get("/admin")
def look() -> Any:
    """What this user may administer."""
    allow("plugins", "users")
    return show()


def show(sentence: str = "", status: int = 200) -> Any:
    """The page."""
    with state().readers() as session:
        return render_template(
            "pages/admin.html",
            users=session.scalars(sa.select(User).options(joinedload(User.unit)).order_by(User.name)).all(),
            units=session.scalars(sa.select(Unit.name).order_by(Unit.name)).all(),
            roles=access.ROLES, plugins=plugins(session), health=health(session), version=VERSION,
            settings=state().settings.masked() if access.can(g.user, "settings") else {}, sentence=sentence,
        ), status  # fmt: skip


def plugins(session: Session) -> list[dict[str, Any]]:
    """Every plugin that was found, with its hooks or with why it was refused, and where it failed of late."""
    found, warned = state().plugins(session), warnings(session)
    standings = switchboard.standings(session, found)
    return [
        {"slug": one.slug, "version": one.version, "hooks": one.hooks, "error": one.error, "digest": one.digest,
         "standing": standings[one.slug], "warned": warned.get(one.slug), "fixed": one.slug == OURS}
        for one in found
    ]  # fmt: skip


@pages.post("/admin/plugins/<slug>")
def switch(slug: str) -> Any:
    """Ask a plugin from now on, as the code it is now, or not any more; or, with `move`, earlier or later."""
    allow("plugins")
    with state().readers() as session:
        known = state().plugins(session)
    found = next((one for one in known if one.slug == slug), None)
    if found is None:
        raise NotFound(_("Không có phần bổ sung này."))
    try:
        decide(found, [one.slug for one in known if one.slug != OURS])
    except Conflict as error:
        return show(str(error), 409)
    return redirect("/admin#plugins", 303)


def decide(found: Plugin, others: Sequence[str]) -> None:
    """What the form asks for; `others` are the plugins that can be moved."""
    move, on = request.form.get("move"), request.form.get("on") == "1"
    plugin = (state().tried(found.slug) or found) if move is None and on else found
    with state().sessions.begin() as session:
        if move is None:
            switchboard.switch(session, plugin, on=on, actor=g.user.name, seen=request.form.get("digest", ""))
        elif found.slug in others and move in STEPS:
            switchboard.arrange(session, switchboard.moved(others, found.slug, STEPS[move]), actor=g.user.name)


def health(session: Session) -> list[tuple[str, bool, str]]:
    """(what, well, words): disk, queue, failed scans, index."""
    free = shutil.disk_usage(state().settings.data).free
    dead = _count(session, sa.select(sa.func.count()).select_from(Scan).where(Scan.status == "failed"))
    ready = _count(session, sa.select(sa.func.count()).select_from(Task).where(Task.state.in_(["ready", "running"])))
    late = _count(session, sa.select(sa.func.count()).select_from(Outbox))
    return [
        (_("Ổ đĩa"), free > state().settings.reserve_mb << 20, _("còn {} GB").format(round(free / GIGABYTE, 1))),
        (_("Bản quét lỗi"), not dead, str(dead)),
        (_("Việc đang chờ"), True, str(ready)),
        (_("Chờ vào chỉ mục"), late < 1000, str(late)),
        (_("Chỉ mục"), *_index()),
        (_("Tệp Word, Excel"), True, _("có nhận") if soffice.program() else _("không nhận: chưa cài LibreOffice")),
    ]


def _count(session: Session, statement: sa.Select[Any]) -> int:
    return int(session.scalar(statement) or 0)


def _index() -> tuple[bool, str]:
    try:
        told = state().search.status()
    except ArchiveError as error:
        return False, str(error)
    return told.healthy, _("{} văn bản").format(told.documents)


@pages.post("/admin/users/<name>/disable")
def disable_user(name: str) -> Any:
    """Let a person in no more: signed out everywhere, keys revoked; what they did stays theirs."""
    allow("users")
    try:
        with state().sessions.begin() as session:
            user = session.scalar(sa.select(User).where(User.name == name))
            if user is None:
                raise NotFound(_("Không có người dùng này."))
            if user.id == g.user.id:
                raise Conflict(_("Không tự khoá mình được. Hãy nhờ một quản trị khác."))
            people.disable_user(session, user, actor=g.user.name)
    except Conflict as error:
        return show(str(error), 409)
    return redirect("/admin", 303)


@pages.post("/admin/users")
def add_user() -> Any:
    """Add a person."""
    allow("users")
    given = request.form
    try:
        with state().sessions.begin() as session:
            people.add_user(
                session, given.get("name", ""), given.get("role", ""), given.get("unit") or None,
                given.get("password", ""), full_name=given.get("full_name", ""), actor=g.user.name,
            )  # fmt: skip
    except (BadValue, Conflict) as error:
        return show(str(error), 422)
    return redirect("/admin", 303)
