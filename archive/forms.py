"""Legal forms on paper: blocks one under the other become the pages of a PDF.

`make([letterhead(…), Title(…), Table(…), Signing(…)], sheet=A3_LANDSCAPE)` is a book. Sizes are millimetres unless
they say points; type is 11 to 14 points of a face as wide as Times New Roman, margins as NĐ 30/2020, Appendix I asks.
A table repeats its head, with the numbering row under it, on every page; a row stays whole unless it is higher than a
page. Any text prints: what the face lacks is an empty box, what cannot be printed a blank.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from archive.lettering import BOLD, ITALIC, REGULAR, clean, printing, width, wrap
from archive.vietnamese import fold

MM = 72 / 25.4
A4, A4_LANDSCAPE, A3_LANDSCAPE = (210.0, 297.0), (297.0, 210.0), (420.0, 297.0)
LEFT, RIGHT, TOP, BOTTOM = 25.0, 15.0, 18.0, 18.0
LEADING = 1.2

Align = Literal["left", "center", "right"]


@dataclass(frozen=True)
class Letterhead:
    """Organ at the left, the State's or the Party's name at the right; each side its lines, the last one ruled."""

    left: Sequence[str]
    right: Sequence[str]


def letterhead(office: str, superior: str = "") -> Letterhead:
    """The title block: the organ above the office and its own name; quốc hiệu, or the Party's name for its organs."""
    party = ("Đảng Cộng sản Việt Nam".upper(),)
    state = ("Cộng hòa xã hội chủ nghĩa Việt Nam".upper(), "Độc lập - Tự do - Hạnh phúc")
    is_party = any(word in f" {fold(f'{superior} {office}')} " for word in _PARTY)
    return Letterhead(tuple(one.upper() for one in (superior, office) if one), party if is_party else state)


_PARTY = (" tinh uy ", " thanh uy ", " huyen uy ", " quan uy ", " thi uy ", " dang uy ", " trung uong dang ",
          " dang bo ", " chi bo ")  # fmt: skip


@dataclass(frozen=True)
class Title:
    """A centred title and the centred lines under it."""

    text: str
    lines: Sequence[str] = ()
    size: float = 16


@dataclass(frozen=True)
class Text:
    """A paragraph; `size` in points, `keep` the millimetres under it that must be on the same page."""

    text: str
    bold: bool = False
    italic: bool = False
    align: Align = "left"
    size: float = 13
    indent: float = 0
    keep: float = 0


@dataclass(frozen=True)
class Leaders:
    """Dotted lines to write on by hand, 8 mm apart."""

    count: int = 1


@dataclass(frozen=True)
class Gap:
    """Empty millimetres."""

    height: float


@dataclass(frozen=True)
class NewPage:
    """What follows begins on a new page."""


@dataclass(frozen=True)
class Column:
    """`width` is a share of the table's width."""

    title: str
    width: float
    align: Align = "left"


@dataclass(frozen=True)
class Table:
    """Rows of as many texts as there are columns; `size` in points."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    numbered: bool = True
    size: float = 11
    least: float = 8
    """Height of a row at least, so that an empty one can be written in by hand."""


@dataclass(frozen=True)
class Place:
    """Where one person signs: day (italic), title (bold), hint (italic), 25 mm of room, name (bold)."""

    title: str
    day: str = ""
    hint: str = "(Ký, ghi rõ họ tên)"
    name: str = ""


@dataclass(frozen=True)
class Signing:
    """Places to sign side by side, never torn from one another."""

    places: Sequence[Place]


Block = Letterhead | Title | Text | Leaders | Gap | NewPage | Table | Signing


def make(
    blocks: Iterable[Block], *, sheet: tuple[float, float] = A4, name: str = "", footer: str = "",
    numbers_from: int = 1,
) -> bytes:  # fmt: skip
    """The PDF. `name` is its title; `footer` stands small at the left foot of each page, `Trang n/N` at the right.

    `numbers_from=2` leaves the cover without a number: the page after it is page 1.
    """
    with printing():
        flow = _Flow(sheet)
        for block in blocks:
            _LAY[type(block)](flow, block)
        return _written(flow.pages, sheet, clean(name), clean(footer).replace("\n", " "), numbers_from)


@dataclass(frozen=True)
class _Ink:
    """A text whose baseline begins at x, y; points from the top left."""

    x: float
    y: float
    text: str
    face: str
    size: float


@dataclass(frozen=True)
class _Rule:
    x: float
    y: float
    to_x: float
    to_y: float
    dotted: bool = False


@dataclass
class _Flow:
    """The pages so far and where on the last one the next block begins, in points."""

    sheet: tuple[float, float]
    pages: list[list[_Ink | _Rule]] = dataclasses.field(default_factory=lambda: [[]])
    y: float = TOP * MM

    @property
    def left(self) -> float:
        return LEFT * MM

    @property
    def room(self) -> float:
        return (self.sheet[0] - LEFT - RIGHT) * MM

    @property
    def foot(self) -> float:
        return (self.sheet[1] - BOTTOM) * MM

    def turn(self) -> None:
        self.pages.append([])
        self.y = TOP * MM

    def need(self, height: float) -> None:
        """A new page if `height` is not left on this one and would be on another."""
        if self.y + height > self.foot and self.y > TOP * MM:
            self.turn()

    def ink(self, x: float, room: float, text: str, face: str, size: float, align: Align = "left") -> None:
        """One line whose top is at `y` of the flow; nothing moves."""
        spare = room - width(text, face, size)
        x += {"left": 0.0, "center": spare / 2, "right": spare}[align]
        self.pages[-1].append(_Ink(x, self.y + size * 0.9, text, face, size))

    def rule(self, x: float, y: float, to_x: float, to_y: float, *, dotted: bool = False) -> None:
        self.pages[-1].append(_Rule(x, y, to_x, to_y, dotted))

    def lines(
        self, text: str, face: str, size: float, align: Align = "left", x: float | None = None,
        room: float | None = None,
    ) -> None:  # fmt: skip
        """A text broken into lines, page after page."""
        x, room = self.left if x is None else x, self.room if room is None else room
        for line in wrap(text, face, size, room):
            self.need(size * LEADING)
            self.ink(x, room, line, face, size, align)
            self.y += size * LEADING


def _lay_letterhead(flow: _Flow, block: Letterhead) -> None:
    begin, ends = flow.y, []
    shares = ((0.0, 0.42, block.left, False), (0.46, 0.54, block.right, True))
    for offset, share, lines, nation in shares:
        flow.y = begin
        x, room = flow.left + flow.room * offset, flow.room * share
        for number, line in enumerate(lines):
            size = 13.0 if nation and number else 12.0
            flow.lines(line, BOLD if nation or number == len(lines) - 1 else REGULAR, size, "center", x, room)
        if lines:
            ruled = (width(clean(lines[-1]), BOLD, 13) if nation else room * 0.4) / 2
            flow.rule(x + room / 2 - min(ruled, room / 2), flow.y + 2, x + room / 2 + min(ruled, room / 2), flow.y + 2)
        ends.append(flow.y)
    flow.y = max(ends) + 6 * MM


def _lay_title(flow: _Flow, block: Title) -> None:
    flow.need(block.size * LEADING + 12 * MM)
    flow.lines(block.text, BOLD, block.size, "center")
    for line in block.lines:
        flow.lines(line, REGULAR, 13, "center")
    flow.y += 4 * MM


def _lay_text(flow: _Flow, block: Text) -> None:
    face = BOLD if block.bold else ITALIC if block.italic else REGULAR
    indent = min(block.indent * MM, flow.room / 2)
    flow.need(block.size * LEADING + block.keep * MM)
    flow.lines(block.text, face, block.size, block.align, flow.left + indent, flow.room - indent)
    flow.y += 1.5 * MM


def _lay_leaders(flow: _Flow, block: Leaders) -> None:
    for _ in range(block.count):
        flow.need(8 * MM)
        flow.y += 8 * MM
        flow.rule(flow.left, flow.y - 1.5 * MM, flow.left + flow.room, flow.y - 1.5 * MM, dotted=True)


def _lay_gap(flow: _Flow, block: Gap) -> None:
    flow.y = min(flow.y + block.height * MM, flow.foot)


def _lay_new_page(flow: _Flow, _block: NewPage) -> None:
    flow.turn()


PAD = 1.2 * MM
_Cell = tuple[list[str], str, float, Align]
"""Lines, face, points, where they stand."""


def _lay_table(flow: _Flow, table: Table) -> None:
    total = sum(column.width for column in table.columns) or 1
    wide = [column.width / total * flow.room for column in table.columns]
    head = _head(table, wide)
    high = sum(_height(row, 0) for row in head)
    again = head if high < (flow.foot - TOP * MM) / 2 else []
    for number, texts in enumerate(table.rows):
        row = [
            (wrap(text, REGULAR, table.size, room - 2 * PAD), REGULAR, table.size, column.align)
            for text, room, column in zip(texts, wide, table.columns, strict=True)
        ]
        if not number:  # titles never stand at the foot of a page without a row under them
            flow.need(high + min(_height(row, table.least * MM), 60 * MM))
            _lay_head(flow, head, wide)
        _lay_row(flow, row, wide, table.least * MM, again)
    if not table.rows:
        flow.need(high)
        _lay_head(flow, head, wide)
    flow.y += 4 * MM


def _head(table: Table, wide: Sequence[float]) -> list[list[_Cell]]:
    """The titles and, under them, (1) (2) (3) …"""
    titles: list[_Cell] = [
        (wrap(column.title, BOLD, table.size, room - 2 * PAD), BOLD, table.size, "center")
        for column, room in zip(table.columns, wide, strict=True)
    ]
    order: list[_Cell] = [([f"({n})"], ITALIC, table.size - 1, "center") for n in range(1, len(wide) + 1)]
    return [titles, order] if table.numbered else [titles]


def _lay_head(flow: _Flow, head: Sequence[Sequence[_Cell]], wide: Sequence[float]) -> None:
    for row in head:
        _draw_row(flow, row, wide, _height(row, 0))


def _height(row: Sequence[_Cell], least: float) -> float:
    return max([least, *(len(lines) * size * LEADING + 2 * PAD for lines, _, size, _ in row)])


def _lay_row(
    flow: _Flow, row: Sequence[_Cell], wide: Sequence[float], least: float, head: Sequence[Sequence[_Cell]]
) -> None:
    """One row whole, or over as many pages as it takes, `head` on each; no head may be half as high as a page."""
    whole = flow.foot - TOP * MM - sum(_height(titles, 0) for titles in head)
    rest, height = list(row), _height(row, least)
    if flow.y + height > flow.foot and height <= whole:
        flow.turn()
        _lay_head(flow, head, wide)
    while (height := _height(rest, min(least, whole))) > flow.foot - flow.y + 0.01:
        fits = int((flow.foot - flow.y - 2 * PAD) / (max(size for _, _, size, _ in rest) * LEADING))
        if fits > 0:
            part = [(lines[:fits], face, size, align) for lines, face, size, align in rest]
            rest = [(lines[fits:], face, size, align) for lines, face, size, align in rest]
            _draw_row(flow, part, wide, flow.foot - flow.y)
        flow.turn()
        _lay_head(flow, head, wide)
    _draw_row(flow, rest, wide, height)


def _draw_row(flow: _Flow, row: Sequence[_Cell], wide: Sequence[float], height: float) -> None:
    top, x = flow.y, flow.left
    flow.rule(x, top, x + sum(wide), top)
    flow.rule(x, top + height, x + sum(wide), top + height)
    flow.rule(x, top, x, top + height)
    for (lines, face, size, align), room in zip(row, wide, strict=True):
        flow.y = top + PAD
        for line in lines:
            flow.ink(x + PAD, room - 2 * PAD, line, face, size, align)
            flow.y += size * LEADING
        x += room
        flow.rule(x, top, x, top + height)
    flow.y = top + height


def _lay_signing(flow: _Flow, block: Signing) -> None:
    flow.need(60 * MM)
    begin, ends, room = flow.y, [], flow.room / max(1, len(block.places))
    for number, place in enumerate(block.places):
        flow.y = begin
        x = flow.left + number * room
        # Titles stand level even where only one place has a day.
        flow.lines(place.day or " ", ITALIC, 13, "center", x, room)
        flow.lines(place.title, BOLD, 13, "center", x, room)
        flow.lines(place.hint, ITALIC, 12, "center", x, room)
        flow.y = min(flow.y + 25 * MM, flow.foot - 20)
        flow.lines(place.name, BOLD, 13, "center", x, room)
        ends.append(flow.y)
    flow.y = max([begin, *ends])


_LAY: dict[type[Any], Callable[[_Flow, Any], None]] = {
    Letterhead: _lay_letterhead, Title: _lay_title, Text: _lay_text, Leaders: _lay_leaders, Gap: _lay_gap,
    NewPage: _lay_new_page, Table: _lay_table, Signing: _lay_signing,
}  # fmt: skip


def _written(
    pages: Sequence[Sequence[_Ink | _Rule]], sheet: tuple[float, float], name: str, footer: str, numbers_from: int
) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    out, high = io.BytesIO(), sheet[1] * MM
    canvas = Canvas(out, pagesize=(sheet[0] * MM, high), invariant=1, pageCompression=1, lang="vi")
    canvas.setTitle(name or "Văn Thư")
    for number, page in enumerate(pages, 1):
        _draw(canvas, page, high)
        canvas.setFont(REGULAR, 10)
        canvas.drawString(LEFT * MM, 9 * MM, footer[:180])
        if number >= numbers_from:
            said = f"Trang {number - numbers_from + 1}/{len(pages) - numbers_from + 1}"
            canvas.drawRightString((sheet[0] - RIGHT) * MM, 9 * MM, said)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _draw(canvas: Any, page: Sequence[_Ink | _Rule], high: float) -> None:
    canvas.setLineWidth(0.5)
    rules = [one for one in page if isinstance(one, _Rule)]
    for dotted in (False, True):
        canvas.setDash(*((0.5, 2.5) if dotted else ()))
        if lines := [(r.x, high - r.y, r.to_x, high - r.to_y) for r in rules if r.dotted == dotted]:
            canvas.lines(lines)
    for one in page:
        if isinstance(one, _Ink):
            canvas.setFont(one.face, one.size)
            canvas.drawString(one.x, high - one.y, one.text)
