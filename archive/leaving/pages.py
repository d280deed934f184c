"""Pages to browse what has left: plain HTML without a script, relative links, every text escaped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import work_files
from archive.leaving.names import safe
from archive.leaving.papers import COPY, Shown
from archive.models import Book, Document, RegisterEntry, WorkFile
from archive.register import type_and_subject
from archive.register_export import COLUMNS, entries_of, row_of
from archive.workbook import written

STYLE = """
body { font: 16px/1.5 "Times New Roman", Tinos, serif; color: #111; background: #fff; margin: 1.5rem; }
h1 { font-size: 1.5rem; } a { color: #06c; }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
th, td { border: 1px solid #999; padding: .3rem .5rem; vertical-align: top; text-align: left; overflow-wrap: anywhere; }
thead th { background: #eee; } tr.void td { text-decoration: line-through; } td.files { min-width: 9rem; }
"""
CSP = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Loose:
    """A file that stands in no book."""

    shown: Shown
    day: dt.date
    filename: str
    about: str


def all_pages(
    session: Session, office: str, books: Sequence[tuple[str, int]], shown: Mapping[str, Shown],
    loose: Sequence[Loose],
) -> Iterator[tuple[str, str]]:  # fmt: skip
    """(name, content) of every page."""
    years = work_files.years(session)
    titles = {one.id: one.title for one in session.scalars(sa.select(Book))}
    for book, year in books:
        title = f"{titles.get(book, book)} năm {year}"
        yield f"trang/{safe(book)}-{year}.html", _page(title, "../", _book(entries_of(session, book, year), shown))
    for year in years:
        yield f"trang/ho-so-{year}.html", _page(f"Hồ sơ năm {year}", "../", _folders(session, year, shown))
    yield "trang/chua-vao-so.html", _page("Tệp chưa vào sổ", "../", _loose(loose))
    yield "index.html", _page(office or "Văn thư cơ quan", "", _index(books, titles, years, len(shown), len(loose)))


def _page(title: str, up: str, body: str) -> str:
    home = f'<p><a href="{up}index.html">Trang đầu</a></p>\n' if up else ""
    return (
        f'<!doctype html>\n<html lang="vi"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(CSP)}">\n'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>\n'
        f"<body>\n{home}<h1>{escape(title)}</h1>\n{body}</body></html>\n"
    )


def _link(target: str, text: str) -> str:
    return f'<a href="{escape(quote(target))}">{escape(text)}</a>'


def _files(shown: Shown | None) -> str:
    if shown is None:
        return ""
    links = [_link(f"../{shown.place.file(shown.ending)}", "bản gốc")] if shown.original else []
    if shown.copy:
        links.append(_link(f"../{shown.place.file(COPY)}", "PDF/A"))
    if shown.about:
        links.append(_link(f"../{shown.place.file('json')}", "thông tin"))
    return " · ".join(links)


def _table(titles: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{"".join(rows)}</tbody></table></div>\n'


def _row(cells: Sequence[str], files: str, look: str = "") -> str:
    told = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr class="{escape(look)}">{told}<td class="files">{files}</td></tr>\n'


def _book(entries: Sequence[RegisterEntry], shown: Mapping[str, Shown]) -> str:
    rows = [
        _row([written(cell) for cell in row_of(one)], _files(shown.get(one.document_id or "")), one.status)
        for one in entries
    ]
    return _table((*COLUMNS, "Tệp"), rows)


def _loose(loose: Sequence[Loose]) -> str:
    rows = [_row([f"{one.day:%d/%m/%Y}", one.filename, one.about], _files(one.shown)) for one in loose]
    return _table(("Ngày nhận", "Tên tệp khi nhận", "Ghi chú", "Tệp"), rows)


def _folders(session: Session, year: int, shown: Mapping[str, Shown]) -> str:
    return "".join(_folder(one, shown) for one in work_files.listed(session, year))


def _folder(file: WorkFile, shown: Mapping[str, Shown]) -> str:
    state = f"kết thúc {file.closed_on:%d/%m/%Y}" if file.closed_on else "đang mở"
    keep = work_files.retention_said(file.keep_years)
    papers = [one.document for one in file.papers if one.document_id in shown]
    rows = [
        _row([str(place), one.full_code or "", one.date or "", _said(one), one.issuing_organ or ""],
             _files(shown[one.id]))
        for place, one in enumerate(papers, 1)
    ]  # fmt: skip
    said = f"<p>Thời hạn bảo quản: {escape(keep)}; {escape(state)}. {escape(file.note)}</p>\n"
    titles = ("STT", "Số, ký hiệu", "Ngày", "Tên loại và trích yếu", "Tác giả", "Tệp")
    return f"<h2>{escape(file.code)} – {escape(file.title)}</h2>\n{said}{_table(titles, rows)}"


def _said(document: Document) -> str:
    """As the book does it: of a secret paper the type alone."""
    return (document.document_type or "") if document.secrecy else type_and_subject(document)


def _index(
    books: Sequence[tuple[str, int]], titles: Mapping[str, str], years: Sequence[int], papers: int, loose: int
) -> str:  # fmt: skip
    rows = [
        _row([titles.get(book, book), str(year)], " · ".join([
            _link(f"trang/{safe(book)}-{year}.html", "xem"), _link(f"so-dang-ky/{safe(book)}-{year}.xlsx", "Excel"),
            _link(f"so-dang-ky/{safe(book)}-{year}.csv", "CSV"),
            _link(f"so-dang-ky/{safe(book)}-{year}.plvi.json", "Phụ lục VI"),
        ]))
        for book, year in books
    ]  # fmt: skip
    folders = "".join(f"<li>{_link(f'trang/ho-so-{year}.html', f'Hồ sơ năm {year}')}</li>\n" for year in years)
    return (
        f"<p>{papers} văn bản. Chỉ cần trình duyệt và trình xem PDF là đọc được mọi thứ ở đây.</p>\n"
        f"<h2>Sổ đăng ký văn bản đến</h2>\n{_table(('Sổ', 'Năm', ''), rows)}"
        f"<h2>Hồ sơ công việc</h2>\n<ul>\n{folders}</ul>\n"
        f"<p>{_link('trang/chua-vao-so.html', f'Tệp chưa vào sổ ({loose})')}</p>\n{_GUIDE}"
    )


_GUIDE = """<h2>Trong thư mục này</h2>
<ul>
<li><b>van-ban/</b>: bản gốc đúng từng byte, bản PDF/A-2b tìm kiếm được (.pdfa.pdf), thông tin (.json)</li>
<li><b>so-dang-ky/</b>: sổ dạng Excel, CSV; trường thông tin theo Nghị định 30/2020/NĐ-CP, Phụ lục VI (.plvi)</li>
<li><b>tui/</b>: mỗi sổ mỗi năm một túi BagIt; kho Văn Thư khác nhập bằng lệnh vanthu import</li>
<li><b>thu/</b>: thư và thông điệp mang văn bản đến</li>
<li><b>co-quan/</b>: đơn vị, người dùng, danh mục, cấu hình; <b>nhat-ky/</b>: nhật ký</li>
<li><b>manifest-sha256.txt</b>: mã SHA-256 của mọi tệp; kiểm tra bằng lệnh sha256sum -c manifest-sha256.txt</li>
</ul>
"""
