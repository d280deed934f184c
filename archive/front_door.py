"""The one door for files of every kind: what is in them decides who takes them, never their names.

The upload page, the API, the command line, the watched folder, apps and letters all come in here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from archive import intake, kinds
from archive.arrival import Arrival, Taken, office_kind
from archive.blobs import Blobs
from archive.children import Child, workplace
from archive.config import Settings
from archive.database import Sessions
from archive.edxml import door as edxml
from archive.errors import Refused
from archive.models import now
from archive.origins import Origin
from archive.packed import door as packed

__all__ = ["Taken", "receive"]


def receive(
    sessions: Sessions, blobs: Blobs, settings: Settings, stream: BinaryIO, filename: str, *,
    actor: str, source: str, urgent: bool = False, secret: bool = False, origin: Origin | None = None,
    at: dt.datetime | None = None,
) -> Taken:  # fmt: skip
    """Archive a file: an edXML message or a ZIP of papers with what is in it, everything else as `intake.receive`.

    `stream` must seek. Refused (as there, and BadMessage) means: nothing was kept, and an event says so.
    """
    arrival = Arrival(
        sessions, blobs, settings, filename, actor, source, urgent, secret, origin, at or now()
    )  # fmt: skip
    begin = stream.tell()
    head = stream.read(kinds.HEAD)
    stream.seek(begin)
    if not kinds.must_be_opened(head):
        return Taken((arrival.receive(stream),))
    with workplace() as folder, intake.refusing():
        return _opened(arrival, head, stream, folder)()


def _opened(arrival: Arrival, head: bytes, stream: BinaryIO, folder: Path) -> Callable[[], Taken]:
    """What is to be done with a file whose first bytes do not say what it is. A refusal leaves an event."""
    try:
        came = arrival.copied(stream, folder / "came")
        with Child(name="message", walled=True) as child:
            office = office_kind(child, came)
            if office or not kinds.may_hold_others(head):
                return partial(_as_it_is, arrival, came, office)
            if edxml.is_one(child, came):
                return partial(edxml.take, arrival, edxml.opened(arrival, child, came), came)
            if found := packed.opened(arrival, child, came):
                return partial(packed.take, arrival, found, came)
    except Refused as error:
        intake.note_refusal(arrival.sessions, stream, error, arrival.actor, arrival.source)
        raise
    return partial(_as_it_is, arrival, came, None)


def _as_it_is(arrival: Arrival, came: Path, media_type: str | None) -> Taken:
    with came.open("rb") as stream:
        return Taken((arrival.receive(stream, media_type),))
