"""Witnesses from outside the text of a paper: who signed the file and when, the marks stamped on its pages.

A witness strengthens a reading it agrees with; a signature never brings in a day of its own, because a paper is often
signed a day or more after it is dated (measured on real files: 4 of 13 on the day itself).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from archive.findings import Finding, Mark
from archive.scans import Signature
from archive.vietnamese import fold, same_name

SAME_DAY = 0.8
"""That the issuer signed on the very day the pen seems to say, were the pen misread: at most one in five."""
MARKED = {"urgency": ("Hỏa tốc hẹn giờ", "Hỏa tốc", "Thượng khẩn", "Khẩn"), "secrecy": ("Tuyệt mật", "Tối mật", "Mật")}
"""What a mark may say, the longest first (NĐ 30/2020/NĐ-CP, Appendix I)."""


def of_signatures(findings: Sequence[Finding], signatures: Iterable[Signature]) -> tuple[Finding, ...]:
    """A second witness for each day of the paper on which its own issuer signed the file."""
    issuers = [str(one.value) for one in findings if one.field == "issuing_organ" and one.value]
    days = {
        one.at[:10]
        for one in signatures
        if one.at and one.signer and any(same_name(one.signer, name) for name in issuers)
    }
    seen = {one.value: one for one in findings if one.field == "date" and one.value in days and not one.suggestion}
    return tuple(
        dataclasses.replace(
            one, confidence=SAME_DAY, witness="signature", source="line",
            reason="Trùng ngày cơ quan ban hành ký số.",
        )
        for one in seen.values()
    )  # fmt: skip


def of_marks(marks: Iterable[Mark], pages: Iterable[int]) -> tuple[Finding, ...]:
    """Urgency and secrecy as stamped on the first page of a document."""
    first = min(pages, default=None)
    found = [(mark, _word(mark)) for mark in marks if mark.page == first]
    return tuple(
        Finding(mark.kind, word, mark.confidence, page=mark.page, box=mark.box, witness="mark", source="line",
                reason="Dấu trên trang.")
        for mark, word in found if word
    )  # fmt: skip


def _word(mark: Mark) -> str | None:
    said = fold(mark.text)
    return next((word for word in MARKED.get(mark.kind, ()) if fold(word) in said), None)
