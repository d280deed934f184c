"""What a check answers, and what checks work with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from archive.blobs import Blobs
from archive.config import Settings
from archive.database import Sessions
from archive.derived import Derived
from archive.search import Index

MOST_NAMED = 20
"""Of many ids that are wrong, so many are named in the sentence."""

Tell = Callable[[str, int, int], object]
"""Is told what is being looked at, how many are done, of how many (0: nobody knows)."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, whether it is well, a sentence, and what to do where it is not."""

    name: str
    ok: bool
    says: str
    todo: str = ""

    def as_json(self) -> dict[str, Any]:
        """As a row of `Inspection.checks`."""
        return {"name": self.name, "ok": self.ok, "says": self.says, "todo": self.todo}


@dataclass(frozen=True)
class Place:
    """What is looked at."""

    settings: Settings
    sessions: Sessions
    readers: Sessions
    blobs: Blobs
    index: Index
    megabytes: float = 0.0
    """Originals are read at so many megabytes a second at most; 0: as fast as the disk gives them."""

    @property
    def derived(self) -> Derived:
        """Pictures and other projections."""
        return Derived(self.settings.data)


def named(ids: Iterable[object]) -> str:
    """The first of them, and how many more: `a1, b2 (và 7 nữa)`."""
    every = [str(one) for one in ids]
    more = f" (và {len(every) - MOST_NAMED} nữa)" if len(every) > MOST_NAMED else ""
    return ", ".join(every[:MOST_NAMED]) + more
