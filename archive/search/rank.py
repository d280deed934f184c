"""Re-ranking: of the best candidates, those that have the words side by side come first, with the marks as typed.

Adjacent pairs are looked for by substring search in the normalised text, which costs the index nothing; measured on
known-item queries (ENGINE W3) it beats pairs in the index and word segmentation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from archive.search.query import Query, Word
from archive.search.words import WORD, spellings

MOST_CANDIDATES = 200
SCORE, HEAD, MARKED_FOLD, LONE = 2.0, 1.5, 0.5, 0.3
"""Weights: of the engine's score; of a pair in number, subject or organ; of a folded pair when marks were typed; of a
lone marked word."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One found document as the re-ranking sees it."""

    id: str
    score: float
    line: str
    """words.line(code, subject, organ, text): folded."""
    text: str = ""
    """Subject and text as read; looked at only when marks were typed."""


def rerank(query: Query, candidates: Sequence[Candidate]) -> list[tuple[str, float]]:
    """Ids and scores, best first. Candidates beyond the first 200 stay where they are, with a score of 0."""
    best, rest = candidates[:MOST_CANDIDATES], candidates[MOST_CANDIDATES:]
    scored = list(zip(_scores(query, best), range(len(best)), best, strict=True))
    scored.sort(key=lambda item: (-item[0], item[1]))
    return [(candidate.id, score) for score, _, candidate in scored] + [(candidate.id, 0.0) for candidate in rest]


def _scores(query: Query, candidates: Sequence[Candidate]) -> list[float]:
    top = max((candidate.score for candidate in candidates), default=0.0) or 1.0
    scores = [SCORE * candidate.score / top for candidate in candidates]
    runs = query.runs
    marked = any(word.marked for run in runs for word in run)
    lines = [candidate.line for candidate in candidates]
    for pair in _folded_pairs(runs):
        _add(scores, [_worth(line, pair) for line in lines], MARKED_FOLD if marked else 1.0)
    if marked:
        _add_exact(scores, runs, candidates)
    return scores


def _worth(line: str, pair: str) -> float:
    """0 without the pair, more when it stands in the head."""
    at = line.find(pair)
    if at < 0:
        return 0.0
    return HEAD if at < line.rfind(" | ") else 1.0


def _add(scores: list[float], found: Sequence[float], weight: float) -> None:
    """Adds what was found of one pair, weighted by how rare it is among the candidates."""
    rarity = math.log(1 + (len(found) + 1) / (sum(worth > 0 for worth in found) + 0.5))
    for n, worth in enumerate(found):
        scores[n] += weight * rarity * worth


def _folded_pairs(runs: Sequence[tuple[Word, ...]]) -> list[str]:
    return [f" {a.folded} {b.folded} " for run in runs for a, b in pairwise(run)]


def _add_exact(scores: list[float], runs: Sequence[tuple[Word, ...]], candidates: Sequence[Candidate]) -> None:
    texts = [_marked_line(candidate.text) for candidate in candidates]
    for run in runs:
        for a, b in pairwise(run):
            ways = [f" {x} {y} " for x in spellings(a.exact) for y in spellings(b.exact)]
            _add(scores, [_any(text, ways) for text in texts], 1.0)
        for word in run:
            if word.marked:
                ways = [f" {way} " for way in spellings(word.exact)]
                _add(scores, [_any(text, ways) for text in texts], 1.0 if len(run) == 1 else LONE)


def _any(text: str, ways: Sequence[str]) -> float:
    return 1.0 if any(way in text for way in ways) else 0.0


def _marked_line(text: str) -> str:
    """Words with marks, lower case, in whatever spelling, between blanks."""
    return " " + " ".join(WORD.findall(text.lower())) + " "
