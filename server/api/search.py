"""/api/v1/search."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, jsonify

from archive import access
from archive.search.find import find
from archive.search.query import parse
from server.api import shapes
from server.api.description import described
from server.auth import require
from server.state import state

api = Blueprint("api_search", __name__)


@api.get("/search")
@require("read")
@described(400, 422, answer=shapes.Found, query=shapes.SearchAsked, name="search")
def search() -> Any:
    """Find documents one may see; snippets are (text, is it a hit), never HTML"""
    asked = shapes.asked(shapes.SearchAsked)
    query = parse(
        asked.q, type=asked.type, issuer=asked.issuer, unit=asked.unit, status=asked.status, date_from=asked.from_,
        date_to=asked.to,
    )  # fmt: skip
    here = state()
    with here.readers() as session:
        found = find(
            session, here.search, query, access.visible(g.user), sort=asked.sort, cursor=asked.cursor, limit=asked.limit
        )
    return jsonify(found.as_json())
