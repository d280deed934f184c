"""/admin/stamps: the arrival stamps an office taught, each drawn once on the picture of one page."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request
from sqlalchemy.orm import Session

from archive import access, history
from archive import pages as read_pages
from archive.children import Child
from archive.converted import Original
from archive.drawings import Drawing, Lesson
from archive.errors import BadValue, NotFound
from archive.findings import STAMP_FIELDS
from archive.models import Document, StampLayout
from archive.pages import box_json
from archive.pipeline.line import limits
from archive.reading import Box
from server.api.documents import pages_of
from server.api.papers import document_of
from server.auth import allow
from server.pages import shown
from server.pages.plugins import turn
from server.speech import gettext as _
from server.state import state

pages = Blueprint("stamps", __name__)
FRAME = "frame"
PLACES = (FRAME, "number", "date", "time", "forward_to", "file_ref", "organ")
"""What may be drawn, in the order of the form."""
RECENT = 10
SECONDS = 90.0
_recent = sa.select(Document).order_by(Document.created_at.desc()).limit(RECENT)
_taught = sa.select(StampLayout).order_by(StampLayout.taught_at.desc())


@dataclass(frozen=True)
class Page:
    """The page that is drawn upon, and what was drawn so far."""

    document: Document
    number: int
    width: int
    height: int
    name: str = ""
    words: str = ""
    boxes: Mapping[str, Box] = field(default_factory=dict)
    sentence: str = ""

    def percent(self, name: str, side: int) -> str:
        """One edge of a drawn box as it stands in its input: percent of the page from its left or upper edge."""
        return f"{100 * self.boxes[name][side]:.2f}" if name in self.boxes else ""


@pages.get("/admin/stamps")
def look() -> Any:
    """The taught stamps, and papers on which another may be drawn."""
    allow("plugins")
    return show()


def show(lesson: Lesson | None = None, status: int = 200) -> Any:
    """The list; `lesson`: what was just taught, and what is read with it."""
    with state().readers() as session:
        reads = access.can(g.user, "read")
        papers = session.scalars(_recent.where(access.visible(g.user))).all() if reads else []
        return render_template(
            "pages/stamps.html", layouts=session.scalars(_taught).all(), papers=papers, lesson=lesson, label=label,
            office=state().settings.office,
        ), status  # fmt: skip


def label(name: str) -> str:
    """A place in words."""
    return _("Khung dấu") if name == FRAME else _(shown.STAMP_FIELDS[name])


@pages.get("/admin/stamps/<document_id>/<int:number>")
def draw(document_id: str, number: int) -> Any:
    """The picture of a page, to draw the stamp upon."""
    allow("plugins")
    with state().readers() as session:
        page = page_of(session, document_id, number)
        return form(dataclasses.replace(page, name=state().settings.office, boxes=found_boxes(page.document, number)))


def page_of(session: Session, document_id: str, number: int) -> Page:
    """A page the administrator may read."""
    document = document_of(session, document_id)
    row = next((row for row in document.scan.page_rows if row.number == number and number in document.pages), None)
    if row is None or not row.width:
        raise NotFound(_("Văn bản này không có trang đó, hoặc trang không có ảnh."))
    return Page(document, number, row.width, row.height)


def found_boxes(document: Document, number: int) -> dict[str, Box]:
    """Where a stamp was already found: a frame to begin with."""
    row = document.stamp
    box = read_pages.box_of(row.box) if row and row.page == number else None
    return {FRAME: box} if box else {}


def form(page: Page, status: int = 200) -> Any:
    """The page's picture beside the inputs."""
    return render_template("pages/teach.html", page=page, places=PLACES, label=label), status


@pages.post("/admin/stamps/<document_id>/<int:number>")
def teach(document_id: str, number: int) -> Any:
    """Keep the drawing when the stamp is found and read by it on this very page; `action=look` only shows it."""
    allow("plugins")
    with state().readers() as session:
        page = page_of(session, document_id, number)
        given = request.form
        page = dataclasses.replace(page, name=given.get("name", ""), words=given.get("words", ""))
        try:
            page = dataclasses.replace(page, boxes=boxes_typed(given))
            if given.get("action") == "look":
                return form(page)
            lesson = learn(session, page)
        except BadValue as error:
            return form(dataclasses.replace(page, sentence=str(error)), 422)
        keep(lesson, page.document.scan_id, number)
    return show(lesson, 201)


def boxes_typed(given: Mapping[str, str]) -> dict[str, Box]:
    """The boxes of the form; a place without any edge was not drawn."""
    boxes = {}
    for name in PLACES:
        edges = [given.get(f"{name}.{side}", "").strip().replace(",", ".") for side in range(4)]
        if any(edges):
            boxes[name] = box_of(edges, label(name))
    return boxes


def box_of(edges: list[str], said: str) -> Box:
    """Percent as fractions."""
    try:
        left, top, right, bottom = (round(float(edge) / 100, 5) for edge in edges)
    except ValueError as error:
        raise BadValue(_("Ô {} chưa đủ bốn cạnh.").format(said)) from error
    if not all(0 <= edge <= 1 for edge in (left, top, right, bottom)):
        raise BadValue(_("Ô {} nằm ngoài trang.").format(said))
    return left, top, right, bottom


def learn(session: Session, page: Page) -> Lesson:
    """Try the drawing on its own page, in a child as every decoder of a foreign file."""
    if FRAME not in page.boxes:
        raise BadValue(_("Hãy vẽ khung dấu trước."))
    fields = {name: box for name, box in page.boxes.items() if name in STAMP_FIELDS}
    drawing = Drawing(page.name, page.words, page.boxes[FRAME], fields)
    scan = page.document.scan
    read = read_pages.of_scan(session, scan.id, [page.number])[0]
    path = pages_of(Original.of(scan))
    with turn(), Child(name="teach", walled=True) as child:
        lesson: Lesson = child.run(
            "archive.steps:teach", path, read, limits(state().settings), drawing, wall=SECONDS, cpu=SECONDS
        )
    return lesson


def keep(lesson: Lesson, scan_id: str, number: int) -> None:
    """Write the layout and the event of it; drawn again on the same page it takes the place of the one before."""
    layout = lesson.layout
    same = sa.delete(StampLayout).where(
        StampLayout.scan_id == scan_id, StampLayout.page == number, StampLayout.name == layout.name,
        StampLayout.words == layout.words,
    )  # fmt: skip
    fields = {name: box_json(box) for name, box in layout.fields.items()}
    row = StampLayout(name=layout.name, width=layout.width, height=layout.height, words=layout.words, fields=fields,
                      scan_id=scan_id, page=number, taught_by=g.user.name)  # fmt: skip
    with state().sessions.begin() as session:
        session.execute(same)
        session.add(row)
        session.flush()
        history.append(session, g.user.name, "stamp_taught", row.id, {"name": row.name, "fields": sorted(fields)})


@pages.post("/admin/stamps/<layout_id>/forget")
def forget(layout_id: str) -> Any:
    """Read no paper by this drawing any more; what was read stays."""
    allow("plugins")
    with state().sessions.begin() as session:
        row = session.get(StampLayout, layout_id[:32])
        if row is None:
            raise NotFound(_("Không có mẫu dấu này."))
        session.delete(row)
        history.append(session, g.user.name, "stamp_forgotten", row.id, {"name": row.name})
    return redirect("/admin/stamps", 303)
