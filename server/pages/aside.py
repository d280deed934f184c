"""What does not go into the book is set aside with a reason, and brought back when that was wrong."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, g, redirect, request

from archive import aside
from server.api.papers import document_of
from server.auth import require
from server.pages import queue
from server.state import state

pages = Blueprint("aside", __name__)


@pages.post("/documents/<document_id>/aside")
@require("correct")
def set_aside(document_id: str) -> Any:
    """Out of the queue; the next paper opens."""
    seen = request.form.get("version", "")
    with state().sessions.begin() as session:
        document = document_of(session, document_id)
        following = queue.following(session, g.user, document_id)
        reason = request.form.get("why") or request.form.get("because", "")
        version = int(seen) if seen.isdecimal() and len(seen) < 10 else None
        aside.set_aside(session, document, reason, actor=g.user.name, if_version=version)
    return redirect(f"{f'/review/{following}' if following else '/'}?{urlencode({'did': 'aside'})}", 303)


@pages.post("/documents/<document_id>/bring-back")
@require("correct")
def bring_back(document_id: str) -> Any:
    """Into the queue again."""
    with state().sessions.begin() as session:
        aside.bring_back(session, document_of(session, document_id), actor=g.user.name)
    return redirect(f"/review/{document_id}", 303)
