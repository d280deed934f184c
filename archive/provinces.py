"""Provinces as dated data: 63 until 2025-06-30, 34 from 2025-07-01 (NQ 202/2025/QH15).

Codes of the statistics office are reused with another meaning (24 was Bắc Giang and is Bắc Ninh): a code means
nothing without its day. Old papers keep the old names for ever.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from importlib import resources

from archive.vietnamese import fold

MERGER_DAY = "2025-07-01"


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


@dataclass(frozen=True, slots=True)
class Change:
    """One of the 63 provinces of before the merger, and the province it became."""

    name: str
    kind: str
    """tỉnh | thành phố"""
    code: str
    """Code of the General Statistics Office until 2025-06-30."""
    now: str
    now_kind: str
    now_code: str
    """Code from 2025-07-01: may be another province's old one."""


@functools.cache
def changes() -> tuple[Change, ...]:
    """The 63 rows, in the order of the old codes."""
    data = resources.files("archive").joinpath("data/provinces.json").read_text(encoding="utf-8")
    return tuple(Change(**row) for row in json.loads(data))


@functools.cache
def _by_name() -> dict[str, Change]:
    rows = {_key(row.name): row for row in changes()}
    return rows | {_key("Thừa Thiên - Huế"): rows.get(_key("Thừa Thiên Huế"), rows.get("hue", changes()[0]))}


def _key(name: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", fold(name)))


@functools.cache
def _names() -> re.Pattern[str]:
    names = sorted((*_by_name(), "hue"), key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(name.replace(" ", r"[\s\-–]+") for name in names) + r")(?!\w)")


def province_in(text: str) -> str | None:
    """The province whose whole name stands in `text`, marks forgiven (`Son La`): the last one when several do."""
    found = _names().findall(fold(text))
    return name_of(found[-1]) if found else None


def name_of(text: str) -> str | None:
    """`Sơn La` for `Son La`, `tỉnh SƠN LA`, `TP. Hồ Chí Minh`; None when `text` is no province's name."""
    key = re.sub(r"^(?:tinh|thanh pho|tp) ", "", _key(text))
    if key == "hue":
        return "Huế"
    row = _by_name().get(key) or _by_compact_name().get(key.replace(" ", ""))
    return row.name if row else None


@functools.cache
def _by_compact_name() -> dict[str, Change]:
    """OCR runs words together: HƯNGYÊN."""
    return {key.replace(" ", ""): row for key, row in _by_name().items()}


def current_of(name: str) -> str | None:
    """The province `name` is part of since the merger; None when it is no province's name."""
    if name == "Huế":
        return "Huế"
    row = _by_name().get(_key(name))
    return row.now if row else None


def kind_of(name: str, day: str | None = None) -> str | None:
    """tỉnh or thành phố, as it was on the ISO date `day`."""
    row = _by_name().get(_key(name))
    if not row:
        return None
    return row.now_kind if day and day >= MERGER_DAY and row.now == row.name else row.kind
