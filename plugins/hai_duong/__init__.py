"""Hải Dương: a province until 2025-06-30, then part of Hải Phòng."""

from __future__ import annotations

from collections.abc import Iterator

from archive import Finding, Office, Province, Record, Route, Rule, Signer, Stamp, Text, hookimpl

VERSION = "1.0"

OFFICE = Office(
    slug="hai_duong",
    name="Hải Dương",
    current="Hải Phòng",
    organs=("Tỉnh ủy Hải Dương", "Ủy ban nhân dân tỉnh Hải Dương", "UBND tỉnh Hải Dương"),
    places=("Chí Linh", "Kinh Môn", "Bình Giang", "Cẩm Giàng", "Nam Sách"),
    desks={"VX": "Phòng Văn xã", "TH": "Phòng Tổng hợp", "KGVX": "Phòng Khoa giáo - Văn xã"},
    signers=(Signer("Phạm Xuân Thăng", "Bí thư Tỉnh ủy Hải Dương", 2020, 2022),),
    rules=(
        Rule(r"dich benh|phong,? chong dich|y te", "Ban Tuyên giáo", "Tuyên truyền phòng, chống dịch.", days=5),
        Rule(r"tiem chung|cach ly", "Sở Y tế", "Phối hợp chuyên môn y tế.", "support", days=3),
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
