"""The face of printed forms and how a text breaks into lines of it: Tinos, as wide as the Times New Roman of the law.

No markup is read anywhere: what Tesseract or a stranger's workbook said is letters and nothing else.
"""

from __future__ import annotations

import contextlib
import functools
import re
import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path

REGULAR, BOLD, ITALIC = "Tinos-Regular", "Tinos-Bold", "Tinos-Italic"
_FONTS = Path(__file__).parent / "data" / "fonts"
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_BREAKS_AFTER = "/-–,.;:_"


_turn = threading.RLock()


@contextlib.contextmanager
def printing() -> Iterator[None]:
    """One PDF at a time: reportlab's faces remember the document they are in."""
    with _turn:
        faces()
        yield


@functools.cache
def faces() -> tuple[str, ...]:
    """The three faces, known to reportlab from the first call on."""
    from reportlab import rl_config
    from reportlab.pdfbase import pdfmetrics, ttfonts

    rl_config.useA85 = 0  # streams as bytes: letters for bytes are for mail of the nineties
    for name in (REGULAR, BOLD, ITALIC):
        pdfmetrics.registerFont(ttfonts.TTFont(name, str(_FONTS / f"{name}.ttf")))
    return REGULAR, BOLD, ITALIC


def clean(text: str) -> str:
    """NFC without what cannot be printed; a line break stays one."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").replace("\f", "\n")
    return unicodedata.normalize("NFC", _UNSEEN.sub(" ", text)).replace("\u00a0", " ")


@functools.lru_cache(maxsize=20_000)
def width(text: str, face: str, size: float) -> float:
    """Points from the first letter's left to the last one's right."""
    from reportlab.pdfbase import pdfmetrics

    return float(pdfmetrics.stringWidth(text, face, size))


def wrap(text: str, face: str, size: float, room: float) -> list[str]:
    """`text` in lines no wider than `room` points; a word wider than that breaks, never a letter. At least one line."""
    faces()
    lines: list[str] = []
    for paragraph in clean(text).split("\n"):
        lines += _filled(list(_pieces(paragraph, face, size, room)), face, size, room)
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    return lines


def _pieces(paragraph: str, face: str, size: float, room: float) -> Iterator[str]:
    for word in paragraph.split():
        while width(word, face, size) > room and len(word) > 1:
            head = _head_of(word, face, size, room)
            yield head
            word = word[len(head) :]
        yield word


def _head_of(word: str, face: str, size: float, room: float) -> str:
    """As many letters as there is room for, to the last sign after which a code may break if that is far enough."""
    fits, so_far = 1, width(word[0], face, size)
    while fits < len(word) and (so_far := so_far + width(word[fits], face, size)) <= room:
        fits += 1
    breaks = max(word.rfind(sign, 0, fits) for sign in _BREAKS_AFTER) + 1
    return word[: breaks if breaks > fits // 2 else fits]


def _filled(words: list[str], face: str, size: float, room: float) -> list[str]:
    """Words put on lines, as many as go on each."""
    lines: list[str] = []
    line, blank = "", width(" ", face, size)
    used = 0.0
    for word in words:
        more = width(word, face, size)
        if line and used + blank + more <= room:
            line, used = f"{line} {word}", used + blank + more
        else:
            lines += [line] if line else []
            line, used = word, more
    return [*lines, line]
