"""`vanthu up`: one web process and the workers, each brought back when it dies; all gone when this process is.

A process of ours holds the read end of a pipe whose write end only the supervisor has: when the supervisor ends, by
whatever cause, the pipe ends and so do they, within a moment. SIGTERM and SIGINT drain: workers finish or give back
the task in hand.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

import sqlalchemy as sa

from archive import database
from archive.config import Settings
from archive.errors import BadSettings
from archive.fetched import accounts
from archive.jobs import open_jobs, queue, telling
from archive.tally import DEATH, Tally

log = logging.getLogger(__name__)

STEADY = 10.0
"""Seconds after which a process counts as having come up."""
LONGEST_PAUSE = 30.0
DRAIN = 20.0
"""Seconds the processes have to end by themselves."""
HOPELESS = 3
"""A web that ended by itself as often, and never came up, will not come up (the port is taken, mostly)."""


class _Part:
    """One process that is to run for ever."""

    def __init__(self, command: str, start: Callable[[str], subprocess.Popen[bytes]], tally: Tally) -> None:
        self.command, self._start, self._tally = command, start, tally
        self.process: subprocess.Popen[bytes] | None = None
        self.failures = 0
        self._born = self._not_before = 0.0

    def look(self) -> int | None:
        """Start it when it does not run; its pid when it was just found dead."""
        if self.process is None:
            if time.monotonic() >= self._not_before:
                self.process, self._born = self._start(self.command), time.monotonic()
            return None
        status = self.process.poll()
        if status is None:
            return None
        pid, self.process = self.process.pid, None
        self._note(status)
        return pid

    def _note(self, status: int) -> None:
        lived = time.monotonic() - self._born
        self.failures = 1 if lived > STEADY else self.failures + 1
        pause = 0.0 if self.failures == 1 else min(LONGEST_PAUSE, 2.0 ** (self.failures - 2))
        self._not_before = time.monotonic() + pause
        self._tally.count(DEATH, (self.command,))
        log.error("process died part=%s status=%d lived=%.1f again_in=%.1f", self.command, status, lived, pause)

    @property
    def is_hopeless(self) -> bool:
        return self.failures >= HOPELESS

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to the process and all it started."""
        if self.process and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def supervise(settings: Settings, offices: Sequence[Settings] = ()) -> int:
    """Run until SIGTERM or SIGINT; 0 after an orderly end, 1 when the web cannot be brought up.

    `offices`: the settings of each, where there are several. BadSettings when something else listens on the port.
    """
    offices = offices or [settings]
    need_port(settings)
    stop, status = threading.Event(), 0
    before = {number: signal.signal(number, _stopper(stop)) for number in (signal.SIGTERM, signal.SIGINT)}
    lifeline, ours = os.pipe()
    parts = _parts(settings, lifeline, offices)
    try:
        while not stop.is_set():
            for part in parts:
                pid = part.look()
                if pid and part.command == "work":
                    for one in offices:  # a database that does not answer must not hold up the others
                        threading.Thread(target=_end_leases, args=(one, pid), daemon=True).start()
            if parts[0].is_hopeless:
                status = 1
                break
            stop.wait(0.2)
        _drain(parts)
    finally:
        for part in parts:
            part.tell(signal.SIGKILL)
        os.close(ours)
        os.close(lifeline)
        for number, handler in before.items():
            signal.signal(number, handler)
    return status


def need_port(settings: Settings) -> None:
    """BadSettings when something else listens on the port."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[
            0
        ]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise BadSettings(
            f"Không mở được cổng {settings.port} ({error.strerror}). Hãy chọn cổng khác bằng --port."
        ) from error


def _parts(settings: Settings, lifeline: int, offices: Sequence[Settings] = ()) -> Sequence[_Part]:
    def start(command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "server.supervisor", str(lifeline), command],
            pass_fds=(lifeline,), start_new_session=True, env=_environment(settings), stdin=subprocess.DEVNULL,
        )  # fmt: skip

    tally, workers = Tally(settings.data), settings.workers or os.cpu_count() or 1
    doors = {"remind": "smtp_host", "watch": "inbox", "fetch": "mail"}
    wanted = [command for command, name in doors.items() if any(getattr(one, name) for one in offices or [settings])]
    asked = [_Part(command, start, tally) for command in wanted]
    # Originals are looked at by a process of its own: whatever the disk does, no reading waits for it.
    return [*(_Part(command, start, tally) for command in ("serve", *["work"] * workers, "scrub")), *asked]


def _environment(settings: Settings) -> dict[str, str]:
    """The settings in force, handed on: options of `vanthu up` too."""
    ours = {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings)}
    ours["mail"] = accounts.dumped(settings.mail)
    given = {f"VANTHU_{name.upper()}": str(value) for name, value in ours.items() if str(value)}
    given["VANTHU_DATA"] = str(settings.data.absolute())
    theirs = {name: text for name, text in os.environ.items() if not name.startswith("VANTHU_MAIL")}
    return {**theirs, **given}


def _stopper(stop: threading.Event) -> Callable[[int, FrameType | None], None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    return handle


def _drain(parts: Sequence[_Part]) -> None:
    for part in parts:
        part.tell(signal.SIGTERM)
    end = time.monotonic() + DRAIN
    for part in parts:
        if part.process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                part.process.wait(max(0.0, end - time.monotonic()))


def _end_leases(settings: Settings, pid: int) -> None:
    """We saw the worker die: nobody need wait for its lease to end."""
    engine = database.open_engine(settings.database_url)
    try:
        with telling(database.sessions(engine), open_jobs(settings)).begin() as session:
            queue.expire(session, f"{socket.gethostname()}:{pid}:")
    except sa.exc.SQLAlchemyError as error:
        log.warning("lease left to end pid=%d cause=%s", pid, type(error).__name__)
    finally:
        engine.dispose()


# ------------------------------------------------------------------------------------------------ the other side


def _wait_for_end(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)


def main(lifeline: int, command: str) -> None:
    """One process under a supervisor: `vanthu serve`, `work`, `scrub`, `remind`, `watch` or `fetch`."""
    os.set_inheritable(lifeline, False)
    threading.Thread(target=_wait_for_end, args=(lifeline,), daemon=True).start()
    from server.cli import main as vanthu

    vanthu([command])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
