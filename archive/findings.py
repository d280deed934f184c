"""Findings of many plugins about one document, and `settle()`: which value stands, and how sure we are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from archive.reading import Box, Span

Value = str | tuple[str, ...] | None

FIELDS = (
    "issuing_organ", "parent_organ", "document_type", "document_subtype", "number", "symbol", "full_code",
    "drafting_unit", "place", "date", "subject", "signer_authority", "signer_title", "signer_name", "urgency",
    "secrecy", "province_at_issue", "province_current",
)  # fmt: skip
"""The fields of every document, in the order of the contract; a plugin's own are prefixed (`cao_bang.file_code`)."""

STAMP_FIELDS = ("organ", "number", "date", "time", "forward_to", "file_ref")

LISTS = ("addressees", "recipients", "archive_copy")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing one plugin found about one document.

    `confidence` is the probability (0..1) that `value` is what the paper says. `value` None with a high confidence
    says: the paper does not say. `witness` names the kind of evidence (ocr, layer, second_look, pen, signature,
    file_name, stamp, register, body): findings of different witnesses that agree strengthen each other.
    """

    field: str
    value: Value
    confidence: float
    span: Span | None = None
    page: int | None = None
    box: Box | None = None
    partial: str | None = None
    """What can be read where `value` is None because only a part is readable (`2025-02`, `/UBND-KTTH`)."""
    reason: str = ""
    """In Vietnamese, for the clerk: why this value, or why in doubt."""
    witness: str = "ocr"
    suggestion: bool = False
    """Inferred from elsewhere: offered to the clerk, never written into the field."""
    source: str = ""
    """Plugin and version (`national 1.0`); written by the host, never by the plugin."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a citation stands in the text."""

    start: int
    end: int
    page: int | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """Another paper this one names."""

    type: str | None
    code: str | None
    date: str | None
    """ISO 8601."""
    issuer: str | None
    relation: str | None = None
    """basis | attached | reply | replaced | None"""
    mentions: tuple[Mention, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """An arrival stamp (dấu ĐẾN) on a page; its fields are findings named as in STAMP_FIELDS."""

    page: int
    box: Box | None
    fields: tuple[Finding, ...] = ()
    angle: float = 0.0
    """Degrees anticlockwise on the upright page."""
    confidence: float = 1.0
    """That this is an arrival stamp at all."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Another mark on a page: round_seal, half_seal, urgency, secrecy."""

    kind: str
    page: int
    box: Box
    confidence: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Who should have the document, by when, and why."""

    unit: str
    role: str = "lead"
    """lead | support | inform"""
    due: str | None = None
    reason: str = ""
    """In Vietnamese."""
    confidence: float = 0.5
    source: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What stands in one field of a record. A None that is `sure` means: the paper does not say."""

    value: Value = None
    confidence: float = 0.0
    sure: bool = False
    page: int | None = None
    box: Box | None = None
    source: str | None = None
    partial: str | None = None
    reason: str = ""
    others: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Record:
    """Everything settled about one document."""

    system: str | None = None
    """state | party | None"""
    kind: str = "document"
    """document | web_article"""
    fields: Mapping[str, Settled] = field(default_factory=dict)
    addressees: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    archive_copy: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    stamp: Stamp | None = None
    suggestions: tuple[Finding, ...] = ()
    flags: tuple[str, ...] = ()
