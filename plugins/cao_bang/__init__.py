"""Cao Bằng: unchanged by the merger of 2025."""

from __future__ import annotations

from collections.abc import Iterator

from archive import Finding, Office, Province, Record, Route, Rule, Stamp, Text, hookimpl

VERSION = "1.0"

OFFICE = Office(
    slug="cao_bang",
    name="Cao Bằng",
    organs=("Tỉnh ủy Cao Bằng", "Ủy ban nhân dân tỉnh Cao Bằng", "UBND tỉnh Cao Bằng"),
    places=("Trùng Khánh", "Hà Quảng", "Hòa An", "Quảng Hòa"),
    desks={"VX": "Phòng Văn xã", "TH": "Phòng Tổng hợp", "NC": "Phòng Nội chính"},
    rules=(
        Rule(r"dich benh|phong,? chong dich", "Ban Tuyên giáo", "Tuyên truyền phòng, chống dịch.", days=5),
        Rule(r"kiem tra|giam sat|ky luat", "Ủy ban Kiểm tra", "Công tác kiểm tra, giám sát.", days=7),
        Rule(r"dai hoi|nhan su|can bo", "Ban Tổ chức", "Công tác tổ chức, cán bộ.", days=7),
    ),
)


@hookimpl
def province() -> Province:
    """The province this plugin speaks for."""
    return OFFICE.province


@hookimpl
def extract(text: Text, stamp: Stamp | None) -> Iterator[Finding]:
    """Desks, places and signers of the province."""
    return OFFICE.extract(text, stamp)


@hookimpl
def route(record: Record) -> Iterator[Route]:
    """Where its own office sends a paper."""
    return OFFICE.route(record)
