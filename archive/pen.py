"""Single fields written by hand, read under their grammar: digits, days, months, dates, times.

Two readers look at each picture: our own network (`penmodel`), which knows clerks' digits, and the recogniser, which
knows print and many scripts. A pixel of width moves their minds, so each picture is read at several widths and the
scores are averaged.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from archive import calibration, ctc, ink
from archive.findings import Finding
from archive.penmodel import LETTERS, open_network
from archive.reading import Box
from archive.recogniser import HEIGHT, Frames, Recogniser, open_recogniser
from archive.written import KINDS, Kind, near, ways

Readings = list[tuple[str, float]]
"""(text, calibrated confidence), best first; "" says blank."""

PASSED_OVER = " .,:;…·•_'`\"°-–~"
"""Dots of the leader, dirt and blanks between digits."""
TAKEN_FOR = {
    "0": "0OoQ〇D", "1": "1lI|丨i!N", "2": "2Zz", "3": "3", "4": "4Ч", "5": "5Ss", "6": "6bG", "7": "7千﹖Ff",
    "8": "8B&", "9": "9gq", "/": "/.-|–,丨\\Il1", "h": "hHg:bn", "S": "Ss5$8", "C": "Cc(СG<eé",
}  # fmt: skip
"""Each letter with what a recogniser of many scripts takes a clerk's for: a crossed seven for 千."""
ONE, STROKE = LETTERS.index("1") + 1, LETTERS.index("/") + 1
LOOKALIKE = 0.5
FOREIGN = 0.05
WIDTHS = (0.9, 1.0, 1.15)
OWN_WIDTHS = (1.0, 1.4)
"""How wide our own network sees a strip; it was trained on 0.9 to 1.75."""
WIDER: Mapping[str, Sequence[float]] = {"number": (1.7,)}
"""Numbers gain by one look more; dates do not, and theirs cost more: each looks for texts of its own."""
KEPT = 8
FAINT = 1e-6
"""Below this nobody's word could lift a reading."""
SHARE, SHARE_IN_LINE = 0.9, 0.65
"""Of our own network in the scores of both readers; the rest is the recogniser's. Our own never saw the print that
stands before and behind a place in a line of print."""
BEAM = 24
COUNTED = 4
"""Digits of a number up to which every number there is gets its score."""
FAR = 20.0
"""Log probability below the likeliest text from which on no witness could lift a reading."""
KEPT_OF_VIEW = 8


@dataclass(frozen=True)
class View:
    """One reading of one picture at one width."""

    frames: Frames
    text: str
    at: tuple[int, ...]
    """The frame of each character of `text`."""
    digits: ctc.Logs
    """(2 x frames, 15): what our own network makes of it; without what was added on the right of a narrow picture."""

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


@dataclass(frozen=True)
class Seen:
    """What both readers make of one place, in the letters of a kind of field."""

    own: Sequence[ctc.Logs]
    base: Sequence[ctc.Logs]
    share: float = SHARE
    """Of the first in the scores."""

    def scores(self, texts: Sequence[ctc.Letters]) -> NDArray[np.float64]:
        """Log probability of each text: the mean over the views, weighed over the readers."""
        return self._mean(lambda view: ctc.score(view, texts)) if texts else np.zeros(0)

    def numbers(self) -> dict[ctc.Letters, float]:
        """The log probability of no and of every number of up to COUNTED digits."""
        scored = self._mean(lambda view: np.concatenate(ctc.score_numbers(view, COUNTED)))
        return dict(zip(_counted(), scored.tolist(), strict=True))

    def _mean(self, score: Callable[[ctc.Logs], NDArray[np.float64]]) -> NDArray[np.float64]:
        readers = [(share, views) for share, views in ((self.share, self.own), (1 - self.share, self.base)) if views]
        means = [np.mean([score(view) for view in views], axis=0) for _, views in readers]
        together: NDArray[np.float64] = np.average(means, axis=0, weights=[share for share, _ in readers])
        return together

    def beams(self, kind: Kind) -> set[ctc.Letters]:
        """What either reader sees in any view."""
        return {
            text
            for view in (*self.own, *self.base)
            for text in ctc.beam(view, kind.may_begin, kind.is_whole, BEAM)[:KEPT_OF_VIEW]
        }


class Reader:
    """Reads single fields; every answer is empty where the recogniser cannot be had."""

    def __init__(self, recogniser: Recogniser | None = None) -> None:
        self._given = recogniser

    @property
    def recogniser(self) -> Recogniser | None:
        """Opened when first needed."""
        return self._given or open_recogniser()

    def read_field(self, name: str, strips: Sequence[Image.Image], print_ink: str = "dark") -> Readings:
        """What the pen wrote in a field called number | day | month | date | time; nothing for fields of words. Some
        hundred readings: the unlikely ones are for other witnesses.

        `strips` are the line as it was scanned, laid level, cut once or in several ways; `print_ink` is the colour of
        the print around the pen: dark | red | blue.
        """
        scores = self.scores(name, strips, print_ink)
        return calibration.confident(name, scores) if scores else []

    def scores(self, name: str, strips: Sequence[Image.Image], print_ink: str = "dark") -> dict[str, float]:
        """The log probabilities behind `read_field`."""
        network = open_network() if self.recogniser else None
        usable = [strip for strip in strips if min(strip.size) >= 4]
        if name not in KINDS or network is None or not usable:
            return {}
        kind = KINDS[name]
        widths = (*OWN_WIDTHS, *WIDER.get(name, ()))
        own = [_own(network.strip(strip, width), kind) for strip in usable for width in widths]
        return judged(name, Seen(own, [self._base(frames, kind) for frames in self._lifted(usable[0], print_ink)]))

    def _lifted(self, strip: Image.Image, print_ink: str) -> Iterator[Frames]:
        """The recogniser's frames of the pen lifted off the print, with and without the lines above and below."""
        if self.recogniser is None:
            return
        lifted = ink.pen_only(strip, print_ink)
        for picture, width in ((lifted, 1.0), (ink.line_alone(lifted), 1.15)):
            yield self.recogniser.frames(_stretched(picture, width))

    def views(self, picture: Image.Image, widths: Sequence[float] = WIDTHS) -> list[View]:
        """The picture as the readers see it at several widths."""
        if self.recogniser is None or min(picture.size) < 4:
            return []
        return [self._view(self.recogniser, _stretched(picture, width)) for width in widths]

    def _view(self, recogniser: Recogniser, picture: Image.Image) -> View:
        frames = recogniser.frames(picture)
        spelt = recogniser.spell(frames)
        network = open_network()
        digits = network.strip(picture, 1.0) if network else np.zeros((0, 1 + len(LETTERS)))
        return View(frames, "".join(c for _, c, _ in spelt), tuple(t for t, _, _ in spelt), digits)

    def line(self, picture: Image.Image) -> Readings:
        """A line of print or writing as it comes, free of any grammar; the confidence is not calibrated."""
        if self.recogniser is None:
            return []
        spelt = self.recogniser.spell(self.recogniser.frames(picture))
        if not spelt:
            return [("", 0.5)]
        return [("".join(c for _, c, _ in spelt), float(np.mean([p for _, _, p in spelt])))]

    def read_views(self, name: str, views: Sequence[View]) -> Readings:
        """The number, day or month in several views of one place."""
        kind = KINDS[name]
        usable = [view for view in views if len(view.frames)]
        own = [_own(view.digits, kind) for view in usable if len(view.digits)]
        seen = Seen(own, [self._base(view.frames, kind) for view in usable], SHARE_IN_LINE)
        return calibration.confident(name, judged(name, seen))[:KEPT] if usable else []

    def _base(self, frames: Frames, kind: Kind) -> ctc.Logs:
        if self.recogniser is None:
            return np.zeros((0, 1 + len(LETTERS)))
        alphabet = (PASSED_OVER, *(TAKEN_FOR[letter] if letter in kind.letters else "" for letter in LETTERS))
        return ctc.logs(self.recogniser.columns(frames, alphabet, LOOKALIKE, FOREIGN))


def judged(name: str, seen: Seen) -> dict[str, float]:
    """Log probability of each value that was seen or is near to one, of all numbers and days, and of blank; the ways
    of writing one are taken together. Those FAR below the likeliest are left out."""
    kind = KINDS[name]
    scored = seen.numbers() if name == "number" else {}
    texts = sorted(seen.beams(kind) - scored.keys())
    if name in DAYS:
        texts = [way for n in range(1, DAYS[name] + 1) for way in ways(name, str(n))]
    scored |= dict(zip([(), *texts], seen.scores([(), *texts]).tolist(), strict=True))
    if name in NEAR:
        best = sorted(texts, key=lambda text: -scored[text])[: NEAR[name]]
        more = sorted(set().union(*(near(name, text) for text in best)) - scored.keys())
        scored |= dict(zip(more, seen.scores(more).tolist(), strict=True))
    return _joined(kind, scored)


def _joined(kind: Kind, scored: Mapping[ctc.Letters, float]) -> dict[str, float]:
    joined: dict[str, float] = {}
    least = max(scored.values()) - FAR
    for text, score in scored.items():
        if text and score < least:
            continue
        value = kind.value(text) if text else ""
        joined[value] = float(np.logaddexp(joined[value], score)) if value in joined else score
    return joined


@functools.cache
def _counted() -> tuple[ctc.Letters, ...]:
    digits = range(1, 11)
    return tuple(text for n in range(COUNTED + 1) for text in itertools.product(digits, repeat=n))


NEAR: Mapping[str, int] = {"number": 2, "date": 2}
"""Of how many readings those near to them are scored, too: the book may know better which digit it is. Of numbers, only
those longer than COUNTED need that."""


def findings_of(name: str, readings: Readings, page: int, box: Box) -> Iterator[Finding]:
    """The readings of a stamp's field as findings, best first; those too unlikely to be shown go with the first.

    A date without its year is only a part of a date; with nothing read there is one finding that says so.
    """
    rivals = tuple((text, chance) for text, chance in readings[KEPT:] if text and chance > FAINT)
    for n, (text, confidence) in enumerate(readings[:KEPT] or [("", 0.0)]):
        partial = text if text.startswith("--") else None
        value = None if partial or not text else text
        reason = "đọc chữ viết tay trong dấu ĐẾN" if text else "có trong dấu ĐẾN, xem ảnh"
        yield Finding(name, value, confidence, page=page, box=box, partial=partial, reason=reason, witness="pen",
                      rivals=() if n else rivals)  # fmt: skip


DAYS: Mapping[str, int] = {"day": 31, "month": 12}


def _stretched(picture: Image.Image, width: float) -> Image.Image:
    return picture.resize((max(HEIGHT, round(picture.width * width)), picture.height), Image.Resampling.BICUBIC)


def _own(logs: ctc.Logs, kind: Kind) -> ctc.Logs:
    """The network's letters of this kind of field; its others are passed over like the recogniser's. Where no stroke
    parts a date, one is as likely to be a 1."""
    foreign = [n for n, letter in enumerate(LETTERS, 1) if letter not in kind.letters]
    own = logs.copy()
    own[:, 0] = np.logaddexp(logs[:, 0], np.logaddexp.reduce(logs[:, foreign], axis=1) + np.log(FOREIGN))
    if STROKE in foreign:
        own[:, ONE] = np.logaddexp(logs[:, ONE], logs[:, STROKE] + np.log(LOOKALIKE))
    own[:, foreign] = np.log(ctc.FLOOR)
    return own
