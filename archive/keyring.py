"""Secrets that must be had again (those of second factors) are kept under a key that lies in a file of its own.

Whoever has only the database, or a copy of it, has no codes. The file is made when the first secret is sealed, for its
owner alone; where it is lost, people come in with recovery codes and set their telephones up anew.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from archive.durable import sync
from archive.errors import ArchiveError


class KeyLost(ArchiveError):
    """The file of the key is away, or is another one than that with which the secret was sealed."""


class Keyring:
    """Seals and opens short texts with the key in `file`."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def seal(self, plain: str) -> str:
        """`plain` as it may lie in the database; makes the key where there is none."""
        if not self._file.exists():
            _make(self._file)
        return Fernet(self._file.read_bytes()).encrypt(plain.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """What was sealed; KeyLost."""
        try:
            return Fernet(self._file.read_bytes()).decrypt(sealed).decode()
        except (OSError, ValueError, InvalidToken) as error:
            raise KeyLost("Không mở được khoá của máy chủ; hãy dùng mã dự phòng hoặc nhờ quản trị viên.") from error


def _make(file: Path) -> None:
    """A new key, whole or not at all; the first of two that make one at the same moment wins."""
    descriptor, scratch = tempfile.mkstemp(dir=file.parent, prefix=".key-")  # mkstemp: 0600
    try:
        with os.fdopen(descriptor, "wb") as made:
            made.write(Fernet.generate_key())
            made.flush()
            os.fsync(made.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(scratch, file)
    finally:
        Path(scratch).unlink()
    sync(file.parent)
