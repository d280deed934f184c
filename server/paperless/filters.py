"""What a list of documents is narrowed to: the names these clients know, as conditions on our tables.

A filter that is not known here is refused: a list longer than was asked for is a wrong answer. Names that are no
filters are passed over, as the other archive does.
"""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask import request
from sqlalchemy.orm import Session

from archive import client_ids
from archive.errors import BadValue
from archive.models import Document, RegisterEntry, Scan, now
from archive.search.conditions import among, has_words
from archive.search.words import folded_words
from archive.vietnamese import fold
from archive.workdays import HANOI, today
from server.paperless import mapping
from server.paperless.numbers import CORRESPONDENT, DOCUMENT, FIELD, PATH, TAG, TYPE, USER, several

Condition = sa.ColumnElement[bool]
Texts = Callable[[str], bool]
QUESTIONS = ("query", "search", "text", "title_content")
"""Names under which our search is asked."""
_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le, "": operator.eq, "exact": operator.eq,
}  # fmt: skip
_PASSED_OVER = {"page", "page_size", "ordering", "fields", "full_perms", "truncate_content", "reverse", "more_like_id"}
WRONG_DAY = "Ngày của {} phải viết như 2026-03-30."
_ROOM = dt.timedelta(days=2)
"""What a zone and the end of a day may add."""


@dataclass
class Asked:
    """What a request narrows the list to."""

    conditions: list[Condition] = field(default_factory=list)
    titles: list[Texts] = field(default_factory=list)
    filenames: list[Texts] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    like: int | None = None


def asked(session: Session) -> Asked:
    """The filters of this request; BadValue for one that cannot be."""
    found = Asked()
    for name, value in request.args.items(multi=True):
        if name in QUESTIONS:
            found.questions += [value] if value.strip() else []
        elif name == "more_like_id":
            found.like = next(iter(several(name, value)), 0)
        elif name not in _PASSED_OVER and value != "":
            _add(session, found, name, value)
    return found


def _add(session: Session, found: Asked, name: str, value: str) -> None:
    subject, _, way = name.partition("__")
    if subject in ("title", "title_search") and (test := text_test(way or "icontains", value)):
        found.titles.append(test)
    elif subject == "original_filename" and (test := text_test(way or "icontains", value)):
        found.filenames.append(test)
    elif subject in _SUBJECTS:
        found.conditions.append(_SUBJECTS[subject](session, name, way, value))
    elif "__" in name or subject == "custom_field_query":
        raise unknown(name)


def unknown(name: str) -> BadValue:
    """A filter nobody here knows."""
    return BadValue(f"Kho không có bộ lọc {name[:80]}. Hãy bỏ bộ lọc này, hoặc tìm trên trang web.")


def text_test(way: str, value: str) -> Texts | None:
    """A comparison of texts without marks and case; None for a way that is not known."""
    wanted = fold(value)
    return {
        "icontains": lambda text: wanted in fold(text), "contains": lambda text: wanted in fold(text),
        "iexact": lambda text: wanted == fold(text), "exact": lambda text: wanted == fold(text),
        "istartswith": lambda text: fold(text).startswith(wanted),
        "iendswith": lambda text: fold(text).endswith(wanted),
    }.get(way)  # fmt: skip


def truth(value: str) -> bool:
    """`true`, `1`."""
    return value.lower() in ("true", "1", "yes")


def _turned(condition: Condition, value: str) -> Condition:
    return condition if truth(value) else sa.not_(condition)


# ------------------------------------------------------------------------------------------------ labels


def _of_ids(session: Session, name: str, way: str, value: str) -> Condition:
    if way not in ("", "in"):
        raise unknown(name)
    return among(session, list(client_ids.keys(session, DOCUMENT, several(name, value)).values()))


def _of_column(column: Any, kind: str, session: Session, name: str, way: str, value: str) -> Condition:
    """Of a label that is a text of the paper."""
    filled = sa.func.coalesce(column, "")
    if way == "isnull":
        return _turned(filled == "", value)
    if way.startswith("name__") and (test := text_test(way.removeprefix("name__"), value)):
        known = session.scalars(sa.select(column).distinct().where(column.is_not(None)))
        return filled.in_([one for one in known if test(one)])
    return _by_numbers(session, name, way, value, kind, lambda keys: filled.in_(keys))


def _by_numbers(
    session: Session, name: str, way: str, value: str, kind: str, any_of: Callable[[list[str]], Condition]
) -> Condition:
    keys = list(client_ids.keys(session, kind, several(name, value)).values())
    if way in ("", "id", "id__in", "in"):
        return any_of(keys)
    if way == "id__none":
        return sa.not_(any_of(keys))
    raise unknown(name)


def _of_path(session: Session, name: str, way: str, value: str) -> Condition:
    if way == "isnull":
        return _turned(sa.not_(mapping.in_book()), value)
    return _by_numbers(session, name, way, value, PATH, lambda keys: sa.or_(sa.false(), *map(mapping.kept_in, keys)))


def _of_owner(session: Session, name: str, way: str, value: str) -> Condition:
    if way == "isnull":
        return _turned(sa.not_(mapping.handled_by(None)), value)
    return _by_numbers(session, name, way, value, USER, lambda keys: sa.or_(sa.false(), *map(mapping.handled_by, keys)))


def _of_tags(session: Session, name: str, way: str, value: str) -> Condition:
    day = today(now())
    if way == "id__all":
        numbers = several(name, value)
        keys = client_ids.keys(session, TAG, numbers)
        every = [mapping.tagged(keys[n], day) if n in keys else sa.false() for n in numbers]
        return sa.and_(sa.true(), *every)
    return _by_numbers(
        session, name, way, value, TAG, lambda keys: sa.or_(sa.false(), *(mapping.tagged(key, day) for key in keys))
    )


def _of_fields(session: Session, name: str, way: str, value: str) -> Condition:
    if way == "id__all":
        numbers = several(name, value)
        keys = client_ids.keys(session, FIELD, numbers)
        return sa.and_(sa.true(), *(mapping.has_field(keys[n]) if n in keys else sa.false() for n in numbers))
    return _by_numbers(session, name, way, value, FIELD, lambda keys: sa.or_(sa.false(), *map(mapping.has_field, keys)))


# ------------------------------------------------------------------------------------------------ numbers, days


def _of_asn(_session: Session, name: str, way: str, value: str) -> Condition:
    if way == "isnull":
        return _turned(sa.not_(mapping.in_book()), value)
    if way not in _ORDER:
        raise unknown(name)
    number = next(iter(several(name, value)), 0)
    return mapping.in_book(_ORDER[way](RegisterEntry.number, min(number, 2**31 - 1)))


def _of_day(_session: Session, name: str, way: str, value: str) -> Condition:
    """Of the paper's own day, an ISO text: papers without one are in no range."""
    way = way.removeprefix("date").removeprefix("__")
    filled = sa.func.coalesce(Document.date, "")
    if way in ("year", "month", "day"):
        begin, length = {"year": (1, 4), "month": (6, 2), "day": (9, 2)}[way]
        return sa.func.substr(filled, begin, length) == value.zfill(length)
    if way not in _ORDER:
        raise unknown(name)
    return sa.and_(filled != "", _ORDER[way](filled, _moment(name, value).astimezone(HANOI).date().isoformat()))


def _of_moment(column: Any, _session: Session, name: str, way: str, value: str) -> Condition:
    """Of a moment; with `date` whole days in Hanoi are meant."""
    at = _moment(name, value)
    if not way.startswith("date"):
        if way not in _ORDER:
            raise unknown(name)
        held: Condition = _ORDER[way](column, at)
        return held
    begin = dt.datetime.combine(at.astimezone(HANOI).date(), dt.time(), HANOI)
    end = begin + dt.timedelta(days=1)
    ways: dict[str, Condition] = {
        "gt": column >= end, "gte": column >= begin, "lt": column < begin, "lte": column < end,
        "": sa.and_(column >= begin, column < end),
    }  # fmt: skip
    way = way.removeprefix("date").removeprefix("__")
    if way not in ways:
        raise unknown(name)
    return ways[way]


def _moment(name: str, value: str) -> dt.datetime:
    """A day or a moment; of a day its beginning in Hanoi. BadValue at the ends of the calendar, too: zones move it."""
    try:
        at = dt.datetime.fromisoformat(value.strip().replace(" ", "+") if "T" in value else value.strip())
        at = (at if at.tzinfo else at.replace(tzinfo=HANOI)).astimezone(dt.UTC)
        return at - _ROOM + _ROOM + _ROOM - _ROOM  # OverflowError
    except (ValueError, OverflowError) as error:
        raise BadValue(WRONG_DAY.format(name[:80])) from error


# ------------------------------------------------------------------------------------------------ the rest


def _of_checksum(_session: Session, name: str, way: str, value: str) -> Condition:
    if way not in ("iexact", "exact", ""):
        raise unknown(name)
    return Scan.sha256 == value.lower()


def _of_content(session: Session, name: str, way: str, value: str) -> Condition:
    words = folded_words(value)
    if way not in ("icontains", "contains") or not words:
        raise unknown(name)
    return has_words(session, words)


def _flag(condition: Callable[[], Condition], _session: Session, _name: str, _way: str, value: str) -> Condition:
    return _turned(condition(), value)


def _any_field() -> Condition:
    return sa.or_(*map(mapping.has_field, mapping.OURS))


def _in_inbox() -> Condition:
    return mapping.tagged(mapping.INBOX, today(now()))


_SUBJECTS: Mapping[str, Callable[[Session, str, str, str], Condition]] = {
    "id": _of_ids, "correspondent": partial(_of_column, Document.issuing_organ, CORRESPONDENT),
    "document_type": partial(_of_column, Document.document_type, TYPE), "storage_path": _of_path, "owner": _of_owner,
    "tags": _of_tags, "custom_fields": _of_fields, "archive_serial_number": _of_asn, "created": _of_day,
    "created_date": _of_day, "added": partial(_of_moment, Scan.received_at),
    "modified": partial(_of_moment, Document.changed_at), "checksum": _of_checksum, "content": _of_content,
    "is_in_inbox": partial(_flag, _in_inbox), "is_tagged": partial(_flag, sa.true),
    "has_custom_fields": partial(_flag, _any_field),
}  # fmt: skip


# ------------------------------------------------------------------------------------------------ order


def _asn() -> sa.ScalarSelect[Any]:
    """Newest year first, then the number: numbers begin anew each year."""
    of_it = sa.and_(RegisterEntry.document_id == Document.id, RegisterEntry.status == "registered")
    rank = sa.func.max(sa.cast(RegisterEntry.year, sa.BigInteger) * 10_000_000 + RegisterEntry.number)
    return sa.select(sa.func.coalesce(rank, 0)).where(of_it).correlate(Document).scalar_subquery()


def _filled(column: Any) -> Any:
    return sa.func.coalesce(column, "")


def order() -> Iterable[Any] | None:
    """What the list is sorted by; None: nothing was asked, or the rank in a search."""
    given = request.args.get("ordering", "")
    name, down = given.removeprefix("-"), given.startswith("-")
    ways: dict[str, Callable[[], Any]] = {
        "created": lambda: _filled(Document.date), "added": lambda: Scan.received_at, "title": lambda: _filled(
            Document.subject), "modified": lambda: Document.changed_at, "archive_serial_number": _asn,
        "correspondent__name": lambda: _filled(Document.issuing_organ), "id": lambda: Document.created_at,
        "document_type__name": lambda: _filled(Document.document_type), "page_count": lambda: Scan.pages,
    }  # fmt: skip
    if name not in ways:
        return None
    first = ways[name]()
    return (first.desc() if down else first.asc(), *usual()[1:])


def usual() -> tuple[Any, ...]:
    """The newest paper first."""
    return _filled(Document.date).desc(), Document.created_at.desc(), Document.id
