"""A document that was found, as a person sees it: marked words, the piece of its page, why, and where it opens."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import Document, PageRow
from archive.reading import Box
from archive.search import Query, keys, lit, spans
from archive.search.find import Result
from archive.search.query import Clause, Code, Date, Phrase, Word
from archive.search.words import WORD, line
from archive.searches import Question
from server.pages import queue
from server.pages.cuttings import Cutting, cutting
from server.speech import gettext as _

Pieces = list[tuple[str, bool]]
"""Text in pieces, True where a piece is what was looked for."""


@dataclass(frozen=True)
class Shown:
    """One hit."""

    result: Result
    code: Pieces
    subject: Pieces
    why: str
    url: str
    """Of the document, at the page, with the words lit."""
    thumb: str
    """Address of the page's small picture."""
    turned: str
    """What stands behind the addresses of pictures of a page that was turned."""
    cut: Cutting | None
    """The piece of the page with the words that were found; None where nobody knows where they stand."""


@dataclass(frozen=True)
class _Page:
    """Where a page stands in its document, and its shape."""

    place: int
    tall: float
    """Its height in its widths."""
    turned: int | None
    """As a person turned it: then its pictures have other addresses."""


def of(session: Session, asked: Question, results: Sequence[Result]) -> list[Shown]:
    """The hits of one page of results, which the user may all see."""
    query = asked.query()
    found = _as_found(query, results)
    boxes = lit.boxes(session, found, results) if query.has_words and results else {}
    pages = _pages(session, results)
    return [_shown(asked, (query, found), one, pages, boxes.get(one.id, ())) for one in results]


def _as_found(query: Query, results: Sequence[Result]) -> Query:
    """The question with what else was marked for it: an abbreviation written out, a word with a slip."""
    marked = {piece for one in results for piece, is_found in one.snippet if is_found}
    found = tuple(Phrase(tuple(map(Word.of, WORD.findall(piece)))) for piece in sorted(marked) if WORD.search(piece))
    return dataclasses.replace(query, clauses=(*query.clauses, Clause(found))) if found else query


def _pages(session: Session, results: Sequence[Result]) -> dict[tuple[str, int], _Page]:
    wanted = (
        sa.select(Document.id, Document.pages, PageRow.number, PageRow.width, PageRow.height, PageRow.turned)
        .join(PageRow, PageRow.scan_id == Document.scan_id)
        .where(Document.id.in_([one.id for one in results]), PageRow.number.in_({one.page for one in results}))
    )
    return {
        (row.id, row.number): _Page(
            row.pages.index(row.number) + 1, row.height / row.width if row.width else 1.414, row.turned
        )
        for row in session.execute(wanted)
        if row.number in row.pages
    }


def _shown(
    asked: Question, queries: tuple[Query, Query], one: Result, pages: Mapping[tuple[str, int], _Page],
    boxes: Sequence[Box],
) -> Shown:  # fmt: skip
    typed, found = queries
    page = pages.get((one.id, one.page or 0))
    code = pieces(one.full_code or one.document_type or one.filename, found)
    turned = page.turned if page else None
    anchor = f"#trang-{page.place}" if page else ""
    said = f"?{urlencode({'q': asked.text})}" if asked.text else ""
    return Shown(
        one, code, pieces(one.subject or "", found), why(typed, one, page.place if page else None),
        f"/documents/{one.id}{said}{anchor}", queue.picture(one.id, one.page or 1, turned, thumb=True),
        "" if turned is None else f"?turned={turned}", cutting(boxes, page.tall) if page and boxes else None,
    )  # fmt: skip


def pieces(text: str, query: Query) -> Pieces:
    """The whole of `text`, its found words marked."""
    told: Pieces = []
    position = 0
    for span in spans(text, query):
        told += [(text[position : span.start], False), (text[span.start : span.end], True)]
        position = span.end
    return [(piece, marked) for piece, marked in [*told, (text[position:], False)] if piece]


def why(query: Query, one: Result, place: int | None) -> str:
    """In words, for what reason a document was found; "" where nothing was asked in words."""
    reasons = []
    if any(_is_code(term, one) for term in query.positive):
        reasons.append(_("đúng số, ký hiệu"))
    if any(isinstance(term, Date) and (one.date or "").startswith(term.key) for term in query.positive):
        reasons.append(_("đúng ngày"))
    if _all_in(query, one.subject):
        reasons.append(_("đủ từ trong trích yếu"))
    if _all_in(query, one.issuing_organ):
        reasons.append(_("tên nơi gửi"))
    if any(marked for _piece, marked in one.snippet):
        reasons.append(_("trong nội dung, trang {}").format(place) if place else _("trong nội dung"))
    if not reasons and query.has_words:
        reasons.append(_("gần giống, có thể máy đọc sai vài chữ"))
    return ", ".join(reasons)


def _is_code(term: object, one: Result) -> bool:
    return isinstance(term, Code) and bool(term.parts) and set(term.parts) <= set(keys.parts_of(one.full_code or ""))


def _all_in(query: Query, text: str | None) -> bool:
    words = [word.folded for run in query.runs for word in run]
    return bool(words and text) and all(f" {word} " in line(text) for word in words)
