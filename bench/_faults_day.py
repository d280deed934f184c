"""A day of the archive under a preloaded bench/_faults.c: papers come, are read, found and registered.

`LD_PRELOAD=… python -m bench._faults_day` answers each line of JSON on its standard input: it forks, and the child
lives a day in the folder it is told while the preloaded library counts, notes, refuses or kills. What was promised to
somebody is noted in the same log as the calls, at the moment it was promised. The product itself knows nothing of it:
here its waits are made short and its decoder's child is replaced by a call, made once for all days, for what that
child does writes no file of the archive.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import functools
import importlib
import io
import json
import os
import pickle
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa
from PIL import Image

from archive import database, intake, register
from archive.blobs import Blobs, open_blobs
from archive.config import Settings
from archive.errors import ArchiveError
from archive.jobs import worker as workers
from archive.models import Document, Outbox, Scan, Task
from archive.register_books import book_for
from archive.workdays import HANOI

LIBRARY = ctypes.CDLL(None)
SETTLED = ("review", "done", "registered", "failed")
PATIENCE = 4
"""Waits after which a fault that lasts is over."""
LONGEST = 20.0
"""Seconds after which a day that does not end has failed."""


class Here:
    """Stands for archive.children.Child: the same functions, called in this process, each question once."""

    pid = None
    spent = 0.0
    known: ClassVar[dict[bytes, bytes]] = {}
    """Answers by question: the driver's own day has asked all that later days ask."""

    def __init__(self, **_: object) -> None: ...

    def run(self, function: str, *args: object, **_: object) -> Any:
        asked = pickle.dumps((function, args))
        if asked not in self.known:
            module, _, name = function.partition(":")
            self.known[asked] = pickle.dumps(getattr(importlib.import_module(module), name)(*args))
        return pickle.loads(self.known[asked])

    def close(self) -> None: ...


class Until(threading.Event):
    """Stops a worker when all is done. Its waits are short, but the clock of the process moves on by a second each."""

    def __init__(self, sessions: database.Sessions) -> None:
        super().__init__()
        self._sessions, self.waits, self._began, self.over = sessions, 0, time.monotonic(), False

    def is_set(self) -> bool:
        lived = time.monotonic() - self._began
        if lived > LONGEST / 10:
            LIBRARY.fault_end()
        self.over = self.over or self.is_done()
        return self.over or lived > LONGEST

    def is_done(self) -> bool:
        try:
            with self._sessions() as session:
                unsettled = sa.select(Scan.id).where(Scan.status.not_in(SETTLED)).limit(1)
                tasks = sa.select(Task.id).where(Task.state.in_(("ready", "running"))).limit(1)
                return not any(session.scalar(one) for one in (unsettled, tasks, sa.select(Outbox.id).limit(1)))
        except sa.exc.SQLAlchemyError:
            return False

    def wait(self, timeout: float | None = None) -> bool:
        LIBRARY.fault_shift(ctypes.c_long(1))
        self.waits += 1
        if self.waits >= PATIENCE:
            LIBRARY.fault_end()
        time.sleep(0.002)
        return False


def note(kind: str, **facts: object) -> None:
    """Into the log of calls: from now on somebody relies on it."""
    LIBRARY.fault_note(json.dumps({"kind": kind, **facts}, ensure_ascii=False).encode())


def paper(number: int) -> bytes:
    """A picture with one dark pixel."""
    image = Image.new("L", (128, 128), 255)
    image.putpixel((number, number), 0)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def tried(what: str, action: Callable[[], None]) -> None:
    """As a person does: told that it did not go, they try again, and later again."""
    for time_ in range(8):
        try:
            action()
        except ArchiveError as error:
            note("refused", what=what, error=type(error).__name__, said=str(error))
        except Exception as error:
            note("unnamed", what=what, error=type(error).__name__, said=str(error)[:200])
        else:
            return
        LIBRARY.fault_shift(ctypes.c_long(1))
        if time_ == PATIENCE:
            LIBRARY.fault_end()
    note("unending", what=what)


def day(settings: Settings, papers: int) -> None:
    """Papers come in, the line takes them to the index, a clerk gives them numbers."""
    engine = database.open_engine(settings.database_url)
    sessions = database.sessions(engine)
    blobs = _begun(lambda: open_blobs(settings.blobs, settings.data))
    for number in range(papers):
        tried("intake", lambda number=number: _receive(settings, sessions, blobs, number))  # type: ignore[misc]
    tried("line", lambda: _work(settings, database.readers(engine)))
    tried("register", lambda: _register(sessions))
    tried("line", lambda: _work(settings, database.readers(engine)))  # the index hears of the numbers
    note("over")
    engine.dispose()


def _begun(make: Callable[[], Any]) -> Any:
    """What a process opens when it starts; one that cannot is started again, as `vanthu up` does."""
    made: list[Any] = []
    tried("start", lambda: made.append(make()))
    return made[0]


def _receive(settings: Settings, sessions: database.Sessions, blobs: Blobs, number: int) -> None:
    given = io.BytesIO(paper(number))
    done = intake.receive(sessions, blobs, settings, given, f"{number}.png", actor="huong", source="cli")
    note("received", scan=done.scan_id, sha256=done.sha256)


def _work(settings: Settings, reading: database.Sessions) -> None:
    until = Until(reading)
    _begun(lambda: workers.Worker(settings)).run(until)
    note("worked" if until.over else "unending", what="line", waits=until.waits)


def _register(sessions: database.Sessions) -> None:
    with sessions() as session:
        ids = session.scalars(sa.select(Document.id).join(Scan).order_by(Scan.filename)).all()
    for id_ in ids:
        with sessions.begin() as session:
            document = session.get_one(Document, id_)
            book = book_for(session, document).id
            today = dt.datetime.now(HANOI).date()
            entry = register.register(session, document, book, today, actor="huong")
            year, number = entry.year, entry.number
        note("registered", document=id_, book=book, year=year, number=number)


def live(order: dict[str, Any]) -> int:
    """One day as it is ordered; 0."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    settings = Settings(data=Path(order["data"]), reserve_mb=0, lease_seconds=1.0)
    LIBRARY.fault_shift(ctypes.c_long(order.get("clock", 0)))
    LIBRARY.fault_arm(
        order["data"].encode(), log, int(order["record"]), order["how"], ctypes.c_long(order["at"]), order["error"]
    )
    day(settings, order["papers"])
    return 0


def main() -> None:
    workers.Child = Here  # type: ignore[misc,assignment]
    workers.IDLE = workers.INDEX_PAUSE = 0.01
    # One engine, whose statements were built before the fork: building them is most of a day's work.
    database.open_engine = functools.cache(database.open_engine)
    shutil._USE_CP_SENDFILE = False  # type: ignore[attr-defined]
    for line in sys.stdin:
        order = json.loads(line)
        # The first day is lived here: what it imports and asks is there for all that are forked after it.
        status = live(order) if order.get("warm") else _lived(order)
        print(json.dumps({"status": status}), flush=True)


def _lived(order: dict[str, Any]) -> int:
    """One day in a forked child; how it ended."""
    child = os.fork()
    if not child:
        try:
            live(order)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return status


if __name__ == "__main__":
    main()
