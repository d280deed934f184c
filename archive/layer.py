"""The text layer of a born-digital page: whether it is to be trusted, and its words in reading order.

Programs write text in any order: a number stamped on a Word export comes as the last object, a line below as the first.
So the words are sorted by where they stand: letters into lines, lines into columns, columns into blocks.
"""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections.abc import Sequence

from archive import layout
from archive.pdf import Facts, Letter
from archive.reading import Box, Word, around
from archive.vietnamese import syllables

ENOUGH = 50
"""Letters and digits that make a page of text; a page number or a date stamp has fewer."""
SIGNING = re.compile(
    r"k[ýy] bởi|người k[ýy]|k[ýy] số|thời gian k[ýy]|ngày k[ýy]|digitally signed|signature valid|signer:|e-?mail:|"
    r"cơ quan:|chữ k[ýy]",
    re.IGNORECASE,
)
"""What signing programs print beside their signature."""
LEGACY = "letters of the layer are in a legacy encoding"
_VIETNAMESE = set("aăâbcdđeêghiklmnoôơpqrstuưvxyfjwz")
_VOWELS = "aeiouy"
_WITH_MARK = {
    "\u0302": "aeo", "\u0306": "a", "\u031b": "ou",
    **dict.fromkeys("\u0300\u0301\u0303\u0309\u0323", _VOWELS),
}  # fmt: skip
"""For each mark of Vietnamese, the letters it stands on: û and ñ come from VNI and TCVN3."""


def objection(letters: Sequence[Letter], facts: Facts) -> str | None:
    """Why the layer must not be taken for the page's text; None when it may."""
    visible = "".join(letter.text for letter in letters if letter.visible)
    text = _without_signing(visible)
    size = sum(char.isalnum() or unicodedata.category(char) == "Co" for char in text)
    if not letters or not size:
        return "hidden text only" if letters and not visible.strip() else "no text layer"
    if size < ENOUGH:
        return "too little text in the layer"
    if facts.coverage > 0.5 and size < 300:
        return "an image covers the page"
    if facts.coverage > 0.2 and size < 150:
        return "images hold more than the text layer"
    return _garbage(text)


def objection_to_letters(letters: Sequence[Letter]) -> str | None:
    """Why what the letters say cannot be the page's text, however much of it there is."""
    return _garbage(_without_signing("".join(letter.text for letter in letters if letter.visible)))


def place(letter: Letter) -> tuple[str, float, float]:
    """What tells one letter of a page from another when the page is read twice."""
    return letter.text, round(letter.box[0], 3), round(letter.box[1], 3)


def _without_signing(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not SIGNING.search(line))


def _garbage(text: str) -> str | None:
    """Legacy encodings (TCVN3, VNI) and fonts that do not say what their glyphs mean."""
    shown = [char for char in unicodedata.normalize("NFC", text) if not char.isspace()]
    strange = sum(unicodedata.category(char) in ("Co", "Cn", "Cc", "Cs") or char == "�" for char in shown)
    if strange > 0.02 * len(shown):
        return "letters of the layer have no meaning"
    letters = [char for char in shown if char.isalpha() or char in "®¬¸µ¶·¹¨©"]
    foreign = sum(_bare(char) not in _VIETNAMESE for char in letters)
    if foreign > 0.03 * max(1, len(letters)):
        return LEGACY
    if syllables(text.split()) < 0.5:
        return "words of the layer are not Vietnamese"
    return None


def _bare(char: str) -> str:
    """The letter without its tone, lower case; itself when its marks are not Vietnamese."""
    lower = char.lower()
    parts = unicodedata.normalize("NFD", lower)
    return parts[0] if all(parts[0] in _WITH_MARK.get(mark, "") for mark in parts[1:]) else char


def words(letters: Sequence[Letter], overlaid: Sequence[Letter] = ()) -> tuple[Word, ...]:
    """The words of a page in reading order, each a line and a block; `overlaid` are numbers and days laid over it."""
    kept = [letter for letter in letters if letter.visible]
    kept += _plain_overlay(overlaid)
    return tuple(layout.in_reading_order(_lines(tokens(kept))))


def _plain_overlay(letters: Sequence[Letter]) -> list[Letter]:
    """What is laid over the page, save what signing programs say of the signature."""
    kept: list[Letter] = []
    for group in _clusters(letters):
        text = "".join(letter.text for letter in group)
        if not SIGNING.search(text) and sum(map(str.isalnum, text)) <= 40:
            kept += group
    return kept


def _clusters(letters: Sequence[Letter]) -> list[list[Letter]]:
    """Runs of letters in the file's order that follow closely on one another."""
    groups: list[list[Letter]] = []
    for letter in letters:
        if groups and _is_near(groups[-1][-1].box, letter.box):
            groups[-1].append(letter)
        else:
            groups.append([letter])
    return groups


def _is_near(one: Box, other: Box) -> bool:
    high = max(one[3] - one[1], other[3] - other[1])
    return abs(one[1] - other[1]) < 3 * high and one[0] - 0.6 < other[0] < one[2] + 0.2


def tokens(letters: Sequence[Letter]) -> list[Word]:
    """Letters that follow closely on one another on one line, cut at white space."""
    found: list[Word] = []
    run: list[Letter] = []
    for letter in letters:
        if run and (letter.text.isspace() or not continues(run[-1].box, letter.box)):
            found.append(_token(run))
            run = []
        if not letter.text.isspace() and letter.text.isprintable():
            run.append(letter)
    if run:
        found.append(_token(run))
    return [token for token in found if token.text]


def continues(one: Box, other: Box) -> bool:
    """Whether a letter in the second box goes on with the word of the first."""
    high = max(one[3] - one[1], 1e-6)
    level = min(one[3], other[3]) - max(one[1], other[1])
    # Boxes are fractions of the page: on A4 a height of 1 is 1.41 widths.
    return level > 0.4 * high and -0.5 * high < other[0] - one[2] < 0.35 * high


def _token(run: Sequence[Letter]) -> Word:
    text = unicodedata.normalize("NFC", "".join(letter.text for letter in run))
    return Word("".join(text.split()), around(letter.box for letter in run), 1.0)


def _lines(tokens: Sequence[Word]) -> list[list[Word]]:
    """Tokens that stand on one height, left to right; lines from the top."""
    lines: list[list[Word]] = []
    for token in sorted(tokens, key=lambda word: (_middle(word), _left(word))):
        for line in lines[-4:]:
            if _is_level(line, token):
                line.append(token)
                break
        else:
            lines.append([token])
    return [_whole(sorted(line, key=_left)) for line in lines]


def _whole(line: Sequence[Word]) -> list[Word]:
    """The line with a number that was laid over it and the code after it as one word: `11` `/TB-UBND`."""
    words: list[Word] = []
    for word in line:
        if words and word.text.startswith("/") and words[-1].text.isalnum() and _gap(words[-1], word) < 0.03:
            last = words.pop()
            word = Word(last.text + word.text, around(box for box in (last.box, word.box) if box), 1.0)
        words.append(word)
    return words


def _gap(one: Word, other: Word) -> float:
    return other.box[0] - one.box[2] if one.box and other.box else 1.0


def _middle(word: Word) -> float:
    return (word.box[1] + word.box[3]) / 2 if word.box else 0.0


def _left(word: Word) -> float:
    return word.box[0] if word.box else 0.0


def _is_level(line: Sequence[Word], token: Word) -> bool:
    middle = statistics.median(map(_middle, line))
    heights = [word.box[3] - word.box[1] for word in (*line, token) if word.box]
    return abs(middle - _middle(token)) < 0.4 * statistics.median(heights)
