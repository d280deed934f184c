"""Projections of scans (page views, thumbnails, searchable PDFs): all can be thrown away and made again."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from archive.durable import write

_SCAN = re.compile(r"[0-9a-z]{8,32}")
_NAME = re.compile(r"[0-9a-z]{1,40}(\.[0-9a-z]{1,10}){1,3}")
_FORGOTTEN = "forgotten.mark"


class Derived:
    """Files below DATA/derived, one folder a scan; names like `1.webp`, `1.thumb.webp`."""

    def __init__(self, data: Path) -> None:
        self.root = data / "derived"

    def put(self, scan_id: str, name: str, content: bytes) -> None:
        """Write or replace one projection; nothing is written for a scan that was forgotten."""
        path = self._path(scan_id, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, content, durably=False)
        if self.is_forgotten(scan_id):
            path.unlink(missing_ok=True)

    def replace(self, scan_id: str, older: str, name: str, content: bytes) -> None:
        """Like `put`; the projections whose names fit the glob `older` end: nobody asks for them any more."""
        self.put(scan_id, name, content)
        for path in self._folder(scan_id).glob(older):
            if path.name != name:
                path.unlink(missing_ok=True)

    def get(self, scan_id: str, name: str) -> bytes | None:
        """The bytes of one projection; None when it was never made or was thrown away."""
        try:
            return self._path(scan_id, name).read_bytes() or None  # empty: a power cut came before its bytes
        except FileNotFoundError:
            return None

    def path(self, scan_id: str, name: str) -> Path:
        """Where a projection lies, or would, for a child to open."""
        return self._path(scan_id, name).absolute()

    def scans(self) -> Iterator[str]:
        """The ids of scans that have a folder."""
        for folder in sorted(self.root.glob("??/*")):
            yield folder.name

    def names(self, scan_id: str) -> list[str]:
        """The projections of a scan that are there."""
        folder = self._folder(scan_id)
        return sorted(path.name for path in folder.glob("*") if path.name != _FORGOTTEN)

    def remove(self, scan_id: str, *names: str) -> None:
        """Throw away these projections of a scan; they may be made again."""
        for name in names:
            self._path(scan_id, name).unlink(missing_ok=True)

    def forget(self, scan_id: str) -> None:
        """Throw away all pictures of a scan and refuse new ones: a worker may still be busy with a page of it."""
        folder = self._folder(scan_id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _FORGOTTEN).touch()
        for path in folder.iterdir():
            if path.name != _FORGOTTEN:
                path.unlink(missing_ok=True)

    def is_forgotten(self, scan_id: str) -> bool:
        """Whether `forget` was called for the scan."""
        return (self._folder(scan_id) / _FORGOTTEN).exists()

    def forgotten(self) -> Iterator[str]:
        """The ids of scans for which `forget` was called."""
        for mark in self.root.glob(f"??/*/{_FORGOTTEN}"):
            yield mark.parent.name

    def drop(self, scan_id: str) -> None:
        """Throw away all projections of a scan; they may be made again."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._folder(scan_id))

    def _path(self, scan_id: str, name: str) -> Path:
        if not _NAME.fullmatch(name) or name == _FORGOTTEN:
            raise ValueError(f"not the name of a projection: {name!r}")
        return self._folder(scan_id) / name

    def _folder(self, scan_id: str) -> Path:
        if not _SCAN.fullmatch(scan_id):
            raise ValueError(f"not the id of a scan: {scan_id!r}")
        return self.root / scan_id[:2] / scan_id
