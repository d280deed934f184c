"""The official metadata as CSV, Excel and JSON; docs/official-metadata.schema.json says what the JSON is."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from archive.official.fields import FILES, INCOMING, Field, Record, Value
from archive.official.gathering import Metadata
from archive.workbook import Cell, Sheet, safe, workbook

FORMAT = "vanthu-nd30-plvi-1"
TO_LOOK_AT = "Cần xem lại"
_TYPES = {"text": "string", "long": "string", "number": "integer", "date": "string"}


def as_csv(fields: Sequence[Field], records: Sequence[Record]) -> str:
    """UTF-8, titles first: the names of the Appendix, and last what is to be looked at; days as dd/mm/yyyy."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*(one.name for one in fields), TO_LOOK_AT])
    for one in records:
        writer.writerow([*map(safe, one.values), safe("; ".join(one.objections))])
    return out.getvalue()


def as_xlsx(found: Metadata) -> bytes:
    """Two sheets: the papers, the work files."""
    titles = (f"VĂN BẢN ĐẾN NĂM {found.year}", f"HỒ SƠ NĂM {found.year}")
    lines = (f"{found.organ} {found.organ_id}".strip(), "Trường thông tin theo Nghị định 30/2020/NĐ-CP, Phụ lục VI")
    return workbook(
        [
            _sheet("Văn bản đến", titles[0], lines, INCOMING, found.documents),
            _sheet("Hồ sơ", titles[1], lines, FILES, found.files),
        ]
    )


def _sheet(name: str, title: str, lines: tuple[str, ...], fields: Sequence[Field], records: Sequence[Record]) -> Sheet:
    columns = [*(f"{one.title} ({one.name})" for one in fields), TO_LOOK_AT]
    rows: list[tuple[Cell, ...]] = [(*one.values, "; ".join(one.objections)) for one in records]
    widths = [*(14 if one.length <= 30 and one.kind != "long" else 36 for one in fields), 40]
    return Sheet(name, title, columns, rows, lines, widths)


def as_json(found: Metadata) -> bytes:
    """`as_object` as a file."""
    return (json.dumps(as_object(found), ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def as_object(found: Metadata) -> dict[str, Any]:
    """One object; names of the Appendix, SignerInfo with its two parts, days in ISO 8601, `null` for what is unsaid."""
    return {
        "format": FORMAT, "organ": {"id": found.organ_id or None, "name": found.organ}, "book": found.book or None,
        "year": found.year, "documents": [_object(INCOMING, one) for one in found.documents],
        "files": [_object(FILES, one) for one in found.files],
    }  # fmt: skip


def _object(fields: Sequence[Field], record: Record) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for one, value in zip(fields, record.values, strict=True):
        outer, _, inner = one.name.partition(".")
        into = made.setdefault(outer, {}) if inner else made
        into[inner or outer] = _plain(value)
    return made | {"objections": list(record.objections)}


def _plain(value: Value) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else None if value == "" else value


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of `as_json`; lengths of the law stand as `officialLength`, since they may be exceeded."""
    of = {"documents": _items("Văn bản đến", INCOMING), "files": _items("Hồ sơ", FILES)}
    organ = {
        "type": "object", "required": ["id", "name"], "additionalProperties": False,
        "properties": {"id": {"type": ["string", "null"]}, "name": {"type": "string"}},
    }  # fmt: skip
    properties = {
        "format": {"const": FORMAT}, "organ": organ, "book": {"type": ["string", "null"]},
        "year": {"type": "integer"}, **{name: {"type": "array", "items": item} for name, item in of.items()},
    }  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Thông tin đầu vào theo Nghị định 30/2020/NĐ-CP, Phụ lục VI", "type": "object",
        "required": list(properties), "additionalProperties": False, "properties": properties,
    }  # fmt: skip


def _items(title: str, fields: Sequence[Field]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for one in fields:
        outer, _, inner = one.name.partition(".")
        kinds = sorted({_TYPES[one.kind], "string", "null"})
        leaf: dict[str, Any] = {"type": kinds, "title": one.title, "officialRow": one.row}
        leaf |= {"officialLength": one.length} if one.length else {}
        if not inner:
            properties[outer] = leaf
            continue
        within = properties.setdefault(
            outer, {"type": "object", "additionalProperties": False, "required": [], "properties": {}}
        )
        within["properties"][inner] = leaf
        within["required"].append(inner)
    properties["objections"] = {"type": "array", "items": {"type": "string"}, "title": TO_LOOK_AT}
    return {
        "type": "object", "title": title, "required": list(properties), "additionalProperties": False,
        "properties": properties,
    }  # fmt: skip


def told(found: Metadata) -> Iterator[str]:
    """What is not as the Appendix wants it, one sentence each, for people."""
    if not found.organ_id:
        yield "Chưa có mã định danh của cơ quan (vanthu agencies, hoặc VANTHU_ORGAN_ID): mã hồ sơ thiếu phần OrganId."
    for one in found.documents:
        if one.objections:
            yield f"Số đến {_named(INCOMING, one, 'ArrivalNumber')}: {'; '.join(one.objections)}."
    for one in found.files:
        if one.objections:
            yield f"Hồ sơ {_named(FILES, one, 'FileCode')}: {'; '.join(one.objections)}."


def _named(fields: Sequence[Field], record: Record, name: str) -> Value:
    return next(value for one, value in zip(fields, record.values, strict=True) if one.name == name)
