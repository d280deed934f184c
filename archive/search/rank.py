"""Re-ranking: of the best candidates, those that have the words side by side come first, with the marks as typed.

Adjacent pairs are looked for by substring search in the normalised text, which costs the index nothing; measured on
known-item queries (ENGINE W3) it beats pairs in the index and word segmentation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from archive.search.query import Query, Word
from archive.search.words import spellings

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
    pairs = _folded_pairs(runs)
    texts = [c.text.lower() if not pairs or any(pair in c.line for pair in pairs) else "" for c in candidates]
    for run in runs:
        for a, b in pairwise(run):
            _add(scores, _found(texts, rf"{_spelled(a)}[\W_]+{_spelled(b)}"), 1.0)
        for word in run:
            if word.marked:
                _add(scores, _found(texts, _spelled(word)), 1.0 if len(run) == 1 else LONE)


def _spelled(word: Word) -> str:
    ways = spellings(word.exact)
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"


def _found(texts: Sequence[str], pattern: str) -> list[float]:
    """1 for each text (lower case) in which the words of `pattern` stand whole."""
    # The boundary behind the first word is checked last: before it the search would not run on literal letters.
    sought = re.compile(rf"{pattern}(?![^\W_])")
    return [1.0 if any(_begins(text, m.start()) for m in sought.finditer(text)) else 0.0 for text in texts]


def _begins(text: str, at: int) -> bool:
    return at == 0 or not text[at - 1].isalnum()
