"""Witnesses outside the ink: the file's name and the time of a digital signature, as findings.

Digits on paper have no redundancy: a reading becomes sure only when somebody else says the same (DOMAIN §7).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from archive.findings import Finding, Mark, Value
from archive.vietnamese import fold, words_of

# `09_TTR.signed.pdf`, `47_QĐ_UB`, `574_UB`, `660TBUB`, `2770_(08-CT-UBND)`: a number right before a type or UB.
_NAMED = re.compile(
    r"(?<![\da-z])(?P<number>\d{1,5}[a-d]?)[\s_.-]{0,2}"
    r"(?=(?:ct|bc|ttr|qd|tb|kh|nq|cv|hd|gm|cd|kl|bb|tt|nd|da|pa|ubnd|ub|hdnd|tu|vp)(?:[\s_.-]{0,2}(?:ubnd|ub|hdnd"
    r"|tu|sgn))?(?![a-z]))"
)
_BY_NAME, _BY_SIGNATURE = 0.8, 0.75


def of_file_name(name: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The number a file's name gives, beside a type; and the full codes among `findings` that have this number.

    `05.pdf` may be a place in a queue: a number without a type says nothing.
    """
    stem = fold(PurePosixPath(name).name)
    numbers = {found["number"].lstrip("0") for found in _NAMED.finditer(stem)}
    if len(numbers) != 1:
        return
    (number,) = numbers
    reason = f"Tên tệp cũng ghi số {number}."
    read = sorted((one for one in findings if not one.suggestion), key=lambda one: -one.confidence)
    for field in ("number", "full_code"):
        agreed = (one for one in read if one.field == field and _number_of(one.value) == number)
        for one in itertools.islice(agreed, 1):
            yield Finding(field, one.value, _BY_NAME, reason=reason, witness="file_name", source="file name")


def _number_of(value: Value) -> str | None:
    """The digits before the symbol, without leading zeros."""
    return re.split(r"[/-]", value)[0].lstrip("0") if isinstance(value, str) else None


_LEVELS = {
    "khan": ("urgency", "Khẩn"), "thuong khan": ("urgency", "Thượng khẩn"), "hoa toc": ("urgency", "Hỏa tốc"),
    "hoa toc hen gio": ("urgency", "Hỏa tốc hẹn giờ"), "mat": ("secrecy", "Mật"), "toi mat": ("secrecy", "Tối mật"),
    "tuyet mat": ("secrecy", "Tuyệt mật"),
}  # fmt: skip


def of_marks(marks: Iterable[Mark]) -> Iterator[Finding]:
    """urgency and secrecy from the stamped marks of a document's first page: boxed, turned, arrow-shaped."""
    for mark in marks:
        field, value = _LEVELS.get(words_of(mark.text), (mark.kind, None))
        if value and mark.kind in ("urgency", "secrecy"):
            yield Finding(field, value, mark.confidence, page=mark.page, box=mark.box, witness="mark", source="marks")


def of_signature(signed_on: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The date of the paper, when a reading of it is the ISO date it was first digitally signed on.

    Papers are signed on their day or up to some weeks later: a day nobody read is a suggestion, nothing more.
    """
    dates = [one for one in findings if one.field == "date" and not one.suggestion]
    day, facts = signed_on[:10], {"reason": f"Chữ ký số ngày {signed_on[:10]}.", "witness": "signature"}
    agreed = next((one for one in dates if one.value == day), None)
    if agreed:
        yield Finding("date", day, _BY_SIGNATURE, source="signature", **facts)  # type: ignore[arg-type]
    elif not any(one.value for one in dates) and any(day.startswith(one.partial) for one in dates if one.partial):
        yield Finding("date", day, 0.5, suggestion=True, source="signature", **facts)  # type: ignore[arg-type]


def outside(
    findings: Iterable[Finding], file_name: str, signed: Iterable[str | None], marks: Iterable[Mark]
) -> list[Finding]:
    """What file name, signatures (ISO times) and marks add to the findings about the first document of a scan."""
    read = list(findings)
    first = min((at for at in signed if at), default=None)
    by_signature = of_signature(first, read) if first else ()
    return [*of_file_name(file_name, read), *by_signature, *of_marks(marks)]
