"""What a query asks of the database: units, words side by side, and, while there is no index, every word of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from archive.models import Document, RouteRow, Unit
from archive.search.query import Clause, Code, Date, Phrase, Prefix, Query, Term, Together, Word

Condition = sa.ColumnElement[bool]


def listed(dialect: sa.Dialect, ids: Sequence[str]) -> sa.Select[Any]:
    """`ids` as a table, however many: one parameter, not thousands."""
    given: sa.BindParameter[str] = sa.bindparam("ids", json.dumps(list(ids)), unique=True)
    if dialect.name == "sqlite":
        return sa.select(sa.func.json_each(given).table_valued("value").c.value)
    return sa.select(sa.func.jsonb_array_elements_text(sa.cast(given, JSONB)).column_valued("value"))


def among(session: Session, ids: Sequence[str]) -> Condition:
    """The document is one of `ids`."""
    return Document.id.in_(listed(session.get_bind().dialect, ids))


def of_units(wanted: Sequence[str]) -> Condition:
    """Led by one of the units, by id or name, or sent to it."""
    units = sa.select(Unit.id).where(sa.or_(Unit.id.in_(wanted), Unit.name.in_(wanted)))
    routed = sa.exists().where(
        RouteRow.document_id == Document.id, RouteRow.unit_id.in_(units), RouteRow.state != "suggested"
    )
    return sa.or_(Document.unit_id.in_(units), routed)


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
