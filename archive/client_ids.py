"""Whole numbers for apps that know no other ids, handed out when they first ask and kept for ever.

A number is drawn by lot out of a billion: it says neither how many papers there are nor which other numbers lead
somewhere, and after a restore it will not be given to another paper. What it leads to is still asked of archive.access.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from archive.database import Sessions
from archive.models import ClientId
from archive.search.conditions import listed

Named = tuple[str, str]
"""(kind, our key)"""
FIRST, LAST = 100_000_000, 999_999_999
"""Nine digits: as long as an address takes, and within what phones count with."""


def numbers(readers: Sessions, writers: Sessions, wanted: Iterable[Named]) -> dict[Named, int]:
    """The number of each, new ones for what had none; opens a writer's transaction only for these."""
    asked = sorted(set(wanted))
    with readers() as session:
        found = _known(session, asked)
    while missing := [one for one in asked if one not in found]:
        with writers.begin() as session:
            _draw(session, missing)
            found |= _known(session, missing)
    return found


def _known(session: Session, asked: Sequence[Named]) -> dict[Named, int]:
    dialect = session.get_bind().dialect
    which = [
        sa.and_(ClientId.kind == kind, ClientId.key.in_(listed(dialect, [key for _, key in group])))
        for kind, group in groupby(asked, key=lambda one: one[0])
    ]
    rows = session.execute(sa.select(ClientId.kind, ClientId.key, ClientId.number).where(sa.or_(sa.false(), *which)))
    return {(kind, key): number for kind, key, number in rows}


def _draw(session: Session, missing: Sequence[Named]) -> None:
    """A lot that is taken, or a key that another process just gave a number, is passed over and asked for again."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    lots = [{"kind": kind, "key": key, "number": FIRST + secrets.randbelow(LAST - FIRST)} for kind, key in missing]
    session.execute(insert(ClientId).on_conflict_do_nothing(), lots)


def keys(session: Session, kind: str, asked: Iterable[int]) -> Mapping[int, str]:
    """What these numbers lead to; unknown ones lead nowhere and are left out."""
    dialect = session.get_bind().dialect
    which = sa.cast(ClientId.number, sa.String).in_(listed(dialect, [str(number) for number in asked]))
    rows = session.execute(sa.select(ClientId.number, ClientId.key).where(ClientId.kind == kind, which))
    return dict(rows.all())


def key(session: Session, kind: str, number: int) -> str | None:
    """What this number leads to."""
    return session.scalar(sa.select(ClientId.key).where(ClientId.kind == kind, ClientId.number == number))
