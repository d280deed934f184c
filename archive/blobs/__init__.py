"""Originals: bytes named by their SHA-256, written once, never rewritten."""

from __future__ import annotations

from pathlib import Path

from archive.blobs.files import Blob, Blobs
from archive.errors import BadSettings

__all__ = ["Blob", "Blobs", "open_blobs"]


def open_blobs(url: str, data: Path) -> Blobs:
    """The store at `url`; `file:` lies in the data directory, `file:/elsewhere` where it says."""
    scheme, _, place = url.partition(":")
    if scheme != "file":
        raise BadSettings(f"Nơi lưu bản gốc không rõ: {scheme}. Phiên bản này chỉ dùng file:.")
    return Blobs(Path(place.removeprefix("//")) if place else data / "blobs")
