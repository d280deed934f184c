"""Rows of a paper: pieces of lines that belong together, column by column, without the marks OCR engines leave."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from archive import Box, Finding, Line, Page, Span, Stamp, Text, Word, around, fold, plain_letters

LEFT, RIGHT, MIDDLE, UNKNOWN = "left", "right", "middle", ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A word of a row: where it begins in the document's text and in the row's."""

    word: Word
    text: str
    in_document: int
    in_row: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line of one column."""

    pieces: tuple[Piece, ...]
    page: int
    source: str
    """ocr | layer | text: how the page was read."""
    column: str = UNKNOWN
    after_blank: bool = False
    """True when an empty line stands above it."""

    @property
    def text(self) -> str:
        return " ".join(piece.text for piece in self.pieces)

    @property
    def folded(self) -> str:
        return fold(plain_letters(self.text))

    @property
    def is_rule(self) -> bool:
        """A line of dashes, a star: nothing that is read."""
        return not any(letter.isalnum() for letter in self.text)

    @property
    def start(self) -> int:
        return self.pieces[0].in_document

    @property
    def end(self) -> int:
        return max(piece.in_document + len(piece.word.text) for piece in self.pieces)

    @property
    def box(self) -> Box | None:
        boxes = [piece.word.box for piece in self.pieces if piece.word.box]
        return around(boxes) if boxes else None

    @property
    def confidence(self) -> float:
        return min(piece.word.confidence for piece in self.pieces)

    def part(self, start: int, end: int) -> Row:
        """The row of the words that touch characters `start` to `end` of this row's text."""
        kept = [piece for piece in self.pieces if piece.in_row < end and start < piece.in_row + len(piece.text)]
        return make_row(
            [(piece.in_document, piece.word) for piece in kept or self.pieces], self.page, self.source, self.column
        )


def found(field: str, value: object, confidence: float, rows: Row | Sequence[Row], **facts: object) -> Finding:
    """A finding with its place: the rows it was read from; its witness is how they were read."""
    rows = [rows] if isinstance(rows, Row) else rows
    place: dict[str, object] = {}
    if rows:
        boxes = [row.box for row in rows if row.box and row.page == rows[0].page]
        place = {
            "span": Span(min(row.start for row in rows), max(row.end for row in rows)),
            "page": rows[0].page if rows[0].source != "text" else None,  # a recognised text has no pages to look at
            "box": around(boxes) if boxes else None,
            "witness": rows[0].source,
        }
    return Finding(field, value, confidence, **{**place, **facts})  # type: ignore[arg-type]


_LEFTOVERS = "*#\\`☆★✩⭐•|[]{}<>~^¬¦©®ˆ˜ˇ´¨"


def make_row(words: Iterable[tuple[int, Word]], page: int, source: str, column: str, after_blank: bool = False) -> Row:
    """A row of (offset in the document, word), in reading order; Markdown and stars of seals are dropped."""
    pieces: list[Piece] = []
    at = 0
    for offset, word in words:
        text = plain_letters(word.text).strip(_LEFTOVERS)
        text = "" if re.fullmatch(r"_+", text) else text
        if text:
            pieces.append(Piece(word, text, offset, at))
            at += len(text) + 1
    return Row(tuple(pieces), page, source, column, after_blank)


def rows_of(text: Text, stamp: Stamp | None = None) -> list[Row]:
    """All rows of a document in reading order; on the first and last page column by column where boxes are known."""
    rows: list[Row] = []
    for page in text.pages:
        begin = text.offset_of(page.number) if _is_alone(text, page) else _offset_of(text, page)
        if any(word.box for word in page.words[:1]):
            rows += _by_columns(page, begin, stamp)
        else:
            rows += _by_lines(text, page, begin)
    return [row for row in rows if row.pieces]


def _is_alone(text: Text, page: Page) -> bool:
    return sum(other.number == page.number for other in text.pages) == 1


def _offset_of(text: Text, page: Page) -> int:
    index = next(n for n, other in enumerate(text.pages) if other is page)
    return sum(len(other.plain) + 1 for other in text.pages[:index])


# ------------------------------------------------------------------------------------------------ without boxes

_RIGHT_HEADING = re.compile(
    r"(?<=\S)\s+(?=c[oộ]ng h[oò][aà] x[aã] h[oộ]i|đ[aả]ng c[oộ]ng s[aả]n vi[eệ]t nam|đ[oộ]c l[aậ]p\s*-\s*t[uự] do)"
    r"|(?<=[A-ZĐ\d])\s+(?=(?:\w+ ){0,4}\w+\s?, ?ng[aà]y\b)",
    re.IGNORECASE,
)


def _by_lines(text: Text, page: Page, begin: int) -> list[Row]:
    rows: list[Row] = []
    end_before = begin
    for line in _lines_of(text, page, begin):
        blank = "\n\n" in re.sub(r"[^\S\n]", "", text.plain[end_before : line.start])
        words = list(_placed(page, begin, line))
        for part in _split_columns(words, page) if len(rows) < 16 else [words]:
            rows.append(make_row(part, page.number, page.source, UNKNOWN, blank))
        end_before = line.end
    return rows


def _lines_of(text: Text, page: Page, begin: int) -> list[Line]:
    return [line for line in text.lines if begin <= line.start < begin + len(page.plain) + 1]


def _placed(page: Page, begin: int, line: Line) -> Iterator[tuple[int, Word]]:
    at = line.start
    for word in line.words:
        at = begin + page.plain.index(word.text, at - begin)
        yield at, word
        at += len(word.text)


def _split_columns(words: list[tuple[int, Word]], page: Page) -> list[list[tuple[int, Word]]]:
    """Both columns read as one line: `ỦY BAN NHÂN DÂN CỘNG HÒA XÃ HỘI …`, `Số: 12/UBND-VX Hà Nội, ngày …`."""
    row = make_row(words, page.number, page.source, UNKNOWN)
    if not row.pieces or len(row.text) > 160:
        return [words]
    cut = next((m for m in _RIGHT_HEADING.finditer(row.text) if _parts_columns(row.text, m)), None)
    if not cut:
        return [words]
    right = next(piece.in_document for piece in row.pieces if piece.in_row >= cut.end())
    return [[one for one in words if one[0] < right], [one for one in words if one[0] >= right]]


def _parts_columns(text: str, cut: re.Match[str]) -> bool:
    """A place before `ngày` is the right column only beside a number."""
    left, right = text[: cut.start()], text[cut.end() :]
    return (
        bool(re.match(r"\W*(?:\w+ ){0,3}s[oố]\b.*[A-ZĐ]", left, re.IGNORECASE))
        if ", ng" in right[:40]
        else len(left) > 3
    )


# ------------------------------------------------------------------------------------------------ with boxes

_WELL_READ = 0.8
_WORD_GAP = 0.015
"""Of the page's width: no more stands between two words of one line."""


def _by_columns(page: Page, begin: int, stamp: Stamp | None) -> list[Row]:
    """The rows of a page with boxes: lines cut at the gutter, pieces at one height of one column joined."""
    hidden = _under_stamp(page, stamp)
    placed = [
        (begin + start, word)
        for start, word in zip(page.starts, page.words, strict=True)
        if word.box and id(word) not in hidden
    ]
    strips = [strip for line in _tesseract_lines(placed) for strip in _cut_at_gutter(line)]
    rows: list[tuple[float, str, list[tuple[int, Word]]]] = []
    for strip in sorted(strips, key=lambda strip: _middle(strip)):
        column = _column(strip)
        same = next((row for row in rows[-6:] if _continues(row, column, strip)), None)
        if same:
            same[2].extend(strip)
            same[2].sort(key=lambda one: one[1].box[0] if one[1].box else 0)
        else:
            rows.append((_middle(strip), column, strip))
    return [make_row(words, page.number, page.source, column) for _, column, words in _reading_order(rows)]


def _under_stamp(page: Page, stamp: Stamp | None) -> set[int]:
    """The ids of the stamp's own words; a line of print that runs under its edge keeps the words read well."""
    hidden = {id(word) for word in page.words if word.box and _under(stamp, page, word.box)}
    pairs = [*itertools.pairwise(page.words)] if hidden else []
    for one, other in [*((b, a) for a, b in pairs), *reversed(pairs)]:  # from either edge inwards
        clear = id(one) in hidden and id(other) not in hidden and one.confidence >= _WELL_READ
        if clear and _side_by_side(one, other):
            hidden.discard(id(one))
    return hidden


def _side_by_side(one: Word, other: Word) -> bool:
    if not (one.box and other.box) or (one.block, one.line) != (other.block, other.line):
        return False
    return max(one.box[0], other.box[0]) - min(one.box[2], other.box[2]) < _WORD_GAP


def _under(stamp: Stamp | None, page: Page, box: Box) -> bool:
    if not stamp or stamp.page != page.number or not stamp.box:
        return False
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    left, top, right, bottom = stamp.box
    return left <= x <= right and top <= y <= bottom


def _tesseract_lines(placed: list[tuple[int, Word]]) -> list[list[tuple[int, Word]]]:
    lines: dict[tuple[int, int], list[tuple[int, Word]]] = {}
    for offset, word in placed:
        lines.setdefault((word.block, word.line), []).append((offset, word))
    return list(lines.values())


_MARK = re.compile(r"(?:hoa toc|thuong khan|khan|toi mat|tuyet mat|mat)\W*")


_MOTTO = re.compile(r"c[o0]ng h[o0]a xa h[o0]i|dang cong san viet nam$|doc lap\W+tu do")


def _begins_motto(line: Sequence[tuple[int, Word]], index: int) -> bool:
    """`ỦY BAN NHÂN DÂN CỘNG HÒA XÃ HỘI …`: both columns print so near each other that no gutter is seen."""
    box = line[index][1].box
    if not box or not 0.35 < box[0] < 0.66 or line[index][1].text[0] not in "CĐÐD":
        return False
    return bool(_MOTTO.match(fold(plain_letters(" ".join(word.text for _, word in line[index:])))))


def _is_beside_mark(line: Sequence[tuple[int, Word]], index: int) -> bool:
    """`THƯỢNG KHẨN.` in its frame, and an addressee on the same height: `- Các sở;`."""
    before, after = line[index - 1][1].box, line[index][1].box
    if not before or not after or after[0] - before[2] < 0.022 or before[2] > 0.5:
        return False
    return bool(_MARK.fullmatch(fold(plain_letters(" ".join(word.text for _, word in line[:index])))))


_NO_BEGINNING = re.compile(r"^(?:[/\-–.,:;…_]|th[aá]ng\b|n[aă]m\b|ng[aà]y\b|\d)", re.IGNORECASE)
_NO_END = re.compile(r"(?:[Ss]ố|ng[aà]y|th[aá]ng|n[aă]m)\W*$")


def _cut_at_gutter(line: list[tuple[int, Word]]) -> list[list[tuple[int, Word]]]:
    """A line that runs over both columns of a heading, in two; blanks left to the pen are no gutter."""
    line = sorted(line, key=lambda one: one[1].box[0] if one[1].box else 0.0)
    for index in range(1, len(line)):
        before, after = line[index - 1][1], line[index][1]
        apart = before.box and after.box and (_is_gutter(before, after) or _is_beside_mark(line, index))
        if apart or _begins_motto(line, index):
            return [line[:index], line[index:]]
    return [line]


def _is_gutter(before: Word, after: Word) -> bool:
    assert before.box and after.box  # noqa: S101 - the caller looked
    gap = after.box[0] - before.box[2]
    near = gap >= 0.022 and 0.3 < after.box[0] < 0.66 and before.box[2] <= 0.58
    if not near and not (gap > 0.12 and after.box[0] > 0.45):
        return False
    return not (_NO_BEGINNING.match(plain_letters(after.text)) or _NO_END.search(before.text))


def _middle(strip: Sequence[tuple[int, Word]]) -> float:
    box = around(word.box for _, word in strip if word.box)
    return (box[1] + box[3]) / 2


def _column(strip: Sequence[tuple[int, Word]]) -> str:
    left, _, right, _ = around(word.box for _, word in strip if word.box)
    centre = (left + right) / 2
    if right <= 0.57 and centre < 0.42:
        return LEFT
    return RIGHT if left >= 0.35 and centre > 0.6 else MIDDLE


def _continues(row: tuple[float, str, list[tuple[int, Word]]], column: str, strip: list[tuple[int, Word]]) -> bool:
    """Two strips at one height of one column, side by side: `Số:` and `/UBND-KTTH` with the pen's place between."""
    if row[1] != column or _is_beside_mark([*row[2], *strip], len(row[2])):
        return False
    one = around(word.box for _, word in row[2] if word.box)
    other = around(word.box for _, word in strip if word.box)
    overlap = min(one[3], other[3]) - max(one[1], other[1])
    apart = other[0] >= one[2] - 0.01 or one[0] >= other[2] - 0.01
    return apart and overlap > 0.5 * min(one[3] - one[1], other[3] - other[1])


def _reading_order(
    rows: list[tuple[float, str, list[tuple[int, Word]]]],
) -> list[tuple[float, str, list[tuple[int, Word]]]]:
    """Top to bottom; where both columns run side by side, the left one first."""
    ordered: list[tuple[float, str, list[tuple[int, Word]]]] = []
    beside: list[tuple[float, str, list[tuple[int, Word]]]] = []
    for row in sorted(rows, key=lambda row: row[0]):
        if row[1] == MIDDLE:
            ordered += sorted(beside, key=lambda one: one[1] == RIGHT)
            beside = []
            ordered.append(row)
        else:
            beside.append(row)
    return ordered + sorted(beside, key=lambda one: one[1] == RIGHT)
