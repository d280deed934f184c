"""Words of a page's text that only look like labels of a stamp: `đến`, `số` and `ngày` stand in sentences, too."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archive.bands import WORDS, Label
from archive.reading import Box, Page, Word
from archive.straight import Straight
from archive.vietnamese import fold

BESIDE, AROUND = 4.5, 2.5
"""mm between two words of one sentence at most; mm around a label within which its word stands."""
_PARTS = {name: set(re.findall("[a-z]+", " ".join(words))) for name, words in WORDS.items()}
LABELS = {part: {name for name, parts in _PARTS.items() if part in parts} for part in set().union(*_PARTS.values())}
"""The labels each word is part of."""
READ = 0.5
"""Confidence of a word that is one: across a stamp's own ink and pen a sentence is not read."""


def of_sentences(page: Page, straight: Straight) -> list[Word]:
    """The words in the frame that might be labels, and stand in lines that run out of it on both sides, word by
    word."""
    frame, gap = straight.frame_box, BESIDE * straight.per_mm / straight.page_size[0]
    inside = (word for word in page.words if word.is_in(frame) and _letters(word) in LABELS)
    return [word for word in inside if _runs_out(page, word, frame, gap)]


def in_a_sentence(words: Sequence[Word], straight: Straight, label: Label) -> bool:
    """Whether the label is one of these words of sentences."""
    place = straight.box(label.left - AROUND, label.middle - AROUND, label.right + AROUND, label.middle + AROUND)
    return any(label.name in LABELS[_letters(word)] and word.is_in(place) for word in words)


def _letters(word: Word) -> str:
    return re.sub("[^a-z]", "", fold(word.text))


def _runs_out(page: Page, word: Word, frame: Box, gap: float) -> bool:
    line = [w.box for w in page.words if w.line == word.line and w.box and w.confidence > READ]
    if word.box is None or word.box not in line:
        return False
    line.sort()
    first = last = line.index(word.box)
    while first and line[first][0] - line[first - 1][2] < gap:
        first -= 1
    while last + 1 < len(line) and line[last + 1][0] - line[last][2] < gap:
        last += 1
    return line[first][0] < frame[0] and line[last][2] > frame[2]
