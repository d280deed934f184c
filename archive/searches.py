"""A question as an address holds it, and the questions that people keep to be told of what is new.

New is what matches now, may be seen now, and was not among what was found when the person last looked: a paper that
is read later than it came, corrected, or sent to the person's unit is new to him on that day.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.errors import BadValue, Conflict
from archive.models import SavedSearch, User, now
from archive.search import Query, parse

FACETS = ("type", "issuer", "year", "unit", "status", "province")
"""Filters that may have several values at once; each is also a facet of the results."""
DAYS = ("from", "to")
LONGEST_NAME, LONGEST_ADDRESS = 120, 2000
MOST = 50
"""Searches that one person may keep: each is asked anew to say what is new."""
MARK = 8
"""Bytes of an id that are kept: enough, since ids are random."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the archive."""

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of FACETS -> values, any of which will do."""
    days: Mapping[str, str] = field(default_factory=dict)
    """`from`, `to`: as typed."""
    sort: str = ""

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Question:
        """From the names and values of an address; what has another name is passed over."""
        given: dict[str, list[str]] = {}
        for name, value in pairs:
            if value := value.strip():
                given.setdefault(name, []).append(value)
        filters = {name: tuple(dict.fromkeys(given[name])) for name in FACETS if name in given}
        days = {name: given[name][0] for name in DAYS if name in given}
        return cls(given.get("q", [""])[0], filters, days, given.get("sort", [""])[0])

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing: every paper would do."""
        return not (self.text or self.filters or self.days)

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values in one order, so that the same question has the same address."""
        said = [("q", self.text)] if self.text else []
        said += [(name, value) for name in FACETS for value in self.filters.get(name, ())]
        said += [(name, self.days[name]) for name in DAYS if name in self.days]
        return said + ([("sort", self.sort)] if self.sort else [])

    def address(self) -> str:
        """What stands behind `/search?`."""
        return urlencode(self.pairs())

    def query(self) -> Query:
        """As the search reads it. Raises BadQuery."""
        asked: dict[str, Any] = dict(self.filters)
        return parse(self.text, **asked, date_from=self.days.get("from"), date_to=self.days.get("to"))


def question_of(row: SavedSearch) -> Question:
    """What it asks."""
    return Question.of(parse_qsl(row.query))


def listed(session: Session, user: User) -> Sequence[SavedSearch]:
    """The searches of one person, by name."""
    wanted = sa.select(SavedSearch).where(SavedSearch.user_id == user.id)
    return session.scalars(wanted.order_by(SavedSearch.name)).all()


def keep(session: Session, user: User, name: str, question: Question, found: Sequence[str]) -> SavedSearch:
    """Keep `question`, whose papers `found` the person has before his eyes. Raises BadValue and Conflict."""
    if question.is_empty:
        raise BadValue("Hãy tìm trước rồi mới lưu câu tìm; câu tìm trống thì thấy mọi văn bản.")
    if len(question.address()) > LONGEST_ADDRESS:
        raise BadValue("Câu tìm quá dài nên không lưu được; hãy bớt từ hoặc bớt điều kiện lọc.")
    mine = listed(session, user)
    if len(mine) >= MOST:
        raise BadValue(f"Mỗi người lưu được {MOST} câu tìm; hãy xoá bớt câu không dùng.")
    row = SavedSearch(user_id=user.id, name=_free_name(mine, name), query=question.address(), seen=marks(found))
    session.add(row)
    session.flush()
    history.append(session, user.name, "search_kept", row.id, {"name": row.name})
    return row


def rename(session: Session, user: User, row: SavedSearch, name: str) -> None:
    """Call it otherwise. Raises BadValue and Conflict."""
    before = row.name
    row.name = _free_name([one for one in listed(session, user) if one is not row], name)
    if row.name != before:
        history.append(session, user.name, "search_renamed", row.id, {"name": [before, row.name]})


def remove(session: Session, user: User, row: SavedSearch) -> None:
    """Keep it no longer."""
    session.delete(row)
    history.append(session, user.name, "search_removed", row.id, {"name": row.name})


def look(row: SavedSearch, found: Sequence[str]) -> None:
    """The person sees what it finds now: nothing of it is new any more."""
    row.seen, row.seen_at = marks(found), now()


def news(row: SavedSearch, found: Sequence[str]) -> int:
    """How many of `found`, what it finds now, were not there when the person last looked."""
    seen = {row.seen[at : at + MARK] for at in range(0, len(row.seen), MARK)}
    return sum(_mark(name) not in seen for name in found)


def marks(ids: Iterable[str]) -> bytes:
    """The beginnings of ids, one after another."""
    return b"".join(map(_mark, ids))


def _mark(document_id: str) -> bytes:
    return bytes.fromhex(document_id[: 2 * MARK])


def _free_name(others: Sequence[SavedSearch], name: str) -> str:
    name = unicodedata.normalize("NFC", " ".join(name.split()))
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadValue(f"Hãy đặt tên cho câu tìm, dài nhất {LONGEST_NAME} ký tự.")
    if any(one.name == name for one in others):
        raise Conflict(f"Bạn đã có câu tìm tên “{name}”; hãy đặt tên khác.")
    return name
