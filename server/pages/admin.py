"""/admin: the people, the plugins with what is wrong with them, and whether the machine is well."""

from __future__ import annotations

import shutil
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request
from sqlalchemy.orm import Session, joinedload

from archive import access, history, people
from archive.errors import ArchiveError, BadValue, Conflict, Forbidden, NotFound
from archive.kit.warnings import warnings
from archive.models import Outbox, PluginState, Scan, Task, Unit, User, now
from archive.version import VERSION
from server.auth import NO_RIGHT, allow
from server.speech import gettext as _
from server.state import state

pages = Blueprint("admin", __name__)
GIGABYTE = 1 << 30


@pages.get("/admin")
def look() -> Any:
    """What this user may administer."""
    allow_one("plugins", "users")
    return show()


def allow_one(*actions: str) -> None:
    """Let in who may do any of these."""
    if g.user is None:
        allow(actions[0])
    if not any(access.can(g.user, action) for action in actions):
        raise Forbidden(NO_RIGHT)


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
    decided = {row.slug: row.enabled for row in session.scalars(sa.select(PluginState))}
    warned = warnings(session)
    return [
        {"slug": one.slug, "version": one.version, "hooks": one.hooks, "error": one.error,
         "on": decided.get(one.slug, True), "warned": warned.get(one.slug)}
        for one in state().host.plugins
    ]  # fmt: skip


@pages.post("/admin/plugins/<slug>")
def switch(slug: str) -> Any:
    """Ask a plugin from now on, or not any more."""
    allow("plugins")
    found = next((one for one in state().host.plugins if one.slug == slug), None)
    if found is None:
        raise NotFound(_("Không có phần bổ sung này."))
    enabled = request.form.get("on") == "1"
    with state().sessions.begin() as session:
        row = session.get(PluginState, slug) or PluginState(slug=slug)
        row.enabled, row.version, row.changed_by, row.changed_at = enabled, found.version, g.user.name, now()
        session.add(row)
        history.append(session, g.user.name, "plugin_enabled" if enabled else "plugin_disabled", slug)
    return redirect("/admin", 303)


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
    ]


def _count(session: Session, statement: sa.Select[Any]) -> int:
    return int(session.scalar(statement) or 0)


def _index() -> tuple[bool, str]:
    try:
        told = state().search.status()
    except ArchiveError as error:
        return False, str(error)
    return told.healthy, _("{} văn bản").format(told.documents)


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
