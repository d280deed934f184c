"""/api/tags/, /api/correspondents/, /api/document_types/, /api/storage_paths/, /api/custom_fields/: what papers are
sorted by. They follow from the papers one may see and are not made, renamed or deleted here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, jsonify, request
from sqlalchemy.orm import Session

from archive import client_ids
from archive.errors import BadValue, Forbidden, NotFound
from archive.models import Book, Document, RegisterEntry, Scan, Unit, now
from archive.vietnamese import fold
from archive.workdays import today
from server.auth import require
from server.paperless import filters, mapping, paging, told
from server.paperless.numbers import CORRESPONDENT, FIELD, PATH, TAG, TYPE, Numbers, several
from server.state import state

api = Blueprint("paperless_labels", __name__)
NO_LABEL = "Không có nhãn này, hoặc bạn không được xem."
NOT_MADE = (
    "Nhãn, nơi gửi, loại, sổ và trường của kho theo chính các văn bản nên không thêm, sửa, xoá từ ứng dụng. "
    "Chưa có gì thay đổi."
)


@dataclass(frozen=True)
class Label:
    """One of a kind, with how many papers that may be seen have it."""

    key: str
    name: str
    count: int | None = 0
    more: Mapping[str, Any] = field(default_factory=dict)


def _of_there(*what: Any) -> sa.Select[Any]:
    return sa.select(*what).select_from(Document).join(Scan, Scan.id == Document.scan_id).where(told.there())


def correspondents(session: Session) -> list[Label]:
    """The organs papers came from."""
    return _of_column(session, Document.issuing_organ, newest=True)


def document_types(session: Session) -> list[Label]:
    """The types there are."""
    return _of_column(session, Document.document_type)


def _of_column(session: Session, column: Any, *, newest: bool = False) -> list[Label]:
    counted = _of_there(column, sa.func.count(), sa.func.max(Document.date)).where(column != "").group_by(column)
    rows = session.execute(counted)
    return [Label(name, name, count, {"last_correspondence": day} if newest else {}) for name, count, day in rows]


def storage_paths(session: Session) -> list[Label]:
    """The books and years in which papers stand."""
    line = sa.and_(RegisterEntry.document_id == Document.id, RegisterEntry.status == "registered")
    counted = _of_there(RegisterEntry.book_id, RegisterEntry.year, sa.func.count()).join(RegisterEntry, line)
    rows = session.execute(counted.group_by(RegisterEntry.book_id, RegisterEntry.year)).all()
    titles = dict(session.execute(sa.select(Book.id, Book.title)).all())
    return [
        Label(f"{book}/{year}", f"{titles.get(book, book)} {year}", count, {"path": f"{book}/{year}"})
        for book, year, count in rows
    ]


def tags(session: Session) -> list[Label]:
    """Urgency, state, unit, late; grades of secrecy where one such paper may be seen."""
    counts = _tag_counts(session)
    units = dict(session.execute(sa.select(Unit.id, Unit.name)).all())
    known = [*mapping.fixed_tags(), *(key for key in mapping.secret_tags() if key in counts)]
    keys = dict.fromkeys([*known, *sorted(key for key in counts if key.startswith(f"{mapping.UNIT}:"))])
    return [Label(key, mapping.tag_name(key, units), counts.get(key, 0), _as_tag(key)) for key in keys]


def _tag_counts(session: Session) -> dict[str, int]:
    columns = {
        mapping.URGENCY: Document.urgency, mapping.SECRECY: Document.secrecy, mapping.STATUS: Document.status,
        mapping.UNIT: Document.unit_id,
    }  # fmt: skip
    found: dict[str, int] = {}
    for kind, column in columns.items():
        rows = session.execute(_of_there(column, sa.func.count()).where(column.is_not(None)).group_by(column))
        found |= {f"{kind}:{value}": count for value, count in rows if value}
    late = _of_there(sa.func.count()).where(mapping.tagged(mapping.LATE, today(now())))
    return found | {mapping.LATE: session.scalar(late) or 0}


def _as_tag(key: str) -> dict[str, Any]:
    return {
        "color": mapping.tag_colour(key), "text_color": "#ffffff", "is_inbox_tag": key == mapping.INBOX, "parent": None,
        "children": [],
    }  # fmt: skip


def custom_fields(_session: Session) -> list[Label]:
    """Our other fields; how many papers have one is not counted."""
    extra: dict[str, Any] = {"select_options": [], "default_currency": None}
    return [
        Label(name, one.title, None, {"data_type": one.type, "extra_data": extra}) for name, one in mapping.OURS.items()
    ]


KINDS: Mapping[str, tuple[str, Callable[[Session], list[Label]]]] = {
    "tags": (TAG, tags), "correspondents": (CORRESPONDENT, correspondents), "document_types": (TYPE, document_types),
    "storage_paths": (PATH, storage_paths), "custom_fields": (FIELD, custom_fields),
}  # fmt: skip
"""Word of the address → kind of number, and those there are."""


def seen_key(session: Session, kind: str, number: int) -> str:
    """What a label's number stands for; BadValue unless a paper one may see has it."""
    key = client_ids.key(session, kind, number)
    there = next(find for one, find in KINDS.values() if one == kind)(session)
    if key is None or all(label.key != key for label in there):
        raise BadValue(f"{NO_LABEL} Chưa có gì thay đổi.")
    return key


def said(word: str, labels: Iterable[Label]) -> list[dict[str, Any]]:
    """The clients' objects; called when the session is closed."""
    kind = KINDS[word][0]
    labels = list(labels)
    numbers = Numbers((kind, label.key) for label in labels)
    return [_said(kind, label, numbers) for label in labels]


def _said(kind: str, label: Label, numbers: Numbers) -> dict[str, Any]:
    first: dict[str, Any] = {"id": numbers.of(kind, label.key), "name": label.name, "document_count": label.count}
    if kind == FIELD:
        return {**first, **label.more}
    slug = re.sub(r"\W+", "-", fold(label.name)).strip("-")
    return first | {
        "slug": slug, "match": "", "matching_algorithm": 0, "is_insensitive": True, "owner": None,
        "user_can_change": False, **_rights(), **label.more,
    }  # fmt: skip


def _rights() -> dict[str, Any]:
    if request.args.get("full_perms") != "true":
        return {}
    return {"permissions": {who: {"users": [], "groups": []} for who in ("view", "change")}}


@require("read")
def listed(word: str) -> Any:
    """A page of them, by name."""
    with state().readers() as session:
        kind, find = KINDS[word]
        asked = request.args.get("id__in")
        wanted = set(client_ids.keys(session, kind, several("id__in", asked)).values()) if asked else None
        found = [one for one in find(session) if (wanted is None or one.key in wanted) and _fits(one)]
    return jsonify(paging.whole(said(word, _sorted(found))))


def _fits(label: Label) -> bool:
    for name, value in request.args.items():
        way = name.removeprefix("name__")
        if name.startswith("name__") and value:
            test = filters.text_test(way, value)
            if test is None:
                raise filters.unknown(name)
            if not test(label.name):
                return False
    return True


def _sorted(labels: Sequence[Label]) -> list[Label]:
    given = request.args.get("ordering", "")
    name = given.removeprefix("-")
    ways: dict[str, Callable[[Label], Any]] = {
        "document_count": lambda one: one.count or 0,
        "last_correspondence": lambda one: one.more.get("last_correspondence") or "",
    }
    by_name = sorted(labels, key=lambda one: fold(one.name))
    way = ways.get(name, lambda one: fold(one.name))
    return sorted(by_name, key=way, reverse=given.startswith("-"))


@require("read")
def get(word: str, label: int) -> Any:
    """One of them, if a paper one may see has it."""
    with state().readers() as session:
        kind, find = KINDS[word]
        key = client_ids.key(session, kind, label)
        found = [one for one in find(session) if one.key == key]
    if not found:
        raise NotFound(NO_LABEL)
    return jsonify(said(word, found)[0])


@require("read")
def change(**_address: Any) -> Any:
    """Not from here."""
    raise Forbidden(NOT_MADE)


for _word in KINDS:
    for _rule, _name, _view, _methods in (
        (f"/{_word}/", "listed", listed, ["GET"]), (f"/{_word}/", "change", change, ["POST"]),
        (f"/{_word}/<int:label>/", "get", get, ["GET"]),
        (f"/{_word}/<int:label>/", "change_one", change, ["PUT", "PATCH", "DELETE"]),
    ):  # fmt: skip
        api.add_url_rule(_rule, _name, _view, methods=_methods, defaults={"word": _word})


def count(session: Session, word: str) -> int:
    """How many there are of a kind."""
    return len(KINDS[word][1](session))
