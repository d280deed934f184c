"""Rows that tests of the office need: a scan with a document, a person."""

import itertools

from archive.models import Document, Scan, User

_count = itertools.count(1)


def _scan(**columns):
    number = next(_count)
    return Scan(
        sha256=f"{number:064x}", filename=f"{number}.pdf", media_type="application/pdf", size=10, received_by="test",
        **columns,
    )  # fmt: skip


def scan(session, **columns):
    row = _scan(**columns)
    session.add(row)
    session.flush()
    return row


def document(session, of=None, **columns):
    """A document to review; `of` is its scan, else a new one."""
    row = Document(scan_id=(of or scan(session)).id, pages=[1], **columns)
    session.add(row)
    session.flush()
    return row


def unkept(**columns):
    """The same with a new scan, which no session knows yet."""
    return Document(scan=_scan(), pages=[1], **columns)


def field(value, confidence=0.6, sure=False, **more):
    return {
        "value": value, "confidence": confidence, "sure": sure, "page": 1, "box": [0.1, 0.1, 0.2, 0.2],
        "source": "national 1.0", "others": [], **more,
    }  # fmt: skip


def user(session, role="clerk", **columns):
    row = User(name=f"nguoi_{next(_count)}", role=role, password_hash="-", **columns)
    session.add(row)
    session.flush()
    return row
