"""Takes what an office sent to the others' doors, each once, and brings back how far it is there.

Whoever is killed between two of the steps leaves a row that is looked at again after LEASE. The other office knows a
sending by its id: what it has taken is not taken again, and what it was just taking is known by the message's bytes.
A message kept there is taken from the bytes kept there, whatever became of the paper meanwhile: it is theirs already,
and what is secret by now must come into their quarantine whole, with its trail.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import logging
import tempfile
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import front_door, history, register, whose
from archive.blobs import Blobs, open_blobs
from archive.database import Sessions, open_engine, readers, sessions
from archive.derived import Derived
from archive.edxml import KIND, export, statuses
from archive.edxml.told import Organ
from archive.errors import ArchiveError, BadSettings, DiskFull, NotTaken, Transient
from archive.jobs import open_jobs, telling
from archive.models import WITHHELD, Delivery, Document, Event, Message, Scan, Sending, now
from archive.models import Origin as OriginRow
from archive.offices import Office
from archive.origins import Origin
from archive.pipeline.line import limits
from archive.post import due

log = logging.getLogger(__name__)

ACTOR = "post"
LEASE = dt.timedelta(minutes=10)
"""After so long a sending that nobody finished is looked at again."""
GLANCE = 2.0
"""Seconds between two looks for a sending."""
SMALL = 8 << 20
"""Bytes of a message that are held in memory."""
_AWAY = (sa.exc.SQLAlchemyError, OSError, Transient, DiskFull, NotTaken, BadSettings)
"""Waited out. What is wrong with the other office's settings is for its administrator, not for our clerks to read."""
GONE = "Cơ quan nhận không còn trong danh sách của hệ thống."
SECRET_NOW = "Văn bản được ghi độ mật sau khi đã sang cơ quan nhận. Hãy báo ngay người phụ trách bảo mật của hai bên."  # noqa: S105 - a sentence


class _House:
    """The archive of one office, opened where it is needed."""

    def __init__(self, office: Office) -> None:
        self.settings, self._slug = office.settings, office.slug

    @cached_property
    def engine(self) -> sa.Engine:
        """NotItsOwn where the database is another office's."""
        return whose.opened(open_engine(self.settings.database_url), self._slug)

    @cached_property
    def sessions(self) -> Sessions:
        return telling(sessions(self.engine), open_jobs(self.settings))

    @cached_property
    def readers(self) -> Sessions:
        return readers(self.engine)

    @cached_property
    def blobs(self) -> Blobs:
        return open_blobs(self.settings.blobs, self.settings.data)

    def close(self) -> None:
        if "engine" in vars(self):
            self.engine.dispose()


class Carrier:
    """Carries what one office sends; any number may."""

    def __init__(self, office: Office, offices: Sequence[Office]) -> None:
        self._office, self._here = office, _House(office)
        self._there = {one.slug: (one, _House(one)) for one in offices if one.slug != office.slug}

    def run(self, stop: threading.Event) -> None:
        """Until told to stop."""
        try:
            while not stop.is_set():
                if not self.turn():
                    stop.wait(GLANCE)
        finally:
            self.close()

    def close(self) -> None:
        """Give the connections back."""
        for one in (self._here, *(house for _, house in self._there.values())):
            one.close()

    def turn(self) -> bool:
        """One sending that is due; False when none is."""
        one = self._claim()
        if one is None:
            return False
        try:
            if one.state == "waiting":
                self._deliver(one)
            else:
                self._ask(one)
        except _AWAY as error:
            log.warning("post waits sending=%s to=%s cause=%s", one.id, one.to_office, type(error).__name__)
            self._note(one)
        except ArchiveError as error:
            self._note(one, state="refused", reason=str(error))
        return True

    def _claim(self) -> Sending | None:
        """A sending that is due, and nobody else's for LEASE."""
        moment = now()
        wanted = sa.select(Sending).where(Sending.next_at <= moment).order_by(Sending.next_at).limit(1)
        with self._here.readers() as session:
            if session.scalar(wanted) is None:
                return None
        with self._here.sessions.begin() as session:
            found = session.scalar(wanted.with_for_update(skip_locked=True))
            if found is not None:
                found.next_at = moment + LEASE
            return found

    def _deliver(self, one: Sending) -> None:
        office, there = self._there.get(one.to_office, (None, None))
        if office is None or there is None:
            self._note(one, state="refused", reason=GONE)
            return
        if not _has(there.sessions, one):
            if kept := _kept(there, one):
                with kept.open("rb") as stream:
                    self._hand_in(one, there, stream)
            else:
                self._carry(one, office, there)
        self._note(one, state="delivered", code="01", reason=self._warning(one))

    def _carry(self, one: Sending, to: Office, there: _House) -> None:
        with tempfile.SpooledTemporaryFile(SMALL) as target:
            number = self._write(one, to, target)
            target.seek(0)
            sha256 = hashlib.file_digest(cast(Any, target), "sha256").hexdigest()
            if _begin(there.sessions, one, self._office, sha256, number):
                target.seek(0)
                self._hand_in(one, there, target)

    def _write(self, one: Sending, to: Office, target: Any) -> str:
        """The message, as it would go to an office outside; the number of the paper in our book."""
        here = self._here
        with here.readers() as session:
            document = session.get_one(Document, one.document_id)
            parcel, entry = export.parcel(session, document, here.settings), register.entry_of(session, document)
        receiver = Organ(to.settings.organ_id, to.name)
        parcel = dataclasses.replace(parcel, told=dataclasses.replace(parcel.told, receivers=(receiver,)))
        derived = Derived(here.settings.data)
        export.write(target, parcel, here.blobs, derived, limits(here.settings), one.sent_at)
        return f"{entry.number}/{entry.year}" if entry else ""

    def _hand_in(self, one: Sending, there: _House, file: Any) -> None:
        taken = front_door.receive(
            there.sessions, there.blobs, there.settings, file, f"{one.id}.edxml", actor=ACTOR, source="office",
            secret=self._is_secret(one), origin=Origin(self._office.name),
        )  # fmt: skip
        _finish(there.sessions, one, taken.first.scan_id)

    def _is_secret(self, one: Sending) -> bool:
        """Whether the paper bears a mark by now; one that is gone went with its quarantine."""
        with self._here.readers() as session:
            document = session.get(Document, one.document_id)
            return document is None or document.secrecy is not None or document.scan.status in WITHHELD

    def _warning(self, one: Sending) -> str:
        return SECRET_NOW if self._is_secret(one) else ""

    def _ask(self, one: Sending) -> None:
        """How far the paper is there: its step, its number, why it did not go into their book. Nothing else is told."""
        _, there = self._there.get(one.to_office, (None, None))
        if there is None:
            self._note(one)
            return
        with there.readers() as session:
            told = _told(session, one.id)
        if told is None:  # restored from a backup older than the delivery: it goes once more, under the same id
            self._note(one, state="waiting", code="", number="", reason="")
            return
        code, number, reason = told
        self._note(one, code=code or one.code, number=number, reason=self._warning(one) or reason)

    def _note(self, one: Sending, **news: str) -> None:
        """What became known of a sending; an event where it is news."""
        with self._here.sessions.begin() as session:
            row = session.get(Sending, one.id, with_for_update=True, populate_existing=True)
            if row is None:  # the paper is in quarantine by now, and nothing of it goes anywhere
                return
            changed = {name: value for name, value in news.items() if getattr(row, name) != value}
            for name, value in changed.items():
                setattr(row, name, value)
            moment = now()
            if changed:
                row.told_at = moment
                facts = {"sending": row.id, "office": row.to_office, "state": row.state, "code": row.code}
                facts |= {"secret_now": "1"} if row.reason == SECRET_NOW else {}
                history.append(session, ACTOR, "sending_told", row.document_id, facts, moment)
            if row.next_at == one.next_at:  # else somebody wants another look at once
                row.next_at = due.after(row, moment)


def _has(there: Sessions, one: Sending) -> bool:
    """Whether the other office has all of it; what a crash left unsaid of that is written down."""
    with there.begin() as session:
        row = session.get(Delivery, one.id, with_for_update=True)
        if row is not None and row.scan_id is None and (scan_id := _taken(session, row.sha256)):
            _tell(session, row, scan_id)
        return row is not None and row.scan_id is not None


def _kept(there: _House, one: Sending) -> Path | None:
    """The message, where their door kept it and then came no farther; none where it lies in their quarantine."""
    with there.readers() as session:
        row = session.get(Delivery, one.id)
        wanted = (
            sa.select(Message.sha256).where(Message.sha256 == row.sha256, sa.not_(Message.withheld)) if row else None
        )
        sha256 = session.scalar(wanted) if wanted is not None else None
    return there.blobs.path(sha256) if sha256 and there.blobs.has(sha256) else None


def _begin(there: Sessions, one: Sending, office: Office, sha256: str, number: str) -> bool:
    """Write down in the other office that this comes; False where another carrier has brought it meanwhile."""
    with there.begin() as session:
        row = session.get(Delivery, one.id, with_for_update=True)
        if row is None:
            row = Delivery(
                id=one.id, from_office=office.slug, from_name=office.name[:300], number=number, sent_by=one.sent_by,
                sent_at=one.sent_at, sha256=sha256,
            )  # fmt: skip
            session.add(row)
        elif row.scan_id is None:
            row.sha256 = sha256
        return row.scan_id is None


def _taken(session: Session, sha256: str) -> str | None:
    """The paper of a message that is here; none where the message was kept and then came no more."""
    message = session.scalar(sa.select(Message).where(Message.sha256 == sha256))
    if message is None:
        return None
    of_message = sa.select(OriginRow.scan_id).where(OriginRow.message_id == message.id).order_by(OriginRow.id)
    return session.scalar(of_message.limit(1))


def _finish(there: Sessions, one: Sending, scan_id: str) -> None:
    with there.begin() as session:
        row = session.get_one(Delivery, one.id, with_for_update=True)
        if row.scan_id is None:
            _tell(session, row, scan_id)


def _tell(session: Session, row: Delivery, scan_id: str) -> None:
    row.scan_id, row.taken_at = scan_id, now()
    history.append(session, ACTOR, "came_from_office", scan_id, {"delivery": row.id, "office": row.from_office})


def _told(session: Session, delivery_id: str) -> tuple[str, str, str] | None:
    """(status, number in the book, reason) of the paper a sending became; None where it is not there.

    Empty of one in quarantine, and of one they had before: what became of that is no news of this sending.
    """
    row = session.get(Delivery, delivery_id)
    if row is None or row.scan_id is None:
        return None
    scan = session.get(Scan, row.scan_id)
    if scan is None or scan.status in WITHHELD or not _came_first(session, row, scan):
        return "", "", ""
    document = session.scalar(sa.select(Document).where(Document.scan_id == scan.id, Document.ordinal == 1))
    found = statuses.of(session, document) if document else []
    if document is None or not found:
        return "", "", ""
    entry = register.entry_of(session, document)
    return found[-1].code, f"{entry.number}/{entry.year}" if entry else "", _why(session, document)


def _came_first(session: Session, row: Delivery, scan: Scan) -> bool:
    """Whether they have the scan by this delivery, by no other door and from no other office before."""
    of_scan = sa.select(OriginRow.message_id).where(OriginRow.scan_id == scan.id).order_by(OriginRow.id).limit(1)
    first = session.get(Message, session.scalar(of_scan) or "")
    return scan.source == KIND and first is not None and first.sha256 == row.sha256


def _why(session: Session, document: Document) -> str:
    """The reason a clerk gave who set it aside."""
    if document.status != "void":
        return ""
    wanted = sa.select(Event).where(Event.subject == document.id, Event.action == "set_aside")
    event = session.scalar(wanted.order_by(Event.seq.desc()).limit(1))
    return str(json.loads(event.data).get("reason", "")) if event else ""
