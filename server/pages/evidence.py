"""The pages of a document as they are looked at: image, boxes of the evidence, recognised text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from archive.models import Document, PageRow
from server.pages import queue, shown
from server.speech import gettext as _

WIDE = 1000
"""Units of the overlay across a page; its height follows from the page."""


@dataclass(frozen=True)
class Frame:
    """One box on a page, in units of the overlay."""

    name: str
    """The line of the form it belongs to."""
    label: str
    kind: str
    """okc | warnc | badc | citec: the class that colours it."""
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Sheet:
    """One page."""

    number: int
    """In the scan."""
    place: int
    """In the document, from 1."""
    src: str
    """Where its picture is."""
    width: int
    height: int
    tall: int
    """Units of the overlay from top to bottom."""
    frames: Sequence[Frame]
    text: str
    advice: str


def pages_of(document: Document) -> list[Sheet]:
    """The pages of `document` in its order."""
    rows = {row.number: row for row in document.scan.page_rows}
    found = list(_boxes(document))
    return [
        _sheet(document, rows[number], place, [one for one in found if one[0] == number])
        for place, number in enumerate(document.pages, 1)
        if number in rows
    ]


def _sheet(
    document: Document, row: PageRow, place: int, boxes: Iterable[tuple[int, str, str, str, Sequence[float]]]
) -> Sheet:
    width, height = row.width or 1000, row.height or 1414
    tall = round(WIDE * height / width)
    frames = [_frame(name, label, kind, box, tall) for _page, name, label, kind, box in boxes]
    advice = " ".join(_(shown.SCAN_AGAIN.get(word) or shown.ADVICE.get(word, word)) for word in row.advice)
    src = queue.picture(document.id, row.number, row.turned)
    return Sheet(row.number, place, src, width, height, tall, frames, row.plain, advice)


def _frame(name: str, label: str, kind: str, box: Sequence[float], tall: int) -> Frame:
    x, y = round(box[0] * WIDE) - 4, round(box[1] * tall) - 4
    return Frame(name, label, kind, x, y, round((box[2] - box[0]) * WIDE) + 8, round((box[3] - box[1]) * tall) + 8)


def _boxes(document: Document) -> Iterable[tuple[int, str, str, str, Sequence[float]]]:
    """(page, name, label, kind, box) of all that has a place on paper; large frames first."""
    if document.stamp and document.stamp.box:
        yield document.stamp.page, "stamp", _("Dấu ĐẾN"), "okc", document.stamp.box
        yield from _of_stamp(document.stamp.findings)
    for citation in document.citations:
        for mention in citation.mentions:
            if mention.get("page") and mention.get("box"):
                yield (
                    mention["page"],
                    "citation",
                    citation.code or citation.type or _("Viện dẫn"),
                    "citec",
                    mention["box"],
                )
    for name, settled in document.fields.items():
        if settled.get("page") and settled.get("box"):
            yield settled["page"], name, shown.field_name(name), _kind(settled), settled["box"]


def _of_stamp(findings: Iterable[dict[str, Any]]) -> Iterable[tuple[int, str, str, str, Sequence[float]]]:
    names = {"number": "arrival", "date": "arrived_on", "forward_to": "stamp.forward_to"}
    told: set[str] = set()
    for one in findings:
        name = one.get("field", "")
        if name in names and name not in told and one.get("page") and one.get("box"):
            told.add(name)
            yield one["page"], names[name], _(shown.STAMP_FIELDS[name]), "warnc", one["box"]


def _kind(settled: dict[str, Any]) -> str:
    if settled.get("sure"):
        return "okc"
    return "badc" if settled.get("value") is None else "warnc"
