"""Rows of pages and words <-> `archive.reading.Page`: what was read once is never read again."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from archive.models import PageRow, Words
from archive.reading import Box, Gap, Page, Word

PLACES = 5
"""Decimals of a box: a tenth of a pixel on an A4 page at 600 dpi."""
_of_scan = (
    sa.select(PageRow).where(PageRow.scan_id == sa.bindparam("scan")).order_by(PageRow.number)
    .options(selectinload(PageRow.words))
)  # fmt: skip


def keep(session: Session, scan_id: str, page: Page) -> PageRow:
    """Write what was read on one page, in place of an earlier reading."""
    row = session.scalar(sa.select(PageRow).where(PageRow.scan_id == scan_id, PageRow.number == page.number))
    if row is None:
        row = PageRow(scan_id=scan_id, number=page.number)
        session.add(row)
    row.source, row.reason = page.source, page.reason[:500]
    row.width, row.height, row.dpi, row.rotation = page.width, page.height, page.dpi, page.rotation
    row.confidence, row.advice, row.plain = page.confidence, list(page.advice), page.plain
    row.gaps = gaps_json(page.gaps)
    data = packed(page)
    if row.words is None:
        row.words = Words(data=data)
    else:
        row.words.data = data
    session.flush()
    return row


def of_scan(session: Session, scan_id: str, numbers: Sequence[int] | None = None) -> tuple[Page, ...]:
    """The pages of a scan in order, all or those with `numbers`."""
    rows = session.scalars(_of_scan, {"scan": scan_id}).all()
    return tuple(page_of(row) for row in rows if numbers is None or row.number in numbers)


def page_of(row: PageRow) -> Page:
    """The page a row keeps."""
    words, starts = unpacked(row.words.data) if row.words else ((), ())
    return Page(
        row.number, words, row.plain, starts, row.source, row.reason, row.width, row.height, row.dpi, row.rotation,
        row.confidence, tuple(row.advice), tuple(_gap(gap) for gap in row.gaps),
    )  # fmt: skip


def packed(page: Page) -> bytes:
    """The words and their offsets as zlib-compressed JSON: [[text, box, confidence, line, block, start], …].

    A word that was looked at again has what was read first after these.
    """
    rows = [
        [*_facts(word), start, *filter(None, [word.first])] for word, start in zip(page.words, page.starts, strict=True)
    ]
    return zlib.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode())


def _facts(word: Word) -> tuple[object, ...]:
    return word.text, box_json(word.box), round(word.confidence, 4), word.line, word.block


def unpacked(data: bytes) -> tuple[tuple[Word, ...], tuple[int, ...]]:
    """Words and offsets of `packed`."""
    rows: list[list[Any]] = json.loads(zlib.decompress(data))
    words = tuple(
        Word(text, box_of(box), confidence, line, block, *first)
        for text, box, confidence, line, block, _, *first in rows
    )
    return words, tuple(row[5] for row in rows)


def gaps_json(gaps: Sequence[Gap]) -> list[dict[str, Any]]:
    """Gaps as plain values."""
    return [
        {"kind": gap.kind, "box": box_json(gap.box), "readings": [list(r) for r in gap.readings],
         "handwritten": gap.handwritten}
        for gap in gaps
    ]  # fmt: skip


def _gap(value: dict[str, Any]) -> Gap:
    readings = tuple((str(text), float(confidence)) for text, confidence in value["readings"])
    return Gap(value["kind"], tuple(value["box"]), readings, value["handwritten"])


def box_json(box: Box | None) -> list[float] | None:
    """A box as a plain list."""
    return [round(edge, PLACES) for edge in box] if box else None


def box_of(value: Sequence[float] | None) -> Box | None:
    """A box of a plain list."""
    return (value[0], value[1], value[2], value[3]) if value else None
