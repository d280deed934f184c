"""The words of a search: one normal form with marks, one folded, the same for what was read and for what is typed.

Words are Vietnamese syllables. Two spellings of one syllable (hoà and hòa, lý and lí) have one normal form, so marks
may be typed in either style, in neither, or be lost by the reader.
"""

from __future__ import annotations

import functools
import re
import unicodedata

from archive import vietnamese

WORD = re.compile(r"[^\W_]+")
_TONES = "\u0300\u0301\u0303\u0309\u0323"  # grave, acute, tilde, hook, dot below
_OPEN_PAIR = re.compile(rf"(?<!q)(o[ae]|uy)([{_TONES}])$")
_IY = re.compile(rf"^([hklmst])y([{_TONES}]?)$")
_QUI = re.compile(rf"^qui([{_TONES}]?)$")
_SYLLABLE = re.compile(
    r"(?:ngh?|nh|gh|gi|kh|ph|th|tr|ch|qu|[bcdghklmnpqrstvx])?[aeiouy]{1,3}(?:ng|nh|ch|[cmnpt])?", re.ASCII
)


@functools.lru_cache(maxsize=65536)
def exact(word: str) -> str:
    """Lower case with marks, in one spelling: tones placed the old way (hòa, ủy, not before a final consonant nor
    after q), lý written lí, qui written quy."""
    lower = unicodedata.normalize("NFC", word).lower().replace("ð", "đ")
    if lower.isascii() and lower[-1:] not in ("y", "i"):
        return lower
    loose = _with_loose_tone(lower)
    loose = _OPEN_PAIR.sub(lambda m: m[1][0] + m[2] + m[1][1], loose)
    loose = _QUI.sub(r"quy\1", _IY.sub(r"\1i\2", loose))
    return unicodedata.normalize("NFC", loose)


def _with_loose_tone(word: str) -> str:
    """Only the tone marks become characters of their own; ê, ơ, ă … stay whole."""
    return "".join(map(_loosen, word))


@functools.lru_cache(maxsize=1024)
def _loosen(letter: str) -> str:
    parts = unicodedata.normalize("NFD", letter)
    tones = "".join(mark for mark in parts if mark in _TONES)
    return unicodedata.normalize("NFC", "".join(mark for mark in parts if mark not in _TONES)) + tones


@functools.lru_cache(maxsize=65536)
def folded(word: str) -> str:
    """The normal form without marks, đ→d."""
    return vietnamese.fold(exact(word))


@functools.lru_cache(maxsize=4096)
def spellings(normal: str) -> tuple[str, ...]:
    """Every way the normal form `normal` (see `exact`) may be written, lower case, itself first."""
    loose = _with_loose_tone(normal)
    ways = {
        normal: None,
        re.sub(rf"(?<!q)(o|u)([{_TONES}])([aey])$", r"\1\3\2", loose): None,
        re.sub(rf"^([hklmst])i([{_TONES}]?)$", r"\1y\2", loose): None,
        re.sub(rf"^quy([{_TONES}]?)$", r"qui\1", loose): None,
    }
    return tuple(dict.fromkeys(unicodedata.normalize("NFC", way) for way in ways))


def is_syllable(word: str) -> bool:
    """Could this be a Vietnamese syllable? `ubnd` and `vx` could not: they belong to a symbol."""
    return bool(_SYLLABLE.fullmatch(folded(word)))


def folded_words(text: str) -> list[str]:
    """The folded words of `text`, in any normal form of Unicode."""
    return [folded(word) for word in WORD.findall(unicodedata.normalize("NFC", text))]


def line(*parts: str | None) -> str:
    """The folded words of each part between blanks, a bar after each part but the last: ` 471 ubnd vx | so y te `.

    A phrase of any text is found in it by substring search: `" " + " ".join(folded_words(phrase)) + " "`.
    """
    return " " + " | ".join(" ".join(folded_words(part or "")) for part in parts) + " "
