"""Generations of an index on disk: `CURRENT` names the directory that serves, another may be under construction.

One writer at a time, held by a file lock that dies with its process.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from archive.errors import IndexBroken, Transient

MARKER = "marker.json"
_BUSY = "Chỉ mục tìm kiếm đang được ghi bởi một tiến trình khác; văn bản vẫn an toàn, việc này sẽ tự làm lại."
_NONE = "Chưa có chỉ mục tìm kiếm hoặc chỉ mục đã hỏng; văn bản vẫn an toàn, chỉ mục sẽ tự dựng lại."


def sync_folder(folder: Path) -> None:
    """Makes names in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_durably(file: Path, text: str) -> None:
    """Replaces `file` in one step: a reader sees the old text or the new."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
    sync_folder(file.parent)


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
            raise IndexBroken(_NONE) from error
        if not name or name == bad or not (self.root / name).is_dir():
            raise IndexBroken(_NONE)
        return name

    def condemn(self, name: str) -> None:
        """Tells every process that this generation is not to be read."""
        with contextlib.suppress(OSError):
            write_durably(self.root / "BAD", name)

    def marker(self, name: str) -> dict[str, int]:
        """With what the generation was built. Raises IndexBroken when that cannot be read."""
        try:
            marker = json.loads((self.root / name / MARKER).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise IndexBroken(_NONE) from error
        return marker if isinstance(marker, dict) else {}

    def begin(self) -> Path:
        """A new empty generation; what earlier attempts left is removed. Only under `writing`."""
        self.root.mkdir(parents=True, exist_ok=True)
        numbers = [int(path.name[1:]) for path in self.root.glob("g*") if path.name[1:].isdigit()]
        folder = self.root / f"g{max(numbers, default=0) + 1}"
        folder.mkdir()
        return folder

    def switch(self, folder: Path, marker: dict[str, int]) -> None:
        """From now on `folder` serves; the generations before it go."""
        write_durably(folder / MARKER, json.dumps(marker))
        write_durably(self.root / "CURRENT", folder.name)
        (self.root / "BAD").unlink(missing_ok=True)
        for other in self.root.glob("g*"):
            if other != folder:  # who still reads it keeps its open files
                shutil.rmtree(other, ignore_errors=True)

    @contextlib.contextmanager
    def writing(self, timeout: float) -> Iterator[None]:
        """Holds the one lock of writers. Raises Transient when another holds it for longer than `timeout` seconds."""
        self.root.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + timeout
        with (self.root / "LOCK").open("w") as lock:
            while not _locked(lock.fileno()):
                if time.monotonic() >= deadline:
                    raise Transient(_BUSY)
                time.sleep(0.05)
            yield


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
