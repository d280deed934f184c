"""One scan, several documents: where to cut, and why. Honest: a cut is proposed on strong evidence only."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from archive.codes import find_codes
from archive.findings import Citation, Finding, Record, Stamp
from archive.organs import organ_name
from archive.reading import Page, Span
from archive.vietnamese import fold, is_capitals, plain_letters, same_name, short_date, words_of

Vote = tuple[float, str, str]
"""Weight -1..1, reason in Vietnamese, who says so."""

ENOUGH = 0.75


@dataclass(frozen=True, slots=True)
class Part:
    """One logical document of a scan."""

    pages: tuple[Page, ...]
    reasons: tuple[str, ...] = ()
    """Why it begins where it does, in Vietnamese; empty for the first one."""
    flags: tuple[str, ...] = ()
    """`part_of_bundle` for each but the first."""


def cut(pages: Sequence[Page], stamps: Sequence[Stamp] = (), votes: Sequence[Sequence[Vote]] = ()) -> tuple[Part, ...]:
    """The documents of a scan, in order. `votes[n]` are what plugins say of `pages[n]` (missing: nothing)."""
    parts: list[Part] = []
    for index, page in enumerate(pages):
        reasons = _begins(pages, index, stamps, votes[index] if index < len(votes) else ())
        if not parts:
            parts.append(Part((page,)))
        elif reasons:
            parts.append(Part((page,), reasons, ("part_of_bundle",)))
        else:
            parts[-1] = replace(parts[-1], pages=(*parts[-1].pages, page))
    return tuple(parts)


def _begins(pages: Sequence[Page], index: int, stamps: Sequence[Stamp], votes: Sequence[Vote]) -> tuple[str, ...]:
    """Why a document begins on this page; empty when the evidence is not strong enough."""
    if not index:
        return ()
    evidence = [(weight, reason) for weight, reason, _ in votes] + _own_evidence(pages, index, stamps)
    if sum(weight for weight, _ in evidence) < ENOUGH:
        return ()
    return tuple(dict.fromkeys(reason for weight, reason in evidence if weight > 0))


def _own_evidence(pages: Sequence[Page], index: int, stamps: Sequence[Stamp]) -> list[tuple[float, str]]:
    page, before = pages[index], pages[index - 1]
    evidence = []
    if _has_stamp(page, stamps):
        evidence.append((0.45, "có dấu ĐẾN trên trang này"))
    if has_ended(before.plain):
        evidence.append((0.25, "trang trước kết thúc bằng nơi nhận, chữ ký"))
    if (_sheet(before) or 0) >= 2 and _sheet(page) in (None, 1):
        evidence.append((0.15, "số trang không nối tiếp trang trước"))
    if _other_size(before, page):
        evidence.append((0.1, "khổ giấy khác trang trước"))
    return evidence


def _has_stamp(page: Page, stamps: Sequence[Stamp]) -> bool:
    if page.source == "text":  # the pieces of one recognised text share a page number
        return stamp_in_text(page.plain[:600]) is not None
    return any(stamp.page == page.number and stamp.confidence >= 0.5 for stamp in stamps)


def _sheet(page: Page) -> int | None:
    """The page number printed at the top; page 1 has none (NĐ 30/2020, Appendix I)."""
    found = re.match(r"[\s\-–.]*(\d{1,3})[\s\-–.]*(?:\n|$)", page.plain)
    return int(found[1]) if found else None


def _other_size(one: Page, other: Page) -> bool:
    if not (one.width and other.width):
        return False
    return abs(one.width / one.height - other.width / other.height) > 0.05


_LAST_LINES = re.compile(r"(?:^|\n)[\s*\-+.]*l[uư]u\b[^\n]{0,60}(?:\n[^\n]*){0,8}\s*$", re.IGNORECASE)


def has_ended(text: str) -> bool:
    """True when `text` ends as a paper does: the archive line (`Lưu: VT`) and, after it, at most a signature."""
    return bool(_LAST_LINES.search(text))


# ------------------------------------------------------------------------------------------------ recognised text

_MOTTO = re.compile(r"cong hoa xa hoi chu nghia viet nam|dang cong san viet nam")
_TITLE = re.compile(
    r"(?:nghi quyet|quyet dinh|chi thi|thong bao|ket luan|ke hoach|bao cao|to trinh|cong dien|huong dan|giay moi"
    r"|thong tri|quy dinh|quy che)"
)


def split_text(text: Page | str) -> tuple[Page, ...]:
    """A recognised text cut into pseudo pages where another document clearly begins; all keep the page number.

    A boundary needs an end before it (the archive line) and a beginning after it: an arrival stamp with a title,
    or a heading with a motto and a number or a date. Forms in an annex have the latter without the former.
    """
    page = Page.of_text(1, text) if isinstance(text, str) else text
    cuts = [0, *_boundaries(page.plain), len(page.plain)]
    if len(cuts) == 2:
        return (page,)
    return tuple(Page.of_text(page.number, page.plain[start:end]) for start, end in itertools.pairwise(cuts))


def _boundaries(plain: str) -> list[int]:
    lines = _lines(plain)
    cuts: list[int] = []
    for ended in (n for n, (_, line) in enumerate(lines) if re.match(r"[\W_]*luu\b", line)):
        for index in range(ended + 1, min(ended + 10, len(lines))):
            begin = lines[index][0]
            if _heads_document(lines[index : index + 14]) and has_ended(plain[max(0, begin - 700) : begin]):
                cuts.append(begin)
                break
    return sorted(set(cuts))


def _lines(plain: str) -> list[tuple[int, str]]:
    """(offset, folded line without decoration) of each line that says something."""
    found = [
        (line.start(), fold(plain_letters(line.group())).strip(" *#_-")) for line in re.finditer(r"[^\n\f]+", plain)
    ]
    return [(start, line) for start, line in found if re.search(r"\w", line)]


def _heads_document(lines: Sequence[tuple[int, str]]) -> bool:
    texts = [line for _, line in lines]
    if not texts or len(texts[0]) > 80 or texts[0].startswith(("luu", "noi nhan", "phu luc", "mau so", "bieu", "(kem")):
        return False
    stamp = (
        len(texts) > 2 and re.fullmatch(r"(?:cv |cong van |van ban )?den\W*", texts[1]) and re.match(r"so\W", texts[2])
    )
    titled = any(_TITLE.fullmatch(line) for line in texts)
    if stamp and (titled or any(_MOTTO.search(line) for line in texts)):
        return True
    return _MOTTO.search(" ".join(texts[:4])) is not None and any(
        re.match(r"(?:luat )?so\s?[:.]?\s?\d", line) for line in texts
    )


# ------------------------------------------------------------------------------------------------ a stamp in a text

_DEN = re.compile(r"(?:cv|cong van|van ban)?\s*den\W*(?=so\b|\W*$)")
_STAMP_LINE = {
    "number": re.compile(r"so\s*(?:den)?[\s:.…_]*(?P<value>.*)$"),
    "date": re.compile(r"ngay\s*(?:den)?[\s:.…_]*(?P<value>.*)$"),
    "time": re.compile(r"gio[\s:.…_]*(?P<value>.*)$"),
    "forward_to": re.compile(r"(?:kinh )?chuyen[\s:.…_]*(?P<value>.*)$"),
    "file_ref": re.compile(
        r"(?:luu (?:ho so|hs)(?: so)?|so va ky hieu (?:hs|ho so)|(?:so )?(?:ho so|hs)(?: so)?)[\s:.…_]*(?P<value>.*)$"
    ),
}


def stamp_in_text(text: str, page: int = 1) -> Stamp | None:
    """An arrival stamp that stands in recognised text as lines: organ, ĐẾN, Số, Ngày, Chuyển, Lưu hồ sơ số."""
    plain = plain_letters(text)
    lines = [(line.start(), line.group().strip()) for line in re.finditer(r"[^\n]+", plain) if line.group().strip()]
    for index, (start, line) in enumerate(lines):
        if not _DEN.match(fold(line).strip(" *")) or not is_capitals(re.split(r"\s+[Ss]ố", line)[0]):
            continue
        rest = [(start, re.sub(r"^\W*(?:\w+ )?ĐẾN\W*", "", line)), *lines[index + 1 : index + 7]]
        fields = _stamp_fields(rest)
        if {"number", "date"} <= {field.field for field in fields}:
            return Stamp(page, None, (*_stamp_organ(lines, index), *fields))
    return None


def _stamp_fields(lines: Sequence[tuple[int, str]]) -> list[Finding]:
    fields: dict[str, Finding] = {}
    for start, line in lines:
        folded = fold(line)
        for name, pattern in _STAMP_LINE.items():
            found = pattern.match(folded)
            if found and name not in fields:
                written = line[found.start("value") : found.end("value")].strip(" .…_*:")
                fields[name] = _stamp_field(name, written, Span(start, start + len(line)))
                break
    return list(fields.values())


def _stamp_field(name: str, written: str, span: Span) -> Finding:
    value: str | None = written or None
    if name == "date":
        value = short_date(written)
    if name == "number":
        value = written if re.fullmatch(r"\d{1,6}[a-z]?", written) else None
    partial = written if written and value is None else None
    return Finding(name, value, 0.99, span, partial=partial, witness="text")


def _stamp_organ(lines: Sequence[tuple[int, str]], index: int) -> list[Finding]:
    if not index or not is_capitals(lines[index - 1][1]):
        return []
    start, printed = lines[index - 1]
    printed = printed.strip(" *")
    name, known = organ_name(printed)
    return [Finding("organ", name, 0.99 if known == 1 else 0.8, Span(start, start + len(printed)), witness="text")]


# ------------------------------------------------------------------------------------------------ siblings


def suggest_from_siblings(records: Sequence[Record]) -> tuple[tuple[Finding, ...], ...]:
    """For each part of a bundle what its siblings' attachments say of it: number, symbol, code, date.

    A paper says `(Đính kèm Thông báo kết luận số 172-TB/TW, ngày 21/3/2020 của Bộ Chính trị)` and a sibling without
    a number is such a paper of that organ: offered to the clerk, never written.
    """
    return tuple(
        tuple(
            finding
            for other in records
            if other is not record
            for citation in other.citations
            if _may_be(record, citation)
            for finding in _suggestions(citation)
        )
        for record in records
    )


def _may_be(record: Record, citation: Citation) -> bool:
    value = {name: settled.value for name, settled in record.fields.items()}
    if citation.relation != "attached" or not citation.code or value.get("full_code"):
        return False
    types = {words_of(str(value.get(name) or "")) for name in ("document_type", "document_subtype")}
    return words_of(citation.type or "") in types and same_name(
        citation.issuer or "", str(value.get("issuing_organ") or "?")
    )


def _suggestions(citation: Citation) -> list[Finding]:
    code = next(find_codes(citation.code or ""), None)
    if not code:
        return []
    reason = f"Văn bản cùng bộ ghi kèm theo {citation.type} số {citation.code}"
    values = {"number": code.number, "symbol": code.symbol, "full_code": code.full, "date": citation.date}
    return [
        Finding(name, value, 0.7, reason=reason, witness="sibling", suggestion=True, source="bundle")
        for name, value in values.items()
        if value
    ]
