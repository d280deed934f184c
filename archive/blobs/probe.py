"""Whether the store of originals answers, for those who ask often and wait for nobody."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

from archive.blobs.engine import Blobs

FRESH = 15.0
"""Seconds for which an answer holds."""
PATIENCE = 2.0
"""Seconds after which a store that has not answered yet counts as away."""
NAME = "store's probe"
_SILENT = "Nơi lưu bản gốc chưa trả lời. Hãy xem lại máy chủ lưu trữ và đường mạng tới đó (vanthu check nói rõ hơn)."


class Probe:
    """Asks the store in a thread of its own, one at a time, however many want to know."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs, self._turn = blobs, threading.Lock()
        self._asked: Future[str | None] | None = None
        self._until = 0.0

    def fault(self) -> str | None:
        """What is wrong with it, as it was at most FRESH seconds ago; None: nothing, or it lies on this machine."""
        if self._blobs.is_local:
            return None
        with self._turn:
            asked = self._asked
            if asked is None or (asked.done() and time.monotonic() > self._until):
                asked = self._asked = Future()
                threading.Thread(target=self._ask, args=(asked,), name=NAME, daemon=True).start()
        try:
            return asked.result(PATIENCE)
        except TimeoutError:
            return _SILENT

    def _ask(self, asked: Future[str | None]) -> None:
        said: str | None = _SILENT
        try:
            said = self._blobs.fault()
        finally:
            self._until = time.monotonic() + FRESH
            asked.set_result(said)
