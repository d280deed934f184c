"""/search: one box, marks optional; the address holds the whole state, so that a search can be sent to a colleague."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, g, render_template, request

from archive import access
from archive.errors import BadQuery
from archive.search import parse
from archive.search.find import Results, find
from server.auth import require
from server.pages import shown
from server.speech import gettext as _
from server.state import state

pages = Blueprint("search", __name__)
FILTERS = ("type", "issuer", "unit", "status", "from", "to")
LIMIT = 20
FACETS = {"type": "Loại", "issuer": "Nơi gửi", "year": "Năm", "unit": "Đơn vị", "status": "Tình trạng"}
SORTS = {"": "Phù hợp nhất", "date": "Ngày văn bản", "arrival": "Mới đến"}


@dataclass(frozen=True)
class Choice:
    """One value of a facet: what it is called, how many, and the address that takes or leaves it."""

    name: str
    count: int
    url: str
    taken: bool


@pages.get("/search")
@require("read")
def look() -> Any:
    """The results for the address; a question that cannot be understood is answered with why."""
    asked = {name: text for name in ("q", *FILTERS, "sort", "cursor") if (text := request.args.get(name, "").strip())}
    error, results = "", Results()
    if asked:
        try:
            results = answered(asked)
        except BadQuery as refusal:
            error = str(refusal)
    return render_template(
        "pages/search.html", asked=asked, results=results, error=error, facets=facets(asked, results), sorts=SORTS,
        more=f"/search?{urlencode({**asked, 'cursor': results.cursor})}" if results.cursor else None,
        kept={name: text for name, text in asked.items() if name in FILTERS},
    )  # fmt: skip


def answered(asked: Mapping[str, str]) -> Results:
    """One page of results of what this user may see."""
    filters = {name: asked.get(name) for name in ("type", "issuer", "unit", "status")}
    query = parse(asked.get("q", ""), **filters, date_from=asked.get("from"), date_to=asked.get("to"))
    with state().readers() as session:
        return find(
            session, state().search, query, access.visible(g.user),
            sort=asked.get("sort"), cursor=asked.get("cursor"), limit=LIMIT,
        )  # fmt: skip


def facets(asked: Mapping[str, str], results: Results) -> list[tuple[str, list[Choice]]]:
    """(title, choices) of every facet that has any; what is taken can be left again."""
    groups = ((_(title), list(_choices(asked, name, results.facets.get(name, ())))) for name, title in FACETS.items())
    return [(title, choices) for title, choices in groups if choices]


def _choices(asked: Mapping[str, str], name: str, counted: Iterable[tuple[str, int]]) -> Iterable[Choice]:
    for value, count in counted:
        taking = {"from": f"{value}-01-01", "to": f"{value}-12-31"} if name == "year" else {name: value}
        taken = all(asked.get(key) == text for key, text in taking.items())
        rest = {key: text for key, text in asked.items() if key not in taking and key != "cursor"}
        title = _(shown.STATUSES[value][2]) if name == "status" else value
        yield Choice(title, count, f"/search?{urlencode(rest if taken else rest | taking)}", taken)
