"""Cutting by hand on the review page: split, join, put in order, turn, and take it all back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, redirect, request
from sqlalchemy.orm import Session

from archive import recut
from archive.errors import Stale
from archive.models import Document
from server.api.papers import document_of
from server.auth import require
from server.state import state

pages = Blueprint("cutting", __name__)


@pages.post("/documents/<document_id>/split")
@require("cut")
def split(document_id: str) -> Any:
    """The pages from `from` on become a document of their own; both are read anew."""

    def work(session: Session, document: Document) -> Document:
        first = number("from")
        away = document.pages[document.pages.index(first) :] if first in document.pages else []
        recut.split(session, document, away, actor=g.user.name, if_version=version())
        return document

    return done(document_id, "split", work)


@pages.post("/documents/<document_id>/merge")
@require("cut")
def merge(document_id: str) -> Any:
    """The document takes the pages of `other`, which ends."""

    def work(session: Session, document: Document) -> Document:
        other = document_of(session, request.form.get("other", ""))
        if version() not in (None, other.version):  # the form is that of the part behind
            raise Stale(recut.CHANGED)
        return recut.merge(session, document, other, actor=g.user.name)

    return done(document_id, "merged", work)


@pages.post("/documents/<document_id>/move")
@require("cut")
def move(document_id: str) -> Any:
    """A page goes one place earlier (`step` -1) or later (1)."""

    def work(session: Session, document: Document) -> Document:
        step = -1 if request.form.get("step") == "-1" else 1
        return recut.move(session, document, number("page"), step, actor=g.user.name, if_version=version())

    return done(document_id, "moved", work)


@pages.post("/documents/<document_id>/turn")
@require("cut")
def turn(document_id: str) -> Any:
    """A page is turned clockwise by `by` degrees and read again so; its bytes stay as they came."""

    def work(session: Session, document: Document) -> Document:
        return recut.turn(session, document, number("page"), number("by"), actor=g.user.name, if_version=version())

    return done(document_id, "turned", work, number("page"))


@pages.post("/documents/<document_id>/undo")
@require("cut")
def undo(document_id: str) -> Any:
    """What was last done to the pages of this scan is taken back."""
    with state().sessions.begin() as session:
        document = document_of(session, document_id)
        cut = recut.last(session, document.scan_id)
        turned = cut.before[0]["page"] if cut and cut.kind == "turned" else 0
        scan_id, stands = document.scan_id, recut.undo(session, document, actor=g.user.name).id
    throw_away(scan_id, turned)
    return redirect(f"/review/{stands}?did=undone", 303)


def done(document_id: str, what: str, work: Callable[[Session, Document], Document], turned: int = 0) -> Any:
    """Do it in one transaction and go on with the document that stands."""
    with state().sessions.begin() as session:
        document = document_of(session, document_id)
        scan_id, stands = document.scan_id, work(session, document).id
    throw_away(scan_id, turned)
    return redirect(f"/review/{stands}?did={what}", 303)


def throw_away(scan_id: str, page: int) -> None:
    """The pictures of a page that was turned: they are made again as it stands now."""
    if page:
        state().derived.remove(scan_id, f"{page}.webp", f"{page}.thumb.webp")


def number(name: str) -> int:
    """A page or an angle of the form; 0, which is none, for anything else."""
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def version() -> int | None:
    """The version the page was shown with; None where the form says none."""
    return number("version") or None
