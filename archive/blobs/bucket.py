"""Originals in an object store that speaks S3: `sha256/ab/cd/<64 hex digits>` below its address, as in a folder.

Bytes are hashed on the disk of this machine, sent with their SHA-256, and read back before anybody is told that they
are kept: a server has been seen to take bytes that did not have the checksum sent with them. An object appears whole
or not at all. Nothing takes an object away because it reads wrong: another sender may just have been told it is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import parse_qs, urlsplit

from archive.blobs.engine import Blob
from archive.blobs.near import Near
from archive.blobs.spool import CHUNK, Spool, is_name, no_room_said, place
from archive.durable import sha256_of, sync
from archive.errors import ArchiveError, BadSettings, BadValue, NotFound, StoreAway, Transient
from archive.object_store import Head, ObjectStore

NEAR_MB = 4096
"""Megabytes of copies that stay near at hand, where the address says nothing else: `s3://bucket/folder?near_mb=500`."""
SMALL = 8 << 20
"""Bytes up to which an object is sent in one request, which the server takes only where there is none."""
PATIENCE = 10.0
"""Seconds in which a request is made again: somebody waits at the door."""


class Bucket:
    """A content-addressed store at `url`; what is used on this machine lies below `data`, too."""

    is_local = False

    def __init__(self, url: str, data: Path) -> None:
        address, megabytes = _parts(url)
        try:
            self._objects = ObjectStore(address, failed=_away, patience=PATIENCE)
        except BadValue as error:
            raise BadSettings(f"VANTHU_BLOBS: {error}") from error
        self._data = data
        self._near = Near(data / "near" / "originals", megabytes << 20)
        self._spool = Spool(data / "near" / "tmp")
        self._spool.sweep()

    def put(self, source: BinaryIO | Path, limit: int | None = None) -> Blob:
        """Keep the bytes of `source`; they are in the store, and were read back, when this returns.

        DiskFull when they do not fit here, ScanTooLarge beyond `limit` bytes, StoreAway.
        """
        if isinstance(source, Path):
            with source.open("rb") as stream:
                return self.put(stream, limit)
        with no_room_said(), self._spool.written(source, limit) as (half, blob):
            self._send(half, blob)
        return blob  # no copy stays: a machine that only takes in would keep one of a paper found secret elsewhere

    def _send(self, half: Path, blob: Blob) -> None:
        name = place(blob.sha256)
        there = self._objects.head(name)
        if there and there.size == blob.size and self._reads_as(blob.sha256):
            return
        if there or blob.size > SMALL:  # damaged, and here are the right bytes again; or in parts
            self._objects.put(name, half)
        else:
            self._objects.create(name, half)  # where another has been quicker, its bytes are looked at
        if not self._reads_as(blob.sha256):
            raise _away(self._objects.url, "đã nhận tệp nhưng đọc lại thấy khác")

    def _reads_as(self, sha256: str) -> bool:
        digest = hashlib.sha256()
        try:
            for piece in self._objects.pieces(place(sha256)):
                digest.update(piece)
        except FileNotFoundError:
            return False
        return digest.hexdigest() == sha256

    def path(self, sha256: str, beat: Callable[[], None] | None = None) -> Path:
        """A copy on this machine, of the bytes this name promises. NotFound; Transient where the store has others."""
        place(sha256)
        copy = self._near.path(sha256)
        if copy is None:
            with self._opened(sha256, beat) as stream, self._spool.written(stream) as (half, blob):
                if blob.sha256 != sha256:
                    raise Transient(f"Bản gốc {sha256[:12]}… trong kho đối tượng bị hỏng. Hãy báo quản trị viên.")
                copy = self._near.keep(half, sha256)
        return copy.absolute()

    def open(self, sha256: str) -> BinaryIO:
        """The bytes as the store has them, whole or not, in a file without a name.

        No stream of the client: who sends what he reads into a bucket is asked by its threads, which may ask nobody.
        """
        with contextlib.ExitStack() as closing, self._opened(sha256, None) as stream:
            copy = closing.enter_context(tempfile.TemporaryFile(dir=self._spool.folder))
            shutil.copyfileobj(stream, copy, CHUNK)
            copy.seek(0)
            closing.pop_all()  # all is there: the caller closes it
        return cast(BinaryIO, copy)

    def _opened(self, sha256: str, beat: Callable[[], None] | None) -> BinaryIO:
        try:
            pieces = self._objects.pieces(place(sha256))
        except FileNotFoundError as error:
            raise _missing(sha256) from error
        return cast(BinaryIO, io.BufferedReader(_Stream(pieces, beat), CHUNK))

    def has(self, sha256: str) -> bool:
        """Whether the bytes are there."""
        return is_name(sha256) and self._objects.head(place(sha256)) is not None

    def size(self, sha256: str) -> int:
        """How many bytes there are; NotFound."""
        return self._head(sha256).size

    def born(self, sha256: str) -> float:
        """When they were written, in seconds of the epoch; NotFound."""
        return self._head(sha256).born

    def _head(self, sha256: str) -> Head:
        found = self._objects.head(place(sha256))
        if found is None:
            raise _missing(sha256)
        return found

    def verify(self, sha256: str) -> bool:
        """Whether the bytes are there and still the ones that were put."""
        return is_name(sha256) and self._reads_as(sha256)

    def take(self, sha256: str, target: Path) -> bool:
        """Move the bytes out of the store, whole or not, into the file `target`; False: they are not there."""
        half = target.with_suffix(".half")
        if not (is_name(sha256) and self._fetch(sha256, half)):
            self._near.forget(sha256)
            return False
        sync(half)
        half.replace(target)
        target.chmod(0o400)
        sync(target.parent)
        self.remove(sha256)
        return True

    def _fetch(self, sha256: str, half: Path) -> bool:
        """The bytes as `half`, asked for twice where they are not those of the name: soon they are nowhere else."""
        for _ in range(2):
            half.unlink(missing_ok=True)
            if not self._objects.fetch(place(sha256), half):
                return False
            if sha256_of(half) == sha256:
                break
        return True

    def remove(self, sha256: str) -> None:
        """Take the bytes away for good, and the copy on this machine; older versions stay where a bucket keeps them."""
        self._objects.remove([place(sha256)])
        self._near.forget(sha256)

    def forget(self, names: Iterable[str]) -> int:
        """Take away the copies of these on this machine; how many there were."""
        return sum(self._near.forget(name) for name in names if is_name(name))

    def walk(self) -> Iterator[str]:
        """The names of all blobs, in order."""
        for path in self._objects.names("sha256"):
            name = path.rpartition("/")[2]
            if is_name(name):
                yield name

    def is_there(self) -> bool:
        """Whether there is any original at all."""
        return any(True for _ in self.walk())

    def free(self) -> int:
        """Bytes that still fit on the disk of this machine, through which files come in: a bucket has no end."""
        return shutil.disk_usage(self._data).free

    def fault(self) -> str | None:
        """What is wrong with the store, tried by writing and reading a few bytes."""
        name, said = f"probe/{uuid.uuid4().hex}", uuid.uuid4().bytes
        try:
            self._objects.put(name, said)
            same = self._objects.read(name, len(said)) == said
            self._objects.remove([name])
        except ArchiveError as error:
            return str(error)
        return None if same else f"Kho đối tượng {self._objects.url} trả lại khác với những gì đã ghi."


class _Stream(io.RawIOBase):
    """Pieces as a stream; `beat` is called with each."""

    def __init__(self, pieces: Iterator[bytes], beat: Callable[[], None] | None) -> None:
        self._pieces, self._beat, self._rest = pieces, beat, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
            if self._beat:
                self._beat()
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _parts(url: str) -> tuple[str, int]:
    """The address, and megabytes of copies."""
    address, _, query = url.partition("?")
    said = parse_qs(query, keep_blank_values=True)
    megabytes = said.pop("near_mb", [str(NEAR_MB)])[-1]
    if said or not megabytes.isascii() or not megabytes.isdigit() or not urlsplit(address).path.strip("/"):
        raise BadSettings(
            "VANTHU_BLOBS phải có dạng s3://bucket/thu-muc hoặc s3://bucket/thu-muc?near_mb=500 (số MB bản gốc giữ gần "
            "bên trên máy này)."
        )
    return address, int(megabytes)


def _missing(sha256: str) -> NotFound:
    return NotFound(f"Không tìm thấy bản gốc {sha256[:12]}… trong kho. Hãy báo quản trị viên.")


def _away(url: str, why: str) -> StoreAway:
    return StoreAway(
        f"Nơi lưu bản gốc {url} {why}. Những gì đã nhận vẫn an toàn ở đó; việc này sẽ làm được khi kho trả lời lại."
    )
