"""The heading of a paper: which row is the organ, the number, the date, the title, the subject.

NĐ 30/2020, Appendix I (ô số 1-5, 9a) and HD 36-HD/VPTW put them in two columns; OCR may give the left one first,
line by line, or both mixed. Rows are known by what they say, and by their column where boxes tell it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from archive import (
    NumberLine,
    distance,
    fold,
    is_capitals,
    read_number_line,
    syllables,
    type_of_title,
)

from .dateline import read_date_line
from .rows import LEFT, MIDDLE, RIGHT, UNKNOWN, Row

PARTY_MOTTO = "dangcongsanvietnam"
_MOTTOES = ("conghoaxahoichunghiavietnam", "doclaptudohanhphuc")
_SEARCHED = 60
"""Rows from the top in which the heading is looked for."""

_OPENERS = re.compile(
    r"(?:can cu|thuc hien|tiep theo|xet |theo (?:de nghi|quy dinh|ke hoach)|kinh gui|dieu \d|phan |chuong |muc "
    r"|tai (?:phien|cuoc|hoi|buoi)|sau khi"
    r"|hien nay|trong (?:thoi|nhung)|phuc dap|tra loi|ngay \d|de |nham |qua |\d+[.)\-] |[ivx]+[.\-)] |hom nay"
    r"|vua qua|thi hanh"
    r"|kinh thua|- can cu)"
)
_SUBJECT = re.compile(r"^(?:[vw]\s?[/lI|⁄]?\s?v\b|v/v)[\s:.]*|^v[ae] viec\b\s*|^ve\b\s*")
_ADDRESSEES = re.compile(r"^(?:\W{0,3}[A-Z]{0,2}(?=K))?[Kk][IiÍí][Nn][Hh]\s?[Gg][UuủưứừửỦƯỨỪỬ][IiỉíìỈÍÌ]\b")
_MARKS = re.compile(r"(?:hoa toc|hoa toc hen gio|thuong khan|khan|mat|toi mat|tuyet mat)")
_MARKS_END = 0.45
"""Marks are stamped under the number or the V/v (ô số 10a, 10b): above this height of the page."""
_NOISE = re.compile(r"^(?:page \d+|trang \d+|\d{1,3})$")


@dataclass
class Heading:
    """The rows of a heading by what they are; empty or None where the paper has none."""

    mottoes: list[Row] = field(default_factory=list)
    party_motto: bool = False
    organs: list[Row] = field(default_factory=list)
    number: Row | None = None
    number_line: NumberLine | None = None
    date: Row | None = None
    title: Row | None = None
    title_type: str | None = None
    subtitle: list[Row] = field(default_factory=list)
    """Rows right under the title that name an organ: `KẾT LUẬN CỦA BỘ CHÍNH TRỊ`, `CỦA BAN THƯỜNG VỤ`."""
    subject: list[Row] = field(default_factory=list)
    addressees: Row | None = None
    marks: list[Row] = field(default_factory=list)
    strays: list[Row] = field(default_factory=list)
    """Rows between the title and the body that are nothing: handwriting read as a list."""
    end: int = 0
    """Index of the first row of the body."""

    @property
    def is_complete(self) -> bool:
        """True when the heading was read so well that what is missing in it is missing on the paper."""
        return bool(self.organs and self.number and self.date)


def read_heading(rows: Sequence[Row]) -> Heading:
    """What stands above the body of the paper that begins with `rows`."""
    heading = Heading()
    seen = list(enumerate(rows[:_SEARCHED]))
    _find_anchors(heading, seen)
    _find_title(heading, rows)
    _find_letter_subject(heading, rows)
    _find_organs(heading, rows)
    heading.end = _end(heading, rows)
    return heading


def _find_anchors(heading: Heading, rows: list[tuple[int, Row]]) -> None:
    """Mottoes, number, date, addressees, marks: rows that need no neighbour to be known."""
    for index, row in rows:
        if _is_body(row) and (heading.number or heading.title or heading.mottoes or index > 12):
            return
        motto = motto_of(row)
        if motto:
            heading.mottoes.append(row)
            heading.party_motto |= motto == "party"
        elif is_mark(row) and _stands_as_mark(heading, row, rows[0][1]):
            heading.marks.append(row)
        elif _ADDRESSEES.match(row.text):
            heading.addressees = heading.addressees or row
            if row.column == UNKNOWN:
                return
        elif heading.date is None and _is_date(row):
            heading.date = row
        elif heading.number is None and row.column in (LEFT, UNKNOWN, MIDDLE):
            _take_number(heading, row)
        if index and type_of_title(row.text, 0) and is_capitals(row.text) and heading.number and heading.date:
            below = (one for _, one in rows[index + 1 : index + 12])  # a telegram has its addressees under the title
            heading.addressees = next((one for one in below if _ADDRESSEES.match(one.text)), None)
            return


def is_mark(row: Row) -> bool:
    """The words of an urgency or secrecy mark alone on their line, in capitals; MẮT and MẶT are no MẬT."""
    if not _MARKS.fullmatch(row.folded.strip(" .:")) or not is_capitals(row.text):
        return False
    last = row.text.strip(" .:").split()[-1]
    return fold(last) != "mat" or last in ("MẬT", "MAT", "MÂT", "MẠT")


def _stands_as_mark(heading: Heading, row: Row, first: Row) -> bool:
    """In the upper part of page 1, and not centred under the number, where the title and its lines stand."""
    if row.page != first.page or (row.box and row.box[1] > _MARKS_END):
        return False
    return row.column != MIDDLE or not heading.number


def _take_number(heading: Heading, row: Row) -> None:
    line = read_number_line(row.text)
    if line and len(row.text) < 60:
        heading.number, heading.number_line = row, line


def _is_body(row: Row) -> bool:
    """A long line, or one that opens a preamble."""
    return len(row.text) > 150 or bool(re.match(r"can cu |thuc hien ", row.folded) and row.text[:1].isupper())


def motto_of(row: Row) -> str | None:
    """state | party | None: the motto over a paper, with some letters misread."""
    letters = re.sub(r"[^a-z]", "", row.folded)
    if not 12 <= len(letters) <= 40:
        return None
    if distance(letters, PARTY_MOTTO, 4) <= 4:
        return "party"
    return "state" if any(distance(letters, motto, 6) <= 6 for motto in _MOTTOES) else None


def _is_date(row: Row) -> bool:
    """Place first, nothing after the year; a heading is short."""
    line = read_date_line(row.text) if len(row.text) <= 80 else None
    if not line or len(line.place) > 45:
        return False
    return row.column == RIGHT or (
        bool(line.place) and line.place.replace(" ", "").replace(".", "").replace("-", "").isalpha()
    )


def _find_title(heading: Heading, rows: Sequence[Row]) -> None:
    for index, row in enumerate(rows[:_SEARCHED]):
        if _is_body(row) or row is heading.addressees:
            return
        known = type_of_title(row.text) if is_capitals(row.text) and row.column in (MIDDLE, UNKNOWN, RIGHT) else None
        if known and not _MARKS.fullmatch(row.folded):
            heading.title, heading.title_type = row, known
            _find_subject(heading, rows, index)
            return


def _find_subject(heading: Heading, rows: Sequence[Row], title: int) -> None:
    """The rows under the title; where they are scraps of a stamp or the pen, those under them."""
    margins = _margins(rows)
    _collect_subject(heading, rows, title + 1, margins)
    if heading.subject and not is_subject(heading.subject):
        scrap = heading.subject[-1]
        heading.subject = []
        _collect_subject(heading, rows, next(n for n, row in enumerate(rows) if row is scrap) + 1, margins)


def is_subject(rows: Sequence[Row]) -> bool:
    """Three syllables or more, most of them such as Vietnamese has; a text handed in is believed."""
    words = " ".join(row.text for row in rows).split()
    if not rows or rows[0].source != "ocr":
        return bool(rows)
    letters = [word for word in words if any(map(str.isalpha, word))]
    return len(letters) >= 3 and syllables(letters) >= 0.5


def _collect_subject(heading: Heading, rows: Sequence[Row], start: int, margins: tuple[float, float]) -> None:
    for index in range(start, min(start + 13, len(rows))):
        row = rows[index]
        if row.is_rule and heading.subject:
            return
        if row.is_rule or row in heading.marks or row in heading.mottoes or row in (heading.number, heading.date):
            continue
        if row.column in (LEFT, RIGHT):
            continue
        if _stops_subject(heading, row, margins):
            return
        if _is_subtitle(heading, row):
            heading.subtitle.append(row)
        else:
            heading.subject.append(row)


_OF_ORGAN = re.compile(r"(?:ket luan )?cua (?!pho |chu tich|dong chi|thu truong|bo truong|thu tuong|giam doc)")


def _is_subtitle(heading: Heading, row: Row) -> bool:
    if heading.subject or not is_capitals(row.text):
        return False
    return bool(_OF_ORGAN.match(row.folded)) or bool(heading.subtitle and not _SUBJECT.match(row.folded))


def _stops_subject(heading: Heading, row: Row, margins: tuple[float, float]) -> bool:
    folded = row.folded
    if _ADDRESSEES.match(row.text) or row.text.startswith(("-", "+")):
        return True
    first = not heading.subject and not heading.subtitle
    if _OPENERS.match(folded) and not first and row.text[:1].isupper():
        return True
    if (
        re.match(r"(?:can cu|thuc hien|kinh gui) ", folded)
        and row.text[:1].isupper()
        and not folded.startswith("thuc hien ngh")
    ):
        return True
    if heading.subject and _is_organ_again(heading, row):
        return True
    if row.column != UNKNOWN and heading.subject:
        return _is_paragraph(row, heading.subject[-1], margins)
    return bool(heading.subject) and row.after_blank and (len(row.text) > 120 or row.text[:1].isupper())


def _is_organ_again(heading: Heading, row: Row) -> bool:
    """`ỦY BAN THƯỜNG VỤ QUỐC HỘI` again over the preamble; `CHỦ TỊCH ỦY BAN NHÂN DÂN`, `BỘ TRƯỞNG BỘ …`."""
    if not is_capitals(row.text) or all(is_capitals(one.text) for one in heading.subject):
        return False
    return bool(
        re.match(
            r"(?:uy ban|quoc hoi|chu tich|bo truong|hoi dong|thu tuong|giam doc|chinh phu|thong doc|ban |tong )",
            row.folded,
        )
    )


def _is_paragraph(row: Row, before: Row, margins: tuple[float, float]) -> bool:
    """A first line of the body: it runs from the indent to the right margin; lines of a subject are centred."""
    if not row.box or not before.box:
        return False
    left, right = row.box[0] - margins[0], margins[1] - row.box[2]
    gap, height = row.box[1] - before.box[3], before.box[3] - before.box[1]
    if gap > 0.9 * height or row.confidence < 0.1:
        return True
    wider = row.box[2] - row.box[0] > 1.25 * (before.box[2] - before.box[0])
    if row.text[:1].islower() and not (wider and right < 0.02):
        return False  # subjects are broken evenly: one far wider is a body line whose first letter was lost
    return abs(left - right) > 0.035 and right < 0.015


def _margins(rows: Sequence[Row]) -> tuple[float, float]:
    """Where the body's lines begin and end: the usual left and right edge of long rows."""
    boxes = sorted(row.box for row in rows[:80] if row.box and row.box[2] - row.box[0] > 0.5)
    if not boxes:
        return 0.17, 0.92
    return boxes[len(boxes) // 4][0], sorted(box[2] for box in boxes)[3 * len(boxes) // 4]


def _find_letter_subject(heading: Heading, rows: Sequence[Row]) -> None:
    """The subject of a letter: `V/v …` under its number, in the left column."""
    if heading.title and heading.subject:
        return
    start = next((n for n, row in enumerate(rows[:_SEARCHED]) if _begins_letter_subject(heading, row)), None)
    if start is None:
        return
    subject = [rows[start]]
    for row in rows[start + 1 : start + 14]:
        if row.column != UNKNOWN and row.column != rows[start].column:
            continue
        if _ends_letter_subject(heading, row) or _far_below(subject[-1], row):
            break
        subject.append(row)
    heading.subject = subject


def _begins_letter_subject(heading: Heading, row: Row) -> bool:
    if row.column == RIGHT or (heading.number is None and heading.date is None):
        return False
    if re.match(r"[vw]\s?[/lI|⁄]?\s?v\b", row.folded) and row.folded[:1] in "vw":
        return True
    under = heading.number is not None and row.start > heading.number.start
    return under and bool(re.match(r"ve ", row.folded)) and not _is_body(row) and len(row.text) < 200


def _ends_letter_subject(heading: Heading, row: Row) -> bool:
    if row.is_rule or row in (heading.addressees, heading.date, heading.number) or row in heading.mottoes:
        return True
    if row in heading.marks or _ADDRESSEES.match(row.text) or _is_body(row):
        return True
    if row.text.startswith(("-", "+")) and row.text.lstrip("-+ ")[:1].isupper():
        return True  # an addressee
    if heading.addressees and heading.addressees.box and row.box and row.box[1] > heading.addressees.box[1] - 0.005:
        return True
    return row.column == UNKNOWN and row.after_blank


def _far_below(above: Row, row: Row) -> bool:
    if not (above.box and row.box):
        return False
    height = above.box[3] - above.box[1]
    return row.box[1] - above.box[3] > 1.6 * height


def _find_organs(heading: Heading, rows: Sequence[Row]) -> None:
    """Rows in capitals of the left column above the number; without columns, those that are nothing else."""
    last = _last_of_organs(heading, rows)
    known = [*heading.mottoes, *heading.marks, *heading.subject, heading.title, heading.number, heading.date]
    organs = []
    for row in rows[:last]:
        if any(row is one for one in known) or row.is_rule or _NOISE.match(row.folded):
            continue
        if not _may_be_organ(row):
            if row.column == UNKNOWN and len(row.text) > 60:
                break
            continue
        if heading.number and heading.number.box and row.box and row.box[1] > heading.number.box[1]:
            continue
        organs.append(row)
    heading.organs = organs[:6] if heading.number or heading.mottoes or heading.date else []


def _last_of_organs(heading: Heading, rows: Sequence[Row]) -> int:
    """Index of the title, or of the row after the last of number, date and mottoes."""
    if heading.title:
        return next(n for n, row in enumerate(rows) if row is heading.title)
    anchors = [heading.number, *heading.mottoes]
    return max((n + 1 for n, row in enumerate(rows[:_SEARCHED]) if any(row is one for one in anchors)), default=0)


def _may_be_organ(row: Row) -> bool:
    letters = [letter for letter in row.text if letter.isalpha()]
    if row.column in (RIGHT, MIDDLE) or len(letters) < 3 or len(row.text) > 90:
        return False
    if re.match(r"so\W*\d", row.folded):
        return False
    if re.search(r"\bden\b|^so\b(?! [a-z])|^ngay\b|^chuyen\b", row.folded) and len(row.text) < 20:
        return False
    return is_capitals(row.text) and len(max(row.text.split(), key=len)) > 1


def _end(heading: Heading, rows: Sequence[Row]) -> int:
    last = [heading.number, heading.date, heading.title, heading.addressees, *heading.subject, *heading.subtitle]
    ids = {id(row) for row in last if row}
    end = max((n + 1 for n, row in enumerate(rows[:_SEARCHED]) if id(row) in ids), default=0)
    while end < len(rows) and (rows[end].is_rule or _is_stray(heading, rows, end)):
        if not rows[end].is_rule:
            heading.strays.append(rows[end])
        end += 1
    return end


def _is_stray(heading: Heading, rows: Sequence[Row], index: int) -> bool:
    """A short list item between the title and the body: handwriting."""
    row = rows[index]
    return (
        heading.addressees is None
        and row.text.startswith("-")
        and len(row.text) < 25
        and not row.text.endswith((";", ","))
    )


def subject_text(rows: Sequence[Row]) -> str:
    """The subject in one line, without `V/v`, `Về việc`, `Về`."""
    whole = re.sub(r"\s+", " ", " ".join(row.text for row in rows)).strip(" .;*_-")
    if rows and rows[0].source == "ocr" and not is_capitals(whole):
        whole = re.sub(r"(?<!\w)ĐẾN\s(?!\w*[A-ZĐ]{2})", "", whole)  # the arrival stamp's word, pressed over the line
    opened = _SUBJECT.match(fold(whole))
    return whole[opened.end() :].strip(" .:") if opened else whole


def organ_of_subtitle(heading: Heading) -> str | None:
    """`BỘ CHÍNH TRỊ` of `KẾT LUẬN CỦA BỘ CHÍNH TRỊ`."""
    whole = " ".join(row.text for row in heading.subtitle)
    found = re.search(r"(?:^|\s)cua\s+", fold(whole))
    return whole[found.end() :].strip(" .,") if found else None
