"""When a sending is looked at again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import Sending, now

SOON, LATE = dt.timedelta(seconds=30), dt.timedelta(hours=6)
"""Until the next look: a tenth of the time since anything was heard of it, between these."""
FINISHED = "06"
NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


def after(one: Sending, moment: dt.datetime) -> dt.datetime:
    """The next look at a sending about which nothing more is known at `moment`.

    One that is finished there is looked at ever more rarely, but it is: their archive may be restored to before it
    came, and a backup that young is missed within a tenth of its age.
    """
    if one.state == "refused":
        return NEVER
    pause = max(SOON, (moment - one.told_at) / 10)
    return moment + (pause if one.code == FINISHED else min(LATE, pause))


def at_once(session: Session, document_ids: Iterable[str]) -> None:
    """Papers that are secret now: the post looks at once whether they are elsewhere already, and says so."""
    delivered = sa.update(Sending).where(Sending.document_id.in_(list(document_ids)), Sending.state == "delivered")
    session.execute(delivered.values(next_at=now()))
