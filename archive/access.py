"""Who may see and do what: one function and one filter of the same law, so that no page decides by itself.

Roles follow the records office: văn thư (clerk) works on every paper, a leader sees every paper and routes, a unit
sees what is in the book, the technician (it) runs the machine and reads no paper, the auditor reads and changes
nothing.
"""

from __future__ import annotations

import sqlalchemy as sa

from archive.models import Document, RouteRow, Scan, User

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
                     "retry", "export", "history", "file", "keep_files"})  # fmt: skip
_MACHINE = frozenset({"plugins", "settings"})

ACTIONS = _PAPERS | _MACHINE | {"reopen", "books", "users"}
"""read (a paper) · ingest · correct · cut (split, merge) · register · backdate (a day out of order, with a reason) ·
void (a number) · reopen (a closed day of the book) · books (which there are) · route (decide who) · handle (by the
unit that has it) · assign (to a person of the unit, or back, or on) · retry (a failed scan) · export (the book) ·
history · file (put papers into work files) · keep_files (make, change, close them) · plugins · settings · users"""

_MAY: dict[str, frozenset[str]] = {
    "admin": ACTIONS,
    "clerk": _PAPERS,
    "leader": frozenset({"read", "route", "reopen", "export", "history"}),
    "head": frozenset({"read", "handle", "assign", "history", "file"}),
    "staff": frozenset({"read", "handle", "file"}),
    "it": _MACHINE,
    "auditor": frozenset({"read", "export", "history"}),
}
_SEES_ALL = frozenset({"admin", "clerk", "leader", "auditor"})
_ANY_UNIT = frozenset({"admin", "clerk"})
"""Who may act for a unit that is not theirs: văn thư writes down what was signed on paper."""
_BY_THE_UNIT = frozenset({"handle", "assign"})
HAS = ("decided", "received", "finished")
"""States in which a unit has, or had to the end, a paper. Whoever gave it back, passed it on or lost it has no need to
see it any more: of a secret paper that ends their sight of it (Luật Bảo vệ bí mật nhà nước 2018, art. 5: only whom it
concerns)."""
_IN_THE_BOOK = ("registered", "routed", "handling", "done")


def can(user: User | None, action: str, document: Document | None = None, route: RouteRow | None = None) -> bool:
    """May `user` do this, to this document if one is given? Nobody may do anything without being active.

    With `route` (one of the document's) also: for the unit that has it? Only văn thư acts for units of others.
    """
    if action not in ACTIONS:
        raise ValueError(f"unknown action {action!r}")
    if user is None or not user.active or action not in _MAY.get(user.role, ()):
        return False
    if route is not None and action in _BY_THE_UNIT and not _acts_for(user, route):
        return False
    return document is None or _sees(user, document)


def _acts_for(user: User, route: RouteRow) -> bool:
    return user.role in _ANY_UNIT or (user.unit_id is not None and user.unit_id == route.unit_id)


def _sees(user: User, document: Document) -> bool:
    if user.role in _SEES_ALL:
        return True
    if user.role not in ("head", "staff") or document.status not in _IN_THE_BOOK:
        return False
    return document.secrecy is None or _belongs(user, document)


def _belongs(user: User, document: Document) -> bool:
    if user.unit_id is None:
        return False
    having = {route.unit_id for route in document.routes if route.state in HAS}
    return user.unit_id == document.unit_id or user.unit_id in having


def visible(user: User | None) -> sa.ColumnElement[bool]:
    """The documents `can(user, "read", …)` says yes to, as a condition on Document."""
    if user is None or not user.active:
        return sa.false()
    if user.role in _SEES_ALL:
        return sa.true()
    if user.role not in ("head", "staff"):
        return sa.false()
    in_the_book = Document.status.in_(_IN_THE_BOOK)
    return sa.and_(in_the_book, sa.or_(Document.secrecy.is_(None), _of_unit(user.unit_id)))


def _of_unit(unit_id: str | None) -> sa.ColumnElement[bool]:
    if unit_id is None:
        return sa.false()
    having = sa.exists().where(
        RouteRow.document_id == Document.id, RouteRow.unit_id == unit_id, RouteRow.state.in_(HAS)
    )
    # A question about routes may ask this, too: its own table of routes is not this one's.
    return sa.or_(Document.unit_id == unit_id, having.correlate_except(RouteRow))


def visible_scans(user: User | None) -> sa.ColumnElement[bool]:
    """The scans a user may open, as a condition on Scan: every document of it must be one they may see.

    The file is one: who may not see its second paper may not be given the file for the first one's sake.
    """
    if user is None or not user.active:
        return sa.false()
    if user.role in _SEES_ALL:
        return sa.true()
    of_scan = sa.exists().where(Document.scan_id == Scan.id)
    # Not NOT: where a document has no unit the condition is NULL, and NOT NULL hides nothing.
    hidden = sa.exists().where(Document.scan_id == Scan.id, visible(user).is_not(sa.true()))
    return sa.and_(of_scan, sa.not_(hidden))
