"""What of a closed work file goes into its package, as plain values."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from archive import copies, file_forms, official, work_files
from archive.config import Settings
from archive.errors import Conflict, NotFound
from archive.models import Document, FilePaper, WorkFile
from archive.office_files import FORMS
from archive.vietnamese import fold
from archive.workdays import today

ENDINGS = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
    "image/webp": "webp",
    "application/zip": "zip",
    **{media_type: form.ending for media_type, form in FORMS.items()},
}


@dataclass(frozen=True)
class Original:
    """A file as it came in."""

    scan_id: str
    sha256: str
    media_type: str
    size: int
    filename: str
    source: str
    received_at: dt.datetime
    verified_at: dt.datetime | None
    is_signed: bool


@dataclass(frozen=True)
class Item:
    """One paper of the package."""

    place: int
    """Which paper of the file it is, from 1: withheld ones keep their places."""
    name: str
    """Of its files: `01.TH-0001`"""
    document_id: str
    copy: str
    """The projection that is its copy (archive/copies.py)."""
    code: str
    kind: str
    subject: str
    date: str
    organ: str
    pages: int
    arrival: tuple[int, int, dt.datetime] | None
    """Number and year of the book, and when it was written."""
    original: Original
    is_whole: bool
    """Whether the original may go with it: no paper lies in that scan that does not go."""


@dataclass(frozen=True)
class Package:
    """Everything a package says."""

    file_id: str
    year: int
    code: str
    title: str
    keep: str
    keeper: str
    note: str
    span: tuple[str, str] | None
    organ: str
    organ_id: str
    items: tuple[Item, ...]
    left_out: tuple[int, ...]
    """Places of papers that do not go."""
    contents: bytes
    """Mục lục văn bản trong hồ sơ, PDF."""
    listing: bytes
    """Mục lục hồ sơ nộp lưu, PDF."""
    metadata: bytes
    """The records of Appendix VI, JSON."""
    at: dt.datetime

    @property
    def name(self) -> str:
        """Of the folder: `2026-01.TH`"""
        return f"{self.year}-{plain(self.code)}"

    @property
    def identity(self) -> str:
        """`urn:<fonds>:uuid:<uuid>`: the same as long as the file lives. RFC 8141 leaves no dots in the second part."""
        fonds = re.sub(r"[^a-z0-9]+", "-", fold(self.organ_id or self.organ)).strip("-")[:32].strip("-")
        return f"urn:{fonds if len(fonds) > 1 else 'vanthu'}:uuid:{uuid.UUID(hex=self.file_id)}"


def plain(text: str) -> str:
    """Letters, digits and dots of ASCII: what every disk and every bag takes for a name."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", _ascii(text)).strip("-.")[:60] or "ho-so"


def _ascii(text: str) -> str:
    folded = fold(text)
    return "".join(low.upper() if letter.isupper() else low for letter, low in zip(text, folded, strict=True))


def named(session: Session, code: str, year: int | None) -> WorkFile:
    """The work file with this code. NotFound; Conflict when several years have it and none was said."""
    wanted = sa.select(WorkFile).where(WorkFile.code == code).order_by(WorkFile.year)
    found = session.scalars(wanted.where(WorkFile.year == year) if year else wanted).all()
    if not found:
        raise NotFound(f"Không có hồ sơ {code}{f' trong danh mục năm {year}' if year else ''}.")
    if len(found) > 1:
        known = ", ".join(str(one.year) for one in found)
        raise Conflict(f"Nhiều năm có hồ sơ {code}: {known}. Hãy nêu năm bằng --year.")
    return found[0]


def plan(session: Session, settings: Settings, file: WorkFile, at: dt.datetime) -> Package:
    """What goes. Conflict while the file is open, or when no paper of it may go."""
    if file.closed_on is None:
        raise Conflict("Hồ sơ chưa kết thúc nên chưa làm gói nộp lưu được. Hãy kết thúc hồ sơ trước.")
    everything = _papers(session, file)
    going = {place: paper.document for place, paper in enumerate(everything, 1) if work_files.goes_out(paper.document)}
    if not going:
        raise Conflict("Hồ sơ không có văn bản nào được đưa vào gói: văn bản mật và văn bản cách ly không nộp ở đây.")
    ids = {document.id for document in going.values()}
    span = work_files.span_out(everything)
    items = tuple(_item(file, place, document, ids) for place, document in going.items())
    found = official.of_file(session, settings, file, [(one, place) for place, one in going.items()])
    forms = (
        file_forms.contents_sheet(file, everything, going),
        file_forms.handed_sheet(file.year, [(file, span)]),
    )
    contents, listing = (file_forms.pdf(one, settings.office, settings.superior, today(at)) for one in forms)
    left_out = tuple(place for place in range(1, len(everything) + 1) if place not in going)
    return Package(
        file.id, file.year, file.code, file.title, work_files.retention_said(file.keep_years), file.keeper, file.note,
        span, settings.office, found.organ_id, items, left_out, contents, listing,
        official.as_json(found), at,
    )  # fmt: skip


def _papers(session: Session, file: WorkFile) -> Sequence[FilePaper]:
    wanted = sa.select(FilePaper).where(FilePaper.file_id == file.id)
    wanted = wanted.options(selectinload(FilePaper.document).selectinload(Document.entries))
    return session.scalars(wanted.order_by(FilePaper.position, FilePaper.document_id)).all()


def _item(file: WorkFile, place: int, document: Document, going: set[str]) -> Item:
    scan = document.scan
    lines = [one for one in document.entries if one.status == "registered"]
    line = max(lines, key=lambda one: (one.year, one.number)) if lines else None
    original = Original(
        scan.id, scan.sha256, scan.media_type, scan.size, scan.filename, scan.source, scan.received_at,
        scan.verified_at, bool(scan.signatures),
    )  # fmt: skip
    return Item(
        place, f"{plain(file.code)}-{place:04}", document.id, copies.name_of(document), document.full_code or "",
        document.document_type or "", document.subject or "", document.date or "", document.issuing_organ or "",
        len(document.pages), (line.number, line.year, line.registered_at) if line else None, original,
        all(one.id in going for one in scan.documents),
    )  # fmt: skip
