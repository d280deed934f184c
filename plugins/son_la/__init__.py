"""Sơn La: unchanged by the merger of 2025."""

from __future__ import annotations

from collections.abc import Iterator

from archive import Finding, Office, Province, Record, Route, Rule, Stamp, Text, hookimpl

VERSION = "1.0"

OFFICE = Office(
    slug="son_la",
    name="Sơn La",
    organs=("Tỉnh ủy Sơn La", "Ủy ban nhân dân tỉnh Sơn La", "UBND tỉnh Sơn La"),
    places=("Mộc Châu", "Mai Sơn", "Sông Mã", "Thuận Châu"),
    desks={"KGVX": "Phòng Khoa giáo - Văn xã", "TH": "Phòng Tổng hợp", "KT": "Phòng Kinh tế"},
    rules=(
        Rule(r"dich benh|phong,? chong dich|y te", "Phòng Khoa giáo - Văn xã", "Lĩnh vực y tế.", days=5),
        Rule(r"cach ly|cap bach", "Văn phòng Tỉnh ủy", "Việc cấp bách, theo dõi chung.", "support", days=1),
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
