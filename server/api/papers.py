"""The rows an address names: 404 for what is not there and for what this user may not see, whoever asks."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from flask import g
from sqlalchemy.orm import Session

from archive import access, history
from archive.errors import NotFound
from archive.models import WITHHELD, Document, Scan
from server import restricted

NO_SCAN = "Không có tệp quét này, hoặc bạn không được xem."
NO_DOCUMENT = "Không có văn bản này, hoặc bạn không được xem."
HELD = "Tệp đang bị cách ly vì có dấu mật nên không lấy ra ở đây được. Tệp vẫn được giữ nguyên."
_ID = re.compile(r"[0-9a-z]{8,32}")


def document_of(session: Session, document_id: str) -> Document:
    """The document, if the one who asks may read it."""
    document = session.get(Document, document_id) if _ID.fullmatch(document_id) else None
    if document is None or not access.can(g.user, "read", document):
        raise NotFound(NO_DOCUMENT)
    if document.scan.status in WITHHELD:
        raise NotFound(HELD)
    if place := access.in_place_of(g.user, "read", document):
        history.act_in_place_of(place)
    restricted.note(document)
    return document


def seen_by_reader(session: Session, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The contract's objects without the ids of cited papers that the one who asks may not see."""
    cited = [one for document in documents for one in document["citations"] if one["target"]]
    targets = {one["target"] for one in cited}
    open_to = sa.select(Document.id).where(Document.id.in_(targets), access.visible(g.user))
    seen = set(session.scalars(open_to)) if targets else set()
    for one in cited:
        if one["target"] not in seen:
            one["target"] = None
    return documents


def scan_of(session: Session, scan_id: str) -> Scan:
    """The scan, if the one who asks may see every document of it."""
    if not _ID.fullmatch(scan_id):
        raise NotFound(NO_SCAN)
    found = session.scalar(sa.select(Scan).where(Scan.id == scan_id, access.visible_scans(g.user)))
    if found is None:
        raise NotFound(NO_SCAN)
    restricted.note(*found.documents)
    return found
