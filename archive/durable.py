"""What keepers of files ask of the disk: whole files that outlive a power cut, and whether they are the same."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

HALF = ".half"
"""End of the name of a file that is being written."""


@contextlib.contextmanager
def half_of(path: Path) -> Iterator[Path]:
    """A name beside `path` to make a file under; one that did not get its own name by the end is taken away.

    It begins with a dot: programs that watch the folder do not look at it.
    """
    half = path.with_name(f".{uuid.uuid4().hex}{HALF}")
    try:
        yield half
    finally:
        half.unlink(missing_ok=True)


def write(path: Path, content: bytes, *, durably: bool = True) -> None:
    """Write or replace one file: whole or not at all, and still there after a power cut.

    What can be made again need not wait for the disk: not `durably`, a power cut may leave it empty.
    """
    with half_of(path) as half:
        with half.open("xb") as stream:
            stream.write(content)
            if durably:
                stream.flush()
                os.fsync(stream.fileno())
        half.replace(path)
    if durably:
        sync(path.parent)


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, survive a power cut. OSError when the disk cannot promise it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
