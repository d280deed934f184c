"""TCVN3 (ABC) and VNI: what Vietnamese was typed in before Unicode, one byte a letter, seen as Latin-1.

TCVN 5712:1993 (VN3) has one code for each small letter; fonts whose names end in H draw the same codes as capitals. VNI
writes a letter and after it a mark. Which of them a text is in, the names of its fonts say: `.VnTime`, `VNI-Times`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Encoding = Literal["TCVN3", "TCVN3 H", "VNI"]

_TCVN3_CODES = (
    *range(0xA1, 0xAF), *range(0xB5, 0xBA), *range(0xBB, 0xBF), *range(0xC6, 0xCD), *range(0xCE, 0xD9),
    *range(0xDC, 0xE0), *range(0xE1, 0xF0), *range(0xF1, 0xFF),
)  # fmt: skip
_TCVN3_LETTERS = "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"
TCVN3 = dict(zip(_TCVN3_CODES, _TCVN3_LETTERS, strict=True))
"""Code → letter (TCVN 5712:1993, VN3)."""

_GRAVE, _ACUTE, _TILDE, _HOOK, _DOT = "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"
_CIRCUMFLEX, _BREVE, _HORN = "\u0302", "\u0306", "\u031b"
_MARKS = {
    "ù": _ACUTE, "ø": _GRAVE, "û": _HOOK, "õ": _TILDE, "ï": _DOT, "â": _CIRCUMFLEX, "ê": _BREVE,
    "á": _CIRCUMFLEX + _ACUTE, "à": _CIRCUMFLEX + _GRAVE, "å": _CIRCUMFLEX + _HOOK, "ã": _CIRCUMFLEX + _TILDE,
    "ä": _CIRCUMFLEX + _DOT, "é": _BREVE + _ACUTE, "è": _BREVE + _GRAVE, "ú": _BREVE + _HOOK, "ü": _BREVE + _TILDE,
    "ë": _BREVE + _DOT,
}  # fmt: skip
"""Of VNI, after a letter; the capital marks after capitals are the same in the upper half."""
_OF_A = frozenset("âêáàåãäéèúüë")
_OF_E_AND_O = frozenset("âáàåãä")
_TONES = frozenset("ùøûõï")
_TAKES = {
    "a": _TONES | _OF_A, "e": _TONES | _OF_E_AND_O, "o": _TONES | _OF_E_AND_O, "u": _TONES, "y": _TONES - {"ï"},
    "ô": _TONES, "ö": _TONES,
}  # fmt: skip
_ALONE = {"ô": "ơ", "ö": "ư", "ñ": "đ", "í": "í", "ì": "ì", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}
VNI_LONE = _ALONE | {code.upper(): letter.upper() for code, letter in _ALONE.items()}
"""Codes of VNI that are a letter by themselves."""

_SUBSET = re.compile(r"[A-Z]{6}\+")
_TCVN3_FONT = re.compile(r"\.?Vn[A-Z][A-Za-z0-9 ]*?(?P<capitals>H)?(?:[,-].*)?", re.ASCII)
_VNI_FONT = re.compile(r"VNI[- ]?[A-Z].*", re.ASCII | re.IGNORECASE)


def encoding_of(font: str) -> Encoding | None:
    """What a font of this name is typed in: `.VnTime`, `ABCDEF+.VnTimeH,Bold`, `VNI-Times`; None: nothing says so."""
    name = _SUBSET.sub("", font, count=1)
    if found := _TCVN3_FONT.fullmatch(name):
        return "TCVN3 H" if found["capitals"] else "TCVN3"
    return "VNI" if _VNI_FONT.fullmatch(name) else None


def joined(base: str, mark: str) -> str | None:
    """The letter that VNI writes as these two; None where they are two letters."""
    low = mark.lower()
    if low not in _TAKES.get(base.lower(), ()):
        return None
    return unicodedata.normalize("NFC", VNI_LONE.get(base, base) + _MARKS[low])


def from_tcvn3(text: str) -> str:
    """The text of a small-letter font in Unicode; ư may have become a hyphen, see archive/legacy_layer.py."""
    return text.translate(TCVN3)


def from_vni(text: str) -> str:
    """The text in Unicode, NFC."""
    made: list[str] = []
    place = 0
    while place < len(text):
        pair = joined(text[place], text[place + 1]) if place + 1 < len(text) else None
        made.append(pair or VNI_LONE.get(text[place], text[place]))
        place += 2 if pair else 1
    return "".join(made)
