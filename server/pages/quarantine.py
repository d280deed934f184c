"""/admin/quarantine (Nơi cách ly): what bore a mark of secrecy; the one role destroys it, or releases a false alarm."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request

from archive.errors import BadValue, Conflict, NotFound
from archive.models import WITHHELD, Event, Scan
from archive.pipeline import Archive, quarantine
from server import errors
from server.auth import allow
from server.pages import origins
from server.state import state

pages = Blueprint("quarantine", __name__)
SHOWN = 200
DOES = {"release": quarantine.release, "destroy": quarantine.destroy}


@pages.get("/admin/quarantine")
def look() -> Any:
    """Hash, time, grade and place of each; no name, no picture, no text."""
    allow("secrets")
    return show()


def show(sentence: str = "", status: int = 200) -> Any:
    """The page."""
    waiting = Scan.status.in_(WITHHELD) | Scan.id.in_(quarantine.unlooked())
    wanted = sa.select(Scan).where(waiting).order_by(Scan.received_at.desc()).limit(SHOWN)
    told = sa.select(Event.at).where(Event.action.in_((quarantine.ALLOWED, quarantine.FORBIDDEN)))
    with state().readers() as session:
        scans = session.scalars(wanted).all()
        return render_template(
            "pages/quarantine.html", sentence=sentence, keeps=state().settings.secrets == "allow",
            since=session.scalar(told.order_by(Event.seq.desc()).limit(1)),
            came=origins.places(session, scans),  # the share, the mailbox still have it
            rows=[(scan, quarantine.grade_of(session, scan) if scan.status in WITHHELD else "?") for scan in scans],
        ), status  # fmt: skip


@pages.post("/admin/quarantine/<scan_id>/<what>")
def decide(scan_id: str, what: str) -> Any:
    """Destroy the bytes, or let them be read after all; both say why."""
    allow("secrets")
    do = DOES.get(what)
    if do is None:
        raise NotFound("Không có việc này; không tệp nào bị đổi.")
    archive = Archive.of(state().settings, state().sessions)
    try:
        with state().sessions.begin() as session:
            do(session, archive, scan_id[:32], request.form.get("reason", ""), actor=g.user.name)
    except (BadValue, Conflict) as error:
        return show(str(error), errors.status_of(error))
    return redirect("/admin/quarantine", 303)
