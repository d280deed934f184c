"""What apps may change of a document: what it says, by the same door as a clerk's corrections; everything else is
refused with a sentence, and nothing is ever deleted."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, g, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import UnsupportedMediaType

from archive import client_ids, review
from archive.errors import BadValue, Conflict, Forbidden, Stale, Unseen
from archive.findings import Value
from archive.pipeline import quarantine
from archive.workdays import HANOI
from server import errors
from server.api.papers import document_of
from server.auth import require
from server.paperless import documents, mapping, told
from server.paperless.bodies import sent_json
from server.paperless.labels import seen_key
from server.paperless.numbers import CORRESPONDENT, FIELD, TAG, TYPE, paper_of, whole
from server.state import state

api = Blueprint("paperless_changing", __name__)
NO_DELETING = "Kho lưu trữ không xoá văn bản; không có quyền nào cho việc này. Chưa có gì thay đổi."
NO_BULK = "Kho không sửa nhiều văn bản một lần từ ứng dụng. Chưa có gì thay đổi; hãy sửa từng văn bản."
NO_NOTES = "Ý kiến về văn bản được ghi khi điều phối và xử lý trên trang web; ứng dụng chỉ đọc. Chưa có gì thay đổi."
NOT_THIS = "{} không đổi được từ ứng dụng; chưa có gì thay đổi. {}"
_WHERE = {
    "archive_serial_number": ("Số đến", "Số đến do sổ đăng ký cấp; hãy vào sổ trên trang web."),
    "storage_path": ("Sổ", "Hãy vào sổ trên trang web."),
    "owner": ("Người xử lý", "Hãy giao việc trên trang web."),
    "content": ("Nội dung", "Nội dung là chữ máy đọc được từ bản quét."),
    "set_permissions": ("Quyền xem", "Ai được xem là theo đơn vị và vai trò."),
    "remove_inbox_tags": ("Trạng thái", "Văn bản rời hộp đến khi được kiểm tra trên trang web."),
}
Change = dict[str, Value]


@api.errorhandler(Stale)
def _stale(error: Stale) -> Any:
    return errors.problem(412, "Đã có người sửa", str(error))


@api.patch("/documents/<int:paper>/")
@api.put("/documents/<int:paper>/")
@require("correct")
def change(paper: int) -> Any:
    """Correct what the document says; a value as it was told is no change."""
    sent = _sent()
    with state().readers() as session:
        document = paper_of(session, paper)
        [found] = told.load(session, [document.id], whole=True)
    was = told.before(found)
    with state().readers() as session:
        values = _changes(session, sent, was)
    if values:
        _correct(document.id, values)
    return documents.shown(paper)


def _correct(document_id: str, values: Change) -> None:
    with state().sessions.begin() as session:
        document = document_of(session, document_id)
        quarantine.take_turn(session, document)
        try:
            review.correct(session, document, values, actor=g.user.name, if_version=_version_asked())
        except Unseen as error:
            raise Conflict(
                "Người khác đã ghi giá trị khác cho văn bản này; chưa có gì thay đổi. "
                "Hãy tải lại văn bản, rồi sửa trên trang web nếu vẫn cần."
            ) from error


def _version_asked() -> int | None:
    given = re.fullmatch(r'"?(\d{1,9})"?', request.headers.get("If-Match", "").strip(), re.ASCII)
    return int(given[1]) if given else None


def _sent() -> Mapping[str, Any]:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    sent = sent_json()
    if not isinstance(sent, dict):
        raise BadValue("Hãy gửi một đối tượng JSON; chưa có gì thay đổi.")
    return sent


def _changes(session: Session, sent: Mapping[str, Any], was: Mapping[str, Any]) -> Change:
    """Our fields that get another value; BadValue where one is asked for that is not changed here."""
    values: Change = {}
    for name, value in sent.items():
        if name in _WRITES:
            values |= _WRITES[name](session, value, was)
        elif name in _WHERE and not _is_unchanged(name, value, was):
            raise BadValue(NOT_THIS.format(*_WHERE[name]))
    return values


def _is_unchanged(name: str, value: Any, was: Mapping[str, Any]) -> bool:
    if name == "content":  # a list gives only its beginning, and of restricted papers nothing
        return value is None or (isinstance(value, str) and was["content"].startswith(value))
    if name == "set_permissions":
        return value is None or value == was["permissions"]
    if name == "remove_inbox_tags":
        return not value
    return bool(value == was[name])


def _title(_session: Session, value: Any, was: Mapping[str, Any]) -> Change:
    return {} if value == was["title"] else {"subject": value}


def _created(_session: Session, value: Any, was: Mapping[str, Any]) -> Change:
    day = day_of(value)
    return {} if day == was["created_date"] else {"date": day}


def day_of(value: Any) -> str | None:
    """The day in Hanoi of a day or a moment; BadValue."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BadValue("created phải là một ngày, như 2026-03-30; chưa có gì thay đổi.")
    try:
        at = dt.datetime.fromisoformat(value.strip())
        return (at.astimezone(HANOI) if at.tzinfo else at).date().isoformat()
    except (ValueError, OverflowError):
        return str(review.checked_value("date", value))


def _label(ours: str, kind: str) -> Callable[[Session, Any, Mapping[str, Any]], Change]:
    theirs = "correspondent" if kind == CORRESPONDENT else "document_type"

    def change(session: Session, value: Any, was: Mapping[str, Any]) -> Change:
        number = whole(theirs, value)
        if number == was[theirs]:
            return {}
        return {ours: None if number is None else seen_key(session, kind, number)}

    return change


def _tags(session: Session, value: Any, was: Mapping[str, Any]) -> Change:
    """Of the tags only urgency is said by people who read the paper; the others follow from what is done with it."""
    if not isinstance(value, list):
        raise BadValue("tags phải là một danh sách số; chưa có gì thay đổi.")
    numbers = {number for one in value if (number := whole("tags", one)) is not None}
    before = set(was["tags"])
    keys = client_ids.keys(session, TAG, numbers | before)
    changed = numbers ^ before
    if not all(keys.get(number, "").startswith(f"{mapping.URGENCY}:") for number in changed):
        raise BadValue(NOT_THIS.format("Nhãn này", "Chỉ nhãn độ khẩn được thêm, bớt; nhãn khác theo việc xử lý."))
    wanted = [keys[number].partition(":")[2] for number in numbers if keys[number].startswith(f"{mapping.URGENCY}:")]
    if len(wanted) > 1:
        raise BadValue("Một văn bản chỉ có một độ khẩn; chưa có gì thay đổi.")
    return {"urgency": next(iter(wanted), None)} if changed else {}


def field_pairs(value: Any) -> list[tuple[int, Any]]:
    """(number, value) of custom fields, as a list of objects or as one object; BadValue."""
    if isinstance(value, dict):
        value = [{"field": key, "value": one} for key, one in value.items()]
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise BadValue("custom_fields phải là danh sách {field, value}; chưa có gì thay đổi.")
    pairs = ((whole("field", one.get("field")), one.get("value")) for one in value)
    return [(number, one) for number, one in pairs if number is not None]


def _custom_fields(session: Session, value: Any, was: Mapping[str, Any]) -> Change:
    """What is not among them stays: an archive does not forget a field because an app does not know it."""
    before = {one["field"]: one["value"] for one in was["custom_fields"]}
    pairs = [(number, one or None) for number, one in field_pairs(value) if (one or None) != before.get(number)]
    keys = client_ids.keys(session, FIELD, [number for number, _ in pairs])
    for number, _ in pairs:
        name = keys.get(number, "")
        if name not in mapping.OURS:
            raise BadValue("Không có trường này; chưa có gì thay đổi.")
        if not mapping.OURS[name].writable:
            raise BadValue(NOT_THIS.format(mapping.OURS[name].title, "Hãy sửa trên trang web."))
    return {keys[number]: one for number, one in pairs}


_WRITES: Mapping[str, Callable[[Session, Any, Mapping[str, Any]], Change]] = {
    "title": _title, "created": _created, "created_date": _created,
    "correspondent": _label("issuing_organ", CORRESPONDENT), "document_type": _label("document_type", TYPE),
    "tags": _tags, "custom_fields": _custom_fields,
}  # fmt: skip


# ------------------------------------------------------------------------------------------------ refused


@api.delete("/documents/<int:paper>/")
@require("read")
def delete(**_address: Any) -> Any:
    """Never."""
    raise Forbidden(NO_DELETING)


@api.post("/documents/<int:paper>/notes/")
@api.delete("/documents/<int:paper>/notes/")
@require("read")
def note(**_address: Any) -> Any:
    """Not from here."""
    raise Forbidden(NO_NOTES)


@api.post("/documents/bulk_edit/")
@api.post("/bulk_edit_objects/")
@require("read")
def bulk() -> Any:
    """Not from here."""
    raise Forbidden(NO_BULK)
