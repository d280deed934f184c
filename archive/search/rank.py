"""Re-ranking: of the best candidates, those that have the words side by side come first, with the marks as typed.

Adjacent pairs are looked for by substring search in the normalised text, which costs the index nothing; measured on
known-item queries (ENGINE W3) it beats pairs in the index and word segmentation.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from archive.search.query import Query, Word
from archive.search.words import spellings

MOST_CANDIDATES = 200
MOST_TEXTS = 100
SCORE, HEAD, NEAR, MARKED_FOLD, LONE = 1.0, 1.5, 2.0, 0.5, 0.3
"""Weights: of the engine's score; of a pair in number, subject or organ; of all words in a row but one; of a folded
pair when marks were typed; of a lone marked word. Chosen on the tuning half of `bench search`."""

Texts = Callable[[Sequence[str]], Mapping[str, str]]
"""From ids to subject and text as read."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One found document as the re-ranking sees it."""

    id: str
    score: float
    line: str
    """words.line(code, subject, organ, text): folded."""


def rerank(query: Query, candidates: Sequence[Candidate], texts: Texts | None = None) -> list[tuple[str, float]]:
    """Ids and scores, best first. Candidates beyond the first MOST_CANDIDATES stay where they are, with a score of 0.

    `texts` is asked for the best 100 only, and only when marks were typed.
    """
    best, rest = candidates[:MOST_CANDIDATES], candidates[MOST_CANDIDATES:]
    ranked = _sorted((candidate.id for candidate in best), _folded_scores(query, best))
    if texts and _is_marked(query):
        ids = [name for name, _ in ranked[:MOST_TEXTS]]
        found = texts(ids)
        exact = _exact_scores(query, [found.get(name, "") for name in ids])
        scores = [score + more for (_, score), more in zip(ranked, exact, strict=False)]
        ranked = _sorted(ids, scores) + ranked[MOST_TEXTS:]
    return ranked + [(candidate.id, 0.0) for candidate in rest]


def _sorted(ids: Iterable[str], scores: Sequence[float]) -> list[tuple[str, float]]:
    return sorted(zip(ids, scores, strict=True), key=lambda item: -item[1])


def _is_marked(query: Query) -> bool:
    return any(word.marked for run in query.runs for word in run)


def _folded_scores(query: Query, candidates: Sequence[Candidate]) -> list[float]:
    top = max((candidate.score for candidate in candidates), default=0.0) or 1.0
    scores = [SCORE * candidate.score / top for candidate in candidates]
    weight = MARKED_FOLD if _is_marked(query) else 1.0
    lines = [candidate.line for candidate in candidates]
    heads = [_end_of_head(line) for line in lines]
    for run in query.runs:
        pairs = [f" {a.folded} {b.folded} " for a, b in pairwise(run)]
        seen = [[line.find(pair) for line in lines] for pair in pairs]
        for places in seen:
            _add(scores, [_worth(at, head) for at, head in zip(places, heads, strict=True)], weight)
        if len(run) > 2 and not any(all(at >= 0 for at in places) for places in zip(*seen, strict=True)):
            _add_gaps(scores, run, lines, weight)
    return scores


def _end_of_head(line: str) -> int:
    """Where number, subject and organ end."""
    at = -1
    for _ in range(3):
        at = line.find(" | ", at + 1)
    return at


def _add_gaps(scores: list[float], run: tuple[Word, ...], lines: Sequence[str], weight: float) -> None:
    """Nobody has all the words in a row: one may be misread, and then the others still stand around it."""
    patterns = _one_misread((run,))
    near = [float(any(pattern.search(line) for pattern in patterns)) for line in lines]
    _add(scores, near, NEAR * weight)


def nearly(query: Query, line: str) -> bool:
    """Do the words stand in `line` one after another as typed, but for one that may be misread?"""
    return any(pattern.search(line) for pattern in _one_misread(query.runs))


@functools.lru_cache(maxsize=64)
def _one_misread(runs: tuple[tuple[Word, ...], ...]) -> tuple[re.Pattern[str], ...]:
    if len(runs) != 1 or len(runs[0]) < 3:
        return ()
    words = [word.folded for word in runs[0]]
    gapped = [[*words[:n], "[^ |]+", *words[n + 1 :]] for n in range(1, len(words) - 1)]
    return tuple(re.compile(f" {' '.join(kept)} ") for kept in (words[1:], words[:-1], *gapped))


def _worth(at: int, head: int) -> float:
    """0 without the pair, more when it stands in the head."""
    if at < 0:
        return 0.0
    return HEAD if at < head else 1.0


def _add(scores: list[float], found: Sequence[float], weight: float) -> None:
    """Adds what was found of one pair, weighted by how rare it is among the candidates."""
    rarity = math.log(1 + (len(found) + 1) / (sum(worth > 0 for worth in found) + 0.5))
    for n, worth in enumerate(found):
        scores[n] += weight * rarity * worth


def _exact_scores(query: Query, texts: Sequence[str]) -> list[float]:
    texts = [text.lower() for text in texts]
    scores = [0.0] * len(texts)
    for run in query.runs:
        for a, b in pairwise(run):
            _add(scores, _found(texts, rf"{_spelled(a)}[\W_]+{_spelled(b)}"), 1.0)
        for word in run:
            if word.marked:
                _add(scores, _found(texts, _spelled(word)), 1.0 if len(run) == 1 else LONE)
    return scores


def _spelled(word: Word) -> str:
    ways = spellings(word.exact)
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"


def _found(texts: Sequence[str], pattern: str) -> list[float]:
    """1 for each text (lower case) in which the words of `pattern` stand whole."""
    # What stands before the first word is looked at last: a pattern that begins with letters is searched fast.
    sought = re.compile(rf"{pattern}(?![^\W_])")
    return [1.0 if any(_begins(text, match.start()) for match in sought.finditer(text)) else 0.0 for text in texts]


def _begins(text: str, at: int) -> bool:
    return at == 0 or not text[at - 1].isalnum()
