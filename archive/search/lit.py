"""Where on its page a found word stands: boxes for the page's own picture."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import PageRow, Words
from archive.pages import unpacked
from archive.reading import Box, Span
from archive.search.query import Query
from archive.search.results import Result
from archive.search.snippets import spans

_PAGES = sa.select(PageRow.scan_id, PageRow.number, PageRow.plain, Words.data).join(Words, Words.page_id == PageRow.id)


def boxes(session: Session, query: Query, hits: Sequence[Result]) -> dict[str, list[Box]]:
    """By document the boxes of the words that `query` finds on the page of each hit; the hits may be seen."""
    wanted = {(hit.scan_id, hit.page): hit.id for hit in hits if hit.page is not None}
    places = sa.tuple_(PageRow.scan_id, PageRow.number).in_(list(wanted))
    rows = session.execute(_PAGES.where(places)).all() if wanted else []
    found = {(row.scan_id, row.number): _boxes(row.plain, row.data, query) for row in rows}
    return {hit.id: found.get((hit.scan_id, hit.page or 0), []) for hit in hits}


def on_page(session: Session, query: Query, scan_id: str, page: int) -> list[Box]:
    """The same for any page of a scan; the caller has made sure that it may be seen."""
    row = session.execute(_PAGES.where(PageRow.scan_id == scan_id, PageRow.number == page)).first()
    return _boxes(row.plain, row.data, query) if row else []


def _boxes(plain: str, data: bytes, query: Query) -> list[Box]:
    found = spans(plain, query)
    if not found:
        return []
    words, starts = unpacked(data)
    return [
        word.box for word, start in zip(words, starts, strict=True)
        if word.box and _touches(found, start, start + len(word.text))
    ]  # fmt: skip


def _touches(found: Sequence[Span], start: int, end: int) -> bool:
    return any(span.start < end and start < span.end for span in found)
