"""A package is looked at as a strict archive would: nothing in it unlisted, nothing listed missing or different."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from defusedxml import ElementTree as ET
from defusedxml.common import DefusedXmlException

from archive import bagit
from archive.errors import CopyBroken
from archive.handover.elements import EAD, METS, PREMIS, XLINK, XSI

MOST_XML = 64 << 20
_ROOTS = {"METS.xml": f"{{{METS}}}mets", "metadata/descriptive/EAD.xml": f"{{{EAD}}}ead",
          "metadata/preservation/PREMIS.xml": f"{{{PREMIS}}}premis"}  # fmt: skip
_IDENTITY = re.compile(r"urn:[a-z0-9][a-z0-9-]{0,30}[a-z0-9]:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HREF = re.compile(r"(?!.*//)(?!(.*/)?\.{1,2}(/|$))[0-9A-Za-z._-][0-9A-Za-z._/-]*")
Refs = dict[str, tuple[str, str]]
"""href → (SHA-256, size) as a document of the package says them"""


def check(root: Path) -> list[str]:
    """What is wrong with the package at `root`, one sentence each; none when it may be handed over."""
    try:
        bag = bagit.verify(root)
        mets, ead, premis = (_parsed(bag, name) for name in _ROOTS)
    except CopyBroken as error:
        return [str(error)]
    payload = {name.removeprefix("data/"): sha256 for name, sha256 in bag.payload.items()}
    refs = _listed(mets)
    return [
        *_mets_wrong(mets, refs, payload, bag), *_premis_wrong(premis, mets, refs),
        *(f"EAD trỏ tới {one}: không có trong METS" for one in _hrefs_of(ead) if one not in refs),
        *_metadata_wrong(bag),
    ]  # fmt: skip


def _parsed(bag: bagit.Bag, name: str) -> Any:
    if f"data/{name}" not in bag.payload:
        raise CopyBroken(f"{name}: thiếu trong gói.")
    try:
        root = ET.fromstring(bag.read(f"data/{name}", MOST_XML), forbid_dtd=True)
    except (ET.ParseError, DefusedXmlException) as error:
        raise CopyBroken(f"{name}: không phải XML đúng phép.") from error
    if root.tag != _ROOTS[name]:
        raise CopyBroken(f"{name}: phần tử gốc là {root.tag}, phải là {_ROOTS[name]}.")
    return root


def _listed(mets: Any) -> Refs:
    found: Refs = {}
    for one in mets.iter(f"{{{METS}}}mdRef"):
        found[one.get(f"{{{XLINK}}}href", "")] = one.get("CHECKSUM", ""), one.get("SIZE", "")
    for one in mets.iter(f"{{{METS}}}file"):
        place = one.find(f"{{{METS}}}FLocat")
        href = place.get(f"{{{XLINK}}}href", "") if place is not None else ""
        found[href] = one.get("CHECKSUM", ""), one.get("SIZE", "")
    return found


def _mets_wrong(mets: Any, refs: Refs, payload: Mapping[str, str], bag: bagit.Bag) -> Iterator[str]:
    if not _IDENTITY.fullmatch(mets.get("OBJID", "")):
        yield f"OBJID {mets.get('OBJID')!r} không đúng dạng urn:<phông>:uuid:<uuid>"
    for href, (sha256, size) in refs.items():
        if not _HREF.fullmatch(href):
            yield f"METS: đường dẫn {href!r} không phải tương đối"
        elif payload.get(href) != sha256:
            yield f"METS: {href} thiếu trong gói, hoặc khác mã SHA-256"
        elif str((bag.root / "data" / href).stat().st_size) != size:
            yield f"METS: {href} khác kích thước"
    for name in sorted(set(payload) - set(refs) - {"METS.xml"}):
        yield f"{name}: có trong gói mà METS không kê"
    kinds = {one.get("CHECKSUMTYPE") for tag in ("mdRef", "file") for one in mets.iter(f"{{{METS}}}{tag}")}
    if kinds != {"SHA-256"}:
        yield f"METS: mã kiểm tra phải là SHA-256, không phải {sorted(map(str, kinds))}"
    known = {one.get("ID") for one in mets.iter(f"{{{METS}}}file")}
    for one in mets.iter(f"{{{METS}}}fptr"):
        if one.get("FILEID") not in known:
            yield f"METS: structMap trỏ tới {one.get('FILEID')!r} không có"


def _premis_wrong(premis: Any, mets: Any, refs: Refs) -> Iterator[str]:
    files = {_text(one, "objectIdentifierValue"): one for one in premis.iter(f"{{{PREMIS}}}object")}
    for name, one in files.items():
        if one.get(f"{{{XSI}}}type") == "premis:file" and refs.get(name) != (
            _text(one, "messageDigest"),
            _text(one, "size"),
        ):
            yield f"PREMIS: {name} không có trong METS, hoặc khác mã SHA-256, khác kích thước"
    for name in refs:
        if name.startswith("representations/") and name not in files:
            yield f"PREMIS: thiếu {name}"
    if mets.get("OBJID") not in files:
        yield "PREMIS: thiếu chính hồ sơ (OBJID)"
    agents = {_text(one, "agentIdentifierValue") for one in premis.iter(f"{{{PREMIS}}}agent")}
    named = {"linkingObjectIdentifierValue": set(files), "relatedObjectIdentifierValue": set(files),
             "linkingAgentIdentifierValue": agents}  # fmt: skip
    for tag, known in named.items():
        for one in premis.iter(f"{{{PREMIS}}}{tag}"):
            if one.text not in known:
                yield f"PREMIS: {tag} {one.text!r} không có"


def _text(element: Any, tag: str) -> str:
    found = next(element.iter(f"{{{PREMIS}}}{tag}"), None)
    return (found.text or "") if found is not None else ""


def _hrefs_of(ead: Any) -> Iterator[str]:
    for one in ead.iter(f"{{{EAD}}}dao"):
        yield one.get("href", "")


def _metadata_wrong(bag: bagit.Bag) -> Iterator[str]:
    name = "data/metadata/descriptive/ND30-PLVI.json"
    try:
        told = json.loads(bag.read(name, MOST_XML))
        whole = len(told["files"]) == 1 and all(one["FileCode"] for one in told["documents"])
    except (CopyBroken, ValueError, KeyError, TypeError, OSError):
        whole = False
    if not whole:
        yield "ND30-PLVI.json: thiếu, hoặc không đúng dạng"
