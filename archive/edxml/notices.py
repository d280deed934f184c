"""Senders that recall, change or replace a paper the archive holds: a notice on it, never done by itself.

NĐ 30/2020/NĐ-CP, art. 18: a recalled paper is told to those it was sent to; they act, not the message.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.edxml import KIND
from archive.edxml.told import RECALL, REPLACE, UPDATE, Named, Told
from archive.models import WITHHELD, Document, Event, Message, Origin
from archive.vietnamese import fold

ACTIONS = {RECALL: "recall_asked", UPDATE: "update_asked", REPLACE: "replacement_told"}
_of_key = (
    sa.select(Document, Message).join(Origin, Origin.scan_id == Document.scan_id)
    .join(Message, Message.id == Origin.message_id)
    .where(Message.kind == KIND, Message.key == sa.bindparam("key"), Document.ordinal == 1, Document.status != "void")
    .order_by(Origin.id)
)  # fmt: skip
_told = (
    sa.select(Event).where(Event.subject == sa.bindparam("document"), Event.action.in_(ACTIONS.values()))
    .order_by(Event.seq)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """What a sender asks about a paper; `at` ISO; `trusted`: the message bears a signature of somebody believed."""

    action: str
    sender: str
    reason: str
    at: str
    message: str
    trusted: bool = False


def about(told: Told) -> list[Named]:
    """The papers a message asks something about."""
    if told.business not in ACTIONS:
        return []
    return list(dict.fromkeys(one for one in (told.business_about, *told.replaces) if one.id))


def find(session: Session, named: Named, but: str = "") -> Document | None:
    """The one document a DocumentId names; None where there is none, or more than one. `but`: not of this message."""
    rows = session.execute(_of_key, {"key": named.id}).all()
    # Its appendixes came by the same message.
    papers = {one.id: one for one, message in rows if one.scan.sha256 == message.facts.get("main")}
    papers = {id_: one for id_, one in papers.items() if not _came_by(session, one, but)}
    if papers:
        return next(iter(papers.values())) if len(papers) == 1 else None
    if not named.code or not named.date:
        return None
    of_day = sa.select(Document).where(Document.date == named.date, Document.status != "void")
    same = [one for one in session.scalars(of_day) if fold(one.full_code or "") == fold(named.code)]
    same = [one for one in same if not _came_by(session, one, but)]
    return same[0] if len(same) == 1 else None


def is_about_secret(session: Session, told: Told, but: str = "") -> bool:
    """Whether a message asks something about a secret paper: its reason may say what that is about."""
    found = (find(session, one, but) for one in about(told))
    return any(one is not None and _is_secret(one) for one in found)


def _is_secret(document: Document) -> bool:
    return document.secrecy is not None or document.scan.status in WITHHELD


def _came_by(session: Session, document: Document, message_id: str) -> bool:
    wanted = sa.select(Origin.id).where(Origin.scan_id == document.scan_id, Origin.message_id == message_id)
    return session.scalar(wanted.limit(1)) is not None


def tell(
    session: Session, message_id: str, told: Told, actor: str, at: dt.datetime, *, trusted: bool = False
) -> list[str]:
    """Write a notice on each paper that is held, once for a message; ids of the papers."""
    found = [find(session, one, but=message_id) for one in about(told)]
    for document in (one for one in found if one):
        if not any(one.message == message_id for one in of(session, document.id)):
            sender = told.sender.name or told.sender.id
            facts = {"message": message_id, "sender": sender[:300], "reason": told.business_reason[:500],
                     "trusted": trusted}  # fmt: skip
            history.append(session, actor, ACTIONS[told.business], document.id, facts, at)
    return [one.id for one in found if one]


def of(session: Session, document_id: str) -> list[Notice]:
    """What was asked about a paper, oldest first."""
    events = session.scalars(_told, {"document": document_id}).all()
    facts = [json.loads(event.data) for event in events]
    return [
        Notice(event.action, str(one.get("sender", "")), str(one.get("reason", "")), event.at, str(one.get("message")),
               bool(one.get("trusted")))
        for event, one in zip(events, facts, strict=True)
    ]  # fmt: skip
