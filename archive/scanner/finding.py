"""Which scanners there are: asked for in a child and in the background, SANE may take half a minute to say."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence

from archive.children import Child
from archive.errors import ArchiveError
from archive.scanner import Device, Sent, escl, sane

log = logging.getLogger(__name__)

LOOK = 120.0
"""Seconds to find all scanners and ask what they can."""
FRESH = 300.0
"""Seconds for which it is believed which scanners there are."""
_KNOWN = ("SANE_CONFIG_DIR", "SANE_DEFAULT_DEVICE", "LD_LIBRARY_PATH")


def environment() -> dict[str, str]:
    """What SANE is told by the environment of the server."""
    return {name: os.environ[name] for name in _KNOWN if name in os.environ}


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

    def _look(self, urls: tuple[str, ...]) -> None:
        found: tuple[Device, ...] = ()
        try:
            with Child(name="scanners") as child:
                found = child.run("archive.scanner.finding:every", urls, environment(), wall=LOOK, cpu=LOOK)
        except (ArchiveError, OSError) as error:
            log.warning("scanners not found cause=%s", type(error).__name__)
        finally:
            self._of, self._at = urls, time.monotonic()
            self.devices = found
            self._turn.release()


def every(urls: Sequence[str], environment: dict[str, str]) -> tuple[Device, ...]:
    """The scanners of this machine and those at `urls`, in a child."""
    os.environ.update(environment)
    told: dict[str, Device] = {}

    def ask(url: str) -> None:
        told[url] = escl.device(url)

    # Each by itself: who is silent, or sends a byte now and then, hides no other, and the child ends without it.
    asking = [threading.Thread(target=ask, args=(url,), daemon=True) for url in urls]
    for one in asking:
        one.start()
    until = time.monotonic() + escl.ABLE
    try:
        here = sane.devices()
    except Sent:
        here = []
    for one in asking:
        one.join(max(0.0, until - time.monotonic()))
    known = dict(told)
    return (*here, *(known.get(url) or escl.untold(url, "gone") for url in urls))
