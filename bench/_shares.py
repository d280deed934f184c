"""How many of how many: shares with their interval, and confidences against what was right."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Row = tuple[str, str, float, bool]
"""Kind, what is true, confidence of the first reading (a blank one has at most BLANK), whether it is right."""
BLANK = 0.98
"""A blank is an answer, but the archive never shows it as sure (archive/stamped.py)."""


def wilson(some: int, whole: int, z: float = 1.96) -> tuple[float, float]:
    """The share in per cent, between which and which it lies with 95 % confidence (Wilson 1927)."""
    if not whole:
        return 0.0, 100.0
    share, spread = some / whole, z * math.sqrt(some / whole * (1 - some / whole) / whole + z * z / (4 * whole * whole))
    centre, scale = share + z * z / (2 * whole), 1 + z * z / whole
    return max(0.0, 100 * (centre - spread) / scale), 100 * (centre + spread) / scale


def share(some: int, whole: int) -> str:
    """`540 of 600 = 90.0 % (87.3 to 92.2)`: with Wilson's interval of 95 %."""
    if not whole:
        return "0 of 0"
    low, high = wilson(some, whole)
    return f"{some} of {whole} = {100 * some / whole:.1f} % ({low:.1f} to {high:.1f})"


def row(kind: str, want: str, readings: Sequence[tuple[str, float]]) -> Row:
    """The first reading beside the truth."""
    text, sure = readings[0] if readings else ("", 0.0)
    return kind, want, sure if text else min(sure, BLANK), bool(readings) and text == want


def summary(name: str, rows: Sequence[Row]) -> None:
    """Right of all, by kind."""
    for kind in sorted({one[0] for one in rows}):
        of_kind = [one for one in rows if one[0] == kind]
        print(f"{name} {kind}: {share(sum(one[3] for one in of_kind), len(of_kind))} right")


def reliability(rows: Sequence[Row], sure: float) -> None:
    """Predicted against right, in ten bins; and what was shown as sure and is wrong."""
    print("confidence      n   predicted   right")
    for low in range(10):
        inside = [one for one in rows if low / 10 <= one[2] < (low + 1) / 10 + (low == 9)]
        if inside:
            predicted, right = np.mean([one[2] for one in inside]), np.mean([one[3] for one in inside])
            print(f"{low / 10:.1f}-{(low + 1) / 10:.1f}   {len(inside):7}   {predicted:9.3f}   {right:5.3f}")
    kept = [one for one in rows if one[2] >= sure]
    wrong = share(sum(not one[3] for one in kept), len(kept))
    print(f"sure (from {sure}): {len(kept)} of {len(rows)}, of them wrong {wrong}")
