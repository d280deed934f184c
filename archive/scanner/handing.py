"""A batch handed in: its files made, taken by the one intake, and only then its pages let go.

Every step may be killed and done again. What goes into which file is written down before the first is handed in, and
the same pages always give the same bytes: a second time the intake knows them by their SHA-256.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from archive import history, intake
from archive.blobs import Blobs
from archive.children import Child
from archive.clock import HANOI
from archive.config import Settings
from archive.database import Sessions
from archive.errors import ArchiveError, BadValue, ScanTooLarge
from archive.intake import Received
from archive.models import User
from archive.origins import Origin
from archive.scanner.batch import Batch, files
from archive.scanner.binding import Bound
from archive.scanner.facts import Facts, picture
from archive.scanner.folders import Batches

SOURCE = "scanner"
SWEEPER = "vanthu"
"""Who sweeps."""
WALL, CPU = 120.0, 60.0
"""Seconds to bind one file."""
_NOTHING = "Lô này không có trang nào để nhận; kho không đổi gì. Hãy quét, hoặc lấy lại một trang đã bỏ."
_LARGE = "Một tệp của lô sẽ lớn hơn {} MB nên chưa nhận; các trang vẫn còn ở đây. Hãy chia lô thành nhiều tệp."
_MORE = 1 << 20
"""Bytes of a file beside its pictures, at most."""
log = logging.getLogger(__name__)


def hand_in(
    batches: Batches, batch: Batch, sessions: Sessions, blobs: Blobs, settings: Settings, *, user: User
) -> list[str]:
    """Take every file of the batch; the ids of their scans. Conflict while it is scanned.

    BadValue (no page) and ScanTooLarge: nothing was taken, the batch may be changed. Another Refused (disk or database
    failed): what is to be taken stands, and is taken when this is called again.
    """
    return _hand_in(batches, batch, (sessions, blobs, settings), user.name)


def _hand_in(batches: Batches, batch: Batch, archive: tuple[Sessions, Blobs, Settings], actor: str) -> list[str]:
    with batches.take(batch):
        if (before := batches.handed(batch)) is not None:
            return before
        plan = batches.plan(batch)
        if plan is None:
            plan = _plan(batches, batch, archive[2].max_upload_mb << 20)
            batches.freeze(batch, plan)
        scans = [_take(batches, batch, plan, file, archive, actor).scan_id for file in plan["files"]]
        batches.close(batch, scans)
    return scans


def _plan(batches: Batches, batch: Batch, limit: int) -> dict[str, Any]:
    """The files that are to be: names and pages."""
    parts = files(batch, batches.leaves(batch))
    if not parts:
        raise BadValue(_NOTHING)
    folder = batches.folder(batch.id)
    if (
        max(sum((folder / picture(leaf.facts.number)).stat().st_size for leaf in part) for part in parts)
        > limit - _MORE
    ):
        raise ScanTooLarge(_LARGE.format(limit >> 20))
    begun = dt.datetime.fromisoformat(batch.begun).astimezone(HANOI)
    # Two batches of blank forms may be alike to the last byte: the id tells them apart in the file, too.
    name, mark = f"Quét {begun:%Y-%m-%d %H.%M.%S}", batch.id[:8]
    many = len(parts) > 1
    return {
        "urgent": batch.urgent, "secret": batch.secret,
        "files": [
            {"name": f"{name} ({n}).pdf" if many else f"{name}.pdf", "title": f"{name} · {mark}-{n}",
             "pages": [[asdict(leaf.facts), leaf.turn] for leaf in part]}
            for n, part in enumerate(parts, 1)
        ],
    }  # fmt: skip


def _take(
    batches: Batches, batch: Batch, plan: dict[str, Any], file: dict[str, Any],
    archive: tuple[Sessions, Blobs, Settings], actor: str,
) -> Received:  # fmt: skip
    folder = batches.folder(batch.id).absolute()
    target = folder / "file.pdf"
    pages = [Bound(Facts(**facts), turn) for facts, turn in file["pages"]]
    with Child(name="bind") as child:
        child.run("archive.scanner.binding:bind", str(folder), pages, file["title"], str(target), wall=WALL, cpu=CPU)
    with target.open("rb") as stream:
        return intake.receive(
            *archive, stream, file["name"], actor=actor, source=SOURCE, urgent=plan["urgent"], secret=plan["secret"],
            origin=Origin(batch.wanted.device),
        )  # fmt: skip


def sweep(batches: Batches, sessions: Sessions, blobs: Blobs, settings: Settings) -> int:
    """Let go of batches nobody touched for a week, each with an event, and hand in to the end what was begun; how many.

    What fails is tried again the next time: a sweep keeps nobody from scanning.
    """
    swept = 0
    for batch in batches.old():
        if batches.is_held(batch):
            continue
        try:
            if batches.plan(batch) is None:
                discard(batches, batch, sessions, actor=SWEEPER, action="batch_swept")
            else:
                _finish(batches, batch, sessions, blobs, settings)
            swept += 1
        except (ArchiveError, OSError, sa.exc.SQLAlchemyError) as error:
            log.warning("batch not swept batch=%s cause=%s", batch.id, type(error).__name__)
    return swept


def _finish(batches: Batches, batch: Batch, sessions: Sessions, blobs: Blobs, settings: Settings) -> None:
    """What a person began to hand in and nobody came back to: a secret's pictures must not lie about for ever."""
    with sessions() as session:
        owner = session.get(User, batch.owner)
        actor = owner.name if owner else SWEEPER
    _hand_in(batches, batch, (sessions, blobs, settings), actor)


def discard(
    batches: Batches, batch: Batch, sessions: Sessions, *, actor: str, action: str = "batch_discarded"
) -> None:  # fmt: skip
    """Throw a batch away; the event says how many pages that were. Conflict while it is scanned or being handed in."""
    batches.need_open(batch)
    with batches.take(batch):
        if pages := len(batches.leaves(batch)):
            with sessions.begin() as session:
                history.append(session, actor, action, f"batch {batch.id}", {"pages": pages, "begun": batch.begun})
        batches.remove(batch)
