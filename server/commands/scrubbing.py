"""vanthu scrub: originals are read back from the disk at leisure; looks at everything that were asked for are taken.

And what people left lying at a scanner is swept, whether anybody scans again or not.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from typing import TYPE_CHECKING

import click
import sqlalchemy as sa

from archive.errors import Transient
from server.commands import Desk, each, speak

if TYPE_CHECKING:
    from archive.inspection import Place

log = logging.getLogger("vanthu.scrub")
GLANCE = 3.0
"""Seconds between two looks for a task of the page."""
PAUSE = 60.0
"""Seconds until the next attempt where the disk or the database is away."""
SWEEP = 3600.0
"""Seconds between two looks at batches of scanned pages that nobody came back to."""
HURRIED = 50.0
"""Megabytes a second where somebody waits for the result."""
GENTLE = 10
"""Added to the niceness: reading and the web go first, at the disk too."""


@click.command()
@click.option("--rate", type=click.FloatRange(0.01, 10_000), help="Megabytes a second that are read at most.")
@click.option("--days", type=click.FloatRange(0, 3650), help="Each original once in so many days (VANTHU_SCRUB_DAYS).")
@click.option("--once", is_flag=True, help="Every original now, at this rate; status 1 when one is damaged.")
@click.pass_context
def scrub(context: click.Context, rate: float | None, days: float | None, once: bool) -> None:
    """Read originals back from the disk and compare them, those longest unlooked-at first."""
    from archive import scrub as scrubbing

    desk: Desk = context.obj
    speak(logging.ERROR if once else logging.INFO, desk.common.log_format)
    stop = each.stopping()
    if once:
        context.exit(_once(desk, rate, stop))
    with contextlib.suppress(OSError):
        os.nice(GENTLE)

    def keep(one: Desk, stop: threading.Event) -> None:
        within = one.settings.scrub_days if days is None else days
        _Keeper(_place(one), within, rate or scrubbing.MOST_MB, stop).run()

    each.run(desk, keep, stop)


def _place(desk: Desk) -> Place:
    from archive.inspection import Place

    return Place(desk.settings, desk.sessions, desk.readers, desk.blobs, desk.index, HURRIED)


def _once(desk: Desk, rate: float | None, stop: threading.Event) -> int:
    """Every original that is there now, each once."""
    from archive import scrub as scrubbing

    with desk.readers() as session:
        total = scrubbing.kept(session)
    for _ in range(total):
        if stop.is_set():
            break
        scrubbing.step(desk.sessions, desk.blobs, days=1, megabytes=rate or 1e6, wait=stop.wait)
    with desk.readers() as session:
        found = scrubbing.looked(session)
    click.echo(f"{total} tệp, {found.damaged_count} tệp hỏng")
    for scan_id in found.damaged:
        click.echo(f"{scan_id}: {scrubbing.TODO}", err=True)
    return 1 if found.damaged_count else 0


class _Keeper:
    """Looks at one original after another, and between two of them for what the page asks."""

    def __init__(self, place: Place, days: float, megabytes: float, stop: threading.Event) -> None:
        self._place, self._days, self._megabytes, self._stop = place, days, megabytes, stop
        self._next = self._next_sweep = 0.0

    def run(self) -> None:
        """Until told to stop."""
        while not self._stop.is_set():
            try:
                self._inspect()
                self._prepare()
                self._sweep()
                if self._days and time.monotonic() >= self._next:
                    self._look()
            except (sa.exc.OperationalError, sa.exc.InterfaceError, OSError, Transient) as error:
                log.warning("scrub waits cause=%s", type(error).__name__)
                self._next = time.monotonic() + PAUSE
            rest = self._next - time.monotonic() if self._days else GLANCE
            self._stop.wait(min(GLANCE, max(0.0, rest)))

    def _inspect(self) -> None:
        from archive.inspection import runs

        number = runs.take(self._place.sessions)
        if number is not None:
            log.info("inspection begins id=%d", number)
            well = runs.run(self._place, number, self._stop.is_set)
            log.info("inspection ends id=%d ok=%s", number, well)

    def _prepare(self) -> None:
        """A package for the archive that somebody asked for."""
        from archive.handover import runs
        from archive.pipeline.line import limits

        place, file_id = self._place, runs.take(self._place.sessions)
        if file_id is not None:
            log.info("package begins file=%s", file_id)
            args = place.settings, place.sessions, place.blobs, limits(place.settings)
            well = runs.run(*args, file_id, self._stop.is_set)
            log.info("package ends file=%s ok=%s", file_id, well)

    def _sweep(self) -> None:
        if time.monotonic() >= self._next_sweep:
            from archive.scanner import handing
            from archive.scanner.folders import Batches

            self._next_sweep = time.monotonic() + SWEEP
            place = self._place
            if swept := handing.sweep(Batches(place.settings.data), place.sessions, place.blobs, place.settings):
                log.info("batches swept count=%d", swept)

    def _look(self) -> None:
        from archive import scrub as scrubbing

        rest = scrubbing.step(
            self._place.sessions, self._place.blobs, days=self._days, megabytes=self._megabytes, wait=self._stop.wait
        )
        self._next = time.monotonic() + (PAUSE if rest is None else rest)
