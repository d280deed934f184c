"""Papers of the Party: HD 36-HD/VPTW (`Số 182-CV/TU`, hyphen after the number; T/M, K/T, T/L; no colon after Số)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archive import AMBIGUOUS, PARTY, Finding, organ_name, province_of_organ

from . import state
from .heading import organ_of_subtitle
from .paper import CERTAIN, Paper
from .rows import found
from .signature import title_text


def findings(paper: Paper) -> Iterator[Finding]:
    """Type and organs as the Party writes them."""
    yield from types(paper)
    yield from organs(paper)


def types(paper: Paper) -> Iterator[Finding]:
    """First line of the title decides: THÔNG BÁO / KẾT LUẬN CỦA … is a notice, KẾT LUẬN / CỦA … a conclusion."""
    heading, line = paper.heading, paper.heading.number_line
    code = line.code if line else None
    if heading.title:
        yield found("document_type", heading.title_type, paper.sureness(heading.title), heading.title)
    meanings = AMBIGUOUS.get((PARTY, code.abbreviation or ""), ()) if code else ()
    if code and code.type_name and heading.number and heading.title_type not in meanings:
        confidence = min(0.95, paper.sureness(heading.number))
        yield found("document_type", code.type_name, confidence, heading.number, witness="symbol")
    if not heading.title and heading.subject and code and code.type_name == "Công văn":
        yield found("document_type", "Công văn", 0.95, heading.subject)
    under = [*heading.subtitle, *heading.subject][:1]
    conclusion = heading.title_type == "Thông báo" and under and under[0].folded.startswith("ket luan")
    yield found("document_subtype", "Thông báo kết luận" if conclusion else None, 0.95 if paper.is_ink else CERTAIN, [])


def organs(paper: Paper) -> Iterator[Finding]:
    """The organ of the heading; without one, the organ the title names (`KẾT LUẬN CỦA BAN THƯỜNG VỤ TỈNH ỦY`)."""
    if paper.heading.organs:
        yield from state.organs(paper)
        return
    named = organ_of_subtitle(paper.heading)
    if named:
        name, known = organ_name(named)
        yield found("issuing_organ", name, CERTAIN if known == 1 and not paper.is_ink else 0.9, paper.heading.subtitle)
    yield Finding("parent_organ", None, 0.6)
    yield from state.by_symbol(paper)


def authority(paper: Paper) -> str | None:
    """`T/M BAN THƯỜNG VỤ`, with the slash OCR may drop or take for an I."""
    whole = re.sub(r"^([TK]\s?/\s?[MTL])\.?(?=[^\W\d_]{2})", r"\1 ", title_text(paper.ending.authority) or "")
    return (
        re.sub(r"\s+", " ", re.sub(r"\b([TK])\s*[/.|lI]?\s*([MTL])\b[.]?\s*(?=\w)", r"\1/\2 ", whole)).strip(" .,")
        or None
    )


def suggestions(paper: Paper, organ: str | None, place: str | None) -> Iterator[Finding]:
    """What the heading does not say and the rest lets one think: offered, never written."""
    facts = {"suggestion": True, "witness": "inferred"}
    acts_for_board = any("ban thuong vu" in row.folded for row in paper.ending.authority)
    if organ and organ == "Ban Thường vụ Tỉnh ủy" and place:
        reason = "Địa danh và “Ban Thường vụ Tỉnh ủy”."
        yield Finding("parent_organ", f"Tỉnh ủy {place}", 0.8, reason=reason, **facts)  # type: ignore[arg-type]
    if organ and re.match(r"(?:Tỉnh|Thành) ủy ", organ) and acts_for_board and province_of_organ(organ):
        reason = "Ký thay mặt Ban Thường vụ."
        yield Finding("issuing_body", f"Ban Thường vụ {organ}", 0.8, reason=reason, **facts)  # type: ignore[arg-type]
