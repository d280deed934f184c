"""vanthu watch, vanthu fetch: the doors that work by themselves."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import click
import sqlalchemy as sa

from archive.errors import ArchiveError, BadSettings
from server.commands import Desk, each, speak

log = logging.getLogger("vanthu.doors")
RESCAN = 30.0
"""Seconds between two looks at a folder in which nothing seems to happen: network mounts send no news."""
GLANCE = 1.0
"""Seconds between two looks while a file waits to stand still."""
EVERY = 60.0
"""Seconds between two looks into the mailboxes."""


@click.command()
@click.option("--once", is_flag=True, help="Until all that can be taken is, then end.")
@click.pass_obj
def watch(desk: Desk, once: bool) -> None:
    """Take in files of the watched folder (VANTHU_INBOX); any number of these may run."""
    if not _any(desk, lambda one: one.settings.inbox):
        raise BadSettings("Chưa đặt thư mục theo dõi: VANTHU_INBOX.")
    speak(form=desk.common.log_format)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    if once:
        _watch(desk, each.stopping(), once=True)
    else:
        each.run(desk, _watch, each.stopping(), lambda one: one.settings.inbox)


def _any(desk: Desk, wanted: Callable[[Desk], object]) -> bool:
    """Whether the one office, or any of several, has such a door."""
    return any(wanted(one) for one in map(desk.of, desk.offices)) if desk.serves_all else bool(wanted(desk))


def _ring_at(stop: threading.Event, ring: Callable[[], None]) -> None:
    stop.wait()
    ring()


def _watch(desk: Desk, stop: threading.Event, *, once: bool = False) -> None:
    from archive import doors
    from archive.watched import Door, Looked
    from archive.watched.bell import Bell

    settings = desk.settings
    bell = Bell(Path(settings.inbox))
    threading.Thread(target=_ring_at, args=(stop, bell.ring), daemon=True).start()
    door = Door(settings, desk.sessions, desk.blobs)
    while not stop.is_set():
        try:
            looked = door.look(stop.is_set)
        except OSError as error:
            log.warning("watch waits cause=%s errno=%s", type(error).__name__, error.errno)
            looked = Looked(trouble=f"không mở được thư mục ({error.strerror})")
        doors.tell(settings.data, doors.FOLDER, looked.waiting, looked.trouble)
        if once and not looked.is_pressing:
            break
        if looked.is_pressing:
            stop.wait(min(GLANCE, settings.inbox_seconds / 2))
        else:
            bell.wait(RESCAN)
    bell.close()


@click.command()
@click.option("--once", is_flag=True, help="One turn through all mailboxes, then end; status 1 when one failed.")
@click.pass_context
def fetch(context: click.Context, once: bool) -> None:
    """Take in the letters of the mailboxes ([[mail]]); any number of these may run."""
    desk: Desk = context.obj
    if not _any(desk, lambda one: one.settings.mail):
        raise BadSettings("Chưa đặt hộp thư nào: các bảng [[mail]] trong tệp cấu hình, hoặc VANTHU_MAIL_HOST.")
    speak(form=desk.common.log_format)
    if once:
        context.exit(_fetch(desk, each.stopping(), once=True))
    each.run(desk, _fetch, each.stopping(), lambda one: one.settings.mail)


def _fetch(desk: Desk, stop: threading.Event, *, once: bool = False) -> int:
    """1 where `once`, and something failed."""
    from archive import doors
    from archive.fetched.door import Door

    with Door(desk.settings, desk.sessions, desk.blobs) as door:
        while not stop.is_set():
            began = time.monotonic()
            try:
                turn = door.turn(stop.is_set)
                waiting, trouble = turn.waiting, turn.trouble
            except (ArchiveError, sa.exc.SQLAlchemyError) as error:
                log.warning("fetch waits cause=%s", type(error).__name__)
                waiting, trouble = 0, str(error) if isinstance(error, ArchiveError) else "cơ sở dữ liệu không trả lời"
            doors.tell(desk.settings.data, doors.MAIL, waiting, trouble)
            if once:
                return 1 if trouble else 0
            stop.wait(max(1.0, EVERY - (time.monotonic() - began)))
    return 0
