"""Which plugins are asked, and in which order: decided by an administrator, each decision an event.

The order matters where the first answer counts (recognize, read_stamp); our own plugin is always asked first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.models import PluginState, now

_placed = sa.select(PluginState.slug).where(PluginState.position > 0).order_by(PluginState.position, PluginState.slug)
_off = sa.select(PluginState.slug).where(PluginState.enabled.is_(False)).order_by(PluginState.slug)


def order(session: Session) -> tuple[str, ...]:
    """The plugins somebody put in a place, the first to be asked first; the others follow by their names."""
    return tuple(session.scalars(_placed))


def disabled(session: Session) -> tuple[str, ...]:
    """The plugins that are not asked."""
    return tuple(session.scalars(_off))


def switch(session: Session, slug: str, version: str, *, on: bool, actor: str) -> None:
    """Ask a plugin from now on, or no more."""
    row = _state(session, slug)
    row.enabled, row.version, row.changed_by, row.changed_at = on, version, actor, now()
    history.append(session, actor, "plugin_enabled" if on else "plugin_disabled", slug, {"version": version})


def arrange(session: Session, slugs: Iterable[str], *, actor: str) -> None:
    """Ask the plugins in this order; those it leaves out come after them."""
    wanted, before = tuple(dict.fromkeys(slugs)), order(session)
    if wanted == before:
        return
    for row in session.scalars(sa.select(PluginState)):
        row.position = 0
    for position, slug in enumerate(wanted, 1):
        row = _state(session, slug)
        row.position, row.changed_by, row.changed_at = position, actor, now()
    history.append(session, actor, "plugins_ordered", "plugins", {"before": list(before), "order": list(wanted)})


def moved(slugs: Sequence[str], slug: str, by: int) -> list[str]:
    """`slugs` with one of them some places up (below 0) or down."""
    left = [one for one in slugs if one != slug]
    place = max(0, min(len(left), slugs.index(slug) + by))
    return [*left[:place], slug, *left[place:]]


def _state(session: Session, slug: str) -> PluginState:
    row = session.get(PluginState, slug)
    if row is None:
        row = PluginState(slug=slug, enabled=True)
        session.add(row)
    return row
