"""/missing: papers that the archive's own papers cite and that nobody has archived, most cited first."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template

from archive import access, links
from server.auth import require
from server.state import state

pages = Blueprint("missing", __name__)
MOST = 200


@pages.get("/missing")
@require("read")
def look() -> Any:
    """Only what papers this user may see cite is counted."""
    with state().readers() as session:
        wanted = links.missing(session, access.visible(g.user), MOST)
    return render_template("pages/missing.html", wanted=wanted, is_cut=len(wanted) == MOST)
