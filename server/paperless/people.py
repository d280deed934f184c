"""/api/ui_settings/, /api/profile/, /api/users/, /api/groups/: who asks, what he may, and whom he works with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, jsonify, request
from sqlalchemy.orm import Session

from archive import access, client_ids, second_factor
from archive.errors import Forbidden, NotFound
from archive.models import Unit, User
from server.auth import require
from server.paperless import LIKE, filters, paging, told
from server.paperless.numbers import UNIT, USER, Numbers
from server.state import state

api = Blueprint("paperless_people", __name__)
NOBODY = "Không có người hoặc đơn vị này, hoặc bạn không được xem."
NOT_MADE = "Người dùng, đơn vị và cài đặt được quản lý ở trang quản trị. Chưa có gì thay đổi."
_READS = (
    "document", "tag", "correspondent", "documenttype", "storagepath", "customfield", "savedview", "note", "user",
    "group", "paperlesstask", "uisettings",
)  # fmt: skip
"""What whoever reads papers may look at, in the clients' words."""
_BY_RIGHT = {"ingest": "add_document", "correct": "change_document", "history": "view_history"}


def rights(user: User) -> list[str]:
    """The clients' names of what a person, or the key he came with, may."""
    reads = [f"view_{name}" for name in _READS] if access.can(user, "read") else []
    writes = not g.by_token or bool(g.scopes & {"write", "admin"})
    more = [name for right, name in _BY_RIGHT.items() if access.can(user, right) and (writes or right == "history")]
    return [*reads, *more]


def _people(session: Session) -> Sequence[User]:
    """Those one knows of: all for who decides about them, else one's own unit."""
    wanted = sa.select(User).where(User.active).order_by(User.name)
    if not (access.can(g.user, "users") or access.can(g.user, "route")):
        mine = User.id == g.user.id
        wanted = wanted.where(sa.or_(mine, User.unit_id == g.user.unit_id) if g.user.unit_id else mine)
    return session.scalars(wanted).all()


def _units(session: Session) -> Sequence[Unit]:
    wanted = sa.select(Unit).where(Unit.active).order_by(Unit.name)
    if not (access.can(g.user, "users") or access.can(g.user, "route")):
        wanted = wanted.where(Unit.id == (g.user.unit_id or ""))
    return session.scalars(wanted).all()


def _said(people: Sequence[User]) -> list[dict[str, Any]]:
    numbers = Numbers([*((USER, one.id) for one in people), *((UNIT, one.unit_id) for one in people if one.unit_id)])
    return [
        {
            "id": numbers.of(USER, one.id), "username": one.name, "email": "", "first_name": one.full_name,
            "last_name": "", "date_joined": told.moment(one.created_at), "is_staff": False, "is_active": True,
            "is_superuser": False, "groups": numbers.all(UNIT, [one.unit_id] if one.unit_id else []),
            "user_permissions": rights(one) if one.id == g.user.id else [], "inherited_permissions": [],
        }
        for one in people
    ]  # fmt: skip


def _said_of_units(units: Sequence[Unit]) -> list[dict[str, Any]]:
    numbers = Numbers((UNIT, one.id) for one in units)
    return [{"id": numbers.of(UNIT, one.id), "name": one.name, "permissions": []} for one in units]


def _fits(name: str) -> bool:
    """`username__icontains` and its like."""
    given = ((key.partition("__")[2], value) for key, value in request.args.items() if "name__" in key and value)
    tests = [test for way, value in given if (test := filters.text_test(way, value))]
    return all(test(name) for test in tests)


@api.get("/users/")
@require("read")
def users() -> Any:
    """The people one knows of."""
    with state().readers() as session:
        found = [one for one in _people(session) if _fits(one.name)]
    return jsonify(paging.whole(_said(found)))


@api.get("/users/<int:who>/")
@require("read")
def user(who: int) -> Any:
    """One of them."""
    with state().readers() as session:
        key = client_ids.key(session, USER, who)
        found = [one for one in _people(session) if one.id == key]
    if not found:
        raise NotFound(NOBODY)
    return jsonify(_said(found)[0])


@api.get("/groups/")
@require("read")
def groups() -> Any:
    """The units one knows of."""
    with state().readers() as session:
        found = [one for one in _units(session) if _fits(one.name)]
    return jsonify(paging.whole(_said_of_units(found)))


@api.get("/groups/<int:unit>/")
@require("read")
def group(unit: int) -> Any:
    """One of them."""
    with state().readers() as session:
        key = client_ids.key(session, UNIT, unit)
        found = [one for one in _units(session) if one.id == key]
    if not found:
        raise NotFound(NOBODY)
    return jsonify(_said_of_units(found)[0])


@api.get("/ui_settings/")
@require("read")
def ui_settings() -> Any:
    """Who asks and what he may: the first thing apps want to know."""
    me = _said([g.user])[0]
    shown = {name: me[name] for name in ("id", "username", "first_name", "last_name", "is_staff", "is_superuser",
                                         "groups")}  # fmt: skip
    settings: dict[str, Any] = {
        "version": LIKE, "app_title": state().settings.office, "app_logo": None, "auditlog_enabled": True,
        "trash_delay": 0, "email_enabled": False, "update_checking": {"backend_setting": "disabled"},
        "document_editing": {"remove_inbox_tags": False},
        "permissions": {"default_owner": None, "default_view_users": [], "default_view_groups": [],
                        "default_edit_users": [], "default_edit_groups": []},
    }  # fmt: skip
    said = {"user": shown, "settings": settings, "permissions": me["user_permissions"]}
    # Version 1 clients look for these beside the rest.
    return jsonify(said | {"user_id": me["id"], "username": me["username"], "display_name": me["first_name"]})


@api.get("/profile/")
@require("read")
def profile() -> Any:
    """Oneself; no key is ever told again."""
    with state().readers() as session:
        sure = second_factor.is_on(session, session.get_one(User, g.user.id))
    return jsonify(
        email=g.user.email, password="", first_name=g.user.full_name, last_name="", auth_token="", social_accounts=[],
        has_usable_password=True, is_mfa_enabled=sure,
    )  # fmt: skip


@api.post("/ui_settings/")
@api.route("/profile/", methods=["PUT", "PATCH"])
@api.post("/users/")
@api.route("/users/<int:who>/", methods=["PUT", "PATCH", "DELETE"])
@api.post("/groups/")
@api.route("/groups/<int:unit>/", methods=["PUT", "PATCH", "DELETE"])
@require("read")
def change(**_address: Any) -> Any:
    """Not from here."""
    raise Forbidden(NOT_MADE)
