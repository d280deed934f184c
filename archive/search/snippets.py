"""Why a document was found: the words of the query where they stand in its text, never as HTML."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from archive.reading import Span
from archive.search import keys
from archive.search.query import Code, Date, Phrase, Prefix, Query, Together, Word
from archive.search.words import spellings
from archive.vietnamese import fold

WIDTH = 180
MOST_SPANS = 500


def spans(text: str, query: Query) -> list[Span]:
    """Where words, codes and dates of `query` stand in `text` (NFC), in order, not overlapping."""
    if not query.has_words:
        return []
    found = [Span(match.start(), match.end()) for match in _found(fold(text), query)]
    days = {term.key for term in query.positive if isinstance(term, Date)}
    if days:
        found += [Span(day.start, day.end) for day in keys.dates(text) if {day.key, day.key[:7]} & days]
    found.sort(key=lambda span: (span.start, -span.end))
    apart: list[Span] = []
    for span in found:
        if not apart or span.start >= apart[-1].end:
            apart.append(span)
    return apart[:MOST_SPANS]


def _found(folded: str, query: Query) -> Iterator[re.Match[str]]:
    terms = (one for term in query.positive for one in (term.words if isinstance(term, Together) else (term,)))
    typed = (_as_typed(term, folded) for term in terms if not isinstance(term, Date | Together))
    patterns = list(dict.fromkeys(map(_pattern, typed)))
    if not patterns:
        return iter(())
    patterns.sort(key=len, reverse=True)  # a phrase before its words
    return re.finditer(rf"(?<![^\W_])(?:{'|'.join(patterns)})(?![^\W_])", folded)


def _as_typed(term: Word | Prefix | Phrase | Code, folded: str) -> Word | Prefix | Phrase | Code:
    """A word without its slips where it stands in the text itself: the slips are then words of their own."""
    if not isinstance(term, Word) or not term.slips:
        return term
    alone = dataclasses.replace(term, slips=())
    return alone if re.search(rf"(?<![^\W_]){_pattern(alone)}(?![^\W_])", folded) else term


def _pattern(term: Word | Prefix | Phrase | Code) -> str:
    """What to look for in folded text."""
    match term:
        case Word():
            return _spelled(term)
        case Prefix():
            return re.escape(term.folded) + r"[^\W_]*"
        case Phrase():
            return r"[\W_]+".join(map(_spelled, term.words))
        case Code():
            return r"[\W_]{1,4}".join(map(_spelled, term.words))


def _spelled(word: Word) -> str:
    if word.folded[0].isdecimal():
        return "0*" + re.escape(word.folded.lstrip("0"))
    ways = {fold(way) for one in word.ways for way in spellings(one)}
    return f"(?:{'|'.join(map(re.escape, sorted(ways)))})" if len(ways) > 1 else re.escape(word.folded)


def snippet(text: str, query: Query, width: int = WIDTH, found: list[Span] | None = None) -> list[tuple[str, bool]]:
    """About `width` characters of `text` (NFC) in pieces, True where a piece is what was looked for.

    The window with the most different words of the query; the beginning where there is none. Words found one after
    another are one piece. Empty for an empty text. `found` are the spans, where the caller has them already.
    """
    found = spans(text, query) if found is None else found
    if not found:
        return _pieces(text, 0, _word_end(text, min(len(text), width)), [])
    first, last = _densest(text, found, width)
    room = max(0, width - (found[last].end - found[first].start))
    start = _word_start(text, max(0, found[first].start - room // 3))
    end = _word_end(text, min(len(text), found[last].end + room - room // 3))
    return _pieces(text, start, end, _joined(text, [span for span in found if start <= span.start and span.end <= end]))


def shown_span(text: str, found: Sequence[Span], width: int = WIDTH) -> int:
    """Where the first of the spans begins that a snippet shows; 0 where there is none."""
    return found[_densest(text, found, width)[0]].start if found else 0


def _densest(text: str, found: Sequence[Span], width: int) -> tuple[int, int]:
    """First and last of the spans within `width` that show the most different words, then the most side by side."""
    best, answer, first = (-1.0, 0.0), (0, 0), 0
    labels = [fold(text[span.start : span.end]) for span in found]
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
