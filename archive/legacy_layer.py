"""A text layer in TCVN3 or VNI as Unicode: by the names of its fonts, run by run; else by what its letters look like.

What cannot be told, or makes no Vietnamese after it, stays as it is: `layer.objection` then says so, and the page is
read from its picture.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from itertools import groupby

from archive import layer
from archive.legacy_encodings import TCVN3, VNI_LONE, Encoding, encoding_of, joined
from archive.pdf import Letter
from archive.reading import Box, around
from archive.vietnamese import syllables

SENSE, CERTAIN = 0.7, 0.9
"""Share of words that must be syllables after: where fonts say what they are, and where only letters do."""
BETTER = 0.2
HYPHENS = frozenset("-\u00ad\u2010\u2011")
"""What a soft hyphen, TCVN3's ư, becomes: in WinAnsiEncoding its code is a hyphen (ISO 32000-1, D.2, note 6)."""
_BEYOND = 0x100


def converted(letters: Sequence[Letter]) -> tuple[Sequence[Letter], str]:
    """The letters in Unicode and what they were in, "TCVN3", "TCVN3, VNI"; as they are and "" where they stay."""
    names = {font: encoding_of(font) for font in {letter.font for letter in letters}}
    named = {font: found for font, found in names.items() if found and not _is_unicode(letters, font)}
    if named:
        made = _converted(letters, [named.get(letter.font) for letter in letters])
        said = ", ".join(sorted({found.removesuffix(" H") for found in named.values()}))
        return (made, said) if _sense(made) >= SENSE else (letters, "")
    if any(names.values()) or layer.objection_to_letters(letters) != layer.LEGACY:
        return letters, ""
    return _guessed(letters)


def _is_unicode(letters: Sequence[Letter], font: str) -> bool:
    """Whether the font, whatever its name, says Vietnamese letters as Unicode has them: it was mended before."""
    return any(letter.text.isalpha() and ord(letter.text[0]) >= _BEYOND for letter in letters if letter.font == font)


def _guessed(letters: Sequence[Letter]) -> tuple[Sequence[Letter], str]:
    before = _sense(letters)
    kinds: tuple[Encoding, ...] = ("TCVN3", "VNI")
    tried = [(made := _converted(letters, [kind] * len(letters)), _sense(made), kind) for kind in kinds]
    made, sense, kind = max(tried, key=lambda one: one[1])
    is_certain = sense >= max(CERTAIN, before + BETTER) and layer.objection_to_letters(made) is None
    return (made, kind) if is_certain else (letters, "")


def _sense(letters: Sequence[Letter]) -> float:
    return syllables(word.text for word in layer.tokens([letter for letter in letters if letter.visible]))


def _converted(letters: Sequence[Letter], kinds: Sequence[Encoding | None]) -> list[Letter]:
    made: list[Letter] = []
    for kind, run in groupby(zip(letters, kinds, strict=True), key=lambda one: one[1]):
        some = [letter for letter, _ in run]
        made += _vni(some) if kind == "VNI" else _tcvn3(some, kind) if kind else some
    return made


def _vni(run: Sequence[Letter]) -> Iterator[Letter]:
    """A letter and the mark after it become one."""
    place = 0
    while place < len(run):
        one, after = run[place], run[place + 1] if place + 1 < len(run) else None
        pair = joined(one.text, after.text) if after and _is_over(one, after) else None
        if pair and after:
            following = run[place + 2] if place + 2 < len(run) else None
            yield dataclasses.replace(one, text=pair, box=_box(one, after, following))
        else:
            yield dataclasses.replace(one, text=VNI_LONE.get(one.text, one.text))
        place += 2 if pair else 1


def _box(one: Letter, mark: Letter, following: Letter | None) -> Box:
    """Where a letter with its mark stands: no further than to the next, under which a mark without width may reach."""
    left, top, right, bottom = around((one.box, mark.box)) or one.box
    if following and _is_level(one, following) and left < following.box[0] < right:
        right = following.box[0]
    return left, top, right, bottom


def _is_level(one: Letter, other: Letter) -> bool:
    return one.box[1] < other.box[3] and other.box[1] < one.box[3]


def _is_over(one: Letter, mark: Letter) -> bool:
    """Whether a mark stands on a letter, or right after it: fonts differ in what they give it for a width."""
    across = one.box[0] < mark.box[2] and mark.box[0] < one.box[2]
    return (across and _is_level(one, mark)) or layer.continues(one.box, mark.box)


def _tcvn3(run: Sequence[Letter], kind: Encoding) -> Iterator[Letter]:
    for word in _words(run):
        text = _with_horns([letter.text.translate(TCVN3) for letter in word])
        said = [one.upper() for one in text] if kind == "TCVN3 H" else text
        yield from (dataclasses.replace(letter, text=one) for letter, one in zip(word, said, strict=True))


def _words(run: Sequence[Letter]) -> Iterator[list[Letter]]:
    """Cut at blanks and where letters stand apart."""
    word: list[Letter] = []
    for letter in run:
        if word and (letter.text.isspace() or word[-1].text.isspace() or not layer.continues(word[-1].box, letter.box)):
            yield word
            word = []
        word.append(letter)
    if word:
        yield word


def _with_horns(letters: list[str]) -> list[str]:
    """Hyphens that were ư: those that make a syllable of what stands beside them, `n-ớc`, `t-`, not `UBND-VX`."""
    made = list(letters)
    for place, letter in enumerate(letters):
        if letter in HYPHENS and _is_syllable(_before(made, place), _after(made, place)):
            made[place] = "ư"
    return made


def _before(word: Sequence[str], place: int) -> str:
    begin = place
    while begin and word[begin - 1].isalpha():
        begin -= 1
    return "".join(word[begin:place])


def _after(word: Sequence[str], place: int) -> str:
    end = place + 1
    while end < len(word) and word[end].isalpha():
        end += 1
    return "".join(word[place + 1 : end])


def _is_syllable(before: str, after: str) -> bool:
    if not before + after or after != after.lower() or (len(before) > 1 and before[1:] != before[1:].lower()):
        return False
    return syllables([f"{before}ư{after}"]) == 1.0
