"""Độ khẩn: who waits for whom. NĐ 30/2020/NĐ-CP, arts. 23 and 24: urgent papers are submitted and handled at once."""

from __future__ import annotations

import sqlalchemy as sa

from archive.models import Document
from archive.vietnamese import fold

RANKS = {"Hỏa tốc hẹn giờ": 0, "Hỏa tốc": 0, "Thượng khẩn": 1, "Khẩn": 2}
"""Mark on the paper → its place in every queue; a paper without one comes after all of them."""
LAST = 3
_FOLDED = {fold(name): rank for name, rank in RANKS.items()}


def rank(urgency: str | None) -> int:
    """The place of a paper with this mark: 0 hỏa tốc … 3 none; an unknown mark is Khẩn, since somebody put one."""
    return _FOLDED.get(fold(urgency), 2) if urgency else LAST


def order() -> sa.ColumnElement[int]:
    """The same as a column to order documents by."""
    whens = [(Document.urgency.in_((name, name.replace("ỏa", "oả"))), place) for name, place in RANKS.items()]
    return sa.case((Document.urgency.is_(None), LAST), *whens, else_=2)
