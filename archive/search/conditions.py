"""What a query asks of the database: filters, phrases, and, while there is no index, every word of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import InstrumentedAttribute, Session

from archive.models import Document, RouteRow, Unit
from archive.search.abbreviations import Pairs, spelled_out
from archive.search.query import Clause, Code, Date, Filters, Phrase, Prefix, Query, Term, Together, Word
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


def of_days(filters: Filters) -> list[Condition]:
    """Of the first and the last day."""
    conditions: list[Condition] = []
    if filters.date_from:
        conditions.append(Document.date >= filters.date_from)
    if filters.date_to:
        conditions.append(Document.date <= filters.date_to)
    return conditions


def of_filters(session: Session, filters: Filters, short: Pairs = ()) -> dict[str, Condition]:
    """A condition for each filter that has values, by its name; a type, an issuer or a province may be typed without
    marks, or short."""
    names = {
        "type": (Document.document_type, True), "issuer": (Document.issuing_organ, False),
        "province": (Document.province_current, True),
    }  # fmt: skip
    found = {
        name: sa.or_(*(_like(session, column, value, short, whole=whole) for value in getattr(filters, name)))
        for name, (column, whole) in names.items() if getattr(filters, name)
    }  # fmt: skip
    if filters.unit:
        found["unit"] = sa.or_(*map(_of_unit, filters.unit))
    if filters.status:
        found["status"] = Document.status.in_(filters.status)
    if filters.year:
        found["year"] = sa.func.substr(Document.date, 1, 4).in_(filters.year)
    return found


def _like(
    session: Session, column: InstrumentedAttribute[str | None], wanted: str, short: Pairs, *, whole: bool
) -> Condition:
    """Folding is ours, not the database's: the few values that stand in the column are compared here."""
    values = [value for value in session.scalars(sa.select(column).distinct()) if value]
    if wanted in values:
        return column == wanted
    sought = line(spelled_out(wanted, short))
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
    holds = sa.or_(*(_of_term(session, term) for term in clause.every))
    return sa.not_(holds) if clause.negative else holds


def _of_term(session: Session, term: Term) -> Condition:
    match term:
        case Word():
            return sa.or_(*(_has(session, f" {way} ") for way in term.ways))
        case Together():
            return sa.and_(*(_of_term(session, word) for word in term.words))
        case Prefix():
            return _has(session, f" {term.folded}")
        case Phrase() | Code():
            return _has(session, f" {' '.join(word.folded for word in term.words)} ")
        case Date():
            return sa.func.coalesce(Document.date, "").startswith(term.key)


def has_words(session: Session, words: Sequence[str]) -> Condition:
    """The folded words stand one after another in the document."""
    return _has(session, f" {' '.join(words)} ")


def _has(session: Session, piece: str) -> Condition:
    """Found by the database's substring search: LIKE is several times slower."""
    find = sa.func.instr if session.get_bind().dialect.name == "sqlite" else sa.func.strpos
    return find(Document.folded, piece) > 0
