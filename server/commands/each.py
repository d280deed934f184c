"""What a process does for each of several offices at once: a thread for each, none waits for another's database."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable

from archive import logs
from archive.errors import NotItsOwn
from server.commands import Desk

log = logging.getLogger("vanthu.offices")
PAUSE, LONGEST = 10.0, 60.0
"""Seconds until the next attempt where an office cannot be opened, or its database is away; each time twice as many."""
LAST = 30.0
"""Seconds in which the threads end what they have in hand, once told to stop."""
Part = Callable[[Desk, threading.Event], object]


def stopping() -> threading.Event:
    """Set by SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run(desk: Desk, part: Part, stop: threading.Event, wanted: Callable[[Desk], object] = lambda _: True) -> None:
    """`part` until `stop` is set: for the one office, or for each that `wanted` says yes to."""
    if not desk.serves_all:
        part(desk, stop)
        return
    desks = (desk.of(one) for one in desk.offices)
    at_once((lambda one=one: keep_at(one, part, stop) for one in desks if wanted(one)), stop)  # type: ignore[misc]


def at_once(parts: Iterable[Callable[[], None]], stop: threading.Event) -> None:
    """Each in a thread of its own, until `stop` is set and what they have in hand is done, or LAST is over."""
    threads = [threading.Thread(target=part, daemon=True) for part in parts]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(LAST)


def keep_at(desk: Desk, part: Part, stop: threading.Event) -> None:
    """One office, until its part ends or `stop` is set; whatever of it is broken is said, and tried again later."""
    pause = 0.0
    with logs.about(office=desk.office.slug if desk.office else ""):
        while not stop.is_set():
            began = time.monotonic()
            try:
                part(desk, stop)
                break
            except Exception as error:  # whatever it is, it is this office's alone
                _say(error)
                desk.close()
                desk = desk.of(desk.office) if desk.office else desk
                held = time.monotonic() - began > LONGEST  # it went well for a while: this is another fault
                pause = PAUSE if held else min(max(PAUSE, 2 * pause), LONGEST)
                stop.wait(pause)
        desk.close()


def _say(error: Exception) -> None:
    log.error("office waits cause=%s", type(error).__name__)
    if isinstance(error, NotItsOwn):  # a slug or two, and what to do
        log.error("%s", error)
