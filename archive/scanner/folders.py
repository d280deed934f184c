"""Batches: folders of pages below DATA/scanning that wait for a person to hand them in.

`batch.json` says whose it is and how it is scanned, `0001.json` and its pictures are a page, `order.json` what a person
did to the pages, `run.json` how the last run ended, `plan.json` what is being handed in, `handed.json` that it was.
Each is written whole and durably, by one writer; `lock` is held while a scanner or a handing-in is at the folder.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from archive.durable import write
from archive.errors import BadValue, Conflict, NotFound
from archive.models import new_id, now
from archive.scanner import Wanted
from archive.scanner.batch import Batch, Leaf, changed
from archive.scanner.facts import Facts

DAYS = 7
"""Days after which a batch nobody touched is swept; a week's leave of a clerk is no reason to lose pages unseen."""
TOLD = 2
"""Days for which it is remembered that a batch was handed in."""
_NONE = "Không có lô quét này, hoặc lô đã được nhận hay đã bỏ. Không văn bản nào bị đổi."
_BUSY = "Máy quét đang chạy cho lô này; các trang đã quét vẫn còn. Hãy đợi xong, hoặc bấm Dừng."
_FROZEN = (
    "Lô này đang được nhận vào kho nên không sửa được nữa. Hãy bấm Nhận để làm xong; không tệp nào bị nhận hai lần."
)


@dataclass(frozen=True, slots=True)
class Run:
    """The last run of the scanner: scanning, or how it ended."""

    why: str = ""
    pages: int = 0


class Batches:
    """The batches below one data folder."""

    def __init__(self, data: Path) -> None:
        self.root = data / "scanning"

    def begin(self, batch: Batch) -> Batch:
        """A new, empty batch."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = replace(batch, id=new_id(), begun=now().isoformat(timespec="seconds"))
        self.folder(made.id).mkdir(mode=0o700)
        self.save(made)
        return made

    def save(self, batch: Batch) -> None:
        """Write what is wanted, for the next run."""
        _put(self.folder(batch.id) / "batch.json", asdict(batch))

    def folder(self, batch_id: str) -> Path:
        """Where a batch lies; NotFound for what is no id."""
        if not re.fullmatch(r"[0-9a-f]{32}", batch_id):
            raise NotFound(_NONE)
        return self.root / batch_id

    def find(self, batch_id: str, owner: str) -> Batch:
        """A person's own batch; NotFound for another's, as for one that never was."""
        told = _get(self.folder(batch_id) / "batch.json")
        if told is None or told["owner"] != owner:
            raise NotFound(_NONE)
        return Batch(**told | {"wanted": Wanted(**told["wanted"])})

    def open_of(self, owner: str) -> list[Batch]:
        """A person's batches that are not handed in, the last one first."""
        every = [self._known(path.name) for path in self.root.glob("*")]
        mine = [one for one in every if one and one.owner == owner and not self.handed(one)]
        return sorted(mine, key=lambda one: one.begun, reverse=True)

    def _known(self, batch_id: str) -> Batch | None:
        with contextlib.suppress(NotFound, KeyError, TypeError, ValueError, BadValue):
            told = _get(self.folder(batch_id) / "batch.json")
            return Batch(**told | {"wanted": Wanted(**told["wanted"])}) if told else None
        return None

    def leaves(self, batch: Batch) -> list[Leaf]:
        """Its pages in the order of the file that is to be."""
        found = sorted(self.folder(batch.id).glob("[0-9][0-9][0-9][0-9].json"))
        told = [Facts(**facts) for facts in map(_get, found) if facts]
        pages = {facts.number: Leaf(facts) for facts in told}
        ordered = [
            replace(pages.pop(number), turn=turn, out=out, begins=begins)
            for number, turn, out, begins in _get(self.folder(batch.id) / "order.json") or ()
            if number in pages
        ]
        return [*ordered, *pages.values()]  # first those a person has put in order, then those that came since

    def change(self, batch: Batch, number: int, what: str) -> None:
        """Do to a page what a button says; see `changed`."""
        with self._editing(batch):
            leaves = changed(self.leaves(batch), number, what)
            told = [[one.facts.number, one.turn, one.out, one.begins] for one in leaves]
            _put(self.folder(batch.id) / "order.json", told)

    @contextlib.contextmanager
    def _editing(self, batch: Batch) -> Iterator[None]:
        self.need_open(batch)
        with (self.folder(batch.id) / "edit").open("wb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield

    def take(self, batch: Batch) -> IO[bytes]:
        """Hold the batch until the file that is returned is closed; Conflict while somebody else does."""
        try:
            held = (self.folder(batch.id) / "lock").open("wb")
        except FileNotFoundError:
            raise NotFound(_NONE) from None
        for _attempt in range(5):
            with contextlib.suppress(OSError):
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return held
            time.sleep(0.02)  # who only looked whether it is held has held it for a moment
        held.close()
        raise Conflict(_BUSY)

    def is_held(self, batch: Batch) -> bool:
        """Whether a scanner runs for it, or it is being handed in, at this moment."""
        try:
            self.take(batch).close()
        except Conflict:
            return True
        return False

    def run(self, batch: Batch) -> Run:
        """How the last run ended; one that never said so broke off with the process that watched it."""
        told = Run(**(_get(self.folder(batch.id) / "run.json") or {}))
        return Run("broken_off") if told.why == "scanning" and not self.is_held(batch) else told

    def halved(self, batch: Batch) -> int | None:
        """The page of a sheet of which the other side never came: the sheet is scanned again, and the page twice."""
        leaves = self.leaves(batch)
        last = max(leaves, key=lambda one: one.facts.number, default=None)
        if last is None or batch.wanted.sides == 1 or self.run(batch).why in ("", "done", "scanning", "full"):
            return None
        alone = sum(one.facts.sheet == last.facts.sheet for one in leaves) == 1 and not last.out
        return last.facts.number if alone else None

    def note(self, batch: Batch, run: Run) -> None:
        """Write how a run stands."""
        _put(self.folder(batch.id) / "run.json", asdict(run))

    def plan(self, batch: Batch) -> dict[str, Any] | None:
        """What is being handed in, once that has begun."""
        told: dict[str, Any] | None = _get(self.folder(batch.id) / "plan.json")
        return told

    def freeze(self, batch: Batch, plan: dict[str, Any]) -> None:
        """From now on the files of a batch are these, whatever happens."""
        _put(self.folder(batch.id) / "plan.json", plan)

    def handed(self, batch: Batch) -> list[str] | None:
        """The scans that came of it, once it was handed in."""
        told = _get(self.folder(batch.id) / "handed.json")
        return list(told["scans"]) if told else None

    def close(self, batch: Batch, scans: Sequence[str]) -> None:
        """It was handed in: its pages go, what came of it stays for some days."""
        folder = self.folder(batch.id)
        _put(folder / "handed.json", {"scans": list(scans)})
        for path in folder.iterdir():
            if path.name not in ("batch.json", "handed.json", "lock"):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def need_open(self, batch: Batch) -> None:
        """Conflict when its files are being handed in: what is in them stands. NotFound when they were."""
        if self.handed(batch) is not None:
            raise NotFound(_NONE)
        if self.plan(batch) is not None:
            raise Conflict(_FROZEN)

    def remove(self, batch: Batch) -> None:
        """Its pages go for good; by who holds it."""
        shutil.rmtree(self.folder(batch.id))

    def old(self, at: dt.datetime | None = None) -> list[Batch]:
        """Batches nobody has touched for DAYS; those handed in, after TOLD days, are removed here."""
        at, found = at or now(), []
        for path in self.root.glob("*"):
            batch = self._known(path.name)
            if batch and at - self.touched(batch) > dt.timedelta(days=TOLD if self.handed(batch) else DAYS):
                if self.handed(batch) is None:
                    found.append(batch)
                elif not self.is_held(batch):
                    shutil.rmtree(path, ignore_errors=True)
        return found

    def touched(self, batch: Batch) -> dt.datetime:
        """When anything of it was written last."""
        folder = self.folder(batch.id)
        last = max((path.stat().st_mtime for path in folder.glob("*.json")), default=folder.stat().st_mtime)
        return dt.datetime.fromtimestamp(last, dt.UTC)


def _put(path: Path, told: Any) -> None:
    write(path, json.dumps(told, ensure_ascii=False).encode())


def _get(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
