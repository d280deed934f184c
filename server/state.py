"""What one web process holds open: made when first asked for, so that importing and forking stay cheap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flask import current_app

from archive import switchboard, whose
from archive.blobs import Blobs, open_blobs
from archive.blobs.probe import Probe
from archive.children import Child
from archive.config import Settings
from archive.database import PAUSE, Sessions, open_engine, readers, sessions
from archive.derived import Derived
from archive.host import age
from archive.jobs import Dispatcher, open_jobs, telling
from archive.keyring import Keyring
from archive.scanner.finding import Roster
from archive.scanner.folders import Batches
from archive.scanner.runs import Runs
from archive.search import Index, open_search
from archive.tally import Tally
from server.oidc import Provider

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa
    from sqlalchemy.orm import Session

    from archive.host import Plugin
    from archive.offices import Office

SECONDS = 120.0
"""For loading every plugin once."""


@dataclass(frozen=True)
class State:
    """The settings and everything that follows from them."""

    settings: Settings
    office: Office | None = None
    """Which one it is, where this installation serves several."""
    offices: tuple[Office, ...] = ()
    """All of them: names only are asked of the others here."""

    @cached_property
    def engine(self) -> sa.Engine:
        """The one database. NotItsOwn where it is another office's."""
        engine = open_engine(self.settings.database_url, longest=PAUSE)
        return whose.opened(engine, self.office.slug) if self.office else engine

    @cached_property
    def sessions(self) -> Sessions:
        """Sessions that may write."""
        return telling(sessions(self.engine), self.jobs)

    @cached_property
    def readers(self) -> Sessions:
        """Sessions that only read."""
        return readers(self.engine)

    @cached_property
    def jobs(self) -> Dispatcher:
        """What carries word of work to the workers."""
        return open_jobs(self.settings)

    @property
    def keyring(self) -> Keyring:
        """The key that seals secrets."""
        return Keyring(self.settings.key_path)

    @cached_property
    def provider(self) -> Provider | None:
        """The province's sign-in server; None where none is configured."""
        return Provider(self.settings) if self.settings.oidc_issuer else None

    @cached_property
    def blobs(self) -> Blobs:
        """The originals."""
        return open_blobs(self.settings.blobs, self.settings.data)

    @cached_property
    def store(self) -> Probe:
        """Whether the store of originals answers."""
        return Probe(self.blobs)

    @cached_property
    def derived(self) -> Derived:
        """Page images and other projections."""
        return Derived(self.settings.data)

    @cached_property
    def search(self) -> Index:
        """The search index."""
        return open_search(self.settings.search, self.settings.data, self.settings.database_url)

    @cached_property
    def tally(self) -> Tally:
        """What the processes of this machine count."""
        return Tally(self.settings.data)

    @cached_property
    def batches(self) -> Batches:
        """Pages that were scanned and not handed in yet."""
        return Batches(self.settings.data)

    @cached_property
    def runs(self) -> Runs:
        """The scanners at work."""
        return Runs(self.settings, self.batches)

    @cached_property
    def roster(self) -> Roster:
        """Which scanners there are."""
        return Roster()

    def plugins(self, session: Session) -> tuple[Plugin, ...]:
        """The plugins as they are now, for the administrator's pages.

        Code of others is loaded in a child, which forks to try it: this process has threads and must not fork. What
        nobody switched on is told of, not loaded.
        """
        order, allowed = switchboard.order(session), switchboard.allowed(session)
        key = (order, allowed, age(self._folder))
        found = self._found.get(key)
        if found is None:
            found = self._in_child("found", order, allowed)
            self._found.clear()
            self._found[key] = found
        return found

    def tried(self, slug: str) -> Plugin | None:
        """One plugin, loaded though it may be switched off: who asks is about to switch it on."""
        plugin: Plugin | None = self._in_child("tried", slug)
        return plugin

    def _in_child(self, step: str, *args: object) -> Any:
        folder = self._folder and str(self._folder.absolute())
        with Child(name="plugins") as child:
            return child.run(f"archive.steps:{step}", folder, *args, wall=SECONDS, cpu=SECONDS)

    @property
    def _folder(self) -> Path | None:
        return self.settings.plugin_dir if self.settings.plugin_dir.is_dir() else None

    @cached_property
    def _found(self) -> dict[object, tuple[Plugin, ...]]:
        """What the last look said, for as long as nothing in the folder changes."""
        return {}


def state() -> State:
    """The state of the running application."""
    found: State = current_app.extensions["vanthu"]
    return found
