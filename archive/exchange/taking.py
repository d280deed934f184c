"""A stranger's bag is taken over, whole or not at all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history, register_days, sidecar
from archive.blobs import Blobs
from archive.database import Sessions
from archive.errors import Conflict, CopyBroken
from archive.exchange import screening
from archive.exchange.looking import Found, Plan, look, paper, plan_of
from archive.exchange.shapes import TAKEN_OVER, Exchanged, Tell
from archive.models import (
    Book,
    BookYear,
    CitationRow,
    ClosedDay,
    Confirmation,
    Document,
    Event,
    FindingRow,
    ImportedEvent,
    MarkRow,
    Outbox,
    PageRow,
    RegisterEntry,
    RouteRow,
    Scan,
    StampRow,
    Unit,
    Words,
)
from archive.pipeline.quarantine import RELEASED
from archive.register_books import lock_counter
from archive.scans import Limits

LIMITS = Limits()


def take_over(
    sessions: Sessions, blobs: Blobs, root: Path, *, actor: str, tell: Tell, keeps_secrets: bool = False,
    limits: Limits = LIMITS, harmless: Collection[str] = (),
) -> Exchanged:  # fmt: skip
    """Take a bag over, whole or not at all; again: nothing happens. CopyBroken, Conflict: nothing was written.

    `keeps_secrets`: papers with a mark of secrecy may come in, too (VANTHU_SECRETS=allow). Others are looked at, but
    for the documents (`harmless`) of which the actor says that they bear none: a false alarm would stop the whole year.
    """
    found = look(root, tell)
    if keeps_secrets:
        found.secret.clear()
    with sessions() as session:
        plan = _agreed(plan_of(session, found))
    if not keeps_secrets:
        plan.conflicts += screening.marked(found, [one for one in plan.papers if one not in harmless], limits, tell)
        _agreed(plan)
    for sha256 in sorted({found.papers[one] for one in plan.papers}):
        with found.bag.open(f"data/originals/{sha256}") as stream:
            if blobs.put(stream).sha256 != sha256:
                raise CopyBroken(f"data/originals/{sha256[:12]}…: đã bị đổi trong lúc nhập.")
    with sessions.begin() as session:
        plan = _agreed(plan_of(session, found))
        if plan.papers or plan.entries:
            _keep(session, found, plan, actor, tell)
            for document_id in sorted(set(harmless) & set(plan.papers)):
                scan_id = found.scans[found.papers[document_id]]
                history.append(session, actor, RELEASED, scan_id, {"bag": found.book.book})
    return Exchanged(len(plan.papers), len(plan.entries), plan.known, book=found.book.book, year=found.book.year)


def _agreed(plan: Plan) -> Plan:
    if plan.conflicts:
        more = f" … và {len(plan.conflicts) - 20} điều nữa" if len(plan.conflicts) > 20 else ""
        raise Conflict(f"Chưa nhập gì, vì mâu thuẫn với kho: {'; '.join(plan.conflicts[:20])}{more}.")
    return plan


def _keep(session: Session, found: Found, plan: Plan, actor: str, tell: Tell) -> None:
    book = found.book
    if session.get(Book, book.book) is None:
        session.add(Book(id=book.book, title=book.title, active=False))
    for unit in book.units:
        if session.get(Unit, unit.id) is None:
            session.add(Unit(id=unit.id, name=unit.name, active=False))
    session.flush()
    for count, document_id in enumerate(plan.papers, 1):
        _keep_paper(session, paper(found.bag, document_id))
        tell("nhập văn bản", count, len(plan.papers))
    for document_id in plan.papers:
        _keep_targets(session, paper(found.bag, document_id))
    _keep_lines(session, book, plan, actor)
    _keep_events(session, book.history)
    facts = {"lines": len(plan.entries), "documents": len(plan.papers), "known": plan.known}
    history.append(session, actor, TAKEN_OVER, f"{book.book}/{book.year}", facts)


def _keep_paper(session: Session, told: Any) -> None:
    scan, document = told.scan, told.document
    if session.get(Scan, scan.id) is None:
        session.add(Scan(**_row(scan)))
        session.flush()
        for page in told.pages:
            words = Words(data=sidecar.packed(page.words))
            session.add(PageRow(scan_id=scan.id, **_row(page.row), words=words))
        session.add_all(MarkRow(scan_id=scan.id, **_row(one)) for one in told.marks)
    session.add(Document(**_row(document)))
    session.flush()
    session.add_all(StampRow(scan_id=scan.id, document_id=document.id, **_row(one)) for one in told.stamps)
    session.add_all(FindingRow(document_id=document.id, **_row(one)) for one in told.findings)
    session.add_all(Confirmation(document_id=document.id, **_row(one)) for one in told.confirmed)
    session.add_all(
        CitationRow(document_id=document.id, **(_row(one) | {"target_id": None})) for one in told.citations
    )  # fmt: skip
    routes = [RouteRow(document_id=document.id, **_row(one.row)) for one in told.routes]
    for route in routes:
        session.add(route)
        session.flush()  # in their order: ids are the order
    for route, one in zip(routes, told.routes, strict=True):
        route.parent_id = routes[one.parent].id if one.parent is not None else None
    _keep_events(session, told.history)
    session.add(Outbox(document_id=document.id))
    session.flush()
    session.expunge_all()


def _row(shape: Any) -> dict[str, Any]:
    """Columns of a row: JSON as plain values, days and moments as they are."""
    plain = shape.model_dump(mode="json", exclude_unset=True)
    return {name: plain[name] if isinstance(plain[name], list | dict) else getattr(shape, name) for name in plain}


def _keep_targets(session: Session, told: Any) -> None:
    """Citations lead to papers once all of them are here."""
    rows = session.scalars(
        sa.select(CitationRow).where(CitationRow.document_id == told.document.id).order_by(CitationRow.id)
    )
    for row, one in zip(rows, told.citations, strict=True):
        row.target_id = one.target_id if one.target_id and session.get(Document, one.target_id) else None
    session.flush()
    session.expunge_all()


def _keep_lines(session: Session, book: Any, plan: Plan, actor: str) -> None:
    counter = lock_counter(session, book.book, book.year)
    begun = counter.last or book.first - 1
    counter.first = min(counter.first, book.first) if counter.last else book.first
    for one in plan.entries:
        there = session.get(RegisterEntry, (one.book_id, one.year, one.number))
        if there is not None:
            session.delete(there)  # it waited for this very paper
    session.flush()
    if plan.entries:
        session.execute(sa.insert(RegisterEntry), [_row(one) for one in plan.entries])
        counter.last = max(begun, *(one.number for one in plan.entries))
        _await_between(session, counter, begun, {one.number for one in plan.entries}, actor)
    for day in book.days:
        _keep_day(session, day)


def _await_between(session: Session, counter: BookYear, begun: int, taken: set[int], actor: str) -> None:
    """Between the book that was here and the one that came there may be numbers of neither: they wait."""
    waiting = sorted(set(range(begun + 1, counter.last + 1)) - taken)
    if waiting:
        line = {"book_id": counter.book_id, "year": counter.year, "status": "awaited", "registered_by": actor}
        session.execute(sa.insert(RegisterEntry), [line | {"number": n} for n in waiting])
        facts = {"book": counter.book_id, "year": counter.year, "from": waiting[0], "to": waiting[-1]}
        history.append(session, actor, "numbers_awaited", f"{counter.book_id}/{counter.year}", facts)


def _keep_day(session: Session, day: Any) -> None:
    """A closed day is closed here, too, where its lines are the very same; else it stays open."""
    if session.get(ClosedDay, (day.book_id, day.day)) is None:
        lines = register_days.look(session, day.book_id, day.day).entries
        if register_days.digest(lines) == day.digest:
            session.add(ClosedDay(**_row(day)))
            session.flush()


def _keep_events(session: Session, lines: Sequence[Any]) -> None:
    """What another archive wrote down; not what is our own, or here already."""
    hashes = [one.hash for one in lines]
    known: set[str] = set()
    for start in range(0, len(hashes), 500):
        for kind in (Event, ImportedEvent):
            known |= set(session.scalars(sa.select(kind.hash).where(kind.hash.in_(hashes[start : start + 500]))))
    new = {one.hash: _row(one) for one in lines if one.hash not in known}
    if new:
        session.execute(sa.insert(ImportedEvent), list(new.values()))
