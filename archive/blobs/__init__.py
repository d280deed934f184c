"""Originals: bytes named by their SHA-256, written once, never rewritten."""

from __future__ import annotations

from pathlib import Path

from archive.blobs.engine import Blob, Blobs
from archive.blobs.files import Files
from archive.blobs.spool import full, too_large
from archive.errors import BadSettings

__all__ = ["Blob", "Blobs", "full", "open_blobs", "too_large"]


def open_blobs(url: str, data: Path) -> Blobs:
    """The store at `url`; `file:` lies in the data directory, `file:/elsewhere` where it says, `s3://bucket/folder` in
    an object store, with what is used on this machine in the data directory, too. BadSettings.
    """
    scheme, _, place = url.partition(":")
    if scheme == "s3":
        from archive.blobs.bucket import Bucket  # an optional extra

        return Bucket(url, data)
    if scheme != "file":
        raise BadSettings(f"Nơi lưu bản gốc không rõ: {scheme}. Hãy dùng file: hoặc s3://bucket/thu-muc.")
    return Files(Path(place.removeprefix("//")) if place else data / "blobs")
