"""What Prometheus is told: counted from the database when asked, and from what the processes of this machine counted.

The first is the same whoever is asked (over several machines: `max`), the second of one machine (over several: `sum`).
A count that may become smaller again (a scan is read anew, its steps begin again) is a gauge here: a counter that falls
would look like a restart and be added a second time. Label values are closed lists and names of books, never anything
a stranger sends.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import backup, doors, scrub
from archive.blobs import Blobs
from archive.config import Settings
from archive.database import Sessions
from archive.inspection import runs
from archive.jobs import queue
from archive.models import Document, Event, Message, Outbox, RegisterEntry, Scan, Task
from archive.tally import BOUNDS, DEATH, REQUEST, STEP, Counted, Tally
from archive.version import VERSION

AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError, sa.exc.TimeoutError)
GIVEN = ("registered", "void")
"""Lines of a book whose number was given to a paper; awaited ones wait for theirs."""
Labels = Mapping[str, str]
Sample = tuple[str, Labels, float]
"""Suffix of the name, labels, value."""


@dataclass(frozen=True)
class Family:
    """One metric and what it says now."""

    name: str
    kind: str
    says: str
    samples: list[Sample]
    unit: str = ""

    def lines(self) -> Iterator[str]:
        """Prometheus text format 0.0.4, in which `# UNIT` is a comment."""
        yield f"# HELP vanthu_{self.name} {self.says}"
        yield f"# TYPE vanthu_{self.name} {self.kind}"
        if self.unit:
            yield f"# UNIT vanthu_{self.name} {self.unit}"
        for suffix, labels, value in self.samples:
            pairs = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            yield f"vanthu_{self.name}{suffix}{{{pairs}}} {value:.15g}" if pairs else f"vanthu_{self.name} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _one(name: str, says: str, value: float, unit: str = "", kind: str = "gauge") -> Family:
    return Family(name, kind, says, [("", {}, value)], unit)


def text(families: Iterable[Family]) -> str:
    """What an asker reads."""
    return "\n".join([*itertools.chain.from_iterable(family.lines() for family in families), ""])


def everything(settings: Settings, readers: Sessions, blobs: Blobs, tally: Tally) -> list[Family]:
    """All there is to say."""
    return [*of_archive(settings, readers, blobs), *of_machine(tally)]


def of_offices(told: Mapping[str, Iterable[Family]]) -> list[Family]:
    """What several offices say as one text, by slug: each sample with its office."""
    merged: dict[str, Family] = {}
    for slug, families in told.items():
        for one in families:
            samples = [(suffix, {"office": slug, **labels}, value) for suffix, labels, value in one.samples]
            merged.setdefault(one.name, dataclasses.replace(one, samples=[])).samples.extend(samples)
    return list(merged.values())


def of_archive(settings: Settings, readers: Sessions, blobs: Blobs) -> list[Family]:
    """How the archive is, also while the database or the disk is away: then that."""
    try:
        with readers() as session:
            found = [_one("database_up", "Whether the database answers", 1), *of_database(session)]
    except AWAY:
        found = [_one("database_up", "Whether the database answers", 0)]
    return [*found, *_of_disk(settings, blobs)]


# ------------------------------------------------------------------------------------------------ of the database


def of_database(session: Session) -> list[Family]:
    """What all machines have in common."""
    scans, documents = _by(session, "status", Scan.status), _by(session, "status", Document.status)
    return [
        Family("scans", "gauge", "Scans by status", scans),
        Family("documents", "gauge", "Documents by status", documents),
        *_queue(session),
        *_index(session),
        Family("refusals_total", "counter", "Files refused at a door, as the chain of events has them",
               _refusals(session)),
        Family("register_numbers_total", "counter", "Arrival numbers given, voided ones too", _by(
            session, "book", RegisterEntry.book_id, RegisterEntry.status.in_(GIVEN))),
        *_kept(session),
    ]  # fmt: skip


def _by(
    session: Session, label: str, column: sa.orm.InstrumentedAttribute[str], *where: sa.ColumnElement[bool]
) -> list[Sample]:
    counts = session.execute(sa.select(column, sa.func.count()).where(*where).group_by(column).order_by(column))
    return [("", {label: value}, count) for value, count in counts]


def _queue(session: Session) -> list[Family]:
    # Literals, for the partial indexes: whoever asks every few seconds must not read all steps there ever were.
    states = {"ready": sa.text("task.state = 'ready'"), "running": sa.text("task.state = 'running'")}
    tasks: list[Sample] = []
    for state, is_so in states.items():
        counts = session.execute(sa.select(Task.step, sa.func.count()).where(is_so).group_by(Task.step))
        tasks += [("", {"step": step, "state": state}, count) for step, count in counts]
    oldest: dict[str, float] = {}
    wanted = sa.select(Task.priority, sa.func.min(Task.queued)).where(states["ready"]).group_by(Task.priority)
    moment = queue.clock(session)
    for priority, queued in session.execute(wanted):
        name = "urgent" if priority < queue.NORMAL else "normal"
        oldest[name] = max(oldest.get(name, 0.0), moment - queued)
    ages: list[Sample] = [("", {"priority": name}, oldest.get(name, 0.0)) for name in ("urgent", "normal")]
    return [
        Family("tasks", "gauge", "Steps that wait or are being done", tasks),
        Family("queue_age_seconds", "gauge", "Age of the step that has waited longest; 0: none waits", ages, "seconds"),
    ]


def _index(session: Session) -> list[Family]:
    count, oldest = session.execute(sa.select(sa.func.count(), sa.func.min(Outbox.queued_at))).one()
    lag = max(0.0, queue.clock(session) - oldest.timestamp()) if oldest else 0.0
    return [
        _one("index_waiting_documents", "Documents whose line in the search index is to be written", count),
        _one("index_lag_seconds", "How long the first of them has waited; 0: none waits", lag, "seconds"),
    ]


def _refusals(session: Session) -> list[Sample]:
    # The literal is what lets both databases use the index of refusals alone; events are never taken away.
    reason, source = (_said(session, name) for name in ("reason", "source"))
    wanted = sa.select(reason, source, sa.func.count()).where(sa.text("event.action = 'refused'"))
    rows = session.execute(wanted.group_by(reason, source).order_by(reason, source))
    return [("", {"reason": why or "", "source": door or ""}, count) for why, door, count in rows]


def _said(session: Session, name: str) -> sa.ColumnElement[str | None]:
    """What an event says under `name`."""
    if session.get_bind().dialect.name == "postgresql":
        found = sa.func.json_extract_path_text(sa.cast(Event.data, sa.JSON), sa.literal_column(f"'{name}'"))
    else:
        found = sa.func.json_extract(Event.data, sa.literal_column(f"'$.{name}'"))
    return cast("sa.ColumnElement[str | None]", found)


def _kept(session: Session) -> list[Family]:
    copied, inspected = backup.last(session), runs.last(session)
    looked = max(filter(None, (_latest(session, kind.verified_at) for kind, _ in scrub.KEPT)), default=None)
    damaged = sum(_damaged(session, kind, held) for kind, held in scrub.KEPT)
    return [
        _one("originals_damaged", "Originals known to be lost or altered", damaged),
        _when("scrub_last_timestamp_seconds", "When an original was last read back from the disk", looked),
        _when("backup_last_timestamp_seconds", "When a backup was last finished", copied.at if copied else None),
        _when("inspection_last_timestamp_seconds", "When everything was last looked at (vanthu check --deep)",
              inspected.ended_at if inspected else None),
        _one("inspection_ok", "Whether all was well then; 1 also where nobody looked yet",
             0 if inspected and not inspected.ok else 1),
    ]  # fmt: skip


def _latest(session: Session, column: sa.orm.InstrumentedAttribute[dt.datetime | None]) -> dt.datetime | None:
    return session.scalar(sa.select(column).where(column.is_not(None)).order_by(column.desc()).limit(1))


def _damaged(session: Session, kind: type[Scan] | type[Message], held: sa.ColumnElement[bool]) -> int:
    wanted = sa.select(sa.func.count()).select_from(kind).where(kind.damaged_at.is_not(None), held)
    return session.scalar(wanted) or 0


def _when(name: str, says: str, at: dt.datetime | None) -> Family:
    return _one(name, f"{says}, Unix time; 0: never", at.timestamp() if at else 0, "seconds")


# ------------------------------------------------------------------------------------------------ of the machine


def of_machine(tally: Tally) -> list[Family]:
    """What the processes of this machine counted."""
    counted = tally.all()
    requests, steps, deaths = ([one for one in counted if one.family == name] for name in (REQUEST, STEP, DEATH))
    done = [one for one in steps if one.labels[1:] == ("done",)]
    return [
        Family("http_requests_total", "counter", "Requests answered, by route and class of status",
               _counts(requests, ("route", "method", "status"))),
        Family("http_request_seconds", "histogram", "Time until the answer began",
               _histogram(requests, ("route", "method"), BOUNDS[REQUEST]), "seconds"),
        Family("steps_total", "counter", "Steps that ended: done, again, dead, fenced, lost, released",
               _counts(steps, ("step", "outcome"))),
        Family("step_seconds", "histogram", "Time a step took that was done",
               _histogram(done, ("step",), BOUNDS[STEP]), "seconds"),
        Family("process_deaths_total", "counter", "Processes of `vanthu up` that ended by themselves",
               _counts(deaths, ("part",))),
        Family("build_info", "gauge", "Version that runs", [("", {"version": VERSION}, 1)]),
    ]  # fmt: skip


def _counts(counted: Iterable[Counted], names: tuple[str, ...]) -> list[Sample]:
    sums: Counter[tuple[str, ...]] = Counter()
    for one in counted:
        sums[one.labels] += one.count
    return [("", dict(zip(names, labels, strict=True)), count) for labels, count in sums.items()]


def _histogram(counted: Iterable[Counted], names: tuple[str, ...], bounds: tuple[float, ...]) -> list[Sample]:
    """Cumulative buckets; labels beyond `names` are added up."""
    of: dict[tuple[str, ...], list[Counted]] = defaultdict(list)
    for one in counted:
        of[one.labels[: len(names)]].append(one)
    samples: list[Sample] = []
    for labels, ones in of.items():
        named, whole = dict(zip(names, labels, strict=True)), sum(one.count for one in ones)
        for bound in bounds:
            within = sum(one.count for one in ones if one.bound <= bound)
            samples.append(("_bucket", {**named, "le": f"{bound:g}"}, within))
        samples.append(("_bucket", {**named, "le": "+Inf"}, whole))
        samples.append(("_sum", named, sum(one.seconds for one in ones)))
        samples.append(("_count", named, whole))
    return samples


def _of_disk(settings: Settings, blobs: Blobs) -> list[Family]:
    try:
        free = [_one("disk_free_bytes", "Free bytes where originals lie", blobs.free(), "bytes")]
    except OSError:
        free = []  # its absence is what the alert hears
    reserve = settings.reserve_mb << 20
    return [*free, _one("disk_reserve_bytes", "Free bytes below which nothing is taken", reserve, "bytes"),
            *_doors(settings)]  # fmt: skip


def _doors(settings: Settings) -> list[Family]:
    """The word each door left that works by itself; doors that never looked have none."""
    told = [(name, found) for name in (doors.FOLDER, doors.MAIL) if (found := doors.last(settings.data, name))]
    at: list[Sample] = [("", {"door": name}, one.at.timestamp()) for name, one in told]
    waiting: list[Sample] = [("", {"door": name}, one.waiting) for name, one in told]
    troubled: list[Sample] = [("", {"door": name}, bool(one.trouble)) for name, one in told]
    return [
        Family("door_last_timestamp_seconds", "gauge", "When a door last looked, Unix time", at, "seconds"),
        Family("door_waiting", "gauge", "Files or letters that are there and have not come in", waiting),
        Family("door_troubled", "gauge", "Whether something keeps the door from working", troubled),
    ]
