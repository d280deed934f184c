"""What another machine put into quarantine leaves this one, too.

Whoever imposes a quarantine clears the disk of his own machine. The others have pictures of pages there, and copies of
originals near at hand: they look again and again, for a page may be drawn while a quarantine is imposed elsewhere.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection

import sqlalchemy as sa

from archive import messages
from archive.database import Sessions
from archive.errors import Transient
from archive.models import WITHHELD, Message, Scan
from archive.pipeline.line import Archive

EVERY = 60.0
"""Seconds between two looks."""
log = logging.getLogger(__name__)


class Following:
    """One process that follows what the other machines of an archive do; on SQLite there are none."""

    def __init__(self, readers: Sessions, archive: Archive) -> None:
        self._readers, self._archive = readers, archive
        self._is_alone = archive.settings.database_url.startswith("sqlite")
        self._known: set[str] | None = None
        """Scans of which this machine keeps no pictures."""
        self._due = 0.0

    def run(self, stop: threading.Event) -> None:
        """Until told to stop; for a process that has nothing else to do now and then."""
        while not self._is_alone and not stop.is_set():
            self.turn()
            stop.wait(EVERY)

    def turn(self) -> None:
        """`follow` where it is time; later where the database or the disk is away."""
        if self._is_alone or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + EVERY
        try:
            if gone := self.follow():
                log.info("withheld elsewhere, gone here count=%d", gone)
        except (sa.exc.SQLAlchemyError, OSError, Transient) as error:
            log.warning("following waits cause=%s", type(error).__name__)

    def follow(self) -> int:
        """Take from this machine what is withheld; how many pictures and copies there were."""
        with self._readers() as session:
            scans = session.execute(sa.select(Scan.id, Scan.sha256, Scan.status).where(Scan.status.in_(WITHHELD))).all()
            letters = session.execute(sa.select(Message.sha256, messages.destroyed()).where(Message.withheld)).all()
        gone = sum(self._unpicture(scan_id) for scan_id, _, _ in scans)
        gone += self._archive.blobs.forget([one.sha256 for one in (*scans, *letters)])
        ended = [sha256 for _, sha256, status in scans if status == "destroyed"]
        self._destroy(ended + [sha256 for sha256, is_destroyed in letters if is_destroyed])
        self._picture_again({scan_id for scan_id, _, _ in scans})
        return gone

    def _unpicture(self, scan_id: str) -> int:
        count = len(self._archive.derived.names(scan_id))
        if count:
            self._archive.derived.forget(scan_id)
        return count

    def _destroy(self, names: Collection[str]) -> None:
        for sha256 in names:
            if self._archive.safe.has(sha256):
                self._archive.safe.destroy(sha256)

    def _picture_again(self, withheld: set[str]) -> None:
        """Of scans that were released this machine may keep pictures again."""
        derived = self._archive.derived
        before = set(derived.forgotten()) if self._known is None else self._known
        released = {scan_id for scan_id in before - withheld if derived.is_forgotten(scan_id)}
        self._known = withheld | {scan_id for scan_id in released if not self._drop(scan_id)}

    def _drop(self, scan_id: str) -> bool:
        """False where the scan is withheld, or somebody is at it: the next turn looks again."""
        free = sa.select(Scan.id).where(Scan.id == scan_id, Scan.status.not_in(WITHHELD))
        with self._readers() as session:
            # Another process of this machine may have set the mark a moment ago and not yet committed: no query sees
            # that. But it wrote the scan's row before, and holds it until the commit (quarantine.impose). So a row that
            # is free, and is not withheld as it stands then, has no such mark, and gets none while it is held here.
            if session.scalar(free.with_for_update(key_share=True, skip_locked=True)) is None:
                return False
            self._archive.derived.drop(scan_id)
        return True
