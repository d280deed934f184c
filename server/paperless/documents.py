"""/api/documents/: which there are, one of them, and the number the next one would get."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, jsonify, request
from sqlalchemy.orm import Session

from archive import access, register
from archive.models import Document, Scan, now
from archive.register_books import DEFAULT
from archive.search.conditions import among
from archive.search.find import alike, matching
from archive.search.query import Query, parse
from archive.search.snippets import snippet
from archive.workdays import today
from server.auth import require
from server.paperless import filters, paging, told
from server.paperless.numbers import DOCUMENT, Numbers, paper_of
from server.state import state

api = Blueprint("paperless_documents", __name__)
MOST_A_PAGE = 250
MOST_IN_ALL = 10_000
"""Of more finds `all` does not name every one."""
MOST_ALIKE = 50
MOST_LOOKED_THROUGH = 200_000
"""Characters of a text in which the words of a search are looked for."""


@api.get("/documents/")
@require("read")
def listed() -> Any:
    """What may be seen of what was asked for, a page of it."""
    with state().readers() as session:
        asked = filters.asked(session)
        ids, query = found(session, asked)
        only_ids = request.args.get("fields") == "id"
        turn = paging.asked(MOST_IN_ALL if only_ids else MOST_A_PAGE)
        page = list(turn.cut(ids))
        short = request.args.get("truncate_content", "").lower() in ("true", "1")
        papers = [] if only_ids else told.load(session, page, short=short)
        why = _why(session, query, page) if query and not only_ids else {}
    named = ids if len(ids) <= MOST_IN_ALL else page
    numbers = Numbers((DOCUMENT, one) for one in named)
    every = numbers.all(DOCUMENT, ids) if named is ids else None
    said = [{"id": numbers.of(DOCUMENT, one)} for one in page] if only_ids else told.documents(papers)
    if query and not only_ids:
        for rank, (one, paper) in enumerate(zip(said, papers, strict=True), turn.begin):
            one["__search_hit__"] = why[paper.document.id] | {"rank": rank}
    return jsonify(paging.envelope(turn, len(ids), _chosen(said), every))


def found(session: Session, asked: filters.Asked) -> tuple[list[str], Query | None]:
    """Ids of the documents asked for, in order, and the question they answer, if there was one."""
    conditions = [told.there(), *asked.conditions]
    query = parse(" ".join(asked.questions)) if asked.questions else None
    ranked: list[str] | None = None
    if query:
        ranked = matching(session, state().search, query, access.visible(g.user))
    elif asked.like is not None:
        ranked = _alike(session, asked.like)
    if ranked is not None:
        conditions.append(among(session, ranked))
    order = filters.order()
    wanted = sa.select(Document.id, Document.subject, Document.ordinal, Scan.filename).join(
        Scan, Scan.id == Document.scan_id
    )
    rows = session.execute(wanted.where(*conditions).order_by(*(order or filters.usual())))
    kept = [row.id for row in rows if _passes(asked, row)]
    if ranked is None or order:
        return kept, query
    left = set(kept)
    return [one for one in ranked if one in left], query


def _passes(asked: filters.Asked, row: Any) -> bool:
    title = row.subject or row.filename
    return all(test(title) for test in asked.titles) and all(test(row.filename) for test in asked.filenames)


def _alike(session: Session, number: int) -> list[str]:
    document = paper_of(session, number)
    hits = alike(session, state().search, document.id, access.visible(g.user), limit=MOST_ALIKE)
    return [hit.id for hit in hits]


def _why(session: Session, query: Query, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    text = sa.case((Document.secrecy.is_(None), sa.func.substr(Document.text, 1, MOST_LOOKED_THROUGH)), else_="")
    rows = session.execute(sa.select(Document.id, text).where(among(session, ids)))
    return {key: {"score": 1.0, "highlights": _lit(content, query), "note_highlights": ""} for key, content in rows}


def _lit(text: str, query: Query) -> str:
    """The one place where these clients are given HTML: what the paper says is escaped."""
    pieces = ((html.escape(piece), hit) for piece, hit in snippet(text, query))
    return "".join(f'<span class="match">{piece}</span>' if hit else piece for piece, hit in pieces)


def _chosen(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Only the `fields` asked for."""
    names = {name.strip() for name in request.args.get("fields", "").split(",")} - {""}
    return [{name: value for name, value in one.items() if name in names} for one in said] if names else said


@api.get("/documents/<int:paper>/")
@require("read")
def get(paper: int) -> Any:
    """One document, with the whole text and its version as ETag."""
    return shown(paper)


def shown(paper: int) -> Any:
    """The answer of one document, as it stands now."""
    with state().readers() as session:
        document = paper_of(session, paper)
        version, papers = document.version, told.load(session, [document.id], whole=True)
    answer = jsonify(_chosen(told.documents(papers))[0])
    answer.set_etag(str(version))
    return answer


@api.get("/documents/next_asn/")
@require("read")
def next_asn() -> Any:
    """The arrival number the next paper would get in the office's book; asking takes none."""
    with state().readers() as session:
        return jsonify(register.expected(session, DEFAULT, today(now()).year))
