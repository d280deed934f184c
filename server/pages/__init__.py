"""The pages people see: one module a page, named like its address and its template."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from flask import Flask, g, request
from markupsafe import Markup

from archive import access, soffice, workdays
from archive import inbox as desks
from archive.handling import MOVES
from archive.models import Document, now
from server.pages import (
    abbreviations,
    admin,
    agencies,
    alike,
    aside,
    book_import,
    books,
    by_hand,
    cutting,
    cuttings,
    days,
    delegations,
    documents,
    files,
    handling,
    holidays,
    images,
    inbox,
    keys,
    ledger,
    messages,
    missing,
    moves,
    numbers,
    origins,
    packages,
    panels,
    plugins,
    post,
    quarantine,
    register,
    reminders,
    reports,
    restored,
    review,
    routing,
    scanners,
    scanning,
    search,
    searches,
    second_factor,
    sessions,
    shown,
    sign_in,
    single_sign_on,
    stamped,
    stamps,
    underway,
    upload,
    user,
    work_file,
)
from server.speech import gettext as _
from server.state import state

STATIC = Path(__file__).parents[1] / "static"
PAGES = (
    sign_in, review, upload, images, underway, documents, missing, cutting, register, search, routing, admin, plugins,
    stamps, agencies, abbreviations, inbox, moves, holidays, reminders, handling, searches, cuttings, alike, aside,
    numbers, days, by_hand, origins, books, book_import, stamped, reports, files, work_file, packages,
    restored,
    keys, sessions, second_factor, user, single_sign_on,
    delegations, quarantine, post, ledger, scanning, scanners, messages,
)  # fmt: skip
THEMES = ("light", "dark")

_waiting = sa.select(sa.func.count()).select_from(Document).where(Document.status == "review")


@dataclass(frozen=True)
class Tab:
    """One entry of the navigation."""

    url: str
    name: str
    here: bool
    count: int = 0


def init_app(app: Flask) -> None:
    """Register every page."""
    for page in PAGES:
        app.register_blueprint(page.pages)
    speak_templates(app)


def speak_templates(app: Flask) -> None:
    """What all templates use."""
    app.jinja_env.globals.update(
        asset=asset, csrf=csrf, tabs=tabs, role_name=role_name, can=may, any_unit=lambda: access.desks(g.user) is None,
        takes_office=lambda: soffice.program() is not None,
    )  # fmt: skip
    app.jinja_env.globals.update(
        route_state=lambda key: _(routing.STATES[key]), route_role=lambda key: _(routing.ROLES[key]),
        route_sign=lambda key: panels.SIGNS[key], move_label=lambda key: _(MOVES[key].label),
        asks_paper=restored.asks, action_name=shown.action_name, deadline=panels.deadline, weekday=shown.weekday,
        single_sign_on=single_sign_on.offer,
    )  # fmt: skip
    app.jinja_env.filters.update(shown.FILTERS)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(lambda: {"theme": theme(), "this_office": state().office})


@functools.cache
def asset(name: str) -> str:
    """The address of a static file; its content is part of it, so that browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]
    return f"/static/{name}?v={digest}"


def csrf() -> Markup:
    """The hidden field that every form which changes something carries."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(g.csrf) if g.csrf else Markup("")


def theme() -> str:
    """light, dark, or "" for what the machine prefers."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else ""


def role_name(role: str) -> str:
    """The Vietnamese name of a role."""
    return _(access.ROLES.get(role, role))


def may(action: str, document: Document | None = None) -> bool:
    """Whether the one who looks may do this; templates ask it before they show a button."""
    return access.can(g.user, action, document)


def tabs() -> list[Tab]:
    """The navigation of this user."""
    known = [
        ("/", _("Hộp đến"), may("ingest") or may("correct")),
        ("/scan", _("Quét"), may("ingest")),
        ("/register", _("Sổ văn bản đến"), may("read")),
        ("/search", _("Tìm kiếm"), may("read")),
        ("/routing", _("Điều phối"), may("route")),
        ("/inbox", _("Việc của đơn vị"), may("handle")),
        ("/handling", _("Theo dõi"), may("export")),
        ("/files", _("Hồ sơ"), may("read")),
        ("/reports", _("Báo cáo"), may("read")),
        ("/ledger", _("Sổ cân đối"), may("inspect") and not may("plugins")),
        ("/admin", _("Quản trị"), may("users") or may("plugins")),
    ]
    counts = _counts()
    return [Tab(url, name, _is_here(url), counts.get(url, 0)) for url, name, shown_to in known if shown_to]


def _is_here(url: str) -> bool:
    if url == "/":
        return request.path == "/" or request.path.startswith("/review")
    return request.path.startswith(url)


def _counts() -> dict[str, int]:
    """What waits for this user, by page."""
    mine = access.desks(g.user) or ()
    with state().readers() as session:
        counts = {"/": session.scalar(_waiting.where(access.visible(g.user))) or 0} if may("correct") else {}
        if may("route"):
            counts["/routing"] = desks.unrouted(session, g.user)
        if mine:
            counts["/inbox"] = sum(desks.pressing(session, g.user, workdays.today(now()), unit) for unit in mine)
    return counts
