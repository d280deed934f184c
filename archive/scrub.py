"""Originals read back from the disk, a few at a time, those longest unlooked-at first: bytes rot where nobody looks.

One that is lost or altered is said at once (an event, a mark on its scan) and named with what to do; nothing else
stops. It never reads faster than its pace, so reading and search do not wait for the disk because of it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.blobs import Blobs
from archive.database import Sessions
from archive.errors import NotFound, Transient
from archive.models import WITHHELD, Message, Scan, now

ACTOR = "scrub"
"""Who events of the scrub are said to be by."""
CHUNK = 1 << 20
MOST_MB = 10.0
"""Megabytes a second that are read at most; an ordinary disk gives 100 and more."""
HASTE = 0.8
"""The share of the days in which a machine that is always on has looked at everything."""
TODO = (
    "Hãy đưa lại đúng tệp ấy vào kho (nhận lại thì tự thay bản hỏng), hoặc phục hồi tệp từ bản sao lưu; "
    "nếu nhiều tệp hỏng, hãy thay ổ đĩa."
)

Found = Literal["whole", "missing", "altered", "unreadable"]
_OF_THE_DISK = frozenset({errno.EIO, errno.EACCES, errno.EPERM, errno.ESTALE, errno.EUCLEAN, errno.EBADMSG})
HELD = Scan.status.not_in(WITHHELD)
"""Scans whose bytes must be there; those in quarantine lie elsewhere (archive/safe.py)."""
KEPT = ((Scan, HELD), (Message, sa.not_(Message.withheld)))
"""The rows that have bytes in the store, and which of them."""


@dataclass(frozen=True, slots=True)
class Original:
    """The bytes of one scan or message."""

    id: str
    sha256: str
    size: int
    kind: type[Scan] | type[Message] = Scan


class Pace:
    """Waits, after each piece, as long as reading it should have taken at `megabytes` a second."""

    def __init__(self, megabytes: float, wait: Callable[[float], object]) -> None:
        self._rate, self._wait = megabytes * (1 << 20), wait
        self._began, self._read = time.monotonic(), 0

    def __call__(self, count: int) -> None:
        self._read += count
        ahead = self._read / self._rate - (time.monotonic() - self._began)
        if ahead > 0:
            self._wait(ahead)


def look(blobs: Blobs, sha256: str, pace: Callable[[int], object] | None = None) -> Found:
    """Whether the bytes on the disk are those that were put; Transient, OSError: the machine is at fault, not they."""
    found = _read(blobs, sha256, pace)
    return found if found == "whole" else _read(blobs, sha256, pace)  # intake may just have replaced them


def _read(blobs: Blobs, sha256: str, pace: Callable[[int], object] | None) -> Found:
    digest = hashlib.sha256()
    try:
        with blobs.open(sha256) as stream:
            _past_the_cache(stream)
            while piece := stream.read(CHUNK):
                digest.update(piece)
                if pace:
                    pace(len(piece))
            _past_the_cache(stream)
    except (NotFound, FileNotFoundError):
        return "missing"
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        return "unreadable"
    return "whole" if digest.hexdigest() == sha256 else "altered"


def _past_the_cache(stream: BinaryIO) -> None:
    """What memory holds of the file is not what the disk has; and nobody will read it again soon."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def check_store(blobs: Blobs) -> None:
    """Transient where no original at all is there: the disk is not mounted, which is not 100,000 lost papers."""
    if not blobs.is_there():
        raise Transient(
            "Không thấy kho bản gốc: ổ đĩa chưa gắn, hoặc VANTHU_DATA (VANTHU_BLOBS) chỉ sai thư mục (sai bucket)."
        )


def next_one(session: Session) -> Original | None:
    """The one longest not looked at; those never looked at first."""
    for looked_at in (False, True):
        first = [row for kind, held in KEPT if (row := session.scalar(_longest(kind, held, looked_at=looked_at)))]
        if first:
            row = min(first, key=lambda one: one.verified_at or one.received_at)
            return Original(row.id, row.sha256, row.size, type(row))
    return None


def _longest(kind: type[Scan] | type[Message], held: sa.ColumnElement[bool], *, looked_at: bool) -> sa.Select[Any]:
    wanted = sa.select(kind).where(held).limit(1)
    if looked_at:
        return wanted.where(kind.verified_at.is_not(None)).order_by(kind.verified_at)
    return wanted.where(kind.verified_at.is_(None)).order_by(kind.received_at)


def note(sessions: Sessions, original: Original, found: Found, at: dt.datetime | None = None) -> bool:
    """Write what was found; False when it was damaged and nobody had known. A scan that is gone since is left alone."""
    at = at or now()
    with sessions.begin() as session:
        row = _locked(session, original)
        if row is None or row.sha256 != original.sha256 or _is_withheld(row):
            return True
        last, row.verified_at = row.verified_at, at
        if found == "whole":
            mend(session, row, ACTOR, at)
            return True
        if row.damaged_at is None:
            row.damaged_at = at
            facts = {"sha256": row.sha256, "found": found, "last_whole": last.isoformat() if last else None}
            history.append(session, ACTOR, "original_damaged", row.id, facts, at)
        return False


def _locked(session: Session, original: Original) -> Scan | Message | None:
    if original.kind is Message:
        return session.get(Message, original.id, with_for_update=True, populate_existing=True)
    return session.get(Scan, original.id, with_for_update=True, populate_existing=True)


def _is_withheld(row: Scan | Message) -> bool:
    return row.withheld if isinstance(row, Message) else row.status in WITHHELD


def mend(session: Session, row: Scan | Message, actor: str, at: dt.datetime) -> None:
    """The bytes of the scan or message are whole: where they were known to be damaged, that is over."""
    if row.damaged_at is not None:
        facts = {"sha256": row.sha256, "damaged_at": row.damaged_at.isoformat()}
        row.damaged_at = None
        history.append(session, actor, "original_whole", row.id, facts, at)


def spacing(session: Session, days: float, at: dt.datetime | None = None) -> float:
    """Seconds between the beginnings of two looks, so that each original is looked at once in `days`.

    0 when some are late (the machine was off): then only the pace holds it back.
    """
    at = at or now()
    border = at - dt.timedelta(days=days)
    for kind, held in KEPT:
        never_late = sa.and_(kind.verified_at.is_(None), kind.received_at < border)
        late = sa.select(kind.id).where(held, sa.or_(kind.verified_at < border, never_late)).limit(1)
        if session.scalar(late):
            return 0.0
    return days * HASTE * 86400 / (kept(session) or 1)


def kept(session: Session) -> int:
    """How many originals are to be looked at."""
    counts = (session.scalar(sa.select(sa.func.count()).select_from(kind).where(held)) for kind, held in KEPT)
    return sum(one or 0 for one in counts)


def step(
    sessions: Sessions, blobs: Blobs, *, days: float, megabytes: float = MOST_MB,
    wait: Callable[[float], object] = time.sleep,
) -> float | None:  # fmt: skip
    """Look at the next original; seconds until the one after it, None where there is nothing to look at.

    Transient, OperationalError, OSError: later.
    """
    began = time.monotonic()
    with sessions() as session:
        session.connection(execution_options={"reading": True})
        original, between = next_one(session), spacing(session, days)
    if original is None:
        return None
    check_store(blobs)
    note(sessions, original, look(blobs, original.sha256, Pace(megabytes, wait)))
    return max(0.0, between - (time.monotonic() - began))


@dataclass(frozen=True)
class Looked:
    """How far the scrub is."""

    last: dt.datetime | None
    never: int
    day: int
    """How many were looked at within a day, 7 days, 30 days, and longer ago."""
    week: int
    month: int
    older: int
    damaged: list[str]
    """Ids of scans and messages, the latest found first, at most 50."""
    damaged_count: int

    @property
    def total(self) -> int:
        """All originals."""
        return self.never + self.day + self.week + self.month + self.older


def looked(session: Session, at: dt.datetime | None = None) -> Looked:
    """How many originals were looked at when, and which are damaged."""
    at = at or now()
    borders = [at - dt.timedelta(days=days) for days in (1, 7, 30)]
    ages: Counter[str] = Counter()
    last: list[dt.datetime] = []
    damaged: list[tuple[dt.datetime, str]] = []
    for kind, held in KEPT:
        seen = kind.verified_at
        of_age = {
            "never": seen.is_(None), "day": seen >= borders[0],
            "week": sa.and_(seen < borders[0], seen >= borders[1]),
            "month": sa.and_(seen < borders[1], seen >= borders[2]), "older": seen < borders[2],
        }  # fmt: skip
        for age, when in of_age.items():
            ages[age] += session.scalar(sa.select(sa.func.count()).select_from(kind).where(held, when)) or 0
        last += [latest] if (latest := session.scalar(sa.select(sa.func.max(seen)))) else []
        bad = sa.select(kind.damaged_at, kind.id).where(kind.damaged_at.is_not(None), held)
        damaged += [(when, id_) for when, id_ in session.execute(bad) if when]
    names = [id_ for _, id_ in sorted(damaged, reverse=True)]
    return Looked(max(last, default=None), **{age: ages[age] for age in of_age}, damaged=names[:50],
                  damaged_count=len(names))  # fmt: skip
