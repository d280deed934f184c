"""The shapes of requests and answers, version 1: checked when they come in, described in the OpenAPI."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, TypeVar, get_origin

from flask import request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, ValidationError
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from archive.errors import BadValue

M = TypeVar("M", bound=BaseModel)


def _no_nul(text: str) -> str:
    # PostgreSQL keeps no NUL.
    if "\0" in text:
        raise ValueError("control character")
    return text


Line = Annotated[str, Field(max_length=1000), AfterValidator(_no_nul)]
Year = Annotated[int, Field(ge=1945, le=2200)]
Box = tuple[float, float, float, float]


class Problem(BaseModel):
    """RFC 9457; `detail` is a Vietnamese sentence for the one in front of the screen."""

    type: str
    title: str
    status: int
    detail: str


# ---------------------------------------------------------------------------------------------- what comes in


class In(BaseModel):
    model_config = ConfigDict(extra="ignore")


AnyOf = Annotated[list[Line], Field(max_length=50, description="any of several: the parameter may be repeated")]


class SearchAsked(In):
    q: Line = ""
    type: AnyOf = []
    issuer: AnyOf = []
    unit: AnyOf = []
    status: AnyOf = []
    year: AnyOf = []
    province: AnyOf = []
    from_: Line | None = Field(None, alias="from", description="earliest date of the document, ISO or day first")
    to: Line | None = Field(None, description="latest date of the document")
    sort: Line | None = Field(None, description="relevance | date | arrival")
    cursor: Line | None = None
    limit: int = Field(20, ge=1, le=100)


class BookAsked(In):
    book: Line = "den"
    year: Year | None = Field(None, description="the current year when left out")
    cursor: Line | None = None
    limit: int = Field(50, ge=1, le=500)


class Correction(In):
    fields: dict[str, str | list[str] | None] = Field(
        default_factory=dict, max_length=100, description="field → what the paper says; null: the paper does not say"
    )
    confirm: bool = Field(False, description="accept every other value as it stands")


class Registering(In):
    book: Line = "den"
    arrived_on: dt.date
    number: Annotated[StrictInt, Field(ge=1, le=999_999)] | None = Field(
        None, description="what the stamp says already"
    )
    reason: Annotated[Line, Field(max_length=400)] | None = Field(
        None, description="allows a day out of order; noted in the book"
    )
    begin: bool = Field(False, description="a book without a line begins at this number; none before it is awaited")


class Deciding(In):
    unit: Annotated[Line, Field(min_length=1, max_length=200)]
    role: Line = Field("lead", description="lead | support | inform")
    due: dt.date | None = None
    instruction: Annotated[str, Field(max_length=2000), AfterValidator(_no_nul)] = ""


class Splitting(In):
    pages: list[Annotated[StrictInt, Field(ge=1, le=100_000)]] = Field(
        min_length=1, max_length=1000, description="pages that become a document of their own"
    )


class Merging(In):
    document: Line = Field(description="id of the document that is joined to this one and ends")


class SendingTo(In):
    office: Line = Field(description="slug of another office of this installation")


class Voiding(In):
    reason: Annotated[Line, Field(min_length=1, max_length=500)]


# ---------------------------------------------------------------------------------------------- what goes out


class ScanTaken(BaseModel):
    id: str
    sha256: str
    status: str
    href: str


class LeftOut(BaseModel):
    name: str
    reason: str


class Received(ScanTaken):
    """Of an edXML message the paper itself; `scans` has it and the other files, `left_out` what is only in it."""

    message: str | None = None
    scans: list[ScanTaken] | None = None
    left_out: list[LeftOut] | None = None


class EdxmlStatus(BaseModel):
    code: str = Field(description="01 arrived | 02 refused | 03 received | 04 assigned | 05 in work | 06 done")
    name: str
    at: str


class SendingRead(BaseModel):
    """`code` and `number` are the other office's: its step (01 to 06, empty: nothing known), its arrival number."""

    id: str
    document_id: str
    office: str
    name: str
    state: str = Field(description="waiting | delivered | refused")
    code: str
    number: str
    reason: str
    sent_by: str
    sent_at: str
    told_at: str


class OfficeNamed(BaseModel):
    slug: str
    name: str


class Sendings(BaseModel):
    document_id: str
    sendings: list[SendingRead]
    offices: list[OfficeNamed]


class EdxmlStatuses(BaseModel):
    document_id: str
    responds_to: list[str] = Field(description="DocumentIds of the messages it came by")
    statuses: list[EdxmlStatus]


class EdxmlStatusAsked(In):
    code: Line = Field("", description="answers with the edXML message of this status")


class Retried(BaseModel):
    id: str
    tasks: int


class FieldRead(BaseModel):
    """One field: the value that stands and how sure it is. A null that is sure: the paper does not say."""

    model_config = ConfigDict(extra="allow")
    value: str | list[str] | None
    confidence: float = Field(ge=0, le=1)
    sure: bool
    page: int | None = None
    box: list[float] | None = None
    source: str | None = None
    partial: str | None = None
    reason: str | None = None
    others: list[dict[str, Any]] = []


class StampRead(BaseModel):
    model_config = ConfigDict(extra="allow")
    page: int
    box: list[float] | None
    fields: dict[str, FieldRead]


class CitationRead(BaseModel):
    model_config = ConfigDict(extra="allow")
    type: str | None
    code: str | None
    date: str | None
    issuer: str | None
    relation: str | None
    page: int | None
    box: list[float] | None
    target: str | None
    mentions: list[dict[str, Any]]


class RouteRead(BaseModel):
    model_config = ConfigDict(extra="allow")
    unit: str
    role: str
    due: str | None
    reason: str
    confidence: float
    source: str
    state: str


class Entry(BaseModel):
    book: str
    year: int
    number: int
    arrived_on: str | None


class EntryOf(Entry):
    document_id: str | None


class DocumentRead(BaseModel):
    model_config = ConfigDict(extra="allow")
    id: str
    pages: list[int]
    status: str
    system: str | None
    kind: str
    fields: dict[str, FieldRead]
    stamp: StampRead | None
    addressees: list[str]
    recipients: list[str]
    archive_copy: list[str]
    citations: list[CitationRead]
    routes: list[RouteRead]
    flags: list[str]
    suggestions: list[dict[str, Any]]
    duplicates: list[str] = Field([], description="other documents of the same code, organ and year (Party: date)")


class ScanRead(BaseModel):
    model_config = ConfigDict(extra="allow")
    id: str
    sha256: str
    filename: str
    media_type: str
    pages: int
    status: str
    error: str | None
    signatures: list[Any]


class ScanAnswer(BaseModel):
    scan: ScanRead
    documents: list[DocumentRead]


class Happened(BaseModel):
    seq: int
    at: str
    actor: str
    action: str
    subject: str
    data: dict[str, Any]


class History(BaseModel):
    events: list[Happened]


class Hit(BaseModel):
    model_config = ConfigDict(extra="allow")
    id: str
    scan_id: str
    filename: str
    full_code: str | None
    document_type: str | None
    issuing_organ: str | None
    date: str | None
    subject: str | None
    arrival_number: int | None
    page: int | None
    score: float
    snippet: list[tuple[str, bool]]


class Found(BaseModel):
    model_config = ConfigDict(extra="allow")
    suggestion: str | None = Field(None, description="the question as it was perhaps meant")
    total: int
    took_ms: int
    cursor: str | None
    facets: dict[str, list[tuple[str, int]]]
    hits: list[Hit]


class BookLine(EntryOf):
    status: str
    issuer: str
    code: str
    document_date: str | None
    type_and_subject: str
    recipient: str
    forwarded_on: str | None
    receipt: str
    note: str
    void_reason: str | None


class BookPage(BaseModel):
    book: str
    year: int
    total: int
    next_number: int
    cursor: str | None
    entries: list[BookLine]


# ---------------------------------------------------------------------------------------------- checking


def asked(model: type[M]) -> M:
    """The query of this request; BadValue names the parameter that cannot be."""
    lists = {field.alias or name for name, field in model.model_fields.items() if get_origin(field.annotation) is list}
    given = request.args.to_dict(flat=False)
    return _checked(model, {name: each if name in lists else each[0] for name, each in given.items()})


def body(model: type[M]) -> M:
    """The JSON body of this request; BadValue names what cannot be."""
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise UnsupportedMediaType
    try:
        sent = request.get_json()
    except (UnicodeDecodeError, RecursionError) as error:
        raise BadRequest from error
    return _checked(model, sent)


def _checked(model: type[M], sent: Any) -> M:
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "yêu cầu"
        raise BadValue(f"Giá trị của {where[:80]!r} không hợp lệ; chưa có gì thay đổi. Hãy sửa rồi gửi lại.") from error
