"""The scanners at work for this process: each batch has a thread that waits for its child, and holds its lock.

When the process ends, by whatever cause, its children end with it and the locks are free: what was scanned is there,
and another run may go on.
"""

from __future__ import annotations

import contextlib
import logging
import shlex
import threading

from archive.children import Child
from archive.config import Settings
from archive.errors import ArchiveError
from archive.scanner import Ended
from archive.scanner.batch import Batch
from archive.scanner.feeding import STOP
from archive.scanner.finding import environment
from archive.scanner.folders import Batches, Run

log = logging.getLogger(__name__)

WALL, CPU = 4 * 3600.0, 2 * 3600.0
"""Seconds for one run: a feeder of five hundred sheets, slowly."""


class Runs:
    """Starts and stops the scanners of one process."""

    def __init__(self, settings: Settings, batches: Batches) -> None:
        self._settings, self._batches = settings, batches
        self.children: dict[str, Child] = {}
        """Those at work, by the id of their batch."""

    def start(self, batch: Batch) -> None:
        """Scan into the batch, behind the pages it has. Conflict while it is scanned already, or being handed in."""
        half = self._batches.halved(self._batches.find(batch.id, batch.owner))
        with contextlib.ExitStack() as held:
            lock = held.enter_context(self._batches.take(batch))
            self._batches.need_open(batch)
            if half is not None:
                self._batches.change(batch, half, "out")
            (self._batches.folder(batch.id) / STOP).unlink(missing_ok=True)
            self._batches.save(batch)
            self._batches.note(batch, Run("scanning"))
            held.pop_all()  # from here on the thread has it

        def work() -> None:
            with lock:
                ended = self._scan(batch)
                log.info("scanner ended batch=%s why=%s pages=%d", batch.id, ended.why, ended.pages)
                with contextlib.suppress(OSError):  # then it broke off, which the page says, too
                    self._batches.note(batch, Run(ended.why, ended.pages))

        threading.Thread(target=work, name=f"scan-{batch.id[:8]}", daemon=True).start()

    def stop(self, batch: Batch) -> None:
        """Ask a run to end after the page it is at."""
        (self._batches.folder(batch.id) / STOP).touch()

    def _scan(self, batch: Batch) -> Ended:
        leaves = self._batches.leaves(batch)
        begin = (max((one.facts.number for one in leaves), default=0) + 1,
                 max((one.facts.sheet for one in leaves), default=0) + 1)  # fmt: skip
        room = self._settings.max_pages - len(leaves)
        if room < 1:
            return Ended("full")
        limits = room, self._settings.max_page_megapixels * 1_000_000, self._settings.reserve_mb << 20
        try:
            extra = shlex.split(self._settings.scanimage_options)
            with Child(name="scan") as child:
                self.children[batch.id] = child
                folder = str(self._batches.folder(batch.id).absolute())
                ended: Ended = child.run("archive.scanner.feeding:feed", folder, batch.wanted, begin, limits, extra,
                                         environment(), wall=WALL, cpu=CPU)  # fmt: skip
                return ended
        except (ArchiveError, OSError):
            return Ended("crashed", len(self._batches.leaves(batch)) - len(leaves))
        except ValueError:  # a quotation mark that nobody closed
            return Ended("setting")
        finally:
            self.children.pop(batch.id, None)
