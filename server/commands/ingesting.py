"""vanthu ingest: files through the ordinary door, and waiting until they are read."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from archive.errors import ArchiveError, Transient
from server.commands import ACTOR, Desk, refuse, show, speak

PATIENCE = 1.0
"""Seconds without a worker's sign of life after which the command works the queue itself."""
LONGEST_INDEXING = 120.0
UNSETTLED = ("received", "reading")
STOPPED = ("failed", "quarantined", "destroyed")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--wait", is_flag=True, help="Until read and searchable; works the queue itself where no worker runs.")
@click.option("--urgent", is_flag=True, help="Before all others.")
@click.option("--json", "as_json", is_flag=True, help="One object a line on standard output.")
@click.pass_context
def ingest(context: click.Context, files: tuple[str, ...], wait: bool, urgent: bool, as_json: bool) -> None:
    """Archive FILEs (PDF, TIFF, JPEG, PNG, edXML, ZIP); the same bytes again are the first scan."""
    desk: Desk = context.obj
    speak(logging.ERROR)
    taken = [(name, _receive(desk, name, urgent)) for name in files]
    got = [(name, scan_id) for name, scans in taken for scan_id in scans]
    refused = sum(1 for _, scans in taken if not scans)
    with _Hands(desk) as hands:
        for name, scan_id in got:
            if wait:
                hands.see_through(scan_id)
            refused += _tell(desk, name, scan_id, as_json)
    if wait and got:
        _fill_index(desk)
    context.exit(1 if refused else 0)


def _receive(desk: Desk, name: str, urgent: bool) -> list[str]:
    """The ids of the scans, of an edXML message or a ZIP several; none when the file was refused, and that was said."""
    from archive import front_door

    try:
        with Path(name).open("rb") as stream:
            taken = front_door.receive(
                desk.sessions, desk.blobs, desk.settings, stream, name, actor=ACTOR, source="cli", urgent=urgent
            )
    except (ArchiveError, OSError) as error:
        refuse(name, error)
        return []
    for left_out, reason in taken.left_out:
        click.echo(f"{name}: {left_out}: {reason}", err=True)
    return list(dict.fromkeys(one.scan_id for one in taken.received))


def _tell(desk: Desk, name: str, scan_id: str, as_json: bool) -> bool:
    """Show what there is of the scan; True when it stands still and will not be read."""
    from archive import answer
    from archive.models import Scan

    with desk.readers() as session:
        scan = session.get_one(Scan, scan_id)
        said: dict[str, Any] = answer.of_scan(session, scan)
        status, error = scan.status, scan.error
    if as_json:
        show(said)
    else:
        click.echo(f"{name}: {scan_id} {status} ({len(said['documents'])} văn bản)")
    if status in STOPPED:
        click.echo(f"{name}: {error or status}", err=True)
    return status in STOPPED


def _fill_index(desk: Desk) -> None:
    """Everything that is read can be found; a worker that is at it already is waited for."""
    from archive.search.indexing import keep_up

    end = time.monotonic() + LONGEST_INDEXING
    while True:
        try:
            keep_up(desk.sessions, desk.index)
            return
        except Transient:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


class _Hands:
    """Workers of our own, started when nobody else works the queue."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._alone_since: float | None = None

    def __enter__(self) -> _Hands:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def see_through(self, scan_id: str) -> None:
        """Return when the scan is settled: read, or standing still with a reason."""
        while not self._is_settled(scan_id):
            if not self._threads and self._is_alone():
                self._start()
            time.sleep(0.1)

    def _is_settled(self, scan_id: str) -> bool:
        from archive.models import Scan

        with self._desk.readers() as session:
            return session.scalar(sa.select(Scan.status).where(Scan.id == scan_id)) not in UNSETTLED

    def _is_alone(self) -> bool:
        """Has no worker held a task for a while?"""
        from archive.jobs import queue
        from archive.models import Task

        with self._desk.readers() as session:
            held = sa.select(Task.id).where(Task.state == "running", Task.lease_until > queue.clock(session))
            busy = session.scalar(held.limit(1)) is not None
        if busy:
            self._alone_since = None
            return False
        self._alone_since = self._alone_since or time.monotonic()
        return time.monotonic() - self._alone_since >= PATIENCE

    def _start(self) -> None:
        from archive.jobs.worker import Worker

        count = self._desk.settings.workers or os.cpu_count() or 1
        workers: Iterable[Worker] = [Worker(self._desk.settings) for _ in range(count)]
        self._threads = [threading.Thread(target=worker.run, args=(self._stop,)) for worker in workers]
        for thread in self._threads:
            thread.start()
