"""All originals from one store into another, while the archive goes on: from a folder into a bucket, and back.

Each is read back where it went. The same again goes on where it was broken off, and copies what has come in since; what
is in quarantine leaves the new store, whenever it was put there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from archive.blobs import Blobs
from archive.database import Sessions
from archive.errors import NotFound
from archive.models import WITHHELD, Message, Scan

Tell = Callable[[int, int], object]
"""How many of how many."""


@dataclass
class Copied:
    """What became of the originals."""

    copied: int = 0
    there: int = 0
    """Were there before, whole."""
    damaged: list[str] = field(default_factory=list)
    """Not those of their name where they are now: they were not copied."""


def copy(readers: Sessions, source: Blobs, target: Blobs, tell: Tell) -> Copied:
    """Copy all originals of `source` into `target`. StoreAway, DiskFull: the same again goes on."""
    done = Copied()
    names = list(source.walk())
    withheld = _withheld(readers)
    for number, sha256 in enumerate(names):
        tell(number, len(names))
        if sha256 not in withheld:
            _one(source, target, sha256, done)
    for sha256 in _withheld(readers):  # some since
        target.remove(sha256)
    tell(len(names), len(names))
    return done


def _one(source: Blobs, target: Blobs, sha256: str, done: Copied) -> None:
    if target.verify(sha256):
        done.there += 1
        return
    try:
        with source.open(sha256) as stream:
            got = target.put(stream).sha256
    except NotFound:  # into quarantine, just now
        return
    if got == sha256:
        done.copied += 1
        return
    done.damaged.append(sha256)
    if not source.has(got):
        target.remove(got)


def _withheld(readers: Sessions) -> set[str]:
    wanted = sa.select(Scan.sha256).where(Scan.status.in_(WITHHELD)), sa.select(Message.sha256).where(Message.withheld)
    with readers() as session:
        return {sha256 for one in wanted for sha256 in session.scalars(one)}
