"""Sóc Trăng: a province until 2025-06-30, then part of Cần Thơ."""

from __future__ import annotations

from collections.abc import Iterator

from archive import Finding, Office, Province, Record, Route, Rule, Stamp, Text, hookimpl

VERSION = "1.0"

OFFICE = Office(
    slug="soc_trang",
    name="Sóc Trăng",
    current="Cần Thơ",
    organs=("Ủy ban nhân dân tỉnh Sóc Trăng", "UBND tỉnh Sóc Trăng", "Tỉnh ủy Sóc Trăng"),
    places=("Ngã Năm", "Vĩnh Châu", "Mỹ Xuyên", "Kế Sách"),
    desks={"VX": "Phòng Văn xã", "TH": "Phòng Tổng hợp", "KT": "Phòng Kinh tế", "NC": "Phòng Nội chính"},
    rules=(
        Rule(
            r"dich benh|phong,? chong dich|y te|giao duc|van hoa",
            "Phòng Văn xã",
            "Lĩnh vực y tế, giáo dục, văn hóa.",
            days=5,
        ),
        Rule(r"dau tu cong|ngan sach|du toan", "Phòng Kinh tế", "Lĩnh vực kinh tế, ngân sách.", days=7),
        Rule(r"an ninh|trat tu|chay, chua chay", "Phòng Nội chính", "Lĩnh vực nội chính.", days=5),
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
