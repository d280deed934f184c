"""vanthu watch, vanthu fetch: the doors that work by themselves."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import click
import sqlalchemy as sa

from archive.errors import ArchiveError, BadSettings
from server.commands import Desk, speak

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
    from archive import doors
    from archive.watched import Door, Looked
    from archive.watched.bell import Bell

    settings = desk.settings
    if not settings.inbox:
        raise BadSettings("Chưa đặt thư mục theo dõi: VANTHU_INBOX.")
    speak(form=desk.settings.log_format)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    bell = Bell(Path(settings.inbox))
    stop = _stopping(bell.ring)
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
    from archive import doors
    from archive.fetched.door import Door

    desk: Desk = context.obj
    if not desk.settings.mail:
        raise BadSettings("Chưa đặt hộp thư nào: các bảng [[mail]] trong tệp cấu hình, hoặc VANTHU_MAIL_HOST.")
    speak(form=desk.settings.log_format)
    stop = _stopping()
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
                context.exit(1 if trouble else 0)
            stop.wait(max(1.0, EVERY - (time.monotonic() - began)))


def _stopping(then: Callable[[], object] = lambda: None) -> threading.Event:
    """Set by SIGTERM or SIGINT; `then` ends whatever else is waited for."""
    stop = threading.Event()

    def hear(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        then()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, hear)
    return stop
