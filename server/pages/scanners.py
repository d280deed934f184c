"""/admin/scanners (Máy quét mạng): which addresses the server may talk to; what makes itself known in the network."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request

from archive.children import Child
from archive.errors import ArchiveError, BadValue, Conflict
from archive.scanner import allowed, discovery
from server import errors
from server.auth import allow
from server.pages import scanned
from server.speech import gettext as _
from server.state import state

pages = Blueprint("scanners", __name__)
PATIENCE = 4 * discovery.SECONDS + 10


@pages.get("/admin/scanners")
def look() -> Any:
    """The scanners of this machine, those allowed, and a form for one more."""
    allow("settings")
    return show()


def show(sentence: str = "", status: int = 200, found: tuple[discovery.Found, ...] | None = None) -> Any:
    """The page."""
    with state().readers() as session:
        known = allowed.urls(session, state().settings)
        devices = state().roster.look(known)
        return render_template(
            "pages/scanners.html", rows=allowed.listed(session), fixed=allowed.of_settings(state().settings),
            devices=devices, known=known, found=found, can_find=discovery.is_installed(), sentence=sentence,
            troubles={why: _(says) for why, says in scanned.TROUBLES.items()}, typed=request.form if sentence else {},
        ), status  # fmt: skip


@pages.post("/admin/scanners/find")
def find() -> Any:
    """Listen for three seconds to who says that it is a scanner; nobody is asked anything."""
    allow("settings")
    if not discovery.is_installed():
        return show(_("Máy chủ chưa cài phần tìm máy quét trong mạng (discovery); hãy gõ địa chỉ."), 422)
    try:
        with Child(name="discovery") as child:
            found = child.run("archive.scanner.discovery:found", wall=PATIENCE, cpu=PATIENCE)
    except ArchiveError:
        return show(_("Không tìm được trong mạng lúc này; không có gì thay đổi. Hãy thử lại, hoặc gõ địa chỉ."), 503)
    return show(found=found)


@pages.post("/admin/scanners")
def add() -> Any:
    """The server may talk to this address from now on."""
    allow("settings")
    try:
        with state().sessions.begin() as session:
            allowed.allow(session, request.form.get("url", ""), request.form.get("name", ""), actor=g.user.name)
    except (BadValue, Conflict) as error:
        return show(str(error), errors.status_of(error))
    return redirect("/admin/scanners", 303)


@pages.post("/admin/scanners/<int:number>/forbid")
def forbid(number: int) -> Any:
    """It may not any more."""
    allow("settings")
    with state().sessions.begin() as session:
        allowed.forbid(session, number, actor=g.user.name)
    return redirect("/admin/scanners", 303)
