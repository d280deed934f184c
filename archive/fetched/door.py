"""One turn through the mailboxes: each letter is kept, its papers come in, and when that is committed it is moved.

Bytes decide: a letter that was seen before, in this mailbox or another, is the same letter, and so are its papers. So
a turn may end anywhere, and any number of processes may take turns; on one machine one at a time has a mailbox.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from archive import front_door, history, intake, ledger, messages, origins
from archive.blobs import Blobs
from archive.children import Child
from archive.config import Settings
from archive.database import Sessions
from archive.edxml.opening import IN_ZIP
from archive.errors import ArchiveError, BadSettings, DiskFull, NotTaken, Refused
from archive.fetched.accounts import Account, Rule
from archive.fetched.opening import REFUSED, Letter, Part
from archive.fetched.server import MailAway, Mailbox, opened
from archive.front_door import Taken
from archive.intake import kept_name
from archive.models import WITHHELD, Message, now
from archive.origins import Envelope, Origin
from archive.safe import Safe
from archive.watched import places

ACTOR = "fetch"
"""Who events of the mail are said to be by."""
SOURCE = "mail"
SECONDS, COMPUTING = 180.0, 90.0
"""For taking a letter apart: by the clock, and of processor time."""
MOST_BYTES = 100 << 20
"""Of a letter, whatever the settings allow a file: taking it apart needs several times its size in memory."""
TRIES = 2
"""How often a letter may bring the child down before it is put aside."""
WHOLE = 7 / 5
"""A letter is so much larger than what is in it: base64 and headers."""
UNOPENED = "Không mở được thư này trong giới hạn thời gian và bộ nhớ; thư gốc vẫn được lưu nguyên."
log = logging.getLogger(__name__)


@dataclass
class Turn:
    """What one turn came to."""

    taken: int = 0
    """Letters all of whose papers are in the archive, with those that had none."""
    refused: int = 0
    waiting: int = 0
    trouble: str = ""


@dataclass
class _Outcome:
    """What became of one letter."""

    parts: list[dict[str, Any]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)
    """Ids of the messages and ZIPs in it; a withheld one says there what the letter must not say, either."""
    withheld: bool = False

    @property
    def is_refused(self) -> bool:
        return bool(self.reasons) or self.withheld


class Door:
    """All mailboxes of the settings; a context manager, for letters are opened in a child."""

    def __init__(self, settings: Settings, sessions: Sessions, blobs: Blobs) -> None:
        self._settings, self._sessions, self._blobs = settings, sessions, blobs
        self._child = Child(name="mail")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.close()

    def turn(self, stop: Callable[[], bool] = lambda: False) -> Turn:
        """Look into every mailbox once. One that is away, or a letter made to hurt, holds up no other."""
        done = Turn()
        with self._sessions() as session:
            session.connection(execution_options={"reading": True})
            known = places.load(session)
        for account in self._settings.mail:
            try:
                with _alone(self._settings.data, account) as ours:
                    if ours:
                        with opened(account) as box:
                            self._letters(account, box, known, done, stop)
            except (MailAway, BadSettings, NotTaken, DiskFull) as error:
                done.trouble = str(error)
                log.warning("fetch waits cause=%s", type(error.__cause__ or error).__name__)
        return done

    def _letters(self, account: Account, box: Mailbox, known: places.Map, done: Turn, stop: Callable[[], bool]) -> None:
        waiting = box.waiting()
        done.waiting += len(waiting)
        for uid in waiting:
            if stop():
                return
            outcome = self._letter(account, box, uid, known)
            done.waiting -= 1
            if outcome is None:
                continue
            box.put_aside(uid, refused=outcome.is_refused)
            done.taken, done.refused = done.taken + (not outcome.is_refused), done.refused + outcome.is_refused

    def _letter(self, account: Account, box: Mailbox, uid: str, known: places.Map) -> _Outcome | None:
        """None: it is gone, another process was quicker."""
        size, most = box.size(uid), min(MOST_BYTES, int((self._settings.max_upload_mb << 20) * WHOLE))
        if size is not None and size > most:
            with self._sessions.begin() as session:
                ledger.note_refusal(session, ACTOR, SOURCE, "too_large", size, now())
            return _Outcome(reasons=["too_large"])
        content = box.content(uid) if size is not None else None
        return self.take(account, content, known) if content else None

    def take(self, account: Account, content: bytes, known: places.Map) -> _Outcome:
        """Keep a letter and what is in it. NotTaken, DiskFull: our own trouble, it is to be tried again."""
        intake.need_room(self._blobs, self._settings)
        letter, outcome = self._open(content)
        rule = account.rule(letter.sender, letter.subject)
        with intake.refusing():
            message = origins.keep(
                self._sessions, self._blobs, Safe(self._settings.data), io.BytesIO(content),
                _envelope(letter, account), limit=len(content), actor=ACTOR, secret=self._is_secret(letter, rule),
            )  # fmt: skip
        origin = Origin(account.label, known.unit(rule.unit), known.book(rule.book), message)
        for part in letter.parts:
            self._part(part, rule, origin, outcome)
        self._tell(message, outcome)
        log.info("fetch kept message=%s papers=%d refused=%s", message, len(letter.papers), outcome.is_refused)
        return outcome

    def _is_secret(self, letter: Letter, rule: Rule) -> bool:
        """By the rule, or for a file that is in quarantine: the rule may leave that out."""
        if rule.secret and self._settings.secrets != "allow":
            return True
        with self._sessions() as session:
            hashes = (hashlib.sha256(part.content).hexdigest() for part in letter.parts if part.content)
            return messages.has_withheld(session, hashes)

    def _open(self, content: bytes) -> tuple[Letter, _Outcome]:
        for _ in range(TRIES):
            try:
                letter = self._child.run(
                    "archive.fetched.opening:open_letter", content, wall=SECONDS, cpu=COMPUTING
                )  # fmt: skip
                return letter, _Outcome()
            except ArchiveError as error:
                why = str(error) if type(error).__name__ == "Unreadable" else UNOPENED
        return Letter(), _Outcome(reasons=[why])

    def _part(self, part: Part, rule: Rule, origin: Origin, outcome: _Outcome) -> None:
        told: dict[str, Any] = {"name": kept_name(part.name), "size": part.size, "why": part.why}
        outcome.parts.append(told)
        if rule.ignore:
            told["why"] = "ignored"
        elif part.why in REFUSED:
            outcome.reasons.append(part.why)
        elif not part.why:
            self._receive(part, rule, origin, outcome, told)

    def _receive(self, part: Part, rule: Rule, origin: Origin, outcome: _Outcome, told: dict[str, Any]) -> None:
        try:
            taken = front_door.receive(
                self._sessions, self._blobs, self._settings, io.BytesIO(part.content), part.name, actor=ACTOR,
                source=SOURCE, urgent=rule.urgent, secret=rule.secret, origin=origin,
            )  # fmt: skip
        except (NotTaken, DiskFull):
            raise
        except Refused as error:
            told["why"] = "refused"
            outcome.reasons.append(str(error))
        else:
            _note(taken, outcome, told)

    def _tell(self, message_id: str, outcome: _Outcome) -> None:
        """What became of its parts, beside what it says; of a withheld one nothing is told."""
        with self._sessions.begin() as session:
            message = session.get_one(Message, message_id, with_for_update=True, populate_existing=True)
            messages.withhold_around(session, self._blobs, Safe(self._settings.data), message, outcome.inside)
            outcome.withheld |= message.withheld
            if message.withheld:
                return
            before, message.facts = message.facts, _with(message.facts, outcome)
            if outcome.reasons and not before.get("refused"):
                history.append(session, ACTOR, "message_refused", message_id, {"parts": len(outcome.reasons)}, now())


@contextlib.contextmanager
def _alone(data: Path, account: Account) -> Iterator[bool]:
    """Whether no other process of this machine is at the mailbox: some servers make two of a letter that two move."""
    name = hashlib.sha256(f"{account.host}:{account.at_port}/{account.label}".encode()).hexdigest()[:16]
    place = data / "doors"
    place.mkdir(parents=True, exist_ok=True)
    with (place / f"{name}.lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _note(taken: Taken, outcome: _Outcome, told: dict[str, Any]) -> None:
    """What came of a part that was taken; of files that stay in a message, people are told as of those in a letter."""
    if taken.received:
        told["scan"] = taken.first.scan_id
    if taken.message:
        told["message"] = taken.message
        outcome.inside.append(taken.message)
    outcome.reasons += [f"{name}: {why}" for name, why in taken.left_out if why != IN_ZIP]
    outcome.withheld |= any(one.status in WITHHELD for one in taken.received)


def _with(facts: Mapping[str, Any], outcome: _Outcome) -> dict[str, Any]:
    return {**facts, "parts": outcome.parts, "refused": outcome.reasons}


def _envelope(letter: Letter, account: Account) -> Envelope:
    sender = f"{letter.name} <{letter.sender}>" if letter.name else letter.sender
    facts = {"subject": letter.subject, "date": letter.date, "parts": [], "refused": []}
    return Envelope("mail", letter.key, sender, account.label, facts)
