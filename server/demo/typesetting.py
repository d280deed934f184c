"""Sets a paper on A4 sheets as NĐ 30/2020 (Appendix I) and HD 36-HD/VPTW lay it out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from server.demo.fonts import font
from server.demo.paper import Paper, Point

A4_MM = (210.0, 297.0)
TOP, BOTTOM, LEFT, RIGHT = 20.0, 272.0, 30.0, 192.0
LEFT_COLUMN, RIGHT_COLUMN = 63.0, 147.0
LIST_WIDTH = 82.0
"""Of Nơi nhận, beside which the signature stands."""
BLACK = 22
MOTTO = {
    "state": ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"),
    "party": ("ĐẢNG CỘNG SẢN VIỆT NAM",),
}


@dataclass
class Sheet:
    """One printed page, grey, and where the pen and the seals go (millimetres)."""

    image: Image.Image
    lines: list[str] = field(default_factory=list)
    blank_for_number: Point | None = None
    """Left end of the baseline on which the number is written."""
    seal_at: Point | None = None
    urgency_at: Point | None = None


class Typesetter:
    """Walks down the sheets of one paper; all measures in millimetres, type in points."""

    def __init__(self, paper: Paper, dpi: int) -> None:
        self.paper, self.dpi, self.mm = paper, dpi, dpi / 25.4
        self.state = paper.system == "state"
        self.sheets: list[Sheet] = []
        self.new_sheet()

    def new_sheet(self) -> None:
        size = (round(A4_MM[0] * self.mm), round(A4_MM[1] * self.mm))
        self.sheets.append(Sheet(Image.new("L", size, 255)))
        self.y = TOP + (2 if len(self.sheets) > 1 else 0)
        if len(self.sheets) > 1:
            self.line(str(len(self.sheets)), 105, 13, anchor="ma", y=11)

    @property
    def sheet(self) -> Sheet:
        return self.sheets[-1]

    def width(self, text: str, points: float, style: str = "Regular") -> float:
        return font(style, round(points * self.dpi / 72)).getlength(text) / self.mm

    def draw(self, text: str, x: float, y: float, points: float, style: str, anchor: str) -> None:
        type_ = font(style, round(points * self.dpi / 72))
        ImageDraw.Draw(self.sheet.image).text((x * self.mm, y * self.mm), text, BLACK, font=type_, anchor=anchor)

    def line(
        self, text: str, x: float, points: float, style: str = "Regular", anchor: str = "la", y: float | None = None
    ) -> None:
        """A line at `y`, or at the cursor, which then moves down."""
        self.draw(text, x, self.y if y is None else y, points, style, anchor)
        self.sheet.lines.append(text)
        if y is None:
            self.y += points * 0.42

    def rule(self, x: float, length: float, y: float) -> None:
        ends = ((x - length / 2) * self.mm, y * self.mm, (x + length / 2) * self.mm, y * self.mm)
        ImageDraw.Draw(self.sheet.image).line(ends, BLACK, max(1, round(0.25 * self.mm)))

    def need(self, height: float) -> None:
        if self.y + height > BOTTOM:
            self.new_sheet()


def set_paper(paper: Paper, dpi: int) -> list[Sheet]:
    """The printed sheets, before pen, seal and stamp."""
    setter = Typesetter(paper, dpi)
    _heading(setter)
    _addressees(setter)
    for paragraph in paper.body:
        _paragraph(setter, paragraph)
    _foot(setter)
    return setter.sheets


def _heading(at: Typesetter) -> None:
    if at.paper.organ_lines:
        _organs_and_motto(at)
    if at.paper.number or at.paper.date:
        _number_and_date(at)
    _subject(at)


def _organs_and_motto(at: Typesetter) -> None:
    paper = at.paper
    for text, bold in paper.organ_lines:
        at.line(text, LEFT_COLUMN, 13, "Bold" if bold else "Regular", "ma")
    if at.state:
        at.rule(LEFT_COLUMN, 26, at.y + 0.9)
    else:
        at.line("*", LEFT_COLUMN, 13, anchor="ma")
    bottom, at.y = at.y, TOP
    for text, points in zip(MOTTO[paper.system], (12.5, 13.5) if at.state else (14.5,), strict=True):
        at.line(text, RIGHT_COLUMN, points, "Bold", "ma")
    at.rule(RIGHT_COLUMN, at.width(text, points, "Bold"), at.y + 0.7)
    at.y = max(at.y, bottom) + 3


def _number_and_date(at: Typesetter) -> None:
    if at.paper.number:
        _number(at)
    if at.paper.date:
        day = dt.date.fromisoformat(at.paper.date)
        # NĐ 30/2020, Appendix I: days below 10 and months 1 and 2 have a leading zero, other months none.
        month = f"{day.month:02d}" if day.month < 3 else str(day.month)
        written = f"{at.paper.place}, ngày {day.day:02d} tháng {month} năm {day.year}"
        at.line(written, RIGHT_COLUMN, 13.5, "Italic", "ma")
    at.y += 0.8


def _number(at: Typesetter) -> None:
    paper = at.paper
    label = "Số: " if at.state else "Số "
    rest = paper.full_code[len(paper.number) :]
    room = 18.0 if paper.number_by_hand else at.width(paper.number, 13)
    left = LEFT_COLUMN - (at.width(label, 13) + room + at.width(rest, 13)) / 2
    at.draw(label, left, at.y, 13, "Regular", "la")
    if paper.number_by_hand:
        at.sheet.blank_for_number = (left + at.width(label, 13) + 1.5, at.y + 4.2)
    else:
        at.draw(paper.number, left + at.width(label, 13), at.y, 13, "Regular", "la")
    at.draw(rest, left + at.width(label, 13) + room, at.y, 13, "Regular", "la")
    at.sheet.lines.append(f"{label}{paper.full_code}")


def _subject(at: Typesetter) -> None:
    paper = at.paper
    if not paper.title:
        style, prefix = ("Regular", "V/v ") if at.state else ("Italic", "Về ")
        for text in _broken(prefix + paper.subject, 31):
            at.line(text, LEFT_COLUMN, 12, style, "ma")
    if paper.urgency:
        at.sheet.urgency_at = (LEFT_COLUMN, at.y + 9)
        at.sheet.lines.append(paper.urgency.upper())
    at.y += 5 + paper.header_room
    for i, text in enumerate(paper.title):
        at.line(text, (LEFT + RIGHT) / 2, 15 if i == 0 else 14, "Bold", "ma")
    if paper.title:
        at.rule((LEFT + RIGHT) / 2, 45 if at.state else 16, at.y + 1.2)
        at.y += 6


def _broken(text: str, most: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _addressees(at: Typesetter) -> None:
    names = at.paper.addressees
    if not names:
        return
    if len(names) == 1:
        at.line(f"Kính gửi: {names[0]}.", 111, 14, anchor="ma")
    else:
        at.line("Kính gửi:", 84, 14)
        for i, name in enumerate(names):
            end = "." if i == len(names) - 1 else ";" if at.state else ","
            _item(at, f"- {name}{end}", 92, RIGHT - 92, 14)
    at.y += 4


def _item(at: Typesetter, text: str, x: float, width: float, points: float) -> None:
    """An item of a list, on as many lines as it takes."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and at.width(longer, points) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    for line in lines:
        at.line(line, x, points)


def _paragraph(at: Typesetter, text: str) -> None:
    if text.isupper():
        at.need(8)
        at.line(text, (LEFT + RIGHT) / 2, 14, "Bold", "ma")
        at.y += 2.5
        return
    style = "Italic" if text.startswith(("Căn cứ", "Theo đề nghị")) else "Regular"
    for i, words in enumerate(_wrapped(at, text.split(), style)):
        at.need(6.5)
        _justified(at, words, LEFT + (12.7 if i == 0 else 0), style)
    at.y += 2


def _wrapped(at: Typesetter, words: list[str], style: str) -> list[tuple[list[str], bool]]:
    """Lines of words; True says: the paragraph's last."""
    lines: list[list[str]] = [[]]
    for word in words:
        room = RIGHT - LEFT - (12.7 if len(lines) == 1 else 0)
        if lines[-1] and at.width(" ".join([*lines[-1], word]), 14, style) > room:
            lines.append([])
        lines[-1].append(word)
    return [(line, line is lines[-1]) for line in lines]


def _justified(at: Typesetter, line: tuple[list[str], bool], x: float, style: str) -> None:
    words, last = line
    spare = RIGHT - x - sum(at.width(word, 14, style) for word in words)
    gap = at.width(" ", 14, style) if last else spare / max(1, len(words) - 1)
    for word in words:
        at.draw(word, x, at.y, 14, style, "la")
        x += at.width(word, 14, style) + gap
    at.sheet.lines.append(" ".join(words))
    at.y += 6.4


def _foot(at: Typesetter) -> None:
    paper = at.paper
    at.need(max(44 + 6 * len(paper.signer), 8 + 5 * len(paper.recipients)))
    at.y += 3
    top = at.y
    at.line("Nơi nhận:", LEFT, 12, "BoldItalic" if at.state else "Regular")
    if not at.state:
        at.rule(LEFT + at.width("Nơi nhận", 12) / 2, at.width("Nơi nhận", 12), at.y - 0.2)
    for i, name in enumerate(paper.recipients):
        end = "." if i == len(paper.recipients) - 1 else ";" if at.state else ","
        _item(at, f"- {name}{end}", LEFT, LIST_WIDTH, 11)
    at.y = top
    for i, text in enumerate(paper.signer):
        # HD 36-HD/VPTW: a Party paper prints the authority bold and the title not.
        at.line(text, RIGHT_COLUMN, 13.5, "Bold" if at.state or i == 0 else "Regular", "ma")
    if not paper.signer_name:
        return
    at.sheet.seal_at = (RIGHT_COLUMN - 17, at.y + 14)
    at.line(paper.signer_name, RIGHT_COLUMN, 14, "Bold", "ma", y=at.y + 29)
