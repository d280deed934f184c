"""What of ours stands for what of theirs: tags, custom fields, the book as the place a paper is kept in."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import sqlalchemy as sa

from archive.models import Document, RegisterEntry, RouteRow
from archive.review import SECRECIES, URGENCIES
from archive.routing import LIVE, OPEN, leading
from archive.workdays import HANOI
from server.pages.shown import FIELDS, STATUSES

LATE = "late"
INBOX = "status:review"
"""The tag of what a clerk has still to look at."""
URGENCY, SECRECY, STATUS, UNIT = "urgency", "secrecy", "status", "unit"
_COLOURS = {URGENCY: "#c62828", SECRECY: "#6a1b9a", STATUS: "#546e7a", UNIT: "#1565c0", LATE: "#e65100"}
Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Field:
    """One of our fields as a custom field."""

    title: str
    type: str = "string"
    writable: bool = True


OURS: Mapping[str, Field] = {
    **{name: Field(FIELDS[name]) for name in (
        "full_code", "number", "symbol", "document_subtype", "parent_organ", "drafting_unit", "place",
        "signer_authority", "signer_title", "signer_name",
    )},
    "arrived_on": Field("Ngày đến", "date", writable=False), "due": Field("Hạn xử lý", "date", writable=False),
}  # fmt: skip
"""Field → custom field; the last two are of the book and of the decision, and are not written here."""


def title(document: Document) -> str:
    """The subject; where nobody has read one, the name of the file."""
    if document.subject:
        return document.subject
    name = PurePosixPath(document.scan.filename).stem
    return name if document.ordinal == 1 else f"{name} ({document.ordinal})"


def created(document: Document) -> dt.date:
    """The paper's own day; where it is not known the day it came, since apps cannot do without one."""
    with contextlib.suppress(ValueError):  # of an import from elsewhere it may be less than a day
        return dt.date.fromisoformat(document.date or "")
    return document.scan.received_at.astimezone(HANOI).date()


def line(document: Document) -> RegisterEntry | None:
    """Where it stands in a book; the first line where it stands in several."""
    lines = [entry for entry in document.entries if entry.status == "registered"]
    return min(lines, key=lambda entry: entry.registered_at, default=None)


def path(entry: RegisterEntry) -> str:
    """The book and year of a line as a place: numbers begin anew in each."""
    return f"{entry.book_id}/{entry.year}"


def owner(document: Document) -> str | None:
    """Who handles it for the unit that leads."""
    route = leading(document)
    return route.person_id if route else None


def tags(document: Document, today: dt.date) -> Iterator[str]:
    """Keys of its tags."""
    for kind, value in (
        (URGENCY, document.urgency), (SECRECY, document.secrecy), (STATUS, document.status), (UNIT, document.unit_id),
    ):  # fmt: skip
        if value:
            yield f"{kind}:{value}"
    if any(route.state in OPEN and route.due and route.due < today for route in document.routes):
        yield LATE


def tag_name(key: str, units: Mapping[str, str]) -> str:
    """What a tag is called; `units`: id → name."""
    kind, _, value = key.partition(":")
    if kind == STATUS:
        return STATUSES[value][2]
    return "Quá hạn" if kind == LATE else units.get(value, value) if kind == UNIT else value


def tag_colour(key: str) -> str:
    """By its kind."""
    return _COLOURS[key.partition(":")[0]]


def fixed_tags() -> list[str]:
    """Those every archive has; secrecy is named only to who sees such a paper."""
    return [*(f"{URGENCY}:{word}" for word in URGENCIES), *(f"{STATUS}:{name}" for name in STATUSES), LATE]


def secret_tags() -> list[str]:
    """One for each grade."""
    return [f"{SECRECY}:{word}" for word in SECRECIES]


def tagged(key: str, today: dt.date) -> Condition:
    """The documents with this tag; never NULL, so that it can be turned round."""
    kind, _, value = key.partition(":")
    if kind == LATE:
        return sa.exists().where(
            RouteRow.document_id == Document.id, RouteRow.state.in_(OPEN), RouteRow.due < today
        )  # fmt: skip
    column = {URGENCY: Document.urgency, SECRECY: Document.secrecy, STATUS: Document.status, UNIT: Document.unit_id}
    return sa.func.coalesce(column[kind], "") == value


def kept_in(key: str) -> Condition:
    """The documents in this book and year."""
    book, _, year = key.rpartition("/")
    return in_book(RegisterEntry.book_id == book, RegisterEntry.year == int(year))


def in_book(*more: Condition) -> Condition:
    """The documents with a line of a book for which `more` holds."""
    return sa.exists().where(RegisterEntry.document_id == Document.id, RegisterEntry.status == "registered", *more)


def handled_by(user_id: str | None) -> Condition:
    """The documents this person handles for the unit that leads; None: those that somebody handles."""
    who = RouteRow.person_id.is_not(None) if user_id is None else RouteRow.person_id == user_id
    return sa.exists().where(
        RouteRow.document_id == Document.id, RouteRow.role == "lead", RouteRow.state.in_(LIVE), who
    )  # fmt: skip


def field_values(document: Document) -> Iterator[tuple[str, str]]:
    """(name, value) of the custom fields it has."""
    for name in OURS:
        value = _value(document, name)
        if value:
            yield name, value


def _value(document: Document, name: str) -> str | None:
    if name == "arrived_on":
        entry = line(document)
        return entry.arrived_on.isoformat() if entry and entry.arrived_on else None
    if name == "due":
        route = leading(document)
        return route.due.isoformat() if route and route.due else None
    value = document.fields.get(name, {}).get("value")
    return value if isinstance(value, str) else None


def has_field(name: str) -> Condition:
    """The documents with a value in this custom field; never NULL."""
    if name == "arrived_on":
        return in_book(RegisterEntry.arrived_on.is_not(None))
    if name == "due":
        due = RouteRow.due.is_not(None)
        return sa.exists().where(
            RouteRow.document_id == Document.id, RouteRow.role == "lead", RouteRow.state.in_(LIVE), due
        )
    return sa.func.coalesce(Document.fields[(name, "value")].as_string(), "") != ""
