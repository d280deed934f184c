"""A web page about a paper: no scan. The paper's fields are read from the sentence that tells of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archive import PARTY_TYPES, Code, Finding, Span, Text, find_codes, find_dates, fold, iso_date, plain_letters

from .rows import Row

_PUBLISHED = re.compile(r"\d{1,2}/\d{1,2}/\d{4},?\s+\d{1,2}:\d{2}|so luot xem|luot xem|dang boi|nguoi dang")
_TELLS = re.compile(
    r"(?:^"
    r"|\n)\s*(?:ngay (?P<day>[\d/.\-]+(?: thang \d+ nam \d+)?),? )(?P<organ>[^.,;:\n]{4,80}?) "
    r"(?:da )?ban hanh (?P<type>[^\d.;:\n]{3,40}?) so "
)
_ABOUT = re.compile(r"\s*(?:,? ngay [\d/.\-]+)?\s*(?:ve viec|ve)\s+(?P<subject>[^.;\n]+)")


def is_article(rows: Sequence[Row]) -> bool:
    """True when the first rows carry a time of publication or a counter of views."""
    return any(_PUBLISHED.search(row.folded) for row in rows[:6] if len(row.text) < 90)


def findings(text: Text) -> Iterator[Finding]:
    """Fields of the paper the article tells of, none of them certain, and what a clerk must look at."""
    plain = plain_letters(text.plain)
    folded = fold(plain)
    told = _TELLS.search(folded)
    code = next((one for one in find_codes(plain) if told and told.end() <= one.start <= told.end() + 1), None)
    if not told or not code:
        yield Finding("flag", "needs_review", 1.0)
        return
    yield from _told(plain, folded, told, code)
    for flag in ("fields_from_body_sentence", "needs_review"):
        yield Finding("flag", flag, 1.0)


def _told(plain: str, folded: str, told: re.Match[str], code: Code) -> Iterator[Finding]:
    kind = " ".join(plain[told.start("type") : told.end("type")].split()).capitalize()
    about = _ABOUT.match(folded, code.end)
    subject = " ".join(plain[about.start("subject") : about.end("subject")].split()) if about else None
    values = {
        "issuing_organ": " ".join(plain[told.start("organ") : told.end("organ")].split()),
        "document_type": kind,
        "number": code.number,
        "symbol": code.symbol,
        "full_code": code.full,
        "date": _day(told["day"]),
        "subject": subject,
    }
    span = Span(told.start("day"), about.end() if about else code.end)
    for field, value in values.items():
        yield Finding(field, value, 0.8, span, reason="Đọc từ câu trong bài viết.", witness="body")
    if code.type_name and fold(code.type_name) != fold(kind):
        yield Finding("flag", "type_symbol_conflict", 1.0)
        yield from _probable(code, kind)


def _probable(code: Code, kind: str) -> Iterator[Finding]:
    """The symbol the named type would have: a suggestion, the printed one stays."""
    abbreviation = next((key for key, name in PARTY_TYPES.items() if fold(name) == fold(kind)), None)
    if abbreviation and code.abbreviation and code.system == "party":
        value = code.symbol.replace(code.abbreviation, abbreviation, 1)
        reason = f"Bài viết gọi là {kind.lower()} nhưng ký hiệu in {code.abbreviation}."
        yield Finding("symbol_probable", value, 0.6, reason=reason, witness="inferred", suggestion=True)


def _day(written: str) -> str | None:
    parts = re.findall(r"\d+", written)
    if len(parts) == 3:
        return iso_date(int(parts[0]), int(parts[1]), int(parts[2]))
    return next((day.iso for day in find_dates(written)), None)
