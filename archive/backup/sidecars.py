"""Sidecars beside the originals of a backup: one JSON file a document, told anew when something happened to it.

They are made from the copy of the database, so they cost the running archive nothing, and only for documents that
changed since the snapshot before. What is known of older snapshots stands in their databases.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import database, sidecar
from archive.backup import snapshot
from archive.backup.target import Target
from archive.errors import CopyBroken
from archive.models import WITHHELD, Document, Event, Scan

MARGIN = dt.timedelta(hours=1)
"""A document is told again though it may not have changed: clocks of machines differ."""


def write(file: Path, target: Target, tell: Callable[[str, int, int], None]) -> list[str]:
    """Bring the sidecars of the folder to what the snapshot `file` says.

    Answers the documents that do not fit the shapes: their rows are in the database, and no backup fails for them.
    """
    engine = _engine(file)
    untold, there = [], set()
    try:
        with database.readers(engine)() as session:
            since = _since(target)
            touched = _touched(session, since[1]) if since else set()
            rows = _rows(session)
            for done, row in enumerate(rows):
                tell("hồ sơ văn bản", done, len(rows))
                name = f"{row.created_at:%Y}/{row.id}.json"
                there.add(name)
                known = since and row.changed_at < since[0] - MARGIN and not touched & {row.id, row.scan_id}
                if not (known and target.has_sidecar(name)) and not _write(session, row.id, target, name):
                    untold.append(row.id)
            tell("hồ sơ văn bản", len(rows), len(rows))
    finally:
        engine.dispose()
    target.keep_sidecars(there)
    return untold


def _engine(file: Path) -> sa.Engine:
    return sa.create_engine("sqlite://", creator=lambda: snapshot.read(file), poolclass=sa.StaticPool)


def _rows(session: Session) -> Sequence[Any]:
    wanted = sa.select(Document.id, Document.scan_id, Document.created_at, Document.changed_at).join(Scan)
    wanted = wanted.where(Scan.status.not_in(WITHHELD))
    return session.execute(wanted.order_by(Document.created_at, Document.id)).all()


def _since(target: Target) -> tuple[dt.datetime, int] | None:
    """When the newest snapshot was made, and how many events there were then."""
    names = target.names()
    if not names:
        return None
    manifest = target.manifest(names[-1])
    return manifest.made_at, manifest.events


def _touched(session: Session, seq: int) -> set[str]:
    return set(session.scalars(sa.select(Event.subject).where(Event.seq > seq).distinct()))


def _write(session: Session, document_id: str, target: Target, name: str) -> bool:
    document = session.get_one(Document, document_id)
    try:
        told = sidecar.of_document(session, document, f"../../blobs/{_path(document.scan.sha256)}")
    except CopyBroken:
        return False
    finally:
        session.expunge_all()
    target.write_sidecar(name, sidecar.dumped(told))
    return True


def _path(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"
