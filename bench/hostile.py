"""Hostile files through the real line: each ends in time, read or refused with a reason; the worker stays as it was.

    python -m bench hostile [--sample N] [--seconds 90] [--kept FILE] [FOLDER…]

Files of the FOLDERs (all, or N drawn at random), then those of bench/_hostile_files.py, each through the door and the
whole line; after each twentieth a good picture must still be read. Printed: how they ended, the slowest, the memory of
the largest child and of the worker before and after. Exit status 1 when one took too long or ended without a reason.
--kept writes a line a file, so that a run that was cut off goes on where it was.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa
from PIL import Image

from archive import database, intake
from archive.blobs import open_blobs
from archive.config import Settings
from archive.errors import ArchiveError
from archive.jobs.desk import UNREADABLE
from archive.jobs.worker import Worker
from archive.models import PageRow, Scan
from bench import _hostile_files
from migrations import upgrade

SETTLED = ("review", "done", "failed", "quarantined")


@dataclass
class Ended:
    """What became of one file."""

    name: str
    how: str
    """read, read in part, refused at the door, failed."""
    why: str
    seconds: float
    work: float
    """Seconds of processor time, ours and of all below us: on a busy machine `seconds` says little."""
    child: int
    """Bytes of memory of the largest process below the worker."""


class Watch:
    """Looks, as long as it runs, how large the processes below this one become and how long they compute: of one that
    is killed nobody else tells."""

    def __init__(self) -> None:
        self.peak = 0
        self._own, self._before = time.process_time(), {pid: _used(pid) for pid in below("self")}
        self._used = dict(self._before)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.05):
            for pid in below("self"):
                self.peak = max(self.peak, resident(pid))
                self._used[pid] = max(self._used.get(pid, 0.0), _used(pid))

    @property
    def work(self) -> float:
        """Seconds of processor time since it began, ours and theirs."""
        theirs = sum(used - self._before.get(pid, 0.0) for pid, used in self._used.items())
        return time.process_time() - self._own + theirs


def below(pid: str) -> Iterator[str]:
    """The processes that `pid` started, and theirs."""
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = file.read_text().split()
        except OSError:
            continue
        for child in children:
            yield child
            yield from below(child)


def _used(pid: str) -> float:
    """Seconds of processor time of a process itself; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def resident(pid: str) -> int:
    """Bytes of memory a process has; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    except (OSError, IndexError):
        return 0


class Line:
    """An archive of its own with one worker in this process."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data=folder, reserve_mb=1)
        self._engine = database.open_engine(self.settings.database_url)
        upgrade(self._engine)
        self.sessions = database.sessions(self._engine)
        self.blobs = open_blobs(self.settings.blobs, folder)
        self.worker = Worker(self.settings, engine=self._engine)

    def close(self) -> None:
        """End the worker and what is open."""
        self.worker.close()
        self._engine.dispose()

    def end(self, name: str, content: bytes, seconds: float = 600.0) -> Ended:
        """Send a file in and work until it has ended."""
        began = time.monotonic()
        with Watch() as watch:
            how, why = self._through(name, content, seconds)
        return Ended(name, how, why, time.monotonic() - began, watch.work, watch.peak)

    def _through(self, name: str, content: bytes, seconds: float) -> tuple[str, str]:
        try:
            scan_id = intake.receive(
                self.sessions, self.blobs, self.settings, io.BytesIO(content), name, actor="bench", source="cli"
            ).scan_id
        except ArchiveError as error:
            return "refused at the door", str(error)
        self.worker.drain(lambda: self._status(scan_id) in SETTLED, seconds)
        return self._outcome(scan_id)

    def _status(self, scan_id: str) -> str:
        with self.sessions() as session:
            return session.scalars(sa.select(Scan.status).where(Scan.id == scan_id)).one()

    def _outcome(self, scan_id: str) -> tuple[str, str]:
        with self.sessions() as session:
            scan = session.get_one(Scan, scan_id)
            advices = session.scalars(sa.select(PageRow.advice).where(PageRow.scan_id == scan_id)).all()
        unread = sum(UNREADABLE in advice for advice in advices)
        if scan.status == "review" and unread:
            return "read in part", f"{unread} of {len(advices)} pages unreadable"
        return {"review": "read", "failed": "failed"}.get(scan.status, scan.status), scan.error or ""


def good(number: int) -> bytes:
    """A picture that can be read, each other bytes."""
    image = Image.new("L", (400, 560), 255)
    image.putpixel(divmod(number, 400), 0)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def files(given: argparse.Namespace) -> Iterator[tuple[str, bytes]]:
    found = sorted(path for folder in given.folders for path in folder.rglob("*") if path.is_file())
    if given.sample:
        found = sorted(random.Random(given.seed).sample(found, min(given.sample, len(found))))
    for path in found:
        yield f"{path.parent.name}/{path.name}", path.read_bytes()
    for name, make in _hostile_files.MAKERS.items():
        if not given.folders or not given.sample or given.made:
            yield name, make()


def run(given: argparse.Namespace, line: Line) -> list[str]:
    """Everything through the line; what was wrong, in words."""
    wrong = []
    known = earlier(given.kept)
    ended = list(known.values())
    line.end("good.png", good(0))
    before = resident("self")
    for number, (name, content) in enumerate(files(given), 1):
        if name in known:
            continue
        ended.append(line.end(name, content))
        tell(ended[-1], given)
        if number % 20 == 0 and (after := line.end("good.png", good(number))).how != "read":
            wrong.append(f"after {name} a good picture ended as {after.how}")
    report(ended, before)
    return wrong + [fault for one in ended for fault in faults(one, given.seconds)]


def faults(one: Ended, seconds: float) -> Iterator[str]:
    """What is wrong with how a file ended."""
    if one.seconds > seconds:
        yield f"{one.name} took {one.seconds:.0f} s"
    if one.how not in ("read", "quarantined") and not one.why:
        yield f"{one.name} ended as {one.how} without a reason"


def earlier(kept: Path | None) -> dict[str, Ended]:
    """How the files of a run that was cut off had ended, by name."""
    lines = kept.read_text(encoding="utf-8").splitlines() if kept and kept.is_file() else []
    return {one.name: one for one in (Ended(**json.loads(each)) for each in lines)}


def tell(one: Ended, given: argparse.Namespace) -> None:
    """A line of a file that has ended, to the screen and to what is kept."""
    if given.verbose:
        cost = f"{one.seconds:6.1f} s {one.work:5.1f} CPU s {one.child >> 20:5d} MB"
        print(f"{cost}  {one.how:20} {one.name}  {one.why[:90]}", flush=True)
    if given.kept:
        with given.kept.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(one), ensure_ascii=False) + "\n")


def report(ended: list[Ended], before: int) -> None:
    print(f"{len(ended)} files: {dict(Counter(one.how for one in ended))}")
    for why, times in Counter(one.why for one in ended if one.how != "read").most_common(20):
        print(f"  {times:4d} × {why[:110]}")
    for one in sorted(ended, key=lambda one: -one.seconds)[:8]:
        print(f"  {one.seconds:5.1f} s  {one.work:5.1f} CPU s  {one.child >> 20:5d} MB  {one.name}: {one.how}")
    largest = max((one.child for one in ended), default=0) >> 20
    print(f"largest child {largest} MB; worker {before >> 20} MB before, {resident('self') >> 20} MB after")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench hostile")
    parser.add_argument("--sample", type=int, default=0, help="as many files of the folders, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=90.0, help="a file that takes longer is wrong")
    parser.add_argument("--made", action="store_true", help="the made files after a sample, too")
    parser.add_argument("--kept", type=Path, metavar="FILE", help="a line a file; what stands there is not run again")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vanthu-hostile-") as folder:
        line = Line(Path(folder))
        wrong = run(given, line)
        line.close()
    print("\n".join(wrong) or "each ended in time, with a reason or read")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
