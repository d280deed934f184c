"""What is known of a document as one JSON file, readable without us; and such a file read back, strictly.

A file of another archive is a stranger's: nothing but these shapes is taken, with the lengths of the columns. Shapes of
rows are derived from the models, so that a new column is never forgotten on one of the two ways.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar, cast

import sqlalchemy as sa
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, create_model
from sqlalchemy.orm import Session

from archive import history
from archive.errors import CopyBroken
from archive.models import (
    Base,
    CitationRow,
    ClosedDay,
    Confirmation,
    Document,
    Event,
    FilePaper,
    FindingRow,
    ImportedEvent,
    MarkRow,
    Moment,
    PageRow,
    RegisterEntry,
    RouteRow,
    Scan,
    StampRow,
    WorkFile,
)
from archive.office_files import FORMS

FORMAT = "vanthu-document-1"
MOST_BYTES = 64 << 20
MOST_WORDS_BYTES = 16 << 20
M = TypeVar("M", bound=BaseModel)


class Strict(BaseModel):
    """Knows every key it takes, and turns no text into a number."""

    model_config = ConfigDict(extra="forbid", strict=True, from_attributes=True, allow_inf_nan=False)


def _no_nul(text: str) -> str:
    if "\0" in text:  # PostgreSQL keeps no NUL
        raise ValueError("control character")
    return text


Str = Annotated[str, AfterValidator(_no_nul)]
Short = Annotated[Str, Field(max_length=1000)]
Id = Annotated[str, Field(pattern=r"^[0-9a-z]{8,32}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Int = Annotated[int, Field(ge=-(2**31), lt=2**31)]
Box = Annotated[list[float], Field(min_length=4, max_length=4)]
Value = Short | Annotated[list[Short], Field(max_length=1000)] | None
Texts = Annotated[list[Short], Field(max_length=1000)]
Pages = Annotated[list[Annotated[int, Field(ge=1, le=100_000)]], Field(max_length=10_000)]


class Reading(Strict):
    """One reading of a field: what stands, a rival, a suggestion, or a line of a stamp; see archive/records.py."""

    field: Short | None = None
    value: Annotated[Str, Field(max_length=1_000_000)] | Texts | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] = 1.0
    sure: bool = False
    page: Int | None = None
    box: Box | None = None
    source: Short | None = None
    partial: Short | None = None
    reason: Short | None = None
    witness: Short | None = None
    others: Annotated[list[Reading], Field(max_length=1000)] = []
    rivals: Annotated[list[tuple[Short, float]], Field(max_length=1000)] = []


class Named(Reading):
    """A reading that says of which field it is."""

    field: Short


class Mention(Strict):
    page: Int | None
    box: Box | None
    start: Int
    end: Int


class Gap(Strict):
    kind: Short
    box: Box
    readings: Annotated[list[tuple[Short, float]], Field(max_length=1000)]
    handwritten: bool


class Signed(Strict):
    signer: Short | None
    at: Short | None
    reason: Short | None = None


WordFacts = tuple[Short, Box | None, float, Int, Int, Int] | tuple[Short, Box | None, float, Int, Int, Int, Short]
"""text, box, confidence, line, block, offset in the page's text, what was read first"""


def _column(column: sa.Column[Any]) -> tuple[Any, Any]:
    """Type and default of a column as a field of a shape."""
    kind: Any = Str
    if isinstance(column.type, Moment):
        kind = AwareDatetime
    elif isinstance(column.type, sa.Integer):
        kind = Annotated[int, Field(ge=-(2**63), lt=2**63)] if isinstance(column.type, sa.BigInteger) else Int
    elif isinstance(column.type, sa.String | sa.Float | sa.Boolean | sa.Date):
        kind = column.type.python_type if not isinstance(column.type, sa.String) else Str
        if isinstance(column.type, sa.String) and column.type.length:
            kind = Annotated[Str, Field(max_length=column.type.length)]
    else:
        raise TypeError(f"no shape for {column}")
    default = column.default.arg if isinstance(column.default, sa.ColumnDefault) and column.default.is_scalar else ...
    return (kind | None, None) if column.nullable else (kind, default)


def _shape(model: type[Base], without: Sequence[str] = (), **json_columns: Any) -> type[Strict]:
    """The shape of a row, but for the columns `without`; those of JSON are given."""
    own = {c.key: c for c in cast(sa.Table, model.__table__).columns if c.key not in without}
    fields = {
        key: (json_columns[key], ... if not column.nullable else None) if key in json_columns else _column(column)
        for key, column in own.items()
    }
    made: type[Strict] = create_model(model.__name__, __base__=Strict, **cast(Any, fields))
    return made


_OFFICE = "|".join(map(re.escape, FORMS))
ScanShape = _shape(
    Scan, ("verified_at", "damaged_at"), id=Id, sha256=Sha256,
    signatures=Annotated[list[Signed], Field(max_length=1000)],
    media_type=Annotated[str, Field(pattern=rf"^(application/(pdf|zip)|image/(jpeg|png|tiff|webp)|{_OFFICE})$")],
)  # fmt: skip
PageShape = _shape(
    PageRow, ("id", "scan_id"), advice=Texts, gaps=Annotated[list[Gap], Field(max_length=10_000)]
)  # fmt: skip
StampShape = _shape(
    StampRow, ("id", "scan_id", "document_id"), box=Box | None,
    findings=Annotated[list[Named], Field(max_length=1000)],
)  # fmt: skip
MarkShape = _shape(MarkRow, ("id", "scan_id"), box=Box)
DocumentShape = _shape(
    Document, ("folded",), id=Id, scan_id=Id, pages=Pages, cut_reasons=Texts,
    fields=Annotated[dict[Annotated[str, Field(max_length=80)], Reading], Field(max_length=500)],
    lists=Annotated[dict[Annotated[str, Field(max_length=80)], Texts], Field(max_length=50)], flags=Texts,
    suggestions=Annotated[list[Named], Field(max_length=1000)],
)  # fmt: skip
FindingShape = _shape(
    FindingRow, ("id", "document_id"), value=Value, box=Box | None,
    span=Annotated[list[Int], Field(min_length=2, max_length=2)] | None,
)  # fmt: skip
ConfirmationShape = _shape(Confirmation, ("document_id",), value=Value, machine=Value)
CitationShape = _shape(
    CitationRow, ("id", "document_id"), mentions=Annotated[list[Mention], Field(max_length=10_000)], target_id=Id | None
)  # fmt: skip
RouteShape = _shape(RouteRow, ("id", "document_id", "parent_id", "person_id"))
EntryShape = _shape(RegisterEntry, ("import_id",), document_id=Id | None)
DayShape = _shape(ClosedDay)
EventShape = _shape(Event, hash=Sha256, previous=Sha256)


class PageFacts(Strict):
    """A page as it was read."""

    row: PageShape  # type: ignore[valid-type]
    words: Annotated[list[WordFacts], Field(max_length=200_000)] | None = None
    """None: left out; the file is then one to be read, not to be imported."""


class RouteFacts(Strict):
    """A route; which one of this list the unit passed it on from."""

    row: RouteShape  # type: ignore[valid-type]
    parent: Annotated[int, Field(ge=0, lt=10_000)] | None = None


class Sidecar(Strict):
    """Everything about one document, and about the scan it is part of."""

    format: Literal["vanthu-document-1"] = "vanthu-document-1"
    document: DocumentShape  # type: ignore[valid-type]
    scan: ScanShape  # type: ignore[valid-type]
    original: Short
    """Where the original lies, from the folder that holds this one."""
    pages: Annotated[list[PageFacts], Field(max_length=10_000)]
    """Of the whole scan."""
    stamps: Annotated[list[StampShape], Field(max_length=1000)]  # type: ignore[valid-type]
    marks: Annotated[list[MarkShape], Field(max_length=10_000)]  # type: ignore[valid-type]
    findings: Annotated[list[FindingShape], Field(max_length=100_000)]  # type: ignore[valid-type]
    confirmed: Annotated[list[ConfirmationShape], Field(max_length=1000)]  # type: ignore[valid-type]
    citations: Annotated[list[CitationShape], Field(max_length=10_000)]  # type: ignore[valid-type]
    routes: Annotated[list[RouteFacts], Field(max_length=10_000)]
    entries: Annotated[list[EntryShape], Field(max_length=100)]  # type: ignore[valid-type]
    files: Texts = []
    """Work files (hồ sơ) in which it lies: year, code and title."""
    history: Annotated[list[EventShape], Field(max_length=100_000)]  # type: ignore[valid-type]


# ------------------------------------------------------------------------------------------------ writing


def of_document(session: Session, document: Document, original: str, *, words: bool = False) -> Any:
    """The sidecar of a document; with `words` also where each word stands, which makes it five times as long."""
    scan = document.scan
    routes = document.routes
    places = {route.id: place for place, route in enumerate(routes)}
    return Sidecar.model_construct(
        document=_of(DocumentShape, document), scan=_of(ScanShape, scan), original=original,
        pages=[_page(row, words) for row in scan.page_rows],
        stamps=_rows(session, StampRow, StampShape, StampRow.document_id == document.id),
        marks=_rows(session, MarkRow, MarkShape, MarkRow.scan_id == scan.id),
        findings=_rows(session, FindingRow, FindingShape, FindingRow.document_id == document.id),
        confirmed=_rows(session, Confirmation, ConfirmationShape, Confirmation.document_id == document.id),
        citations=[_of(CitationShape, row) for row in document.citations],
        routes=[RouteFacts.model_construct(row=_of(RouteShape, one), parent=places.get(one.parent_id or 0))
                for one in routes],
        entries=_rows(session, RegisterEntry, EntryShape, RegisterEntry.document_id == document.id),
        files=_files(session, document.id), history=events(session, [document.id, scan.id]),
    )  # fmt: skip


def dumped(value: BaseModel) -> bytes:
    """As a file: UTF-8, not escaped, one way only: a key on a line, and each item of a list on one of its own.

    A key that was never written is left out. Laid out by hand: json.dumps with an indent takes ten times as long.
    """
    plain = value.model_dump(mode="json", exclude_unset=True, warnings=False)
    lines = [f"{_compact(key)}: {_laid(plain[key])}" for key in sorted(plain)]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _laid(value: Any) -> str:
    if isinstance(value, list) and value:
        return "[\n " + ",\n ".join(map(_compact, value)) + "\n]"
    if isinstance(value, dict) and value:
        return "{\n " + ",\n ".join(f"{_compact(key)}: {_compact(value[key])}" for key in sorted(value)) + "\n}"
    return _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(", ", ": "))


def _of(shape: type[M], row: Any) -> M:
    try:
        return shape.model_validate(row, strict=False)  # JSON of a row knows no tuples
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"][:4])
        raise CopyBroken(f"Một dòng {type(row).__name__} của văn bản không đúng dạng ở {where}.") from error


def _rows(session: Session, model: Any, shape: type[M], condition: sa.ColumnElement[bool]) -> list[M]:
    key = sa.inspect(model).primary_key
    return [_of(shape, row) for row in session.scalars(sa.select(model).where(condition).order_by(*key))]


def _page(row: PageRow, words: bool) -> PageFacts:
    told = json.loads(zlib.decompress(row.words.data)) if words and row.words else [] if words else None
    facts: dict[str, Any] = {"row": _of(PageShape, row)} | ({} if told is None else {"words": told})
    return PageFacts.model_construct(None, **facts)


def _files(session: Session, document_id: str) -> list[str]:
    lying = sa.select(WorkFile).join(FilePaper).where(FilePaper.document_id == document_id)
    return [
        f"{one.year} {one.code} {one.title}" for one in session.scalars(lying.order_by(WorkFile.year, WorkFile.code))
    ]


def events(session: Session, subjects: Sequence[str]) -> list[Any]:
    """What happened to these, here and in the archive they came from, oldest first."""
    found = [
        _of(EventShape, row)
        for kind in (ImportedEvent, Event)
        for row in session.scalars(sa.select(kind).where(kind.subject.in_(subjects)))
    ]
    return sorted(found, key=lambda one: (one.at, one.seq, one.hash))


# ------------------------------------------------------------------------------------------------ reading


def parse(content: bytes, name: str) -> Sidecar:
    """A sidecar of a stranger, checked; CopyBroken says what is wrong with it."""
    found = read(Sidecar, content, name)
    document, scan = cast(Any, found.document), cast(Any, found.scan)
    if document.scan_id != scan.id:
        raise CopyBroken(f"{name}: văn bản và bản quét không khớp nhau.")
    check_events(found.history, name)
    if any(one.document_id != document.id for one in cast(Any, found.entries)):
        raise CopyBroken(f"{name}: dòng sổ của văn bản khác.")
    if any(one.parent is not None and one.parent >= len(found.routes) for one in found.routes):
        raise CopyBroken(f"{name}: đơn vị chuyển tiếp không có trong tệp.")
    return found


def check_events(lines: Sequence[Any], name: str) -> None:
    """CopyBroken when a line of a history is not what was hashed."""
    for line in lines:
        if history.digest(line) != line.hash:
            raise CopyBroken(f"{name}: nhật ký dòng {line.seq} đã bị sửa.")


def read(shape: type[M], content: bytes, name: str) -> M:
    """The content as this shape; CopyBroken says where it is not."""
    if len(content) > MOST_BYTES:
        raise CopyBroken(f"{name}: lớn quá {MOST_BYTES >> 20} MB.")
    try:
        return shape.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][:4])[:100]
        raise CopyBroken(f"{name}: không đúng dạng{f' ở {where}' if where else ''} ({first['type']}).") from error


def packed(words: Sequence[Any]) -> bytes:
    """Words as archive/pages.py keeps them."""
    return zlib.compress(json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode())
