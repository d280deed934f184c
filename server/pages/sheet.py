"""The form beside the page image: one line a field, what is in doubt first, each with its evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from archive.models import Document, PageRow
from archive.review import SECRECIES, URGENCIES
from archive.workdays import HANOI
from server.pages import shown
from server.speech import gettext as _

MAIN = ("number", "symbol", "date", "issuing_organ", "document_type", "subject", "signer_name", "urgency", "secrecy")
"""What the clerk sees at once; the other fields wait under a fold until they are in doubt."""
REST = (
    "parent_organ", "document_subtype", "drafting_unit", "place", "signer_authority", "signer_title",
    "province_at_issue", "province_current",
)  # fmt: skip
NEEDED = ("number", "symbol", "date", "issuing_organ", "document_type", "subject")
"""What the book needs (NĐ 30/2020, Appendix IV): in doubt also when nothing was read."""
DERIVED = ("full_code",)
"""Follows from number and symbol, so it is never in doubt by itself."""
CHOICES = {"urgency": URGENCIES, "secrecy": SECRECIES}
WIDE, HIGH = 4.5, 2.8
"""Width to height of the strip that shows a piece of the page beside its input: a line, or several and handwriting."""


DATE_LINE = 0.37
"""Share of a page's width on which place, day, month and year stand: a day alone says little."""
USUAL = {
    "number": (0.1, 0.108, 0.46, 0.148), "symbol": (0.1, 0.108, 0.46, 0.148), "date": (0.42, 0.108, 0.95, 0.148),
    "issuing_organ": (0.06, 0.04, 0.5, 0.115), "document_type": (0.2, 0.14, 0.8, 0.24),
    "subject": (0.1, 0.14, 0.9, 0.26),
}  # fmt: skip
"""Where it stands on most papers (NĐ 30/2020, Appendix I): shown of a first page on which it was not found."""
LEAST = 0.03
"""Rival readings that are less likely than this are no help."""
KEPT = 3
"""Readings of a stamp that are offered, however unlikely: the right one was always among the first three."""
TRUSTED_STAMP = 0.8
"""A number read from the stamp with this confidence stands in the input, in doubt, in place of the book's own."""


@dataclass(frozen=True)
class Crop:
    """A piece of a page image, in pixels of the upright page."""

    page: int
    width: int
    height: int
    view: str
    """The viewBox that shows the piece."""
    high: bool = False
    """Whether the strip is the high one."""


@dataclass(frozen=True)
class Candidate:
    """Another value the clerk may take with one click."""

    value: str
    note: str = ""


@dataclass(frozen=True)
class Line:
    """One field of the form."""

    name: str
    label: str
    value: str = ""
    was: str = ""
    """What the machine or a person before had put there: a changed line is one whose value is not this any more."""
    state: str = "plain"
    """ok | warn | bad | plain"""
    hint: str = ""
    crop: Crop | None = None
    candidates: tuple[Candidate, ...] = ()
    theirs: str | None = None
    """What somebody else wrote meanwhile."""
    by: str = ""
    """Who that was."""
    choices: tuple[str, ...] = ()

    @property
    def doubtful(self) -> bool:
        """Whether a clerk has to look at it."""
        return self.state in ("warn", "bad")


@dataclass(frozen=True)
class Sheet:
    """The whole form, in the order of the keyboard."""

    doubtful: Sequence[Line]
    book: Sequence[Line]
    sure: Sequence[Line]
    rest: Sequence[Line]
    sizes: Mapping[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def unsure_rest(self) -> int:
        """How many of the folded lines hold a value nobody is sure of."""
        return sum(line.doubtful for line in self.rest)

    @property
    def lines(self) -> list[Line]:
        """Every line once."""
        return [*self.doubtful, *self.book, *self.sure, *self.rest]


def in_doubt(name: str, settled: Mapping[str, Any]) -> bool:
    """Whether a clerk has to look at this field before the paper goes into the book."""
    if settled.get("sure") or name not in MAIN:
        return False
    return name in NEEDED or settled.get("value") is not None


def doubts(fields: Mapping[str, Mapping[str, Any]]) -> int:
    """How many fields a clerk has to look at; what nobody has said a word about counts when the book needs it."""
    return sum(in_doubt(name, fields.get(name, {})) for name in MAIN)


def of_document(document: Document, stamp: Mapping[str, Any], expected: int, today: dt.date) -> Sheet:
    """The form of `document`; `stamp`: settled fields of its arrival stamp, `expected`: the book's next number."""
    sizes = page_sizes(document.scan.page_rows)
    book = arrival(document, stamp, expected, today, sizes)
    if forward := stamp.get("forward_to"):
        book.append(_forward(forward, sizes))
    main = [_of_field(document, name, sizes) for name in MAIN]
    own = sorted(set(document.fields) - set(MAIN) - set(REST) - set(DERIVED))
    rest = [_of_field(document, name, sizes) for name in (*REST, *own) if name in document.fields]
    rest += [replace(_of_field(document, name, sizes), state="plain", crop=None) for name in DERIVED]
    return arranged(book, main, rest, sizes)


def arrival(
    document: Document, stamp: Mapping[str, Any], expected: int, today: dt.date, sizes: Mapping[int, tuple[int, int]]
) -> list[Line]:
    """Number and day of arrival."""
    return [
        _arrival_number(document, stamp.get("number"), expected, sizes),
        _arrival_day(stamp.get("date"), today, sizes),
    ]


def year_of(stamp: Mapping[str, Any], today: dt.date) -> int:
    """The year in whose book the paper belongs: that of its stamp, else this one."""
    text = str((stamp.get("date") or {}).get("value") or "")[:4]
    return int(text) if text.isascii() and text.isdigit() else today.year


def arranged(book: Iterable[Line], main: Iterable[Line], rest: Iterable[Line], sizes: Any = None) -> Sheet:
    """Doubtful lines first, the others where they belong."""
    book, main, rest = list(book), list(main), list(rest)
    doubtful = [line for line in (*book, *main) if line.doubtful]
    sure = ([line for line in group if not line.doubtful] for group in (book, main))
    return Sheet(doubtful, next(sure), next(sure), rest, sizes or {})


def page_sizes(rows: Iterable[PageRow]) -> dict[int, tuple[int, int]]:
    """Pixels of each upright page; an A4 page where they are not known."""
    return {row.number: (row.width or 1000, row.height or 1414) for row in rows}


def _of_field(document: Document, name: str, sizes: Mapping[int, tuple[int, int]]) -> Line:
    settled = document.fields.get(name)
    line = _line(name, shown.field_name(name), settled, sizes)
    offered = [
        Candidate(shown.value_of(name, one.get("value")), str(one.get("reason") or _("gợi ý")))
        for one in document.suggestions
        if one.get("field") == name and one.get("value")
    ]
    line = replace(line, candidates=_different((*line.candidates, *offered), line.value), choices=CHOICES.get(name, ()))
    if line.state == "bad" and line.crop is None and name in USUAL:
        return replace(line, crop=crop_of(next(iter(document.pages), None), USUAL[name], sizes))
    return line


def _line(name: str, label: str, settled: Mapping[str, Any] | None, sizes: Mapping[int, tuple[int, int]]) -> Line:
    if not settled:
        missed = name in NEEDED
        return Line(
            name,
            label,
            state="bad" if missed else "plain",
            hint=("✕ " if missed else "") + _("Máy không thấy trên giấy."),
        )
    value = shown.value_of(name, settled.get("value"))
    others = tuple(
        Candidate(shown.value_of(name, one["value"]), _chance(one))
        for one in settled.get("others") or ()
        if one.get("value") and (one.get("confidence") or 0) >= LEAST
    )
    state = _state(name, settled)
    least = DATE_LINE if name == "date" else 0.0
    crop = crop_of(settled.get("page"), settled.get("box"), sizes, least) if state in ("warn", "bad") else None
    return Line(name, label, value, value, state, _hint(name, settled, state), crop, _different(others, value))


def _different(candidates: Iterable[Candidate], value: str) -> tuple[Candidate, ...]:
    """At most four, each once, none that stands there already."""
    found = {one.value: one for one in reversed(list(candidates)) if one.value and one.value != value}
    return tuple(reversed(found.values()))[:4]


def _state(name: str, settled: Mapping[str, Any]) -> str:
    if settled.get("value") is None:
        return "plain" if settled.get("sure") or (name in shown.FIELDS and name not in NEEDED) else "bad"
    return "ok" if settled.get("sure") else "warn"


def _hint(name: str, settled: Mapping[str, Any], state: str) -> str:
    reason, how_sure = (settled.get("reason") or "").rstrip("."), shown.percent(settled.get("confidence"))
    if settled.get("source") == "person":
        return _("✓ Đã có người xác nhận")
    if state == "plain":
        return reason or (_("Văn bản không ghi.") if settled.get("sure") else _("Máy không thấy trên giấy."))
    if state == "ok":
        return " · ".join(filter(None, [f"✓ {how_sure}", reason, settled.get("source")]))
    partial = settled.get("partial")
    seen = _("chỉ đọc được “{}”").format(shown.day(partial) if name == "date" else partial) if partial else ""
    if state == "warn":
        return " · ".join(filter(None, [f"⚠ {reason or _('Chưa chắc')}, {how_sure}", seen]))
    return " · ".join(filter(None, [f"✕ {reason or _('Không đọc được')}", seen]))


def crop_of(
    page: int | None, box: Sequence[float] | None, sizes: Mapping[int, tuple[int, int]], least: float = 0.0
) -> Crop | None:
    """The piece of `page` around `box`, as wide as the strip that shows it, at least `least` of the page."""
    if page is None or page not in sizes or not box:
        return None
    width, height = sizes[page]
    left, top, right, bottom = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    high = not least and right - left < HIGH * (bottom - top)
    shape = HIGH if high else WIDE
    broad = max((right - left) * 1.12, least * width)
    tall = min(max((bottom - top) * 1.35, broad / shape, height * 0.02), height)
    wide = min(tall * shape, width)
    x = min(max((left + right - wide) / 2, 0), width - wide)
    y = min(max((top + bottom - tall) / 2, 0), height - tall)
    return Crop(page, width, height, f"{x:.0f} {y:.0f} {wide:.0f} {tall:.0f}", high)


def _arrival_number(
    document: Document, stamp: Mapping[str, Any] | None, expected: int, sizes: Mapping[int, tuple[int, int]]
) -> Line:
    """The book's next number and what the stamp says: two witnesses."""
    label, next_one = _("Số đến"), str(expected)
    if document.stamp is None:
        return Line("arrival", label, next_one, next_one, "ok", _("✓ Số kế tiếp trong sổ"))
    stamp = stamp or {}
    crop = crop_of(stamp.get("page"), stamp.get("box"), sizes) or crop_of(
        document.stamp.page, document.stamp.box, sizes
    )
    said = _first_three(stamp)
    by_pen = _digits((stamp.get("alone") or stamp).get("value"))
    if by_pen == next_one or (stamp.get("sure") and _digits(stamp.get("value")) == next_one):
        return Line("arrival", label, next_one, next_one, "ok", _("✓ Dấu và sổ cùng ghi {}").format(next_one), crop)
    why = _why(stamp, by_pen)
    if said and (stamp.get("confidence") or 0) >= TRUSTED_STAMP:
        hint = _("⚠ Dấu ghi {}, sổ chờ {}").format(said[0].value, next_one) + why
        return _arrival_in_doubt(said[0].value, hint, crop, (*said, Candidate(next_one, _("sổ"))))
    hint = _("⚠ Hãy so với số viết tay trên dấu · số kế tiếp trong sổ là {}").format(next_one) + why
    return _arrival_in_doubt(next_one, hint, crop, said)


def _first_three(stamp: Mapping[str, Any]) -> tuple[Candidate, ...]:
    """The likeliest numbers, weighed by the book; then what the pen alone says, where that is another."""
    alone = stamp.get("alone") or {}
    readings = [one for one in (stamp, *(stamp.get("others") or ())) if _digits(one.get("value"))][:KEPT]
    said = [Candidate(_digits(one["value"]), ", ".join(filter(None, [_("dấu"), _chance(one)]))) for one in readings]
    if pen := _digits(alone.get("value")):
        said.append(Candidate(pen, ", ".join(filter(None, [_("riêng nét bút"), _chance(alone)]))))
    return tuple(
        {one.value: one for one in reversed(said)}[value] for value in dict.fromkeys(one.value for one in said)
    )


def _chance(reading: Mapping[str, Any]) -> str:
    """How likely a rival is; nothing below one in a hundred: "0 %" only makes one wonder why it is offered."""
    confidence = reading.get("confidence") or 0
    return shown.percent(confidence) if confidence >= 0.01 else ""


def _why(stamp: Mapping[str, Any], by_pen: str) -> str:
    """The book's reason, where its witness made another number of what the pen alone says."""
    if not stamp.get("alone") or by_pen == _digits(stamp.get("value")):
        return ""
    reason = str(stamp.get("reason") or "")
    return " · " + (_("{} Riêng nét bút đọc là {}.").format(reason, by_pen) if by_pen else reason)


def _arrival_in_doubt(value: str, hint: str, crop: Crop | None, candidates: Sequence[Candidate]) -> Line:
    return Line("arrival", _("Số đến"), value, value, "warn", hint, crop, _different(candidates, value))


def _digits(value: Any) -> str:
    text = str(value or "").strip()
    return str(int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else ""


def _arrival_day(stamp: Mapping[str, Any] | None, today: dt.date, sizes: Mapping[int, tuple[int, int]]) -> Line:
    label, now = _("Ngày đến"), shown.day(today)
    if not stamp:
        return Line("arrived_on", label, now, now, "ok", _("✓ Hôm nay: giấy không có dấu ghi ngày"))
    line = _line("arrived_on", label, stamp, sizes)
    rivals = [*(stamp.get("others") or ())[: KEPT - 1], *filter(None, [stamp.get("alone")])]
    said = tuple(Candidate(shown.day(one["value"]), _chance(one)) for one in rivals if one.get("value"))
    if stamp.get("value"):
        value = shown.day(stamp["value"])
        return replace(line, value=value, was=value, candidates=_different(said, value))
    return replace(line, value="", was="", candidates=_different((*said, Candidate(now, _("hôm nay"))), ""))


def _forward(settled: Mapping[str, Any], sizes: Mapping[int, tuple[int, int]]) -> Line:
    """What is written after Chuyển: a person's hand, shown but not asked for."""
    line = _line("stamp.forward_to", _("Chuyển"), settled, sizes)
    crop = crop_of(settled.get("page"), settled.get("box"), sizes)
    return (
        line
        if line.value
        else replace(line, state="plain", hint=_("Chữ viết tay sau “Chuyển”, ghi lại nếu cần."), crop=crop)
    )


def today() -> dt.date:
    """The day in Vietnam."""
    return dt.datetime.now(dt.UTC).astimezone(HANOI).date()
