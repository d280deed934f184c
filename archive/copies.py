"""Searchable copies of documents as PDF/A-2b: drawn in a child, kept as projections until the document changes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from archive import converted, pages, searchable
from archive.blobs import Blobs
from archive.children import Child
from archive.converted import Original
from archive.derived import Derived
from archive.errors import NotFound
from archive.models import Document
from archive.plates import Plate
from archive.reading import Page
from archive.scans import Limits

SECONDS = 60.0
"""For the picture of one page."""


@dataclass(frozen=True)
class Copy:
    """What a copy is made of; plain values, so that no transaction is open while it is drawn."""

    scan_id: str
    sha256: str
    media_type: str
    document_id: str
    name: str
    """Of the projection: it changes with the document."""
    title: str
    pages: tuple[Page, ...]


def name_of(document: Document) -> str:
    """What the copy is called among the projections of its scan."""
    return f"{document.id}.{document.version}.a2b.pdf"


def copy_of(session: Session, document: Document) -> Copy:
    """The copy of a document as it stands now."""
    read = pages.of_scan(session, document.scan_id, document.pages)
    title = document.full_code or document.id
    scan = document.scan
    return Copy(scan.id, scan.sha256, scan.media_type, document.id, name_of(document), title, read)


def kept(derived: Derived, copy: Copy) -> bytes | None:
    """The copy, if it was made before and is still true."""
    return derived.get(copy.scan_id, copy.name)


def make(child: Child, blobs: Blobs, derived: Derived, copy: Copy, limits: Limits) -> bytes:
    """Draw the copy and keep it. NotFound while the document is not read; errors of the child."""
    original = Original(copy.scan_id, copy.sha256, copy.media_type)
    path = converted.made(blobs, derived, original, limits)
    made = bound(child, path, copy.pages, copy.title, limits)
    derived.replace(copy.scan_id, f"{copy.document_id}.*.pdf", copy.name, made)
    return made


def bound(child: Child, path: str, read: Sequence[Page], title: str, limits: Limits) -> bytes:
    """A PDF of these pages of the file at `path`. NotFound where there is none yet; errors of the child."""
    if not read:
        raise NotFound("Văn bản chưa đọc xong nên chưa có PDF tìm kiếm được. Hãy tải tệp gốc, hoặc thử lại sau.")
    out = io.BytesIO()

    def picture(page: Page) -> Plate:
        asked = (path, page.number, page.rotation, limits)
        drawn: Plate = child.run("archive.plates:plate", *asked, wall=SECONDS, cpu=SECONDS)
        return drawn

    searchable.write(out, read, picture, title)
    return out.getvalue()
