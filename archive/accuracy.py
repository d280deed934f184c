"""How often the machine was right: what people confirmed and corrected, beside what it had said."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import access
from archive.models import Confirmation, Document, User
from archive.reports import Asked

_count = sa.func.count()


@dataclass(frozen=True)
class Accuracy:
    """What people said of the machine's values: kept, added where it had said nothing, corrected."""

    kept: int = 0
    added: int = 0
    corrected: int = 0
    sure_and_corrected: int = 0
    """Of the corrected ones those it had called sure: the worst there is."""

    @property
    def right(self) -> float | None:
        """Share of the values it gave that people kept; None when it gave none."""
        given = self.kept + self.corrected
        return self.kept / given if given else None


@dataclass(frozen=True)
class Machine:
    """Accuracy by field and by plugin, the worst first."""

    by_field: dict[str, Accuracy]
    by_plugin: dict[str, Accuracy]

    @property
    def total(self) -> Accuracy:
        """All fields."""
        return _add(self.by_field.values())


@dataclass(frozen=True)
class Wrong:
    """A value the machine had called sure and a person corrected."""

    confirmation: Confirmation
    document: Document


def machine(session: Session, user: User | None, asked: Asked) -> Machine:
    """What was confirmed and corrected in these days."""
    groups = (Confirmation.field, Confirmation.source, Confirmation.outcome, Confirmation.sure)
    found = session.execute(_confirmed(user, asked, *groups, _count).group_by(*groups)).all()

    def by(key: Callable[[Any], str]) -> dict[str, Accuracy]:
        sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for row in found:
            sums[key(row)][row.outcome] += row[4]
            sums[key(row)]["sure_and_corrected"] += row[4] if row.outcome == "corrected" and row.sure else 0
        whole = {name: Accuracy(**count) for name, count in sums.items()}
        worst = sorted(whole.items(), key=lambda item: (-item[1].sure_and_corrected, -item[1].corrected, item[0]))
        return dict(worst)

    return Machine(by(lambda row: str(row.field)), by(lambda row: str(row.source).partition(" ")[0]))


def _confirmed(user: User | None, asked: Asked, *columns: Any) -> sa.Select[Any]:
    first, after = asked.moments
    wanted = sa.select(*columns).where(Confirmation.at >= first, Confirmation.at < after)
    seen = access.visible(user)
    if seen is sa.true() and not asked.unit:
        return wanted
    wanted = wanted.join(Document, Document.id == Confirmation.document_id).where(seen)
    return wanted.where(Document.unit_id == asked.unit) if asked.unit else wanted


def _add(many: Iterable[Accuracy]) -> Accuracy:
    rows = list(many)
    names = ("kept", "added", "corrected", "sure_and_corrected")
    return Accuracy(*(sum(getattr(one, name) for one in rows) for name in names))


def wrong(session: Session, user: User | None, asked: Asked, limit: int = 50) -> Sequence[Wrong]:
    """The sure values that were corrected in these days, the latest first."""
    first, after = asked.moments
    wanted = sa.select(Confirmation, Document).join(Document, Document.id == Confirmation.document_id)
    wanted = wanted.where(
        Confirmation.at >= first, Confirmation.at < after, Confirmation.sure.is_(True),
        Confirmation.outcome == "corrected", access.visible(user),
    )  # fmt: skip
    if asked.unit:
        wanted = wanted.where(Document.unit_id == asked.unit)
    return [Wrong(*row) for row in session.execute(wanted.order_by(Confirmation.at.desc()).limit(limit))]
