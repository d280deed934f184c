"""Which papers were changed since a moment, as the database's own triggers noted it: no writer has to think of it.

Transactions of PostgreSQL are not committed in the order of any number they are given, so a moment is a snapshot there:
a line counts as new when its transaction was not yet over in that snapshot, however late it ends. On SQLite only one
writes at a time, and the numbers of the lines are in order.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import Change

KEPT = 50_000
"""Lines; who knows only what was before them reads everything again. Some twice as many may be there."""
EVENTS = {"sqlite": ("insert", "update", "delete"), "postgresql": ("insert", "update", "delete", "truncate")}
TRIGGERS = {
    kind: frozenset(f"change_{table}_{event}" for table in ("document", "register_entry", "route", "unit")
                    for event in events)
    for kind, events in EVENTS.items()
}  # fmt: skip
"""By dialect: without one of them nothing is known of changes."""

_NOW = """SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS own, CAST(pg_current_snapshot() AS text) AS seen,
          CAST(pg_postmaster_start_time() AS text) || ' ' || (SELECT oid FROM pg_database WHERE datname =
          current_database()) AS server"""
# What was forgotten was over before any line that is left began, or may yet come: see _FORGET.
_SINCE = """SELECT coalesce((SELECT min(moment) FROM change) <= CAST(CAST(pg_snapshot_xmin(s) AS text) AS bigint),
                            false) AS known,
    ARRAY(SELECT document_id FROM change
          WHERE moment >= CAST(CAST(pg_snapshot_xmin(s) AS text) AS bigint)
          AND NOT pg_visible_in_snapshot(CAST(CAST(moment AS text) AS xid8), s) LIMIT :most) AS ids
    FROM (SELECT CAST(:seen AS pg_snapshot) AS s) AS known"""
# Nobody is at work any more who may yet add a line before those that are left; the line put in the place of the others
# means every paper, to who has not seen them all. What is noted of transactions to come is of another server.
_FORGET = """WITH horizon AS (
        SELECT greatest(1, least(CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint), coalesce(
            (SELECT moment FROM change ORDER BY moment DESC OFFSET :kept LIMIT 1), 0))) AS first),
    gone AS (DELETE FROM change USING horizon WHERE moment < first
             OR moment >= CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint))
    INSERT INTO change(moment, document_id) SELECT first - 1, '' FROM horizon"""
_IN_FORCE = """SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
               WHERE tgenabled = 'A' AND pg_table_is_visible(tgrelid)"""


@dataclass(frozen=True)
class Moment:
    """What of all changes one may see."""

    seen: object
    """Equal where nothing at all was committed in between."""
    server: str = ""
    """Another one where numbers of transactions may have been given again."""
    last: int = 0
    """SQLite: the number of the last line."""


def now(asks: sa.Connection) -> tuple[Moment, bool]:
    """What was committed, and whether who asks has written beside it: then what they read is nobody else's."""
    if asks.dialect.name == "sqlite":
        if asks.engine.url.database in (None, "", ":memory:"):  # a connection is not told of its own commits
            return Moment(object()), True
        seen = asks.exec_driver_sql("PRAGMA data_version").scalar()
        return Moment(seen, last=asks.scalar(sa.select(sa.func.max(Change.id))) or 0), False
    row = asks.execute(sa.text(_NOW)).one()
    return Moment(row.seen, row.server), row.own


def watched(asks: sa.Connection) -> bool:
    """Whether the triggers are there and in force."""
    kind = asks.dialect.name
    asked = "SELECT name FROM sqlite_master WHERE type = 'trigger'" if kind == "sqlite" else _IN_FORCE
    return TRIGGERS[kind] <= set(asks.scalars(sa.text(asked)))


def since(asks: sa.Connection, moment: Moment, now: Moment, most: int) -> list[str] | None:
    """Ids of the papers that were changed, made or removed since `moment`, perhaps some before; None where everything
    is to be read again: more than `most` lines, or nobody knows."""
    if moment.server != now.server or moment.last > now.last:
        return None
    asked = _since_sqlite if asks.dialect.name == "sqlite" else _since_postgresql
    ids = asked(asks, moment, most + 1)
    return None if ids is None or len(ids) > most or "" in ids else list(dict.fromkeys(ids))


def _since_sqlite(asks: sa.Connection, moment: Moment, most: int) -> list[str] | None:
    first = asks.scalar(sa.select(sa.func.min(Change.id)))
    if first is None or first > moment.last + 1:
        return None
    lines = sa.select(Change.document_id).where(Change.id > moment.last).limit(most)
    return list(asks.scalars(lines))


def _since_postgresql(asks: sa.Connection, moment: Moment, most: int) -> list[str] | None:
    row = asks.execute(sa.text(_SINCE), {"seen": moment.seen, "most": most}).one()
    return list(row.ids) if row.known else None


def overdue(session: Session) -> bool:
    """Whether so many lines are kept that the oldest should be forgotten."""
    first, last = session.execute(sa.select(sa.func.min(Change.id), sa.func.max(Change.id))).one()
    return last is not None and last - first > 2 * KEPT


def forget(session: Session) -> None:
    """Removes the lines before the last KEPT, but none before which somebody may yet add one."""
    given = {"kept": KEPT}
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sa.text("DELETE FROM change WHERE id <= (SELECT max(id) FROM change) - :kept"), given)
        return
    session.execute(sa.text(_FORGET), given)
