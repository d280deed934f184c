"""Who had a paper when: its steps of handling out of the history, told with names instead of ids."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import handling
from archive.models import Document, Event, ImportedEvent, Unit, User

EVENTS = ("registered", "number_voided", "routed", *dict.fromkeys(one.event for one in handling.MOVES.values()))
MOST = 500
Told = Event | ImportedEvent


@dataclass(frozen=True)
class Step:
    """One step; what nobody said is empty."""

    at: dt.datetime
    actor: str
    """The full name where there is one."""
    event: str
    unit: str = ""
    role: str = ""
    due: dt.date | None = None
    person: str = ""
    reason: str = ""
    reply: str = ""
    to: str = ""
    """The unit it was passed on to."""


def happened(session: Session, document: Document, only: Sequence[str] = (), limit: int = 1000) -> list[Told]:
    """What happened to the paper and to its scan, here and before in the archive it came from; oldest first.

    `only`: these actions. Of very many the latest `limit`.
    """
    found: list[Told] = []
    for kind in (ImportedEvent, Event):
        wanted = sa.select(kind).where(kind.subject.in_((document.id, document.scan_id)))
        if only:
            wanted = wanted.where(kind.action.in_(only))
        latest: list[Any] = list(session.scalars(wanted.order_by(kind.at.desc(), kind.seq.desc()).limit(limit)))
        found += reversed(latest)
    return found


def of_document(session: Session, document: Document) -> Sequence[Step]:
    """The steps, oldest first."""
    told = happened(session, document, EVENTS, MOST)
    events = [one for one in told if one.subject == document.id]
    facts = [json.loads(event.data) for event in events]
    names = _names(session, events, facts)
    return [_step(event, said, names) for event, said in zip(events, facts, strict=True)]


def _names(session: Session, events: Sequence[Told], facts: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Slugs of units, ids and sign-in names of people → what they are called."""
    units = {str(said[name]) for said in facts for name in ("unit", "to") if said.get(name)}
    people = {event.actor for event in events} | {str(said["for"]) for said in facts if said.get("for")}
    people |= {str(said["person"]) for said in facts if said.get("person")}
    found = {unit.id: unit.name for unit in session.scalars(sa.select(Unit).where(Unit.id.in_(units)))}
    for user in session.scalars(sa.select(User).where(sa.or_(User.id.in_(people), User.name.in_(people)))):
        found[user.id] = found[user.name] = user.full_name or user.name
    return found


def _step(event: Told, said: dict[str, Any], names: dict[str, str]) -> Step:
    def called(name: str) -> str:
        value = str(said.get(name) or "")
        return names.get(value, value)

    actor = names.get(event.actor, event.actor)
    if said.get("for"):
        actor = f"{actor} thay mặt {called('for')}"
    return Step(
        dt.datetime.fromisoformat(event.at), actor, event.action, called("unit"),
        str(said.get("role") or ""), dt.date.fromisoformat(said["due"]) if said.get("due") else None,
        called("person"), str(said.get("reason") or ""), str(said.get("reply") or ""), called("to"),
    )  # fmt: skip
