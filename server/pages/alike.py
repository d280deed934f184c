"""/alike/…: papers like one paper, the most alike first."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template, request

from archive import access
from archive.search.similar import alike
from archive.searches import Question
from server.api.papers import document_of
from server.auth import require
from server.pages import hits, queue
from server.state import state

pages = Blueprint("alike", __name__)
LIMIT, BESIDE = 20, 5
"""How many a page of its own shows, and the document's page beside other things."""


@pages.get("/alike/<document_id>")
@require("read")
def look(document_id: str) -> Any:
    """A page of its own; as a part of the document's page when a script asks."""
    part = bool(request.headers.get("HX-Request")) and not request.headers.get("HX-History-Restore-Request")
    with state().readers() as session:
        document = document_of(session, document_id)
        results = alike(session, state().search, document.id, access.visible(g.user), limit=BESIDE if part else LIMIT)
        return render_template(
            "parts/alike.html" if part else "pages/alike.html", document=document, title=queue.title_of(document),
            results=results, found=[] if part else hits.of(session, Question(), results),
        )  # fmt: skip
