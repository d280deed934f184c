"""Cutting by hand: a page begins another document, or a document belongs to the one before it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, request

from archive import recut
from server.api.papers import document_of
from server.auth import require
from server.state import state

pages = Blueprint("cutting", __name__)


@pages.post("/documents/<document_id>/split")
@require("cut")
def split(document_id: str) -> Any:
    """The pages from `from` on become a document of their own; both are read anew."""
    text = request.form.get("from", "")
    first = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    with state().sessions.begin() as session:
        document = document_of(session, document_id)
        away = [page for page in document.pages if first and page >= first]
        recut.split(session, document, away, actor=g.user.name)
    return redirect("/", 303)


@pages.post("/documents/<document_id>/merge")
@require("cut")
def merge(document_id: str) -> Any:
    """The document takes the pages of `other`, which ends."""
    with state().sessions.begin() as session:
        document = document_of(session, document_id)
        recut.merge(session, document, document_of(session, request.form.get("other", "")), actor=g.user.name)
    return redirect("/", 303)
