"""Words into lines, columns and blocks: the order in which a person reads them."""

from __future__ import annotations

import dataclasses
import itertools
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from archive.reading import Box, Word, around

GUTTER = 0.03
"""Least width of the white between two columns, in widths of the page."""


def in_reading_order(rows: Iterable[Sequence[Word]]) -> Iterator[Word]:
    """The words of `rows` (lines from the top, words from the left) with their lines and blocks numbered.

    A heading's two columns often stand on the same heights and come as one line each: rows that share a gutter are
    read column by column, and only those.
    """
    return _numbered(_ordered([_pieces(row) for row in rows if row]))


def rows_of(words: Iterable[Word]) -> list[list[Word]]:
    """Words grouped by the line they are said to be of."""
    return [list(row) for _, row in itertools.groupby(words, key=lambda word: word.line)]


@dataclass(frozen=True, slots=True)
class _Piece:
    """What of a line stands in one column."""

    words: tuple[Word, ...]
    box: Box


def _pieces(row: Sequence[Word]) -> list[_Piece]:
    """The row cut at wide gaps."""
    heights = [word.box[3] - word.box[1] for word in row if word.box]
    wide = max(GUTTER, 1.5 * statistics.median(heights))
    pieces: list[list[Word]] = [[row[0]]]
    for last, word in itertools.pairwise(row):
        if last.box and word.box and word.box[0] - last.box[2] > wide:
            pieces.append([])
        pieces[-1].append(word)
    return [_Piece(tuple(piece), around(word.box for word in piece if word.box)) for piece in pieces]


def _ordered(rows: Sequence[Sequence[_Piece]]) -> list[list[_Piece]]:
    """Blocks of lines in reading order: rows that share a gutter are read column by column."""
    blocks: list[list[_Piece]] = []
    index = 0
    while index < len(rows):
        end, gutter = _shared_gutter(rows, index)
        if gutter is None:
            if not blocks or not _follows(blocks[-1], rows[index]):
                blocks.append([])
            blocks[-1].append(_joined(rows[index]))
            index += 1
            continue
        blocks += _columns(rows[index:end], gutter)
        index = end
    return [block for block in blocks if block]


def _follows(block: Sequence[_Piece], row: Sequence[_Piece]) -> bool:
    """Whether `row` is of one paragraph with the block above it, by the reader's word or by a line's space between."""
    last, first = block[-1], row[0]
    if last.words[-1].block != first.words[0].block:
        return False
    return -0.5 < (first.box[1] - last.box[3]) / (last.box[3] - last.box[1]) < 1.2


def _shared_gutter(rows: Sequence[Sequence[_Piece]], start: int) -> tuple[int, tuple[float, float] | None]:
    """The end of the rows from `start` that a gutter runs through, and the gutter; None when fewer than two have it."""
    if len(rows[start]) < 2:
        return start, None
    best: tuple[int, tuple[float, float] | None] = (start, None)
    for one, other in itertools.pairwise(rows[start]):
        gutter, end, split = (one.box[2], other.box[0]), start + 1, 1
        while end < len(rows) and (narrowed := _through(rows[end], gutter)):
            split += len(rows[end]) > 1
            gutter, end = narrowed, end + 1
        if split >= 2 and end > best[0] and not _is_table(rows[start:end]):
            best = end, gutter
    return best


def _is_table(rows: Sequence[Sequence[_Piece]]) -> bool:
    """Rows of three cells and more are read across."""
    return sum(len(row) > 2 for row in rows) > len(rows) / 2


def _through(row: Sequence[_Piece], gutter: tuple[float, float]) -> tuple[float, float] | None:
    """What of the gutter is free in this row; None when too little is."""
    left, right = gutter
    for piece in row:
        if piece.box[2] <= (left + right) / 2:
            left = max(left, piece.box[2])
        elif piece.box[0] >= (left + right) / 2:
            right = min(right, piece.box[0])
        elif right - piece.box[2] > piece.box[0] - left:
            left = piece.box[2]
        else:
            right = piece.box[0]
    return (left, right) if right - left > 0.015 else None


def _columns(rows: Sequence[Sequence[_Piece]], gutter: tuple[float, float]) -> list[list[_Piece]]:
    middle = sum(gutter) / 2
    sides: tuple[list[_Piece], list[_Piece]] = ([], [])
    for row in rows:
        for number, side in enumerate(sides):
            pieces = [piece for piece in row if (piece.box[0] > middle) == bool(number)]
            if pieces:
                side.append(_joined(pieces))
    return [*sides]


def _joined(pieces: Sequence[_Piece]) -> _Piece:
    return _Piece(tuple(word for piece in pieces for word in piece.words), around(piece.box for piece in pieces))


def _numbered(blocks: Iterable[Sequence[_Piece]]) -> Iterator[Word]:
    line = 0
    for number, block in enumerate(blocks):
        for of_block in block:
            for word in of_block.words:
                yield dataclasses.replace(word, line=line, block=number)
            line += 1
