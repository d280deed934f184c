"""What stands around a paper: what it cites and what cites it, two steps at most, as far as one person may see.

A cited paper that is not here and one that the person may not see look alike: its code stands in the text of a paper
that he reads anyway, and nothing tells him that the archive holds it. Nothing is learnt through it either. Citing
papers that he may not see are neither named nor counted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import CitationRow, Document
from archive.vietnamese import fold

Condition = sa.ColumnElement[bool]
NEAR, BEYOND = 6, 2
"""How many papers a picture shows on a side, and beyond each of the first few of them."""
MOST = 20
"""Papers in a picture, the one in the middle aside."""
LISTED = 50
"""Citing papers that are named; all are counted."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A paper that cites, or is cited."""

    code: str | None
    type: str | None
    date: str | None
    issuer: str | None
    relation: str | None = None
    """basis | attached | reply | replaced, as the citing paper says it."""
    document_id: str | None = None
    """None: it is not here, or may not be seen."""
    subject: str | None = None
    beyond: tuple[Neighbour, ...] = ()
    """One step on, away from the paper in the middle."""
    more: int = 0
    """How many others are beyond it."""

    @property
    def key(self) -> Hashable:
        """What makes two citations the same paper; two without a code are never the same."""
        if self.document_id:
            return self.document_id
        return (fold(self.code), self.date) if self.code else id(self)


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The neighbours of one paper."""

    cites: tuple[Neighbour, ...]
    """In the order of its text."""
    cited_by: tuple[Neighbour, ...]
    """Latest first, LISTED at most."""
    citing: int
    """How many cite it."""


def of(session: Session, document: Document, visible: Condition) -> Neighbourhood:
    """Around `document`, for one for whom `visible` (a condition on Document) holds; he sees `document` itself."""
    cites = _once(_cited(session, [document.id], visible)[document.id], {document.id})
    # A law may be named by thousands: they are counted by the database.
    cited_by = _once(_citing(session, [document.id], visible, 4 * LISTED)[document.id], {document.id})
    naming = CitationRow.target_id == document.id, CitationRow.document_id != document.id
    each = sa.select(sa.func.count(sa.distinct(CitationRow.document_id))).join(Document, _NAMING).where(*naming)
    count = session.scalar(each.where(Document.status != "void", visible)) or 0
    return Neighbourhood(tuple(cites), tuple(cited_by[:LISTED]), count)


def drawn(session: Session, document: Document, whole: Neighbourhood, visible: Condition) -> Neighbourhood:
    """As much of it as a picture holds: NEAR on each side, BEYOND of those behind them, each paper once."""
    left = sorted(whole.cites, key=lambda one: one.document_id is None)[:NEAR]
    right = whole.cited_by[:NEAR]
    shown = {document.id, *(one.key for one in (*left, *right))}
    room = MOST - len(left) - len(right)
    outward = _cited(session, [one.document_id for one in left if one.document_id], visible)
    inward = _citing(session, [one.document_id for one in right if one.document_id], visible)
    sides = []
    for side, found in ((left, outward), (right, inward)):
        grown = []
        for one in side:
            behind = _once(found.get(one.document_id or "", ()), shown)
            kept = behind[: min(BEYOND, room)]
            room -= len(kept)
            shown |= {other.key for other in kept}
            grown.append(dataclasses.replace(one, beyond=tuple(kept), more=len(behind) - len(kept)))
        sides.append(tuple(grown))
    return Neighbourhood(sides[0], sides[1], whole.citing)


_NAMING = Document.id == CitationRow.document_id
_SHOWN = (Document.full_code, Document.document_type, Document.date, Document.issuing_organ, Document.subject)


def _cited(session: Session, ids: Sequence[str], visible: Condition) -> dict[str, list[Neighbour]]:
    """What each of the papers `ids` names."""
    found: dict[str, list[Neighbour]] = {name: [] for name in ids}
    if not ids:
        return found
    rows = session.scalars(
        sa.select(CitationRow).where(CitationRow.document_id.in_(ids)).order_by(CitationRow.id)
    ).all()
    targets = {row.target_id for row in rows if row.target_id}
    known = sa.select(Document.id, *_SHOWN).where(Document.id.in_(targets), Document.status != "void", visible)
    here = {row.id: row for row in session.execute(known)} if targets else {}
    for row in rows:
        found[row.document_id].append(_of_citation(row, here.get(row.target_id or "")))
    return found


def _of_citation(row: CitationRow, target: Any) -> Neighbour:
    if target is None:
        return Neighbour(row.code, row.type, row.date, row.issuer, row.relation)
    return _of_document(target.id, target, row.relation)


def _of_document(document_id: str, row: Any, relation: str | None) -> Neighbour:
    return Neighbour(
        row.full_code, row.document_type, row.date, row.issuing_organ, relation, document_id, subject=row.subject
    )


def _citing(
    session: Session, ids: Sequence[str], visible: Condition, most: int | None = None
) -> dict[str, list[Neighbour]]:
    """What names each of the papers `ids`, latest first."""
    found: dict[str, list[Neighbour]] = {name: [] for name in ids}
    if not ids:
        return found
    naming = (
        sa.select(CitationRow.target_id, CitationRow.relation, Document.id, *_SHOWN)
        .join(Document, _NAMING)
        .where(CitationRow.target_id.in_(ids), Document.status != "void", visible)
        .order_by(Document.date.desc().nulls_last(), Document.id, CitationRow.id)
        .limit(most)
    )
    for row in session.execute(naming):
        found[row.target_id].append(_of_document(row.id, row, row.relation))
    return found


def _once(neighbours: Iterable[Neighbour], shown: set[Any]) -> list[Neighbour]:
    """Each paper once, without those that are `shown` elsewhere."""
    seen: dict[Hashable, Neighbour] = {}
    for one in neighbours:
        if one.key not in shown:
            seen.setdefault(one.key, one)
    return list(seen.values())
