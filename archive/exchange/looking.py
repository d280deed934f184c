"""A stranger's bag is looked at: every hash, every shape, every contradiction with what is here; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import bagit, register_days, sidecar
from archive.errors import CopyBroken
from archive.exchange.shapes import BOOK, TABLE, BookFile, Tell
from archive.models import WITHHELD, Document, RegisterEntry, Scan, Unit
from archive.register_books import FARTHEST_AHEAD


@dataclass
class Found:
    """A bag whose every file has the shape it should have."""

    bag: bagit.Bag
    book: Any
    papers: dict[str, str]
    """document → the scan's SHA-256"""
    scans: dict[str, str]
    """SHA-256 → scan"""
    secret: set[str] = field(default_factory=set)
    """Documents with a grade or a mark of secrecy: an archive on a network of its own may hold them, ours may not."""


@dataclass
class Plan:
    """What of a bag is new here, and what contradicts."""

    papers: list[str] = field(default_factory=list)
    entries: list[Any] = field(default_factory=list)
    known: int = 0
    conflicts: list[str] = field(default_factory=list)


def look(root: Path, tell: Tell) -> Found:
    """Read a bag without writing anything. CopyBroken says what is wrong with it."""
    bag = bagit.verify(root)
    book: Any = sidecar.read(BookFile, _content(bag, BOOK), BOOK)
    sidecar.check_events(book.history, BOOK)
    _check_lines(book)
    ids = [one.document_id for one in book.entries if one.document_id]
    found = Found(bag, book, {}, {})
    for count, document_id in enumerate(ids, 1):
        told = paper(bag, document_id)
        _check_paper(found, told, document_id)
        found.papers[document_id], found.scans[told.scan.sha256] = told.scan.sha256, told.scan.id
        if told.document.secrecy or any(mark.kind == "secrecy" for mark in told.marks):
            found.secret.add(document_id)
        tell("kiểm tra văn bản", count, len(ids))
    wanted = {BOOK, TABLE, *(f"data/documents/{one}.json" for one in ids)}
    wanted |= {f"data/originals/{sha256}" for sha256 in found.scans}
    if odd := sorted(wanted ^ bag.payload.keys()):
        raise CopyBroken(f"{odd[0]}: không thuộc về túi này, hoặc thiếu.")
    for sha256 in found.scans:
        if bag.payload[f"data/originals/{sha256}"] != sha256:
            raise CopyBroken(f"data/originals/{sha256[:12]}…: nội dung không phải của tên này.")
    return found


def _content(bag: bagit.Bag, name: str) -> bytes:
    if name not in bag.payload:
        raise CopyBroken(f"{name}: thiếu trong túi.")
    return bag.read(name, sidecar.MOST_BYTES)


def paper(bag: bagit.Bag, document_id: str) -> Any:
    """One sidecar of the bag, checked. CopyBroken."""
    name = f"data/documents/{document_id}.json"
    return sidecar.parse(_content(bag, name), name)


def _check_lines(book: Any) -> None:
    """The lines are of this book and year, each number and each document once, none beyond the last."""
    numbers = [one.number for one in book.entries]
    ids = [one.document_id for one in book.entries if one.document_id]
    of_book = all((one.book_id, one.year) == (book.book, book.year) for one in book.entries)
    if not of_book or len(set(numbers)) < len(numbers) or len(set(ids)) < len(ids):
        raise CopyBroken(f"{BOOK}: có dòng của sổ khác, hoặc một số hay một văn bản đứng hai lần.")
    if any(not 1 <= number <= book.last for number in numbers) or book.last > max([0, *numbers]) + FARTHEST_AHEAD:
        raise CopyBroken(f"{BOOK}: số đến không khớp với số cuối của sổ.")
    if any(one.status not in ("registered", "awaited", "void") for one in book.entries):
        raise CopyBroken(f"{BOOK}: có dòng với tình trạng lạ.")
    if any(one.document_id and one.status != "registered" for one in book.entries):
        raise CopyBroken(f"{BOOK}: văn bản đứng ở dòng chờ hoặc đã huỷ.")
    if any((one.book_id, one.day.year) != (book.book, book.year) for one in book.days):
        raise CopyBroken(f"{BOOK}: có ngày khóa của sổ khác.")


def _check_paper(found: Found, told: Any, document_id: str) -> None:
    lines = {one.number: one for one in found.book.entries if one.document_id == document_id}
    if told.document.id != document_id or {one.number: one for one in told.entries} != lines:
        raise CopyBroken(f"data/documents/{document_id}.json: không khớp với dòng trong sổ.")
    if found.scans.get(told.scan.sha256, told.scan.id) != told.scan.id or told.scan.status in WITHHELD:
        raise CopyBroken(f"data/documents/{document_id}.json: bản quét không khớp.")
    units = {told.document.unit_id, *(route.row.unit_id for route in told.routes)} - {None}
    if not units <= {one.id for one in found.book.units}:
        raise CopyBroken(f"data/documents/{document_id}.json: có đơn vị không nằm trong {BOOK}.")
    if any(page.words is None for page in told.pages):
        raise CopyBroken(f"data/documents/{document_id}.json: thiếu chữ của trang.")


def plan_of(session: Session, found: Found) -> Plan:
    """What of the bag is new here, what is here already, what contradicts."""
    plan = Plan()
    for line in found.book.entries:
        _weigh_line(session, plan, line)
    for document_id, sha256 in found.papers.items():
        _weigh_paper(session, plan, document_id, sha256, found.scans[sha256])
    plan.conflicts += [f"văn bản {one}: có mức độ mật, máy này không được giữ" for one in plan.papers
                       if one in found.secret]  # fmt: skip
    _weigh_days(session, plan, found.book)
    for unit in found.book.units:
        same = session.scalars(sa.select(Unit).where(sa.or_(Unit.id == unit.id, Unit.name == unit.name))).all()
        if any((one.id, one.name) != (unit.id, unit.name) for one in same):
            plan.conflicts.append(f"đơn vị {unit.id}: ở đây tên khác ({same[0].name})")
    return plan


def _weigh_line(session: Session, plan: Plan, line: Any) -> None:
    here = session.get(RegisterEntry, (line.book_id, line.year, line.number))
    if here is None or (here.status == "awaited" and line.status != "awaited"):
        plan.entries.append(line)
    elif line.status == "awaited" or (here.status, here.document_id) == (line.status, line.document_id):
        plan.known += 1
    else:
        plan.conflicts.append(f"số {line.number}: ở đây đã là của văn bản khác, hoặc đã huỷ")


def _weigh_paper(session: Session, plan: Plan, document_id: str, sha256: str, scan_id: str) -> None:
    scan = session.scalar(sa.select(Scan).where(sa.or_(Scan.sha256 == sha256, Scan.id == scan_id)))
    here = session.get(Document, document_id)
    if scan and ((scan.id, scan.sha256) != (scan_id, sha256) or scan.status in WITHHELD):
        plan.conflicts.append(f"văn bản {document_id}: bản quét {sha256[:12]}… đã ở đây dưới mã khác, hoặc bị cách ly")
    elif here and here.scan_id != scan_id:
        plan.conflicts.append(f"văn bản {document_id}: ở đây thuộc bản quét khác")
    elif here:
        plan.known += 1
    else:
        plan.papers.append(document_id)


def _weigh_days(session: Session, plan: Plan, book: Any) -> None:
    closed = register_days.closed_until(session, book.book, book.year)
    late = [one.number for one in plan.entries if closed and one.arrived_on and one.arrived_on <= closed]
    if closed and late:
        plan.conflicts.append(f"số {late[0]}: sổ ở đây đã khóa đến hết ngày {closed:%d/%m/%Y}")
