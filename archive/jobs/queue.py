"""The task table as a queue: claim, beat, finish, fail, on SQLite and PostgreSQL alike.

Three rules make kill -9 harmless. A claim is a lease that ends by itself. A finish is ONE transaction: the fence (this
attempt of this worker, still running), the effects, the next tasks, the event. What is large lies in files written
before. A worker that was taken for dead fails the fence, and nothing of its work becomes visible.

Lock order: the scan's row, then its tasks, then the head of the events. Statements are built once: building one costs
745 µs, running a built one 57 (measured).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from archive import history
from archive.errors import Aborted, ArchiveError, TookTooLong, TooMuchWork, Transient
from archive.models import WITHHELD, Scan, Task

NORMAL, URGENT = 100, 10
"""Priorities; smaller is sooner."""
ATTEMPTS = 3
"""A task that failed as often for a passing reason is dead until somebody retries it."""
LIVES = 10
"""A task that outlived as many workers may be what kills them, and is not run again; kills from outside are rarer."""
LEASE = 15.0
"""Seconds a task stays with a worker that gives no sign of life."""
LONGEST_WAIT = 300.0
FARTHEST = 60.0
"""Seconds: a lease that ends later than that was written before the clock was set back, and is over."""
CHANNEL = "vanthu_task"
TELLS, TOLD = "vanthu_tells", "vanthu_told"
"""Keys of a session's `info`: whether word of ready tasks is carried, and the hints of this transaction."""
ACTOR = "line"
"""Who events of the line are said to be by."""

Next = tuple[str, Iterable[int]]
"""A step and its parts, to be queued when another is finished."""
Effects = Callable[[Session, Scan], Iterable[Next]]
"""Writes what a step found into the finishing transaction; answers what is to be done next."""

_task = cast(sa.Table, Task.__table__)
_scan = cast(sa.Table, Scan.__table__)
_b = sa.bindparam
# Literals: a bound state would hide the partial indexes from the planner.
_READY, _RUNNING = sa.text("task.state = 'ready'"), sa.text("task.state = 'running'")
_OURS = (_task.c.id == _b("i"), _task.c.attempt == _b("a"), _task.c.worker == _b("w"), _RUNNING)

_clock = sa.text("SELECT extract(epoch FROM clock_timestamp())")
_expired = (
    sa.select(_task.c.id)
    .where(_RUNNING, sa.or_(_task.c.lease_until < _b("now"), _task.c.lease_until > _b("far")))
    .order_by(_task.c.lease_until).limit(1).with_for_update(skip_locked=True)
)  # fmt: skip
_ready = (
    sa.select(_task.c.id)
    .where(_READY, sa.or_(_task.c.run_after <= _b("now"), _task.c.run_after > _b("far")))
    .order_by(_task.c.priority, _task.c.rank, _task.c.id).limit(1).with_for_update(skip_locked=True)
)  # fmt: skip
_claimable = sa.or_(
    sa.and_(_READY, sa.or_(_task.c.run_after <= _b("now"), _task.c.run_after > _b("late"))),
    sa.and_(_RUNNING, sa.or_(_task.c.lease_until < _b("now"), _task.c.lease_until > _b("lost"))),
)
_named = sa.select(_task.c.id).where(_task.c.id == _b("i"), _claimable).with_for_update(skip_locked=True)
_due = sa.select(_task.c.id).where(_claimable).limit(1)
_hints = sa.select(_task.c.id, _task.c.step, _task.c.priority)
OF_STEP = _hints.where(_task.c.scan_id == _b("s"), _task.c.step == _b("step"), _READY)
OF_SCAN = _hints.where(_task.c.scan_id == _b("s"), _READY)
_of_task = _hints.where(_task.c.id == _b("i"))
_of_dead = _hints.where(_RUNNING, _task.c.worker.like(_b("who"), escape="\\"))
_take = (
    _task.update().where(_task.c.id == _b("i"))
    .values(state="running", attempt=_task.c.attempt + 1, worker=_b("w"), lease_until=_b("until"), started=_b("now"))
    .returning(_task.c.id, _task.c.scan_id, _task.c.step, _task.c.part, _task.c.attempt, _task.c.worker,
               _task.c.failures)
)  # fmt: skip
_beat = _task.update().where(*_OURS).values(lease_until=_b("until"))
_done = _task.update().where(*_OURS).values(state="done", ended=_b("now"), error=None, lease_until=None)
_again = (
    _task.update().where(*_OURS)
    .values(state="ready", run_after=_b("after"), error=_b("why"), lease_until=None, failures=_task.c.failures + 1)
)  # fmt: skip
_dead = _task.update().where(*_OURS).values(state="dead", ended=_b("now"), error=_b("why"), lease_until=None)
_release = (
    _task.update().where(*_OURS)
    .values(state="ready", attempt=_task.c.attempt - 1, lease_until=None, worker=None)
)  # fmt: skip
_expire = _task.update().where(_RUNNING, _task.c.worker.like(_b("who"), escape="\\")).values(lease_until=0)
_left = (
    sa.select(sa.func.count()).select_from(_task)
    .where(_task.c.scan_id == _b("s"), _task.c.step == _b("step"), _task.c.state.in_(("ready", "running", "dead")))
)  # fmt: skip
_add = {
    "postgresql": postgresql.insert(_task).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(_task).on_conflict_do_nothing(),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One task, leased to one worker; `attempt` counts claims, from 1, `failures` those that failed."""

    id: int
    scan_id: str
    step: str
    part: int
    attempt: int
    worker: str
    failures: int = 0

    @property
    def is_last(self) -> bool:
        """Whether one more failure is the end of it."""
        return self.is_hopeless or self.failures + 1 >= ATTEMPTS

    @property
    def is_hopeless(self) -> bool:
        """Too many workers died with it: it must not be run once more."""
        return self.attempt - self.failures > LIVES


@dataclass(frozen=True, slots=True)
class Hint:
    """Word that a task can be claimed. It may be lost, late or doubled: who hears it must still claim the task."""

    id: int
    step: str
    priority: int


def clock(session: Session) -> float:
    """Unix seconds; the server's on PostgreSQL, because leases of several machines are compared."""
    if _dialect(session) == "postgresql":
        return float(session.execute(_clock).scalar_one())
    return time.time()


def add(session: Session, scan: Scan, step: str, parts: Iterable[int] = (0,), now: float | None = None) -> None:
    """Queue a step of a scan; what is queued or done already stays as it is."""
    queued = clock(session) if now is None else now
    rank = scan.received_at.timestamp()
    rows = [
        {"scan_id": scan.id, "step": step, "part": part, "priority": scan.priority, "rank": rank, "queued": queued}
        for part in parts
    ]
    if rows:
        session.execute(_add[_dialect(session)], rows)
        wake(session, OF_STEP, s=scan.id, step=step)


def wake(session: Session, ready: sa.Select[Any], **values: Any) -> None:
    """Tell waiting workers when this transaction commits. On SQLite they see the commit itself.

    `ready` selects what is a Hint each; it is asked only where a dispatcher carries them (archive/jobs/dispatch.py).
    """
    if _dialect(session) == "postgresql":
        session.execute(sa.text(f"NOTIFY {CHANNEL}"))
    if TELLS in session.info:
        hints = [Hint(*row) for row in session.execute(ready, values)]
        session.info.setdefault(TOLD, []).extend(hints)


def claim(
    session: Session, worker: str, now: float | None = None, lease: float = LEASE, *, task: int | None = None
) -> Claim | None:
    """A task whose worker died, else the most urgent ready one of the oldest scan; None when there is none.

    With `task` that one or none: it may be another worker's by now, or done, or wait for its next attempt.
    """
    moment = clock(session) if now is None else now
    bounds = _bounds(moment, lease)
    if task is not None:
        found = session.execute(_named, {"i": task} | bounds).scalar()
    else:
        found = (
            session.execute(_expired, {"now": moment, "far": bounds["lost"]}).scalar()
            or session.execute(_ready, {"now": moment, "far": bounds["late"]}).scalar()
        )
    if found is None:
        return None
    row = session.execute(_take, {"i": found, "w": worker, "until": moment + lease, "now": moment}).one()
    return Claim(*row)


def is_due(session: Session, lease: float = LEASE) -> bool:
    """Whether there is a task to claim, for one who only reads: another may be faster."""
    return session.execute(_due, _bounds(clock(session), lease)).first() is not None


def _bounds(moment: float, lease: float) -> dict[str, float]:
    """Between which leases and pauses end. None reaches so far ahead: the clock was set back since, and nobody shall
    wait a year."""
    return {"now": moment, "lost": moment + max(FARTHEST, 2 * lease), "late": moment + 2 * LONGEST_WAIT}


def beat(session: Session, held: Claim, now: float | None = None, lease: float = LEASE) -> bool:
    """Hold the task for another lease; False says it is somebody else's by now."""
    moment = clock(session) if now is None else now
    return _changed(session, _beat, held, until=moment + lease)


def finish(session: Session, held: Claim, effects: Effects, now: float | None = None) -> bool:
    """Fence, effects, next tasks: all of the caller's one transaction. False: not ours any more, nothing was done."""
    moment = clock(session) if now is None else now
    scan = session.get(Scan, held.scan_id, with_for_update=True, populate_existing=True)
    if scan is None or not _changed(session, _done, held, now=moment):
        return False
    if scan.status in WITHHELD:
        return True
    for step, parts in effects(session, scan):
        add(session, scan, step, parts, moment)
    return True


def fail(session: Session, held: Claim, error: Exception, now: float | None = None) -> str | None:
    """Try again later, or give up: "ready", "dead"; None says the task is not ours any more.

    What may pass (Transient, and whatever we did not foresee) is tried ATTEMPTS times, what took too long twice; other
    errors of ours never help themselves. A dead task stops its scan with a reason a clerk understands.
    """
    moment = clock(session) if now is None else now
    passes = may_pass(held, error)
    if passes and not held.is_last:
        after = moment + back_off(held.failures + 1, held.id)
        return "ready" if _changed(session, _again, held, after=after, why=type(error).__name__) else None
    scan = session.get(Scan, held.scan_id, with_for_update=True, populate_existing=True)
    if scan is None or not _changed(session, _dead, held, now=moment, why=type(error).__name__):
        return None
    scan.status, scan.error = "failed", reason(error, passes)
    history.append(session, ACTOR, "failed", scan.id,
                   {"step": held.step, "part": held.part, "cause": type(error).__name__})  # fmt: skip
    return "dead"


def may_pass(held: Claim, error: Exception) -> bool:
    """Whether the same step may succeed later. What took too long, or fell over, once, gets one more chance."""
    if isinstance(error, TooMuchWork):
        return False
    if isinstance(error, TookTooLong | Aborted):
        return held.failures == 0
    return isinstance(error, Transient) or not isinstance(error, ArchiveError)


def back_off(failures: int, seed: int) -> float:
    """Seconds until the next attempt: 2, 4, 8 …, spread by `seed` so that tasks do not come back all at once."""
    return min(LONGEST_WAIT, 2.0**failures) * (0.75 + seed * 0.618 % 0.5)


def reason(error: Exception, passes: bool) -> str:
    """What a clerk reads about a scan that stands still."""
    if isinstance(error, ArchiveError) and not passes and str(error):
        return str(error)
    return (
        f"Hệ thống đã thử {ATTEMPTS} lần mà chưa đọc xong tệp này. Bản gốc vẫn được lưu an toàn; "
        "hãy bấm “Thử lại”, hoặc nhập tay. Nếu vẫn không được, hãy báo quản trị viên."
    )


def release(session: Session, held: Claim) -> bool:
    """Give an unfinished task back at once, as if it had not been tried: a worker that drains does."""
    given = _changed(session, _release, held)
    if given:
        wake(session, _of_task, i=held.id)
    return given


def expire(session: Session, worker: str) -> int:
    """End the leases of a worker that was seen to die; `worker` is the beginning of its name."""
    escaped = worker.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    count = _rows(session.execute(_expire, {"who": escaped + "%"}))
    if count:
        wake(session, _of_dead, who=escaped + "%")
    return count


def left(session: Session, scan_id: str, step: str) -> int:
    """How many parts of a step are not done yet; 0 says its last one just was."""
    return int(session.execute(_left, {"s": scan_id, "step": step}).scalar_one())


def _changed(session: Session, statement: sa.Update, held: Claim, **values: Any) -> bool:
    fence = {"i": held.id, "a": held.attempt, "w": held.worker}
    return _rows(session.execute(statement, fence | values)) == 1


def _rows(result: sa.Result[Any]) -> int:
    return cast("sa.CursorResult[Any]", result).rowcount


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name
