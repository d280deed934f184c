"""What people do to the queue: retry, hurry, read again, look how far a scan is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.errors import Conflict, NotFound
from archive.jobs import queue
from archive.models import WITHHELD, PageRow, Scan, Task

STEPS = ("survey", "verify", "look", "read", "mark", "cut", "extract", "route", "shelve")
UNREADABLE = "unreadable"
"""The advice on a page that could not be read and stands empty in its scan."""
_task = cast(sa.Table, Task.__table__)
_b = sa.bindparam
_counts = (
    sa.select(_task.c.step, _task.c.state, sa.func.count()).where(_task.c.scan_id == _b("s"))
    .group_by(_task.c.step, _task.c.state)
)  # fmt: skip
_hurry = _task.update().where(_task.c.scan_id == _b("s"), _task.c.state != "done").values(priority=_b("p"))
_revive = (
    _task.update().where(_task.c.scan_id == _b("s"), _task.c.state == "dead")
    .values(state="ready", attempt=0, failures=0, run_after=0, error=None, worker=None)
)  # fmt: skip
_at_pages = (
    sa.select(_task.c.id).where(_task.c.scan_id == _b("s"), _task.c.step.in_(("read", "mark")),
                                _task.c.state.in_(("ready", "running"))).limit(1)
)  # fmt: skip
_cancel = _task.update().where(_task.c.scan_id == _b("s"), _task.c.state == "ready").values(state="cancelled")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is; `step` is the one that is waited for, None when all is done."""

    step: str | None
    done: int
    total: int
    """Parts of `step`: pages, for read."""
    dead: int = 0

    @property
    def words(self) -> str:
        """For the clerk, `Trang 4/6`."""
        if self.dead:
            return "Đã dừng, cần xem lại"
        if self.step == "read":
            return f"Trang {min(self.done + 1, self.total)}/{self.total}"
        return _WORDS.get(self.step or "", "Đã đọc xong")


_WORDS = {
    **dict.fromkeys(("survey", "verify", "look"), "Đang chờ đọc"), "mark": "Đang tìm dấu đến",
    "cut": "Đang tách văn bản", "extract": "Đang trích thông tin", "route": "Đang tìm nơi nhận",
    "shelve": "Đang lập chỉ mục",
}  # fmt: skip


def progress(session: Session, scan_id: str) -> Progress:
    """How far a scan is, by its tasks."""
    counts: dict[str, dict[str, int]] = {}
    for step, state, count in session.execute(_counts, {"s": scan_id}):
        counts.setdefault(step, {})[state] = count
    dead = sum(states.get("dead", 0) for states in counts.values())
    for step in STEPS:
        states = counts.get(step, {})
        done, total = states.get("done", 0), sum(states.values())
        if done < total:
            return Progress(step, done, total, dead)
    return Progress(None, 0, 0, dead)


def urgent(session: Session, scan_id: str, priority: int = queue.URGENT) -> None:
    """Move a scan and all it still has to do before others; never back."""
    scan = _locked(session, scan_id)
    if priority >= scan.priority:
        return
    scan.priority = priority
    session.execute(_hurry, {"s": scan_id, "p": priority})
    queue.wake(session, queue.OF_SCAN, s=scan_id)  # word of them may already wait among what is less urgent


def retry(session: Session, scan_id: str, actor: str, at: dt.datetime | None = None) -> int:
    """The retry button: dead tasks, and pages that could not be read, are tried again; how many."""
    scan = _locked(session, scan_id)
    if scan.status in WITHHELD:
        raise Conflict("Tệp đang bị cách ly vì có dấu mật nên không được đọc lại.")
    count = cast("sa.CursorResult[object]", session.execute(_revive, {"s": scan_id})).rowcount
    if not count and scan.status in ("review", "done"):
        count = _reread_pages(session, scan)
    if count:
        scan.status, scan.error = "reading", None
        history.append(session, actor, "retried", scan_id, {"tasks": count}, at)
        queue.wake(session, queue.OF_SCAN, s=scan_id)
    return count


def _reread_pages(session: Session, scan: Scan) -> int:
    rows = session.execute(sa.select(PageRow.number, PageRow.advice).where(PageRow.scan_id == scan.id))
    numbers = [number for number, advice in rows if UNREADABLE in advice]
    if numbers:
        _reread(session, scan, numbers)
    return len(numbers)


def reread_page(session: Session, scan_id: str, number: int) -> None:
    """Read one page of a scan again, and do all that follows from it."""
    scan = _locked(session, scan_id)
    scan.status, scan.error = "reading", None
    _reread(session, scan, [number])


def _reread(session: Session, scan: Scan, numbers: Sequence[int]) -> None:
    at_pages = sa.and_(_task.c.step.in_(("read", "mark")), _task.c.part.in_(numbers))
    _drop(session, scan.id, STEPS[STEPS.index("cut") :])
    session.execute(_task.delete().where(_task.c.scan_id == scan.id, at_pages))
    queue.add(session, scan, "read", numbers)


def restart(session: Session, scan_id: str, step: str, actor: str, at: dt.datetime | None = None) -> None:
    """Do `step` and all after it again (`vanthu reread`); what a person confirmed stays as it is.

    `step` is one of survey, mark, cut, extract, route, shelve: pages are read again from the survey on.
    """
    if step not in STEPS or step in ("verify", "look", "read"):
        raise ValueError(f"cannot restart at {step!r}")
    scan = _locked(session, scan_id)
    if scan.status in WITHHELD:
        raise Conflict("Tệp đang bị cách ly vì có dấu mật nên không được đọc lại.")
    _drop(session, scan_id, STEPS[STEPS.index(step) :])
    scan.status, scan.error = "reading", None
    # A page that is still being read leads to the cut by itself; a cut before it would be the last.
    if step in ("survey", "mark") or not session.scalar(_at_pages, {"s": scan_id}):
        queue.add(session, scan, step, range(1, scan.pages + 1) if step == "mark" else (0,))
    history.append(session, actor, "reread", scan_id, {"from": step}, at)


def cancel(session: Session, scan_id: str) -> None:
    """Take what a scan still has to do out of the queue."""
    session.execute(_cancel, {"s": scan_id})


def _drop(session: Session, scan_id: str, steps: tuple[str, ...]) -> None:
    # A worker that is busy with one of them will find its fence gone.
    session.execute(_task.delete().where(_task.c.scan_id == scan_id, _task.c.step.in_(steps)))


def _locked(session: Session, scan_id: str) -> Scan:
    session.flush()  # the row is read anew below
    scan = session.get(Scan, scan_id, with_for_update=True, populate_existing=True)
    if scan is None:
        raise NotFound("Không tìm thấy bản quét này.")
    return scan
