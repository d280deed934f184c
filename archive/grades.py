"""Which grade of secrecy a strip says, if any: MẬT, TỐI MẬT or TUYỆT MẬT, letters worn away and all.

What the recogniser spells of a worn mark is rarely the word: "IUNETNAT", "101A". So the chance of each word, some of
its letters lost, is weighed against the likeliest spelling, and against the words a mark might be taken for.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive import ctc
from archive.recogniser import Frames, Recogniser
from archive.vietnamese import fold

GRADES = {"mat": "MẬT", "toimat": "TỐI MẬT", "tuyetmat": "TUYỆT MẬT"}
PASSED = " |[](){}_.-–—'`´\"“”,:;·•°*~^"
"""What a frame, specks and marks above the letters are read as."""
LETTERS = {
    "M": ("M", "NWHm"), "A": ("AÂẦẤẨẪẬÁÀẢÃẠĂẰẮẲẴẶÅÄ", "4aâậN"), "T": ("T", "17IÍFYtr"),
    "O": ("OÔỐỒỔỖỘÓÒỎÕỌƠ", "0QDCoôố"), "I": ("IÍÌỈĨỊ", "1l!iJ"), "U": ("UÚÙỦŨỤƯ", "VLOuJ"),
    "Y": ("YÝỲỶỸỴ", "VTvyN"), "E": ("EÊẾỀỂỄỆÉÈẺẼẸ", "FÉLCBR"),
    "K": ("K", "kX"), "H": ("H", "hN"), "N": ("N", "Hn"), "C": ("C", "cGO"), "G": ("G", "C6"), "B": ("B", "8"),
    "R": ("R", ""), "S": ("S", "5"), "D": ("DĐ", "O"), "L": ("L", ""), "P": ("P", ""),
}  # fmt: skip
LOOKALIKE = 0.25
WORDS = {"mat": "MAT", "toimat": "TOIMAT", "tuyetmat": "TUYETMAT"}
URGENT = ("KHAN", "HOATOC", "THUONGKHAN")
RIVALS = ("BIMAT", "BAOMAT", "MATTRAN", "TIENMAT", "MATMA", "MATHANG", "DEN", "TEN", "SO", "BAN", "CONGAN", "NHAN", "")
"""What else stands in boxes and in capitals; nothing at all among it."""
SELDOM = (
    "MAI", "MAU", "MAC", "MAN", "MOI", "NHAT", "CHAT", "HAT", "PHAT", "LUAT", "DAT", "THAT", "TOI", "TOAN", "TONG",
    "TUYEN", "TUYET", "TIM",
)  # fmt: skip
"""Words as like a mark as these seldom stand alone: spelt plainly they are none, torn they are rather the mark."""
SELDOM_PRICE = 6.0
LOST = {
    "MAT": (4.0,), "TOIMAT": (1.5, 4.0), "TUYETMAT": (1.0, 2.5, 5.0),
    "KHAN": (1.0, 4.0), "HOATOC": (1.0, 2.5), "THUONGKHAN": (1.0,),
}  # fmt: skip
"""Taken off the log chance of a word without one, two or three of its letters, which did not take on the paper."""

_ALONE = re.compile(r"(?:thuong|hoatoc(?:hengio)?)?(?:khan)?(?P<word>(?:toi|tuyet)?mat)(?:thuong|hoatoc)?(?:khan)?")
"""A mark alone, or in one line with a mark of urgency."""
_LOOKALIKES = str.maketrans("l1|!", "IIII")


@dataclass(frozen=True)
class Reading:
    """What a strip says of itself."""

    said: str
    word: str
    """The key of the likeliest grade."""
    plain: bool
    """It spells the word and nothing else."""
    chance: float
    """Log chance of the word beside the likeliest spelling; about 0 where it is that."""
    lead: float
    """Log chance of the word beside the likeliest rival."""
    sure: float
    """Mean chance of the characters spelt."""
    vowel: float
    """Where its last A stands, as a share of the frames."""

    @property
    def full(self) -> bool:
        """Whether as many letters were spelt as the grade has."""
        return self.letters >= len(WORDS[self.word])

    @property
    def letters(self) -> int:
        """How many letters were spelt."""
        return sum(map(str.isalpha, self.said))


def read(frames: Frames, recogniser: Recogniser) -> Reading:
    """The likeliest grade of a strip."""
    spelt = recogniser.spell(frames)
    said = "".join(character for _, character, _ in spelt)
    sure = float(np.mean([chance for _, _, chance in spelt])) if spelt else 0.0
    columns = _columns(frames, recogniser)
    words, texts, price = _texts()
    scores = ctc.score(ctc.logs(columns), texts) - price
    free = float(np.log(frames.max(1)).sum())
    grades = [n for n, word in enumerate(words) if word]
    best = max(grades, key=lambda n: float(scores[n]))
    rival = max(float(scores[n]) for n, word in enumerate(words) if not word)
    plain = plainly(said)
    word = plain or words[best]
    vowels = [t for t, character, _ in spelt if fold(character) == "a"]
    vowel = vowels[-1] if vowels else int(columns[:, 1 + list(LETTERS).index("A")].argmax())
    best_score, at = float(scores[best]), (vowel + 0.5) / len(frames)
    lead = -math.inf if _folded(said).upper() in SELDOM else best_score - rival
    return Reading(said, word, bool(plain), best_score - free, lead, sure, at)


def plainly(said: str) -> str:
    """The grade that was spelt, alone or beside a mark of urgency; "" for anything else."""
    letters = "".join(filter(str.isalpha, said.translate(_LOOKALIKES)))
    if sum(map(str.isupper, letters)) < 0.6 * len(letters):
        return ""
    found = _ALONE.fullmatch(_folded(said))
    return found["word"] if found else ""


def _columns(frames: Frames, recogniser: Recogniser) -> Frames:
    """(frames, 1 + LETTERS): what is passed over, and each letter with what it is taken for."""
    columns = np.empty((len(frames), 1 + len(LETTERS)), np.float32)
    groups = _indices(recogniser)
    columns[:, 0] = frames[:, groups[0][0]].sum(1)
    for n, (full, like) in enumerate(groups[1:], 1):
        columns[:, n] = frames[:, full].sum(1) + LOOKALIKE * frames[:, like].sum(1)
    return columns


@functools.cache
def _indices(recogniser: Recogniser) -> tuple[tuple[list[int], list[int]], ...]:
    def known(characters: str) -> list[int]:
        return [n for c in characters if (n := recogniser.index(c)) is not None]

    passed = [0, *known(PASSED)]
    return ((passed, []), *((known(full), known(like)) for full, like in LETTERS.values()))


@functools.cache
def _texts() -> tuple[tuple[str, ...], tuple[ctc.Letters, ...], NDArray[np.float64]]:
    """The grade (or "" for a rival), the letters and the price of every text that is weighed."""
    number = {letter: n for n, letter in enumerate(LETTERS, 1)}
    grades = [(grade, *one) for grade, word in WORDS.items() for one in _worn(word)]
    rows = [*grades, *(("", *one) for rival in URGENT for one in _worn(rival)), *(("", one, 0.0) for one in RIVALS)]
    rows += [("", one, SELDOM_PRICE) for one in SELDOM]
    texts = tuple(tuple(number[letter] for letter in text) for _, text, _ in rows)
    return tuple(word for word, _, _ in rows), texts, np.array([price for _, _, price in rows])


def _worn(word: str) -> Iterator[tuple[str, float]]:
    """A word, whole and without some of its letters."""
    yield word, 0.0
    for lost, price in enumerate(LOST[word], 1):
        for kept in sorted({"".join(letters) for letters in itertools.combinations(word, len(word) - lost)}):
            yield kept, price


def first_word(frames: Frames, recogniser: Recogniser) -> str:
    """The grade that a strip begins: TỐI or TUYỆT alone, its MẬT on the next line; "" for anything else."""
    said = "".join(character for _, character, _ in recogniser.spell(frames))
    return {"toi": "toimat", "tuyet": "tuyetmat"}.get(_folded(said), "")


def _folded(said: str) -> str:
    return fold("".join(filter(str.isalpha, said.translate(_LOOKALIKES))))
