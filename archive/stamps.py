"""The arrival stamp (dấu ĐẾN) of a page: where it is and what is written in it; and the other marks of a page.

A frame of the right size is only a suspicion: tables and seals have frames too. It is straightened and read; it is an
arrival stamp when enough of its printed labels are there. The pen is then read between a label and the frame, with
the ink of the stamp lifted off where it has a colour of its own.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

from PIL import Image, ImageChops, ImageFilter, ImageOps

from archive import ink, seals, tesseract, urgent
from archive.bands import PX, Label, dotted_bands, look, other_bands
from archive.findings import Finding, Mark, Stamp
from archive.frames import Frame, faint_frames, frames, tinted
from archive.labels import above_date, labels_of
from archive.leaders import Leader, leaders
from archive.parting import standing_out
from archive.pen import Reader, findings_of
from archive.penned import end_of_first_writing, penned
from archive.pressed import pressed
from archive.reading import Box, Page
from archive.running import in_a_sentence, of_sentences
from archive.sides import PER_MM
from archive.spotting import letters, share, spot
from archive.straight import FRAME_LINE, PAD, Straight, straighten
from archive.vietnamese import fold

SUSPECTS = 3
PLAIN_FRAME = 0.8
"""Score of a frame that was found among all ink so clearly that it is not looked for in coloured ink alone."""
NEARLY = 2.0
"""mm."""
PENNED_FRAME = 0.76
"""Score of a faint frame from which on what the pen wrote in it is looked for."""
HIDDEN = 0.7
"""How surely print runs across a plain frame, or the page ends there, from which on it may hide all labels."""
WHOLE_FRAME, PRESSED = 0.85, 1.0
"""Score from which on print that runs across the sides says something, and how much; it runs across every rectangle
that is only imagined in a text."""
ENOUGH = 2.6
WEIGHTS = {"arrived": 2.2, "forward_to": 1.4, "time": 1.2, "file_ref": 1.0, "date": 1.0, "number": 0.6}
"""How much a label says that a frame is an arrival stamp: Số and Ngày stand in many tables."""
CLEAR = {"arrived": 6.0, "forward_to": 11.0, "time": 6.0, "file_ref": 15.0, "date": 8.0, "number": 5.0}
"""Weight of a label that was seen well."""
OWN, LEAST_OWN, UNNAMED = {"arrived": 4.0, "forward_to": 5.0, "time": 3.5}, 3.0, 2.2
"""Weight of a label that only arrival stamps have, of others that together say the same, and what a stamp without
lacks."""
SEEN = 0.5
"""Of a clear label's weight, from which on print is plain to see."""
WHOLE_LABEL = 0.7
"""Of a clear label's weight, from which on a band holds all of it."""
PLAIN, FILED, DOTTED = 0.5, 0.6, 0.75
"""How clear a leader is that print might be, one below words that are plain to see, and one that only dots are."""
SURELY_DOTTED = 0.8
LEADER = 0.4
"""What each dotted leader says: tables and boxes of text have none; with fewer than SURELY_DOTTED and no label beside
them nothing else is looked for."""
LABELLED = 12.0
"""mm right of the frame's left side before which the pen hardly writes in any layout."""
WRITTEN = ("number", "date", "time", "forward_to", "file_ref")
DIGITS = WRITTEN[:3]
NARROW_LOOK, TWICE = 0.54, 0.68
"""Share of the picture of which a second look takes the left part, and score of a frame that is worth it: with less of
the text behind the stamp in a band its labels stand out better."""
READABLE = 0.45
READ_ONCE = 0.6
"""The print of a stamp read without knowing the office: on both real stamps a mark or two was wrong."""
SPOTTED = 0.65
ALIKE = 0.92
"""Of the worth of a name's letters, and of the likeness of its spelling: Văn phòng Thành ủy is to 0.59 and 0.91 like
Văn phòng Tỉnh ủy, which is another office."""
ARRIVED, ROOM = 9.0, 12.5
"""mm from the upper side to an ĐẾN that was not looked for, and to the first line where there is room for it above."""
RISE = 1.35
"""mm by which the pen stands higher than the label beside it."""
CUTS = ((1.35, 7.2), (1.1, 6.4))
"""A line is cut in two ways: mm its middle lies above the label's, mm of height."""
NARROW, OVER = 5.0, 1.2
"""mm: lines closer than NARROW are cut so high that little of the line above is seen."""
TIPS, HANGING, WRITING = 2.4, 1.4, 2.2
"""mm by which the slashes of a date stand out above the line's cut and what stands above hangs into it at most, and
above a label's middle in which nothing hangs."""
BEFORE = 0.8
"""mm before the end of the label: the pen may begin close behind it, or in it."""


def find(
    page: Page, image: Image.Image, reader: Reader | None = None, offices: Sequence[str] = (),
    taught: Callable[[Straight], Stamp | None] | None = None,
) -> Stamp | None:  # fmt: skip
    """The arrival stamp of the page, or None. `image` is the upright page as the file has it.

    `offices` are the names the office's own stamps may bear: a reading near to one of them becomes it. `taught` knows
    stamps the office has drawn (archive/taught.py), and is asked of every frame first.
    """
    reader = reader or Reader()
    found = suspects(page, image)
    if taught:
        found = iter(every := list(found))
        known = next((stamp for straight in every if (stamp := taught(straight))), None)
        if known:
            return known
    for straight in found:
        labels, weight = _labelled(page, straight, reader)
        if weight >= ENOUGH:
            if "date" not in labels:
                labels = {**penned(straight, reader, RISE, page)[0], **labels}
            labels = {**above_date(labels, straight.picture.height / PX, straight.page_left), **labels}
            return _stamp(page, straight, labels, weight, reader, offices)
    return None


def _labelled(page: Page, straight: Straight, reader: Reader) -> tuple[dict[str, Label], float]:
    """The labels of a suspect, and what they and the frame weigh. Where labels are hidden by print the stamp was
    pressed upon, or lost with most of the frame, that print and what the pen wrote speak for it; where nothing hides
    them, one must be there that only arrival stamps have."""
    labels, weight = _printed(page, straight, _label_picture(straight), reader)
    hidden = 1.0 if straight.is_at_edge else pressed(straight)
    weight -= 0.0 if _is_of_arrival(labels) else UNNAMED * (1 - hidden)
    if weight < ENOUGH <= weight + PRESSED and straight.frame.score > WHOLE_FRAME:
        weight += PRESSED * pressed(straight)
    if weight < ENOUGH and _may_be_penned(straight.frame, labels, weight, hidden):
        written, said = penned(straight, reader, RISE, page)
        seen = {name: label for name, label in labels.items() if label.weight}
        if straight.frame.faint and not _is_print_seen(labels) and {"number", "date"} <= written.keys():
            said += UNNAMED * (1 - hidden)
        return {**labels, **written, **seen}, weight + said
    return labels, weight


def _is_print_seen(labels: dict[str, Label]) -> bool:
    """Whether any label is plain to see: then that of an arrival would be, too."""
    return any(label.weight > CLEAR[name] * SEEN for name, label in labels.items())


def _may_be_penned(frame: Frame, labels: dict[str, Label], weight: float, hidden: float) -> bool:
    """Whether a frame is worth the second it costs to look for what the pen wrote in it: a faint one, and a plain one
    whose labels print hides or in which a date's label stands on dots."""
    date = labels.get("date")
    on_dots = date is not None and date.weight > 0 and date.dots > PLAIN
    if frame.faint:
        return frame.score > PENNED_FRAME
    return hidden > HIDDEN or (on_dots and weight * hidden > ENOUGH - PRESSED)


def _printed(
    page: Page, straight: Straight, picture: Image.Image, reader: Reader
) -> tuple[dict[str, Label], float]:  # fmt: skip
    """The labels in a picture of the stamp, and what they and the frame weigh. More is looked at as long as it is not
    plainly an arrival stamp: the bands on leaders, all bands, dots grown together, the left half. Words of sentences
    under the stamp are no labels: they would say wrongly where the lines are."""
    sentences = of_sentences(page, straight)

    def labels_in(part: Image.Image, bands: Sequence[float]) -> list[Label]:
        return [label for label in look(part, reader, bands) if not in_a_sentence(sentences, straight, label)]

    dotted = leaders(_behind_labels(straight, picture), PX)
    tops = dotted_bands(dotted) if len(dotted) > 1 else []
    seen = labels_in(picture, tops)
    labels, weight = _weighed(straight, picture, seen, dotted)
    if weight >= ENOUGH and _are_lines_seen(labels) and _is_of_arrival(labels):
        return labels, weight
    doubtful = straight.frame.score < PLAIN_FRAME and _dotted(dotted) < SURELY_DOTTED
    if not (tops and not seen and doubtful):
        seen += labels_in(picture, other_bands(picture, tops))
        labels, weight = _weighed(straight, picture, seen, dotted)
    narrow = picture.crop((0, 0, round(picture.width * NARROW_LOOK), picture.height))
    for other in (thickened(picture), narrow) if straight.is_bilevel else (narrow,):
        is_plain = weight >= ENOUGH and _is_of_arrival(labels)
        if is_plain or straight.frame.score < TWICE or not (seen or straight.is_bilevel):
            break
        seen += labels_in(other, other_bands(other))
        labels, weight = _weighed(straight, picture, seen, dotted)
    return labels, weight


def _weighed(
    straight: Straight, picture: Image.Image, seen: Sequence[Label], dotted: Sequence[Leader]
) -> tuple[dict[str, Label], float]:  # fmt: skip
    labels = labels_of(seen, picture, dotted, straight.page_left)
    return labels, _weight(straight.frame, labels, dotted)


def thickened(picture: Image.Image) -> Image.Image:
    """Print of which a black and white scan has left dots, with its dots grown together."""
    return picture.convert("L").filter(ImageFilter.MinFilter(3)).filter(ImageFilter.GaussianBlur(1))


def _are_lines_seen(labels: dict[str, Label]) -> bool:
    """Whether the print says where the pen wrote: the other labels are then not worth their time. A band on a leader
    that is none shows half of the label."""
    seen = {name for name, label in labels.items() if label.weight}
    return bool(seen & {"number", "time"}) and "date" in seen and labels["date"].weight > CLEAR["date"] * WHOLE_LABEL


def _is_of_arrival(labels: dict[str, Label]) -> bool:
    """Whether a label was seen that no other rubber stamp has: Số and Ngày stand on dots in those of copies, of
    archives and of cashiers, too."""
    seen = {name for name, label in labels.items() if label.weight >= OWN.get(name, LEAST_OWN)}
    return bool(seen & OWN.keys()) or {"number", "date", "file_ref"} <= seen or _is_filing(labels)


def _is_filing(labels: dict[str, Label]) -> bool:
    """Whether all of `Số và ký hiệu HS` was seen, on the dots that the same words in the head of a table have not."""
    label = labels.get("file_ref")
    return label is not None and label.weight >= CLEAR["file_ref"] and label.dots > FILED


def _behind_labels(straight: Straight, picture: Image.Image) -> Image.Image:
    """Where leaders run in every layout."""
    left, right = round((PAD + LABELLED) * PX), round((straight.right - FRAME_LINE) * PX)
    return picture.crop((left, 0, max(left + 1, right), picture.height))


def suspects(page: Page, image: Image.Image) -> Iterator[Straight]:
    """Every frame that may be a stamp's, laid level, best first; faint ones, looked for when these are not enough,
    last."""
    per_mm = ink.per_mm(page, image)
    dark, *coloured = ink.planes(image, PER_MM / per_mm)
    found = [tinted(frame, coloured) for frame in frames(dark)]
    if not found or found[0].score < PLAIN_FRAME:
        found += [frame for plane in coloured for frame in frames(plane)]
    plain = _distinct(found, per_mm)[:SUSPECTS]
    yield from (straighten(image, frame, per_mm) for frame in plain)
    faint = [f for plane in (dark, *coloured) for f in faint_frames(plane) if not _among(f, plain, per_mm)]
    yield from (straighten(image, frame, per_mm) for frame in _distinct(faint, per_mm)[:SUSPECTS])


def _among(frame: Frame, known: Sequence[Frame], per_mm: float) -> bool:
    """Whether the frame is one of those, give or take NEARLY."""
    pairs = ((frame, other) for other in known if math.dist(frame.centre, other.centre) < NEARLY * per_mm)
    return any(max(abs(a.width - b.width), abs(a.height - b.height)) < NEARLY * per_mm for a, b in pairs)


def marks(page: Page, image: Image.Image, reader: Reader | None = None) -> tuple[Mark, ...]:
    """Round seals and half seals by their red ink, marks of urgency and secrecy by their words, turned ones too."""
    worded = tuple(seals.worded_marks(page))
    red = seals.red_ink(page, image)
    if red is None:
        return worded
    known = any(mark.kind == "urgency" for mark in worded)
    askew = () if known else urgent.askew_marks(page, image, red, reader or Reader())
    return (*seals.find_seals(page, red), *worded, *askew)


def _distinct(suspects: Sequence[Frame], per_mm: float) -> list[Frame]:
    """Best first; a frame that was seen in two inks has a colour: all ink is dark, too."""
    kept: list[Frame] = []
    for frame in sorted(suspects, key=lambda f: -f.score):
        same = next((n for n, k in enumerate(kept) if math.dist(k.centre, frame.centre) < 12 * per_mm), None)
        if same is None:
            kept.append(frame)
        elif kept[same].kind == "dark":
            kept[same] = dataclasses.replace(kept[same], kind=frame.kind)
    return kept


def _label_picture(straight: Straight) -> Image.Image:
    """The stamp's own ink alone where it has a colour: no pen, no print below it.

    A scanner's JPEG keeps colour at half the sharpness: so colour says whose ink it is, and darkness where it is.
    """
    kind = straight.frame.kind
    if kind == "dark":
        return straight.picture
    coloured = ImageChops.invert(ink.only(straight.picture, kind).filter(ImageFilter.MinFilter(5)))
    dark = ImageChops.invert(ImageOps.autocontrast(straight.picture.convert("L"), (1, 20)))
    return ImageChops.invert(ImageChops.multiply(dark, coloured.point(lambda v: min(255, v * 2))))


def _weight(frame: Frame, labels: dict[str, Label], dotted: Sequence[Leader]) -> float:
    seen = sum(_worth(label) for label in labels.values())
    return seen + (LEADER * _dotted(dotted) if seen else 0.0) + (frame.score - 0.6) * 2


def _worth(label: Label) -> float:
    return WEIGHTS[label.name] * min(1.0, label.weight / CLEAR[label.name])


def _dotted(dotted: Sequence[Leader]) -> float:
    """How many leaders there are, doubtful ones in part."""
    return sum(min(1.0, max(0.0, (leader.strength - PLAIN) / (DOTTED - PLAIN))) for leader in dotted)


def _stamp(
    page: Page, straight: Straight, labels: dict[str, Label], weight: float, reader: Reader, offices: Sequence[str]
) -> Stamp:
    fields = (_organ(page, straight, labels, reader, offices), *_fields(page, straight, labels, reader))
    frame = straight.frame
    return Stamp(page.number, straight.frame_box, fields, frame.angle, min(0.995, 0.5 + 0.1 * weight))


def _fields(page: Page, straight: Straight, labels: dict[str, Label], reader: Reader) -> Iterator[Finding]:
    for name in WRITTEN:
        label = labels.get(name)
        if label is None:
            continue
        readings = reader.read_field(name, cut_line(name, straight, label), straight.frame.kind)
        yield from findings_of(name, readings, page.number, _place(name, straight, label))


def _place(name: str, straight: Straight, label: Label) -> Box:
    """Where a field is written: its line's cut, and for digits what stands out of that into the line above."""
    (middle, height), *_ = _lines_of(label)
    left, top, bottom = label.right - BEFORE, middle - height / 2, middle + height / 2
    if name not in DIGITS:
        return straight.box(left, top, straight.right, bottom)
    highest, lowest = max(0.0, top - TIPS), min(top + HANGING, label.middle - WRITING)
    tall = straight.part(straight.picture, left, (highest + bottom) / 2, bottom - highest)
    tips = standing_out(tall, round((top - highest) * PX), round((lowest - highest) * PX)) / PX
    return straight.box(left, top - tips, straight.right, bottom)


def _organ(
    page: Page, straight: Straight, labels: dict[str, Label], reader: Reader, offices: Sequence[str]
) -> Finding:  # fmt: skip
    """The office whose stamp it is: the print between the upper frame and the first label."""
    first = min(label.middle for name, label in labels.items() if name != "arrived" or len(labels) == 1)
    arrived = labels.get("arrived")
    arrived_at = arrived.middle if arrived else PAD + ARRIVED if first - PAD > ROOM else first
    bottom = max(PAD + 4.0, min(first - 2.6, arrived_at - 2.9 if arrived_at < first - 2.5 else first))
    top = PAD - 0.6
    box = straight.box(PAD, top, straight.right, bottom)
    whole = _label_picture(straight).convert("L")
    printed = whole.crop((0, round(top * PX), whole.width, round(bottom * PX)))
    own = _spotted(printed, offices, reader)
    text, sure = (own, 1.0) if own else _name(printed)
    own = own or _nearest(text, offices)
    readable = bool(own) or (sure > READABLE and text.isupper())
    return Finding(
        "organ", own or text if readable else None, 0.95 if own else READ_ONCE * sure, page=page.number, box=box,
        partial=None if readable else text or None, reason="đọc trên dấu ĐẾN", witness="stamp",
    )  # fmt: skip


def _name(picture: Image.Image) -> tuple[str, float]:
    """A line of print and how sure that is."""
    words = tesseract.read_region(picture, psm=7, dpi=254)
    kept = [word for word in words if sum(c.isalpha() for c in word.text) > len(word.text) / 2 or word.text == "&"]
    return " ".join(word.text for word in kept), sum(word.confidence for word in kept) / max(1, len(kept))


def _spotted(picture: Image.Image, offices: Sequence[str], reader: Reader) -> str | None:
    """The office whose name, marks left aside, the recogniser sees in the line."""
    recogniser = reader.recogniser
    names = {re.sub("[^a-z]", "", fold(office)): office for office in offices}
    names.pop("", None)
    if recogniser is None or not names:
        return None
    places = spot(letters(recogniser, recogniser.frames(picture))[None], list(names))[0]
    shares = {name: share(name, place) for name, place in zip(names, places, strict=True)}
    best = max(shares, key=lambda name: shares[name])
    return names[best] if shares[best] > SPOTTED else None


def _nearest(text: str, offices: Sequence[str]) -> str | None:
    """The office whose name is nearly this, marks left aside."""
    alike = {office: SequenceMatcher(None, fold(text), fold(office)).ratio() for office in offices}
    best = max(alike, key=lambda office: alike[office], default=None)
    return best if best and alike[best] > ALIKE else None


def cut_line(name: str, straight: Straight, label: Label) -> list[Image.Image]:
    """What is written beside a label, cut in two ways."""
    left = label.right - BEFORE
    strips = [straight.part(straight.picture, left, middle, height) for middle, height in _lines_of(label)]
    if name == "number" and (end := end_of_first_writing(strips[0])):
        strips[-1] = strips[-1].crop((0, 0, end, strips[-1].height))
    return strips


def _lines_of(label: Label) -> list[tuple[float, float]]:
    """Middle and height of what the pen may have covered beside a label, mm, by CUTS: less where lines are narrow."""
    heights = [(raised, high, min(high, label.room + OVER) if label.room < NARROW else high) for raised, high in CUTS]
    return [(label.middle - raised + (high - height) / 2, height) for raised, high, height in heights]
