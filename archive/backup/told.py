"""What the archive itself knows of its backups: the event that each leaves behind."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.models import Event, now

SUBJECT = "backup"
DONE = "backed_up"


@dataclass(frozen=True)
class Last:
    """The last backup that was finished."""

    at: dt.datetime
    """When it was finished."""
    target: str
    """Where it lies; never with a password."""
    snapshot: str
    documents: int
    scans: int
    damaged: int
    """Originals that were missing or damaged in the archive itself and could not be copied."""
    head: str
    """Hash of the last event that it holds."""


def last(session: Session, target: str | None = None) -> Last | None:
    """The last finished backup, into `target` if one is given; None: there was never one."""
    wanted = sa.select(Event).where(Event.subject == SUBJECT, Event.action == DONE).order_by(Event.seq.desc())
    for event in session.scalars(wanted.limit(1 if target is None else 1000)):
        found = _last(event)
        if target in (None, found.target):
            return found
    return None


def _last(event: Event) -> Last:
    said = json.loads(event.data)
    return Last(dt.datetime.fromisoformat(event.at), **{name: said[name] for name in said if name in _FACTS})


_FACTS = ("target", "snapshot", "documents", "scans", "damaged", "head")


def is_overdue(found: Last | None, days: int, at: dt.datetime | None = None) -> bool:
    """Whether the administrator is to be warned: no backup within `days` days; 0 days: never."""
    return days > 0 and (found is None or (at or now()) - found.at > dt.timedelta(days=days))


def note(session: Session, actor: str, found: Last) -> None:
    """Write the event of a backup that was just finished, in the caller's transaction."""
    history.append(session, actor, DONE, SUBJECT, {name: getattr(found, name) for name in _FACTS}, found.at)
