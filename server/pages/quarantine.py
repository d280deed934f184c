"""/admin/quarantine (Nơi cách ly): what bore a mark of secrecy; the one role destroys it, or releases a false alarm."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request

from archive import messages
from archive.errors import BadValue, Conflict, NotFound
from archive.models import WITHHELD, Event, Message, Scan
from archive.pipeline import Archive, quarantine
from server import errors
from server.auth import allow
from server.pages import origins
from server.pages.messages import KINDS
from server.speech import gettext as _
from server.state import state

pages = Blueprint("quarantine", __name__)
SHOWN = 200
DOES = {"release": quarantine.release, "destroy": quarantine.destroy}
DOES_ALONE = {"release": messages.release_alone, "destroy": messages.destroy_alone}
NOT_SO = "Không có việc này; không tệp nào bị đổi."


@pages.get("/admin/quarantine")
def look() -> Any:
    """Hash, time, grade and place of each; no name, no picture, no text."""
    allow("secrets")
    return show()


def show(sentence: str = "", status: int = 200) -> Any:
    """The page."""
    waiting = Scan.status.in_(WITHHELD) | Scan.id.in_(quarantine.unlooked())
    wanted = sa.select(Scan).where(waiting).order_by(Scan.received_at.desc()).limit(SHOWN)
    letters = sa.select(Message).where(messages.alone()).order_by(Message.received_at.desc()).limit(SHOWN)
    told = sa.select(Event.at).where(Event.action.in_((quarantine.ALLOWED, quarantine.FORBIDDEN)))
    with state().readers() as session:
        scans = session.scalars(wanted).all()
        return render_template(
            "pages/quarantine.html", sentence=sentence, keeps=state().settings.secrets == "allow",
            since=session.scalar(told.order_by(Event.seq.desc()).limit(1)),
            letters=[(one, _(KINDS.get(one.kind, one.kind))) for one in session.scalars(letters)],
            came=origins.places(session, scans),  # the share, the mailbox still have it
            rows=[(scan, quarantine.grade_of(session, scan) if scan.status in WITHHELD else "?") for scan in scans],
        ), status  # fmt: skip


@pages.post("/admin/quarantine/<scan_id>/<what>")
def decide(scan_id: str, what: str) -> Any:
    """Destroy the bytes, or let them be read after all; both say why."""
    allow("secrets")
    do = DOES.get(what)
    if do is None:
        raise NotFound(NOT_SO)
    archive = Archive.of(state().settings, state().sessions)
    try:
        with state().sessions.begin() as session:
            do(session, archive, scan_id[:32], request.form.get("reason", ""), actor=g.user.name)
    except (BadValue, Conflict) as error:
        return show(str(error), errors.status_of(error))
    return redirect("/admin/quarantine", 303)


@pages.post("/admin/quarantine/messages/<message_id>/<what>")
def decide_alone(message_id: str, what: str) -> Any:
    """The same for a message that no file holds here: what its sender or a rule called secret, and brought none."""
    allow("secrets")
    do = DOES_ALONE.get(what)
    if do is None:
        raise NotFound(NOT_SO)
    archive = Archive.of(state().settings, state().sessions)
    try:
        with state().sessions.begin() as session:
            do(session, archive.blobs, archive.safe, message_id[:32], request.form.get("reason", ""), actor=g.user.name)
    except BadValue as error:
        return show(str(error), errors.status_of(error))
    return redirect("/admin/quarantine#letters", 303)
