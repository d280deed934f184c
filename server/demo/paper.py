"""A sample paper as a value: what is printed on it, what is stamped on it, what must be read from it."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True)
class Cited:
    """Another paper that a sample names."""

    type: str
    code: str
    date: str
    issuer: str
    relation: str | None = None


@dataclass(frozen=True)
class Arrival:
    """An arrival stamp (dấu ĐẾN) and what the pen wrote into it."""

    organ: str
    number: str
    day: str
    """As written by hand, `14/8/26`."""
    date: str
    """The same day, ISO 8601."""
    at: Point
    """Centre on the document's first page, in millimetres."""
    layout: str = "nd30"
    """nd30 (NĐ 30/2020, Appendix IV) | older (the lines one under the other, `Lưu hồ sơ số`)"""
    colour: str = "red"
    angle: float = 1.5
    """Degrees anticlockwise."""
    forward_to: str | None = None


@dataclass(frozen=True)
class Paper:
    """One document: what is printed on it, and what must be read from it."""

    slug: str
    system: str
    """state | party"""
    organ_lines: tuple[tuple[str, bool], ...]
    """The upper left corner, line by line; True is bold."""
    issuing_organ: str
    document_type: str
    number: str
    symbol: str
    place: str
    date: str
    subject: str
    body: tuple[str, ...]
    recipients: tuple[str, ...]
    signer: tuple[str, ...]
    signer_name: str
    seal: str
    parent_organ: str | None = None
    document_subtype: str | None = None
    drafting_unit: str | None = None
    title: tuple[str, ...] = ()
    """Lines over the text; empty for a letter (công văn), whose subject stands under its number."""
    addressees: tuple[str, ...] = ()
    archive_copy: tuple[str, ...] = ()
    urgency: str | None = None
    citations: tuple[Cited, ...] = ()
    province: str | None = None
    arrival: Arrival | None = None
    number_by_hand: bool = False
    header_room: float = 0.0
    """Millimetres the typist left free between the heading and the text."""

    @property
    def full_code(self) -> str:
        return f"{self.number}{'/' if self.system == 'state' else '-'}{self.symbol}"


@dataclass(frozen=True)
class Sample:
    """One file: a paper, or several scanned in one go."""

    slug: str
    title: str
    """What it shows, in Vietnamese."""
    papers: tuple[Paper, ...]
    blank_back: bool = False
    depth: str = "colour"
    """colour | grey"""
    skew: float = 0.3
    """Degrees anticlockwise."""
