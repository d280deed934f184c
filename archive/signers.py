"""A digital signature against the paper it stands on: who signed and when, against who issues it and its date.

NĐ 30/2020/NĐ-CP, art. 12: the organ's signature is made when the paper is issued, on its day or soon after.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from archive import signed
from archive.findings import Finding, weigh
from archive.vietnamese import words_of

SOURCE = "signature"
LATE = dt.timedelta(days=92)
"""After the paper's date: whoever signs a scan of an old paper makes a copy, which the clerk should know."""
HELD = (signed.TRUSTED, signed.UNKNOWN, signed.WEAK, signed.CHANGED)
_SHORT = {"ubnd": "uy ban nhan dan", "hdnd": "hoi dong nhan dan", "vp": "van phong"}
_COMMON = frozenset({
    "tinh", "thanh", "pho", "huyen", "quan", "xa", "phuong", "thi", "tran", "cua", "va", "viet", "nam", "ban", "uy",
    "so", "nhan", "dan", "hoi", "dong",
})  # fmt: skip
"""Words of a name that do not tell one organ from another."""


def conflicts(findings: Iterable[Finding], signatures: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Flags for what does not fit together; a flag puts its field in doubt (archive/findings.py)."""
    read = [one for one in findings if not one.suggestion]
    if any(one.get("verdict") == signed.BROKEN for one in signatures):
        yield _flag("signature_broken")
    elif signatures and signatures[-1].get("verdict") == signed.CHANGED:
        yield _flag("signature_changed")
    held = [one for one in signatures if one.get("verdict") in HELD]
    date, organ = (weigh(one for one in read if one.field == name).value for name in ("date", "issuing_organ"))
    days = [str(one["at"])[:10] for one in held if one.get("at")]
    if isinstance(date, str) and days:
        yield from _of_days(date, min(days))
    if isinstance(organ, str) and not _is_of(organ, held):
        yield _flag("signed_by_other_organ")


def _of_days(date: str, first: str) -> Iterator[Finding]:
    if date > first:
        yield _flag("signed_before_date")
    elif dt.date.fromisoformat(first) - dt.date.fromisoformat(date) > LATE:
        yield _flag("signed_long_after_date")


def _is_of(organ: str, signatures: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one certificate is of this organ, or none names any."""
    named = [str(name) for one in signatures for name in (*one.get("organs", ()), one.get("signer") or "")]
    if not any(one.get("organs") for one in signatures):
        return True
    return any(_alike(organ, name) for name in named)


def _alike(one: str, other: str) -> bool:
    """Certificates shorten: `UBND tỉnh Cao Bằng`, `Tỉnh Cao Bằng`, `Văn phòng UBND tỉnh Cao Bằng`."""
    ours, theirs = _words(one), _words(other)
    if not ours:  # `Ủy ban nhân dân`: of which place nobody has read
        return True
    return bool(ours & theirs) and (ours <= theirs or theirs <= ours or len(ours & theirs) * 2 >= len(ours))


def _words(name: str) -> set[str]:
    words = [_SHORT.get(word, word) for word in words_of(name).split()]
    return set(" ".join(words).split()) - _COMMON


def _flag(name: str) -> Finding:
    return Finding("flag", name, 1.0, witness="signature", source=SOURCE)
