"""PREMIS.xml: each file of the package, and what became of it (PREMIS 3.0, Library of Congress, 2015)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from archive.handover.contents import Item, Package
from archive.handover.elements import PREMIS, Builder, moment, written
from archive.version import VERSION

_premis = Builder(PREMIS)
SOFTWARE, ORGAN = "agent-van-thu", "agent-co-quan"


@dataclass(frozen=True)
class Part:
    """One file of the package as it lies there."""

    href: str
    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True)
class Held:
    """A paper with its files: a copy where one could be drawn, an original where it may go."""

    item: Item
    copy: Part | None
    original: Part | None


def premis(package: Package, held: Sequence[Held]) -> bytes:
    """Objects, then events, then agents, as the schema orders them."""
    originals = {one.original.href: one for one in held if one.original}
    objects = [_entity(package), *(_original(part, one.item) for one in originals.values() if (part := one.original))]
    objects += [_copy(part, one.original) for one in held if (part := one.copy)]
    happened = [*_events(package, held, originals)]
    events = [_event(number, *one) for number, one in enumerate(happened, 1)]
    return written(_premis("premis", *objects, *events, *_agents(package), version="3.0"))


def _identifier(kind: str, value: str) -> ET.Element:
    return _premis(f"{kind}Identifier", _premis(f"{kind}IdentifierType", _type(value)),
                   _premis(f"{kind}IdentifierValue", value))  # fmt: skip


def _type(value: str) -> str:
    return "URN" if value.startswith("urn:") else "local" if "/" not in value else "path"


def _entity(package: Package) -> ET.Element:
    return _premis(
        "object", _identifier("object", package.identity), _premis("originalName", package.code),
        xsi_type="premis:intellectualEntity",
    )  # fmt: skip


def _file(part: Part, form: Sequence[ET.Element], name: str | None, related: ET.Element | None) -> ET.Element:
    fixity = _premis("fixity", _premis("messageDigestAlgorithm", "SHA-256"), _premis("messageDigest", part.sha256))
    what = _premis("objectCharacteristics", fixity, _premis("size", str(part.size)), _premis("format", *form))
    return _premis(
        "object", _identifier("object", part.href), what, _premis("originalName", name) if name else None, related,
        xsi_type="premis:file",
    )  # fmt: skip


def _original(part: Part, item: Item) -> ET.Element:
    form = [_premis("formatDesignation", _premis("formatName", part.media_type))]
    return _file(part, form, item.original.filename, None)


def _copy(part: Part, original: Part | None) -> ET.Element:
    form = [
        _premis("formatDesignation", _premis("formatName", "PDF/A"), _premis("formatVersion", "2b")),
        _premis("formatRegistry", _premis("formatRegistryName", "PRONOM"), _premis("formatRegistryKey", "fmt/477")),
    ]
    return _file(part, form, None, _source(original) if original else None)


def _source(original: Part) -> ET.Element:
    related = _premis(
        "relatedObjectIdentifier", _premis("relatedObjectIdentifierType", _type(original.href)),
        _premis("relatedObjectIdentifierValue", original.href),
    )  # fmt: skip
    return _premis("relationship", _premis("relationshipType", "derivation"),
                   _premis("relationshipSubType", "has source"), related)  # fmt: skip


Happened = tuple[str, dt.datetime, str, str, Sequence[str]]
"""Type (Library of Congress vocabulary), when, what in words, who, which objects."""


def _events(package: Package, held: Sequence[Held], originals: Mapping[str, Held]) -> Iterator[Happened]:
    for href, one in originals.items():
        came = one.item.original
        signed = "; tệp mang chữ ký số, giữ nguyên từng byte" if came.is_signed else ""
        yield "ingestion", came.received_at, f"Nhận vào kho qua {came.source}{signed}", ORGAN, [href]
        if came.verified_at:
            yield "fixity check", came.verified_at, "Đọc lại từ đĩa và so SHA-256: đúng", SOFTWARE, [href]
    for one in held:
        files = [part.href for part in (one.copy, one.original) if part]
        if one.item.arrival:
            number, year, at = one.item.arrival
            yield "registration", at, f"Vào sổ văn bản đến: số {number} năm {year}", ORGAN, files
        if one.copy:
            yield "creation", package.at, _copied(one), SOFTWARE, files
    going = f"Đóng gói hồ sơ {package.code}: {len(held)} văn bản"
    yield "information package creation", package.at, going, SOFTWARE, [package.identity]


def _copied(one: Held) -> str:
    stays = "" if one.original else "; tệp gốc giữ tại cơ quan vì còn chứa văn bản khác"
    return f"Bản PDF/A-2b hai lớp (ảnh và chữ) từ tệp gốc SHA-256 {one.item.original.sha256}{stays}"


def _event(number: int, kind: str, at: dt.datetime, says: str, agent: str, objects: Sequence[str]) -> ET.Element:
    who = _premis("linkingAgentIdentifier", _premis("linkingAgentIdentifierType", "local"),
                  _premis("linkingAgentIdentifierValue", agent))  # fmt: skip
    whom = [
        _premis("linkingObjectIdentifier", _premis("linkingObjectIdentifierType", _type(one)),
                _premis("linkingObjectIdentifierValue", one))
        for one in objects
    ]  # fmt: skip
    return _premis(
        "event", _identifier("event", f"event-{number:05}"), _premis("eventType", kind),
        _premis("eventDateTime", moment(at)),
        _premis("eventDetailInformation", _premis("eventDetail", says)), who, *whom,
    )  # fmt: skip


def _agents(package: Package) -> Iterator[ET.Element]:
    organ = package.organ or "Văn thư cơ quan"
    yield _premis("agent", _identifier("agent", ORGAN), _premis("agentName", organ),
                  _premis("agentType", "organization"))  # fmt: skip
    yield _premis("agent", _identifier("agent", SOFTWARE), _premis("agentName", "Văn Thư"),
                  _premis("agentType", "software"), _premis("agentVersion", VERSION))  # fmt: skip
