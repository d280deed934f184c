"""The small picture of what a paper cites (left) and what cites it (right): where each box and line stands.

Drawn on the server, so that it is there without scripts, in print and in the dark; the list beside it says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from archive.models import Document
from archive.neighbourhood import Neighbour, Neighbourhood
from server.pages import shown
from server.speech import gettext as _

RELATIONS = {"basis": "căn cứ", "attached": "kèm theo", "reply": "trả lời", "replaced": "thay thế"}
WIDE, COLUMN, INDENT = 450, 138, 12
HEAD, HIGH, LOW, GAP, LINE = 24, 42, 40, 8, 18
"""Units: the heading, a box, a box one step on, what is between two, a line of text."""
LETTERS, FEWER = 16, 14
"""Letters that a box holds, and one a step on."""


@dataclass(frozen=True)
class Box:
    """A paper in the picture."""

    x: int
    y: int
    width: int
    height: int
    title: str
    """As much of its code as fits."""
    about: str
    whole: str
    """Everything, for whoever points at it."""
    document_id: str | None
    kind: str
    """here | known | away: the class that draws it."""


@dataclass(frozen=True)
class Note:
    """`+3`: papers that are not drawn."""

    x: int
    y: int
    count: int


@dataclass(frozen=True)
class Picture:
    """Everything to draw; units are about pixels of a narrow screen."""

    width: int
    height: int
    boxes: Sequence[Box]
    notes: Sequence[Note]
    arrows: Sequence[str]
    """Paths from the citing paper to the cited one."""
    twigs: Sequence[str]
    """Paths from a neighbour to what is beyond it."""
    left: int
    """Whether it has this side: papers on it."""
    right: int


def relation_name(relation: str | None) -> str:
    """What the citing paper says of the cited one; "" when it does not."""
    return _(RELATIONS[relation]) if relation in RELATIONS else ""


def title_of(one: Neighbour) -> str:
    """Its code, or what else is known of it."""
    return one.code or one.type or _("Văn bản")


def about(one: Neighbour) -> str:
    """What stands beside the title in a list."""
    return ", ".join(filter(None, [one.type if one.code else None, shown.day(one.date), one.issuer]))


def picture(document: Document, around: Neighbourhood, cites: int) -> Picture | None:
    """The picture of `around` (see `archive.neighbourhood.drawn`); `cites` is how many `document` cites in all."""
    if not around.cites and not around.cited_by:
        return None
    left = _Side(0, "left", around.cites, cites - len(around.cites))
    right = _Side(WIDE - COLUMN, "right", around.cited_by, around.citing - len(around.cited_by))
    height = max(left.bottom, right.bottom, HEAD + HIGH)
    middle = HEAD + (height - HEAD - HIGH) // 2
    code = document.full_code or document.document_type or _("Văn bản")
    here = Box((WIDE - COLUMN) // 2, middle, COLUMN, HIGH, _fit(code, LETTERS), shown.day(document.date), code,
               None, "here")  # fmt: skip
    arrows = [*(_arrow(here, box) for box in left.near), *(_arrow(box, here) for box in right.near)]
    return Picture(
        WIDE, height + 4, [here, *left.boxes, *right.boxes], [*left.notes, *right.notes], arrows,
        [*left.twigs, *right.twigs], len(left.near), len(right.near),
    )  # fmt: skip


class _Side:
    """One column, filled from the top."""

    def __init__(self, x: int, side: str, papers: Iterable[Neighbour], more: int) -> None:
        self.x, self.bottom = x, HEAD
        self._shift = 0 if side == "left" else INDENT
        self.near: list[Box] = []
        self.boxes: list[Box] = []
        self.notes: list[Note] = []
        self.twigs: list[str] = []
        for one in papers:
            self._add(one)
        if more:
            self._note(more, 0)

    def _add(self, one: Neighbour) -> None:
        box = _box(one, self.x, self.bottom, COLUMN, HIGH)
        self.near.append(box)
        self.boxes.append(box)
        self.bottom += HIGH + GAP
        for other in one.beyond:
            self._add_beyond(box, other)
        if one.more:
            self._note(one.more, INDENT)

    def _add_beyond(self, parent: Box, other: Neighbour) -> None:
        # The twig runs down on the side away from the arrows.
        x = self.x if self._shift else self.x + INDENT
        box = _box(other, x, self.bottom, COLUMN - INDENT, LOW)
        away = self.x + COLUMN - 6 if self._shift else self.x + 6
        edge = box.x + box.width if self._shift else box.x
        self.twigs.append(f"M{away} {parent.y + parent.height}V{box.y + LOW // 2}H{edge}")
        self.boxes.append(box)
        self.bottom += LOW + GAP

    def _note(self, count: int, indent: int) -> None:
        self.notes.append(Note(self.x + (0 if self._shift else indent) + 4, self.bottom + LINE - 6, count))
        self.bottom += LINE + GAP


def _box(one: Neighbour, x: int, y: int, width: int, height: int) -> Box:
    letters = LETTERS if height == HIGH else FEWER
    told = " · ".join(filter(None, [relation_name(one.relation), shown.day(one.date)]))
    whole = ", ".join(filter(None, [title_of(one), relation_name(one.relation), about(one), one.subject]))
    kind = "known" if one.document_id else "away"
    return Box(x, y, width, height, _fit(title_of(one), letters), told, whole, one.document_id, kind)


def _fit(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


def _arrow(citing: Box, cited: Box) -> str:
    """From the left edge of the one to the right edge of the other."""
    x, y = citing.x, citing.y + citing.height // 2
    to_x, to_y = cited.x + cited.width + 1, cited.y + cited.height // 2
    half = (x + to_x) // 2
    return f"M{x} {y}C{half} {y} {half} {to_y} {to_x} {to_y}"
