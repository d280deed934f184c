"""The ledger: every file that was ever received is read, in work, or refused with its reason; nothing stands nowhere.

Received is what the chain of events says, which nobody can change; where it is now is what the tables say. Days are
those of Hanoi's calendar.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from archive import history
from archive.jobs import desk
from archive.models import Document, Event, ImportedEvent, RegisterEntry, Scan, Task, now
from archive.workdays import HANOI

COLUMNS = {
    "review": "read", "done": "read", "received": "in_work", "reading": "in_work", "failed": "failed",
    "quarantined": "quarantined", "destroyed": "destroyed",
}  # fmt: skip
"""Where a scan of each status stands; `aside` is a read one of which every paper was put aside."""
REFUSED = ("failed", "quarantined", "destroyed", "aside")
IN_WORK = tuple(status for status, column in COLUMNS.items() if column == "in_work")
READ = tuple(status for status, column in COLUMNS.items() if column == "read")
STANDING = ("failed", "quarantined")
"""Statuses that carry a sentence why."""
PAPERS = ("review", "registered", "routed", "handling", "done", "void")
BY_HAND = "hand"
ENTERED = "entered_by_hand"
ACTOR = "ledger"
REFUSAL = "refused"
MOST_REFUSALS = 200
"""Refusals at the door that are written in an hour: whoever feeds rubbish must not fill the chain."""

_ours, _theirs = aliased(Document), aliased(Document)
_has_paper = sa.exists().where(_ours.scan_id == Scan.id)
_has_live_paper = sa.exists().where(_theirs.scan_id == Scan.id, _theirs.status != "void")
_aside = sa.and_(Scan.status.in_(READ), _has_paper, sa.not_(_has_live_paper))


@dataclass(frozen=True)
class Day:
    """One day: how many files came, and where they stand now."""

    day: dt.date
    read: int = 0
    in_work: int = 0
    failed: int = 0
    quarantined: int = 0
    destroyed: int = 0
    aside: int = 0
    unknown: int = 0
    """With a status nobody knows: these stand nowhere."""
    turned_away: int = 0
    """Refused at the door: nothing of them was kept, they are not received."""

    @property
    def received(self) -> int:
        """All that came."""
        return self.read + self.in_work + self.refused + self.unknown

    @property
    def refused(self) -> int:
        """All that stand still with a reason."""
        return self.failed + self.quarantined + self.destroyed + self.aside


def days(session: Session, first: dt.date, last: dt.date) -> list[Day]:
    """Every day between these, both included, also those on which nothing came."""
    begin, end = (dt.datetime.combine(day, dt.time(), HANOI) for day in (first, last + dt.timedelta(1)))
    wanted = sa.select(Scan.received_at, Scan.status, _aside).where(Scan.received_at >= begin, Scan.received_at < end)
    counts: dict[dt.date, Counter[str]] = {}
    for at, status, is_aside in session.execute(wanted):
        counts.setdefault(_day(at), Counter())[_column(status, is_aside=is_aside)] += 1
    for event in _refusals(session, begin, end):
        counts.setdefault(_day(dt.datetime.fromisoformat(event.at)), Counter())["turned_away"] += 1
    every = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    return [Day(day, **counts.get(day, Counter())) for day in every]


def _day(at: dt.datetime) -> dt.date:
    return at.astimezone(HANOI).date()


def _column(status: str, *, is_aside: bool) -> str:
    return "aside" if is_aside else COLUMNS.get(status, "unknown")


def total(session: Session) -> Day:
    """All days together; its day is today."""
    each = sa.select(Scan.status.label("status"), _aside.label("is_aside")).subquery()
    wanted = sa.select(each.c.status, each.c.is_aside, sa.func.count()).group_by(each.c.status, each.c.is_aside)
    counts: Counter[str] = Counter()
    for status, is_aside, count in session.execute(wanted):
        counts[_column(status, is_aside=is_aside)] += count
    return Day(_day(now()), **counts)


def papers(session: Session) -> Mapping[str, int]:
    """How many documents stand where, by status."""
    rows = session.execute(sa.select(Document.status, sa.func.count()).group_by(Document.status))
    return {row[0]: row[1] for row in rows}


def stopped(session: Session) -> list[tuple[str, int]]:
    """Why scans stand still, the most frequent reason first, and how many."""
    wanted = sa.select(Scan.error, sa.func.count()).where(Scan.status.in_(STANDING)).group_by(Scan.error)
    counts: Counter[str] = Counter()
    for why, count in session.execute(wanted):
        counts[why or ""] += count
    return counts.most_common(10)


# ------------------------------------------------------------------------------------------------ at the door


def refused_between(session: Session, first: dt.date, last: dt.date) -> Counter[tuple[str, str]]:
    """(reason, door) → how many files were refused there in these days."""
    begin, end = (dt.datetime.combine(day, dt.time(), HANOI) for day in (first, last + dt.timedelta(1)))
    facts = [json.loads(event.data) for event in _refusals(session, begin, end)]
    return Counter((str(said.get("reason", "")), str(said.get("source", ""))) for said in facts)


def _refusals(session: Session, begin: dt.datetime, end: dt.datetime) -> Iterable[Event]:
    # The literal is what lets both databases use the index of refusals alone.
    at = sa.and_(Event.at >= _iso(begin), Event.at < _iso(end), sa.text("event.action = 'refused'"))
    return session.scalars(sa.select(Event).where(at).order_by(Event.at))


def refused_messages(session: Session, most: int) -> list[Event]:
    """The latest letters and messages that were refused whole, the last first: nothing of them was kept."""
    of_message = sa.or_(Event.subject == "door mail", Event.data.contains('"bad_message"'))
    wanted = sa.select(Event).where(sa.text("event.action = 'refused'"), of_message)
    return list(session.scalars(wanted.order_by(Event.at.desc()).limit(most)))


def _iso(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds")


def note_refusal(session: Session, actor: str, source: str, reason: str, size: int | None, at: dt.datetime) -> None:
    """A file was refused before it was a scan: by whom, at which door, why, how large; never its name."""
    hour = _refusals(session, at - dt.timedelta(hours=1), at + dt.timedelta(minutes=1))
    written = sum(1 for _ in hour)
    if written < MOST_REFUSALS:
        more = {"and_more": True} if written == MOST_REFUSALS - 1 else {}
        facts = {"reason": reason, "source": source, "size": size} | more
        history.append(session, actor, REFUSAL, f"door {source}", facts, at)


# ------------------------------------------------------------------------------------------------ what is wrong


@dataclass(frozen=True)
class Faults:
    """Ids of what does not balance; all empty when the ledger does."""

    unknown: Sequence[str] = ()
    """Scans of a status nobody knows."""
    lost: Sequence[str] = ()
    """Scans in work without a live task: nobody would ever go on with them."""
    stuck: Sequence[str] = ()
    """Failed scans without a dead task: the retry button would find nothing."""
    silent: Sequence[str] = ()
    """Refused scans that do not say why."""
    empty: Sequence[str] = ()
    """Scans that are read but have no document."""
    vanished: Sequence[str] = ()
    """Scans the chain received and the tables do not have."""
    unannounced: Sequence[str] = ()
    """Scans of which the chain never heard."""
    astray: Sequence[str] = ()
    """Documents of a status nobody knows, or in the book without a line, or with a line but not in the book."""

    @property
    def any(self) -> bool:
        """Whether something is wrong."""
        return any(getattr(self, name) for name in self.__dataclass_fields__)


def faults(session: Session) -> Faults:
    """Everything that does not balance."""
    return Faults(
        unknown=_ids(session, Scan.status.not_in(COLUMNS)), lost=lost(session), stuck=stuck(session),
        silent=_ids(session, Scan.status.in_(STANDING), sa.func.coalesce(Scan.error, "") == ""),
        empty=_ids(session, Scan.status.in_(READ), Scan.source != BY_HAND, sa.not_(_has_paper)),
        vanished=_vanished(session), unannounced=_unannounced(session), astray=_astray(session),
    )  # fmt: skip


def _ids(session: Session, *conditions: sa.ColumnElement[bool]) -> Sequence[str]:
    return session.scalars(sa.select(Scan.id).where(*conditions).order_by(Scan.received_at)).all()


def lost(session: Session) -> Sequence[str]:
    """Scans in work that no task carries on; one statement, so that a step that just ends is seen before or after."""
    live = sa.exists().where(Task.scan_id == Scan.id, Task.state.in_(("ready", "running")))
    return _ids(session, Scan.status.in_(IN_WORK), sa.not_(live))


def stuck(session: Session) -> Sequence[str]:
    """Failed scans with nothing to try again."""
    dead = sa.exists().where(Task.scan_id == Scan.id, Task.state == "dead")
    return _ids(session, Scan.status == "failed", sa.not_(dead))


def _vanished(session: Session) -> Sequence[str]:
    there = sa.exists().where(Scan.id == Event.subject)
    gone = sa.select(Event.subject).where(Event.action == "received", sa.not_(there)).order_by(Event.seq)
    known = set(session.scalars(sa.select(Scan.id).where(Scan.source == BY_HAND)))
    typed = [scan for scan in _entered(session, Event) if scan not in known]
    return [*session.scalars(gone), *typed]


def _entered(session: Session, kind: type[Event] | type[ImportedEvent]) -> list[str]:
    said = session.scalars(sa.select(kind.data).where(kind.action == ENTERED).order_by(kind.seq))
    return [str(json.loads(data).get("scan", "")) for data in said]


def _unannounced(session: Session) -> Sequence[str]:
    """A scan that came in a bag of another archive was received there; the bag brought that event."""
    said, there = (
        sa.exists().where(kind.subject == Scan.id, kind.action == "received") for kind in (Event, ImportedEvent)
    )
    silent = _ids(session, Scan.source != BY_HAND, sa.not_(said), sa.not_(there))
    typed = {*_entered(session, Event), *_entered(session, ImportedEvent)}
    return [*silent, *(scan for scan in _ids(session, Scan.source == BY_HAND) if scan not in typed)]


def _astray(session: Session) -> Sequence[str]:
    line = sa.exists().where(RegisterEntry.document_id == Document.id, RegisterEntry.status == "registered")
    in_book = Document.status.in_(("registered", "routed", "handling", "done"))
    wrong = sa.or_(
        Document.status.not_in(PAPERS), sa.and_(in_book, sa.not_(line)), sa.and_(sa.not_(in_book), line)
    )  # fmt: skip
    return session.scalars(sa.select(Document.id).where(wrong).order_by(Document.id)).all()


def resume(session: Session, scan_ids: Iterable[str], actor: str = ACTOR) -> int:
    """Queue lost and stuck scans again from their first step; how many. What people confirmed stays."""
    count = 0
    for scan_id in scan_ids:
        desk.restart(session, scan_id, "survey", actor)
        count += 1
    return count
