"""The package is written: copies are drawn at leisure, then everything is bound into a folder or a ZIP."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import BinaryIO, Protocol

from archive import bagit, copies
from archive.blobs import Blobs
from archive.children import Child
from archive.database import Sessions
from archive.derived import Derived
from archive.errors import ArchiveError, Conflict, CopyBroken, Transient
from archive.handover.contents import ENDINGS, Item, Package
from archive.handover.ead import ead
from archive.handover.mets import mets
from archive.handover.premis import Held, Part, premis
from archive.models import Document
from archive.scans import Limits
from archive.version import VERSION

Tell = Callable[[str, int, int], None]
FORMATS = """Goi nop luu theo cau truc cua Thong tu 05/2025/TT-BNV (SIP).

METS.xml                          METS 1.12.1   http://www.loc.gov/METS/
metadata/descriptive/EAD.xml      EAD3 1.1      http://ead3.archivists.org/schema/
metadata/preservation/PREMIS.xml  PREMIS 3.0    http://www.loc.gov/premis/v3
metadata/descriptive/ND30-PLVI.json             Nghi dinh 30/2020/ND-CP, Phu luc VI
representations/rep1/data         PDF/A-2b      ISO 19005-2
representations/original/data                   tep goc, nguyen tung byte

Luoc do XSD: tai tu trang cua co quan ban hanh tung chuan; goi nay khong tai gi tu mang.
"""
SOON = "Gói chưa đủ bản PDF/A của mọi văn bản (văn bản vừa đổi, hoặc gói chưa chuẩn bị xong). Hãy bấm chuẩn bị lại."


class Sink(Protocol):
    """What a bag is written into."""

    def add(self, name: str, content: bytes | BinaryIO) -> str:
        """Write one payload file; its SHA-256."""

    def finish(self, info: Mapping[str, str], at: dt.datetime) -> Mapping[str, str]:
        """Write manifests; the payload's names and hashes."""


class ZipBag:
    """A bag within a ZIP, uncompressed: PDFs and pictures are packed already; every moment in it is `at`."""

    def __init__(self, target: BinaryIO, top: str, at: dt.datetime) -> None:
        self._zip, self._top, self._at = zipfile.ZipFile(target, "w", zipfile.ZIP_STORED), top, at
        self._payload: dict[str, str] = {}
        self._bytes = 0

    def add(self, name: str, content: bytes | BinaryIO) -> str:
        """Write one payload file; its SHA-256."""
        sha256, size = self._put(f"data/{name}", content)
        self._payload[f"data/{name}"], self._bytes = sha256, self._bytes + size
        return sha256

    def _put(self, name: str, content: bytes | BinaryIO) -> tuple[str, int]:
        about = zipfile.ZipInfo(f"{self._top}/{name}", self._at.timetuple()[:6])
        about.external_attr = 0o640 << 16
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        digest, size = hashlib.sha256(), 0
        with self._zip.open(about, "w", force_zip64=True) as target:
            while piece := stream.read(bagit.CHUNK):
                digest.update(piece)
                size += target.write(piece)
        return digest.hexdigest(), size

    def finish(self, info: Mapping[str, str], at: dt.datetime) -> Mapping[str, str]:
        """Write manifests and end the ZIP."""
        for name, content in bagit.tags(self._payload, self._bytes, info, at).items():
            self._put(name, content)
        self._zip.close()
        return self._payload


def prepare(
    readers: Sessions, blobs: Blobs, derived: Derived, limits: Limits, package: Package, tell: Tell
) -> list[str]:  # fmt: skip
    """Draw every copy that is not there; the documents of which none could be drawn. Repeat it as often as you like."""
    unmade = []
    with Child(name="pdf", walled=True) as child:
        for count, item in enumerate(package.items, 1):
            if derived.get(item.original.scan_id, item.copy) is None and not _drawn(
                readers, blobs, derived, limits, child, item
            ):
                unmade.append(item.document_id)
            tell("bản PDF/A", count, len(package.items))
    return unmade


def _drawn(readers: Sessions, blobs: Blobs, derived: Derived, limits: Limits, child: Child, item: Item) -> bool:
    with readers() as session:
        copy = copies.copy_of(session, session.get_one(Document, item.document_id))
    for _ in range(2):
        try:
            copies.make(child, blobs, derived, copy, limits)
        except Transient:
            continue  # a child that died may be another program's doing
        except ArchiveError:
            return False
        return True
    return False


def write(
    sink: Sink, package: Package, blobs: Blobs, derived: Derived, unmade: Collection[str] = (), *, tell: Tell
) -> Mapping[str, str]:  # fmt: skip
    """Bind it all; the payload with its digests. Conflict when a copy is missing that `unmade` does not name."""
    held: list[Held] = []
    originals: dict[str, Part] = {}
    for count, item in enumerate(package.items, 1):
        copy = _copy(sink, derived, item, unmade)
        original = originals.get(item.original.sha256)
        if original is None and item.is_whole:
            original = originals[item.original.sha256] = _original(sink, blobs, item)
        held.append(Held(item, copy, original))
        tell("đóng gói", count, len(package.items))
    groups = {
        "Representations/rep1": [one.copy for one in held if one.copy],
        "Representations/original": list(originals.values()),
        "Documentation": [
            _add(sink, "documentation/muc-luc-van-ban.pdf", package.contents, "application/pdf"),
            _add(sink, "documentation/muc-luc-ho-so.pdf", package.listing, "application/pdf"),
        ],
        "Schemas": [_add(sink, "schemas/README.txt", FORMATS.encode(), "text/plain")],
    }
    _describe(sink, package, held, {use: parts for use, parts in groups.items() if parts})
    return sink.finish(_info(package), package.at)


def _describe(sink: Sink, package: Package, held: Sequence[Held], groups: Mapping[str, Sequence[Part]]) -> None:
    hrefs = {one.item.place: part.href for one in held if (part := one.copy or one.original)}
    described = [
        _add(sink, "metadata/descriptive/EAD.xml", ead(package, hrefs), "application/xml"),
        _add(sink, "metadata/descriptive/ND30-PLVI.json", package.metadata, "application/json"),
    ]
    preserved = _add(sink, "metadata/preservation/PREMIS.xml", premis(package, held), "application/xml")
    sink.add("METS.xml", mets(package, described, preserved, groups, held))


def _add(sink: Sink, name: str, content: bytes, media_type: str) -> Part:
    return Part(name, sink.add(name, content), len(content), media_type)


def _copy(sink: Sink, derived: Derived, item: Item, unmade: Collection[str]) -> Part | None:
    content = derived.get(item.original.scan_id, item.copy)
    if content is not None:
        return _add(sink, f"representations/rep1/data/{item.name}.pdf", content, "application/pdf")
    if item.document_id not in unmade:
        raise Conflict(SOON)
    return None


def _original(sink: Sink, blobs: Blobs, item: Item) -> Part:
    came = item.original
    name = f"representations/original/data/{item.name}.{ENDINGS.get(came.media_type, 'bin')}"
    with blobs.open(came.sha256) as stream:
        if sink.add(name, stream) != came.sha256:
            raise CopyBroken(
                f"Bản gốc {came.sha256[:12]}… trong kho đã hỏng nên chưa đóng gói; xem vanthu check --deep"
            )
    return Part(name, came.sha256, came.size, came.media_type)


def _info(package: Package) -> dict[str, str]:
    return {
        "Source-Organization": package.organ or "Văn thư cơ quan", "External-Identifier": package.identity,
        "External-Description": f"Hồ sơ {package.code} năm {package.year}: {package.title}",
        "Bag-Software-Agent": f"Van Thu {VERSION}",
    }  # fmt: skip
