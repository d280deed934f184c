"""A paper that does not go into the book: another copy of one that is there, an envelope, what was scanned by mistake.

It is set aside with a reason and stays in the archive, bytes and all; any clerk may bring it back to be reviewed.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from archive import history
from archive.errors import BadValue, Conflict, NotFound, Stale
from archive.models import DOCUMENT_FOR_UPDATE, Document, Outbox

LONGEST = 500


def set_aside(
    session: Session, document: Document, reason: str, *, actor: str, if_version: int | None = None,
    at: dt.datetime | None = None,
) -> Document:  # fmt: skip
    """Takes a paper that waits for review out of the queue, with the reason in the history.

    BadValue without a reason; Stale when it is no longer at `if_version`; Conflict when it has a number: that is voided
    first, with its own reason.
    """
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST:
        raise BadValue(f"Hãy ghi lý do không vào sổ, dài nhất {LONGEST} ký tự. Văn bản vẫn ở hàng đợi.")
    document = _lock(session, document)
    if if_version not in (None, document.version):
        raise Stale("Văn bản vừa được người khác sửa nên chưa bỏ khỏi hàng đợi. Hãy tải lại rồi xem lại.")
    if document.status == "void":
        return document
    if document.status != "review":
        raise Conflict("Văn bản đã vào sổ. Muốn bỏ, hãy huỷ số trước và nêu lý do.")
    return _change(session, document, "void", "set_aside", {"reason": reason}, actor, at)


def bring_back(session: Session, document: Document, *, actor: str, at: dt.datetime | None = None) -> Document:
    """Puts a paper that was set aside back into the queue. Again: nothing happens."""
    document = _lock(session, document)
    return (
        document if document.status != "void" else _change(session, document, "review", "brought_back", {}, actor, at)
    )


def _lock(session: Session, document: Document) -> Document:
    fresh = session.scalars(DOCUMENT_FOR_UPDATE, {"id": document.id}).one_or_none()
    if fresh is None:
        raise NotFound("Không có văn bản này.")
    return fresh


def _change(
    session: Session, document: Document, status: str, action: str, facts: dict[str, str], actor: str,
    at: dt.datetime | None,
) -> Document:  # fmt: skip
    document.status = status
    document.version += 1
    session.add(Outbox(document_id=document.id))
    session.flush()
    history.append(session, actor, action, document.id, facts, at)
    return document
