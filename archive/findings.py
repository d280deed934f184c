"""Findings of many plugins about one document, and `settle()`: which value stands, and how sure we are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from archive.certainty import READERS, calibrated
from archive.reading import Box, Span
from archive.vietnamese import words_of

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
    message, file_name, stamp, register, body): findings of different witnesses that agree strengthen each other.
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
    rivals: tuple[tuple[str, float], ...] = ()
    """Readings of the pen too unlikely to be shown, with their probabilities: other witnesses may second one."""


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
    subject: str | None = None
    """What it is about; for a law its name: two laws of one day differ in nothing else."""


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
    days: int | None = None
    """Working days from the day of arrival; they go before `due`, since the office's holidays are counted."""


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


# ------------------------------------------------------------------------------------------------ settling

SHAKY_WITNESSES = READERS
"""Witnesses that read ink: digits and names have no redundancy, so several of them still make nothing sure."""

NO_REDUNDANCY = frozenset({"number", "full_code", "date", "subject", "signer_name", "time"})
"""Fields in which a misread letter gives another value that looks just as right."""

_EXACT = frozenset({"number", "symbol", "full_code", "date", "drafting_unit", "time"})
_SURE = 0.985
_RIVAL = 0.05
_WORTH_SHOWING = 0.3
_CAP = 0.998


def settle(
    findings: Iterable[Finding | Citation], confirmed: Mapping[str, Value] | None = None, stamp: Stamp | None = None
) -> Record:
    """One record of what several plugins found.

    Findings of different witnesses that agree strengthen each other; rivals put a field in doubt and stay in
    `others`, best first. What a person confirmed stands with confidence 1 and source "person".
    """
    confirmed = confirmed or {}
    everything = list(findings)
    found = [one for one in everything if isinstance(one, Finding)]
    by_field: dict[str, list[Finding]] = {}
    for one in found:
        if not one.suggestion:
            by_field.setdefault(one.field, []).append(one)
    flags = tuple(dict.fromkeys(str(one.value) for one in by_field.pop("flag", [])))
    settled = {name: weigh(by_field.get(name, [])) for name in (*FIELDS, *LISTS, "system", "kind", *by_field)}
    settled = _doubted(_consistent(settled, stamp), flags)
    settled |= {name: _by_person(name, value, settled.get(name, Settled())) for name, value in confirmed.items()}
    lists = {name: _as_list(settled.pop(name).value) for name in LISTS}
    system, kind = settled.pop("system").value, settled.pop("kind").value
    return Record(
        system=str(system) if system else None,
        kind=str(kind or "document"),
        fields=settled,
        **lists,
        citations=join_citations(one for one in everything if isinstance(one, Citation)),
        stamp=stamp,
        suggestions=tuple(one for one in found if one.suggestion),
        flags=flags,
    )


def weigh(findings: Iterable[Finding]) -> Settled:
    """What stands in one field after all its findings, and whether a clerk need not look at it."""
    everything = tuple(findings)
    whole = [one for one in everything if one.value is not None or one.partial is None]
    partial = max((one for one in everything if one.partial), key=lambda one: one.confidence, default=None)
    groups = _by_value(whole)
    if not groups:
        return _only_part(partial) if partial else Settled()
    key, best, chances = _strongest(groups)
    if partial and chances[key] < _WORTH_SHOWING:
        return dataclasses.replace(_only_part(partial), others=_ranked(whole))
    rivals = max((chance for other, chance in chances.items() if other != key), default=0.0)
    chance = calibrated(best.field, chances[key], {one.witness for one in groups[key]}, best.value is None)
    return Settled(
        best.value, round(chance, 4), _is_sure(groups[key], chance, rivals, partial), best.page, best.box,
        best.source or None, None if best.value is not None else best.partial, best.reason,
        _ranked(one for one in whole if one not in groups[key]),
    )  # fmt: skip


def evidence(findings: Iterable[Finding]) -> tuple[Value, float, frozenset[str]] | None:
    """What would stand, how likely before it is calibrated, and whose word it is: what calibration is fitted on."""
    groups = _by_value([one for one in findings if one.value is not None or one.partial is None])
    if not groups:
        return None
    key, best, chances = _strongest(groups)
    return best.value, chances[key], frozenset(one.witness for one in groups[key])


def _strongest(groups: Mapping[Value, list[Finding]]) -> tuple[Value, Finding, dict[Value, float]]:
    """The likeliest value, who says it best, and the chances of all."""
    chances = _chances({key: _together(group) for key, group in groups.items()})
    key = max(chances, key=lambda one: chances[one])
    return key, max(groups[key], key=lambda one: one.confidence), chances


def _is_sure(group: list[Finding], chance: float, rival: float, partial: Finding | None) -> bool:
    if chance < _SURE or rival >= _RIVAL:
        return False
    if group[0].value is None and partial:
        return False
    return group[0].field not in NO_REDUNDANCY or not {one.witness for one in group} <= SHAKY_WITNESSES


def _by_value(findings: Iterable[Finding]) -> dict[Value, list[Finding]]:
    groups: dict[Value, list[Finding]] = {}
    for one in findings:
        groups.setdefault(_key(one), []).append(one)
    return groups


def agree(field: str, one: Value, other: Value) -> bool:
    """Whether two values of a field say the same: names without case, marks and punctuation, codes as they are."""
    return _key(Finding(field, one, 1.0)) == _key(Finding(field, other, 1.0))


def _key(finding: Finding) -> Value:
    """What two values are compared by: codes and dates as they are, names without case, marks and punctuation."""
    if finding.value is None or finding.field in _EXACT:
        return finding.value
    return words_of(finding.value) if isinstance(finding.value, str) else tuple(map(words_of, finding.value))


def _together(group: list[Finding]) -> float:
    """Noisy-or over the kinds of witness; two findings of one witness are no more than the better of them."""
    doubt = 1.0
    for witness in {one.witness for one in group}:
        doubt *= 1 - min(_CAP, max(one.confidence for one in group if one.witness == witness))
    return min(_CAP, 1 - doubt)


def _chances(confidences: dict[Value, float]) -> dict[Value, float]:
    """Confidences given each alone → probabilities given the rivals (odds against `none of them`)."""
    odds = {key: value / (1 - value) for key, value in confidences.items()}
    whole = 1 + sum(odds.values())
    return {key: value / whole for key, value in odds.items()}


def _ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda one: -one.confidence))


def _only_part(partial: Finding) -> Settled:
    return Settled(
        None,
        partial.confidence,
        False,
        partial.page,
        partial.box,
        partial.source or None,
        partial.partial,
        partial.reason,
    )


def _consistent(settled: dict[str, Settled], stamp: Stamp | None) -> dict[str, Settled]:
    """Fields that must agree: no code is surer than its number and symbol; no paper is dated after it arrived."""
    code, its = settled["full_code"], (settled["number"], settled["symbol"])
    if code.value and all(one.value for one in its):
        lowest = min(code.confidence, *(one.confidence for one in its))
        code = dataclasses.replace(code, confidence=lowest)
    if code.sure and code.value and not all(one.sure for one in its):
        code = dataclasses.replace(code, sure=False)
    settled["full_code"] = code
    day = settled["date"]
    arrived = weigh(one for one in stamp.fields if one.field == "date").value if stamp else None
    if isinstance(day.value, str) and isinstance(arrived, str) and day.value > arrived:
        reason = "Ngày văn bản sau ngày đến trên dấu ĐẾN."
        settled["date"] = dataclasses.replace(day, sure=False, reason=reason)
    return settled


_DOUBTED = {
    "signed_before_date": ("date", "Văn bản ghi ngày sau ngày ký số."),
    "signed_long_after_date": ("date", "Chữ ký số muộn hơn ngày văn bản trên ba tháng."),
    "signed_by_other_organ": ("issuing_organ", "Cơ quan trong chữ ký số khác cơ quan ghi trên văn bản."),
}
"""Flags that say a field cannot be sure, and why (archive/signers.py)."""


def _doubted(settled: dict[str, Settled], flags: Iterable[str]) -> dict[str, Settled]:
    for name, reason in (_DOUBTED[flag] for flag in flags if flag in _DOUBTED):
        settled[name] = dataclasses.replace(settled[name], sure=False, reason=reason)
    return settled


def _by_person(name: str, value: Value, read: Settled) -> Settled:
    """A person's word, where the machine had looked, and beside what it had said."""
    others = read.others
    if read.value not in (None, value):
        rival = Finding(name, read.value, read.confidence, None, read.page, read.box, source=read.source or "")
        others = (rival, *(one for one in others if one.value != value))
    return Settled(value, 1.0, True, read.page, read.box, "person", others=others)


def _as_list(value: Value) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return value or ()


def join_citations(citations: Iterable[Citation]) -> tuple[Citation, ...]:
    """Citations of several plugins, each paper once; the first plugin's words stand, gaps are filled by the next."""
    seen: dict[tuple[str | None, ...], Citation] = {}
    for one in citations:
        key = (one.code,) if one.code else (one.type, one.date, words_of(one.issuer or ""), one.subject)
        known = seen.get(key)
        if not known:
            seen[key] = one
            continue
        seen[key] = dataclasses.replace(
            known,
            type=known.type or one.type, date=known.date or one.date, issuer=known.issuer or one.issuer,
            relation=known.relation or one.relation, mentions=tuple(dict.fromkeys(known.mentions + one.mentions)),
        )  # fmt: skip
    return tuple(seen.values())
