"""Who has a document: what plugins suggest stands beside what a person decided.

NĐ 30/2020/NĐ-CP, arts. 23–24: the person in charge names the unit that leads (chủ trì), those that cooperate (phối
hợp) and the day by which it must be done. What the units then do with it is in archive/handling.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history, people, urgency
from archive.errors import BadValue, Conflict, NotFound, Stale
from archive.models import DOCUMENT_FOR_UPDATE, Document, Outbox, RegisterEntry, RouteRow, User, now
from archive.workdays import HANOI, Calendar

ROLES = {"lead": "chủ trì", "support": "phối hợp", "inform": "để biết"}
LIVE = ("decided", "received", "finished")
"""States of a route that counts; the others were returned, passed on, taken back or only suggested."""
OPEN = ("decided", "received")
IN_THE_BOOK = ("registered", "routed", "handling", "done")
LONGEST = 2000
STALE = "Văn bản vừa được người khác điều phối. Chưa có gì bị mất: hãy tải lại, xem quyết định mới rồi quyết lại."

_routes = (
    sa.select(RouteRow).where(RouteRow.document_id == sa.bindparam("id")).execution_options(populate_existing=True)
)


@dataclass(frozen=True)
class Part:
    """What one unit is to do with a paper."""

    unit: str
    """Its name; made when there is none."""
    role: str = "lead"
    due: dt.date | None = None
    instruction: str = ""
    person_id: str | None = None
    """Giao đích danh: somebody of the unit."""

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise BadValue(f"Vai trò phải là một trong: {', '.join(ROLES)}.")
        if len(self.instruction) > LONGEST:
            raise BadValue(f"Ý kiến chỉ đạo dài quá {LONGEST} ký tự.")


def lock(session: Session, document_id: str, if_version: int | None = None) -> Document:
    """The document, locked until the transaction ends; Stale when it is at another version, NotFound."""
    document = session.scalars(DOCUMENT_FOR_UPDATE, {"id": document_id}).one_or_none()
    if document is None:
        raise NotFound("Không có văn bản này.")
    if if_version not in (None, document.version):
        raise Stale(STALE)
    # What this session read of the routes before it had the lock may be older than what stands there now.
    session.scalars(_routes, {"id": document_id}).all()
    return document


def decide(
    session: Session, document: Document, unit: str, role: str = "lead", due: dt.date | None = None,
    instruction: str = "", *, actor: str, at: dt.datetime | None = None, if_version: int | None = None,
    person_id: str | None = None,
) -> RouteRow:  # fmt: skip
    """Send a registered document to a unit (made when there is none of this name), in the caller's transaction.

    The same unit again: its role, day and instruction change. Only one unit leads: one that led before cooperates.
    Conflict when the document is not in the book: a paper that is not registered obliges nobody. Stale.
    """
    part = Part(unit, role, due, instruction.strip(), person_id)
    at = at or now()
    document = _in_the_book(lock(session, document.id, if_version))
    route = _send(session, document, part, actor, at)
    _close(session, document, [(route, "routed")], actor, at)
    return route


def distribute(
    session: Session, document: Document, parts: Sequence[Part], *, actor: str, at: dt.datetime | None = None,
    if_version: int | None = None,
) -> list[RouteRow]:  # fmt: skip
    """Decide of all units at once: those of `parts` get it, others that have it open lose it, in one transaction.

    BadValue unless exactly one leads; where nobody is to act, a paper may only inform. Stale, Conflict as `decide`.
    """
    at = at or now()
    document = _in_the_book(lock(session, document.id, if_version))
    _check(parts)
    changed = [(_send(session, document, part, actor, at), "routed") for part in parts]
    kept = {route.id for route, _ in changed}
    for route in decided(document):
        if route.state in OPEN and route.id not in kept:
            close(route, "recalled", "", actor, at)
            changed.append((route, "recalled"))
    _close(session, document, changed, actor, at)
    return [route for route, event in changed if event == "routed"]


def _check(parts: Sequence[Part]) -> None:
    leading = sum(part.role == "lead" for part in parts)
    acting = sum(part.role != "inform" for part in parts)
    if not parts:
        raise BadValue("Chưa chọn đơn vị nào. Hãy chọn đơn vị chủ trì.")
    if leading > 1:
        raise BadValue("Chỉ một đơn vị chủ trì; các đơn vị khác phối hợp.")
    if acting and not leading:
        raise BadValue("Có đơn vị phối hợp thì phải có một đơn vị chủ trì.")
    names = [part.unit.strip().casefold() for part in parts]
    if len(set(names)) < len(names):
        raise BadValue("Một đơn vị được chọn hai lần. Hãy bỏ bớt một vai trò.")


def _in_the_book(document: Document) -> Document:
    if document.status not in ("registered", "routed", "handling"):
        raise Conflict("Văn bản chưa vào sổ (hoặc đã xong) nên chưa chuyển được. Hãy vào sổ trước.")
    return document


def _send(session: Session, document: Document, part: Part, actor: str, at: dt.datetime) -> RouteRow:
    """The unit's route as `part` says; a unit that has the paper already keeps it, one that had it gets it anew."""
    target = people.unit_named(session, part.unit)
    route = next((one for one in decided(document) if one.unit_id == target.id), None)
    if route is None:
        route = RouteRow(document_id=document.id, unit_id=target.id, unit=target.name, source="person", confidence=1.0)
        document.routes.append(route)
    if route.state not in OPEN:
        open_again(route)
    route.unit, route.role, route.due, route.instruction = target.name, part.role, part.due, part.instruction
    route.decided_by, route.decided_at = actor, at
    if part.person_id:  # whom the head of the unit named stays otherwise
        give_to(session, route, part.person_id, actor, at)
    route.version = (route.version or 0) + 1
    if part.role == "lead":
        _let_lead(document, route)
    session.flush()
    return route


def open_again(route: RouteRow) -> None:
    """As if it was never taken over: what came of it before is in the history."""
    route.state, route.closed_reason = "decided", ""
    route.received_by = route.received_at = route.closed_by = route.closed_at = route.parent_id = None
    route.asked_due, route.asked_reason, route.first_due, route.reply = None, "", None, ""
    route.person_id = route.person = route.person_due = route.assigned_by = route.assigned_at = None
    route.opinion = route.proposal = ""
    route.proposed_by = route.proposed_at = None


def give_to(session: Session, route: RouteRow, person_id: str | None, actor: str, at: dt.datetime) -> None:
    """Name the person of the unit, or nobody; BadValue unless it is one who works there."""
    person = session.get(User, person_id) if person_id else None
    if person_id and (person is None or not person.active or person.unit_id != route.unit_id):
        raise BadValue("Người được giao không thuộc đơn vị này (hoặc đã khoá). Hãy chọn lại.")
    if route.person_id != person_id:
        route.person_id, route.person = person_id, person
        route.assigned_by, route.assigned_at = (actor, at) if person else (None, None)


def close(route: RouteRow, state: str, reason: str, actor: str, at: dt.datetime) -> None:
    """The unit is done with it: finished, returned, passed on or taken back."""
    route.state, route.closed_reason, route.closed_by, route.closed_at = state, reason, actor, at
    route.asked_due, route.asked_reason = None, ""
    route.version += 1


def decided(document: Document) -> list[RouteRow]:
    """What people decided, whatever became of it."""
    return [route for route in document.routes if route.state != "suggested"]


def leading(document: Document) -> RouteRow | None:
    """The route of the unit that leads now."""
    return next((one for one in document.routes if one.role == "lead" and one.state in LIVE), None)


def _let_lead(document: Document, route: RouteRow) -> None:
    for other in decided(document):
        if other is not route and other.role == "lead":
            other.role = "support"
            other.version += 1


def _close(
    session: Session, document: Document, changed: Iterable[tuple[RouteRow, str]], actor: str, at: dt.datetime
) -> None:
    follow(session, document)
    for route, event in changed:
        tell(session, document, route, event, actor, at)


def follow(session: Session, document: Document) -> None:
    """What stands in the document and in the book follows from its routes, here and nowhere else.

    registered: no unit leads (nothing decided, or given back) · routed · handling: somebody took it over · done: the
    unit that leads has finished, or all that were to be informed are.
    """
    lead = leading(document)
    live = [route for route in document.routes if route.state in LIVE]
    if document.status in IN_THE_BOOK:
        document.status = _status(lead, live)
    document.unit_id = lead.unit_id if lead else None
    document.version += 1
    session.add(Outbox(document_id=document.id))
    _write_into_book(session, document, live)
    session.flush()


def resume(session: Session, document: Document) -> None:
    """A paper whose number was voided is in the book again: who had it before has it still."""
    if any(route.state in LIVE for route in document.routes):
        follow(session, document)


def _status(lead: RouteRow | None, live: Sequence[RouteRow]) -> str:
    if lead is not None:
        taken = any(route.state != "decided" for route in live if route.role != "inform")
        return "done" if lead.state == "finished" else "handling" if taken else "routed"
    if not live or any(route.role != "inform" for route in live):
        return "registered"
    return "done" if all(route.state == "finished" for route in live) else "routed"


def _write_into_book(session: Session, document: Document, live: Sequence[RouteRow]) -> None:
    """Columns 7 to 9 of the book: who has it, since when, and who signed for it."""
    lines = sa.select(RegisterEntry).where(
        RegisterEntry.document_id == document.id, RegisterEntry.status == "registered"
    )
    ranked = sorted(live, key=lambda route: list(ROLES).index(route.role))
    sent = min((route.decided_at for route in live if route.decided_at), default=None)
    for entry in session.scalars(lines):
        entry.recipient = _recipients(ranked)[:300]
        entry.forwarded_on = sent.astimezone(HANOI).date() if sent else None
        entry.receipt = "; ".join(_receipt(route) for route in ranked if route.received_at)[:200]


def _recipients(ranked: Sequence[RouteRow]) -> str:
    """`Phòng Văn xã; phối hợp: Phòng Tổng hợp, Phòng Nội chính`."""
    groups = [(role, [route.unit for route in ranked if route.role == role]) for role in ROLES]
    said = [
        ", ".join(units) if role == "lead" else f"{ROLES[role]}: {', '.join(units)}" for role, units in groups if units
    ]
    return "; ".join(said)


def _receipt(route: RouteRow) -> str:
    return f"{route.received_by} {route.received_at.astimezone(HANOI):%d/%m/%Y}" if route.received_at else ""


def tell(
    session: Session, document: Document, route: RouteRow, event: str, actor: str, at: dt.datetime,
    more: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write what happened to a route into the history; of a secret paper nothing that somebody wrote about it."""
    facts: dict[str, Any] = {"route": route.id, "unit": route.unit_id, "role": route.role, "due": route.due}
    if route.person_id:
        facts["person"] = route.person_id
    if not document.secrecy:
        facts |= {name: value for name, value in (more or {}).items() if value}
    history.append(session, actor, event, document.id, facts, at)


def due_of(route: RouteRow, arrived: dt.date | None, calendar: Calendar, mark: str | None) -> dt.date | None:
    """The day a suggestion means, holidays counted; with `mark`, how urgent: at once (art. 24)."""
    if route.days is None or arrived is None:
        return route.due
    return calendar.after(arrived, 0 if urgency.rank(mark) < urgency.LAST else route.days)
