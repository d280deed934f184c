"""Who has which paper open: told to the next clerk, believed for a minute, never a lock.

The version of a document is what keeps two clerks from overwriting each other; this only saves them the work.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from archive.models import Presence, User, now

LASTS = dt.timedelta(seconds=60)
"""So long a person is taken to be there after the last sign."""
AGAIN = dt.timedelta(seconds=20)
"""A sign that is younger need not be given again: a browser asks every few seconds, a writer's turn is dear."""

_table = cast(sa.Table, Presence.__table__)
_come: dict[str, Any] = {"postgresql": postgresql.insert(_table), "sqlite": sqlite.insert(_table)}


def is_known(session: Session, user_id: str, document_id: str, at: dt.datetime | None = None) -> bool:
    """Whether it was said a moment ago that this person has this paper open."""
    row = session.get(Presence, user_id)
    return row is not None and row.document_id == document_id and row.seen_at > (at or now()) - AGAIN


def come(session: Session, user_id: str, document_id: str, at: dt.datetime | None = None) -> None:
    """This person has this paper open now, and no other."""
    said = {"document_id": document_id, "seen_at": at or now()}
    row = _come[session.get_bind().dialect.name].values(user_id=user_id, **said)
    session.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=said))


def others(session: Session, user_id: str, at: dt.datetime | None = None) -> Mapping[str, str]:
    """Paper → names of those who have it open, this person left out."""
    wanted = sa.select(Presence.document_id, User.full_name, User.name).join(User, User.id == Presence.user_id)
    wanted = wanted.where(Presence.user_id != user_id, Presence.seen_at > (at or now()) - LASTS, User.active)
    names: dict[str, list[str]] = {}
    for document_id, full_name, name in session.execute(wanted.order_by(User.name)):
        names.setdefault(document_id, []).append(full_name or name)
    return {document_id: ", ".join(found) for document_id, found in names.items()}
