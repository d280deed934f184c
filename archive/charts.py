"""Numbers as pictures that print: SVG made here, without a script; colours and letters come from the style sheet.

Every picture is 400 units wide, so that its letters stay legible on a phone and on paper, carries its title and a
description for those who do not see it, and writes its numbers beside the bars.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDE = 400
HIGH = 200
LEFT, RIGHT, TOP, FOOT = 38, 8, 20, 24
ROW = 36
LETTER = 6.3
"""Units an average letter of 12 units takes."""
MOST_NUMBERED = 14
"""More columns than this do not all carry their number: it stands in the table."""


@dataclass(frozen=True)
class Series:
    """One colour of a picture: its name, its class in the style sheet (`c1` … `c4`), a value for each label."""

    name: str
    look: str
    values: Sequence[int]


def said(value: int) -> str:
    """1161 → 1.161"""
    return f"{value:,}".replace(",", ".")


def bars(key: str, title: str, rows: Sequence[tuple[str, int]], look: str = "c1") -> str:
    """One bar a row under its label, its number at its end; `key` is unlike that of any other picture of the page."""
    most = max([1, *(value for _, value in rows)])
    room = WIDE - 60

    def drawn() -> Iterator[str]:
        for number, (label, value) in enumerate(rows):
            y = number * ROW
            wide = max(1.0, value / most * room)
            yield _text(0, y + 13, _short(label, WIDE), "")
            yield _rect(0, y + 18, wide, 12, look)
            yield _text(wide + 5, y + 28.5, said(value), "num")

    told = "; ".join(f"{label}: {said(value)}" for label, value in rows)
    return _svg(key, title, told, ROW * max(1, len(rows)), drawn())


def columns(key: str, title: str, labels: Sequence[str], series: Sequence[Series]) -> str:
    """Columns over time, several series one upon the other."""
    sums = [sum(one.values[n] for one in series) for n in range(len(labels))]
    most = _ceiling(max([1, *sums]))
    step = (WIDE - LEFT - RIGHT) / max(1, len(labels))

    def drawn() -> Iterator[str]:
        yield from _grid(most)
        yield from _labels(labels, step)
        for n, total in enumerate(sums):
            x, foot = LEFT + n * step + step * 0.12, float(HIGH - FOOT)
            for one in series:
                high = one.values[n] / most * (HIGH - TOP - FOOT)
                foot -= high
                if high:
                    yield _rect(x, foot, step * 0.76, high, one.look)
            if total and (len(labels) <= MOST_NUMBERED or total == max(sums)):
                yield _text(x + step * 0.38, foot - 4, said(total), "num mid")

    return _svg(key, title, _told(labels, series), HIGH, drawn())


def lines(key: str, title: str, labels: Sequence[str], series: Sequence[Series]) -> str:
    """Lines over time; each ends with its number, the second and later ones are dashed."""
    most = _ceiling(max([1, *(value for one in series for value in one.values)]))
    step = (WIDE - LEFT - RIGHT - 24) / max(1, len(labels) - 1)

    def drawn() -> Iterator[str]:
        yield from _grid(most)
        yield from _labels(labels, step, middle=False)
        for number, one in enumerate(series):
            points = [(LEFT + n * step, _y(value, most)) for n, value in enumerate(one.values)]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            yield f'<polyline class="line {one.look}{" dashed" if number else ""}" points="{path}"/>'
            yield from (f'<circle class="{one.look}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in points)
            if points:
                yield _text(points[-1][0] + 5, points[-1][1] + (12 if number else -5), said(one.values[-1]), "num")

    return _svg(key, title, _told(labels, series), HIGH, drawn())


def multiples(
    key: str, title: str, labels: Sequence[str], panels: Sequence[tuple[str, Sequence[Series]]]
) -> str:  # fmt: skip
    """One small picture of columns a panel, two beside each other, all with the same scale."""
    sums = [sum(one.values[n] for one in series) for _, series in panels for n in range(len(labels))]
    most, wide, high = max([1, *sums]), (WIDE - 20) / 2, 84
    step = wide / max(1, len(labels))

    def drawn() -> Iterator[str]:
        for number, (name, series) in enumerate(panels):
            left, top = (number % 2) * (wide + 20), (number // 2) * high
            yield _text(left, top + 12, _short(name, wide), "")
            yield f'<line class="axis" x1="{left:.1f}" x2="{left + wide:.1f}" y1="{top + 70}" y2="{top + 70}"/>'
            yield from _panel(series, labels, left, top, step, most)

    told = "; ".join(f"{name}: {_told(labels, series)}" for name, series in panels)
    return _svg(key, title, told, high * max(1, (len(panels) + 1) // 2), drawn())


def _panel(
    series: Sequence[Series], labels: Sequence[str], left: float, top: float, step: float, most: int
) -> Iterator[str]:
    sums = [sum(one.values[n] for one in series) for n in range(len(labels))]
    for n, total in enumerate(sums):
        foot = top + 70.0
        for one in series:
            high = one.values[n] / most * 40
            foot -= high
            if high:
                yield _rect(left + n * step + step * 0.12, foot, step * 0.76, high, one.look)
        if total and total == max(sums) and total not in sums[:n]:
            yield _text(left + (n + 0.5) * step, foot - 2, said(total), "num mid small")


def _y(value: int, most: int) -> float:
    return HIGH - FOOT - value / most * (HIGH - TOP - FOOT)


def _ceiling(value: int) -> int:
    """The next round number, so that the grid has whole ones: 1, 2, 4, 10, 20, 40 …"""
    scale = 1
    while True:
        for step in (1, 2, 4, 6, 8):
            if value <= step * scale:
                return step * scale
        scale *= 10


def _grid(most: int) -> Iterator[str]:
    for level in sorted({0, most // 2, most}):
        y = _y(level, most)
        yield f'<line class="axis" x1="{LEFT}" x2="{WIDE - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield _text(LEFT - 5, y + 4, said(level), "soft end")


def _labels(labels: Sequence[str], step: float, *, middle: bool = True) -> Iterator[str]:
    """As many labels as there is room for, the first always."""
    longest = max((len(label) for label in labels), default=1) * LETTER + 8
    every = max(1, -(-int(longest) // max(1, int(step)))) if labels else 1
    for n in range(0, len(labels), every):
        yield _text(LEFT + (n + 0.5 * middle) * step, HIGH - 7, labels[n], "soft mid")


def _told(labels: Sequence[str], series: Sequence[Series]) -> str:
    parts = (
        f"{one.name}: " + ", ".join(f"{label} {said(v)}" for label, v in zip(labels, one.values, strict=True))
        for one in series
    )
    return "; ".join(parts)


def _short(text: str, room: float) -> str:
    fits = int(room / LETTER)
    return text if len(text) <= fits else text[: fits - 1].rstrip() + "…"


def _rect(x: float, y: float, wide: float, high: float, look: str) -> str:
    return f'<rect class="{look}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"/>'


def _text(x: float, y: float, text: str, look: str) -> str:
    return f'<text class="{look}" x="{x:.1f}" y="{y:.1f}">{html.escape(text)}</text>'


def _svg(key: str, title: str, told: str, high: float, drawn: Iterator[str]) -> str:
    head = (
        f'<svg class="chart" viewBox="0 0 {WIDE} {high:g}" role="img" aria-labelledby="{key}-t {key}-d">'
        f'<title id="{key}-t">{html.escape(title)}</title><desc id="{key}-d">{html.escape(told)}</desc>'
    )
    return head + "".join(drawn) + "</svg>"
