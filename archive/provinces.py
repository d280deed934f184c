"""Provinces as dated data: 63 until 2025-06-30, 34 from 2025-07-01 (NQ 202/2025/QH15)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Province:
    """What a province plugin says of its province."""

    slug: str
    """`cao_bang`"""
    name: str
    """`Cao Bằng`, without "tỉnh" or "thành phố"."""
    current: str = ""
    """The province it is part of since 2025-07-01; empty when its name did not change."""
    organs: tuple[str, ...] = ()
    """Full names of organs whose papers are this province's."""
    words: tuple[str, ...] = ()
    """Words in a header that point to it."""
