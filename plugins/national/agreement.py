"""What one part of a paper says for another: a second witness that a misread letter would not have misled as well.

Symbol, place, archive line and signature are set apart from the heading, so they are not misread together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archive import ORGANS, Finding, fold, is_central, is_known_symbol, name_of, organ_name, province_of_organ

from .heading import Heading
from .paper import LIKELY, Paper, organ_shorts
from .signature import deputies_of

_ALONE = ("uy ban nhan dan tinh", "uy ban nhan dan thanh pho", "hoi dong nhan dan tinh", "tinh uy", "thanh uy", "bo ")
_MAY_SIGN = {
    "tl chu tich": ("CHÁNH VĂN PHÒNG", "PHÓ CHÁNH VĂN PHÒNG", "GIÁM ĐỐC"),
    "tl bo truong": ("CHÁNH VĂN PHÒNG", "VỤ TRƯỞNG", "CỤC TRƯỞNG", "CHÁNH THANH TRA"),
    "tl giam doc": ("CHÁNH VĂN PHÒNG", "TRƯỞNG PHÒNG", "CHÁNH THANH TRA"),
    "tl thu truong": ("CHÁNH VĂN PHÒNG", "TRƯỞNG PHÒNG"),
}
_HEADS = {
    "uy ban nhan dan": ("CHỦ TỊCH",), "hoi dong nhan dan": ("CHỦ TỊCH",), "ban thuong vu": ("BÍ THƯ", "PHÓ BÍ THƯ",
    "PHÓ BÍ THƯ THƯỜNG TRỰC"), "ban chap hanh": ("BÍ THƯ", "PHÓ BÍ THƯ"), "chinh phu": ("THỦ TƯỚNG",),
}  # fmt: skip
"""Who signs for a collective organ (TM., T/M)."""


def seconds(paper: Paper, findings: Sequence[Finding]) -> Iterator[Finding]:
    """Findings that repeat a value because another part of the paper agrees with it; on ink only."""
    if not paper.is_ink:
        return
    value = {one.field: one.value for one in sorted(findings, key=lambda one: one.confidence) if not one.suggestion}
    organ, place = value.get("issuing_organ"), value.get("place")
    doubted = any(one.field == "issuing_organ" and one.value == organ and one.reason for one in findings)
    if isinstance(organ, str) and not doubted:
        yield from _organ(paper, organ, place if isinstance(place, str) else None)
    yield from _symbol_of_letter(paper)
    yield from _unit(paper, value.get("drafting_unit"))
    if value.get("document_type") not in (None, "Thông báo"):
        yield Finding("document_subtype", None, LIKELY, witness="title")
    if not any(one.field == "signer_title" and one.reason for one in findings):  # the authority has mended it already
        yield from _signature(value.get("signer_authority"), value.get("signer_title"))


def _organ(paper: Paper, organ: str, place: str | None) -> Iterator[Finding]:
    """The symbol abbreviates the organ, and its province is that of the place line."""
    line, province = paper.heading.number_line, province_of_organ(organ)
    here = _same_place(province, place) if province else organ_name(organ)[1] == 1
    # `UBND` abbreviates every people's committee: it says nothing of a district whose name may be misread.
    if line and line.code.organ in organ_shorts(paper.heading) and here:
        yield Finding("issuing_organ", organ, LIKELY, witness="symbol")
    parents = [one for one in paper.heading.organs if fold(one.text) not in fold(organ)]
    if not parents and (fold(organ).startswith(_ALONE) or is_central(organ) or organ in ORGANS.values()):
        yield Finding("parent_organ", None, LIKELY, witness="organ")
    if parents and place:
        superior, certainty = organ_name(" ".join(row.text for row in parents))
        name = province_of_organ(superior)
        if name and certainty == 1 and _same_place(name, place):
            yield Finding("parent_organ", superior, LIKELY, witness="place")


def _same_place(province: str, place: str | None) -> bool:
    return place is not None and name_of(place) == province


def _symbol_of_letter(paper: Paper) -> Iterator[Finding]:
    """`UBND-VX` of a letter: the organ's short name, and a desk of the lexicon."""
    line = paper.heading.number_line
    if not line or line.misread or not line.code.unit or not _is_letter(paper.heading):
        return
    if line.code.organ in organ_shorts(paper.heading) and is_known_symbol(line.code.symbol):
        yield Finding("symbol", line.code.symbol, LIKELY, witness="heading")


def _is_letter(heading: Heading) -> bool:
    return not heading.title and bool(heading.subject or heading.addressees)


def _unit(paper: Paper, unit: object) -> Iterator[Finding]:
    """The drafting unit keeps a copy, too: `Lưu: VT, VX`."""
    if isinstance(unit, str) and unit in paper.ending.archive_copy:
        yield Finding("drafting_unit", unit, LIKELY, witness="archive_line")
    code = paper.heading.number_line.code if paper.heading.number_line else None
    if code and code.abbreviation and code.type_name == paper.heading.title_type:
        yield Finding("drafting_unit", None, LIKELY, witness="title")


def _signature(authority: object, title: object) -> Iterator[Finding]:
    """Authority and title fit: KT. of a head is signed by a deputy, TM. of an organ by its head."""
    if not isinstance(authority, str) or not isinstance(title, str):
        return
    words = " ".join(fold(authority).replace("/", "").replace(".", " ").split())
    sign, _, whom = words.partition(" ")
    may = {"kt": deputies_of(whom.rpartition("kt ")[2]), "tm": _HEADS.get(whom, ())}.get(sign, _MAY_SIGN.get(words, ()))
    if fold(title) in map(fold, may):
        yield Finding("signer_authority", authority, LIKELY, witness="title")
        yield Finding("signer_title", title, LIKELY, witness="authority")
