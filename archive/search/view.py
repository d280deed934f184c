"""What one person may see of what was found.

The facts of the whole archive are kept, and before each question what was changed since is asked again: the database
itself tells of every commit, and of the papers it changed (changes.py). A paper that was closed to somebody a moment
ago is closed here, too.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.search import changes
from archive.search.conditions import Condition
from archive.search.entry import Flags, Found, Ids, Weights
from archive.search.facts import FEW, SHARE, Facts, Order, most_changes


class _Kept:
    """What is known of one database, by all threads of this process."""

    def __init__(self, engine: sa.Engine) -> None:
        self.lock = threading.RLock()
        self._moment = changes.Moment(None)
        self._facts: Facts | None = None
        self._own: sa.Engine | None = None
        if engine.dialect.name == "sqlite" and engine.url.database not in (None, "", ":memory:"):
            # A connection that never writes: what it is told of commits is then of all the others'.
            self._own = sa.create_engine(
                engine.url, poolclass=sa.StaticPool, hide_parameters=True,
                connect_args={"timeout": 30, "isolation_level": None, "check_same_thread": False},
            )  # fmt: skip
            weakref.finalize(self, self._own.dispose)

    @contextmanager
    def _asking(self, session: Session) -> Iterator[sa.Connection]:
        """Where the committed state of this moment is asked: a session on SQLite may look at an older one."""
        with self.lock:
            if self._own:
                with self._own.connect() as connection:
                    yield connection
            else:
                yield session.connection()

    def current(self, session: Session) -> Facts | None:
        """All documents as they are now, where little was changed since they were read."""
        with self._asking(session) as asks:
            return self._told(asks, *changes.now(asks))

    def whole(self, session: Session) -> Facts:
        """All documents as they are now."""
        with self._asking(session) as asks:
            moment, own = changes.now(asks)  # before: what is committed while we read is asked again the next time
            return self._told(asks, moment, own) or self._read(asks, moment, own)

    def _told(self, asks: sa.Connection, moment: changes.Moment, own: bool) -> Facts | None:
        if self._facts is None or (not own and moment == self._moment):
            return self._facts
        if self._facts.worn or not changes.watched(asks):
            return None
        ids = changes.since(asks, self._moment, moment, most_changes(self._facts.size))
        if ids is None:
            return None
        facts = self._facts.changed(asks, ids) if ids else self._facts
        return facts if own else self._keep(facts, moment)

    def _read(self, asks: sa.Connection, moment: changes.Moment, own: bool) -> Facts:
        if own:
            return Facts(asks)
        self._facts = None  # its room is needed
        return self._keep(Facts(asks), moment)

    def _keep(self, facts: Facts, moment: changes.Moment) -> Facts:
        self._facts, self._moment = facts, moment
        return facts

    def mask(self, session: Session, facts: Facts, condition: Condition) -> Flags:
        """Of `facts` of all documents."""
        with self._asking(session) as asks:
            return facts.mask(asks, condition)


_kept: weakref.WeakKeyDictionary[sa.Pool, _Kept] = weakref.WeakKeyDictionary()
_making = threading.Lock()


def _of(session: Session) -> _Kept:
    engine = session.get_bind().engine
    with _making:
        kept = _kept.get(engine.pool)
        if kept is None:
            kept = _kept[engine.pool] = _Kept(engine)
        return kept


@dataclass(frozen=True, eq=False)
class Seen:
    """Documents one person may see, by their places in `facts`, best first."""

    facts: Facts
    places: Ids
    scores: Weights
    whole: Flags

    def kept(self, which: Flags | Order) -> Seen:
        """Those of them that are `which`, or in another order."""
        return Seen(self.facts, self.places[which], self.scores[which], self.whole[which])

    def ids(self, most: int | None = None) -> list[str]:
        """The first `most`."""
        return [self.facts.ids[place] for place in self.places[:most].tolist()]


class View:
    """What one person may see, for the time of one search."""

    def __init__(self, session: Session, user_filter: Condition) -> None:
        self.session, self.user_filter = session, user_filter
        self.restricted = not isinstance(user_filter, sa.True_)
        self._kept = _of(session)
        self._whole: Facts | None = None

    def whole(self) -> Facts:
        """Every document of the archive."""
        if self._whole is None:
            self._whole = self._kept.whole(self.session)
        return self._whole

    def mask(self, facts: Facts, condition: Condition) -> Flags:
        """The documents for which `condition` holds."""
        if facts is self._whole:
            return self._kept.mask(self.session, facts, condition)
        return facts.mask(self.session, condition)

    def allowed(self, facts: Facts) -> Flags:
        """The documents this person may see."""
        return self.mask(facts, self.user_filter) if self.restricted else facts.alive

    def all(self, *conditions: Condition) -> Seen:
        """Every document for which the conditions hold, in no order."""
        facts = self.whole()
        flags = functools.reduce(np.logical_and, (self.mask(facts, one) for one in conditions), self.allowed(facts))
        return plain(facts, np.flatnonzero(flags).astype(np.int32))

    def seen(self, found: Found) -> Seen:
        """What of `found` this person may see."""
        facts = self._facts_for(found)
        places = facts.places(found)
        kept = places >= 0
        if self.restricted:
            kept &= self.allowed(facts)[places]
        return Seen(facts, places, found.scores, found.whole).kept(kept)

    def _facts_for(self, found: Found) -> Facts:
        """Of the whole archive where they are at hand or worth it: else few documents are asked for by themselves."""
        if self._whole is None:
            self._whole = self._kept.current(self.session)
        if self._whole is None and len(found.numbers) <= max(FEW, len(found.names) // SHARE):
            return Facts(self.session, [found.names[number] for number in found.numbers.tolist()])
        return self.whole()


def plain(facts: Facts, places: Ids) -> Seen:
    """Documents of which no more is known than that they are wanted."""
    return Seen(facts, places, np.zeros(len(places), np.float32), np.ones(len(places), np.bool_))
