"""Short forms and what they stand for (UBND, Ủy ban nhân dân), by which a search finds the one by the other.

The migration brings those of NĐ 30/2020, Appendix III, and of lists of recipients; an office adds its own and switches
off what means something else there (CT may be Chỉ thị or Chủ tịch).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.errors import BadValue, Conflict
from archive.models import Abbreviation
from archive.vietnamese import words_of

KINDS = ("organ", "type", "other")
LONGEST_SHORT, LONGEST_LONG = 20, 120
MOST = 1000
# One word of letters as it stands in a code or a list: UBND, TTg, QyĐ. Two words would not be one token of the index.
_SHORT = re.compile(r"[^\W_]{2,20}")
_ORDER = (Abbreviation.kind, Abbreviation.short, Abbreviation.long)


def listed(session: Session) -> Sequence[Abbreviation]:
    """Every line, those that are switched off, too."""
    return session.scalars(sa.select(Abbreviation).order_by(*_ORDER)).all()


def add(session: Session, short: str, long: str, kind: str = "other", *, actor: str) -> Abbreviation:
    """One more line, as people type it. Raises BadValue and Conflict."""
    row = _typed(short, long, kind)
    known = session.scalars(sa.select(Abbreviation)).all()
    if any(_same(row, other) for other in known):
        raise Conflict(f"“{row.short}” đã có trong bảng với nghĩa này.")
    if len(known) >= MOST:
        raise BadValue(f"Bảng đã có {MOST} dòng; hãy xoá bớt dòng không dùng.")
    session.add(row)
    session.flush()
    _note(session, actor, "abbreviation_added", row)
    return row


def _typed(short: str, long: str, kind: str) -> Abbreviation:
    short, long = (unicodedata.normalize("NFC", " ".join(text.split())) for text in (short, long))
    if not _SHORT.fullmatch(short):
        raise BadValue(f"Chữ viết tắt là một từ từ 2 đến {LONGEST_SHORT} chữ, ví dụ UBND.")
    if len(words_of(long).split()) < 2 or len(long) > LONGEST_LONG or not long.isprintable():
        raise BadValue(f"Hãy ghi đầy đủ, từ hai tiếng trở lên, dài nhất {LONGEST_LONG} ký tự, ví dụ Ủy ban nhân dân.")
    if kind not in KINDS:
        raise BadValue("Hãy chọn loại: cơ quan, loại văn bản hoặc khác.")
    return Abbreviation(short=short, long=long, kind=kind, active=True)


def _same(one: Abbreviation, other: Abbreviation) -> bool:
    return one.short == other.short and words_of(one.long) == words_of(other.long)


def switch(session: Session, row: Abbreviation, *, active: bool, actor: str) -> None:
    """From now on it counts, or does not."""
    if row.active != active:
        row.active = active
        _note(session, actor, "abbreviation_switched_on" if active else "abbreviation_switched_off", row)


def remove(session: Session, row: Abbreviation, *, actor: str) -> None:
    """The line goes."""
    session.delete(row)
    _note(session, actor, "abbreviation_removed", row)


def _note(session: Session, actor: str, action: str, row: Abbreviation) -> None:
    history.append(session, actor, action, f"abbreviation {row.id}", {"short": row.short, "long": row.long})
