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
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from archive.errors import BadValue, Conflict, NotFound
from archive.models import new_id, now
from archive.scanner import COLOURS, RESOLUTIONS, SOURCES, Wanted
from archive.scanner.leaves import Facts, write

DAYS = 7
"""Days after which a batch nobody touched is swept; a week's leave of a clerk is no reason to lose pages unseen."""
TOLD = 2
"""Days for which it is remembered that a batch was handed in."""
WHOLE, SHEET = "whole", "sheet"
_NONE = "Không có lô quét này, hoặc lô đã được nhận hay đã bỏ. Không văn bản nào bị đổi."
_BUSY = "Máy quét đang chạy cho lô này; các trang đã quét vẫn còn. Hãy đợi xong, hoặc bấm Dừng."
_FROZEN = (
    "Lô này đang được nhận vào kho nên không sửa được nữa. Hãy bấm Nhận để làm xong; không tệp nào bị nhận hai lần."
)
_WRONG = "Lựa chọn quét không hợp lệ; chưa quét gì. Hãy chọn lại."


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to become of the pages of one folder."""

    id: str
    owner: str
    """Id of the person it belongs to."""
    begun: str
    """ISO 8601, UTC."""
    wanted: Wanted
    files: str = WHOLE
    """whole: one file; sheet: one for each sheet; a number: a new file after so many pages."""
    drops_blank: bool = True
    urgent: bool = False
    secret: bool = False

    def __post_init__(self) -> None:
        known = self.wanted.source in SOURCES and self.wanted.colour in COLOURS
        if not known or self.wanted.resolution not in RESOLUTIONS:
            raise BadValue(_WRONG)
        if self.files not in (WHOLE, SHEET) and not re.fullmatch(r"[1-9]\d{0,2}", self.files):
            raise BadValue(_WRONG)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page and what a person did to it."""

    facts: Facts
    turn: int = 0
    out: bool | None = None
    """Left out, or brought back; None: as blank pages of the batch are."""
    begins: bool | None = None
    """Whether a new file begins here; None: as `Batch.files` says."""


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
        pages = {facts.number: Leaf(facts) for facts in (Facts(**_read(path)) for path in found)}
        ordered = [
            replace(pages.pop(number), turn=turn, out=out, begins=begins)
            for number, turn, out, begins in _get(self.folder(batch.id) / "order.json") or ()
            if number in pages
        ]
        return [*ordered, *pages.values()]  # first those a person has put in order, then those that came since

    def change(self, batch: Batch, number: int, what: str) -> None:
        """Do to a page what a button says: out, in, left, right (turn), earlier, later, begin, join."""
        with self._editing(batch):
            leaves = self.leaves(batch)
            place = next((n for n, one in enumerate(leaves) if one.facts.number == number), None)
            if place is None:
                raise NotFound(_NONE)
            if what in _MOVES:
                goal = min(max(0, place + _MOVES[what]), len(leaves) - 1)
                leaves.insert(goal, leaves.pop(place))
            elif what in _CHANGES:
                leaves[place] = _CHANGES[what](leaves[place])
            else:
                raise BadValue(_WRONG)
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
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held.close()
            raise Conflict(_BUSY) from None
        return held

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

    def note(self, batch: Batch, run: Run) -> None:
        """Write how a run stands."""
        _put(self.folder(batch.id) / "run.json", asdict(run))

    def plan(self, batch: Batch) -> dict[str, Any] | None:
        """What is being handed in, once that has begun."""
        told: dict[str, Any] | None = _get(self.folder(batch.id) / "plan.json")
        return told

    def freeze(self, batch: Batch, plan: dict[str, Any] | None) -> None:
        """From now on the files of a batch are these, whatever happens; None: it may be changed again."""
        path = self.folder(batch.id) / "plan.json"
        if plan is None:
            path.unlink(missing_ok=True)
        else:
            _put(path, plan)

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
        """Conflict when its files are being handed in: what is in them stands."""
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


def is_in(batch: Batch, leaf: Leaf) -> bool:
    """Whether a page goes into a file."""
    if leaf.facts.is_broken:
        return False
    return not leaf.out if leaf.out is not None else not (leaf.facts.is_blank and batch.drops_blank)


def files(batch: Batch, leaves: Sequence[Leaf]) -> list[list[Leaf]]:
    """The pages that go in, file by file."""
    made: list[list[Leaf]] = []
    group = begin = None
    for leaf in leaves:
        # A page that is left out still begins the file it was to begin: the next one does so in its place.
        begin = leaf.begins if leaf.begins is not None else begin
        if not is_in(batch, leaf):
            continue
        own = _group(batch, leaf)
        if not made or (begin if begin is not None else own != group):
            made.append([])
        made[-1].append(leaf)
        group, begin = own, None
    return made


def _group(batch: Batch, leaf: Leaf) -> int:
    if batch.files == WHOLE:
        return 0
    if batch.files == SHEET:
        return leaf.facts.sheet
    return (leaf.facts.number - 1) // int(batch.files)


_MOVES = {"earlier": -1, "later": 1}
_CHANGES = {
    "out": lambda leaf: replace(leaf, out=True), "in": lambda leaf: replace(leaf, out=False),
    "left": lambda leaf: replace(leaf, turn=(leaf.turn - 90) % 360),
    "right": lambda leaf: replace(leaf, turn=(leaf.turn + 90) % 360),
    "begin": lambda leaf: replace(leaf, begins=True), "join": lambda leaf: replace(leaf, begins=False),
}  # fmt: skip


def _put(path: Path, told: Any) -> None:
    write(path, json.dumps(told, ensure_ascii=False).encode())


def _read(path: Path) -> Any:
    return json.loads(path.read_bytes())


def _get(path: Path) -> Any:
    try:
        return _read(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
