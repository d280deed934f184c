"""Fault matrix: a small day of the archive, ended or disturbed at every call that writes.

    python -m bench faults [--every N] [--papers 2] [--by-turns] [kill] [fail] [power]

kill: kill -9 before the n-th call. fail: the n-th call, or all from it on until the fault is over, fail with ENOSPC,
EIO or EROFS. power: the power goes before the n-th call and the disk kept nothing, only names, some sectors or all of
what was not synced. Each time it is checked that nothing promised is lost, then a day is lived without faults and
everything must be done, and done once. --every N takes each N-th call only. --by-turns hits each call once with each
error, now the call alone, now all from it on, and cuts the power once before it, what the disk keeps taken in turn.
Needs a C compiler: bench/_faults.c goes before libc, so that SQLite's own writes are reached.
"""

from __future__ import annotations

import argparse
import errno
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from archive import database, history
from archive.blobs import open_blobs
from archive.config import Settings
from archive.models import Document, Event, Outbox, RegisterEntry, Scan, Task
from archive.search import open_search
from bench._faults_disk import HOWS, Call, Disk, calls
from migrations import upgrade

COUNT, KILL, FAIL_ONCE, FAIL_ON = range(4)
WAYS = ((FAIL_ONCE, "at"), (FAIL_ON, "from"))
ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS)
HERE = Path(__file__).parent
ANSWERED = {("register", "OperationalError"), ("start", "OSError")}
"""What the pages of errors put into words, and what a supervisor answers with another start."""
REPEATABLE = {"refused"}
"""Events that may well happen twice."""


@dataclass(frozen=True)
class Day:
    """A day that was lived, and what was promised in it."""

    folder: Path
    status: int
    told: list[Call]

    @property
    def notes(self) -> list[dict[str, Any]]:
        return [call.note for call in self.told if call.name == "note"]

    @property
    def writes(self) -> list[Call]:
        return [call for call in self.told if call.name not in ("note", "killed", "failed")]


def compiler() -> str | None:
    """The C compiler of this machine."""
    return shutil.which("cc") or shutil.which("gcc")


def memory() -> Path | None:
    """A folder in memory: what a disk would keep is told by the record of calls, not by the disk of this machine."""
    found = Path("/dev/shm")
    return found if found.is_dir() and os.access(found, os.W_OK) else None


class Ground:
    """A folder in which days are lived, each in an archive of its own."""

    def __init__(self, folder: Path, papers: int = 2) -> None:
        self._folder, self._number, self.papers = folder, 0, papers
        self.here = folder / "here"
        library = folder / "faults.so"
        command = [compiler() or "cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(HERE / "_faults.c"), "-ldl"]
        subprocess.run(command, check=True)
        engine = database.open_engine(f"sqlite:///{folder}/first/vanthu.db")
        upgrade(engine)
        engine.dispose()
        self._driver = subprocess.Popen(
            [sys.executable, "-m", "bench._faults_day"], cwd=HERE.parent, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "LD_PRELOAD": str(library)},
        )  # fmt: skip
        self._warm()

    def _warm(self) -> None:
        """The driver imports once what a day needs."""
        self._order(self.new(), COUNT, 0, 0, record=False, warm=True)

    def close(self) -> None:
        """No more days."""
        self._driver.communicate(timeout=30)

    def new(self) -> Path:
        """The folder of a new archive, its database migrated."""
        folder = self.empty()
        shutil.copytree(self._folder / "first", folder)
        return folder

    def empty(self) -> Path:
        """A name for a folder that is not there yet."""
        self._number += 1
        return self._folder / f"day{self._number}"

    def live(self, folder: Path, how: int = COUNT, at: int = 0, error: int = 0, *, record: bool = False,
             clock: int = 0) -> Day:  # fmt: skip
        """A day in `folder`; `at` counts calls from 1."""
        status, log = self._order(folder, how, at, error, record=record, clock=clock)
        return Day(folder, status, list(calls(log, recorded=record)))

    def _order(self, folder: Path, how: int, at: int, error: int, *, record: bool, warm: bool = False,
               clock: int = 0) -> tuple[int, Path]:  # fmt: skip
        self._number += 1
        log = self._folder / f"{self._number}.log"
        folder.rename(self.here)  # always the same: the driver has built its statements for it
        order = {"data": str(self.here), "log": str(log), "how": how, "at": at, "error": error, "record": record,
                 "warm": warm, "clock": clock, "papers": self.papers}  # fmt: skip
        assert self._driver.stdin and self._driver.stdout
        self._driver.stdin.write(json.dumps(order) + "\n")
        self._driver.stdin.flush()
        status = json.loads(self._driver.stdout.readline())["status"]
        self.here.rename(folder)
        return status, log


# ------------------------------------------------------------------------------------------------ what must hold


def lost(folder: Path, notes: list[dict[str, Any]]) -> Iterator[str]:
    """What was promised in `notes` and is not in the archive of `folder`, in words."""
    with _opened(folder) as (session, blobs):
        (said,) = session.execute(sa.text("PRAGMA integrity_check")).one()
        if said != "ok":
            yield f"database: {said}"
        if broken := session.execute(sa.text("PRAGMA foreign_key_check")).all():
            yield f"{len(broken)} rows refer to nothing"
        yield from (f"events are broken at {seq}" for seq in history.broken(session))
        for note in notes:
            if note["kind"] == "received":
                scan = session.get(Scan, note["scan"])
                if scan is None or scan.sha256 != note["sha256"] or not blobs.verify(note["sha256"]):
                    yield f"a received scan is lost: {note}"
            if note["kind"] == "registered":
                entry = session.get(RegisterEntry, (note["book"], note["year"], note["number"]))
                if entry is None or entry.document_id != note["document"]:
                    yield f"a number is lost: {note}"


def undone(folder: Path, papers: int) -> Iterator[str]:
    """What is not as it should be after a day without faults, in words."""
    with _opened(folder) as (session, blobs):
        scans = session.scalars(sa.select(Scan)).all()
        if len(scans) != papers:
            yield f"{len(scans)} scans of {papers} papers"
        yield from (f"scan is {scan.status}" for scan in scans if scan.status != "review")
        yield from (f"original of {scan.id} is not right" for scan in scans if not blobs.verify(scan.sha256))
        if names := set(blobs.walk()) - {scan.sha256 for scan in scans}:
            yield f"{len(names)} originals of no scan"
        if states := set(session.scalars(sa.select(Task.state))) - {"done"}:
            yield f"tasks are {states}"
        numbers = session.scalars(sa.select(RegisterEntry.number).order_by(RegisterEntry.number)).all()
        if list(numbers) != list(range(1, papers + 1)):
            yield f"numbers are {numbers}"
        done = Counter(session.execute(sa.select(Event.subject, Event.action)).all())
        for (_, action), times in done.items():
            if times > 1 and action not in REPEATABLE:
                yield f"{action} happened {times} times to one"
        documents, waiting = (session.scalar(sa.select(sa.func.count()).select_from(t)) for t in (Document, Outbox))
    index = open_search("whoosh:", folder)
    if waiting or index.status().documents != documents:
        yield f"{index.status().documents} of {documents} documents in the index"
    index.close()


def rude(notes: list[dict[str, Any]]) -> Iterator[str]:
    """What people were told in no sentence of ours, and what never came to an end."""
    for note in notes:
        if note["kind"] == "unending":
            yield f"{note['what']} did not go on by itself"
        if note["kind"] == "unnamed" and (note["what"], note["error"]) not in ANSWERED:
            yield f"{note['what']} ended in {note['error']}: {note['said']}"


class _opened:
    """A session and the originals of an archive."""

    def __init__(self, folder: Path) -> None:
        self._settings = Settings(data=folder)
        self._engine = database.open_engine(self._settings.database_url, durable=False)

    def __enter__(self) -> tuple[Any, Any]:
        self._session = database.readers(self._engine)()
        return self._session, open_blobs(self._settings.blobs, self._settings.data)

    def __exit__(self, *_: object) -> None:
        self._session.close()
        self._engine.dispose()


# ------------------------------------------------------------------------------------------------ the matrix


def recorded(ground: Ground) -> tuple[Day, Disk]:
    """A day without faults with all that was written in it, and the disk it began on."""
    folder = ground.new()
    disk = Disk(ground.here, folder)
    return ground.live(folder, record=True), disk


def boundaries(day: Day) -> list[int]:
    """Numbers of calls, one of each kind: which call, on what kind of file, after which promise."""
    found: dict[tuple[str, ...], int] = {}
    number, after = 0, ""
    for call in day.told:
        if call.name == "note":
            after = call.note["kind"] + str(call.note.get("number", ""))
        elif call.name not in ("killed", "failed"):
            number += 1
            found.setdefault((call.name, kind_of(call), after), number)
    return sorted(found.values())


def kind_of(call: Call) -> str:
    """`index/g1/*.seg` of a path: names of files that are drawn by lot are left out."""
    *folders, last = (call.other or call.path).partition("/here/")[2].split("/")
    return "/".join([*(folder for folder in folders[:2] if len(folder) < 12), f"*{Path(last).suffix[:4]}"])


def killed(ground: Ground, at: int) -> Iterator[str]:
    """kill -9 before call `at`; what is wrong then and after a day without faults."""
    day = ground.live(ground.new(), KILL, at)
    yield from _afterwards(ground, day.folder, day.notes)


def failed(ground: Ground, at: int, how: int, error: int) -> Iterator[str]:
    """Call `at`, or all from it on, fail; what is wrong then and after a day without faults."""
    day = ground.live(ground.new(), how, at, error)
    yield from rude(day.notes)
    if day.status:
        yield f"the process ended with {day.status}"
    yield from _afterwards(ground, day.folder, day.notes)


def powerless(
    ground: Ground, record: Day, disk: Disk, points: Container[int], hows: Sequence[str] = HOWS, *,
    days: bool = True, by_turns: bool = False,
) -> Iterator[tuple[str, list[str]]]:  # fmt: skip
    """The power goes before each of the `points` of a recorded day that began on `disk`; `days`: and a day after it."""
    number, notes = 0, list[dict[str, Any]]()
    for call in record.told:
        if call.name == "note":
            notes.append(call.note)
            continue
        number += 1
        for how in (hows if not by_turns else [hows[number % len(hows)]]) if number in points else ():
            place = ground.empty()
            disk.lay(place, how, seed=number)
            wrong = list(_afterwards(ground, place, notes) if days else lost(place, notes))
            yield f"power off before call {number}, kept {how}", wrong
            shutil.rmtree(place, ignore_errors=True)
        disk.tell(call)


def _afterwards(ground: Ground, folder: Path, notes: list[dict[str, Any]]) -> Iterator[str]:
    yield from lost(folder, notes)
    again = ground.live(folder)
    yield from rude(again.notes)
    yield from lost(folder, notes + again.notes)
    yield from undone(folder, ground.papers)
    shutil.rmtree(folder)


def matrix(ground: Ground, kinds: list[str], every: int, *, by_turns: bool) -> Iterator[tuple[str, list[str]]]:
    """(what was done, what was wrong) of each case."""
    record, disk = recorded(ground)
    points = range(1, len(record.writes) + 1, every)
    print(f"a day has {len(record.writes)} calls that write, of {len(boundaries(record))} kinds", flush=True)
    if "kill" in kinds:
        yield from ((f"kill -9 before call {at}", list(killed(ground, at))) for at in points)
    if "fail" in kinds:
        for at, (error, way) in itertools.product(points, itertools.product(ERRORS, WAYS)):
            if not by_turns or WAYS[(at + error) % 2] is way:
                yield f"{errno.errorcode[error]} {way[1]} call {at}", list(failed(ground, at, way[0], error))
    if "power" in kinds:
        yield from powerless(ground, record, disk, points, by_turns=by_turns)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench faults")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--papers", type=int, default=2, help="received in a day")
    parser.add_argument("--by-turns", action="store_true")
    parser.add_argument("kinds", nargs="*", default=["kill", "fail", "power"])
    given = parser.parse_args()
    began, cases, bad = time.monotonic(), Counter[str](), 0
    with tempfile.TemporaryDirectory(prefix="vanthu-faults-", dir=memory()) as folder:
        ground = Ground(Path(folder), given.papers)
        for name, wrong in matrix(ground, given.kinds, given.every, by_turns=given.by_turns):
            cases[name.split()[0]] += 1
            bad += bool(wrong)
            if wrong:
                print(name, *wrong, sep="\n    ", flush=True)
        ground.close()
    print(f"{dict(cases)} in {time.monotonic() - began:.0f} s: {bad} went wrong")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
