"""Does a document begin on this page? What speaks for it, and what against."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archive import Page, Text, is_capitals, read_number_line, type_of_title

from .dateline import read_date_line
from .heading import motto_of
from .rows import Row, rows_of

_TOP = 14
"""Rows from the top of a page that are looked at."""


def votes(page: Page) -> Iterator[tuple[float, str]]:
    """(weight, reason in Vietnamese) for each sign at the top of `page`."""
    rows = [row for row in rows_of(Text([page])) if not row.is_rule][:_TOP]
    if not rows or _is_annex(rows):
        yield -0.8, "là phụ lục hoặc biểu mẫu kèm theo"
        return
    mottoes = {motto_of(row) for row in rows} - {None}
    if mottoes:
        yield (0.5, "có tiêu đề Đảng" if "party" in mottoes else "có quốc hiệu, tiêu ngữ")
    number = next((line for line in (read_number_line(row.text) for row in rows if len(row.text) < 60) if line), None)
    if number:
        yield 0.3, "có dòng số, ký hiệu mới"
    day = next((line for line in (read_date_line(row.text) for row in rows if len(row.text) < 80) if line), None)
    if number and not number.written and day and day.is_blank:
        yield -0.7, "chưa có số và ngày: dự thảo kèm theo"
    if any(is_capitals(row.text) and type_of_title(row.text) for row in rows[:10]):
        yield 0.3, "có tên loại văn bản"
    if any(re.match(r"k[ií]nh g[uử]i", row.text, re.IGNORECASE) for row in rows):
        yield 0.1, "có dòng Kính gửi"
    if re.fullmatch(r"\W*\d{1,3}\W*", rows[0].text) and rows[0].text.strip(" -.") != "1":
        yield -0.4, "đầu trang ghi số trang tiếp theo"
    if rows[0].text[:1].islower():
        yield -0.3, "đầu trang là câu viết dở"


def _is_annex(rows: list[Row]) -> bool:
    head = [row.folded for row in rows[:6]]
    return any(
        re.match(r"\W*(?:phu luc|mau so|bieu (?:mau|so)|danh sach|\(?(?:ban hanh )?kem theo)", row) for row in head
    )
