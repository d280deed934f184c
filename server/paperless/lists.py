"""/api/saved_views/, and lists that are always empty here: the trash, links for strangers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, g, jsonify
from sqlalchemy.orm import Session

from archive import client_ids, searches
from archive.errors import Forbidden, NotFound
from archive.models import SavedSearch
from server.auth import require
from server.paperless import paging
from server.paperless.numbers import VIEW, Numbers
from server.state import state

api = Blueprint("paperless_lists", __name__)
NO_VIEW = "Không có câu tìm này."
NOT_MADE = "Câu tìm được lưu trên trang web; ứng dụng chỉ đọc. Chưa có gì thay đổi."
NO_TRASH = "Kho không có thùng rác: không văn bản nào bị xoá. Chưa có gì thay đổi."
NO_LINKS = "Kho không cho xem văn bản bằng liên kết mở: ai đọc cũng phải đăng nhập. Chưa có gì thay đổi."
FULL_TEXT, BEFORE, AFTER = 20, 8, 9
"""Kinds of rules of a saved view."""


def _views(session: Session) -> list[SavedSearch]:
    """One's own searches; those with filters that are no rules of a view would find too much, and are not told."""
    return [row for row in searches.listed(session, g.user) if not searches.question_of(row).filters]


def _said(rows: list[SavedSearch]) -> list[dict[str, Any]]:
    numbers = Numbers((VIEW, row.id) for row in rows)
    return [
        {
            "id": numbers.of(VIEW, row.id), "name": row.name, "show_on_dashboard": True, "show_in_sidebar": True,
            "sort_field": "created", "sort_reverse": True, "filter_rules": list(_rules(row)), "owner": None,
            "user_can_change": False,
        }
        for row in rows
    ]  # fmt: skip


def _rules(row: SavedSearch) -> Iterator[dict[str, Any]]:
    asked = searches.question_of(row)
    said = ((FULL_TEXT, asked.text), (AFTER, asked.days.get("from")), (BEFORE, asked.days.get("to")))
    yield from ({"rule_type": kind, "value": value} for kind, value in said if value)


@api.get("/saved_views/")
@require("read")
def saved_views() -> Any:
    """One's own searches."""
    with state().readers() as session:
        rows = _views(session)
    return jsonify(paging.whole(_said(rows)))


@api.get("/saved_views/<int:view>/")
@require("read")
def saved_view(view: int) -> Any:
    """One of them."""
    with state().readers() as session:
        key = client_ids.key(session, VIEW, view)
        rows = [row for row in _views(session) if row.id == key]
    if not rows:
        raise NotFound(NO_VIEW)
    return jsonify(_said(rows)[0])


@api.post("/saved_views/")
@api.route("/saved_views/<int:view>/", methods=["PUT", "PATCH", "DELETE"])
@require("read")
def keep_view(**_address: Any) -> Any:
    """Not from here."""
    raise Forbidden(NOT_MADE)


@api.get("/trash/")
@require("read")
def trash() -> Any:
    """Always empty."""
    return jsonify(paging.envelope(paging.asked(), 0, [], []))


@api.post("/trash/")
@require("read")
def empty_trash() -> Any:
    """Nothing is in it."""
    raise Forbidden(NO_TRASH)


@api.get("/share_links/")
@require("read")
def links() -> Any:
    """Always empty."""
    return jsonify(paging.envelope(paging.asked(), 0, [], []))


@api.post("/share_links/")
@require("read")
def make_link() -> Any:
    """Not here."""
    raise Forbidden(NO_LINKS)
