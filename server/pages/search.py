"""/search: one box, marks optional; the address holds the whole state, so that a search can be sent to a colleague."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, g, render_template, request, send_file
from sqlalchemy.orm import Session

from archive import access, history, results_export
from archive.errors import BadQuery
from archive.search.find import Results, find, matching
from archive.searches import Question
from server.auth import require
from server.pages import hits, shown
from server.speech import gettext as _
from server.state import state

pages = Blueprint("search", __name__)
LIMIT = 10
FACETS = {
    "type": "Loại", "issuer": "Nơi gửi", "year": "Năm", "unit": "Đơn vị", "status": "Tình trạng", "province": "Tỉnh",
}  # fmt: skip
SORTS = {"": "Phù hợp nhất", "date": "Ngày văn bản", "arrival": "Mới đến"}
DAYS = {"from": "từ ngày", "to": "đến ngày"}
FIRST = 6
"""Values of a facet that are shown at once."""
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Choice:
    """One value of a facet."""

    value: str
    name: str
    """What it is called."""
    count: int
    taken: bool


@dataclass(frozen=True)
class Facet:
    """The values by which results may be narrowed."""

    key: str
    title: str
    choices: list[Choice]

    @property
    def first(self) -> list[Choice]:
        """Those that are shown at once; what is taken stays in sight."""
        return [one for n, one in enumerate(self.choices) if n < FIRST or one.taken]

    @property
    def rest(self) -> list[Choice]:
        """The others."""
        return [one for n, one in enumerate(self.choices) if n >= FIRST and not one.taken]


@dataclass(frozen=True)
class Chip:
    """A condition that is in force, and the address without it."""

    name: str
    url: str


@pages.get("/search")
@require("read")
def look() -> Any:
    """The results for the address; a question that cannot be understood is answered with why."""
    asked = Question.of(request.args.items(multi=True))
    error, results, found = "", Results(), []
    if not asked.is_empty:
        try:
            with state().readers() as session:
                results = answered(session, asked)
                found = hits.of(session, asked, results.hits)
        except BadQuery as refusal:
            error = str(refusal)
    # While somebody types only the results are wanted; a page that is gone back to is wanted whole.
    part = request.headers.get("HX-Request") and not request.headers.get("HX-History-Restore-Request")
    return render_template(
        "parts/results.html" if part else "pages/search.html",
        asked=asked, results=results, error=error, found=found, facets=facets(asked, results), sorts=SORTS,
        chips=list(chips(asked)), paging=paging(asked, results), address=asked.address(),
        meant=_with(asked, text=results.suggestion) if results.suggestion else None,
        wide=_with(asked, filters={}, days={}), most=results_export.MOST,
    )  # fmt: skip


def answered(session: Session, asked: Question) -> Results:
    """One page of results of what this user may see. Raises BadQuery."""
    return find(
        session, state().search, asked.query(), access.visible(g.user), sort=asked.sort or None,
        cursor=request.args.get("cursor") or None, limit=LIMIT,
    )  # fmt: skip


def facets(asked: Question, results: Results) -> list[Facet]:
    """Every facet that has any value; what is taken is there even when nothing has it."""
    groups = (Facet(key, _(title), _choices(asked, key, results)) for key, title in FACETS.items())
    return [one for one in groups if one.choices]


def _choices(asked: Question, key: str, results: Results) -> list[Choice]:
    taken, counted = asked.filters.get(key, ()), dict(results.facets.get(key, ()))
    lone = [value for value in taken if value not in counted]
    return [Choice(value, _called(key, value), counted.get(value, 0), value in taken) for value in [*counted, *lone]]


def _called(key: str, value: str) -> str:
    return _(shown.STATUSES[value][2]) if key == "status" and value in shown.STATUSES else value


def chips(asked: Question) -> Iterable[Chip]:
    """Each condition beside the words, to be taken back."""
    for key, values in asked.filters.items():
        for value in values:
            rest = tuple(one for one in values if one != value)
            yield Chip(_called(key, value), _with(asked, filters={**asked.filters, key: rest}))
    for name, day in asked.days.items():
        rest_of = {other: text for other, text in asked.days.items() if other != name}
        yield Chip(f"{_(DAYS[name])} {shown.day(day)}", _with(asked, days=rest_of))


def _with(asked: Question, **changes: Any) -> str:
    """The address of the question with something else in it."""
    told: Mapping[str, Any] = {"text": asked.text, "filters": asked.filters, "days": asked.days, "sort": asked.sort}
    return f"/search?{Question(**{**told, **changes}).address()}"


def paging(asked: Question, results: Results) -> dict[str, str]:
    """Addresses of the page before and after; the address remembers the way."""
    here, way = request.args.get("cursor", ""), request.args.get("back", "")
    urls: dict[str, str] = {}
    if here:
        before, _dot, last = way.rpartition(".")
        urls["before"] = _page(asked, last, before)
    if results.cursor:
        urls["after"] = _page(asked, results.cursor, f"{way}.{here}" if here else "")
    return urls


def _page(asked: Question, cursor: str, back: str) -> str:
    more = [(name, value) for name, value in (("cursor", cursor), ("back", back)) if value]
    return f"/search?{urlencode(asked.pairs() + more)}"


@pages.get("/search.xlsx")
@require("read")
def excel() -> Any:
    """What was found, as a file; who took what with him is written down."""
    asked = Question.of(request.args.items(multi=True))
    allowed = access.visible(g.user)
    with state().readers() as session:
        ids = matching(session, state().search, asked.query(), allowed, sort=asked.sort or None)
        if len(ids) > results_export.MOST:
            raise results_export.too_many(len(ids))
        lines = results_export.rows(session, ids, allowed)
    content = results_export.xlsx(lines, state().settings.office, said(asked))
    with state().sessions.begin() as session:
        told = {"search": asked.address(), "rows": len(lines)}
        history.append(session, g.user.name, "exported", f"user {g.user.id}"[:80], told)
    return send_file(io.BytesIO(content), EXCEL, as_attachment=True, download_name="ket-qua-tim-kiem.xlsx")


def said(asked: Question) -> str:
    """The question in words."""
    parts = [f"“{asked.text}”"] if asked.text else []
    parts += [f"{_(FACETS[key]).lower()}: {', '.join(_called(key, one) for one in values)}"
              for key, values in asked.filters.items()]  # fmt: skip
    parts += [f"{_(DAYS[name])} {shown.day(day)}" for name, day in asked.days.items()]
    return "; ".join(parts) or _("Mọi văn bản")
