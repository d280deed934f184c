"""Who may see and do what: one function and one filter of the same law, so that no page decides by itself.

Roles follow the records office: văn thư (clerk) works on every paper, a leader sees every paper and routes, a unit
sees what is in the book, the technician (it) runs the machine and reads no paper, the auditor reads and changes
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from archive.models import WITHHELD, Document, Message, Origin, RouteRow, Scan, User

ROLES = {
    "admin": "Quản trị",
    "clerk": "Văn thư",
    "staff": "Chuyên viên",
    "head": "Trưởng đơn vị",
    "leader": "Lãnh đạo",
    "it": "Kỹ thuật",
    "auditor": "Kiểm tra",
}
"""Role → its Vietnamese name."""

_PAPERS = frozenset({"read", "ingest", "correct", "cut", "register", "backdate", "void", "route", "handle", "assign",
                     "retry", "export", "history", "file", "keep_files", "send"})  # fmt: skip
_MACHINE = frozenset({"plugins", "settings", "inspect"})

ACTIONS = _PAPERS | _MACHINE | {"reopen", "books", "users", "secrets"}
"""read (a paper) · ingest · correct · cut (split, merge) · register · backdate (a day out of order, with a reason) ·
void (a number) · reopen (a closed day of the book) · books (which there are) · route (decide who) · handle (by the
unit that has it) · assign (to a person of the unit, or back, or on) · retry (a failed scan) · export (the book) ·
history · file (put papers into work files) · keep_files (make, change, close them) · send (a
paper to another office of this installation) · plugins · settings · users ·
inspect (the ledger: is everything there and whole; ids and counts only) ·
secrets (destroy or release what is in quarantine)"""

_MAY: dict[str, frozenset[str]] = {
    "admin": ACTIONS,
    "clerk": _PAPERS,
    "leader": frozenset({"read", "route", "reopen", "export", "history"}),
    "head": frozenset({"read", "handle", "assign", "history", "file"}),
    "staff": frozenset({"read", "handle", "file"}),
    "it": _MACHINE,
    "auditor": frozenset({"read", "export", "history", "inspect"}),
}
_SEES_ALL = frozenset({"admin", "clerk", "leader", "auditor"})
_OF_UNITS = frozenset({"head", "staff"})
OWN_ONLY = _MACHINE | {"users", "secrets"}
"""What nobody can do in the place of another."""
_ANY_UNIT = frozenset({"admin", "clerk"})
"""Who may act for a unit that is not theirs: văn thư writes down what was signed on paper."""
_BY_THE_UNIT = frozenset({"handle", "assign"})
HAS = ("decided", "received", "finished")
"""States in which a unit has, or had to the end, a paper. Whoever gave it back, passed it on or lost it has no need to
see it any more: of a secret paper that ends their sight of it (Luật Bảo vệ bí mật nhà nước 2018, art. 5: only whom it
concerns)."""
_IN_THE_BOOK = ("registered", "routed", "handling", "done")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the office that a person fills: the own one, or that of somebody who gave it for some days."""

    role: str
    unit_id: str | None
    of: str = ""
    """The name of who gave it; "" for one's own."""


def can(user: User | None, action: str, document: Document | None = None, route: RouteRow | None = None) -> bool:
    """May `user` do this, to this document if one is given? Nobody may do anything without being active.

    With `route` (one of the document's) also: for the unit that has it? Only văn thư acts for units of others.
    Whoever stands in for others (archive/delegation.py) may what any ONE of the places held allows.
    """
    return next(_allowing(user, action, document, route), None) is not None


def in_place_of(
    user: User | None, action: str, document: Document | None = None, route: RouteRow | None = None
) -> str:  # fmt: skip
    """The name of who gave the only place that allows this; "" where the own place does, or none."""
    place = next(_allowing(user, action, document, route), None)
    return place.of if place else ""


def _allowing(
    user: User | None, action: str, document: Document | None, route: RouteRow | None
) -> Iterator[Place]:  # fmt: skip
    if action not in ACTIONS:
        raise ValueError(f"unknown action {action!r}")
    return (place for place in places(user) if _allows(place, action, document, route))


def places(user: User | None) -> Iterator[Place]:
    """The places a person fills, the own one first; none without being active."""
    if user is None or not user.active:
        return
    yield Place(user.role, user.unit_id)
    yield from user.stands_in


def _allows(place: Place, action: str, document: Document | None, route: RouteRow | None) -> bool:
    if action not in _MAY.get(place.role, ()) or (place.of and action in OWN_ONLY):
        return False
    if route is not None and action in _BY_THE_UNIT and not _acts_for(place, route):
        return False
    return document is None or _sees(place, document)


def desks(user: User | None) -> frozenset[str] | None:
    """The units whose papers `user` may handle; None: of any unit, as văn thư does."""
    mine = [place for place in places(user) if "handle" in _MAY.get(place.role, ())]
    if any(place.role in _ANY_UNIT for place in mine):
        return None
    return frozenset(place.unit_id for place in mine if place.unit_id is not None)


def _acts_for(place: Place, route: RouteRow) -> bool:
    return place.role in _ANY_UNIT or (place.unit_id is not None and place.unit_id == route.unit_id)


def _sees(place: Place, document: Document) -> bool:
    if place.role in _SEES_ALL:
        return True
    if place.role not in _OF_UNITS or document.status not in _IN_THE_BOOK:
        return False
    return document.secrecy is None or _belongs(place, document)


def _belongs(place: Place, document: Document) -> bool:
    if place.unit_id is None:
        return False
    having = {route.unit_id for route in document.routes if route.state in HAS}
    return place.unit_id == document.unit_id or place.unit_id in having


def visible(user: User | None) -> sa.ColumnElement[bool]:
    """The documents `can(user, "read", …)` says yes to, as a condition on Document: roles and a few ids of units."""
    held = tuple(places(user))
    if any(place.role in _SEES_ALL for place in held):
        return sa.true()
    of_units = [place for place in held if place.role in _OF_UNITS]
    if not of_units:
        return sa.false()
    in_the_book = Document.status.in_(_IN_THE_BOOK)
    units = sorted({place.unit_id for place in of_units if place.unit_id is not None})
    return sa.and_(in_the_book, sa.or_(Document.secrecy.is_(None), _of_units(units)))


def _of_units(units: list[str]) -> sa.ColumnElement[bool]:
    if not units:
        return sa.false()
    having = sa.exists().where(
        RouteRow.document_id == Document.id, RouteRow.unit_id.in_(units), RouteRow.state.in_(HAS)
    )
    # A question about routes may ask this, too: its own table of routes is not this one's.
    return sa.or_(Document.unit_id.in_(units), having.correlate_except(RouteRow))


def visible_scans(user: User | None) -> sa.ColumnElement[bool]:
    """The scans a user may open, as a condition on Scan: every document of it must be one they may see.

    The file is one: who may not see its second paper may not be given the file for the first one's sake.
    """
    if any(place.role in _SEES_ALL for place in places(user)):
        return sa.true()
    if user is None:
        return sa.false()
    of_scan = sa.exists().where(Document.scan_id == Scan.id)
    # Not NOT: where a document has no unit the condition is NULL, and NOT NULL hides nothing.
    hidden = sa.exists().where(Document.scan_id == Scan.id, visible(user).is_not(sa.true()))
    return sa.and_(of_scan, sa.not_(hidden))


def visible_messages(user: User | None) -> sa.ColumnElement[bool]:
    """The messages a user may open, as a condition on Message: every file of it must be one they may see.

    A message is one thing, and may bring a second paper that is not for this user. Of one that brought none nobody
    knows whom it concerns: it is for those who see every paper.
    """
    of_message = sa.exists().where(Origin.message_id == Message.id)
    hidden = sa.or_(Scan.status.in_(WITHHELD), visible_scans(user).is_not(sa.true()))
    unseen = of_message.where(Scan.id == Origin.scan_id, hidden)
    seen = sa.and_(sa.not_(Message.withheld), sa.not_(unseen))
    return seen if sees_all(user) else sa.and_(of_message, seen)


def sees_all(user: User | None) -> bool:
    """Whether one of the places held sees every paper."""
    return any(place.role in _SEES_ALL for place in places(user))
