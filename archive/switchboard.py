"""Which plugins are asked, and in which order: decided by an administrator, each decision an event.

A drop-in plugin is asked only as the code that was switched on (`archive/consent.py`). The order matters where the
first answer counts (recognize, read_stamp); our own plugin is always asked first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.errors import Conflict
from archive.models import PluginState, now

if TYPE_CHECKING:
    from archive.host import Plugin

ON, OFF, NEW, CHANGED = "on", "off", "new", "changed"
"""Asked; switched off; never switched on; other code than was switched on. The last two are drop-in plugins."""
_placed = sa.select(PluginState.slug).where(PluginState.position > 0).order_by(PluginState.position, PluginState.slug)
_off = sa.select(PluginState.slug).where(PluginState.enabled.is_(False)).order_by(PluginState.slug)
_agreed = (
    sa.select(PluginState.slug, PluginState.digest)
    .where(PluginState.enabled, PluginState.digest != "")
    .order_by(PluginState.slug)
)


def order(session: Session) -> tuple[str, ...]:
    """The plugins somebody put in a place, the first to be asked first; the others follow by their names."""
    return tuple(session.scalars(_placed))


def disabled(session: Session) -> tuple[str, ...]:
    """The plugins that are not asked."""
    return tuple(session.scalars(_off))


def allowed(session: Session) -> tuple[tuple[str, str], ...]:
    """(slug, digest) of the drop-in plugins that may run."""
    return tuple((row.slug, row.digest) for row in session.execute(_agreed))


def standings(session: Session, plugins: Iterable[Plugin]) -> dict[str, str]:
    """Slug → ON, OFF, NEW or CHANGED."""
    rows = {row.slug: row for row in session.scalars(sa.select(PluginState))}
    return {one.slug: _standing(rows.get(one.slug), one.is_waiting) for one in plugins}


def _standing(row: PluginState | None, is_waiting: bool) -> str:
    if row and not row.enabled:
        return OFF
    if not is_waiting:
        return ON
    return CHANGED if row and row.digest else NEW


def switch(session: Session, plugin: Plugin, *, on: bool, actor: str, seen: str = "") -> None:
    """Ask a plugin from now on, as the code it is now, or no more.

    To switch it on it must be loaded (`steps.tried`). Conflict when it is not what was `seen`, or cannot be read.
    """
    if on and (plugin.is_waiting or seen not in ("", plugin.digest)):
        raise Conflict(_OTHER.format(plugin.slug))
    row, digest = _state(session, plugin.slug), plugin.digest if on else ""
    row.enabled, row.version, row.digest, row.changed_by, row.changed_at = on, plugin.version, digest, actor, now()
    data = {"version": plugin.version} | ({"digest": digest} if on else {})
    history.append(session, actor, "plugin_enabled" if on else "plugin_disabled", plugin.slug, data)


_OTHER = "Mã của plugin {} vừa đổi, hoặc có tệp không đọc được, nên chưa bật. Hãy xem lại rồi bật lại."


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
