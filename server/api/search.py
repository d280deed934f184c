"""/api/v1/search, and what else is asked of the archive: what is like a paper, what it cites, what is new."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, jsonify
from sqlalchemy.orm import Session

from archive import access, neighbourhood, searches
from archive.errors import BadQuery
from archive.models import SavedSearch
from archive.neighbourhood import Neighbour
from archive.search.find import Results, alike, find, matching
from archive.search.query import parse
from server.api import search_shapes, shapes
from server.api.description import described
from server.api.papers import document_of
from server.auth import require
from server.state import state

api = Blueprint("api_search", __name__)
NAMES = ("document_id", "code", "type", "date", "issuer", "subject", "relation")


@api.get("/search")
@require("read")
@described(400, 422, answer=shapes.Found, query=shapes.SearchAsked, name="search")
def search() -> Any:
    """Find documents one may see; snippets are (text, is it a hit), never HTML"""
    asked = shapes.asked(shapes.SearchAsked)
    query = parse(
        asked.q, type=asked.type, issuer=asked.issuer, unit=asked.unit, status=asked.status, year=asked.year,
        province=asked.province, date_from=asked.from_, date_to=asked.to,
    )  # fmt: skip
    here = state()
    with here.readers() as session:
        found = find(
            session, here.search, query, access.visible(g.user), sort=asked.sort, cursor=asked.cursor, limit=asked.limit
        )
    return jsonify(found.as_json())


@api.get("/documents/<document_id>/alike")
@require("read")
@described(404, answer=search_shapes.Alike, name="alike")
def like(document_id: str) -> Any:
    """Documents like this one, the most alike first"""
    with state().readers() as session:
        document = document_of(session, document_id)
        found = alike(session, state().search, document.id, access.visible(g.user), limit=20)
    return jsonify(hits=Results(hits=found).as_json()["hits"])


@api.get("/documents/<document_id>/neighbours")
@require("read")
@described(404, answer=search_shapes.Around, name="neighbours")
def neighbours(document_id: str) -> Any:
    """What the document cites and what cites it"""
    with state().readers() as session:
        around = neighbourhood.of(session, document_of(session, document_id), access.visible(g.user))
    sides = {"cites": around.cites, "cited_by": around.cited_by}
    return jsonify(citing=around.citing, **{name: list(map(_neighbour, side)) for name, side in sides.items()})


def _neighbour(one: Neighbour) -> dict[str, Any]:
    return {name: getattr(one, name) for name in NAMES}


@api.get("/searches")
@require("read")
@described(answer=search_shapes.KeptSearches, name="kept_searches")
def kept() -> Any:
    """The searches its user keeps, with how much is new; asking changes nothing"""
    with state().readers() as session:
        return jsonify(searches=[_kept(row, _found(session, row)) for row in searches.listed(session, g.user)])


def _found(session: Session, row: SavedSearch) -> list[str]:
    """What it finds now; nothing when it cannot be asked any more."""
    try:
        query = searches.question_of(row).query()
        return matching(session, state().search, query, access.visible(g.user))
    except BadQuery:
        return []


def _kept(row: SavedSearch, found: list[str]) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in ("id", "name")}
    return said | {
        "search": row.query, "found": len(found), "news": searches.news(row, found), "seen_at": row.seen_at.isoformat(),
    }  # fmt: skip
