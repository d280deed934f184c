"""What every store of originals can do, wherever it keeps them: tests/archive/test_blobs_contract.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class Blob:
    """What a store says of bytes it keeps."""

    sha256: str
    size: int


class Blobs(Protocol):
    """A content-addressed store: bytes named by their SHA-256, written once.

    StoreAway from any of them where the store lies on another machine that does not answer: the same call is right
    later. NotFound where bytes are not there, or a name is none.
    """

    is_local: bool
    """Whether `path` costs nothing, for the bytes lie on a disk of this machine."""

    def put(self, source: BinaryIO | Path, limit: int | None = None) -> Blob:
        """Keep the bytes of `source`, durably; the same bytes again are the same blob, and mend a damaged one.

        DiskFull when they do not fit, ScanTooLarge beyond `limit` bytes; then nothing is left behind.
        """

    def path(self, sha256: str, beat: Callable[[], None] | None = None) -> Path:
        """A local path at which the bytes can be read now: not one to remember.

        `beat` is called now and then while they come from elsewhere; what it raises ends that, and goes on.
        """

    def open(self, sha256: str) -> BinaryIO:
        """The bytes as the store has them, as a stream."""

    def has(self, sha256: str) -> bool:
        """Whether the bytes are there."""

    def size(self, sha256: str) -> int:
        """How many bytes there are."""

    def born(self, sha256: str) -> float:
        """When they were written, in seconds of the epoch."""

    def verify(self, sha256: str) -> bool:
        """Whether the bytes are there and still the ones that were put."""

    def take(self, sha256: str, target: Path) -> bool:
        """Move the bytes out of the store into the file `target`, whole or not as they are; False: not there.

        Durable before they leave the store: a crash leaves them in one of the two places or in both.
        """

    def remove(self, sha256: str) -> None:
        """Take bytes away for good; those that are not there are no matter."""

    def forget(self, names: Iterable[str]) -> int:
        """Take away copies that this machine keeps near at hand; how many there were. The store itself stays."""

    def walk(self) -> Iterator[str]:
        """The names of all blobs, in order."""

    def is_there(self) -> bool:
        """Whether there is any original at all: no disk may be mounted, no such bucket be named."""

    def free(self) -> int:
        """Bytes that still fit on the disk files come in through."""

    def fault(self) -> str | None:
        """What is wrong with the store, tried by writing and reading; None: nothing."""
