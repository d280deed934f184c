"""The printed labels of an arrival stamp, and the places they leave to the pen.

Words of labels were seen band by band (archive/bands.py); here they are put in the one arrangement of a form they speak
for. NĐ 30/2020, annex IV names ĐẾN, Số, Ngày, Chuyển and Số và ký hiệu HS; older and other stamps Giờ, Lưu hồ sơ số,
CV ĐẾN.
"""

from __future__ import annotations

import dataclasses
import itertools
import statistics
from collections.abc import Iterator, Mapping, Sequence

from PIL import Image

from archive import ladder
from archive.bands import ABOVE_DOTS, BAND, PX, STEP, WORDS, Label
from archive.leaders import Leader

LEAST_PITCH = 3.0
LOW, PITCHES = 27.0, (4.4, 5.7)
"""mm from line to line of stamps that are, with the paper around, no higher than LOW, and of higher ones."""
MOST_OF_PITCH = 1.25
"""Of that, where a word of the text below was taken for a label."""
ORDER = ("time", "number", "date", "forward_to", "file_ref")
"""From the top: on no stamp do they stand otherwise."""
LINES = {"time": 0, "number": 0, "date": 1, "forward_to": 2, "file_ref": 3}
PRINTED = {"number": 4.5, "time": 6.0, "date": 8.0}
"""mm that a label takes."""
SAME_LINE = 1.7
SAME_LEFT, SAME_LABEL = 0.8, 4.1
"""mm: a label seen twice with its left end at one place, in bands no farther apart, is one label between them."""
MOST_NEXT, SEEN_AWAY = 7.6, 2.0
"""mm from line to line at most; what print under a label makes of that."""
SAME_COLUMN = 5.0
"""mm that the hour's left end lies from the date's at most."""
FIRST_LINE, FIRST_BESIDE = (4.0, 8.0), (-4.0, 0.5)
"""mm from the middle of ĐẾN down to the number's, below it and beside it in a high frame."""
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
MOST_PITCH = 9.0
UNEVEN = 0.12
"""What a millimetre from where a line is expected takes from how clear its leader is."""
LEFT_PART, BEGUN = 0.6, 26.0
"""Share of the frame's width in which every label begins; mm in which all but ĐẾN do."""


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
    inside = {**inside, "time": [row for row in inside["time"] if _may_be_time(row, inside["date"])]}
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


def _may_be_time(label: Label, dates: Sequence[Label]) -> bool:
    """The hour stands above the date: farther left or right, and seen worse, it is another word."""
    clearer = dates and dates[0].weight > label.weight
    return not clearer or abs(label.left - dates[0].left) < SAME_COLUMN


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
    if any(_too_far(a, b) for a, b in itertools.pairwise(placed)):
        return -1.0
    upper = [label.left for label in placed if label.name in ("time", "number", "date")]
    askew = max(upper) - min(upper) if upper else 0.0
    return sum(label.weight for label in placed) - 2 * max(0.0, askew - 2.0) - 4 * _unevenness(placed)


def _too_far(upper: Label, lower: Label) -> bool:
    """Whether more lies between two labels than the lines of a form between them."""
    lines = max(1, LINES[lower.name] - LINES[upper.name])
    return lower.middle - upper.middle > lines * MOST_NEXT + SEEN_AWAY


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
    if not arrived or len(rungs) < 2 or not _may_be_first(rungs[0], arrived[0], tall):
        return []
    left = arrived[0].right + 1 if arrived[0].left < TALL_CELL else FIRST_LEFT
    upper = "number" if tall - rungs[1] > LAST_LINE else "time"
    return [*_missing(upper, left, rungs[0]), *_missing("date", left, rungs[1])]


def _may_be_first(middle: float, arrived: Label, tall: float) -> bool:
    """Whether the number may stand there: farther down it is a line of the text that looks like dots."""
    if tall <= LOW:
        return True
    least, most = FIRST_BESIDE if arrived.left < TALL_CELL else FIRST_LINE
    return least < middle - arrived.middle < most


def above_date(labels: Mapping[str, Label], tall: float, edge: float) -> dict[str, Label]:
    """The line of the number where only the date's is known: a line higher. Nothing where no number may stand.

    `tall` is the height of the picture and `edge` where the page begins, mm.
    """
    date = labels.get("date")
    if date is None or labels.keys() & {"number", "time"} or tall - date.middle <= LAST_LINE:
        return {}
    left = edge if edge > 0 else date.right
    middle = date.middle - PITCHES[tall > LOW]
    return {"number": Label("number", left, left, middle, 0.0)} if middle > TOPMOST else {}


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
