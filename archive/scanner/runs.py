"""The scanners at work for this process: each batch has a thread that waits for its child, and holds its lock.

When the process ends, by whatever cause, its children end with it and the locks are free: what was scanned is there,
and another run may go on.
"""

from __future__ import annotations

import os
import shlex
import threading
import time
from collections.abc import Sequence

from archive.children import Child
from archive.config import Settings
from archive.errors import ArchiveError
from archive.scanner import Device, Ended
from archive.scanner.batch import Batch, Batches, Run
from archive.scanner.feeding import STOP

WALL, CPU = 4 * 3600.0, 2 * 3600.0
"""Seconds for one run: a feeder of five hundred sheets, slowly."""
LOOK = 120.0
"""Seconds to find all scanners and ask what they can."""
FRESH = 300.0
"""Seconds for which it is believed which scanners there are."""
_KNOWN = ("SANE_CONFIG_DIR", "SANE_DEFAULT_DEVICE", "LD_LIBRARY_PATH")


def environment() -> dict[str, str]:
    """What SANE is told by the environment of the server."""
    return {name: os.environ[name] for name in _KNOWN if name in os.environ}


class Runs:
    """Starts and stops the scanners of one process."""

    def __init__(self, settings: Settings, batches: Batches) -> None:
        self._settings, self._batches = settings, batches
        self.children: dict[str, Child] = {}
        """Those at work, by the id of their batch."""

    def start(self, batch: Batch) -> None:
        """Scan into the batch, behind the pages it has. Conflict while it is scanned already, or being handed in."""
        self._batches.need_open(batch)
        lock = self._batches.take(batch)
        try:
            (self._batches.folder(batch.id) / STOP).unlink(missing_ok=True)
            self._batches.save(batch)
            self._batches.note(batch, Run("scanning"))
        except BaseException:
            lock.close()
            raise

        def work() -> None:
            with lock:
                ended = self._scan(batch)
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
        extra = shlex.split(self._settings.scanimage_options)
        try:
            with Child(name="scan") as child:
                self.children[batch.id] = child
                folder = str(self._batches.folder(batch.id).absolute())
                ended: Ended = child.run("archive.scanner.feeding:feed", folder, batch.wanted, begin, limits, extra,
                                         environment(), wall=WALL, cpu=CPU)  # fmt: skip
                return ended
        except (ArchiveError, OSError):
            return Ended("crashed", len(self._batches.leaves(batch)) - len(leaves))
        finally:
            self.children.pop(batch.id, None)


class Roster:
    """Which scanners there are, asked for in the background: SANE may take half a minute to say."""

    def __init__(self) -> None:
        self.devices: tuple[Device, ...] | None = None
        """None until the first look has ended."""
        self._of: tuple[str, ...] = ()
        self._at = 0.0
        self._turn = threading.Lock()

    def look(self, urls: Sequence[str], *, again: bool = False) -> tuple[Device, ...] | None:
        """What is known now; a look is begun where that is nothing, old, of other addresses, or where asked `again`."""
        stale = self.devices is None or time.monotonic() - self._at > FRESH or self._of != tuple(urls)
        if (stale or again) and self._turn.acquire(blocking=False):
            if again or self._of != tuple(urls):
                self.devices = None
            threading.Thread(target=self._look, args=(tuple(urls),), name="scanners", daemon=True).start()
        return self.devices

    @property
    def is_looking(self) -> bool:
        """Whether a look is under way."""
        return self._turn.locked()

    def _look(self, urls: tuple[str, ...]) -> None:
        try:
            with Child(name="scanners") as child:
                found = child.run("archive.scanner.runs:every", urls, environment(), wall=LOOK, cpu=LOOK)
        except (ArchiveError, OSError):
            found = ()
        finally:
            self._of, self._at = urls, time.monotonic()
            self.devices = tuple(found)
            self._turn.release()


def every(urls: Sequence[str], environment: dict[str, str]) -> tuple[Device, ...]:
    """The scanners of this machine and those at `urls`, in a child."""
    from archive.scanner import Sent, escl, sane

    os.environ.update(environment)
    try:
        here = sane.devices()
    except Sent:
        here = []
    return (*here, *(escl.device(url) for url in urls))
