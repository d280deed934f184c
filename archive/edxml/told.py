"""What a message says, as plain values: taken from its tree, kept as JSON, written into another message."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from archive.edxml.tree import Node
from archive.enclosed import File
from archive.vietnamese import iso_date, words_of

LONGEST = 2000
"""Characters of a value that are kept; the message itself keeps all."""
LISTED = 200
RECALL, UPDATE, REPLACE = 1, 2, 3
"""BussinessDocType; 0 is a new paper."""
_SPEAKS = re.compile(r"secre|confidential|domat|baomat|dokhanmat|^(security(level)?|bimat|mat)$")
_SECRET = re.compile(r"(muc )?(do )?((toi |tuyet )?mat|(top )?secret|confidential)")
"""Grades as `words_of` writes them; what is none ("Bình thường", "không mật", "-1", "Khẩn") wipes no paper."""


@dataclass(frozen=True, slots=True)
class Organ:
    """An office as a message names it."""

    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """Another paper a message names; `date` ISO."""

    organ: str = ""
    code: str = ""
    date: str = ""
    id: str = ""
    """Its DocumentId, `000.00.00.G22,2015/09/30,7816/VPCP-TTĐT`."""


@dataclass(frozen=True, slots=True)
class Told:
    """The header of a message; "" where it does not say. Dates ISO, `priority` 0..4."""

    id: str = ""
    sender: Organ = Organ()
    receivers: tuple[Organ, ...] = ()
    number: str = ""
    symbol: str = ""
    place: str = ""
    date: str = ""
    type: str = ""
    subject: str = ""
    content: str = ""
    competence: str = ""
    position: str = ""
    signer: str = ""
    due: str = ""
    priority: int = 0
    secrecy: str = ""
    """What it says of secrecy, in its own words: the standard has no place for it, some senders have."""
    pages: str = ""
    appendixes: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    """ToPlaces: the Nơi nhận of the paper."""
    replies_to: tuple[Named, ...] = ()
    business: int = 0
    business_about: Named = Named()
    business_reason: str = ""
    replaces: tuple[Named, ...] = ()
    is_status: bool = False
    """It tells how far a paper is, and brings none."""
    sent_at: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A message opened: what it says, its files in order of the manifest, its signatures as archive/signed.py says."""

    told: Told
    files: tuple[File, ...] = ()
    signatures: tuple[dict[str, Any], ...] = field(default_factory=tuple)


def tell(root: Node) -> Told:
    """What the tree of a message says."""
    header = next(root.below("edXMLHeader"), root)
    head = header.find("MessageHeader") or Node("MessageHeader")
    other, business = head.find("OtherInfo") or Node(""), next(header.below("Bussiness"), Node(""))
    issued = head.find("PromulgationInfo") or Node("")
    priority = _digits(other.said("Priority") or head.said("Priority"))
    return Told(
        id=_kept(head.said("DocumentId")), sender=_organ(head.find("From")),
        receivers=tuple(_organ(one) for one in head.all("To")[:LISTED]),
        number=_kept(head.said("Code", "CodeNumber")), symbol=_kept(head.said("Code", "CodeNotation")),
        place=_kept(issued.said("Place")), date=day(issued.said("PromulgationDate")),
        type=_kept(head.said("DocumentType", "TypeName")), subject=_kept(head.said("Subject")),
        content=_kept(head.said("Content")), competence=_kept(head.said("SignerInfo", "Competence")),
        position=_kept(head.said("SignerInfo", "Position")), signer=_kept(head.said("SignerInfo", "FullName")),
        due=day(head.said("DueDate")), priority=priority if priority <= 4 else 0, secrecy=_secrecy(head),
        pages=_kept(other.said("PageAmount")), appendixes=_texts(other.find("Appendixes"), "Appendix"),
        places=_texts(head.find("ToPlaces"), "Place"),
        replies_to=tuple(_named(one) for one in head.all("ResponseFor")[:LISTED]),
        business=_digits(business.said("BussinessDocType")), business_about=of_id(business.said("DocumentId")),
        business_reason=_kept(business.said("BussinessDocReason")), replaces=_replaced(business),
        is_status=next(header.below("Status"), None) is not None,
        sent_at=_kept(next((one.said("Timestamp") for one in header.below("TraceHeader")), "")),
    )  # fmt: skip


def to_json(told: Told) -> dict[str, Any]:
    """As it is kept with the message; what is empty is left out."""
    return {name: value for name, value in dataclasses.asdict(told).items() if value not in ("", 0, False, (), [])}


def from_json(said: Mapping[str, Any]) -> Told:
    """What `to_json` kept; names this version does not know are passed over."""
    known = {one.name for one in dataclasses.fields(Told)}
    values = {name: value for name, value in said.items() if name in known}
    for name in ("receivers", "replies_to", "replaces", "appendixes", "places"):
        kind = Organ if name == "receivers" else Named
        values[name] = tuple(kind(**one) if isinstance(one, dict) else str(one) for one in values.get(name, ()))
    values["sender"] = Organ(**values.get("sender", {}))
    values["business_about"] = Named(**values.get("business_about", {}))
    return Told(**values)


def day(text: str) -> str:
    """ISO of `2015/09/30`, `2015-09-30T00:00:00` or `30/9/2015`; "" for anything else."""
    if found := re.match(r"(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?!\d)", text, re.ASCII):
        year, month, date = map(int, found.groups())
    elif found := re.match(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?!\d)", text, re.ASCII):
        date, month, year = map(int, found.groups())
    else:
        return ""
    return iso_date(date, month, year) or ""


def of_id(text: str) -> Named:
    """The paper a DocumentId names: organ, day and code with commas between."""
    parts = [one.strip() for one in text.split(",")]
    if len(parts) < 3:
        return Named(id=_kept(text))
    return Named(_kept(parts[0]), _kept(",".join(parts[2:])), day(parts[1]), _kept(text))


def _named(node: Node) -> Named:
    by_id = of_id(node.said("DocumentId"))
    return Named(
        _kept(node.said("OrganId")) or by_id.organ, _kept(node.said("Code")) or by_id.code,
        day(node.said("PromulgationDate")) or by_id.date, by_id.id,
    )  # fmt: skip


def _replaced(business: Node) -> tuple[Named, ...]:
    found = [of_id(one.said("DocumentId")) for one in business.below("ReplacementInfo")]
    return tuple(one for one in found if one.id)[:LISTED]


def _secrecy(head: Node) -> str:
    """The first element that speaks of secrecy and names a grade of it."""
    for node in _all(head):
        name = words_of(node.name).replace(" ", "")
        if _SPEAKS.search(name) and _SECRET.fullmatch(words_of(node.text)):
            return _kept(" ".join(node.text.split()))
    return ""


def _all(node: Node) -> list[Node]:
    return [one for child in node.children for one in (child, *_all(child))]


def _organ(node: Node | None) -> Organ:
    return Organ(_kept(node.said("OrganId")), _kept(node.said("OrganName"))) if node else Organ()


def _texts(node: Node | None, name: str) -> tuple[str, ...]:
    found = [_kept(" ".join(one.text.split())) for one in node.all(name)] if node else []
    return tuple(filter(None, found))[:LISTED]


def _digits(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0


def _kept(text: str) -> str:
    """In letters every database keeps."""
    clean = unicodedata.normalize("NFC", text)
    return "".join(letter for letter in clean if unicodedata.category(letter) not in ("Cc", "Cs", "Cf"))[:LONGEST]
