"""The words that were looked for, lit up on the pages of a paper that was opened from a search (`?q=`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from flask import request
from sqlalchemy.orm import Session

from archive.errors import BadQuery
from archive.models import Document
from archive.reading import Box
from archive.search import lit, parse
from server.pages.evidence import WIDE, Frame, Sheet
from server.speech import gettext as _

MOST_PAGES = 40


def on(session: Session, document: Document, sheets: Sequence[Sheet]) -> Sequence[Sheet]:
    """The same pages with a frame around each word that was found; a question nobody understands lights nothing."""
    try:
        query = parse(request.args.get("q", ""))
    except BadQuery:
        return sheets
    if not query.has_words:
        return sheets
    shown = [_lit(sheet, lit.on_page(session, query, document.scan_id, sheet.number)) for sheet in sheets[:MOST_PAGES]]
    return [*shown, *sheets[MOST_PAGES:]]


def _lit(sheet: Sheet, boxes: Sequence[Box]) -> Sheet:
    return dataclasses.replace(sheet, frames=[*(_frame(box, sheet.tall) for box in boxes), *sheet.frames])


def _frame(box: Box, tall: int) -> Frame:
    x, y = round(box[0] * WIDE) - 2, round(box[1] * tall) - 2
    width, height = round((box[2] - box[0]) * WIDE) + 4, round((box[3] - box[1]) * tall) + 4
    return Frame("found", _("Chữ tìm được"), "hitc", x, y, width, height)
