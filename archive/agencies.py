"""Identification codes of agencies (mã định danh cơ quan, QĐ 20/2020/QĐ-TTg) as dated data that people keep.

Nobody publishes a list that holds for every day: codes changed their form in 2020, may pass to another organ, and the
organs of 2025 get others. What is known is therefore typed or pasted by an administrator, with the days it holds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.errors import BadValue, Conflict
from archive.models import AgencyCode
from archive.vietnamese import plain_letters, short_date, words_of

LONGEST_CODE, LONGEST_NAME = 64, 300
MOST_LINES = 1000
"""At once: each line is an event, and 1,000 hold the one writer of SQLite for four seconds."""
MOST_SAID = 20
"""Lines of a pasted table of which it is said at once what is wrong."""
TONES = "\u0300\u0301\u0303\u0309\u0323"
# 000.00.00.H49 (QCVN 102), 28.22.H17, H49.22.28 (QĐ 20/2020), H49: groups, one with the letter of level 1.
_CODE = re.compile(r"(?=.*\b[A-Z]\d\d\b)[A-Z0-9]{1,10}(?:\.[A-Z0-9]{1,10}){0,9}")


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a pasted table."""

    added: int
    known: int
    """Lines that were there already."""


def code_of(session: Session, organ: str | None, on_date: str | None) -> AgencyCode | None:
    """The code an organ had on a day (ISO); None when nobody said, or two organs of like names have different ones.

    Names compare without marks, which scans lose; `is_same` says whether the answer is of this very name.
    """
    if not organ or not on_date:
        return None
    rows = session.scalars(sa.select(AgencyCode).where(AgencyCode.folded == words_of(organ), _holds_on(on_date))).all()
    known = [row for row in rows if is_same(row.name, organ)] or rows
    return known[0] if len({row.code for row in known}) == 1 else None


def is_same(one: str, other: str) -> bool:
    """True when two names differ in case, tone placement and punctuation only: Tân An is not Tân Ân."""
    return _spelling(one) == _spelling(other)


def _spelling(name: str) -> list[str]:
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", name).lower())
    return [_tone_last(unicodedata.normalize("NFD", word)) for word in words]


def _tone_last(word: str) -> str:
    """`ủy` and `uỷ` become one."""
    return "".join(mark for mark in word if mark not in TONES) + "".join(mark for mark in word if mark in TONES)


def _holds_on(day: str) -> sa.ColumnElement[bool]:
    return _overlap(day, day)


def _overlap(first: str | None, last: str | None) -> sa.ColumnElement[bool]:
    begins, ends = AgencyCode.valid_from, AgencyCode.valid_until
    return sa.and_(
        sa.or_(begins.is_(None), begins <= last) if last else sa.true(),
        sa.or_(ends.is_(None), ends >= first) if first else sa.true(),
    )


def listed(session: Session, words: str = "", limit: int | None = None) -> Sequence[AgencyCode]:
    """The table in order of names and days; with `words` those lines whose name or code holds them."""
    wanted = sa.select(AgencyCode).order_by(AgencyCode.folded, AgencyCode.valid_from, AgencyCode.code).limit(limit)
    if words.strip():
        of_name = AgencyCode.folded.contains(words_of(words), autoescape=True) if words_of(words) else sa.false()
        letters = "".join(filter(str.isprintable, words.strip().upper()))
        wanted = wanted.where(of_name | AgencyCode.code.contains(letters, autoescape=True))
    return session.scalars(wanted).all()


def add(
    session: Session, code: str, name: str, valid_from: str = "", valid_until: str = "", *, actor: str
) -> AgencyCode:
    """A code that an organ has from a day to the end of another, as people type them; BadValue, Conflict."""
    row = _typed(code, name, valid_from, valid_until)
    _check_free(session, row)
    session.add(row)
    session.flush()
    _note(session, actor, "agency_code_added", row)
    return row


def _typed(code: str, name: str, valid_from: str, valid_until: str) -> AgencyCode:
    name = unicodedata.normalize("NFC", " ".join(name.split()))
    if not words_of(name) or len(name) > LONGEST_NAME or not name.isprintable():  # PostgreSQL takes no NUL
        raise BadValue(f"Hãy ghi tên cơ quan, dài nhất {LONGEST_NAME} ký tự.")
    first, last = _day(valid_from), _day(valid_until)
    if first and last and last < first:
        raise BadValue("Ngày cuối không thể trước ngày đầu.")
    return AgencyCode(code=_checked_code(code), name=name, folded=words_of(name), valid_from=first, valid_until=last)


def _checked_code(typed: str) -> str:
    code = plain_letters(typed).strip().upper()
    if len(code) > LONGEST_CODE or not _CODE.fullmatch(code):
        raise BadValue(f"Mã định danh {typed.strip()[:80]!r} không hợp lệ. Ví dụ: 000.00.00.H49 hoặc H49.22.28.")
    return code


def _day(typed: str) -> str | None:
    """ISO of `01/07/2025` or `2025-07-01`; None when nothing is typed."""
    if not (text := typed.strip()):
        return None
    if ordered := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text, re.ASCII):
        text = "/".join(reversed(ordered.groups()))
    whole = re.fullmatch(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4}", text, re.ASCII)
    iso = short_date(text) if whole else None
    if iso is None:
        raise BadValue(f"Không hiểu ngày {typed.strip()[:40]!r}. Hãy ghi ngày/tháng/năm, ví dụ 01/07/2025.")
    return iso


def _check_free(session: Session, row: AgencyCode) -> None:
    """On one day a code is of one organ, and an organ has one code."""
    near = sa.or_(AgencyCode.code == row.code, AgencyCode.folded == row.folded)
    others = sa.select(AgencyCode).where(near, _overlap(row.valid_from, row.valid_until))
    for other in session.scalars(others):
        if other is not row and (other.code == row.code or is_same(other.name, row.name)):
            raise Conflict(f"Trong thời gian này {other.name} đã có mã {other.code}. Hãy kết thúc mã đó trước.")


def end(session: Session, row: AgencyCode, last: str, *, actor: str) -> None:
    """The organ has its code to the end of this day; blank: still. BadValue, Conflict: roll back."""
    before, day = row.valid_until, _day(last)
    if day and row.valid_from and day < row.valid_from:
        raise BadValue("Ngày cuối không thể trước ngày đầu.")
    row.valid_until = day
    _check_free(session, row)
    if day != before:
        _note(session, actor, "agency_code_ended", row)


def remove(session: Session, row: AgencyCode, *, actor: str) -> None:
    """Take back a line that was never true; one that was is ended."""
    session.delete(row)
    _note(session, actor, "agency_code_removed", row)


def _note(session: Session, actor: str, action: str, row: AgencyCode) -> None:
    facts = {"code": row.code, "name": row.name, "from": row.valid_from, "until": row.valid_until}
    history.append(session, actor, action, row.id, facts)


def take_table(session: Session, text: str, *, actor: str) -> Imported:
    """Add every line `code<TAB>name[<TAB>first day[<TAB>last day]]`; lines that are there already stay.

    BadValue names every wrong line, one sentence a line; the caller then rolls back: all or nothing.
    """
    lines = [(n, line) for n, line in enumerate(text.lstrip("\ufeff").splitlines(), 1) if line.strip()]
    if not lines or len(lines) > MOST_LINES:
        raise BadValue(f"Hãy dán từ 1 đến {MOST_LINES} dòng, mỗi dòng: mã, dấu Tab, tên cơ quan.")
    wrong, added = [], 0
    for number, line in lines:
        try:
            added += _take_line(session, line, actor)
        except (BadValue, Conflict) as error:
            wrong.append(f"Dòng {number}: {error}")
    if wrong:
        raise BadValue("\n".join(_shortened(wrong)))
    return Imported(added, len(lines) - added)


def _shortened(wrong: list[str]) -> Iterable[str]:
    yield from wrong[:MOST_SAID]
    if len(wrong) > MOST_SAID:
        yield f"Và {len(wrong) - MOST_SAID} dòng khác."


def _take_line(session: Session, line: str, actor: str) -> bool:
    """False when the very line is there."""
    cells = [cell.strip() for cell in line.rstrip().split("\t")]
    if not 2 <= len(cells) <= 4:
        raise BadValue("cần mã, tên cơ quan, và nếu có ngày đầu, ngày cuối, cách nhau bằng dấu Tab.")
    row = _typed(*cells, *[""] * (4 - len(cells)))
    since = AgencyCode.valid_from.is_(None) if row.valid_from is None else AgencyCode.valid_from == row.valid_from
    same = sa.select(AgencyCode).where(AgencyCode.code == row.code, AgencyCode.folded == row.folded, since)
    if any(is_same(one.name, row.name) for one in session.scalars(same)):
        return False
    add(session, *cells, actor=actor)
    return True
