"""How the doors are that work by themselves, the folder and the mail: each leaves a word after every look.

DATA/doors/NAME.json; only for people to see. A door of another machine tells it there.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.durable import write
from archive.models import now

FOLDER, MAIL = "watch", "fetch"


@dataclass(frozen=True, slots=True)
class State:
    """The last word of a door."""

    at: dt.datetime
    waiting: int = 0
    """Files or letters that are there and have not come in."""
    trouble: str = ""
    """What keeps it from working; empty: nothing."""


def tell(data: Path, door: str, waiting: int, trouble: str = "") -> None:
    """Leave a word. A disk that fails is told by others."""
    said = {"at": now().isoformat(), "waiting": waiting, "trouble": trouble[:300]}
    place = data / "doors" / f"{door}.json"
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        write(place, json.dumps(said, ensure_ascii=False).encode(), durably=False)  # the next look tells it again


def last(data: Path, door: str) -> State | None:
    """Its last word; None: it never looked, or nobody can read it."""
    try:
        said: Mapping[str, Any] = json.loads((data / "doors" / f"{door}.json").read_text("utf-8"))
        return State(dt.datetime.fromisoformat(said["at"]), int(said["waiting"]), str(said["trouble"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
