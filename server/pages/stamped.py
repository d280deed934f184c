"""/documents/…/stamped.pdf: a copy with the electronic ĐẾN stamp; /register/…/labels.pdf: the stamp to be glued on."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, make_response, request
from sqlalchemy.orm import Session

from archive import pages as read_pages
from archive import register, register_by_hand, register_stamp
from archive.children import Child
from archive.converted import Original
from archive.errors import Conflict
from archive.models import Document, FilePaper, RegisterEntry, WorkFile
from archive.register_stamp import Stamp
from archive.scans import PDF
from server.api.documents import bound, pages_of, turns
from server.api.papers import document_of
from server.auth import require
from server.pages.numbers import number_of
from server.pages.register import chosen
from server.speech import gettext as _
from server.state import state

pages = Blueprint("stamped", __name__)
SECONDS = 60.0
"""For stamping one copy."""


@pages.get("/documents/<document_id>/stamped.pdf")
@require("read")
def copy(document_id: str) -> Any:
    """A copy of the paper's pages, the first with the stamp where it is emptiest; the original is only read."""
    here = state()
    with here.readers() as session:
        document = document_of(session, document_id)
        entry = to_be_stamped(session, document)
        stamp = register_stamp.drawn(stamp_of(session, entry))
        scan, numbers = document.scan, list(document.pages)
        known = {page.number: page for page in read_pages.of_scan(session, scan.id, numbers)}
    original = Original.of(scan)
    path = pages_of(original)
    if original.media_type == PDF or original.is_office:
        content = stamped(path, numbers, [known[n].rotation if n in known else 0 for n in numbers], stamp)
    else:
        made = bound(path, [known[n] for n in numbers if n in known], entry.code)
        with tempfile.NamedTemporaryFile(suffix=".pdf") as kept:
            Path(kept.name).write_bytes(made)
            content = stamped(kept.name, range(1, len(known) + 1), [0] * len(known), stamp)
    return sent(content, f"ban-sao-co-dau-den-{entry.year}-{entry.number}.pdf")


def to_be_stamped(session: Session, document: Document) -> RegisterEntry:
    """The line of a paper that came without a stamp; Conflict for others."""
    entry = register.entry_of(session, document)
    if entry is None:
        raise Conflict(_("Văn bản chưa vào sổ nên chưa có số để đóng dấu. Hãy vào sổ trước."))
    if document.stamp is not None:
        raise Conflict(_("Văn bản này đã có dấu ĐẾN trên giấy nên không đóng thêm."))
    if document.scan.source == register_by_hand.SOURCE:
        raise Conflict(_("Văn bản này chưa có bản quét. Hãy in nhãn để dán lên văn bản giấy."))
    return entry


def stamp_of(session: Session, entry: RegisterEntry) -> Stamp:
    """What the book says, as the stamp has it."""
    files = sa.select(WorkFile.code).join(FilePaper, FilePaper.file_id == WorkFile.id).where(
        FilePaper.document_id == entry.document_id
    ).order_by(FilePaper.added_at).limit(1)  # fmt: skip
    day = f"{entry.arrived_on:%d/%m/%Y}" if entry.arrived_on else ""
    office = state().settings.office
    return Stamp(office, f"{entry.number:02}", day, entry.recipient, session.scalar(files) or "")


def stamped(path: str, numbers: Sequence[int], rotations: Sequence[int], stamp: bytes) -> bytes:
    """The copy, made in a child as every decoding of foreign bytes."""
    with turns, Child(name="stamp", walled=True) as child:
        content: bytes = child.run(
            "archive.register_stamp:copy", path, list(numbers), list(rotations), stamp, wall=SECONDS, cpu=SECONDS
        )
    return content


@pages.get("/register/<int:year>/labels.pdf")
@require("export")
def labels(year: int) -> Any:
    """The stamps of the numbers `first` to `last` on A4 sheets, to be cut and glued on paper."""
    first, last = asked(request.args)
    with state().readers() as session:
        book = chosen(session)
        wanted = sa.select(RegisterEntry).where(
            RegisterEntry.book_id == book.id, RegisterEntry.year == year, RegisterEntry.status == "registered",
            RegisterEntry.number.between(first, last),
        ).order_by(RegisterEntry.number).limit(register_stamp.MOST_LABELS + 1)  # fmt: skip
        content = register_stamp.labels([stamp_of(session, entry) for entry in session.scalars(wanted)])
    return sent(content, f"nhan-dau-den-{year}-{first}-{last}.pdf")


def asked(given: Mapping[str, str]) -> tuple[int, int]:
    """First and last number; one of them is enough. BadValue."""
    first = number_of(given.get("first", "") or given.get("last", ""))
    return first, number_of(given.get("last", "") or str(first))


def sent(content: bytes, name: str) -> Response:
    """The file, to be saved: nobody keeps it but who asked."""
    answer = make_response(content)
    answer.mimetype = "application/pdf"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
