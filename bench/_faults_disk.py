"""What a disk holds after the power went: a record of calls, told again up to one of them.

A file has what was written before its last fsync; a name is there when its folder was fsynced since. Of the rest the
disk may have kept anything: nothing, all, only names, or some of it, torn at every 512 bytes.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECTOR = 512
HOWS = ("nothing", "names", "some", "all")
"""What the disk kept of what was not synced."""
_FOLDER = -1


@dataclass(frozen=True)
class Call:
    """One line of the log of bench/_faults.c."""

    name: str
    inode: int = 0
    path: str = ""
    other: str = ""
    at: int = 0
    data: bytes = b""
    note: dict[str, Any] = field(default_factory=dict)


def calls(log: Path, *, recorded: bool) -> Iterator[Call]:
    """What the log tells; `recorded` says that what was written stands in it."""
    with log.open("rb") as lines:
        while line := lines.readline():
            name, *rest = line.decode().rstrip("\n").split("\t")
            if name == "note":
                yield Call(name, note=json.loads(rest[0]))
            elif name in ("killed", "failed"):
                yield Call(name, path=rest[0])
            else:
                inode, path, other, at, size = rest
                yield Call(name, int(inode), path, other, int(at), lines.read(int(size) if recorded else 0))


class Disk:
    """The folder `root`, at first as `folder` is now, as calls leave it, and what of it would survive."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = str(root)
        self._safe: dict[int, bytes] = {}
        self._unsafe: dict[int, list[tuple[int, bytes | None]]] = {}
        self._names: dict[str, dict[str, int]] = {self._root: {}}
        self._pending: dict[str, list[tuple[str, int | None]]] = {}
        self._seen: dict[str, int] = {}
        for path in folder.iterdir():  # only files: an archive whose database was just made
            self._names[self._root][path.name] = self._seen[str(root / path.name)] = path.stat().st_ino
            self._safe[path.stat().st_ino] = path.read_bytes()

    def tell(self, call: Call) -> None:
        """One call more."""
        act = getattr(self, f"_{call.name}", None)
        if act and not call.path.endswith("-shm"):
            act(call)

    def _create(self, call: Call) -> None:
        self._safe[call.inode], self._unsafe[call.inode] = b"", []
        self._enter(call.path, call.inode)

    def _cut(self, call: Call) -> None:
        self._unsafe.setdefault(call.inode, []).append((0, None))

    def _size(self, call: Call) -> None:
        self._unsafe.setdefault(call.inode, []).append((call.at, None))

    def _write(self, call: Call) -> None:
        for start in range(0, len(call.data), SECTOR):
            self._unsafe.setdefault(call.inode, []).append((call.at + start, call.data[start : start + SECTOR]))

    def _sync(self, call: Call) -> None:
        if call.path in self._pending or call.path in self._names:
            for name, inode in self._pending.pop(call.path, []):
                _enter(self._names.setdefault(call.path, {}), name, inode)
        else:
            self._safe[call.inode] = _written(self._safe.get(call.inode, b""), self._unsafe.pop(call.inode, []))

    def _mkdir(self, call: Call) -> None:
        self._enter(call.path, _FOLDER)

    def _unlink(self, call: Call) -> None:
        self._enter(call.path, None)

    _rmdir = _unlink

    def _rename(self, call: Call) -> None:
        inode = self._seen.get(call.path)
        self._enter(call.path, None)
        self._enter(call.other, inode)

    def _enter(self, path: str, inode: int | None) -> None:
        folder, _, name = path.rpartition("/")
        self._pending.setdefault(folder, []).append((name, inode))
        if inode is None:
            self._seen.pop(path, None)
        else:
            self._seen[path] = inode

    def lay(self, place: Path, how: str, seed: int = 0) -> None:
        """Write into the empty folder `place` what is there when the power comes back."""
        self._lay(self._root, place, how, random.Random(seed))

    def _lay(self, folder: str, place: Path, how: str, chance: random.Random) -> None:
        place.mkdir(exist_ok=True)
        names = dict(self._names.get(folder, {}))
        pending = self._pending.get(folder, [])
        kept = {"nothing": 0, "some": chance.randint(0, len(pending))}.get(how, len(pending))
        for name, inode in pending[:kept]:
            _enter(names, name, inode)
        for name, inode in names.items():
            if inode == _FOLDER:
                self._lay(f"{folder}/{name}", place / name, how, chance)
            else:
                (place / name).write_bytes(self._content(inode, how, chance))

    def _content(self, inode: int, how: str, chance: random.Random) -> bytes:
        unsafe = self._unsafe.get(inode, [])
        if how == "some":
            unsafe = [one for one in unsafe if chance.random() < 0.5]
        return _written(self._safe.get(inode, b""), unsafe if how in ("some", "all") else [])


def _enter(names: dict[str, int], name: str, inode: int | None) -> None:
    if inode is None:
        names.pop(name, None)
    else:
        names[name] = inode


def _written(before: bytes, writes: list[tuple[int, bytes | None]]) -> bytes:
    content = bytearray(before)
    for at, data in writes:
        if len(content) < at:
            content.extend(bytes(at - len(content)))
        if data is None:
            del content[at:]
        else:
            content[at : at + len(data)] = data
    return bytes(content)
