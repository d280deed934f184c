"""Single fields written by hand, read under their grammar: digits, days, months, dates.

Two readers look at each picture: the recogniser, which knows print and many scripts, and our own head on its features
(`penhead`), which knows clerks' digits. A pixel of width moves their minds, so each picture is read at several widths
and the scores are averaged.
"""

from __future__ import annotations

import datetime
import functools
import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from archive import calibration, ctc, ink
from archive.penhead import LETTERS, open_head
from archive.recogniser import HEIGHT, Frames, Recogniser, open_recogniser

Readings = list[tuple[str, float]]
"""(text, calibrated confidence), best first; "" says blank."""

PASSED_OVER = " .,:;…·•_'`\"°-–~"
"""Dots of the leader, dirt and blanks between digits."""
DIGITS = ("0OoQ〇D", "1lI|丨i!N", "2Zz", "3", "4Ч", "5Ss", "6bG", "7千﹖Ff", "8B&", "9gq")
"""Each digit with what a recogniser of many scripts takes a clerk's digit for: a crossed seven for 千."""
LOOKALIKE = 0.5
FOREIGN = 0.05
SEPARATORS = "/.-|–,丨\\Il1"
HOURS = ("hHg:bn", "Ss5$8", "Cc(СG<eé")
"""h between hour and minutes, S for sáng, C for chiều, each with what it is taken for."""
WIDTHS = (0.9, 1.0, 1.15)
COLOURED_WIDTHS = (1.0, 1.12)
KEPT = 8
SHARE = 0.65
"""Of the head in the scores of both readers; the rest is the recogniser's."""
LONGEST_NUMBER = 5


ALPHABETS = {"number": DIGITS, "date": (*DIGITS, SEPARATORS), "time": (*DIGITS, *HOURS)}
OWN = {"number": LETTERS[:10], "date": LETTERS[:11], "time": LETTERS[:10] + LETTERS[11:]}
"""What may stand in a field, as either reader knows it."""
BEAM = 24
KEPT_OF_VIEW = 8
Both = tuple[ctc.Logs, ctc.Logs]
"""What the head and the recogniser make of one view."""
Grammar = Callable[[ctc.Letters], bool]


@dataclass(frozen=True)
class View:
    """One reading of one picture at one width."""

    frames: Frames
    text: str
    at: tuple[int, ...]
    """The frame of each character of `text`."""
    digits: ctc.Logs
    """(2 x frames, 15): what our own head makes of it; without what was added on the right of a narrow picture."""

    def part(self, begin: int, end: int) -> View:
        """Some frames alone; without the text."""
        return View(self.frames[begin:end], "", (), self.digits[2 * begin : 2 * end])

    def span(self, before: re.Pattern[str], after: re.Pattern[str], start: int = 0) -> tuple[int, int] | None:
        """The frames between two printed words; None where they are not to be seen."""
        begin = before.search(self.text, start)
        end = after.search(self.text, begin.end()) if begin else None
        if begin is None or end is None:
            return None
        return self.at[begin.end() - 1] + 1, self.at[end.start()]


class Reader:
    """Reads single fields; every answer is empty where the recogniser cannot be had."""

    def __init__(self, recogniser: Recogniser | None = None) -> None:
        self._given = recogniser

    @property
    def recogniser(self) -> Recogniser | None:
        """Opened when first needed."""
        return self._given or open_recogniser()

    def read_field(self, name: str, strips: Sequence[Image.Image], print_ink: str = "dark") -> Readings:
        """What the pen wrote in a field called number | date | time; nothing for fields of words.

        `strips` are the line as it was scanned, laid level, cut once or in several ways; `print_ink` is the colour of
        the print around the pen: dark | red | blue.
        """
        read = {"number": self.number_in, "date": self.date_in, "time": self.time_in}.get(name)
        if read is None or not strips:
            return []
        first, *_, last = [ink.pen_only(strip, print_ink) for strip in (*strips, strips[-1])]
        lifted = ((first, 1.0), (ink.line_alone(first), 1.15), (ink.line_alone(last), 1.0))
        views = [view for strip, width in lifted for view in self.views(strip, (width,))]
        coloured = ink.coloured_pen(strips[0], print_ink)
        return read(views, self.views(coloured, COLOURED_WIDTHS)) if coloured else read(views)

    def views(self, picture: Image.Image, widths: Sequence[float] = WIDTHS) -> list[View]:
        """The picture as the recogniser sees it at several widths."""
        if self.recogniser is None or min(picture.size) < 4:
            return []
        return [self._view(self.recogniser, picture, width) for width in widths]

    def _view(self, recogniser: Recogniser, picture: Image.Image, width: float) -> View:
        stretched = max(HEIGHT, round(picture.width * width))
        resized = picture.resize((stretched, picture.height), Image.Resampling.BICUBIC)
        frames, features = recogniser.frames_and_features(resized)
        spelt = recogniser.spell(frames)
        return View(frames, "".join(c for _, c, _ in spelt), tuple(t for t, _, _ in spelt), open_head()(features))

    def line(self, picture: Image.Image) -> Readings:
        """A line of print or writing as it comes, free of any grammar; the confidence is not calibrated."""
        if self.recogniser is None:
            return []
        spelt = self.recogniser.spell(self.recogniser.frames(picture))
        if not spelt:
            return [("", 0.5)]
        return [("".join(c for _, c, _ in spelt), float(np.mean([p for _, _, p in spelt])))]

    def digits(self, picture: Image.Image) -> Readings:
        """A number of up to five digits, in a picture of the number alone."""
        return self.number_in(self.views(picture))

    def day(self, picture: Image.Image) -> Readings:
        """A day of the month, in a picture of the day alone; without a leading zero."""
        return self.day_in(self.views(picture))

    def date(self, picture: Image.Image) -> Readings:
        """A date as clerks write it (25/3/20, 25.3.2020, 25-3), as ISO 8601, or `--03-25` without its year."""
        return self.date_in(self.views(picture))

    def number_in(self, views: Sequence[View], *others: Sequence[View]) -> Readings:
        """The number in several views of one place; `others` are views of the place cut otherwise."""
        cuts = self._columns((views, *others), "number")
        texts = _beams(cuts, _may_be_number, bool)
        return self._judge("number", cuts, {_digits(text): [text] for text in texts})

    def day_in(self, views: Sequence[View], *others: Sequence[View], last: int = 31) -> Readings:
        """The day (`last` 31) or month (`last` 12) in several views of one place."""
        cuts = self._columns((views, *others), "number")
        spelt = {str(n): sorted({_letters(str(n)), _letters(f"{n:02d}")}) for n in range(1, last + 1)}
        return self._judge("day" if last > 12 else "month", cuts, spelt)

    def date_in(self, views: Sequence[View], *others: Sequence[View]) -> Readings:
        """The date in several views of one place."""
        cuts = self._columns((views, *others), "date")
        spelt: dict[str, list[ctc.Letters]] = {}
        for text in sorted(_beams(cuts, _may_be_date, _is_date)):
            spelt.setdefault(_iso(text), []).append(text)
        return self._judge("date", cuts, spelt)

    def month_in(self, views: Sequence[View], *others: Sequence[View]) -> Readings:
        """The month in several views of one place."""
        return self.day_in(views, *others, last=12)

    def time_in(self, views: Sequence[View], *others: Sequence[View]) -> Readings:
        """When a paper came in, in several views of one place: S (morning), C (afternoon), 8h, 8h30."""
        cuts = self._columns((views, *others), "time")
        return self._judge("time", cuts, {_time(text): [text] for text in _beams(cuts, _may_be_time, _is_time)})

    def _columns(self, cuts: Sequence[Sequence[View]], kind: str) -> list[list[Both]]:
        recogniser = self.recogniser
        if recogniser is None:
            return []
        alphabet = (PASSED_OVER, *ALPHABETS[kind])
        seen = [
            [
                (_own(view.digits, kind), ctc.logs(recogniser.columns(view.frames, alphabet, LOOKALIKE, FOREIGN)))
                for view in views
                if len(view.frames)
            ]
            for views in cuts
        ]
        return [views for views in seen if views]

    def _judge(self, kind: str, cuts: Sequence[Sequence[Both]], spelt: Mapping[str, list[ctc.Letters]]) -> Readings:
        """Candidates by mean log probability over the readers and the views of a cut, and by mean probability over
        the cuts.

        A cut may miss the writing: so one that sees it outweighs those that do not, and blank is only what all see.
        """
        if not cuts:
            return []
        candidates: dict[str, list[ctc.Letters]] = {**spelt, "": [()]}
        flat = [text for texts in candidates.values() for text in texts]
        sizes = [len(texts) for texts in candidates.values()]
        means = np.array([np.mean([_both(view, flat, sizes) for view in views], axis=0) for views in cuts])
        together = np.logaddexp.reduce(means, axis=0) - np.log(len(cuts))
        together[-1] = means[:, -1].min()
        scores = dict(zip(candidates, together.tolist(), strict=True))
        return calibration.confident(kind, scores)[:KEPT]


def _own(logs: ctc.Logs, kind: str) -> ctc.Logs:
    """The head's letters of this kind of field; its others are passed over like the recogniser's."""
    kept = [LETTERS.index(c) + 1 for c in OWN[kind]]
    foreign = [n for n in range(1, logs.shape[1]) if n not in kept]
    passed = np.logaddexp(logs[:, 0], np.logaddexp.reduce(logs[:, foreign], axis=1) + np.log(FOREIGN))
    return np.column_stack([passed, logs[:, kept]])


def _both(view: Both, texts: Sequence[ctc.Letters], sizes: Iterable[int]) -> NDArray[np.float64]:
    """Log probabilities of values, whose spellings stand in `texts` one after the other."""
    own, base = (np.array(_joined(ctc.score(logs, texts), sizes)) for logs in view)
    return SHARE * own + (1 - SHARE) * base


def _beams(cuts: Iterable[Sequence[Both]], may_begin: Grammar, is_whole: Grammar) -> set[ctc.Letters]:
    """What the readers see in any view."""
    return {
        text
        for views in cuts
        for view in views
        for logs in view
        for text in ctc.beam(logs, may_begin, is_whole, BEAM)[:KEPT_OF_VIEW]
    }


def _joined(scores: NDArray[np.float64], sizes: Iterable[int]) -> list[float]:
    """The spellings of one value together: 7 and 07."""
    edges = list(itertools.accumulate(sizes, initial=0))
    return [float(np.logaddexp.reduce(scores[a:b])) for a, b in itertools.pairwise(edges)]


def _letters(digits: str) -> ctc.Letters:
    return tuple(int(c) + 1 for c in digits)


SEPARATOR = 11


@functools.lru_cache(maxsize=8192)
def _digits(text: ctc.Letters) -> str:
    return "".join("/" if n == SEPARATOR else str(n - 1) for n in text)


def _may_be_number(text: ctc.Letters) -> bool:
    return len(text) <= LONGEST_NUMBER


def _time(text: ctc.Letters) -> str:
    return "".join("hSC"[n - 11] if n > 10 else str(n - 1) for n in text)


def _may_be_time(text: ctc.Letters) -> bool:
    return bool(_TIME_BEGUN.fullmatch(_time(text)))


def _is_time(text: ctc.Letters) -> bool:
    return bool(_TIME.fullmatch(_time(text)))


_TIME = re.compile(r"[SC]|(?:1?\d|0\d|2[0-3])h(?:[0-5]\d)?")
_TIME_BEGUN = re.compile(r"[SC]|(?:[01]?\d|2[0-3]?)(?:h(?:[0-5]\d?)?)?")


def _spellings(values: Iterable[int]) -> frozenset[str]:
    return frozenset(s for n in values for s in (str(n), f"{n:02d}"))


# Arrival stamps of an archive that begins with the century; two digits mean 20xx.
_PARTS = (
    _spellings(range(1, 32)),
    _spellings(range(1, 13)),
    frozenset([f"{n:02d}" for n in range(50)] + [str(n) for n in range(2000, 2050)]),
)
_BEGINNINGS = tuple(frozenset(part[:n] for part in parts for n in range(5)) for parts in _PARTS)


@functools.lru_cache(maxsize=65536)
def _may_be_date(text: ctc.Letters) -> bool:
    *whole, last = _digits(text).split("/")
    if len(whole) > 2:
        return False
    return last in _BEGINNINGS[len(whole)] and all(p in parts for p, parts in zip(whole, _PARTS, strict=False))


@functools.lru_cache(maxsize=65536)
def _is_date(text: ctc.Letters) -> bool:
    parts = _digits(text).split("/")
    return len(parts) > 1 and all(p in known for p, known in zip(parts, _PARTS, strict=False)) and bool(_iso(text))


def _iso(text: ctc.Letters) -> str:
    """ISO 8601 of a written date, `--MM-DD` without a year; "" when the calendar has no such day."""
    parts = [int(part) for part in _digits(text).split("/")]
    day, month = parts[0], parts[1]
    year = parts[2] if len(parts) > 2 else None
    full = 2000 if year is None else year + 2000 * (year < 100)
    try:
        datetime.date(full, month, day)
    except ValueError:
        return ""
    return f"--{month:02d}-{day:02d}" if year is None else f"{full}-{month:02d}-{day:02d}"
