"""How many of the found documents are of each type, issuer, year, unit, status, province."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from archive.models import Document, Unit
from archive.search.query import Filters
from archive.search.words import line

FACETS = ("type", "issuer", "year", "unit", "status", "province")
MOST_VALUES = 20

Rows = Sequence[sa.Row[Any]]
Counts = dict[str, list[tuple[str, int]]]

COLUMNS: tuple[sa.ColumnElement[Any], ...] = (
    Document.document_type.label("type"),
    Document.issuing_organ.label("issuer"),
    sa.func.substr(Document.date, 1, 4).label("year"),
    Unit.name.label("unit"),
    Document.status.label("status"),
    Document.province_current.label("province"),
)


def counted(rows: Rows, filters: Filters) -> Counts:
    """(value, how many) of each facet, most first; what is taken is always among them, with 0 if need be.

    `rows` have COLUMNS and, for each filter that has values, `is_NAME`: does the document pass it? A facet counts
    what passes every filter but its own, so that a second value can be seen and taken, too.
    """
    taken = [name for name in FACETS if getattr(filters, name)]
    return {name: _counted(_passing(rows, [t for t in taken if t != name]), name, filters) for name in FACETS}


def passing(rows: Rows, filters: Filters) -> Rows:
    """Those of `rows` that pass every filter."""
    return _passing(rows, [name for name in FACETS if getattr(filters, name)])


def _passing(rows: Rows, names: Sequence[str]) -> Rows:
    if not names or not rows:
        return rows
    places = [rows[0]._fields.index(f"is_{name}") for name in names]
    return [row for row in rows if all(row[place] for place in places)]


def _counted(rows: Rows, name: str, filters: Filters) -> list[tuple[str, int]]:
    place = rows[0]._fields.index(name) if rows else 0
    counts: Mapping[str | None, int] = Counter([row[place] for row in rows])
    ordered = sorted(((value, count) for value, count in counts.items() if value), key=lambda item: (-item[1], item[0]))
    wanted = {line(value): value for value in getattr(filters, name)}
    shown = [item for n, item in enumerate(ordered) if n < MOST_VALUES or line(item[0]) in wanted]
    missing = wanted.keys() - {line(value) for value, _ in shown}
    return shown + [(wanted[key], 0) for key in sorted(missing)]
