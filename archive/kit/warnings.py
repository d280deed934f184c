"""Which plugins were passed over of late, and why: what stands on a plugin's page."""

from __future__ import annotations

import json
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import Event, EventHead

RECENT = 5000
"""Events that are looked through."""
_last = sa.select(EventHead.seq).where(EventHead.id == 1).scalar_subquery()
_events = (
    sa.select(Event.at, Event.data)
    .where(Event.seq > _last - RECENT, Event.action == "extracted", Event.data.contains('"passed_over"'))
    .order_by(Event.seq)
)


@dataclass(frozen=True, slots=True)
class Warned:
    """A plugin that was passed over; the papers were read without it."""

    slug: str
    scans: int
    cause: str
    """The last one, in English, without a word of the paper."""
    at: str
    """ISO 8601, of the last time."""


def warnings(session: Session) -> dict[str, Warned]:
    """Slug → what the last events tell of plugins that failed."""
    found: dict[str, Warned] = {}
    for at, data in session.execute(_events):
        for slug, cause in json.loads(data)["passed_over"].items():
            before = found.get(slug)
            found[slug] = Warned(slug, before.scans + 1 if before else 1, cause, at)
    return found
