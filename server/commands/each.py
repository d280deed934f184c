"""What a process does for each of several offices at once: a thread for each, none waits for another's database."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterable

from archive import logs
from server.commands import Desk

log = logging.getLogger("vanthu.offices")
PAUSE = 10.0
"""Seconds until the next attempt where an office cannot be opened, or its database went away."""
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
    """One office; whatever of it is broken is said, and tried again later."""
    with logs.about(office=desk.office.slug if desk.office else ""):
        while not stop.is_set():
            try:
                part(desk, stop)
            except Exception as error:  # whatever it is, it is this office's alone
                log.error("office waits cause=%s", type(error).__name__)
                desk.close()
                desk = desk.of(desk.office) if desk.office else desk
                stop.wait(PAUSE)
        desk.close()
