"""Why a document was found: the words of the query where they stand in its text, never as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from archive.reading import Span
from archive.search import keys
from archive.search.query import Code, Date, Phrase, Prefix, Query, Word
from archive.search.words import Place, places

WIDTH = 180
MOST_SPANS = 500


def spans(text: str, query: Query) -> list[Span]:
    """Where words, codes and dates of `query` stand in `text` (NFC), in order, not overlapping."""
    found = sorted(_found(text, query), key=lambda span: (span.start, -span.end))
    apart: list[Span] = []
    for span in found:
        if not apart or span.start >= apart[-1].end:
            apart.append(span)
    return apart[:MOST_SPANS]


def _found(text: str, query: Query) -> Iterator[Span]:
    terms = list(query.positive)
    words = list(places(text))
    single = {term.folded for term in terms if isinstance(term, Word)}
    prefixes = tuple(term.folded for term in terms if isinstance(term, Prefix))
    for place in words:
        if place.folded in single or (prefixes and place.folded.startswith(prefixes)):
            yield Span(place.start, place.end)
    for term in terms:
        if isinstance(term, Phrase):
            yield from _sequences(words, tuple(word.folded for word in term.words))
        elif isinstance(term, Code):
            yield from _codes(words, term)
    days = {term.key for term in terms if isinstance(term, Date)}
    if days:
        yield from (Span(day.start, day.end) for day in keys.dates(text) if {day.key, day.key[:7]} & days)


def _sequences(words: list[Place], wanted: tuple[str, ...]) -> Iterator[Span]:
    for n in range(len(words) - len(wanted) + 1):
        if words[n].folded == wanted[0] and tuple(place.folded for place in words[n : n + len(wanted)]) == wanted:
            yield Span(words[n].start, words[n + len(wanted) - 1].end)


def _codes(words: list[Place], code: Code) -> Iterator[Span]:
    wanted = [word.folded for word in code.words]
    wanted[0] = keys.number(wanted[0]) if wanted[0][0].isdigit() else wanted[0]
    for n in range(len(words) - len(wanted) + 1):
        run = words[n : n + len(wanted)]
        begins = (keys.number(run[0].folded) if run[0].folded[0].isdigit() else run[0].folded) == wanted[0]
        if begins and [place.folded for place in run[1:]] == wanted[1:] and run[-1].end - run[0].start < 60:
            yield Span(run[0].start, run[-1].end)


def snippet(text: str, query: Query, width: int = WIDTH) -> list[tuple[str, bool]]:
    """About `width` characters of `text` (NFC) in pieces, True where a piece is what was looked for.

    The window with the most different words of the query; the beginning where there is none. Words found one after
    another are one piece. Empty for an empty text.
    """
    found = spans(text, query)
    if not found:
        return _pieces(text, 0, _word_end(text, min(len(text), width)), [])
    first, last = _densest(text, found, width)
    room = max(0, width - (found[last].end - found[first].start))
    start = _word_start(text, max(0, found[first].start - room // 3))
    end = _word_end(text, min(len(text), found[last].end + room - room // 3))
    return _pieces(text, start, end, _joined(text, [span for span in found if start <= span.start and span.end <= end]))


def _densest(text: str, found: list[Span], width: int) -> tuple[int, int]:
    """First and last of the spans within `width` that show the most different words, then the most side by side."""
    best, answer, first = (-1.0, 0.0), (0, 0), 0
    labels = [" ".join(place.folded for place in places(text[span.start : span.end])) for span in found]
    for last, span in enumerate(found):
        while span.end - found[first].start > width and first < last:
            first += 1
        beside = sum(b.start - a.end <= 2 for a, b in pairwise(found[first : last + 1]))
        worth = (float(len(set(labels[first : last + 1]))), float(beside))
        if worth > best:
            best, answer = worth, (first, last)
    return answer


def _joined(text: str, found: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in found:
        if joined and not text[joined[-1].end : span.start].strip():
            joined[-1] = Span(joined[-1].start, span.end)
        else:
            joined.append(span)
    return joined


def _pieces(text: str, start: int, end: int, found: list[Span]) -> list[tuple[str, bool]]:
    pieces: list[tuple[str, bool]] = []
    position = start
    for span in found:
        pieces += (text[position : span.start], False), (text[span.start : span.end], True)
        position = span.end
    pieces.append((text[position:end], False))
    pieces = [(re.sub(r"\s+", " ", piece), lit) for piece, lit in pieces]
    if text[:start].strip():
        pieces[0] = ("…" + pieces[0][0].lstrip(), False)
    if text[end:].strip():
        pieces[-1] = (pieces[-1][0].rstrip() + "…", False)
    return [(piece, lit) for piece, lit in pieces if piece]


def _word_start(text: str, position: int) -> int:
    while 0 < position < len(text) and not text[position - 1].isspace():
        position -= 1
    return position


def _word_end(text: str, position: int) -> int:
    while 0 < position < len(text) and not text[position].isspace():
        position += 1
    return position
