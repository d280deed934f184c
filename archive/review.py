"""The clerk's word: values confirmed or corrected, kept beside the machine's and never overwritten by it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history, links, register
from archive.codes import PARTY, find_codes
from archive.errors import BadValue, Conflict, NotFound, Stale, Unseen
from archive.findings import FIELDS, LISTS, STAMP_FIELDS, Value
from archive.models import DOCUMENT_FOR_UPDATE, Confirmation, Document, Outbox, Scan, now
from archive.post import due
from archive.records import COLUMNS, ON_STAMP, PERSON, doubts
from archive.vietnamese import find_dates, fold, short_date

LONGEST = 2000
LONGEST_SUBJECT = 5000
LONGEST_LIST = 300
URGENCIES = ("Khẩn", "Thượng khẩn", "Hỏa tốc", "Hỏa tốc hẹn giờ")
SECRECIES = ("Mật", "Tối mật", "Tuyệt mật")

_OWN_OF_PLUGIN = re.compile(r"[a-z][a-z0-9_]{0,39}\.[a-z][a-z0-9_]{0,39}")
_NUMBER = re.compile(r"\d{1,6}\w{0,4}", re.ASCII | re.IGNORECASE)


def correct(
    session: Session, document: Document, values: Mapping[str, Value], *, actor: str, if_version: int | None = None,
    blindly: bool = False, at: dt.datetime | None = None,
) -> Document:  # fmt: skip
    """Write what a person says the paper says, in the caller's transaction.

    `values`: fields of the contract, a plugin's own, `stamp.` and a stamp field, or a list (addressees …). None says:
    the paper does not say. Dates may be written day first. A number or symbol carries into the full code, and a full
    code into both, unless they are given too. Stale when the document is no longer at `if_version`; without a version
    Unseen where it would overwrite what somebody else wrote, unless `blindly`; BadValue.
    """
    at = at or now()
    checked = {name: checked_value(name, value) for name, value in values.items()}
    if checked.get("secrecy"):  # the scan will be quarantined: its row comes before its documents'
        session.get(Scan, document.scan_id, with_for_update=True)
    document = _lock(session, document, if_version)
    checked = _with_code(document, checked)
    if not checked:
        return document
    if if_version is None and not blindly:
        _refuse_to_overwrite(session, document, checked, actor)
    before = {name: _value_of(document, name) for name in checked}
    for name, value in checked.items():
        _confirm_one(session, document, name, value, actor, at)
    _close(session, document, actor, at)
    if checked.get("secrecy"):
        due.at_once(session, [document.id])
    # Events are for ever: of a secret paper they name the fields and not what they say.
    changes = {name: None if document.secrecy else [before[name], value] for name, value in checked.items()}
    history.append(session, actor, "corrected", document.id, {"fields": changes, "version": document.version}, at)
    return document


def confirm(
    session: Session, document: Document, actor: str, *, if_version: int | None = None,
    names: Collection[str] | None = None, at: dt.datetime | None = None,
) -> Document:  # fmt: skip
    """Accept every value as it stands, or those of the fields `names`: the ones a person looked at.

    What could not be read stays in doubt: nobody has said what it is.
    """
    at = at or now()
    document = _lock(session, document, if_version)
    standing = {n: f["value"] for n, f in document.fields.items() if f.get("value") is not None or f.get("sure")}
    standing = {name: value for name, value in standing.items() if names is None or name in names}
    for name, value in standing.items():
        _confirm_one(session, document, name, value, actor, at)
    _close(session, document, actor, at)
    history.append(session, actor, "confirmed", document.id, {"fields": sorted(standing)}, at)
    return document


def corrections(session: Session, document: Document) -> list[Confirmation]:
    """Fields of which a person says something else than the machine had said."""
    rows = session.scalars(sa.select(Confirmation).where(Confirmation.document_id == document.id))
    return [row for row in rows.all() if row.value != row.machine]


def _lock(session: Session, document: Document, if_version: int | None) -> Document:
    fresh = session.scalars(DOCUMENT_FOR_UPDATE, {"id": document.id}).one_or_none()
    if fresh is None:
        raise NotFound("Không có văn bản này.")
    if if_version not in (None, fresh.version):
        raise Stale(
            "Văn bản vừa được người khác sửa. Chưa có gì bị mất: hãy tải lại, xem giá trị mới rồi lưu phần của mình."
        )
    if fresh.status == "void":
        raise Conflict("Văn bản này đã huỷ nên không sửa được nữa.")
    return fresh


def _refuse_to_overwrite(session: Session, document: Document, values: Mapping[str, Value], actor: str) -> None:
    """Unseen when another person wrote something else in one of these fields."""
    wanted = sa.select(Confirmation).where(Confirmation.document_id == document.id, Confirmation.by != actor)
    for row in session.scalars(wanted.where(Confirmation.field.in_(list(values)))):
        given = values[row.field]
        if row.value != (list(given) if isinstance(given, tuple) else given):
            raise Unseen(
                f"{row.by} đã ghi giá trị khác ở ô {row.field}. Chưa có gì bị đổi: hãy đọc lại văn bản và gửi kèm "
                "phiên bản đã đọc (If-Match)."
            )


def _value_of(document: Document, name: str) -> Any:
    if name in LISTS:
        return document.lists.get(name, [])
    if name.startswith(ON_STAMP):
        read = [one for one in (document.stamp.findings if document.stamp else []) if ON_STAMP + one["field"] == name]
        return max(read, key=lambda one: one["confidence"])["value"] if read else None
    return document.fields.get(name, {}).get("value")


def _confirm_one(session: Session, document: Document, name: str, value: Value, actor: str, at: dt.datetime) -> None:
    """Keeps the machine's value beside the person's, also when the person speaks twice."""
    row = session.get(Confirmation, (document.id, name))
    if row is None:
        said = document.fields.get(name, {})
        row = Confirmation(document_id=document.id, field=name, machine=_value_of(document, name))
        row.sure, row.source = said.get("sure"), str(said.get("source") or "")[:80]
        session.add(row)
    row.value, row.by, row.at, row.outcome = value, actor, at, _outcome(row.machine, value)
    if name in LISTS:
        document.lists = document.lists | {name: list(value or ())}
    elif not name.startswith(ON_STAMP):  # a stamp keeps what was read; the confirmation goes before it
        document.fields = document.fields | {name: _by_person(document.fields.get(name, {}), value)}
        if name in COLUMNS:
            setattr(document, name, value)


def _outcome(machine: Value, value: Value) -> str:
    before, after = (list(one) if isinstance(one, list | tuple) else one for one in (machine or None, value or None))
    return "kept" if before == after else "corrected" if before else "added"


def _by_person(machine: Mapping[str, Any], value: Value) -> dict[str, Any]:
    """The contract's object of a confirmed field; a rival the machine had stays in `others`."""
    others = list(machine.get("others", []))
    if machine.get("source") != PERSON and machine.get("value") not in (None, value):
        rival: dict[str, Any] = {name: machine.get(name) for name in ("value", "confidence", "page", "box", "source")}
        rival |= {"sure": False, "others": []}
        others = [rival, *(one for one in others if one.get("value") != value)]
    place = {"page": machine.get("page"), "box": machine.get("box")}
    word = {"value": value, "confidence": 1.0, "sure": True, "source": PERSON, "partial": None, "reason": ""}
    return word | place | {"others": others}


def _close(session: Session, document: Document, actor: str, at: dt.datetime) -> None:
    document.doubts = doubts(document.fields)
    document.version += 1
    document.changed_at = at
    session.add(Outbox(document_id=document.id))
    links.resolve(session, document)
    register.amend(session, document, actor=actor, at=at)


def _with_code(document: Document, values: dict[str, Value]) -> dict[str, Value]:
    """`values`, with number, symbol and full code in agreement."""
    code = values.get("full_code")
    if isinstance(code, str):
        parts = next(iter(find_codes(code, bare=True)), None)
        if parts and parts.full == code:
            return {"number": parts.number, "symbol": parts.symbol} | values
        return values
    if "full_code" in values or not {"number", "symbol"} & set(values):
        return values
    number = values.get("number", document.number)
    symbol = values.get("symbol", document.symbol)
    if not isinstance(number, str) or not isinstance(symbol, str):
        return values
    return values | {"full_code": number + _after_number(document, symbol)}


def _after_number(document: Document, symbol: str) -> str:
    """What stands between number and symbol: the machine's code keeps the year of `30/2020/NĐ-CP`."""
    field = document.fields.get("full_code", {})
    for known in (field.get("value"), field.get("partial"), document.full_code):
        if isinstance(known, str) and document.symbol and known.endswith(document.symbol):
            between = re.search(r"[-/](?:(?:19|20)\d\d/)?$", known.removesuffix(document.symbol))
            if between:
                return between.group() + symbol
    return ("-" if document.system == PARTY and "/" in symbol else "/") + symbol


def checked_value(name: str, value: Any) -> Value:
    """`value` as it is kept in field `name`; BadValue says in Vietnamese what is wrong with it."""
    if name in LISTS:
        return _list(name, value)
    if not _is_known(name):
        raise BadValue(f"Không có trường {name[:80]!r}.")
    text = _text(name, value)
    check = _CHECKS.get(name.removeprefix(ON_STAMP))
    return check(text) if check and text is not None else text


def _is_known(name: str) -> bool:
    owner, _, rest = name.partition(".")
    if owner + "." == ON_STAMP:
        return rest in STAMP_FIELDS
    return name in FIELDS or _OWN_OF_PLUGIN.fullmatch(name) is not None


def _list(name: str, value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or len(value) > LONGEST_LIST:
        raise BadValue(f"{name} phải là một danh sách, dài nhất {LONGEST_LIST} dòng.")
    return tuple(text for one in value if (text := _text(name, one)))


def _text(name: str, value: Any) -> str | None:
    """NFC, white space collapsed; None for nothing."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadValue(f"{name} phải là chữ.")
    text = " ".join(unicodedata.normalize("NFC", value).split())
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        raise BadValue(f"{name} có ký tự điều khiển, không lưu được.")
    longest = _longest(name)
    if len(text) > longest:
        raise BadValue(f"{name} dài quá {longest} ký tự.")
    return text or None


def _longest(name: str) -> int:
    if name in _CHECKS:  # each leaves less than its column holds
        return LONGEST
    column = Document.__table__.columns.get(name) if name in COLUMNS else None
    length = getattr(column.type, "length", None) if column is not None else None
    return length or (LONGEST_SUBJECT if name == "subject" else LONGEST)


def _date(text: str) -> str:
    try:
        iso: str | None = dt.date.fromisoformat(text).isoformat()
    except ValueError:
        iso = short_date(text) if re.fullmatch(r"[\d\s./-]+", text) else None
        iso = iso or next((day.iso for day in find_dates(text) if day.iso), None)
    if iso is None or not "1900" <= iso[:4] <= "2100":
        raise BadValue(f"Không hiểu ngày {text[:40]!r}. Hãy ghi ngày/tháng/năm, ví dụ 30/3/2020.")
    return iso


def _number(text: str) -> str:
    if not _NUMBER.fullmatch(fold(text)):
        raise BadValue(f"Số {text[:40]!r} không hợp lệ. Số gồm chữ số, có thể kèm một chữ cái, ví dụ 15a.")
    return text


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def check(text: str) -> str:
        found = next((word for word in words if fold(word) == fold(text)), None)
        if found is None:
            raise BadValue(f"{text[:40]!r} không phải một trong: {', '.join(words)}.")
        return found

    return check


_CHECKS: dict[str, Callable[[str], str]] = {
    "date": _date,
    "number": _number,
    "urgency": _one_of(URGENCIES),
    "secrecy": _one_of(SECRECIES),
}
