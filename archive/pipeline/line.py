"""What a step of the line is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import switchboard
from archive.blobs import Blobs, open_blobs
from archive.config import Settings
from archive.database import Sessions
from archive.derived import Derived
from archive.drawings import Layout
from archive.errors import ArchiveError
from archive.jobs.queue import Claim, Next
from archive.models import Scan, StampLayout
from archive.pages import box_of
from archive.safe import Safe
from archive.scans import Limits, Options
from archive.steps import OwnStamps, Plugins


@dataclass(frozen=True)
class Archive:
    """What the steps work with."""

    settings: Settings
    sessions: Sessions
    blobs: Blobs
    derived: Derived
    safe: Safe

    @classmethod
    def of(cls, settings: Settings, sessions: Sessions) -> Archive:
        """The archive of `settings`."""
        data = settings.data
        return cls(settings, sessions, open_blobs(settings.blobs, data), Derived(data), Safe(data))

    @property
    def limits(self) -> Limits:
        """How much a file may ask of us."""
        return limits(self.settings)

    @property
    def keeps_secrets(self) -> bool:
        """Whether papers with a secrecy mark may be read at all."""
        return self.settings.secrets == "allow"


Args = tuple[Any, ...]


@dataclass(frozen=True)
class Step:
    """One step: what it is called with, what it computes in a child, what is kept of the answers.

    `prepare` reads in a short transaction; `save` writes files (they may be written twice); `keep` writes rows in the
    finishing transaction and says what is to be done next. Each is safe to repeat.
    """

    name: str
    prepare: Callable[[Session, Archive, Claim], Sequence[Args]]
    work: str | None
    """The function the child calls once for each of `prepare`'s arguments."""
    keep: Callable[[Session, Archive, Scan, Claim, Sequence[Any]], Iterable[Next]]
    seconds: Callable[[Settings], float]
    """Wall clock of one call."""
    share: float = 1.0
    """How much of it a call may compute, with all that it starts; who uses that up gets no second try."""
    opens: bool = False
    """It looks at pages: those of an office file must have been made by then."""
    save: Callable[[Archive, Claim, Sequence[Any]], None] | None = None
    instead: Callable[[Claim, Args, ArchiveError], Any] | None = None
    """What stands for an answer that cannot be had; None: the whole step fails."""
    lost: Callable[[Session, Claim], int] | None = None
    """How many pages of the scan have brought the child down by now; see IN_VAIN of archive/pipeline/reading.py."""


def limits(settings: Settings) -> Limits:
    """The limits `settings` set on a file."""
    return Limits(settings.max_pages, settings.max_page_megapixels * 1_000_000)


def options(settings: Settings) -> Options:
    """How pages are read under `settings`."""
    return Options(limits(settings), engine=settings.ocr_engine)


def plugins(session: Session, settings: Settings) -> Plugins:
    """The plugins in force: all but those an administrator disabled, of the drop-in ones those he switched on."""
    return Plugins(
        str(settings.plugin_dir), switchboard.disabled(session), settings.province,
        order=switchboard.order(session), allowed=switchboard.allowed(session),
    )  # fmt: skip


def own_stamps(session: Session, settings: Settings) -> OwnStamps:
    """The office's name and the stamps it taught, the latest first."""
    rows = session.scalars(sa.select(StampLayout).order_by(StampLayout.taught_at.desc()))
    return OwnStamps((settings.office,) if settings.office else (), tuple(map(layout_of, rows)))


def layout_of(row: StampLayout) -> Layout:
    """A taught stamp as it is read by."""
    fields = {name: found for name, box in row.fields.items() if (found := box_of(box))}
    return Layout(row.name, row.words, row.width, row.height, fields)
