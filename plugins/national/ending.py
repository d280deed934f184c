"""The end of a paper: Nơi nhận with the archive line, and who signed by whose authority (NĐ 30/2020, art. 13)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archive import is_capitals, organ_name, syllables

from .lists import last_recipients, recipients_of
from .rows import LEFT, RIGHT, Row
from .signature import AROUND_NAME, deputy_title, is_authority, is_name, is_title, printed_name

_SEARCHED = 90
"""Rows from the end in which the ending is looked for; annexes may follow it."""


_SIGNED = re.compile(r"\(?\s*(?:da ky|ky ten|ky, ghi|ky boi|nguoi ky|thoi gian ky|ngay ky|email|co quan:)")
_SEAL_NOISE = 0.2
"""Confidence under which a line among the signature's is strokes of pen and seal."""


@dataclass
class Ending:
    """The rows at the end of a paper, by what they are."""

    recipients: list[tuple[str, Row]] = field(default_factory=list)
    archive_copy: tuple[str, ...] = ()
    authority: list[Row] = field(default_factory=list)
    title: list[Row] = field(default_factory=list)
    name: Row | None = None
    unread_name: Row | None = None
    """Where the name must stand when it could not be read."""
    strays: list[Row] = field(default_factory=list)
    """What stands after the signer's name: initials, noise of a seal."""


def read_ending(rows: Sequence[Row], heading_end: int) -> Ending:
    """What stands after the body; `heading_end` is the index of the body's first row."""
    ending = Ending()
    start = last_recipients(rows, heading_end)
    if start is not None:
        ending.recipients, ending.archive_copy = recipients_of(rows, start)
    _read_signature(ending, rows, start, heading_end)
    return ending


def _read_signature(ending: Ending, rows: Sequence[Row], recipients: int | None, heading_end: int) -> None:
    for candidates in _candidates(rows, recipients, heading_end):
        block = _block(candidates)
        if block:
            _take_block(ending, block)
            return


def _candidates(rows: Sequence[Row], recipients: int | None, heading_end: int) -> Iterator[list[Row]]:
    """Rows a signature may stand in: beside and after Nơi nhận; before it; the end of the paper."""
    listed = _listed(rows, recipients)
    if recipients is not None:
        page = rows[recipients].page
        beside = [row for row in rows if row.column == RIGHT and row.page == page and _near(rows[recipients], row)]
        if beside:
            yield beside
        yield [row for row in rows[recipients + 1 : recipients + 80] if id(row) not in listed and row.column != LEFT]
        yield list(rows[max(heading_end, recipients - 8) : recipients])
        return
    yield [row for row in rows[max(heading_end, len(rows) - _SEARCHED) :] if row.column != LEFT]


def _listed(rows: Sequence[Row], recipients: int | None) -> set[int]:
    return {id(row) for _, row in recipients_of(rows, recipients)[0]} if recipients is not None else set()


def _near(recipients: Row, row: Row) -> bool:
    return bool(row.box and recipients.box and row.box[1] > recipients.box[1] - 0.03)


def _block(rows: Sequence[Row]) -> list[Row]:
    """The rows from the first authority or title on; or from a lone name."""
    for index, row in enumerate(rows):
        if is_authority(row) or is_title(row):
            return list(rows[index : index + 14])
    head = [row for row in rows if not row.is_rule][:3]
    name = next((row for row in head if is_name(row.text)), None)
    return [row for row in rows if row.start >= name.start] if name and not re.match(r"\W*-", rows[0].text) else []


def _take_block(ending: Ending, block: list[Row]) -> None:
    for index, row in enumerate(block):
        text = printed_name(row)
        if row.is_rule or _SIGNED.match(row.folded):
            continue
        if is_name(text):
            ending.name = row
            ending.strays = [
                one for one in block[index + 1 : index + 4] if not one.is_rule and not _SIGNED.match(one.folded)
            ]
            return
        row = _without_scraps(row)
        if not is_capitals(row.text) or sum(map(str.isalpha, row.text)) < 4:
            _may_be_name(ending, row)
            continue
        if is_authority(row) or (_speaks_for_organ(ending) and not ending.title and _names_organ(row)):
            ending.authority.append(row)
        elif is_title(row) or (ending.title and _goes_on(row)) or deputy_title(ending.authority, row.text):
            ending.title.append(row)


def _without_scraps(row: Row) -> Row:
    """`“ˆa PHÓ. GIÁM ĐỐC` without the strokes of seal and pen before the first capital word of a title."""
    if is_capitals(row.text) or row.source != "ocr":
        return row
    for n, piece in enumerate(row.pieces[:3]):
        rest = row.part(piece.in_row, len(row.text))
        if n and is_capitals(rest.text) and (is_title(rest) or is_authority(rest)):
            return rest
    return row


def _may_be_name(ending: Ending, row: Row) -> None:
    """Under a title and in no capitals: strokes of pen and seal over a name that cannot be read."""
    words = [word.strip(AROUND_NAME) for word in row.text.split()]
    named = [word for word in words if word[:1].isupper() and word[1:].islower()]
    if (ending.title or ending.authority) and row.source == "ocr" and len(named) > 0 and len(words) < 7:
        ending.unread_name = row


def _goes_on(row: Row) -> bool:
    """A second line of a title is made of words; strokes of pen and seal are not."""
    return row.confidence >= _SEAL_NOISE and syllables(row.text.split()) > 0.7


def _speaks_for_organ(ending: Ending) -> bool:
    """TM. is followed by an organ; KT. and TL. by a person: what follows them begins a title."""
    return bool(ending.authority) and bool(re.match(r"t\s?[/.lI|]?\s?m", ending.authority[-1].folded))


def _names_organ(row: Row) -> bool:
    """The rest of an organ's name on a line of its own: `TM. ỦY BAN THƯỜNG VỤ` / `QUỐC HỘI`."""
    return not is_title(row) and organ_name(row.text)[1] == 1
