"""Who has a document: what plugins suggest stands beside what a person decided.

NĐ 30/2020/NĐ-CP, arts. 23–24: the person in charge names the unit that leads (chủ trì), those that cooperate (phối
hợp) and the day by which it must be done.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history, people, register
from archive.errors import BadValue, Conflict
from archive.models import Document, Outbox, RegisterEntry, RouteRow, now

ROLES = {"lead": "chủ trì", "support": "phối hợp", "inform": "để biết"}

_locked = (
    sa.select(Document)
    .where(Document.id == sa.bindparam("id"))
    .with_for_update()
    .execution_options(populate_existing=True)
)


def decide(
    session: Session, document: Document, unit: str, role: str = "lead", due: dt.date | None = None,
    instruction: str = "", *, actor: str, at: dt.datetime | None = None,
) -> RouteRow:  # fmt: skip
    """Send a registered document to a unit (made when there is none of this name), in the caller's transaction.

    The same unit again: its role, day and instruction change. Only one unit leads: one that led before cooperates.
    Conflict when the document is not in the book: a paper that is not registered obliges nobody.
    """
    at = at or now()
    if role not in ROLES:
        raise BadValue(f"Vai trò phải là một trong: {', '.join(ROLES)}.")
    if len(instruction) > 2000:
        raise BadValue("Ý kiến chỉ đạo dài quá 2000 ký tự.")
    document = session.scalars(_locked, {"id": document.id}).one()
    if document.status not in ("registered", "routed", "handling"):
        raise Conflict("Văn bản chưa vào sổ (hoặc đã xong) nên chưa chuyển được. Hãy vào sổ trước.")
    target = people.unit_named(session, unit)
    route = _decided(session, document, target.id) or RouteRow(document_id=document.id, unit_id=target.id)
    route.unit, route.role, route.due, route.instruction = target.name, role, due, instruction.strip()
    route.state, route.source, route.confidence = "decided", "person", 1.0
    route.decided_by, route.decided_at = actor, at
    session.add(route)
    session.flush()
    if role == "lead":
        _let_lead(session, document, route)
    document.status = "routed" if document.status == "registered" else document.status
    document.version += 1
    session.add(Outbox(document_id=document.id))
    _write_into_book(session, document, at)
    facts = {"unit": target.id, "role": role, "due": due}
    history.append(session, actor, "routed", document.id, facts, at)
    return route


def _decided(session: Session, document: Document, unit_id: str) -> RouteRow | None:
    wanted = sa.select(RouteRow).where(
        RouteRow.document_id == document.id, RouteRow.unit_id == unit_id, RouteRow.state != "suggested"
    )
    return session.scalars(wanted.order_by(RouteRow.id).limit(1)).one_or_none()


def _let_lead(session: Session, document: Document, route: RouteRow) -> None:
    others = sa.select(RouteRow).where(
        RouteRow.document_id == document.id, RouteRow.role == "lead", RouteRow.state != "suggested",
        RouteRow.id != route.id,
    )  # fmt: skip
    for other in session.scalars(others):
        other.role = "support"
    document.unit_id = route.unit_id


def _write_into_book(session: Session, document: Document, at: dt.datetime) -> None:
    """Columns 7 and 8 of the book: the unit that leads, and the day it was sent there."""
    leading = sa.select(RouteRow.unit).where(
        RouteRow.document_id == document.id, RouteRow.role == "lead", RouteRow.state != "suggested"
    )
    unit = session.scalar(leading.limit(1))
    lines = sa.select(RegisterEntry).where(
        RegisterEntry.document_id == document.id, RegisterEntry.status == "registered"
    )
    for entry in session.scalars(lines) if unit else ():
        entry.recipient = unit or ""
        entry.forwarded_on = entry.forwarded_on or at.astimezone(register.HANOI).date()
