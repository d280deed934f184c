"""Generations of an index on disk: `CURRENT` names the directory that serves, `BEGUN` one under construction.

One writer and one builder at a time, each held by a file lock that dies with its process. What is written to the
generation that serves while another is built stands in `CHANGED`, for the new one has to hear of it, too.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from archive.durable import write
from archive.errors import IndexBroken, Transient

MARKER = "marker.json"
BEGUN = "BEGUN"
CHANGED = "CHANGED"
BUSY = "Chỉ mục tìm kiếm đang được ghi bởi một tiến trình khác; văn bản vẫn an toàn, việc này sẽ tự làm lại."
NONE = "Chưa có chỉ mục tìm kiếm hoặc chỉ mục đã hỏng; văn bản vẫn an toàn, chỉ mục sẽ tự dựng lại."


class Generations:
    """The directories `g1`, `g2`, … below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def current(self) -> str:
        """Name of the generation that serves. Raises IndexBroken when there is none or it is marked bad."""
        try:
            name = (self.root / "CURRENT").read_text(encoding="utf-8").strip()
            bad = (self.root / "BAD").read_text(encoding="utf-8").strip() if (self.root / "BAD").exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise IndexBroken(NONE) from error
        if not name or name == bad or not (self.root / name).is_dir():
            raise IndexBroken(NONE)
        return name

    def condemn(self, name: str) -> None:
        """Tells every process that this generation is not to be read."""
        with contextlib.suppress(OSError):
            write(self.root / "BAD", name.encode())

    def marker(self, name: str) -> dict[str, object]:
        """With what the generation was built. Raises IndexBroken when that cannot be read."""
        try:
            marker = json.loads((self.root / name / MARKER).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise IndexBroken(NONE) from error
        return marker if isinstance(marker, dict) else {}

    def begin(self, plan: str = "") -> Path:
        """A new empty generation, or one that was begun with the same `plan` and never finished. Only while building.

        What else earlier attempts left is removed.
        """
        begun = self.root / BEGUN
        last = _text(begun).split("\n", 1)
        if plan and last[1:] == [plan] and (self.root / last[0]).is_dir():
            return self.root / last[0]
        numbers = [int(path.name[1:]) for path in self.root.glob("g*") if path.name[1:].isdigit()]
        folder = self.root / f"g{max(numbers, default=0) + 1}"
        self._remove_all_but(_text(self.root / "CURRENT").strip())
        (self.root / CHANGED).unlink(missing_ok=True)
        folder.mkdir()
        write(begun, f"{folder.name}\n{plan}".encode())
        return folder

    def note_changed(self, names: Iterable[str]) -> None:
        """While a generation is under construction: these documents were told to the old one. Only under `writing`."""
        if not (self.root / BEGUN).exists():
            return
        with (self.root / CHANGED).open("a", encoding="utf-8") as out:
            out.writelines(f"{name}\n" for name in names)
            out.flush()
            os.fsync(out.fileno())

    @property
    def changed(self) -> list[str]:
        """What `note_changed` was told since the construction began: the new generation may not know it."""
        return list(dict.fromkeys(_text(self.root / CHANGED).split()))

    def switch(self, folder: Path, marker: Mapping[str, object]) -> None:
        """From now on `folder` serves; the generations before it go. Only under `writing`."""
        write(folder / MARKER, json.dumps(marker).encode())
        write(self.root / "CURRENT", folder.name.encode())
        for note in ("BAD", BEGUN, CHANGED):
            (self.root / note).unlink(missing_ok=True)
        self._remove_all_but(folder.name)  # who still reads one keeps its open files

    def _remove_all_but(self, name: str) -> None:
        for other in self.root.glob("g*"):
            if other.name != name:
                shutil.rmtree(other, ignore_errors=True)

    def retire(self) -> None:
        """None of them serves from now on. Only under `writing`."""
        self.forget()
        self._remove_all_but("")

    def forget(self) -> None:
        """None serves from now on: the archive has another index, and this one is told nothing more."""
        with contextlib.suppress(OSError):
            (self.root / "CURRENT").unlink()

    def building(self, timeout: float) -> contextlib.AbstractContextManager[None]:
        """Holds the lock of whoever builds a generation; the one that serves can be written meanwhile."""
        return self._holding("BUILDING", timeout)

    def writing(self, timeout: float) -> contextlib.AbstractContextManager[None]:
        """Holds the one lock of writers. Raises Transient when another holds it for longer than `timeout` seconds."""
        return self._holding("LOCK", timeout)

    @contextlib.contextmanager
    def _holding(self, name: str, timeout: float) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + timeout
        with (self.root / name).open("w") as lock:
            while not _locked(lock.fileno()):
                if time.monotonic() >= deadline:
                    raise Transient(BUSY)
                time.sleep(0.05)
            yield


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _text(file: Path) -> str:
    """What stands in it; empty where it is not or is no text."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
