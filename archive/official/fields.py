"""The fields of NĐ 30/2020/NĐ-CP, Appendix VI, part II.II: names, kinds, lengths, and what of ours each one is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from archive import work_files
from archive.models import Document, FilePaper, RegisterEntry, WorkFile
from archive.urgency import RANKS
from archive.vietnamese import fold

Value = str | int | dt.date | None
Kind = Literal["text", "number", "date", "long"]
LANGUAGE = "Tiếng Việt"
CLOSED, OPEN = "Hạn chế", "Không hạn chế"
SECRET = "Văn bản mật: không ghi trích yếu"  # noqa: S105 - no password
_CODES = {0: 4, 1: 2, 2: 1}
"""Rank of archive/urgency.py → the code of edXML (QCVN 102:2016): 1 khẩn, 2 thượng khẩn, 3 hỏa tốc, 4 hẹn giờ."""
_TIMED = fold("Hỏa tốc hẹn giờ")
_GRADES = {"mat": 5, "toi mat": 6, "tuyet mat": 7}


@dataclass(frozen=True)
class Paper:
    """One line of the book with what belongs to it; a line without a scan, or a withheld one, has no document."""

    entry: RegisterEntry | None
    document: Document | None
    file_code: Value = None
    ordinal: int | None = None
    trace: str = ""

    def said(self, name: str) -> str:
        """A field that has no column of its own, `signer_name`."""
        found = (self.document.fields if self.document else {}).get(name)
        value = found.get("value") if isinstance(found, Mapping) else None
        return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class Folder:
    """A work file with all that lies in it."""

    file: WorkFile
    papers: Sequence[FilePaper]
    file_code: Value


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the Appendix: its number, name there, Vietnamese title, kind and greatest length in characters."""

    row: str
    name: str
    title: str
    kind: Kind
    length: int
    of: Callable[[Any], Value]

    def objection(self, value: Value) -> str:
        """Why the value is not as the Appendix wants it, for people; "" when it is."""
        if value is None or value == "":
            return ""
        if self.kind == "date" and not isinstance(value, dt.date):
            return f"{self.title}: {value} không phải một ngày đầy đủ"
        if self.kind == "number" and not isinstance(value, int):
            return f"{self.title}: {value} không phải một số"
        size = len(str(value))
        if self.kind != "long" and size > self.length:
            return f"{self.title}: dài {size} ký tự, quy định nhiều nhất {self.length}"
        return ""


@dataclass(frozen=True)
class Record:
    """The values of one paper or file, in the order of the table, and what is to be told of them."""

    values: tuple[Value, ...]
    objections: tuple[str, ...]


def record(fields: Sequence[Field], thing: Paper | Folder, more: Sequence[str] = ()) -> Record:
    """What the fields say of a thing; nothing is cut."""
    values = tuple(one.of(thing) for one in fields)
    found = (one.objection(value) for one, value in zip(fields, values, strict=True))
    return Record(values, (*filter(None, found), *more))


def day(iso: str | None) -> Value:
    """A date, or as much of one as is known."""
    try:
        return dt.date.fromisoformat(iso) if iso else None
    except ValueError:
        return iso


def priority(urgency: str | None, secrecy: str | None) -> int:
    """Mức độ khẩn, độ mật as one digit; the Appendix names no codes.

    0 to 4 as edXML; 5 mật, 6 tối mật, 7 tuyệt mật. Of a paper that is both the secrecy is said: who takes it over must
    know that first.
    """
    if secrecy:
        return _GRADES.get(fold(secrecy), 5)
    if not urgency:
        return 0
    if fold(urgency) == _TIMED:
        return 4
    known = {fold(name): 3 if rank == 0 else _CODES[rank] for name, rank in RANKS.items()}
    return known.get(fold(urgency), 1)


def _column(name: str, line: str) -> Callable[[Paper], Value]:
    """What stands of the document, else what the line of the book says."""

    def value(paper: Paper) -> Value:
        own = getattr(paper.document, name) if paper.document else None
        return own or (getattr(paper.entry, line) if paper.entry and line else None) or None

    return value


def _code(part: int) -> Callable[[Paper], Value]:
    def value(paper: Paper) -> Value:
        if paper.document and (paper.document.number or paper.document.symbol):
            return (paper.document.number, paper.document.symbol)[part] or None
        return _parts(paper.entry.code if paper.entry else "")[part] or None

    return value


def _parts(code: str) -> tuple[str, str]:
    """`471/UBND-VX` → 471, UBND-VX; `172-TB/TW` → 172, TB/TW."""
    number = code[: len(code) - len(code.lstrip("0123456789"))]
    return number, code[len(number) :].strip(" /-–")


def _date(paper: Paper) -> Value:
    own = paper.document.date if paper.document else None
    return day(own or (paper.entry.document_date if paper.entry else None))


def _subject(paper: Paper) -> Value:
    if paper.document is None:
        return paper.entry.type_and_subject if paper.entry else None
    # As in the book: an export may be carried further than the paper.
    return None if paper.document.secrecy else paper.document.subject


def _due(paper: Paper) -> Value:
    routes = paper.document.routes if paper.document else []
    known = [one.due for one in routes if one.due and one.state in ("decided", "received", "finished")]
    return min(known, default=None)


def _mark(paper: Paper) -> Value:
    return priority(paper.document.urgency, paper.document.secrecy) if paper.document else 0


INCOMING: tuple[Field, ...] = (
    Field("1", "FileCode", "Mã hồ sơ", "text", 39, lambda one: one.file_code),
    Field("2", "DocOrdinal", "STT văn bản trong hồ sơ", "number", 3, lambda one: one.ordinal),
    Field("3", "TypeName", "Tên loại văn bản", "text", 100, _column("document_type", "")),
    Field("4", "CodeNumber", "Số của văn bản", "text", 11, _code(0)),
    Field("5", "CodeNotation", "Ký hiệu của văn bản", "text", 30, _code(1)),
    Field("6", "IssuedDate", "Ngày, tháng, năm văn bản", "date", 10, _date),
    Field("7", "OrganName", "Cơ quan ban hành", "text", 200, _column("issuing_organ", "issuer")),
    Field("8", "Subject", "Trích yếu nội dung", "text", 500, _subject),
    Field("9", "Language", "Ngôn ngữ", "text", 30, lambda _: LANGUAGE),
    Field("10", "PageAmount", "Số trang", "number", 3, lambda one: len(one.document.pages) if one.document else None),
    Field("11", "Description", "Ghi chú", "text", 500, lambda one: one.entry.note if one.entry else None),
    Field("12", "ArrivalDate", "Ngày đến", "date", 10, lambda one: one.entry.arrived_on if one.entry else None),
    Field("13", "ArrivalNumber", "Số đến", "number", 10, lambda one: one.entry.number if one.entry else None),
    Field("14", "SignerInfo.Position", "Chức vụ người ký", "text", 100, lambda one: one.said("signer_title")),
    Field("14", "SignerInfo.FullName", "Họ tên người ký", "text", 50, lambda one: one.said("signer_name")),
    Field("15", "Priority", "Mức độ khẩn, độ mật", "number", 1, _mark),
    Field("16", "ToPlaces", "Đơn vị hoặc người nhận", "text", 1000, lambda one: one.entry and one.entry.recipient),
    Field("17", "TraceHeaderList", "Ý kiến phân phối, chỉ đạo, trạng thái xử lý", "long", 0, lambda one: one.trace),
    Field("18", "DueDate", "Thời hạn giải quyết", "date", 10, _due),
)
"""An incoming paper: 18 rows of the law, SignerInfo in its two parts."""


def _span(end: int) -> Callable[[Folder], Value]:
    def value(folder: Folder) -> Value:
        span = work_files.span_out(folder.papers)
        return day(span[end]) if span else None

    return value


def _rights(folder: Folder) -> Value:
    return CLOSED if any(one.document.secrecy for one in folder.papers) else OPEN


def _pages(folder: Folder) -> Value:
    return folder.file.sides or sum(len(one.document.pages) for one in folder.papers)


FILES: tuple[Field, ...] = (
    Field("1", "FileCode", "Mã hồ sơ", "text", 39, lambda one: one.file_code),
    Field("2", "Title", "Tiêu đề hồ sơ", "text", 500, lambda one: one.file.title),
    Field("3", "Maintenance", "Thời hạn bảo quản", "text", 30,
          lambda one: work_files.retention_said(one.file.keep_years)),
    Field("4", "Rights", "Chế độ sử dụng", "text", 30, _rights),
    Field("5", "Creator", "Người lập hồ sơ", "text", 30, lambda one: one.file.keeper),
    Field("6", "Language", "Ngôn ngữ", "text", 50, lambda _: LANGUAGE),
    Field("7", "StartDate", "Thời gian bắt đầu", "date", 10, _span(0)),
    Field("8", "EndDate", "Thời gian kết thúc", "date", 10, _span(1)),
    Field("9", "DocTotal", "Tổng số văn bản trong hồ sơ", "number", 4, lambda one: len(one.papers)),
    Field("10", "PageTotal", "Tổng số trang của hồ sơ", "number", 4, _pages),
    Field("11", "Description", "Ghi chú", "text", 500, lambda one: one.file.note),
)  # fmt: skip
"""A work file (hồ sơ)."""


def file_code(organ_id: str, file: WorkFile) -> tuple[Value, list[str]]:
    """OrganId.FileCatalog.FileNotation (rows 1.1, 1.2, 1.3), and what is to be told of its parts."""
    told = [] if len(organ_id) <= 13 else [f"Mã định danh cơ quan: dài {len(organ_id)} ký tự, quy định nhiều nhất 13"]
    if len(file.code) > 20:
        told.append(f"Số và ký hiệu hồ sơ: dài {len(file.code)} ký tự, quy định nhiều nhất 20")
    return ".".join(filter(None, (organ_id, str(file.year), file.code))), told
