"""One paper or one file leaves: the original to the byte, a searchable copy, and last what is known of it."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from archive import copies, sidecar
from archive.backup import disk
from archive.blobs import Blobs
from archive.children import Child
from archive.derived import Derived
from archive.durable import half_of, write
from archive.errors import ArchiveError, CopyBroken, NotFound
from archive.leaving import names
from archive.leaving.names import Place
from archive.models import Document, Scan
from archive.scans import Limits

COPY = "pdfa.pdf"


@dataclass
class Left:
    """What has left, and what could not."""

    documents: int = 0
    files: int = 0
    """Originals that came in, with a paper or without."""
    copies: int = 0
    uncopied: list[str] = field(default_factory=list)
    """Papers of which no copy could be drawn (or that are not read yet): the original is there."""
    damaged: list[str] = field(default_factory=list)
    """Originals that are lost or altered in the archive itself."""
    untold: list[str] = field(default_factory=list)
    """Papers whose rows do not fit the shape of a sidecar."""
    bags: list[str] = field(default_factory=list)
    """Books that could not be bagged, each with the reason."""

    def note_damaged(self, sha256: str) -> None:
        """An original that could not leave, told once."""
        if sha256 not in self.damaged:
            self.damaged.append(sha256)

    @property
    def is_whole(self) -> bool:
        """Whether everything left but copies, which can be drawn from the originals."""
        return not (self.damaged or self.untold or self.bags)


@dataclass(frozen=True)
class Shown:
    """Where a paper lies, for the pages."""

    place: Place
    ending: str
    original: bool
    copy: bool
    about: bool
    """Whether there is a file of what is known of it."""


class Desk:
    """Writes into the folder `root` and remembers what belongs there."""

    def __init__(self, root: Path, blobs: Blobs, derived: Derived, limits: Limits, touched: frozenset[str]) -> None:
        self.root, self.touched, self.left = root, touched, Left()
        self._blobs, self._derived, self._limits = blobs, derived, limits
        self._child = Child(name="pdf", walled=True)
        self.written: set[str] = set()
        """Every file that belongs into the folder, by its relative name."""
        self.originals: dict[str, str] = {}
        """Relative name → SHA-256 it must have."""

    def close(self) -> None:
        """End the child."""
        self._child.close()

    def put(self, name: str, content: bytes) -> None:
        """Write or replace a small file."""
        path = self._path(name)
        if not path.is_file() or path.read_bytes() != content:
            write(path, content)

    def _path(self, name: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.written.add(name)
        return path

    def paper(self, session: Session, document: Document, place: Place, near: str) -> Shown:
        """All files of a paper; `near`: a bag that may hold the original already. Nothing is done twice."""
        scan, told = document.scan, f"{place.folder}/{place.name}.json"
        is_new = bool(self.touched & {document.id, scan.id}) or not (self.root / told).is_file()
        original = self.original(scan, place, near)
        copy = self._copy(session, document, place, is_new=is_new)
        self.written.add(told)
        about = not is_new or self._tell(session, document, told, f"{place.name}.{names.ending(scan)}")
        self.left.documents += 1
        return Shown(place, names.ending(scan), original, copy, about)

    def original(self, scan: Scan, place: Place, near: str = "") -> bool:
        """The bytes that came in, linked where the bag beside has them; False where the archive itself lost them."""
        return self.bytes_of(place.file(names.ending(scan)), scan.sha256, scan.size, near)

    def bytes_of(self, name: str, sha256: str, size: int, near: str = "") -> bool:
        """A blob under a name for people."""
        path = self._path(name)
        self.originals[name] = sha256
        if path.is_file() and path.stat().st_size == size:
            return True
        if self._linked(self.root / near / "data" / "originals" / sha256 if near else None, path):
            return True
        with contextlib.suppress(NotFound), self._blobs.open(sha256) as stream:
            if disk.copy(stream, path, sha256):
                return True
        self.left.note_damaged(sha256)
        self.written.discard(name)
        del self.originals[name]
        return False

    def _linked(self, source: Path | None, path: Path) -> bool:
        """A second name for the same bytes; disks that know none (FAT) get a copy."""
        if source is None or not source.is_file():
            return False
        try:
            with half_of(path) as half:
                os.link(source, half)
                half.replace(path)
        except OSError:
            return False
        return True

    def _copy(self, session: Session, document: Document, place: Place, *, is_new: bool) -> bool:
        name = place.file(COPY)
        path = self._path(name)
        if is_new or not path.is_file():
            content = self._drawn(session, document)
            if content is None:
                self.written.discard(name)
                self.left.uncopied.append(document.id)
                return False
            write(path, content)
        self.left.copies += 1
        return True

    def _drawn(self, session: Session, document: Document) -> bytes | None:
        copy = copies.copy_of(session, document)
        try:
            made = copies.kept(self._derived, copy)
            return made or copies.make(self._child, self._blobs, self._derived, copy, self._limits)
        except ArchiveError:
            return None

    def _tell(self, session: Session, document: Document, name: str, original: str) -> bool:
        try:
            told = sidecar.dumped(sidecar.of_document(session, document, original))
        except CopyBroken:
            self.left.untold.append(document.id)
            self.written.discard(name)
            return False
        write(self._path(name), told)
        return True
