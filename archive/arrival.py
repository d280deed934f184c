"""A file at a door: where it came in, and what is the same for all that may hold other files.

Messages and ZIPs are opened in a child and kept whole, and then their files go through the ordinary intake. Refused
means that nothing was kept. A crash after the message was kept leaves it without some of its files; nobody was told
that it came, its sender sends it again, and every part of it is taken once.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from archive import intake, messages, office_files, origins, scans, soffice
from archive.blobs import Blobs, too_large
from archive.children import Child
from archive.config import Settings
from archive.database import Sessions
from archive.enclosed import File
from archive.errors import ArchiveError, BadMessage, Refused
from archive.intake import Received, kept_name
from archive.kinds import EMPTY, OTHER
from archive.origins import Envelope, Origin
from archive.safe import Safe

SECONDS = 120.0
"""For opening a message; 200 MB take 10 s."""
LISTED = 20
"""Files named in a sentence."""
NO_OFFICE = "tệp Word hoặc Excel, máy chủ chưa cài LibreOffice"
TOO_SLOW = (
    "Thông điệp edXML hoặc tệp ZIP không mở được trong giới hạn thời gian và bộ nhớ. Chưa nhận gì; tệp vẫn ở bên gửi."
)


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer at the door: of a message the paper itself first, then its appendixes."""

    received: tuple[Received, ...]
    message: str | None = None
    """Id of the message; None for an ordinary file."""
    kind: str = ""
    """Of the message: edxml | zip."""
    left_out: tuple[tuple[str, str], ...] = ()
    """(name, reason) of files that stay in the message alone."""

    @property
    def first(self) -> Received:
        """What a door that knows of one file says."""
        return self.received[0]


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a file came in, and what is known of it there."""

    sessions: Sessions
    blobs: Blobs
    settings: Settings
    filename: str
    actor: str
    source: str
    urgent: bool
    secret: bool
    origin: Origin | None
    """None: a door without places has nothing to say of where it lay."""
    at: dt.datetime

    @property
    def place(self) -> Origin:
        """Where it lay, as far as the door says."""
        return self.origin or Origin()

    @property
    def most(self) -> int:
        """Bytes of the largest file that is taken."""
        return self.settings.max_upload_mb << 20

    def receive(self, stream: BinaryIO, media_type: str | None = None) -> Received:
        """The file itself through the ordinary intake."""
        return intake.receive(
            self.sessions, self.blobs, self.settings, stream, self.filename, actor=self.actor, source=self.source,
            urgent=self.urgent, secret=self.secret, origin=self.origin, at=self.at, media_type=media_type,
        )  # fmt: skip

    def receive_from(
        self, message: str, kind: str, file: Path, name: str, media_type: str, *, urgent: bool = False,
        secret: bool = False,
    ) -> Received:  # fmt: skip
        """A file that a child took out of a message; `urgent`, `secret`: the message says so, besides the door."""
        inner = dataclasses.replace(
            self, filename=name, source=kind, urgent=self.urgent or urgent, secret=self.secret or secret,
            origin=self._inside(message),
        )  # fmt: skip
        with opened(file) as stream:
            return inner.receive(stream, media_type)

    def _inside(self, message: str) -> Origin:
        """Of a file in a message: that message, and the letter which this lay in."""
        here, letter = self.place, None
        if here.message:
            letter = dataclasses.replace(here, source=self.source, filename=kept_name(self.filename))
        return Origin(here.label, here.unit, here.book, message, carrier=letter)

    def copied(self, stream: BinaryIO, file: Path) -> Path:
        """The file as `file`, for a child to open. ScanTooLarge."""
        with file.open("xb") as target:
            while piece := stream.read(1 << 20):
                if target.tell() + len(piece) > self.most:
                    raise too_large(self.most)
                target.write(piece)
        return file

    def leave_reserve(self, size: int) -> None:
        """DiskFull where message and files would not fit: a message must not be kept whose files are then refused."""
        intake.need_room(self.blobs, self.settings, size)

    def keep(self, file: Path, envelope: Envelope, *, secret: bool) -> str:
        """Keep the message whole, before any of its files is taken; its id."""
        with file.open("rb") as stream:
            return origins.keep(
                self.sessions, self.blobs, Safe(self.settings.data), stream, envelope, limit=self.most,
                actor=self.actor, at=self.at, secret=secret,
            )  # fmt: skip

    def is_withheld(self, hashes: Iterable[str], *, said: bool) -> bool:
        """Whether a message is secret from the first moment on: somebody says so, or a file of it is in quarantine."""
        with self.sessions() as session:
            known = messages.has_withheld(session, hashes)
        return known or (said and self.settings.secrets != "allow")


def ask(child: Child, function: str, *args: object) -> object:
    """What the child answers; BadMessage where it died, or was too slow."""
    try:
        return child.run(function, *args, wall=SECONDS, cpu=SECONDS / 2)
    except Refused:
        raise
    except ArchiveError as error:
        raise BadMessage(TOO_SLOW) from error


def opened(file: Path) -> BinaryIO:
    """A file a child wrote, which is no link: one that was taken over may have written anything there."""
    return os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW), "rb")


def named(files: Sequence[File]) -> str:
    """What a refusal says of the files it is about."""
    said = "; ".join(f"{kept_name(one.name)}: {one.why}" for one in files[:LISTED])
    return f" ({said})" if said else ""


def left_out(files: Sequence[File]) -> tuple[tuple[str, str], ...]:
    """(name, reason) of those that stay where they came in."""
    return tuple((kept_name(one.name), one.why) for one in files if one.why)


def judged(child: Child, files: Sequence[File], folder: Path) -> tuple[File, ...]:
    """The files with the kinds of their contents: neither their names are believed nor what a child says."""
    return tuple(_judged(child, one, folder / str(one.number)) for one in files)


def _judged(child: Child, file: File, path: Path) -> File:
    if file.why:
        return file
    media_type, why = _kind(child, path)
    return dataclasses.replace(file, media_type=media_type, why=why)


def _kind(child: Child, file: Path) -> tuple[str, str]:
    """(media type, "") of a file by its contents, ("", reason) of one that stays in the message."""
    with opened(file) as stream:
        head = stream.read(scans.HEAD)
    try:
        return scans.sniff(head), ""
    except Refused:
        office = office_kind(child, file)
    if office and soffice.program() is None:
        return "", NO_OFFICE
    return (office, "") if office else ("", OTHER if head else EMPTY)


def office_kind(child: Child, file: Path) -> str | None:
    """The media type of a Word or Excel file, which stands farther inside; None of any other file."""
    with opened(file) as stream:
        if not office_files.may_be_one(stream.read(office_files.HEAD)):
            return None
    found = ask(child, "archive.office_files:kind", str(file))
    return found if isinstance(found, str) and found in office_files.FORMS else None
