"""What was read on paper: words with boxes on upright pages, and the text of a document made of them."""

from __future__ import annotations

import dataclasses
import functools
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from archive.vietnamese import fold

Box = tuple[float, float, float, float]
"""left, top, right, bottom as fractions (0..1) of the upright page."""


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all of `boxes` (at least one)."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def middle(box: Box) -> tuple[float, float]:
    """Its middle, across and down."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def within(inner: Box, box: Box) -> Box:
    """A box of a part of the page as one of the page, on which the part stands at `box`."""
    wide, high = box[2] - box[0], box[3] - box[1]
    return box[0] + inner[0] * wide, box[1] + inner[1] * high, box[0] + inner[2] * wide, box[1] + inner[3] * high


def turned_box(box: Box, clockwise: int) -> Box:
    """Where `box` stands once its page is turned by 0, 90, 180 or 270 degrees."""
    for _quarter in range(clockwise // 90 % 4):
        left, top, right, bottom = box
        box = 1 - bottom, left, 1 - top, right
    return box


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open offsets, in Unicode code points, into `Text.plain`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it was recognised (NFC, no white space)."""

    text: str
    box: Box | None
    """None for recognised text that came without pages."""
    confidence: float
    """0..1, what the reader said of itself: not calibrated. 1.0 for a text layer."""
    line: int = 0
    """Number of the line on the page, in reading order."""
    block: int = 0
    """Number of the layout block (column, paragraph) the line belongs to."""
    first: str | None = None
    """What was read first, where a second look read something better."""

    def is_in(self, box: Box) -> bool:
        """Whether its middle stands in `box`."""
        if self.box is None:
            return False
        x, y = middle(self.box)
        return box[0] < x < box[2] and box[1] < y < box[3]


def following(words: Sequence[Word], added: Iterable[Word]) -> list[Word]:
    """`added` on lines and in blocks of their own, behind those of `words`."""
    line, block = (max((getattr(word, name) for word in words), default=-1) + 1 for name in ("line", "block"))
    return [dataclasses.replace(word, line=word.line + line, block=word.block + block) for word in added]


@dataclass(frozen=True, slots=True)
class Gap:
    """A place on a printed skeleton that is left to the pen: `Số: ____/UBND-VX`, `ngày __ tháng __`."""

    kind: str
    """number | day | month | year"""
    box: Box
    readings: tuple[tuple[str, float], ...] = ()
    """Rival readings with calibrated confidence, best first; "" says blank; empty says nobody could read it."""
    handwritten: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """One upright page of a scan, as read."""

    number: int
    """1-based, in the scan."""
    words: tuple[Word, ...] = ()
    plain: str = ""
    """The words in reading order: one blank between words, LF between lines, an empty line between blocks."""
    starts: tuple[int, ...] = ()
    """Offset of each word in `plain`."""
    source: str = "ocr"
    """ocr | layer (a born-digital text layer) | blank | text (recognised text handed in)"""
    reason: str = ""
    """Why it was read this way; English, for the log and the administrator."""
    width: int = 0
    height: int = 0
    """Pixels of the upright page image the words were read from; 0 without an image."""
    dpi: float | None = None
    rotation: int = 0
    """Degrees clockwise the image of the file was turned to stand upright: 0, 90, 180 or 270."""
    confidence: float = 1.0
    """Mean confidence of the words."""
    advice: tuple[str, ...] = ()
    """Codes of honest advice to the clerk: faint, low_resolution, cut_off, rotated ..."""
    gaps: tuple[Gap, ...] = ()

    @classmethod
    def of_words(cls, number: int, words: Sequence[Word], **facts: object) -> Page:
        """A page from words in reading order; `plain` and `starts` follow from their lines and blocks."""
        plain, starts = _lay_out(words)
        mean = sum(w.confidence for w in words) / len(words) if words else 1.0
        return dataclasses.replace(
            cls(number, tuple(words), plain, starts, confidence=mean),
            **facts,  # type: ignore[arg-type]
        )

    def with_more(self, words: Iterable[Word], **facts: object) -> Page:
        """The same page with `words` behind its own; `facts` are those that change by it."""
        names = ("source", "reason", "width", "height", "dpi", "rotation", "advice")
        kept = {name: getattr(self, name) for name in names}
        return Page.of_words(self.number, (*self.words, *following(self.words, words)), **kept | facts)

    def turned(self, clockwise: int) -> Page:
        """The same page turned by 0, 90, 180 or 270 degrees more: its boxes with it, its text as it was."""
        words = tuple(
            dataclasses.replace(word, box=turned_box(word.box, clockwise)) if word.box else word for word in self.words
        )
        gaps = tuple(dataclasses.replace(gap, box=turned_box(gap.box, clockwise)) for gap in self.gaps)
        width, height = (self.height, self.width) if clockwise % 180 else (self.width, self.height)
        rotation = (self.rotation + clockwise) % 360
        return dataclasses.replace(self, words=words, gaps=gaps, width=width, height=height, rotation=rotation)

    @classmethod
    def of_text(cls, number: int, text: str) -> Page:
        """A page of recognised text: offsets stay those of `text` in NFC."""
        plain = unicodedata.normalize("NFC", text)
        found = list(re.finditer(r"\S+", plain))
        ends = [m.start() for m in re.finditer("\n", plain)]
        words = tuple(Word(m.group(), None, 1.0, bisect_right(ends, m.start())) for m in found)
        return cls(number, words, plain, tuple(m.start() for m in found), "text", "recognised text was handed in")

    @property
    def folded(self) -> str:
        """Lower case, no marks, đ→d; same length as `plain`."""
        return fold(self.plain)


def _lay_out(words: Sequence[Word]) -> tuple[str, tuple[int, ...]]:
    parts: list[str] = []
    starts: list[int] = []
    length, last = 0, None
    for word in words:
        gap = "" if last is None else _between(last, word)
        parts += gap, word.text
        starts.append(length + len(gap))
        length = starts[-1] + len(word.text)
        last = word
    return "".join(parts), tuple(starts)


def _between(last: Word, word: Word) -> str:
    if word.block != last.block:
        return "\n\n"
    return " " if word.line == last.line else "\n"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a document's text."""

    start: int
    end: int
    page: int
    """Number of the page in the scan."""
    text: str
    words: tuple[Word, ...]

    @property
    def box(self) -> Box | None:
        """Where the line stands on its page; None without boxes."""
        boxes = [w.box for w in self.words if w.box]
        return around(boxes) if boxes else None


class Text:
    """The text of one document: its pages one after another, a form feed between two pages.

    `plain` is NFC and shown; `folded` has the same length and is searched: a Span of one is valid in the other.
    """

    def __init__(self, pages: Sequence[Page]) -> None:
        self.pages = tuple(pages)
        self.plain = "\f".join(page.plain for page in self.pages)
        lengths = [len(page.plain) + 1 for page in self.pages]
        self._page_starts = [sum(lengths[:n]) for n in range(len(lengths))]

    @functools.cached_property
    def folded(self) -> str:
        """Lower case, no marks, đ→d; same length as `plain`."""
        return fold(self.plain)

    @property
    def has_boxes(self) -> bool:
        """False for recognised text that came without pages."""
        return any(word.box for page in self.pages for word in page.words[:1])

    def page_at(self, offset: int) -> Page:
        """The page on which the character at `offset` stands."""
        return self.pages[max(0, bisect_right(self._page_starts, offset) - 1)]

    def offset_of(self, page_number: int) -> int:
        """Where the page with this number in the scan begins in `plain`."""
        index = next(n for n, page in enumerate(self.pages) if page.number == page_number)
        return self._page_starts[index]

    def words_in(self, span: Span) -> Iterator[tuple[Page, Word]]:
        """Each word that `span` touches, with its page."""
        for page, begin in zip(self.pages, self._page_starts, strict=True):
            if begin > span.end or begin + len(page.plain) < span.start:
                continue
            for start, word in zip(page.starts, page.words, strict=True):
                if begin + start < span.end and span.start < begin + start + len(word.text):
                    yield page, word

    def where(self, span: Span) -> tuple[tuple[int, Box], ...]:
        """(page number, box) for each line piece of `span`, in reading order; empty without boxes."""
        pieces: dict[tuple[int, int], list[Box]] = {}
        for page, word in self.words_in(span):
            if word.box:
                pieces.setdefault((page.number, word.line), []).append(word.box)
        return tuple((page, around(boxes)) for (page, _), boxes in pieces.items())

    def box_of(self, span: Span) -> tuple[int, Box] | tuple[None, None]:
        """The page on which `span` begins and one box around its pieces there; (None, None) without boxes."""
        pieces = self.where(span)
        if not pieces:
            return None, None
        page = pieces[0][0]
        return page, around(box for number, box in pieces if number == page)

    def confidence_of(self, span: Span) -> float:
        """The least confidence of the words in `span`; 0 when there is none."""
        return min((word.confidence for _, word in self.words_in(span)), default=0.0)

    @functools.cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines that hold at least one word, in reading order."""
        return tuple(self._lines())

    def _lines(self) -> Iterator[Line]:
        for page, begin in zip(self.pages, self._page_starts, strict=True):
            by_line: dict[int, list[tuple[int, Word]]] = {}
            for start, word in zip(page.starts, page.words, strict=True):
                by_line.setdefault(word.line, []).append((start, word))
            for of_line in by_line.values():
                start, end = of_line[0][0], of_line[-1][0] + len(of_line[-1][1].text)
                yield Line(begin + start, begin + end, page.number, page.plain[start:end], tuple(w for _, w in of_line))
