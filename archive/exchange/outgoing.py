"""A bag of a book's year is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import bagit, sidecar
from archive.blobs import Blobs
from archive.database import Sessions
from archive.errors import CopyBroken
from archive.exchange.shapes import TAKEN_OVER, BookFile, Exchanged, Tell, UnitFacts
from archive.models import WITHHELD, Book, BookYear, ClosedDay, Document, RegisterEntry, Scan, Unit, now
from archive.register_books import named
from archive.register_export import export_csv
from archive.version import VERSION


def export(readers: Sessions, blobs: Blobs, book_id: str, year: int, root: Path, *, tell: Tell) -> Exchanged:
    """Write a bag of a book's year to the new or empty folder `root`. NotFound, NotEmpty, CopyBroken."""
    with readers() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        book = named(session, book_id)
        bag = bagit.Writer(root.absolute())
        info = {"External-Identifier": f"{book_id}/{year}", "Bag-Software-Agent": f"Van Thu {VERSION}"}
        whole = False
        try:
            done = _write(session, blobs, bag, book, year, tell)
            bag.finish(info, now())
            whole = True
        finally:
            if not whole:
                bag.abandon()
    return done


def _write(session: Session, blobs: Blobs, bag: bagit.Writer, book: Book, year: int, tell: Tell) -> Exchanged:
    lines = session.scalars(_lines(book.id, year)).all()
    papers = _papers(session, [line.document_id for line in lines if line.document_id])
    done = Exchanged(len(papers), len(lines), book=book.id, year=year)
    units: set[str] = set()
    originals: set[str] = set()
    for count, document_id in enumerate(papers, 1):
        document = session.get_one(Document, document_id)
        told = _sidecar(session, document, book.id, year, papers)
        units |= {document.unit_id or "", *(route.row.unit_id or "" for route in told.routes)} - {""}
        bag.add(f"documents/{document_id}.json", sidecar.dumped(told))
        if told.scan.sha256 not in originals:
            originals.add(told.scan.sha256)
            _add_original(bag, blobs, told.scan.sha256)
        session.expire_all()
        tell("văn bản", count, len(papers))
    entries = [sidecar.EntryShape.model_validate(line) for line in session.scalars(_lines(book.id, year))]
    for entry in cast(list[Any], entries):
        if entry.document_id and entry.document_id not in papers:
            entry.document_id, done.withheld = None, done.withheld + 1
    bag.add("book.json", sidecar.dumped(_book_file(session, book, year, entries, units)))
    bag.add("register.csv", export_csv(session, book.id, year).encode())
    return done


def _lines(book_id: str, year: int) -> sa.Select[RegisterEntry]:
    of_year = sa.and_(RegisterEntry.book_id == book_id, RegisterEntry.year == year)
    return sa.select(RegisterEntry).where(of_year).order_by(RegisterEntry.number)


def _papers(session: Session, ids: Sequence[str]) -> dict[str, None]:
    """Those of these documents that may leave, in this order."""
    may = sa.select(Document.id).join(Scan).where(Scan.status.not_in(WITHHELD))
    known = {one for start in range(0, len(ids), 500) for one in session.scalars(
        may.where(Document.id.in_(ids[start : start + 500])))}  # fmt: skip
    return dict.fromkeys(one for one in ids if one in known)


def _sidecar(session: Session, document: Document, book_id: str, year: int, papers: Mapping[str, None]) -> Any:
    """What may leave with this book: lines of other books, work files and papers outside stay here."""
    told = sidecar.of_document(session, document, f"../originals/{document.scan.sha256}", words=True)
    told.entries = [one for one in told.entries if (one.book_id, one.year) == (book_id, year)]
    told.files = []
    for citation in told.citations:
        if citation.target_id not in papers:
            citation.target_id = None
    return told


def _add_original(bag: bagit.Writer, blobs: Blobs, sha256: str) -> None:
    with blobs.open(sha256) as stream:
        if bag.add(f"originals/{sha256}", stream) != sha256:
            raise CopyBroken(f"Bản gốc {sha256[:12]}… trong kho đã hỏng nên chưa xuất; xem vanthu check --deep")


def _book_file(session: Session, book: Book, year: int, entries: Sequence[Any], units: set[str]) -> BookFile:
    counter = session.get(BookYear, (book.id, year))
    of_year = sa.select(ClosedDay).where(ClosedDay.book_id == book.id, sa.extract("year", ClosedDay.day) == year)
    days = session.scalars(of_year.order_by(ClosedDay.day)).all()
    subjects = [f"{book.id}/{year}", *(f"{book.id}/{one.day}" for one in days)]
    told = [one for one in sidecar.events(session, subjects) if one.action != TAKEN_OVER]
    rows = session.scalars(sa.select(Unit).where(Unit.id.in_(units)).order_by(Unit.id))
    return BookFile.model_construct(
        format="vanthu-book-1", book=book.id, title=book.title, year=year, first=counter.first if counter else 1,
        last=counter.last if counter else 0, entries=list(entries),
        days=[sidecar.DayShape.model_validate(one) for one in days],
        units=[UnitFacts(id=one.id, name=one.name) for one in rows], history=told,
    )  # fmt: skip
