"""Rings when something happens in a folder, where the system tells of it; mounts do not, so nobody relies on it."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import watchfiles

log = logging.getLogger(__name__)


class Bell:
    """Waits for the folder or for time, whichever is first; a context manager."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._rung, self._stop = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def wait(self, seconds: float) -> None:
        """Return when something happened since the last time, or after `seconds`."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._listen, daemon=True)
            self._thread.start()
        self._rung.wait(seconds)
        self._rung.clear()

    def ring(self) -> None:
        """End the waiting."""
        self._rung.set()

    def close(self) -> None:
        """Listen no more."""
        self._stop.set()

    def _listen(self) -> None:
        try:
            news = watchfiles.watch(self._root, stop_event=self._stop, step=200, ignore_permission_denied=True)
            for _changes in news:
                self._rung.set()
        except (OSError, RuntimeError) as error:  # it is away, or the system watches too many: looks go on by time
            log.info("watch without news cause=%s", type(error).__name__)
            self._stop.wait(30)
