"""Quảng Ngãi: since 2025-07-01 with Kon Tum, under its old name."""

from __future__ import annotations

from collections.abc import Iterator

from archive import Finding, Office, Province, Record, Route, Rule, Stamp, Text, hookimpl

VERSION = "1.0"

OFFICE = Office(
    slug="quang_ngai",
    name="Quảng Ngãi",
    organs=("Ủy ban nhân dân tỉnh Quảng Ngãi", "UBND tỉnh Quảng Ngãi", "Tỉnh ủy Quảng Ngãi"),
    places=("Bình Sơn", "Đức Phổ", "Mộ Đức", "Sơn Tịnh"),
    desks={
        "KTTH": "Phòng Kinh tế - Tổng hợp",
        "KGVX": "Phòng Khoa giáo - Văn xã",
        "TTHC": "Trung tâm Phục vụ hành chính công",
    },
    rules=(
        Rule(
            r"ngan sach|du toan|kinh phi|hoa don|tai chinh",
            "Phòng Kinh tế - Tổng hợp",
            "Lĩnh vực tài chính, ngân sách.",
            days=7,
        ),
        Rule(r"ky thi|giao duc|y te|van hoa", "Phòng Khoa giáo - Văn xã", "Lĩnh vực khoa giáo, văn xã.", days=5),
        Rule(r"thu tuc hanh chinh", "Trung tâm Phục vụ hành chính công", "Cải cách thủ tục hành chính.", days=7),
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
