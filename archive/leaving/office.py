"""What is known of the office itself as JSON: units, people, lists and settings; no password, key, code or session."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.config import Settings
from archive.models import (
    Abbreviation,
    AgencyCode,
    Base,
    Book,
    BookYear,
    ClosedDay,
    Delegation,
    FilePaper,
    Holiday,
    PluginState,
    SavedSearch,
    StampLayout,
    Unit,
    User,
    WorkFile,
)

TABLES: Mapping[str, tuple[type[Base], Sequence[str]]] = {
    "don-vi": (Unit, ()),
    "nguoi-dung": (User, ("password_hash", "failures", "locked_until")),
    "giao-quyen": (Delegation, ()),
    "ngay-nghi": (Holiday, ()),
    "ma-dinh-danh": (AgencyCode, ("folded",)),
    "so": (Book, ()),
    "so-nam": (BookYear, ()),
    "ngay-da-khoa": (ClosedDay, ()),
    "ho-so": (WorkFile, ()),
    "van-ban-trong-ho-so": (FilePaper, ()),
    "chu-viet-tat": (Abbreviation, ()),
    "cau-tim": (SavedSearch, ("seen",)),
    "mau-dau": (StampLayout, ()),
    "phan-bo-sung": (PluginState, ()),
}
"""File → table, and columns that stay here."""


def tables(session: Session, settings: Settings) -> dict[str, bytes]:
    """Name of a file → its content."""
    found = {f"{name}.json": _dumped(_rows(session, *table)) for name, table in TABLES.items()}
    return found | {"cau-hinh.json": _dumped(settings.masked())}


def _rows(session: Session, model: type[Base], without: Sequence[str]) -> list[dict[str, Any]]:
    table = sa.inspect(model)
    columns = [one for one in table.columns if one.key not in without]
    rows = session.execute(sa.select(*columns).order_by(*table.primary_key))
    return [{column.key: _plain(value) for column, value in zip(columns, row, strict=True)} for row in rows]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else value


def _dumped(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")
