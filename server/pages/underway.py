"""A scan that is still being read: its pages, one after another as they come, long before the last is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, g, make_response, redirect, render_template, request
from sqlalchemy.orm import Session

from archive.errors import NotFound
from archive.models import WITHHELD, Document, PageRow, Scan
from server.api.papers import HELD, scan_of
from server.auth import require
from server.pages import queue, shown
from server.pages.images import DAY, GONE
from server.speech import gettext as _
from server.state import state

pages = Blueprint("underway", __name__)
_SECRET = re.compile(r"\bM[ẬÂẠA]T\b")
"""What may be a mark of secrecy: such a page waits until the mark itself was looked at."""


@dataclass(frozen=True)
class Leaf:
    """One page that was read."""

    number: int
    width: int
    height: int
    text: str
    advice: str
    is_held: bool


@pages.get("/scans/<scan_id>")
@require("ingest")
def look(scan_id: str) -> Any:
    """The pages of a scan read so far; once all is read, its first paper."""
    with state().readers() as session:
        scan = scan_of(session, scan_id)
        if scan.status not in ("received", "reading"):
            return redirect(_after(session, scan), 303)
        waiting = queue.load(session, g.user)
        return make_response(
            render_template(
                "pages/underway.html", scan=scan, leaves=_leaves(session, scan), queue=waiting, current=scan.id
            )
        )


@pages.get("/scans/<scan_id>/underway")
@require("ingest")
def part(scan_id: str) -> Any:
    """The same pages alone, for the browser that asks again; 204 when none has come, and where to go at the end."""
    with state().readers() as session:
        scan = scan_of(session, scan_id)
        if scan.status not in ("received", "reading"):
            return Response(status=204, headers={"HX-Redirect": _after(session, scan)})
        read = session.scalar(sa.select(sa.func.count()).where(PageRow.scan_id == scan.id))
        if request.args.get("seen") == str(read):
            return Response(status=204)
        return make_response(render_template("parts/underway.html", scan=scan, leaves=_leaves(session, scan)))


@pages.get("/scans/<scan_id>/pages/<int:number>.webp")
@require("ingest")
def picture(scan_id: str, number: int) -> Any:
    """A page that was read, as the reading left it."""
    with state().readers() as session:
        scan = scan_of(session, scan_id)
        if scan.status in WITHHELD:
            raise NotFound(HELD)
        row = session.scalar(sa.select(PageRow).where(PageRow.scan_id == scan.id, PageRow.number == number))
        content = state().derived.get(scan.id, f"{number}.webp") if row and not _is_held(row) else None
    if content is None:
        raise NotFound(GONE)
    answer = make_response(content)
    answer.mimetype = "image/webp"
    answer.headers["Cache-Control"] = f"private, max-age={DAY}"
    return answer


def _after(session: Session, scan: Scan) -> str:
    of_scan = sa.select(Document.id).where(Document.scan_id == scan.id)
    first = session.scalar(of_scan.order_by(Document.ordinal).limit(1))
    return f"/review/{first}" if first and scan.status not in ("failed", *WITHHELD) else "/"


def _leaves(session: Session, scan: Scan) -> list[Leaf]:
    rows = session.scalars(sa.select(PageRow).where(PageRow.scan_id == scan.id).order_by(PageRow.number))
    return [_leaf(row) for row in rows]


def _leaf(row: PageRow) -> Leaf:
    advice = " ".join(_(shown.SCAN_AGAIN.get(code) or shown.ADVICE.get(code, code)) for code in row.advice)
    held = _is_held(row)
    return Leaf(row.number, row.width or 1000, row.height or 1414, "" if held else row.plain, advice, held)


def _is_held(row: PageRow) -> bool:
    return state().settings.secrets != "allow" and bool(_SECRET.search(row.plain))
