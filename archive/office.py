"""What a province's plugin declares about its offices, and the answers to the hooks that follow from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from archive.codes import read_number_line
from archive.findings import Finding, Record, Route, Stamp
from archive.provinces import Province
from archive.reading import Span, Text
from archive.vietnamese import fold, words_of

_HEADING = 1500
"""Characters from the beginning in which an organ's name speaks for its province; further down it is a mention."""


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
    desks: Mapping[str, str] = field(default_factory=dict)
    """Drafting unit in a symbol → its name: `VX` → `Phòng Văn xã`."""
    signers: tuple[Signer, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def province(self) -> Province:
        """The answer to the hook `province`."""
        return Province(self.slug, self.name, self.current, self.organs, self.places)

    def extract(self, text: Text, stamp: Stamp | None = None) -> Iterator[Finding]:
        """The answer to the hook `extract`: nothing unless the paper is one of this province's."""
        del stamp
        head, folded = text.plain[:_HEADING], text.folded[:_HEADING]
        ours = any(words_of(organ) in words_of(head) for organ in self.organs)
        if ours:
            yield from self._desk(text, head)
        yield from self._place(text, folded)
        if not ours:
            yield from self._signer(text)

    def _desk(self, text: Text, head: str) -> Iterator[Finding]:
        for line in text.lines:
            number = read_number_line(line.text) if line.start < len(head) and len(line.text) < 60 else None
            desk = self.desks.get(number.code.unit or "") if number else None
            if desk:
                yield Finding(f"{self.slug}.desk", desk, 0.95, Span(line.start, line.end), line.page, line.box)
                return

    def _place(self, text: Text, folded: str) -> Iterator[Finding]:
        for place in self.places:
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
        said = [str(fields[name].value or "") for name in ("document_type", "subject") if name in fields]
        about = fold(" ".join(said))
        for rule in self.rules:
            if re.search(rule.words, about):
                yield Route(rule.unit, rule.role, _due(record, rule.days), rule.reason, rule.confidence)


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
