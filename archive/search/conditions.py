"""What a query asks of the database: filters, phrases, and, while there is no index, every word of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import InstrumentedAttribute, Session

from archive.models import Document, RouteRow, Unit
from archive.search.query import Clause, Code, Date, Filters, Phrase, Prefix, Query, Term, Word
from archive.search.words import line

Condition = sa.ColumnElement[bool]


def among(session: Session, ids: Sequence[str]) -> Condition:
    """The document is one of `ids`, however many: one parameter, not thousands."""
    listed: sa.BindParameter[str] = sa.bindparam("ids", json.dumps(list(ids)), unique=True)
    each: sa.Select[Any]
    if session.get_bind().dialect.name == "sqlite":
        each = sa.select(sa.func.json_each(listed).table_valued("value").c.value)
    else:
        each = sa.select(sa.func.jsonb_array_elements_text(sa.cast(listed, JSONB)).column_valued("value"))
    return Document.id.in_(each)


def of_filters(session: Session, filters: Filters) -> list[Condition]:
    """Filters as conditions; a type or an issuer may be typed without marks."""
    conditions: list[Condition] = []
    if filters.type:
        conditions.append(_like(session, Document.document_type, filters.type, whole=True))
    if filters.issuer:
        conditions.append(_like(session, Document.issuing_organ, filters.issuer, whole=False))
    if filters.unit:
        conditions.append(_of_unit(filters.unit))
    if filters.status:
        conditions.append(Document.status == filters.status)
    if filters.date_from:
        conditions.append(Document.date >= filters.date_from)
    if filters.date_to:
        conditions.append(Document.date <= filters.date_to)
    return conditions


def _like(session: Session, column: InstrumentedAttribute[str | None], wanted: str, *, whole: bool) -> Condition:
    """Folding is ours, not the database's: the few values that stand in the column are compared here."""
    values = [value for value in session.scalars(sa.select(column).distinct()) if value]
    if wanted in values:
        return column == wanted
    sought = line(wanted)
    return column.in_([value for value in values if sought == line(value) or (not whole and sought in line(value))])


def _of_unit(wanted: str) -> Condition:
    units = sa.select(Unit.id).where(sa.or_(Unit.id == wanted, Unit.name == wanted))
    routed = sa.exists().where(
        RouteRow.document_id == Document.id, RouteRow.unit_id.in_(units), RouteRow.state != "suggested"
    )
    return sa.or_(Document.unit_id.in_(units), routed)


def of_phrases(session: Session, query: Query) -> list[Condition]:
    """What an index without positions cannot tell."""
    with_phrases = (clause for clause in query.clauses if any(isinstance(term, Phrase) for term in clause.terms))
    return [_of_clause(session, clause) for clause in with_phrases]


def of_everything(session: Session, query: Query) -> list[Condition]:
    """The whole query without an index: slower and stricter, never wrong."""
    return [_of_clause(session, clause) for clause in query.clauses]


def _of_clause(session: Session, clause: Clause) -> Condition:
    holds = sa.or_(*(_of_term(session, term) for term in clause.terms))
    return sa.not_(holds) if clause.negative else holds


def _of_term(session: Session, term: Term) -> Condition:
    match term:
        case Word():
            return _has(session, f" {term.folded} ")
        case Prefix():
            return _has(session, f" {term.folded}")
        case Phrase() | Code():
            return _has(session, f" {' '.join(word.folded for word in term.words)} ")
        case Date():
            return sa.func.coalesce(Document.date, "").startswith(term.key)


def _has(session: Session, piece: str) -> Condition:
    """Found by the database's substring search: LIKE is several times slower."""
    find = sa.func.instr if session.get_bind().dialect.name == "sqlite" else sa.func.strpos
    return find(Document.folded, piece) > 0
