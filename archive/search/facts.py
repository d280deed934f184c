"""What the database says of each paper, as arrays: a common word stands in most of the archive, and a row of each hit
costs a hundred times what adding up numbers does.

The arrays of the whole archive are kept until anybody commits anything to the database, which itself tells that
something was committed (`_mark`): a paper that was closed to somebody a moment ago is closed here, too.
"""

from __future__ import annotations

import functools
import json
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import Document, RegisterEntry, Unit
from archive.search.conditions import Condition, listed
from archive.search.entry import Flags, Found, Ids, Weights

FEW, SHARE = 500, 8
"""So many documents are asked for by themselves sooner than the whole archive is read again; of a large one, one in
so many."""
KEPT_MASKS = 64
"""Conditions (one for each unit's eyes, mostly) whose documents are known until the next commit."""

Value = str | None
Order = npt.NDArray[np.intp]


Asks = Session | sa.Connection


class Column:
    """One column: a number for each document and what the numbers stand for."""

    def __init__(self, values: Iterable[Value]) -> None:
        numbers: dict[Value, int] = {}
        self.codes: Ids = np.fromiter((numbers.setdefault(value, len(numbers)) for value in values), np.int32)
        self.values: list[Value] = list(numbers)

    def where(self, holds: Callable[[Value], bool]) -> Flags:
        """The documents whose value is so."""
        return np.fromiter(map(holds, self.values), np.bool_, len(self.values))[self.codes]

    @cached_property
    def ranks(self) -> Ids:
        """Of each document, the place of its value among all values; none comes first."""
        order = sorted(range(len(self.values)), key=lambda code: self.values[code] or "")
        places = np.empty(len(order), np.int32)
        places[order] = np.arange(len(order), dtype=np.int32)
        return places[self.codes]


_COLUMNS = {
    "id": Document.id, "type": Document.document_type, "issuer": Document.issuing_organ, "date": Document.date,
    "unit": Document.unit_id, "status": Document.status, "province": Document.province_current,
    "came": sa.cast(Document.created_at, sa.String),
}  # fmt: skip
_ROWS: sa.Select[*tuple[Any, ...]] = sa.select(*(column.label(name) for name, column in _COLUMNS.items()))
_ARRIVED = sa.select(
    RegisterEntry.document_id, sa.func.max(sa.cast(RegisterEntry.arrived_on, sa.String)).label("day")
).group_by(RegisterEntry.document_id)


def _lists(asks: Asks, statement: sa.SelectBase) -> list[list[Any]]:
    """The columns of the answer, each as one text: a row for each document costs three times as much."""
    together = sa.func.json_group_array if _dialect(asks).name == "sqlite" else sa.func.json_agg
    table = statement.subquery()
    cells = asks.execute(sa.select(*(sa.cast(together(column), sa.Text) for column in table.columns))).one()
    return [json.loads(cell or "[]") for cell in cells]


class Facts:
    """Documents at one moment, each known by its place in the arrays."""

    def __init__(self, asks: Asks, only: Sequence[str] | None = None) -> None:
        """Of every document, or `only` of those with these ids."""
        self._only = None if only is None else listed(_dialect(asks), only)
        rows, arrived = _ROWS, _ARRIVED
        if self._only is not None:
            rows = rows.where(Document.id.in_(self._only))
            arrived = arrived.where(RegisterEntry.document_id.in_(self._only))
        self._values: dict[str, list[Any]] = dict(zip(_COLUMNS, _lists(asks, rows), strict=True))
        self._arrived: dict[str, str] = dict(zip(*_lists(asks, arrived), strict=True))
        self._units: dict[Value, str] = dict(zip(*_lists(asks, sa.select(Unit.id, Unit.name)), strict=True))
        self._columns: dict[str, Column] = {}
        self._masks: dict[str, Flags] = {}
        self._ranks: dict[str, Ids] = {}
        self._places: tuple[Sequence[str], Ids] | None = None

    @property
    def ids(self) -> list[str]:
        """By place."""
        return self._values["id"]

    def column(self, name: str) -> Column:
        """type, issuer, year, unit (its name), status, province, date, came (as text), arrival (the day, or came)."""
        if name not in self._columns:
            self._columns[name] = Column(self._made(name))
        return self._columns[name]

    def _made(self, name: str) -> Iterable[Value]:
        if name == "year":
            return (day and day[:4] for day in self._values["date"])
        if name == "unit":
            return map(self._units.get, self._values["unit"])
        if name == "arrival":
            return map(lambda one, came: self._arrived.get(one) or came, self.ids, self._values["came"])
        return self._values[name]

    @cached_property
    def place(self) -> dict[str, int]:
        """By id."""
        return {name: place for place, name in enumerate(self.ids)}

    def places(self, found: Found) -> Ids:
        """Of what the engine found; -1 for what the database does not have."""
        if self._only is not None:
            names = map(found.names.__getitem__, found.numbers.tolist())
            return np.fromiter((self.place.get(name, -1) for name in names), np.int32, len(found.numbers))
        kept = self._places  # once: another thread may ask with another generation of the index
        if kept is None or kept[0] is not found.names:
            every = (self.place.get(name, -1) for name in found.names)
            kept = self._places = found.names, np.fromiter(every, np.int32, len(found.names))
        return kept[1][found.numbers]

    def mask(self, asks: Asks, condition: Condition) -> Flags:
        """The documents for which the database says that `condition` holds."""
        key = _spelled(asks, condition)
        if key not in self._masks:
            # Not as it is: SQLite would take the index of a column that hardly any document fails.
            wanted = sa.select(Document.id).where(sa.case((condition, 1), else_=0) == 1)
            if self._only is not None:
                wanted = wanted.where(Document.id.in_(self._only))
            flags = np.zeros(len(self.ids), np.bool_)
            flags[[self.place[name] for name in _lists(asks, wanted)[0] if name in self.place]] = True
            while len(self._masks) >= KEPT_MASKS:
                self._masks.pop(next(iter(self._masks)))
            self._masks[key] = flags
        return self._masks[key]

    def ranks(self, name: str) -> Ids:
        """Of each document its place when sorted by a column, then by when it came, then by id; the last is shown
        first."""
        if name not in self._ranks:
            by_id = np.empty(len(self.ids), np.int32)
            by_id[sorted(range(len(self.ids)), key=self.ids.__getitem__)] = np.arange(len(self.ids), dtype=np.int32)
            order = np.lexsort((by_id, self.column("came").ranks, self.column(name).ranks))
            ranks = np.empty(len(order), np.int32)
            ranks[order] = np.arange(len(order), dtype=np.int32)
            self._ranks[name] = ranks
        return self._ranks[name]


def _dialect(asks: Asks) -> sa.Dialect:
    bind: sa.Engine | sa.Connection = asks.get_bind() if isinstance(asks, Session) else asks
    return bind.dialect


def _spelled(asks: Asks, condition: Condition) -> str:
    compiled = condition.compile(dialect=_dialect(asks))
    return f"{compiled} {compiled.params!r}"


class _Kept:
    """What is known of one database, by all threads of this process."""

    def __init__(self, engine: sa.Engine) -> None:
        self.lock = threading.RLock()
        self._mark: object = None
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
        """All documents, where they are known and nothing was committed since."""
        with self._asking(session) as asks:
            return self._facts if self._facts and self._mark == _mark(asks) else None

    def whole(self, session: Session) -> Facts:
        """All documents as they are now."""
        with self._asking(session) as asks:
            mark = _mark(asks)  # before: what is committed while we read is read again the next time
            if self._facts is None or self._mark != mark:
                self._facts, self._mark = None, mark
                self._facts = Facts(asks)
            return self._facts

    def mask(self, session: Session, facts: Facts, condition: Condition) -> Flags:
        """Of `facts` of all documents."""
        with self._asking(session) as asks:
            return facts.mask(asks, condition)


def _mark(asks: sa.Connection) -> object:
    """Another one after each commit of any process; one of its own for who has written and not committed."""
    if asks.dialect.name == "sqlite":
        alone = asks.engine.url.database in (None, "", ":memory:")  # a connection is not told of its own commits
        return object() if alone else asks.exec_driver_sql("PRAGMA data_version").scalar()
    writes, seen = sa.func.pg_current_xact_id_if_assigned(), sa.cast(sa.func.pg_current_snapshot(), sa.Text)
    row = asks.execute(sa.select(sa.cast(writes, sa.Text), seen)).one()
    return object() if row[0] else row[1]


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
        return self.mask(facts, self.user_filter) if self.restricted else np.ones(len(facts.ids), np.bool_)

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
        """Of the whole archive where they are at hand or worth it: right after a commit few documents are asked for
        by themselves."""
        if self._whole is None:
            self._whole = self._kept.current(self.session)
        if self._whole is None and len(found.numbers) <= max(FEW, len(found.names) // SHARE):
            return Facts(self.session, [found.names[number] for number in found.numbers.tolist()])
        return self.whole()


def plain(facts: Facts, places: Ids) -> Seen:
    """Documents of which no more is known than that they are wanted."""
    return Seen(facts, places, np.zeros(len(places), np.float32), np.ones(len(places), np.bool_))
