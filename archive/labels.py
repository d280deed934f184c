"""The printed labels of an arrival stamp, and the places they leave to the pen.

The straightened stamp is read in overlapping bands, each as high as a line: the recogniser finds a label under body
text where Tesseract, which must first find lines, finds none. NĐ 30/2020, annex IV names ĐẾN, Số, Ngày, Chuyển and
Số và ký hiệu HS; older and other stamps Giờ, Lưu hồ sơ số, CV ĐẾN.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from archive import ladder, tesseract
from archive.leaders import Leader
from archive.pen import Reader
from archive.recogniser import Recogniser
from archive.spotting import MERIT, letters, merit, share, spot
from archive.vietnamese import fold

PX = 10.0
"""Pixels per mm of a straightened stamp."""
BAND = 5.6
LEAST_PITCH = 3.0
LOW, PITCHES = 27.0, (4.4, 5.7)
"""mm from line to line of stamps that are, with the paper around, no higher than LOW, and of higher ones."""
MOST_OF_PITCH = 1.25
"""Of that, where a word of the text below was taken for a label."""
STEP = 2.0
ABOVE_DOTS = 4.2
"""mm: height of a band, how far the next one lies below it, how far a band begins above a dotted leader."""

WORDS = {
    "arrived": ("den", "cv den"),
    "number": ("so", "so:"),
    "time": ("gio", "gio:"),
    "date": ("ngay", "ngay:"),
    "forward_to": ("chuyen", "chuyen:"),
    "file_ref": ("so va ky hieu", "ky hieu hs", "luu ho so so", "luu hs so", "ho so so", "so hs:"),
}
"""The labels without case and marks; a colon stands for any points."""
LEAST = 0.35
"""Share of what its letters are worth below which a word was not seen."""
ORDER = ("time", "number", "date", "forward_to", "file_ref")
"""From the top: on no stamp do they stand otherwise."""
LINES = {"time": 0, "number": 0, "date": 1, "forward_to": 2, "file_ref": 3}
PRINTED = {"number": 4.5, "time": 6.0, "date": 8.0}
"""mm that a label takes."""
SAME_BAND, SAME_LINE = 1.2, 1.7
SAME_LEFT, SAME_LABEL = 0.8, 4.1
"""mm: a label seen twice with its left end at one place, in bands no farther apart, is one label between them."""
MOST_NEXT = 7.6
"""mm from line to line at most."""
LAST_LINE = 8.0
"""mm below the date, the paper around the frame too, in which no line more can stand: so it is a stamp with an hour."""
NEAR_EDGE = 2.5
"""mm from the edge of the page within which a label seen is the rest of one."""
TOPMOST, TOPMOST_IN_HIGH = 5.7, 9.0
"""mm, the paper around the frame too: the middle of the first line is no higher, and the number, in frames higher than
LOW, not so high as the office's name."""
OUTSIDE = 1.0
"""mm to the left of the frame from which on a word is of the page's text."""
PAPER = 2.5
"""mm of the page that a straightened stamp keeps around its frame."""
BELOW_ARRIVED, ABOVE_ARRIVED = 1.5, 6.0
"""mm: the number stands below an ĐẾN in the middle, and in a high frame hardly above one in a cell at the left."""
LOWEST_NUMBER = 0.66
"""Share of the height in which the number stands, the paper around the frame too: the upper half in every layout."""
CLEAR = 0.7
"""How clear a leader is that is none of print."""
FIRST_LEFT = 6.5
"""mm, the paper around the frame too: where the lowest line begins in every layout, at most."""
TALL_CELL, BESIDE_ARRIVED, NO_ARRIVED = 12.0, 17.0, 15.0
"""mm: where ĐẾN stands in a cell at the left, number and date stand as far to the right of the lower lines; and there
is no room for it above a first line at less than NO_ARRIVED."""
REF_SEEN = 6.0
MOST_PITCH = 9.0
UNEVEN = 0.12
"""What a millimetre from where a line is expected takes from how clear its leader is."""
LEFT_PART, BEGUN = 0.6, 26.0
"""Share of the frame's width in which every label begins; mm in which all but ĐẾN do."""
SEEN_PART = 0.75


@dataclass(frozen=True)
class Label:
    """A printed label in a straightened stamp; mm from the picture's upper left corner."""

    name: str
    left: float
    right: float
    middle: float
    """Height of the middle of its line."""
    weight: float
    """How clearly it was seen: MERIT a letter at best."""
    dots: float = 0.0
    """How clear the dotted leader is that it begins."""
    room: float = 99.0
    """mm from its line to the next one: what is written higher stands on the line above."""


def dotted_bands(dotted: Sequence[Leader]) -> list[float]:
    """Upper edges, mm, of the bands of print that end in these dotted leaders."""
    return [max(0.0, leader.height - ABOVE_DOTS) for leader in dotted]


def other_bands(picture: Image.Image, read: Sequence[float] = ()) -> list[float]:
    """Upper edges of bands over the whole picture, those left out that were read."""
    room = picture.height / PX - BAND
    tops = [STEP * n for n in range(int(room / STEP) + 1)] if room > 0 else []
    return [top for top in tops if all(abs(top - other) > SAME_BAND for other in read)]


def labels_of(
    seen: Sequence[Label], picture: Image.Image, dotted: Sequence[Leader], edge: float = 0.0
) -> dict[str, Label]:  # fmt: skip
    """The labels in the one arrangement most of the bands speak for; `arrived` is ĐẾN.

    A label of number, hour or date that was not seen is put where the leaders and the other labels say (weight 0).
    `edge` is where the page begins, mm.
    """
    least = 0.0 if edge > 0 else PAPER - OUTSIDE
    rows = {name: _rows([label for label in seen if label.name == name and label.left >= least]) for name in WORDS}
    most = picture.width / PX * LEFT_PART
    inside = {
        name: [r for r in found if r.left < (most if name == "arrived" else min(most, BEGUN))]
        for name, found in rows.items()
    }
    tall = picture.height / PX
    arrived = inside["arrived"][:1]
    inside["number"] = [row for row in inside["number"] if _may_be_number(row, arrived, dotted, tall)]
    best = _placed(inside, dotted)
    unseen = _unseen(best, arrived, dotted, tall, edge)
    lines = [*best, *(_from(edge, label) for label in unseen)]
    middles = sorted(label.middle for label in lines)
    room = min((b - a for a, b in itertools.pairwise(middles) if b - a > LEAST_PITCH), default=99.0)
    return {label.name: dataclasses.replace(label, room=room) for label in (*lines, *arrived)}


def _placed(inside: Mapping[str, Sequence[Label]], dotted: Sequence[Leader]) -> list[Label]:
    """The labels that agree best, each with its height as its leader says it."""
    best = [label for label in max(_choices(inside), key=_agreement) if label]
    if {"time", "number"} <= {label.name for label in best}:
        return [_on_dots(label, dotted) for label in best]
    rungs = [(_text_above(leader), leader.strength) for leader in dotted if leader.strength > ladder.CLEAR]
    inner = [rung for rung in rungs if rung[0] > TOPMOST]
    laid = ladder.on_ladder(inside, inner, LINES, sum(label.weight for label in best))
    return laid or [_on_dots(label, dotted) for label in best]


def _choices(inside: Mapping[str, Sequence[Label]]) -> Iterator[tuple[Label | None, ...]]:
    return itertools.product(*([None, *inside[name]] for name in ORDER))


def _may_be_number(label: Label, arrived: Sequence[Label], dotted: Sequence[Leader], tall: float) -> bool:
    """The office's name stands above the number (SỞ is no Số), and no two lines of the form do: below them, and in the
    lowest part of the frame, it is the Số of `Lưu hồ sơ số`."""
    above = [leader for leader in dotted if leader.strength > CLEAR and _text_above(leader) < label.middle - SAME_LINE]
    return _topmost(arrived, tall) < label.middle < LOWEST_NUMBER * tall and len(above) < 2


def _topmost(arrived: Sequence[Label], tall: float) -> float:
    """mm: how high the number may stand; in low frames ĐẾN stands beside the second line."""
    if tall <= LOW:
        return TOPMOST
    if not arrived:
        return TOPMOST_IN_HIGH
    highest = arrived[0].middle + (-ABOVE_ARRIVED if arrived[0].left < TALL_CELL else BELOW_ARRIVED)
    return max(TOPMOST, highest)


def _on_dots(label: Label, dotted: Sequence[Leader]) -> Label:
    """The label with its height as its leader says it, which is known better."""
    near = [leader for leader in dotted if abs(_text_above(leader) - label.middle) < SAME_LINE]
    best = max(near, key=lambda leader: leader.strength, default=None)
    return dataclasses.replace(label, middle=_text_above(best), dots=best.strength) if best else label


def _text_above(leader: Leader) -> float:
    return leader.height - ABOVE_DOTS + BAND / 2


def _agreement(labels: Sequence[Label | None]) -> float:
    """How much the bands saw of these labels, less for lines that do not stand evenly below each other."""
    placed = [label for label in labels if label]
    if any(b.middle - a.middle < LEAST_PITCH for a, b in itertools.pairwise(placed)):
        return -1.0
    upper = [label.left for label in placed if label.name in ("time", "number", "date")]
    askew = max(upper) - min(upper) if upper else 0.0
    return sum(label.weight for label in placed) - 2 * max(0.0, askew - 2.0) - 4 * _unevenness(placed)


def _unevenness(placed: Sequence[Label]) -> float:
    """mm by which the lines miss even distances, beyond what a slanting print explains."""
    if len(placed) < 2:
        return 0.0
    first, pitch = _lines(placed)
    away = [abs(label.middle - first - pitch * _line(label, placed)) for label in placed]
    return max(0.0, max(away) - 0.8) + max(0.0, pitch - MOST_PITCH)


def _lines(placed: Sequence[Label]) -> tuple[float, float]:
    """Height of the first line, and from line to line; mm."""
    lines, middles = [_line(label, placed) for label in placed], [label.middle for label in placed]
    line, middle = statistics.fmean(lines), statistics.fmean(middles)
    spread = sum((n - line) ** 2 for n in lines)
    pitch = sum((n - line) * (y - middle) for n, y in zip(lines, middles, strict=True)) / max(spread, 1e-6)
    return middle - pitch * line, pitch


def _line(label: Label, placed: Sequence[Label]) -> int:
    """The hour stands on the line of the number, or above it where a stamp has both."""
    both = {"time", "number"} <= {other.name for other in placed}
    return -1 if both and label.name == "time" else LINES[label.name]


def _unseen(
    placed: Sequence[Label], arrived: Sequence[Label], dotted: Sequence[Leader], tall: float, edge: float
) -> list[Label]:  # fmt: skip
    """Number or hour, and date, where their lines must be: on the leader next to a label that was seen, else as far
    from it as lines stand apart."""
    known = {label.name: label for label in placed}
    upper, date = known.get("number") or known.get("time"), known.get("date")
    lower = known.get("forward_to") or known.get("file_ref")
    pitch = _lines(placed)[1] if len(placed) > 1 else PITCHES[tall > LOW]
    pitch = min(pitch, MOST_OF_PITCH * PITCHES[tall > LOW])
    if date:
        name = "number" if tall - date.middle > LAST_LINE else "time"
        return [] if upper else _missing(name, date.left, _next(date.middle, -1, pitch, dotted))
    if upper:
        below = _next(upper.middle, 1, pitch, dotted)
        crossed = lower and below > lower.middle - LEAST_PITCH
        return [] if crossed else _missing("date", upper.left, below)
    if lower:
        found = _above(_begun(lower), arrived, dotted, PITCHES[tall > LOW])
        at_edge = edge > 0 and lower.name == "file_ref"
        return [dataclasses.replace(label, left=edge, right=edge) for label in found] if at_edge else found
    return _beside_arrived(arrived, dotted, tall)


def _beside_arrived(arrived: Sequence[Label], dotted: Sequence[Leader], tall: float) -> list[Label]:
    """Number or hour, and date, on the first two leaders of a stamp of which only ĐẾN was seen."""
    clear = [leader.height for leader in dotted if leader.strength > ladder.CLEAR]
    rungs = [height - ABOVE_DOTS + BAND / 2 for height in clear if height - ABOVE_DOTS + BAND / 2 > TOPMOST]
    if not arrived or len(rungs) < 2:
        return []
    left = arrived[0].right + 1 if arrived[0].left < TALL_CELL else FIRST_LEFT
    upper = "number" if tall - rungs[1] > LAST_LINE else "time"
    return [*_missing(upper, left, rungs[0]), *_missing("date", left, rungs[1])]


def _from(edge: float, label: Label) -> Label:
    """What the pen wrote begins at the edge of the page where that has cut the labels off."""
    cut = edge > 0 and label.left < edge + NEAR_EDGE
    return dataclasses.replace(label, left=min(edge, label.left), right=edge) if cut else label


def _begun(lower: Label) -> Label:
    """The label with its true left end: of the longest one the last words may have been seen alone."""
    return dataclasses.replace(lower, left=min(lower.left, FIRST_LEFT)) if lower.name == "file_ref" else lower


def _above(
    lower: Label, arrived: Sequence[Label], dotted: Sequence[Leader], pitch: float
) -> list[Label]:  # fmt: skip
    """Number and date above a line that was seen."""
    first = lower.middle if lower.name == "forward_to" else _next(lower.middle, -1, pitch, dotted)
    date = _next(first, -1, pitch, dotted)
    number = _next(date, -1, pitch, dotted)
    left = lower.left
    beside = arrived[0].left < TALL_CELL if arrived else number < NO_ARRIVED
    left += BESIDE_ARRIVED if beside and left < TALL_CELL else 0
    return [*_missing("date", left, date), *_missing("number", left, number)]


def _missing(name: str, left: float, middle: float) -> list[Label]:
    return [Label(name, left, left + PRINTED[name], middle, 0.0)] if middle > TOPMOST else []


def _next(middle: float, way: int, pitch: float, dotted: Sequence[Leader]) -> float:
    """The middle of the line next above (-1) or below (1): on the clearest leader some `pitch` away, or just there."""
    near = [leader for leader in dotted if LEAST_PITCH < way * (_text_above(leader) - middle) < MOST_NEXT]
    expected = middle + way * pitch
    best = max(near, key=lambda leader: leader.strength - UNEVEN * abs(_text_above(leader) - expected), default=None)
    return _text_above(best) if best else expected


def look(picture: Image.Image, reader: Reader, tops: Sequence[float]) -> list[Label]:
    """Every label in every band, good or bad; `tops` are the upper edges of the bands, mm. Without a recogniser
    Tesseract is asked, which finds few of them."""
    recogniser = reader.recogniser
    if recogniser is None:
        return _printed(picture)
    if not tops:
        return []
    right = round(picture.width * SEEN_PART)
    lines = letters_of_bands(picture.crop((0, 0, right, picture.height)), recogniser, tops)
    names = [(name, word.replace(" ", "")) for name, words in WORDS.items() for word in words]
    frame = right / PX / lines.shape[1]
    found = []
    for top, spotted in zip(tops, spot(lines, [word for _, word in names]), strict=True):
        for (name, word), place in zip(names, spotted, strict=True):
            if share(word, place) > LEAST:
                edges = place.start * frame, (place.end + 1) * frame
                found.append(Label(name, *edges, top + BAND / 2, merit(word, place)))
    return [label for label in found if not _part_of_another(label, found)]


def letters_of_bands(picture: Image.Image, recogniser: Recogniser, tops: Sequence[float]) -> NDArray[np.float32]:
    """The letters (archive/spotting.py) of bands of the picture; `tops` are their upper edges, mm."""
    boxes = [(0, round(top * PX), picture.width, round(top * PX) + round(BAND * PX)) for top in tops]
    return np.stack([letters(recogniser, recogniser.frames(picture.crop(box))) for box in boxes])


def _part_of_another(label: Label, found: Sequence[Label]) -> bool:
    """The Số in "Lưu hồ sơ số" and in "Số và ký hiệu HS" is not that of the number."""
    return label.name == "number" and any(
        other.name == "file_ref" and other.middle == label.middle and other.weight > REF_SEEN
        and other.left - 1 < label.left < other.right for other in found
    )  # fmt: skip


def _printed(picture: Image.Image) -> list[Label]:
    """The labels Tesseract reads in the picture."""
    names = [(name, word) for name, words in WORDS.items() for word in words]
    found = []
    for word in tesseract.read_region(picture.convert("L"), psm=11, dpi=round(PX * 25.4)):
        text = re.sub("[^a-z]", "", fold(word.text))
        name = next((name for name, known in names if text and text == known.split()[0].strip(":")), None)
        if name and word.box:
            left, top, right, bottom = word.box
            wide, tall = picture.width / PX, picture.height / PX
            middle = (top + bottom) / 2 * tall
            found.append(Label(name, left * wide, right * wide, middle, MERIT * len(text) * word.confidence))
    return found


def _rows(places: Sequence[Label]) -> list[Label]:
    """Neighbouring bands that saw the same label, the clearest first; at most three places."""
    rows: list[Label] = []
    left = list(places)
    while left and len(rows) < 3:
        best = max(left, key=lambda p: p.weight)
        near = [p for p in left if _beside(best, p)]
        left = [p for p in left if p not in near]
        rows.append(_merged(best, near))
    return rows


def _beside(one: Label, other: Label) -> bool:
    away, aside = abs(one.middle - other.middle), abs(one.left - other.left)
    return (away <= STEP * 1.01 and aside < 6) or (away < SAME_LABEL and aside < SAME_LEFT)


def _merged(best: Label, near: Sequence[Label]) -> Label:
    total = sum(p.weight for p in near)
    middle = sum(p.middle * p.weight for p in near) / total
    # The points after a word may be matched far along the dotted leader.
    return dataclasses.replace(best, middle=middle, right=min(p.right for p in near if abs(p.left - best.left) < 1.5))
