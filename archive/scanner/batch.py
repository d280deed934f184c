"""What a batch is to become: its pages, which of them go in, and into which file; plain values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from archive.errors import BadValue, NotFound
from archive.scanner import COLOURS, RESOLUTIONS, SOURCES, Wanted
from archive.scanner.facts import Facts

WHOLE, SHEET = "whole", "sheet"
_NO_PAGE = "Lô này không có trang ấy. Không trang nào bị đổi."
_WRONG = "Lựa chọn quét không hợp lệ; chưa quét gì. Hãy chọn lại."


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to become of the pages of one folder."""

    id: str
    owner: str
    """Id of the person it belongs to."""
    begun: str
    """ISO 8601, UTC."""
    wanted: Wanted
    files: str = WHOLE
    """whole: one file; sheet: one for each sheet; a number: a new file after so many pages."""
    drops_blank: bool = True
    urgent: bool = False
    secret: bool = False

    def __post_init__(self) -> None:
        known = self.wanted.source in SOURCES and self.wanted.colour in COLOURS
        if not known or self.wanted.resolution not in RESOLUTIONS:
            raise BadValue(_WRONG)
        if self.files not in (WHOLE, SHEET) and not re.fullmatch(r"[1-9]\d{0,2}", self.files):
            raise BadValue(_WRONG)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page and what a person did to it."""

    facts: Facts
    turn: int = 0
    out: bool | None = None
    """Left out, or brought back; None: as blank pages of the batch are."""
    begins: bool | None = None
    """Whether a new file begins here; None: as `Batch.files` says."""


def is_in(batch: Batch, leaf: Leaf) -> bool:
    """Whether a page goes into a file."""
    if leaf.facts.is_broken:
        return False
    return not leaf.out if leaf.out is not None else not (leaf.facts.is_blank and batch.drops_blank)


def files(batch: Batch, leaves: Sequence[Leaf]) -> list[list[Leaf]]:
    """The pages that go in, file by file."""
    made: list[list[Leaf]] = []
    group = begin = None
    for leaf in leaves:
        # A page that is left out still begins the file it was to begin: the next one does so in its place.
        begin = leaf.begins if leaf.begins is not None else begin
        if not is_in(batch, leaf):
            continue
        own = _group(batch, leaf)
        if not made or (begin if begin is not None else own != group):
            made.append([])
        made[-1].append(leaf)
        group, begin = own, None
    return made


def _group(batch: Batch, leaf: Leaf) -> int:
    if batch.files == WHOLE:
        return 0
    if batch.files == SHEET:
        return leaf.facts.sheet
    return (leaf.facts.number - 1) // int(batch.files)


def changed(leaves: Sequence[Leaf], number: int, what: str) -> list[Leaf]:
    """The pages once a button was pressed: out, in, left, right (turn), earlier, later, begin, join (files)."""
    made = list(leaves)
    place = next((n for n, one in enumerate(made) if one.facts.number == number), None)
    if place is None:
        raise NotFound(_NO_PAGE)
    if what in _MOVES:
        goal = min(max(0, place + _MOVES[what]), len(made) - 1)
        made.insert(goal, made.pop(place))
    elif what in _CHANGES:
        made[place] = _CHANGES[what](made[place])
    else:
        raise BadValue(_WRONG)
    return made


_MOVES = {"earlier": -1, "later": 1}
_CHANGES = {
    "out": lambda leaf: replace(leaf, out=True), "in": lambda leaf: replace(leaf, out=False),
    "left": lambda leaf: replace(leaf, turn=(leaf.turn - 90) % 360),
    "right": lambda leaf: replace(leaf, turn=(leaf.turn + 90) % 360),
    "begin": lambda leaf: replace(leaf, begins=True), "join": lambda leaf: replace(leaf, begins=False),
}  # fmt: skip
