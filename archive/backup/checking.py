"""`vanthu backup DIR --check`: whether a folder of backups would bring everything back."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from archive.backup import disk, snapshot
from archive.backup.making import Tell, silent
from archive.backup.restoring import verified
from archive.backup.target import DATABASE, Target
from archive.durable import sha256_of
from archive.errors import ArchiveError


@dataclass
class Looked:
    """What was found."""

    snapshots: int = 0
    originals: int = 0
    wrong: list[str] = field(default_factory=list)
    """Sentences, each about one thing that is not as it should be."""


def check(target: Target, tell: Tell = silent) -> Looked:
    """Look at every snapshot and every original.

    A damaged original is put aside, so that the next backup copies it anew. NotFound, CopyFailed, Conflict.
    """
    target.need()
    found = Looked()
    with disk.on_disk(target.place), target.locked():
        named = _snapshots(target, found)
        bad = _originals(target, named, found, tell)
        for name in target.names():
            if missing := _missing(target, name, bad):
                found.wrong.append(f"bản sao lưu {name}: thiếu hoặc hỏng {len(missing)} bản gốc ({missing[0][:12]}…)")
    return found


def _snapshots(target: Target, found: Looked) -> dict[str, int]:
    named: dict[str, int] = {}
    for name in target.names():
        try:
            verified(target, name)
            snapshot.verify(target.folder(name) / DATABASE)
            named |= target.blobs_of(name)
        except ArchiveError as error:
            found.wrong.append(f"bản sao lưu {name}: {error}")
        found.snapshots += 1
    return named


def _originals(target: Target, named: dict[str, int], found: Looked, tell: Tell) -> set[str]:
    """Those that are not there whole."""
    bad = set()
    for done, sha256 in enumerate(sorted(named)):
        tell("bản gốc", done, len(named))
        with target.original(sha256) as file:
            whole = file is not None and sha256_of(file) == sha256
        if not whole:
            bad.add(sha256)
            if file:
                target.put_aside(sha256)
        found.originals += 1
    tell("bản gốc", len(named), len(named))
    return bad


def _missing(target: Target, name: str, bad: set[str]) -> list[str]:
    """Originals this snapshot has not, though it should: what it never had, it says itself."""
    with contextlib.suppress(ArchiveError):
        return sorted(bad & target.blobs_of(name).keys() - {*target.manifest(name).damaged, *target.withheld()})
    return []
