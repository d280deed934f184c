"""The place of their own for bytes that bear a mark of secrecy: DATA/quarantine, mode 0700.

Nothing else reads it: no page, no backup, no export. Moves are durable: a crash leaves the bytes in one of the two
places. Where several machines share an archive, this folder is one that all of them mount (docs/storage.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archive.blobs import Blobs
from archive.durable import sync
from archive.errors import NotFound

_NAME = re.compile(r"[0-9a-f]{64}")


class Safe:
    """Originals and messages in quarantine by their SHA-256, each with the name it came under."""

    def __init__(self, data: Path) -> None:
        self.root = data / "quarantine"

    def take(self, blobs: Blobs, sha256: str, filename: str, facts: Mapping[str, Any] | None = None) -> None:
        """Move the bytes out of the archive's store; again, or when they were never there: nothing more happens.

        `facts`: what else is to be known again when they come back.
        """
        self._open()
        note = self._note(sha256)
        if not note.exists():  # of a repeated step the name is already hidden
            note.write_text(json.dumps({"filename": filename, "facts": dict(facts or {})}), encoding="utf-8")
        blobs.take(sha256, self._path(sha256))  # the same file may come in again

    def give_back(self, blobs: Blobs, sha256: str) -> str | None:
        """Move the bytes into the store again; the name of the file, None when they were not here."""
        if not self.copy_back(blobs, sha256):
            return None
        name = self.filename(sha256)
        self.destroy(sha256)
        return name

    def copy_back(self, blobs: Blobs, sha256: str) -> bool:
        """Put the bytes into the store, too, whereas they stay here with what is known of them; False: not here."""
        if not self.has(sha256):
            return False
        if not blobs.has(sha256):
            with self._path(sha256).open("rb") as stream:
                blobs.put(stream)
        return True

    def filename(self, sha256: str) -> str:
        """The name the file came under."""
        return str(self._noted(sha256).get("filename", "không tên"))

    def facts(self, sha256: str) -> dict[str, Any]:
        """What was to be known again; empty where nothing was said."""
        said = self._noted(sha256).get("facts", {})
        return said if isinstance(said, dict) else {}

    def _noted(self, sha256: str) -> dict[str, Any]:
        try:
            said = json.loads(self._note(sha256).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}

    def names(self) -> list[str]:
        """Every original in quarantine."""
        return sorted(path.name for path in self.root.glob("*") if _NAME.fullmatch(path.name))

    def destroy(self, sha256: str) -> None:
        """Remove bytes and name for good."""
        for path in (self._path(sha256), self._note(sha256)):
            path.unlink(missing_ok=True)
        if self.root.is_dir():
            sync(self.root)

    def has(self, sha256: str) -> bool:
        """Whether the bytes are here."""
        return bool(_NAME.fullmatch(sha256)) and self._path(sha256).is_file()

    def _open(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)  # whatever the umask was

    def _path(self, sha256: str) -> Path:
        if not _NAME.fullmatch(sha256):
            raise NotFound("Mã bản gốc không hợp lệ.")
        return self.root / sha256

    def _note(self, sha256: str) -> Path:
        return self._path(sha256).with_suffix(".json")
