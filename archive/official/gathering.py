"""The records of a book's year, and of the work files of that year's list, out of the archive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from archive import agencies, handling, trace
from archive.config import Settings
from archive.models import WITHHELD, Document, FilePaper, RegisterEntry, WorkFile
from archive.official.fields import FILES, INCOMING, SECRET, Folder, Paper, Record, file_code, record
from archive.workdays import HANOI

_AT_ONCE = 500
_WITH_PAPERS = (
    selectinload(RegisterEntry.document).selectinload(Document.routes),
    selectinload(RegisterEntry.document).selectinload(Document.scan),
)
_STEPS = {"registered": "Vào sổ", "number_voided": "Huỷ số", "routed": "Chuyển"} | {
    one.event: one.label for one in handling.MOVES.values()
}


@dataclass
class Metadata:
    """What leaves: who gives it, of which book and year, and the records."""

    organ: str
    organ_id: str
    book: str
    year: int
    documents: list[Record] = field(default_factory=list)
    files: list[Record] = field(default_factory=list)


def metadata(
    session: Session, settings: Settings, book_id: str, year: int, seen: sa.ColumnElement[bool] | None = None
) -> Metadata:  # fmt: skip
    """The registered papers of a book's year, smallest number first, and the work files of the year.

    `seen`: which lines of the book, a condition on RegisterEntry; all where nothing is said.
    """
    found = Metadata(settings.office, organ_id(session, settings, year), book_id, year)
    lines = _lines(book_id, year, seen)
    entries = session.scalars(lines.execution_options(yield_per=_AT_ONCE)).partitions()
    for some in entries:
        found.documents += _records(session, found, some)
    found.files = file_records(session, settings, year)
    return found


def page(
    session: Session, settings: Settings, book_id: str, year: int, seen: sa.ColumnElement[bool], after: int, limit: int
) -> tuple[Metadata, int | None]:  # fmt: skip
    """At most `limit` of these papers, those after the number `after`; and the number to go on after, None: the end."""
    found = Metadata(settings.office, organ_id(session, settings, year), book_id, year)
    lines = _lines(book_id, year, seen).where(RegisterEntry.number > after).limit(limit + 1)
    entries = session.scalars(lines).all()
    found.documents += _records(session, found, entries[:limit])
    return found, entries[limit - 1].number if len(entries) > limit else None


def _lines(book_id: str, year: int, seen: sa.ColumnElement[bool] | None) -> sa.Select[RegisterEntry]:
    of_year = sa.select(RegisterEntry).where(
        RegisterEntry.book_id == book_id, RegisterEntry.year == year, RegisterEntry.status == "registered"
    )
    lines = of_year if seen is None else of_year.where(seen)
    return lines.order_by(RegisterEntry.number).options(*_WITH_PAPERS)


def file_records(session: Session, settings: Settings, year: int) -> list[Record]:
    """The work files of a year's list."""
    organ = organ_id(session, settings, year)
    of_year = sa.select(WorkFile).where(WorkFile.year == year).order_by(WorkFile.heading, WorkFile.code, WorkFile.id)
    return [file_record(session, organ, one) for one in session.scalars(of_year)]


def of_entry(session: Session, settings: Settings, entry: RegisterEntry) -> Metadata:
    """The record of one paper of the book."""
    found = Metadata(settings.office, organ_id(session, settings, entry.year), entry.book_id, entry.year)
    found.documents += _records(session, found, [entry])
    return found


def organ_id(session: Session, settings: Settings, year: int) -> str:
    """The office's identification code in a year (archive/agencies.py), else that of the settings; "": nobody said."""
    code = agencies.code_of(session, settings.office, f"{year}-12-31")
    return code.code if code else settings.organ_id


def _records(session: Session, found: Metadata, entries: Sequence[RegisterEntry]) -> Iterator[Record]:
    papers = [_known(one) for one in entries]
    places = _places(session, [one.id for one in papers if one])
    for entry, document in zip(entries, papers, strict=True):
        mine = places.get(document.id, []) if document else []
        yield paper_record(session, found.organ_id, entry, document, mine)


def _known(entry: RegisterEntry) -> Document | None:
    """The line's paper; None also for one in quarantine: the line goes, nothing else of it."""
    document = entry.document
    return document if document and document.scan.status not in WITHHELD else None


def paper_record(
    session: Session, organ: str, entry: RegisterEntry | None, document: Document | None,
    places: Sequence[tuple[WorkFile, int]],
) -> Record:  # fmt: skip
    """One paper; `places` are the files it lies in, with its place: the first is the one whose code is said."""
    code, more = file_code(organ, places[0][0]) if places else (None, [])
    if len(places) > 1:
        more.append(f"Mã hồ sơ: văn bản nằm trong {len(places)} hồ sơ, ghi hồ sơ đầu tiên")
    if document and document.secrecy:
        more.append(SECRET)
        if document.urgency:
            more.append("Mức độ khẩn, độ mật: chỉ ghi độ mật")
    ordinal = places[0][1] if places else None
    trail = _trace(session, document) if document else ""
    return record(INCOMING, Paper(entry, document, code, ordinal, trail), more)


def _places(session: Session, ids: Sequence[str]) -> dict[str, list[tuple[WorkFile, int]]]:
    """Document → the files it lies in, by year and code, and which paper of them it is, from 1."""
    wanted = sa.select(FilePaper, WorkFile).join(WorkFile).where(FilePaper.document_id.in_(ids))
    rows = session.execute(wanted.order_by(WorkFile.year, WorkFile.code)).all()
    orders = {file.id: _order(session, file) for _, file in rows}
    found: dict[str, list[tuple[WorkFile, int]]] = {}
    for paper, file in rows:
        found.setdefault(paper.document_id, []).append((file, orders[file.id][paper.document_id]))
    return found


def _order(session: Session, file: WorkFile) -> dict[str, int]:
    wanted = sa.select(FilePaper.document_id).where(FilePaper.file_id == file.id)
    ids = session.scalars(wanted.order_by(FilePaper.position, FilePaper.document_id))
    return {one: place for place, one in enumerate(ids, 1)}


def _trace(session: Session, document: Document) -> str:
    """Row 17: who said and did what, oldest first, one line a step; of a secret paper nothing that was said."""
    decided = [one for one in document.routes if one.state != "suggested"]
    if not decided:
        return ""
    lines = [_step(one, quiet=bool(document.secrecy)) for one in trace.of_document(session, document)]
    said = [f"{one.unit}: {one.instruction}" for one in decided if one.instruction and not document.secrecy]
    return "\n".join([*lines, *said])


def _step(step: trace.Step, *, quiet: bool) -> str:
    words = [_STEPS.get(step.event, step.event), step.unit, step.to, step.person]
    if not quiet:
        words += [step.reason, step.reply]
    at = step.at.astimezone(HANOI)
    return f"{at:%d/%m/%Y %H:%M} {step.actor}: " + "; ".join(filter(None, words))


def file_record(session: Session, organ: str, file: WorkFile) -> Record:
    """One work file."""
    code, more = file_code(organ, file)
    return record(FILES, Folder(file, _papers(session, file), code), more)


def _papers(session: Session, file: WorkFile) -> Sequence[FilePaper]:
    wanted = sa.select(FilePaper).where(FilePaper.file_id == file.id).options(selectinload(FilePaper.document))
    return session.scalars(wanted.order_by(FilePaper.position, FilePaper.document_id)).all()


def of_file(
    session: Session, settings: Settings, file: WorkFile, papers: Sequence[tuple[Document, int]]
) -> Metadata:  # fmt: skip
    """The record of a file and of these papers of it, each with its place."""
    found = Metadata(settings.office, organ_id(session, settings, file.year), "", file.year)
    for document, place in papers:
        lines = [one for one in document.entries if one.status == "registered"]
        entry = max(lines, key=lambda one: (one.year, one.number)) if lines else None
        found.documents.append(paper_record(session, found.organ_id, entry, document, [(file, place)]))
    found.files = [file_record(session, found.organ_id, file)]
    return found
