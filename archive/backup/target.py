"""The folder that holds backups: snapshots side by side, and one copy of each original for all of them.

    vanthu-backup.json            whose archive it is
    blobs/ab/cd/<sha256>          originals, each once
    sidecars/2026/<id>.json       what is known of each document, as of the newest snapshot
    snapshots/<moment>/           vanthu.db  blobs.txt  settings.toml  plugins/…  manifest.json (written last)

A snapshot without its manifest was broken off and is swept by the next run. One run works in a folder at a time.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from archive.backup import disk, snapshot
from archive.durable import HALF, sync, write
from archive.errors import BadValue, Conflict, CopyBroken, NotEmpty, NotFound

MARKER = "vanthu-backup.json"
MANIFEST = "manifest.json"
DATABASE = "vanthu.db"
BLOBS = "blobs.txt"
SETTINGS = "settings.toml"
ASIDE = ".damaged"
_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(-\d{1,3})?")
_LINE = re.compile(r"([0-9a-f]{64}) (\d{1,15})")
MOST_BYTES = 64 << 20
"""Of a manifest or a list of originals: some 900,000 lines."""

M = TypeVar("M", bound=BaseModel)
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Marker(_Strict):
    """Whose backups a folder holds."""

    format: Literal["vanthu-backup-1"] = "vanthu-backup-1"
    archive: str = Field(max_length=64)
    """Hash of the archive's first event; empty for one in which nothing had happened yet."""


class Manifest(_Strict):
    """What a snapshot holds; written last."""

    format: Literal["vanthu-snapshot-1"] = "vanthu-snapshot-1"
    name: str = Field(pattern=rf"^{_NAME.pattern}$")
    version: str = Field(max_length=40)
    """Of the program that made it."""
    revision: str = Field(max_length=32)
    """Of the database's schema."""
    made_at: dt.datetime
    """The moment the database was copied at, UTC."""
    files: dict[str, Sha256] = Field(max_length=20_000)
    """Files beside the manifest → their SHA-256."""
    scans: int = Field(ge=0)
    documents: int = Field(ge=0)
    entries: int = Field(ge=0)
    events: int = Field(ge=0)
    blobs: int = Field(ge=0)
    blob_bytes: int = Field(ge=0)
    withheld: int = Field(ge=0)
    """Scans and messages in quarantine: their bytes are never copied."""
    damaged: list[Sha256] = Field(max_length=100_000)
    """Originals that were missing or damaged in the archive and of which this folder has no good copy either."""
    head: str = Field(max_length=64)
    """Hash of the last event."""


class Target:
    """A folder of backups; archive/backup/bucket.py keeps the same things in an object store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.snapshots = root / "snapshots"
        self.sidecars = root / "sidecars"
        self._touched: set[Path] = set()

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return str(self.root)

    def close(self) -> None:
        """Nothing is done here any more."""

    # -------------------------------------------------------------------------------------- whose it is

    def claim(self, archive: str, *, expected: bool = False) -> None:
        """Make the folder this archive's, or see that it is. NotEmpty, Conflict: nothing was written.

        `expected`: a backup was made here before, so that an empty folder is a disk that is not mounted.
        """
        marker = self._marker()
        if marker is None and expected:
            raise NotFound(
                f"Lần trước đã sao lưu vào {self.place}, nhưng nay ở đó trống: có lẽ ổ đĩa chưa được gắn. "
                "Hãy gắn ổ rồi chạy lại; nếu thật sự muốn bắt đầu lại từ đầu, thêm --new."
            )
        if marker is None and self._is_used():
            raise NotEmpty(f"{self.place} có tệp khác, không phải bản sao lưu. Hãy chọn một nơi trống.")
        if marker and marker.archive and archive and marker.archive != archive:
            raise Conflict(f"{self.place} giữ bản sao lưu của một kho khác. Hãy chọn nơi khác.")
        for folder in (self.snapshots, self.sidecars, self.root / "blobs"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        if marker is None or not marker.archive:
            self._write_marker(Marker(archive=archive).model_dump_json(indent=1).encode())

    def _marker(self) -> Marker | None:
        content = self._marker_content()
        return None if content is None else parsed(Marker, content, MARKER)

    def _marker_content(self) -> bytes | None:
        file = self.root / MARKER
        return read(file) if file.is_file() else None

    def _is_used(self) -> bool:
        return self.root.is_dir() and any(self.root.iterdir())

    def _write_marker(self, content: bytes) -> None:
        write(self.root / MARKER, content)
        sync(self.root)

    def need(self) -> None:
        """NotFound unless there are backups here."""
        if self._marker() is None:
            raise NotFound(f"Ở {self.place} không có bản sao lưu nào của Văn Thư.")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Alone in this folder; Conflict when another run works in it."""
        with (self.root / "lock").open("w") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Conflict("Một lần sao lưu khác đang chạy ở thư mục này. Hãy đợi nó xong.") from error
            yield

    # -------------------------------------------------------------------------------------- snapshots

    def names(self) -> list[str]:
        """Snapshots that were finished, oldest first."""
        found = [folder.name for folder in self.snapshots.glob("*") if self.is_name(folder.name)]
        return sorted(name for name in found if (self.snapshots / name / MANIFEST).is_file())

    def chosen(self, name: str | None) -> str:
        """This snapshot, or the newest; NotFound, BadValue."""
        if name is not None and not self.is_name(name):
            raise BadValue(f"Tên bản sao lưu không hợp lệ: {name[:40]!r}.")
        names = self.names()
        if not names or name not in (None, *names):
            there = ", ".join(names[-5:]) or "không có bản nào"
            raise NotFound(f"Ở {self.place} không có bản sao lưu {name or 'nào'}. Hiện có: {there}.")
        return name or names[-1]

    def folder(self, name: str) -> Path:
        """Where a snapshot lies."""
        return self.snapshots / name

    def manifest(self, name: str) -> Manifest:
        """What a snapshot says it holds; CopyBroken."""
        return parsed(Manifest, self.small(name, MANIFEST), MANIFEST)

    def small(self, name: str, file: str) -> bytes:
        """A small file of a snapshot; CopyBroken."""
        return read(self.folder(name) / file)

    @staticmethod
    def is_name(name: str) -> bool:
        """Whether a snapshot may be called so."""
        return _NAME.fullmatch(name) is not None

    def blobs_of(self, name: str) -> dict[str, int]:
        """The originals a snapshot needs: SHA-256 → bytes. CopyBroken."""
        content = self.small(name, BLOBS)
        if hashlib.sha256(content).hexdigest() != self.manifest(name).files.get(BLOBS):
            raise CopyBroken(f"Danh sách bản gốc của bản sao lưu {name} đã bị đổi hoặc hỏng.")
        lines = [_LINE.fullmatch(line) for line in content.decode("ascii", "replace").splitlines()]
        if None in lines:
            raise CopyBroken(f"Danh sách bản gốc của bản sao lưu {name} không đọc được.")
        return {line[1]: int(line[2]) for line in lines if line}

    def withheld(self) -> set[str]:
        """Originals whose scans are in quarantine, as the newest snapshot knows it: they were taken out of all."""
        names = self.names()
        if not names:
            return set()
        with contextlib.closing(snapshot.read(self.folder(names[-1]) / DATABASE)) as copy:
            wanted = snapshot.WITHHELD
            if "message" not in snapshot.tables(copy):  # of an earlier version
                wanted = wanted.partition("UNION")[0]
            return {sha256 for (sha256,) in copy.execute(wanted)}

    def begin(self, at: dt.datetime) -> str:
        """The name of a new snapshot, whose folder is made."""
        plain = at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
        taken = self._taken()
        name = next(one for one in (plain, *(f"{plain}-{n}" for n in range(2, 1000))) if one not in taken)
        self.folder(name).mkdir(mode=0o750)
        return name

    def _taken(self) -> set[str]:
        return {folder.name for folder in self.snapshots.iterdir()}

    def finish(self, name: str, manifest: Manifest) -> None:
        """What was begun is a snapshot from now on: its manifest is written, last of all."""
        write(self.folder(name) / MANIFEST, manifest.model_dump_json(indent=1).encode())
        sync(self.snapshots)

    def abandon(self, name: str) -> None:
        """Take away what was begun; a disk that is full has room again."""
        with contextlib.suppress(OSError):
            shutil.rmtree(self.folder(name))

    def drop(self, name: str) -> None:
        """Take a snapshot away, its manifest first: half of it is no snapshot."""
        (self.folder(name) / MANIFEST).unlink(missing_ok=True)
        sync(self.folder(name))
        shutil.rmtree(self.folder(name))

    def sweep(self) -> None:
        """Take away what earlier runs began and did not finish."""
        finished = set(self.names())
        for folder in self.snapshots.iterdir():
            if folder.name not in finished:
                shutil.rmtree(folder)
        for half in (self.root / "blobs").glob(f"??/??/*{HALF}"):
            half.unlink()

    def keep(self, count: int) -> Sequence[str]:
        """Keep the newest `count` snapshots and the originals they name; the names of those that went."""
        gone = self.names()[:-count]
        for name in gone:
            self.drop(name)
        self.collect()
        return gone

    def collect(self) -> int:
        """Remove originals that no snapshot names; how many. CopyBroken, and none: a list cannot be read."""
        named = {sha256 for name in self.names() for sha256 in self.blobs_of(name)}
        lost = [name for name in self.stored() if name.partition(".")[0] not in named]
        for name in lost:
            self.remove(name)
        return len(lost)

    # -------------------------------------------------------------------------------------- originals

    def blob(self, sha256: str) -> Path:
        """Where an original lies."""
        return self.root / "blobs" / sha256[:2] / sha256[2:4] / sha256

    def has(self, sha256: str, size: int) -> bool:
        """Whether an original is there in its full length."""
        try:
            return self.blob(sha256).stat().st_size == size
        except FileNotFoundError:
            return False

    def put(self, source: BinaryIO, sha256: str) -> bool:
        """Copy an original, durable once `settle` was called; False, and none, when it is not the one it should be."""
        place = self.blob(sha256)
        if not place.parent.is_dir():
            place.parent.mkdir(parents=True)
            self._touched |= {place.parent.parent, place.parent.parent.parent}
        self._touched.add(place.parent)
        return disk.copy(source, place, sha256)

    def settle(self) -> None:
        """What was put outlives a power cut."""
        while self._touched:
            sync(self._touched.pop())

    @contextlib.contextmanager
    def original(self, sha256: str) -> Iterator[Path | None]:
        """The bytes of an original as a file, whole or not; None: it is not there."""
        place = self.blob(sha256)
        yield place if place.is_file() else None

    def holds(self, sha256: str) -> bool:
        """Whether there is an original of this name, whole or not."""
        return self.blob(sha256).is_file()

    def remove(self, name: str) -> None:
        """Take an original away, or one that was put aside."""
        self.blob(name).unlink()

    def put_aside(self, sha256: str) -> None:
        """A damaged original makes room for a good one; a disk that is only read is left as it is."""
        with contextlib.suppress(OSError):
            self.blob(sha256).replace(self.blob(sha256 + ASIDE))

    def stored(self) -> list[str]:
        """Names of all originals, and of those that were put aside."""
        return [path.name for path in self.walk()]

    def walk(self) -> Iterator[Path]:
        """All originals, and those that were put aside."""
        yield from sorted((self.root / "blobs").glob("??/??/*"))

    # -------------------------------------------------------------------------------------- sidecars

    def has_sidecar(self, name: str) -> bool:
        """Whether a document, `2026/<id>.json`, has its sidecar."""
        return (self.sidecars / name).is_file()

    def write_sidecar(self, name: str, content: bytes) -> None:
        """Write or replace a sidecar; not waited for: it can be made again from the database beside it."""
        place = self.sidecars / name
        place.parent.mkdir(parents=True, exist_ok=True)
        write(place, content, durably=False)

    def keep_sidecars(self, there: set[str]) -> None:
        """Take away those of documents that are no more, or may not be known any more."""
        for path in self.sidecars.glob("*/*"):
            if path.relative_to(self.sidecars).as_posix() not in there:
                path.unlink()


def read(file: Path) -> bytes:
    """A small file; CopyBroken when it is away or far too large."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise CopyBroken(f"Tệp {file.name} lớn bất thường.")
        return file.read_bytes()
    except FileNotFoundError as error:
        raise CopyBroken(f"Thiếu tệp {file.name}.") from error


def parsed(kind: type[M], content: bytes, file: str) -> M:
    """The content as this shape; CopyBroken."""
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"][:3])
        raise CopyBroken(f"Tệp {file} không đúng dạng{f' ở {where}' if where else ''}.") from error
