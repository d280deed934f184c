"""Papers of the State: NĐ 30/2020/NĐ-CP (`Số: 471/UBND-VX`, slash after the number; TM., KT., TL.)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archive import (
    ORGANS,
    Finding,
    distance,
    fold,
    name_of,
    needs_superior,
    organ_name,
    organ_of,
    organs_of,
    province_of_organ,
    with_superior,
)

from .dateline import read_date_line
from .heading import organ_of_subtitle
from .paper import CERTAIN, LIKELY, Paper
from .rows import Row, found
from .signature import title_text


def findings(paper: Paper) -> Iterator[Finding]:
    """Type, organs and the signer's authority as the State writes them."""
    yield from types(paper)
    yield from organs(paper)


def types(paper: Paper) -> Iterator[Finding]:
    """The printed title decides; a symbol without a type over V/v is a công văn's (NĐ 30/2020, Appendix III)."""
    heading, code = paper.heading, paper.heading.number_line.code if paper.heading.number_line else None
    if heading.title:
        yield found("document_type", heading.title_type, paper.sureness(heading.title), heading.title)
    if heading.number and heading.number_line and heading.number_line.type_word:
        word = heading.number_line.type_word.capitalize()
        yield found("document_type", word, LIKELY, heading.number, witness="number_line")
    letter = not heading.title and bool(heading.subject or heading.addressees)
    by_symbol = code.type_name if code and (code.abbreviation or letter) else None
    # TT stands for thông tư, and for thường trực in a letter of a people's council.
    if by_symbol and heading.number and ((code and code.abbreviation) or not heading.title):
        confidence = min(0.95, paper.sureness(heading.number.part(paper_symbol_at(paper), 999)))
        yield found("document_type", by_symbol, confidence, heading.number, witness="symbol")
    if letter and heading.subject and not by_symbol:
        yield found("document_type", "Công văn", 0.8, heading.subject)
    if letter and heading.subject and by_symbol == "Công văn":
        yield found("document_type", "Công văn", 0.95, heading.subject)
    conclusion = heading.title_type == "Thông báo" and _is_conclusion(paper)
    yield found("document_subtype", "Thông báo kết luận" if conclusion else None, 0.95 if paper.is_ink else CERTAIN, [])


def paper_symbol_at(paper: Paper) -> int:
    """Where the symbol begins in the number row."""
    return paper.heading.number_line.symbol_at if paper.heading.number_line else 0


def _is_conclusion(paper: Paper) -> bool:
    under = [*paper.heading.subtitle, *paper.heading.subject][:1]
    return bool(under) and bool(re.match(r"(?:y kien )?ket luan\b", under[0].folded))


def organs(paper: Paper) -> Iterator[Finding]:
    """The last organ of the heading issues, the one above it is its superior (ô số 2)."""
    heading = paper.heading
    rows = heading.organs
    groups = organs_of([row.text for row in rows])
    names = [_of_place(paper, *organ_name(" ".join(rows[n].text for n in group))) for group in groups]
    if _is_joint(paper) and len(names) > 1:
        known = min(share for _, share in names)
        yield found("issuing_organ", " - ".join(name for name, _ in names), _confidence(paper, known), rows)
        yield Finding("parent_organ", None, LIKELY)
        return
    if names:
        of = [[rows[n] for n in group] for group in groups]
        if paper.is_ink and _is_place(names[-1][0]):
            yield from _headless(paper, names[-1][0], of[-1])
        elif needs_superior(names[-1][0]):
            yield from _whose(names[-1][0], of)
        else:
            yield found("issuing_organ", names[-1][0], _confidence(paper, names[-1][1]), of[-1])
        if len(names) > 1:
            yield found("parent_organ", names[-2][0], _confidence(paper, names[-2][1]), of[-2])
    else:
        yield from _without_heading(paper)
    if len(names) < 2:
        yield Finding(
            "parent_organ",
            None,
            0.7 if paper.is_ink else CERTAIN if names else LIKELY,
            witness=rows[0].source if rows else "ocr",
        )
    yield from by_symbol(paper)


def _of_place(paper: Paper, name: str, known: float) -> tuple[str, float]:
    """`… tỉnh Vũnh Phục` on ink over `Vĩnh Phúc, ngày …`: two letters misread; in doubt all the same."""
    line = read_date_line(paper.heading.date.text) if paper.heading.date and paper.is_ink else None
    province = name_of(line.place) if line else None
    head, _, tail = name.rpartition(" tỉnh ")
    if known == 1 or not head or not province or province_of_organ(name):
        return name, known
    return (f"{head} tỉnh {province}", 0.9) if distance(fold(tail), fold(province), 2) <= 2 else (name, known)


def _is_place(name: str) -> bool:
    """`Tỉnh Quảng Ngãi`: the end of an organ's name, the line above it was not read."""
    return bool(re.match(r"(?:tinh|thanh pho|huyen|quan|thi xa|xa|phuong|thi tran) (?!uy\b)", fold(name)))


def _headless(paper: Paper, place: str, rows: list[Row]) -> Iterator[Finding]:
    """The organ by its symbol, with the place that was read: in doubt."""
    line = paper.heading.number_line
    head = {"UBND": "Ủy ban nhân dân", "HĐND": "Hội đồng nhân dân"}.get(line.code.organ if line else "")
    reason = "Không đọc được dòng trên của tên cơ quan; ghép theo ký hiệu."
    if head:
        yield found("issuing_organ", f"{head} {place[:1].lower()}{place[1:]}", 0.85, rows, reason=reason)
    yield found("issuing_organ", place, 0.3, rows, witness="heading", reason=reason)


def _whose(name: str, of: list[list[Row]]) -> Iterator[Finding]:
    """`VĂN PHÒNG` under `HĐND TỈNH HƯNG YÊN`: nobody finds a register's "Văn phòng", so with its superior, in doubt."""
    reason = "Tên cơ quan chung chung: ghép với cơ quan chủ quản, cần xác nhận."
    if len(of) > 1:
        superior = " ".join(row.text for row in of[-2])
        whole = with_superior(name, superior)
        yield found("issuing_organ", whole, 0.85, [*of[-2], *of[-1]], reason=reason)
    yield found("issuing_organ", name, 0.5, of[-1], reason=reason, witness="heading")


def _is_joint(paper: Paper) -> bool:
    """A paper of several organs (`TTLT-BYT-BTC`, `NQLT-…`): none is the other's superior."""
    line = paper.heading.number_line
    parts = line.code.symbol.split("-") if line else []
    shared = len(parts) > 2 and parts[0] in ("TTLT", "NQLT", "QCPH", "CTPH")
    return shared or sum(part in ORGANS for part in parts) > 1


def _confidence(paper: Paper, known: float) -> float:
    """Whole names of the lexicon are hardly misread; of others a letter may be wrong."""
    if not paper.is_ink:
        return CERTAIN
    return 0.99 if known == 1 else 0.6 + 0.2 * known


def _without_heading(paper: Paper) -> Iterator[Finding]:
    named = organ_of_subtitle(paper.heading)
    signed = re.match(r"t\W{0,2}m\W+(.+)", paper.ending.authority[0].folded) if paper.ending.authority else None
    if signed and not named and (organ := organ_name(signed[1])[0]) in ORGANS.values():
        yield found("issuing_organ", organ, 0.8, paper.ending.authority[0], witness="signature")
    if named:
        name, known = organ_name(named)
        yield found("issuing_organ", name, _confidence(paper, known), paper.heading.subtitle)


def by_symbol(paper: Paper) -> Iterator[Finding]:
    """The organ an abbreviation stands for in the whole country: CP, TTg, BYT."""
    line, row = paper.heading.number_line, paper.heading.number
    organ = organ_of(line.code.organ) if line else None
    if organ and row and "Tỉnh ủy" not in organ:
        yield found("issuing_organ", organ, 0.85, row, witness="symbol")


def authority(paper: Paper) -> str | None:
    """`TM. ỦY BAN NHÂN DÂN`, with the dot the State writes."""
    whole = title_text(paper.ending.authority) or ""
    return re.sub(r"\s+", " ", re.sub(r"\b(TM|KT|TL|TUQ|Q)\s*[./]?\s+(?=\w)", r"\1. ", whole)).strip(" .,") or None
