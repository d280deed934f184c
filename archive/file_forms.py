"""Work files on paper and in Excel: the list of a year, cover and table of contents of a file, what is handed over.

Columns as NĐ 30/2020/NĐ-CP, Appendix V and its forms for filing: the list five, both tables of contents seven.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterator, Sequence

from archive import forms, work_files
from archive.models import FilePaper, WorkFile
from archive.register import type_and_subject
from archive.workbook import Cell, Sheet, workbook

LIST = ("Số và ký hiệu hồ sơ", "Tiêu đề hồ sơ", "Thời hạn bảo quản", "Người lập hồ sơ", "Ghi chú")
CONTENTS = (
    "Số thứ tự", "Số, ký hiệu văn bản", "Ngày tháng văn bản", "Tên loại và trích yếu nội dung văn bản",
    "Tác giả văn bản", "Tờ số/Trang số", "Ghi chú",
)  # fmt: skip
HANDED = (
    "Số thứ tự", "Số, ký hiệu hồ sơ", "Tiêu đề hồ sơ", "Thời gian tài liệu", "Thời hạn bảo quản", "Số tờ/Số trang",
    "Ghi chú",
)  # fmt: skip
_SIGNED = {
    LIST: ("NGƯỜI LẬP DANH MỤC", "THỦ TRƯỞNG CƠ QUAN"),
    CONTENTS: ("NGƯỜI LẬP HỒ SƠ",),
    HANDED: ("NGƯỜI LẬP", "NGƯỜI NHẬN"),
}


def list_rows(files: Sequence[WorkFile]) -> Iterator[tuple[Cell, ...]]:
    """The five columns of the list; a heading stands before its files, alone in the second column."""
    heading = ""
    for file in files:
        if file.heading != heading:
            heading = file.heading
            yield "", heading.upper(), "", "", ""
        yield file.code, file.title, work_files.retention_said(file.keep_years), file.keeper, file.note


def contents_rows(papers: Sequence[FilePaper]) -> Iterator[tuple[Cell, ...]]:
    """The seven columns of a file's table of contents; pages are counted on as the scans have them."""
    page = 1
    for number, paper in enumerate(papers, 1):
        one = paper.document
        last = page + max(1, len(one.pages)) - 1
        pages = str(page) if last == page else f"{page}-{last}"
        yield number, one.full_code or "", _day(one.date), type_and_subject(one), one.issuing_organ or "", pages, ""
        page = last + 1


def handed_rows(files: Sequence[tuple[WorkFile, tuple[str, str] | None]]) -> Iterator[tuple[Cell, ...]]:
    """The seven columns of the list of files that are handed to the archive."""
    for number, (file, span) in enumerate(files, 1):
        times = " - ".join(dict.fromkeys(_day(day) for day in span)) if span else ""
        size = f"{file.sheets}/{file.sides}" if file.sheets else ""
        yield number, file.code, file.title, times, work_files.retention_said(file.keep_years), size, file.note


def _day(iso: str | None) -> str:
    return "/".join(reversed(iso.split("-"))) if iso else ""


def list_sheet(year: int, files: Sequence[WorkFile]) -> Sheet:
    """Danh mục hồ sơ."""
    rows = list(list_rows(files))
    return Sheet(f"Danh mục hồ sơ {year}", f"DANH MỤC HỒ SƠ NĂM {year}", LIST, rows, (), (16, 60, 16, 26, 24), True)


def contents_sheet(file: WorkFile, papers: Sequence[FilePaper], only: Container[int] | None = None) -> Sheet:
    """Mục lục văn bản trong hồ sơ; `only`: the lines of these papers, with the numbers they have among all."""
    lines = (f"Số, ký hiệu hồ sơ: {file.code}", f"Tiêu đề: {file.title}")
    rows = [row for row in contents_rows(papers) if only is None or row[0] in only]
    widths = (8, 18, 14, 60, 28, 12, 18)
    return Sheet("Mục lục văn bản", "MỤC LỤC VĂN BẢN TRONG HỒ SƠ", CONTENTS, rows, lines, widths, True)


def handed_sheet(year: int, files: Sequence[tuple[WorkFile, tuple[str, str] | None]]) -> Sheet:
    """Mục lục hồ sơ, tài liệu nộp lưu."""
    rows = list(handed_rows(files))
    widths = (8, 16, 60, 24, 16, 14, 20)
    return Sheet("Mục lục nộp lưu", f"MỤC LỤC HỒ SƠ, TÀI LIỆU NỘP LƯU NĂM {year}", HANDED, rows, (), widths, True)


def excel(sheet: Sheet) -> bytes:
    """One of these as an Excel file."""
    return workbook([sheet])


def pdf(sheet: Sheet, office: str, superior: str, today: dt.date) -> bytes:
    """One of these as pages to sign: A4, landscape."""
    columns = tuple(sheet.columns)
    table = forms.Table(
        [forms.Column(title, wide, _side(title)) for title, wide in zip(columns, sheet.widths, strict=True)],
        [[str(cell or "") for cell in row] for row in sheet.rows],
    )
    places = [forms.Place(title) for title in _SIGNED[columns]]
    places[-1] = forms.Place(places[-1].title, day=f"........, ngày {today:%d} tháng {today:%m} năm {today:%Y}")
    blocks: list[forms.Block] = [forms.letterhead(office, superior), forms.Title(sheet.title, sheet.lines), table]
    blocks += [forms.Signing(places)]
    return forms.make(blocks, sheet=forms.A4_LANDSCAPE, name=sheet.title)


def _side(title: str) -> forms.Align:
    return "left" if title.startswith(("Tiêu", "Tên", "Tác", "Ghi", "Người")) else "center"


def cover(file: WorkFile, papers: Sequence[FilePaper], office: str, superior: str) -> bytes:
    """Bìa hồ sơ: what stands on the folder, A4."""
    span = work_files.span(papers)
    times = f"Từ ngày {_day(span[0])} đến ngày {_day(span[1])}" if span else "Từ ngày ........ đến ngày ........"
    size = f"Gồm: {file.sheets} tờ, {file.sides} trang" if file.sheets else "Gồm: ........ tờ, ........ trang"
    closed = f"Kết thúc ngày {file.closed_on:%d/%m/%Y}" if file.closed_on else "Chưa kết thúc"
    lines = [
        times, size, f"Số, ký hiệu hồ sơ: {file.code} (danh mục năm {file.year})",
        f"Thời hạn bảo quản: {work_files.retention_said(file.keep_years)}",
        f"Người lập hồ sơ: {file.keeper or '........'}", closed,
    ]  # fmt: skip
    blocks: list[forms.Block] = [forms.letterhead(office, superior), forms.Gap(25), forms.Title("HỒ SƠ", size=28)]
    blocks += [forms.Gap(8), forms.Text(file.title, bold=True, align="center", size=18), forms.Gap(20)]
    blocks += [forms.Text(line, align="center", size=14) for line in lines]
    return forms.make(blocks, name=f"Bìa hồ sơ {file.code}")
