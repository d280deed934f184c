"""BagIt 1.0 (RFC 8493), as strictly as a stranger's files want it: SHA-256 alone, nothing fetched, nothing but files.

The Library of Congress's own library takes more than we do (links, other digests, fetch.txt) and would have to be
guarded by as many lines as these.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from archive.errors import CopyBroken, NotEmpty

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST = "manifest-sha256.txt"
TAGS = ("bag-info.txt", "bagit.txt", MANIFEST)
TAG_MANIFEST = "tagmanifest-sha256.txt"
MOST_FILES = 200_000
MOST_TAG_BYTES = 64 << 20
CHUNK = 1 << 20
_LINE = re.compile(r"([0-9a-f]{64}) [ *]?(\S.*)")
_SAFE = re.compile(r"(?!.*//)(?!(.*/)?\.{1,2}(/|$))[0-9A-Za-z._/-]{1,200}")
"""Names we write, and the only ones we take: no way up, no escapes, nothing a disk may take for another name."""


class Writer:
    """A bag that is being made beside `root` and gets its name when it is whole. NotEmpty where there is something."""

    def __init__(self, root: Path) -> None:
        if root.is_symlink() or (root.exists() and (not root.is_dir() or any(root.iterdir()))):
            raise NotEmpty(f"{root} đã có, không trống. Hãy chọn một thư mục mới; không gì bị đổi.")
        self.root = root
        self._half = root.with_name(f".{root.name}.half")
        shutil.rmtree(self._half, ignore_errors=True)
        (self._half / "data").mkdir(parents=True)
        self._payload: dict[str, str] = {}
        self._bytes = 0

    def add(self, name: str, content: bytes | BinaryIO) -> str:
        """Write one payload file, `originals/…`; its SHA-256."""
        place = self._half / "data" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with place.open("xb") as target:
            for piece in [content] if isinstance(content, bytes) else iter(lambda: content.read(CHUNK), b""):
                digest.update(piece)
                self._bytes += target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        self._payload[f"data/{name}"] = digest.hexdigest()
        return digest.hexdigest()

    def finish(self, info: Mapping[str, str], at: dt.datetime) -> Mapping[str, str]:
        """Write manifests and give the bag its name; the payload's names and hashes."""
        for name, content in tags(self._payload, self._bytes, info, at).items():
            with (self._half / name).open("xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        if self.root.exists():
            self.root.rmdir()
        self._half.replace(self.root)
        return self._payload

    def abandon(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self._half, ignore_errors=True)


def tags(payload: Mapping[str, str], size: int, info: Mapping[str, str], at: dt.datetime) -> dict[str, bytes]:
    """The tag files of a bag with this payload (`data/…` → SHA-256) of `size` bytes."""
    facts = {**info, "Bagging-Date": f"{at:%Y-%m-%d}", "Payload-Oxum": f"{size}.{len(payload)}"}
    lines = "".join(f"{key}: {' '.join(value.split())}\n" for key, value in facts.items())
    made = {"bagit.txt": DECLARATION, "bag-info.txt": lines.encode(), MANIFEST: _listed(payload)}
    made[TAG_MANIFEST] = _listed({name: hashlib.sha256(content).hexdigest() for name, content in made.items()})
    return made


def _listed(files: Mapping[str, str]) -> bytes:
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files.items())).encode()


@dataclass(frozen=True)
class Bag:
    """A bag in which every byte was found to be what its manifests say."""

    root: Path
    payload: Mapping[str, str] = field(repr=False)
    """`data/…` → SHA-256"""

    def read(self, name: str, most: int) -> bytes:
        """One payload file, looked at once more: it may have been changed since. CopyBroken."""
        with _opened(self.root / name) as stream:
            content: bytes = stream.read(most + 1)
        if len(content) > most:
            raise CopyBroken(f"{name}: lớn quá {most >> 20} MB.")
        if hashlib.sha256(content).hexdigest() != self.payload.get(name):
            raise CopyBroken(f"{name}: đã bị đổi.")
        return content

    def open(self, name: str) -> BinaryIO:
        """One payload file as a stream; whoever keeps it compares its hash."""
        stream: BinaryIO = _opened(self.root / name)
        return stream


def verify(root: Path) -> Bag:
    """The bag at `root`. CopyBroken names the first thing that is not as its manifests say: nothing else is read."""
    there = set(_walk(root))
    if not {*TAGS, TAG_MANIFEST} <= there:
        raise CopyBroken(f"{root} không phải túi BagIt đủ tệp: thiếu {min({*TAGS, TAG_MANIFEST} - there)}.")
    if _tag(root, "bagit.txt") != DECLARATION:
        raise CopyBroken("bagit.txt: không phải BagIt 1.0, UTF-8.")
    tags, payload = _manifest(root, TAG_MANIFEST), _manifest(root, MANIFEST)
    _compare({name for name in there if not name.startswith("data/")} - {TAG_MANIFEST}, tags.keys())
    _compare({name for name in there if name.startswith("data/")}, payload.keys())
    for name, sha256 in [*tags.items(), *payload.items()]:
        with _opened(root / name) as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != sha256:
                raise CopyBroken(f"{name}: nội dung khác với bản kê (bị sửa hoặc hỏng).")
    return Bag(root, payload)


def _walk(root: Path) -> Iterator[str]:
    """Every file below `root`; CopyBroken for a link, a device, a strange name, too many."""
    if root.is_symlink() or not root.is_dir():
        raise CopyBroken(f"{root} không phải thư mục.")
    count, folders = 0, [root]
    while folders:
        for item in sorted(os.scandir(folders.pop()), key=lambda one: one.name):
            name = Path(item.path).relative_to(root).as_posix()
            count += 1
            if count > MOST_FILES or not _SAFE.fullmatch(name):
                raise CopyBroken(f"{name[:80]!r}: tên tệp không được phép, hoặc túi có quá nhiều tệp.")
            if item.is_dir(follow_symlinks=False):
                folders.append(Path(item.path))
            elif item.is_file(follow_symlinks=False):
                yield name
            else:
                raise CopyBroken(f"{name}: là liên kết hoặc thiết bị, không phải tệp.")


def _manifest(root: Path, name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in _tag(root, name).decode("utf-8", "replace").splitlines():
        line = _LINE.fullmatch(text)
        if not line or not _SAFE.fullmatch(line[2]) or line[2] in found:
            raise CopyBroken(f"{name}: có dòng không được phép: {text[:120]!r}.")
        if name == MANIFEST and not line[2].startswith("data/"):
            raise CopyBroken(f"{name}: {line[2][:80]} nằm ngoài data/.")
        found[line[2]] = line[1]
    return found


def _tag(root: Path, name: str) -> bytes:
    with _opened(root / name) as stream:
        content: bytes = stream.read(MOST_TAG_BYTES + 1)
    if len(content) > MOST_TAG_BYTES:
        raise CopyBroken(f"{name}: lớn bất thường.")
    return content


def _compare(there: set[str], listed: Iterable[str]) -> None:
    wanted = set(listed)
    if odd := sorted(there - wanted):
        raise CopyBroken(f"{odd[0]}: có trong túi mà không có trong bản kê.")
    if odd := sorted(wanted - there):
        raise CopyBroken(f"{odd[0]}: có trong bản kê mà không có trong túi.")


def _opened(path: Path) -> Any:
    """A file, never what a link leads to."""
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
    except OSError as error:
        raise CopyBroken(f"{path.name}: không đọc được ({error.strerror}).") from error
