"""Words of a page's text that only look like labels of a stamp: `đến`, `số` and `ngày` stand in sentences, too."""

from __future__ import annotations

import re

from archive.labels import WORDS, Label
from archive.reading import Box, Page, Word
from archive.straight import Straight
from archive.vietnamese import fold

BESIDE, AROUND = 4.5, 2.5
"""mm between two words of one sentence at most; mm around a label within which its word stands."""
READ = 0.5
"""Confidence of a word that is one: across a stamp's own ink and pen a sentence is not read."""


def in_a_sentence(page: Page, straight: Straight, label: Label) -> bool:
    """Whether the label is a word of a line of the page that runs out of the frame on both sides, word by word."""
    place = straight.box(label.left - AROUND, label.middle - AROUND, label.right + AROUND, label.middle + AROUND)
    frame, gap = straight.frame_box, BESIDE * straight.per_mm / straight.page_size[0]
    meant = {word for words in WORDS[label.name] for word in re.findall("[a-z]+", words)}
    read = (word for word in page.words if re.sub("[^a-z]", "", fold(word.text)) in meant and word.is_in(place))
    return any(_runs_out(page, word, frame, gap) for word in read)


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
