"""/api/search/ and /api/search/autocomplete/: words as they are typed, and a little of everything."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, jsonify, request

from archive import access
from archive.errors import BadQuery
from archive.models import Document, Scan
from archive.search.conditions import among
from archive.search.find import matching
from archive.search.query import parse
from archive.search.words import WORD, folded
from archive.vietnamese import fold
from server.auth import require
from server.paperless import labels, told
from server.state import state

api = Blueprint("paperless_searching", __name__)
MOST_LOOKED_AT = 20_000
FEW = 3
"""Of each kind, in a search over everything."""
_ELSEWHERE = ("saved_views", "users", "groups", "mail_rules", "mail_accounts", "workflows")


@api.get("/search/autocomplete/")
@require("read")
def autocomplete() -> Any:
    """Words of subjects and organs of papers one may see that begin so, the most frequent first."""
    term = folded(request.args.get("term", "").strip()[:80])
    limit = request.args.get("limit", "10")
    most = min(int(limit), 100) if limit.isascii() and limit.isdigit() and len(limit) < 5 else 10
    if not term:
        return jsonify([])
    with state().readers() as session:
        wanted = sa.select(Document.subject, Document.issuing_organ, Document.full_code)
        there = wanted.join(Scan, Scan.id == Document.scan_id).where(told.there())
        rows = session.execute(there.order_by(Document.created_at.desc()).limit(MOST_LOOKED_AT)).all()
    counts = Counter(
        word.lower() for row in rows for text in row if text for word in WORD.findall(text)
        if folded(word).startswith(term)
    )  # fmt: skip
    return jsonify([word for word, _ in counts.most_common(most)])


@api.get("/search/")
@require("read")
def everything() -> Any:
    """A few papers, and labels of that name."""
    text = request.args.get("query", "").strip()
    if len(text) < FEW:
        raise BadQuery("Hãy gõ ít nhất ba chữ để tìm.")
    with state().readers() as session:
        ids = matching(session, state().search, parse(text), access.visible(g.user))
        there = sa.select(Document.id).join(Scan, Scan.id == Document.scan_id).where(told.there(), among(session, ids))
        kept = set(session.scalars(there))
        papers = told.load(session, [one for one in ids if one in kept][:FEW], short=True)
        named = {
            word: [one for one in find(session) if fold(text) in fold(one.name)][:FEW]
            for word, (_, find) in labels.KINDS.items()
        }
    found = {word: labels.said(word, some) for word, some in named.items()}
    found |= {"documents": told.documents(papers)} | {word: [] for word in _ELSEWHERE}
    return jsonify(found | {"total": sum(map(len, found.values()))})
