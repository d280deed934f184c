"""The door of ZIPs: of pictures one scan, of other papers a scan each, with the ZIP kept whole as evidence."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from archive.arrival import Arrival, Taken, ask, judged, left_out, named
from archive.children import Child
from archive.enclosed import File
from archive.errors import BadMessage
from archive.intake import Received, kept_name
from archive.origins import Envelope
from archive.packed import KIND, ZIP
from archive.packed.opening import Opened

INSIDE = "unpacked"
"""The folder of its files, beside the ZIP."""
NO_PAPER = "Tệp ZIP không có tệp nào kho nhận được{}. Chưa nhận gì; tệp vẫn ở bên gửi."


def opened(arrival: Arrival, child: Child, came: Path) -> Opened | None:
    """What is in a ZIP, its files in `unpacked` beside it; None where it is a document itself.

    BadMessage for one that is broken, hostile, or brings nothing; DiskFull where it would not fit.
    """
    folder = came.parent / INSIDE
    folder.mkdir()
    found = cast(Opened | None, ask(child, "archive.packed.opening:open_zip", str(came), str(folder), arrival.most))
    if found is None or found.are_pages:
        return found
    found = dataclasses.replace(found, files=judged(child, found.files, folder))
    papers = _papers(found)
    if not papers:
        raise BadMessage(NO_PAPER.format(named(found.files)))
    arrival.leave_reserve(came.stat().st_size + sum(one.size for one in papers))
    return found


def take(arrival: Arrival, found: Opened, came: Path) -> Taken:
    """The ZIP itself as a scan, or kept with a scan for each file of it that is taken."""
    if found.are_pages:
        return Taken((_scanned(arrival, found, came),))
    papers = _papers(found)
    message = _keep(arrival, came, found, papers)
    received = [
        arrival.receive_from(message, KIND, came.parent / INSIDE / str(one.number), one.name, one.media_type)
        for one in papers
    ]  # fmt: skip
    return Taken(tuple(received), message, KIND, left_out(found.files))


def _scanned(arrival: Arrival, found: Opened, came: Path) -> Received:
    """The ZIP as one scan; a picture that is in quarantine by itself takes it there."""
    is_known = arrival.is_withheld((one.sha256 for one in found.files), said=False)
    with came.open("rb") as stream:
        return dataclasses.replace(arrival, secret=arrival.secret or is_known).receive(stream, ZIP)


def _papers(found: Opened) -> list[File]:
    """The files that are taken, each once."""
    return list({one.sha256: one for one in reversed(found.files) if not one.why}.values())[::-1]


def _keep(arrival: Arrival, came: Path, found: Opened, papers: Sequence[File]) -> str:
    files = [
        {"name": kept_name(one.name), "size": one.size, "sha256": one.sha256, "why": one.why} for one in found.files
    ]  # fmt: skip
    facts = {"subject": kept_name(arrival.filename), "files": files}
    hashes = {one.sha256 for one in (*papers, *found.files) if one.sha256}
    secret = arrival.is_withheld(hashes, said=arrival.secret)
    return arrival.keep(came, Envelope(KIND, account=arrival.place.label, facts=facts), secret=secret)
