"""METS.xml: the parts of the package and how they belong together (METS 1.12.1, Library of Congress)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from archive.handover.contents import Package
from archive.handover.elements import METS, Builder, moment, written
from archive.handover.premis import Held, Part
from archive.version import VERSION

_mets = Builder(METS)
SCHEMA = f"{METS} http://www.loc.gov/standards/mets/mets.xsd"
DESCRIPTIVE = {"EAD.xml": ("EAD", None), "ND30-PLVI.json": ("OTHER", "ND30-PLVI")}
"""Last part of a name → what METS calls such metadata."""


def mets(package: Package, described: Sequence[Part], preserved: Part, groups: Mapping[str, Sequence[Part]],
         held: Sequence[Held]) -> bytes:  # fmt: skip
    """`described` and `preserved` are the metadata, `groups` all other files by their use."""
    ids = {part.href: f"file-{number:05}" for number, part in enumerate(
        (part for parts in groups.values() for part in parts), 1)}  # fmt: skip
    sections = [_described(number, one, package) for number, one in enumerate(described, 1)]
    kept = _mets("amdSec", _mets("digiprovMD", _reference(preserved, "PREMIS", None, package), ID="premis-1",
                                 CREATED=moment(package.at)), ID="amd-1")  # fmt: skip
    files = _mets("fileSec", *(_group(use, parts, ids, package) for use, parts in groups.items()), ID="files")
    return written(
        _mets("mets", _header(package), *sections, kept, files, _structure(package, groups, held, ids),
              OBJID=package.identity, LABEL=package.title, TYPE="SIP", PROFILE="TT 05/2025/TT-BNV",
              xsi_schemaLocation=SCHEMA)
    )  # fmt: skip


def _header(package: Package) -> ET.Element:
    note = _mets("note", package.organ_id) if package.organ_id else None
    name = _mets("name", package.organ or "Văn thư cơ quan")
    organ = _mets("agent", name, note, ROLE="CREATOR", TYPE="ORGANIZATION")
    software = {"ROLE": "CREATOR", "TYPE": "OTHER", "OTHERTYPE": "SOFTWARE"}
    made = _mets("agent", _mets("name", "Văn Thư"), _mets("note", VERSION), **software)
    return _mets("metsHdr", organ, made, CREATEDATE=moment(package.at), RECORDSTATUS="NEW")


def _described(number: int, part: Part, package: Package) -> ET.Element:
    kind, other = DESCRIPTIVE[part.href.rpartition("/")[2]]
    return _mets("dmdSec", _reference(part, kind, other, package), ID=f"dmd-{number}", CREATED=moment(package.at))


def _reference(part: Part, kind: str, other: str | None, package: Package) -> ET.Element:
    return _mets(
        "mdRef", LOCTYPE="URL", xlink_type="simple", xlink_href=part.href, MDTYPE=kind, OTHERMDTYPE=other,
        MIMETYPE=part.media_type, SIZE=part.size, CREATED=moment(package.at), CHECKSUM=part.sha256,
        CHECKSUMTYPE="SHA-256",
    )  # fmt: skip


def _group(use: str, parts: Sequence[Part], ids: Mapping[str, str], package: Package) -> ET.Element:
    return _mets("fileGrp", *(_file(one, ids[one.href], package) for one in parts), USE=use)


def _file(part: Part, name: str, package: Package) -> ET.Element:
    place = _mets("FLocat", LOCTYPE="URL", xlink_type="simple", xlink_href=part.href)
    return _mets(
        "file", place, ID=name, MIMETYPE=part.media_type, SIZE=part.size, CREATED=moment(package.at),
        CHECKSUM=part.sha256, CHECKSUMTYPE="SHA-256",
    )  # fmt: skip


def _structure(
    package: Package, groups: Mapping[str, Sequence[Part]], held: Sequence[Held], ids: Mapping[str, str]
) -> ET.Element:
    """The file, in it each paper with its files, then what is about all of them."""
    papers = [
        _mets("div", *(_pointer(ids[part.href]) for part in (one.copy, one.original) if part), TYPE="item",
              LABEL=one.item.code or one.item.name, ORDER=one.item.place)
        for one in held
    ]  # fmt: skip
    within = {part.href for one in held for part in (one.copy, one.original) if part}
    others = [
        _mets("div", *(_pointer(ids[part.href]) for part in parts), TYPE=use, LABEL=use)
        for use, parts in groups.items()
        if not any(part.href in within for part in parts)
    ]
    metadata = _mets("div", LABEL="metadata", TYPE="metadata", DMDID="dmd-1 dmd-2", ADMID="premis-1")
    whole = _mets("div", metadata, *papers, *others, TYPE="file", LABEL=package.code)
    return _mets("structMap", whole, TYPE="PHYSICAL", LABEL="CSIP", ID="structure")


def _pointer(name: str) -> ET.Element:
    return _mets("fptr", FILEID=name)
