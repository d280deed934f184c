"""The letters and messages that came, the latest first: narrowed, a page at a time, and what became of one of them.

What a person may see of them is `access.visible_messages`; of withheld ones only that they came is told, to whoever
decides about them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from archive import access, ledger, messages
from archive.edxml import statuses
from archive.edxml.statuses import NAMES
from archive.errors import NotFound
from archive.models import Document, Event, Message, Origin, Scan, User
from archive.vietnamese import fold

MOST_WORDS = 8
REFUSED_AT_ONCE = 50
_ID = re.compile(r"[0-9a-f]{32}")
_LATEST = (Message.received_at.desc(), Message.id.desc())


@dataclass(frozen=True, slots=True)
class Asked:
    """How the list is narrowed; `after` is the id of the last message of the page before."""

    kind: str = ""
    refused: bool = False
    words: str = ""
    after: str = ""


@dataclass(frozen=True)
class Page:
    """Some messages, and how many files each brought; `cursor` is what to ask for next, "" at the end."""

    messages: Sequence[Message]
    files: Mapping[str, int]
    destroyed: frozenset[str]
    """Ids of the withheld ones whose bytes have ended."""
    cursor: str


@dataclass(frozen=True, slots=True)
class Told:
    """A status that was sent back; `at` ISO."""

    code: str
    name: str
    at: str
    document_id: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that was refused whole: when (ISO), at which door, why, how many bytes where that was known."""

    at: str
    door: str
    reason: str
    size: int | None


def page(session: Session, user: User | None, asked: Asked, limit: int = 50) -> Page:
    """The messages `user` may see, and that withheld ones came for who may decide about them."""
    wanted = narrowed(session, user, asked).limit(limit + 1)
    found = session.scalars(wanted).all()
    shown = found[:limit]
    files, cursor = _files(session, [one.id for one in shown]), shown[-1].id if len(found) > limit else ""
    return Page(shown, files, _destroyed(session, shown), cursor)


def narrowed(session: Session, user: User | None, asked: Asked) -> sa.Select[Message]:
    """What is asked for, the latest first."""
    wanted = sa.select(Message).where(_seen(user, asked)).order_by(*_LATEST)
    if asked.kind:
        wanted = wanted.where(Message.kind == asked.kind)
    if asked.refused:
        wanted = wanted.where(Message.refused)
    for word in fold(asked.words).split()[:MOST_WORDS]:
        wanted = wanted.where(Message.words.contains(word, autoescape=True))
    if asked.after:
        last = session.get(Message, asked.after) if _ID.fullmatch(asked.after) else None
        if last is None:
            raise NotFound("Không có trang này của danh sách. Hãy mở lại từ đầu.")
        place = sa.tuple_(sa.literal(last.received_at, Message.received_at.type), sa.literal(last.id))
        wanted = wanted.where(sa.tuple_(Message.received_at, Message.id) < place)
    return wanted


def _seen(user: User | None, asked: Asked) -> sa.ColumnElement[bool]:
    seen = access.visible_messages(user)
    # What narrows the list would say of a withheld one what it is.
    narrowed = asked.kind or asked.refused or asked.words
    return sa.or_(seen, Message.withheld) if access.can(user, "secrets") and not narrowed else seen


def _files(session: Session, ids: Sequence[str]) -> dict[str, int]:
    wanted = sa.select(Origin.message_id, sa.func.count(Origin.scan_id.distinct()))
    rows = session.execute(wanted.where(Origin.message_id.in_(ids)).group_by(Origin.message_id))
    return {str(row[0]): row[1] for row in rows}


def _destroyed(session: Session, shown: Sequence[Message]) -> frozenset[str]:
    held = [one.id for one in shown if one.withheld]
    gone = sa.select(Message.id).where(Message.id.in_(held), messages.destroyed())
    return frozenset(session.scalars(gone)) if held else frozenset()


def one(session: Session, user: User | None, message_id: str) -> Message:
    """A message this user may open. NotFound."""
    wanted = sa.select(Message).where(Message.id == message_id, access.visible_messages(user))
    found = session.scalar(wanted) if _ID.fullmatch(message_id) else None
    if found is None:
        raise NotFound("Không có thư này, hoặc bạn không được xem mọi văn bản trong thư.")
    return found


def scans_of(session: Session, message: Message) -> Sequence[Scan]:
    """The files that came of it, with their documents, in the order they were taken."""
    first = sa.select(Origin.scan_id, sa.func.min(Origin.id).label("place")).where(Origin.message_id == message.id)
    came = first.group_by(Origin.scan_id).subquery()
    wanted = sa.select(Scan).join(came, came.c.scan_id == Scan.id).order_by(came.c.place)
    return session.scalars(wanted.options(selectinload(Scan.documents))).all()


def told_of(session: Session, message: Message, documents: Sequence[Document]) -> list[Told]:
    """The statuses its sender was told, oldest first."""
    subjects = [document.id for document in documents]
    events = session.scalars(
        sa.select(Event).where(Event.subject.in_(subjects), Event.action == statuses.EVENT).order_by(Event.seq)
    )
    rows = [(event, json.loads(event.data)) for event in events]
    return [
        Told(str(said["code"]), NAMES.get(str(said["code"]), ""), event.at, event.subject)
        for event, said in rows
        if said.get("message") == message.id
    ]


def turned_away(session: Session) -> list[Refusal]:
    """The latest messages of which nothing was kept: too large, or broken."""
    events = ledger.refused_messages(session, REFUSED_AT_ONCE)
    rows = [(event, json.loads(event.data)) for event in events]
    return [
        Refusal(event.at, str(said.get("source", "")), str(said.get("reason", "")), said.get("size"))
        for event, said in rows
    ]
