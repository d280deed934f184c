"""The forms of the whole country, State and Party. Our own rules are a plugin, too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from archive import (
    PARTY,
    STATE,
    Citation,
    Finding,
    Page,
    Stamp,
    Text,
    find_citations,
    fold,
    hookimpl,
    stamp_in_text,
    without_self,
)

from . import agreement, article, beginnings, party, state
from .paper import (
    Paper,
    date_findings,
    list_findings,
    mark_findings,
    number_findings,
    province_findings,
    signer_findings,
    subject_findings,
)

VERSION = "1.0"


@hookimpl
def begins(page: Page) -> list[tuple[float, str]]:
    """Votes of the common forms: mottoes, titles and number lines speak for a beginning, page numbers against."""
    return list(beginnings.votes(page))


@hookimpl
def extract(text: Text, stamp: Stamp | None) -> list[Finding | Citation]:
    """Everything the two grammars and the common idioms say of a paper."""
    stamp = stamp or (stamp_in_text(text.plain[:600]) if not text.has_boxes else None)
    paper = Paper.of(text, stamp)
    if not paper.rows:
        return []
    if not text.has_boxes and article.is_article(paper.rows):
        return _of_article(text)
    return _of_paper(paper)


def _of_article(text: Text) -> list[Finding | Citation]:
    findings = list(article.findings(text))
    own = next((str(one.value) for one in findings if one.field == "full_code"), None)
    kind = [Finding("kind", "web_article", 0.95), Finding("flag", "not_a_scan", 1.0)]
    system = Finding("system", PARTY if re.match(r"\d+-", own or "") else STATE, 0.8)
    lists = [Finding(name, (), 0.9) for name in ("addressees", "recipients", "archive_copy")]
    return [*kind, system, *findings, *lists, *without_self(find_citations(text), own)]


def _of_paper(paper: Paper) -> list[Finding | Citation]:
    system, confidence = system_of(paper)
    grammar = party if system == PARTY else state
    findings = [
        Finding("system", system, confidence),
        Finding("kind", "document", 0.99),
        *grammar.findings(paper),
        *number_findings(paper),
        *date_findings(paper),
        *subject_findings(paper),
        *signer_findings(paper, grammar.authority(paper)),
        *mark_findings(paper),
        *list_findings(paper),
    ]
    organ, parent = _best(findings, "issuing_organ"), _best(findings, "parent_organ")
    findings += province_findings(paper, organ, parent)
    findings += agreement.seconds(paper, findings)
    own = _best(findings, "full_code")
    citations = without_self(find_citations(paper.text, _body_start(paper)), own)
    findings += party.suggestions(paper, organ, _best(findings, "province_at_issue"))
    findings += _not_before(paper, citations)
    findings += [Finding("flag", flag, 1.0) for flag in flags(paper, findings)]
    if not paper.is_ink:  # what no row says (a missing title) was read as the rest was
        source = paper.text.pages[0].source
        placeless = [one.witness == "ocr" and one.page is None for one in findings]
        findings = [
            replace(one, witness=source) if is_placeless else one
            for one, is_placeless in zip(findings, placeless, strict=True)
        ]
    return [*findings, *citations]


def _body_start(paper: Paper) -> int:
    """Citations may stand in the subject, never in the number line."""
    heading = paper.heading
    return heading.number.end if heading.number else 0


def _best(findings: Sequence[Finding], field: str) -> str | None:
    values = [one for one in findings if one.field == field and isinstance(one.value, str) and not one.suggestion]
    return str(max(values, key=lambda one: one.confidence).value) if values else None


def system_of(paper: Paper) -> tuple[str, float]:
    """(state | party, confidence), from the number, the motto, the signer's authority, the archive line."""
    heading, ending = paper.heading, paper.ending
    score = 0.0  # above 0: the Party's
    if heading.number_line:
        score += 3 if heading.number_line.code.system == PARTY else -3
    for row in heading.mottoes:
        score += 2.5 if heading.party_motto and "cong san" in row.folded else -2
    organs = " ".join(row.folded for row in [*heading.organs, *heading.subtitle])
    score += 2 * bool(
        re.search(r"\b(?:tinh uy|thanh uy|huyen uy|dang uy|bo chinh tri|ban bi thu|dang bo|trung uong dang)\b", organs)
    )
    score -= 2 * bool(re.search(r"\b(?:ubnd|uy ban nhan dan|hdnd|hoi dong nhan dan|so|chinh phu|quoc hoi)\b", organs))
    authority = " ".join(row.text for row in ending.authority)
    score += 1.5 * bool(re.match(r"[TK]\s?/\s?[MTL]", authority)) - 1.5 * bool(re.match(r"(?:TM|KT|TL)\.", authority))
    archive_line = next((fold(text) for text, _ in ending.recipients if fold(text).startswith("luu")), "")
    score += 1.0 * bool(re.search(r"tinh uy|trung uong|dang uy|^luu$", archive_line)) - 0.5 * (": vt" in archive_line)
    return (PARTY if score > 0 else STATE), min(0.99, 0.5 + abs(score) / 6)


def _not_before(paper: Paper, citations: Sequence[Citation]) -> Iterator[Finding]:
    """A paper without a date is no older than what it carries out."""
    days = [one.date for one in citations if one.date and one.relation == "basis"]
    if days and not paper.heading.date:
        reason = "Ngày của văn bản được viện dẫn."
        yield Finding("date_not_before", max(days), 0.9, reason=reason, witness="inferred", suggestion=True)


def flags(paper: Paper, findings: Sequence[Finding]) -> Iterator[str]:
    """What a clerk should know of this paper, by the names of the contract."""
    heading, ending, text = paper.heading, paper.ending, paper.text
    if not heading.organs and not heading.number:
        yield "header_missing"
    if not heading.number:
        yield "number_missing_in_text"
    # The arrival stamp bounds the day of a paper that carries one.
    if not heading.date and not paper.stamp:
        yield "date_missing_in_text"
    if not (ending.authority or ending.title or ending.name):
        yield "signature_block_missing"
    elif not ending.name or not (ending.authority or ending.title):
        yield "signature_block_partial"
    if (
        heading.number_line
        and not paper.gaps("number")
        and re.search(r"\d\s+[/-]|[/-]\s+\w", heading.number_line.code.raw)
    ):
        yield "space_inside_code"
    if heading.strays or ending.strays:
        yield "handwriting_noise"
    if _marks_lost(paper):
        yield "ocr_missing_diacritic_in_place"
    if paper.stamp and _stamp_marks_lost(paper.stamp, text):
        yield "ocr_missing_diacritic_in_stamp"
    if _types_conflict(findings):
        yield "type_symbol_conflict"
        yield "needs_review"


def _types_conflict(findings: Sequence[Finding]) -> bool:
    types = {one.value for one in findings if one.field == "document_type" and one.value and one.confidence > 0.7}
    return len(types) > 1


def _marks_lost(paper: Paper) -> bool:
    row = paper.heading.date
    place = row.text.split(",")[0].strip() if row else ""
    return bool(row) and any(
        not place.casefold().startswith(str(one.value).casefold()) and fold(place) == fold(str(one.value))
        for one in date_findings(paper)
        if one.field == "place" and one.value
    )


def _stamp_marks_lost(stamp: Stamp, text: Text) -> bool:
    organ = next((one for one in stamp.fields if one.field == "organ" and one.span and one.value), None)
    if not organ or not organ.span or stamp.box:
        return False
    printed = text.plain[organ.span.start : organ.span.end]
    return printed.casefold() != str(organ.value).casefold() and fold(printed) == fold(str(organ.value))
