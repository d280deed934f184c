"""What a province's plugin declares about its offices, and the answers to the hooks that follow from it."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from archive.codes import read_number_line
from archive.findings import FIELDS, Finding, Record, Route, Stamp
from archive.provinces import Province
from archive.reading import Span, Text
from archive.vietnamese import fold, words_of

_HEADING = 1500
"""Characters from the beginning in which an organ's name speaks for its province; further down it is a mention."""
_SUREST = 0.95
"""A rule nobody has calibrated is never sure by itself: a clerk looks at what it says."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Papers about these words go to this unit."""

    words: str
    """Regular expression over the folded subject and type: `phong chong dich|y te`."""
    unit: str
    reason: str
    """In Vietnamese, shown to the clerk."""
    role: str = "lead"
    days: int | None = None
    """Working days to handle it from the day it came; None: as the paper says."""
    confidence: float = 0.7
    issuer: str = ""
    """Regular expression over the folded issuing organ; empty: whoever it is."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What stands at these words on the province's own papers goes into this field."""

    field: str
    """The plugin's own: `file_code` becomes `lai_chau.file_code`; or one of the country's, as it is."""
    words: str
    """Regular expression over the folded text: `ma ho so: (\\S+)`. The value is its first group, else all of it, as it
    stands on the paper."""
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What is on the paper → what it means; what is not in it is not found. Empty: the value as it is."""
    zone: str = "head"
    """head | end | all: where on the paper."""
    confidence: float = 0.9


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed for whom in which years: a suggestion only, people change posts."""

    name: str
    post: str
    since: int
    until: int


@dataclass(frozen=True)
class Office:
    """The offices of one province."""

    slug: str
    name: str
    current: str = ""
    organs: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    """Districts and towns that date their papers with their own name: `Chí Linh, ngày …`."""
    desks: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Drafting unit in a symbol → its name: `VX` → `Phòng Văn xã`."""
    signers: tuple[Signer, ...] = ()
    rules: tuple[Rule, ...] = ()
    patterns: tuple[Pattern, ...] = ()

    @property
    def province(self) -> Province:
        """The answer to the hook `province`."""
        return Province(self.slug, self.name, self.current, self.organs, self.places)

    def extract(self, text: Text, stamp: Stamp | None = None) -> Iterator[Finding]:
        """The answer to the hook `extract`: nothing unless the paper is one of this province's."""
        del stamp
        head, folded = text.plain[:_HEADING], text.folded[:_HEADING]
        ours = any(_words(organ) in _words(head) for organ in self.organs)
        if ours:
            yield from self._desk(text, head)
            for pattern in self.patterns:
                yield from self._at(pattern, text)
        yield from self._place(text, folded)
        if self.signers and not ours:
            yield from self._signer(text)

    def _desk(self, text: Text, head: str) -> Iterator[Finding]:
        for line in text.lines:
            number = read_number_line(line.text) if line.start < len(head) and len(line.text) < 60 else None
            desk = self.desks.get(number.code.unit or "") if number else None
            if desk:
                yield Finding(f"{self.slug}.desk", desk, 0.95, Span(line.start, line.end),
                              line.page if line.box else None, line.box)  # fmt: skip
                return

    def _at(self, pattern: Pattern, text: Text) -> Iterator[Finding]:
        """The first place at which `pattern` says something."""
        meanings = {fold(key): name for key, name in pattern.values.items()}
        for found in re.compile(pattern.words).finditer(text.folded, *_zone(pattern.zone, len(text.plain))):
            start, end = found.span(1 if found.re.groups else 0)
            value = text.plain[start:end].strip() if start >= 0 else ""
            value = meanings.get(fold(value), "") if meanings else value
            if value:
                name = pattern.field if pattern.field in FIELDS else f"{self.slug}.{pattern.field}"
                page, box = text.box_of(Span(start, end))
                yield Finding(name, value, min(pattern.confidence, _SUREST), Span(start, end), page, box)
                return

    def _place(self, text: Text, folded: str) -> Iterator[Finding]:
        for place in self.places:
            if _words(place) not in _words(text.plain[:_HEADING]):
                continue
            found = re.search(rf"(?:^|\n)[\W_]*{re.escape(fold(place))}\s*,\s*ngay\b", folded)
            if found:
                span = Span(found.start(), found.end())
                page, box = text.box_of(span)
                facts = {
                    "span": span,
                    "page": page,
                    "box": box,
                    "witness": "gazetteer",
                    "reason": f"{place} thuộc {self.name}.",
                }
                yield Finding("province_at_issue", self.name, 0.9, **facts)  # type: ignore[arg-type]
                yield Finding("province_current", self.current or self.name, 0.9, **facts)  # type: ignore[arg-type]

    def _signer(self, text: Text) -> Iterator[Finding]:
        years = {int(year) for year in re.findall(r"(?<!\d)20\d\d(?!\d)", text.plain)}
        ending = {line.text.strip(" *☆★.") for line in text.lines[-30:]}
        for signer in self.signers:
            if signer.name in ending and any(signer.since <= year <= signer.until for year in years):
                reason = f"{signer.name} là {signer.post} {signer.since}-{signer.until}."
                yield Finding("province_at_issue", self.name, 0.8, reason=reason, witness="gazetteer", suggestion=True)

    def route(self, record: Record) -> Iterator[Route]:
        """The answer to the hook `route`, in the order of the rules."""
        fields = record.fields
        said = {name: fold(str(one.value or "")) for name, one in fields.items()}
        about = " ".join(said[name] for name in ("document_type", "subject") if name in said)
        issuer = said.get("issuing_organ", "")
        for rule in self.rules:
            if re.search(rule.words, about) and re.search(rule.issuer, issuer):
                yield Route(rule.unit, rule.role, _due(record, rule.days), rule.reason, rule.confidence,
                            days=rule.days)  # fmt: skip


@functools.lru_cache(maxsize=2000)
def _words(text: str) -> str:
    """The same heading is asked about by every province's plugin."""
    return words_of(text)


def _zone(zone: str, length: int) -> tuple[int, int]:
    return {"head": (0, _HEADING), "end": (max(0, length - _HEADING), length)}.get(zone, (0, length))


def _due(record: Record, days: int | None) -> str | None:
    """Working days from the day of arrival; an urgent paper is due that day (NĐ 30/2020, art. 23)."""
    arrived = next((one.value for one in record.stamp.fields if one.field == "date"), None) if record.stamp else None
    if days is None or not isinstance(arrived, str):
        return None
    urgent = record.fields.get("urgency")
    day, left = date.fromisoformat(arrived), 0 if urgent and urgent.value else days
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return day.isoformat()
