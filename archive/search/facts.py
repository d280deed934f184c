"""What the database says of each paper, as arrays: a common word stands in most of the archive, and a row of each hit
costs a hundred times what adding up numbers does.

They are of one moment; what was changed since is asked again for those papers alone (view.py).
"""

from __future__ import annotations

import copy
import itertools
import json
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import Document, RegisterEntry, Unit
from archive.search.columns import Column, Numbers, Value, longer, sorts
from archive.search.conditions import Condition, listed
from archive.search.entry import Flags, Found, Ids

FEW, SHARE = 500, 8
"""So many documents are asked for by themselves sooner than the whole archive is read again; of a large one, one in
so many."""
KEPT_MASKS = 64
"""Conditions (one for each unit's eyes, mostly) whose documents are known."""
MOST_TOLD = 100_000
"""So often the arrays are told of changes; then everything is read anew, without what is long gone."""

Order = npt.NDArray[np.intp]
Asks = Session | sa.Connection


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


@dataclass(frozen=True)
class _Mask:
    """The documents for which a condition holds."""

    flags: Flags
    told: int
    """So many of the changes it knows."""


class Facts:
    """Documents at one moment, each known by its place in the arrays."""

    def __init__(self, asks: Asks, only: Sequence[str] | None = None) -> None:
        """Of every document, or `only` of those with these ids."""
        self._only = only
        rows, arrived = _ROWS, _ARRIVED
        if only is not None:
            some = listed(_dialect(asks), only)
            rows, arrived = rows.where(Document.id.in_(some)), arrived.where(RegisterEntry.document_id.in_(some))
        read: dict[str, list[Any]] = dict(zip(_COLUMNS, _lists(asks, rows), strict=True))
        days: dict[str, str] = dict(zip(*_lists(asks, arrived), strict=True))
        units: dict[Value, str] = dict(zip(*_lists(asks, sa.select(Unit.id, Unit.name)), strict=True))
        self._documents = Numbers()
        self._documents.first(read.pop("id"))
        read["year"] = [day and day[:4] for day in read["date"]]
        read["unit"] = list(map(units.get, read["unit"]))
        read["arrival"] = [days.get(one) or came for one, came in zip(self.ids, read["came"], strict=True)]
        self._columns: dict[str, Column] = {}
        for name in list(read):  # each list goes as its column comes: they are large
            numbers = Numbers()
            self._columns[name] = Column(numbers.first(read.pop(name)), numbers)
        self.alive = np.ones(len(self.ids), np.bool_)
        """Not removed since."""
        self._told: list[Sequence[str]] = []
        """Each change: the ids; common to all moments of these arrays."""
        self._known = 0
        self._masks: dict[str, _Mask] = {}
        self._orders: dict[str, Order] = {}
        self._ranks: dict[str, Ids] = {}
        self._places: tuple[Sequence[str], Ids, int] = ([], np.empty(0, np.int32), 0)

    @property
    def ids(self) -> Sequence[str]:
        """By place; behind `size` those of a later moment."""
        return self._documents.values  # type: ignore[return-value]

    @property
    def place(self) -> Mapping[str, int]:
        """By id, those of later moments and removed ones too."""
        return self._documents.of  # type: ignore[return-value]

    @property
    def size(self) -> int:
        """How many places there are."""
        return len(self.alive)

    def column(self, name: str) -> Column:
        """type, issuer, year, unit (its name), status, province, date, came (as text), arrival (the day, or came)."""
        return self._columns[name]

    def places(self, found: Found) -> Ids:
        """Of what the engine found; -1 for what the database does not have."""
        if self._only is not None:
            names = map(found.names.__getitem__, found.numbers.tolist())
            places = np.fromiter((self.place.get(name, -1) for name in names), np.int32, len(found.numbers))
        else:
            places = self._places_of(found.names)[found.numbers]
        here = (places >= 0) & (places < self.size)
        here[here] = self.alive[places[here]]
        return np.where(here, places, np.int32(-1))

    def _places_of(self, names: Sequence[str]) -> Ids:
        """Of all documents the engine knows. What was looked up is not looked up again: a place is for ever."""
        known, places, there = self._places  # once: another thread may ask with another generation of the index
        if known is names and there == len(self.ids):
            return places
        there = len(self.ids)
        if known is not names:
            common = len(known) if known == names[: len(known)] else 0
            places = np.concatenate([places[:common], np.full(len(names) - common, -1, np.int32)])
        else:
            places = places.copy()
        missing = np.flatnonzero(places < 0)
        found = (self.place.get(names[number], -1) for number in missing.tolist())
        places[missing] = np.fromiter(found, np.int32, len(missing))
        self._places = names, places, there
        return places

    def mask(self, asks: Asks, condition: Condition) -> Flags:
        """The documents for which the database says that `condition` holds."""
        key = _spelled(asks, condition)
        known = self._masks.get(key)
        doubtful = None if known is None else self._told_since(known.told)
        if known is None or doubtful is None:
            flags = self._asked(asks, condition, np.zeros(self.size, np.bool_), self._only)
        elif doubtful or len(known.flags) < self.size:
            flags = longer(known.flags, self.size)
            flags[[place for place in map(self.place.__getitem__, doubtful) if place < self.size]] = False
            flags = self._asked(asks, condition, flags, doubtful)
        else:
            return known.flags
        while len(self._masks) >= KEPT_MASKS and key not in self._masks:
            self._masks.pop(next(iter(self._masks)))
        self._masks[key] = _Mask(flags, self._known)
        return flags

    def _told_since(self, told: int) -> list[str] | None:
        """Of which documents something was changed; None: of too many to ask for each."""
        ids = list(dict.fromkeys(itertools.chain.from_iterable(self._told[told : self._known])))
        return ids if len(ids) <= most_changes(self.size) else None

    def _asked(self, asks: Asks, condition: Condition, flags: Flags, only: Sequence[str] | None) -> Flags:
        """`flags`, and those of `only` for which the condition holds."""
        # Not as it is: SQLite would take the index of a column that hardly any document fails.
        wanted = sa.select(Document.id).where(sa.case((condition, 1), else_=0) == 1)
        if only is not None:
            wanted = wanted.where(Document.id.in_(listed(_dialect(asks), only)))
        places = (self.place.get(name, self.size) for name in _lists(asks, wanted)[0])
        flags[[place for place in places if place < self.size]] = True
        return flags & self.alive

    def ranks(self, name: str) -> Ids:
        """Of each document its place when sorted by a column, then by when it came, then by id; the last is shown
        first."""
        if name not in self._ranks:
            order = self._orders.get(name)
            if order is None:
                order = self._orders[name] = self._sorted(name)
            ranks = np.zeros(self.size, np.int32)
            ranks[order] = np.arange(len(order), dtype=np.int32)
            self._ranks[name] = ranks
        return self._ranks[name]

    def _sorted(self, name: str) -> Order:
        by_id = np.empty(self.size, np.int32)
        by_id[sorted(range(self.size), key=self.ids.__getitem__)] = np.arange(self.size, dtype=np.int32)
        order = np.lexsort((by_id, self.column("came").ranks(), self.column(name).ranks()))
        return order[self.alive[order]]

    def changed(self, asks: Asks, ids: Sequence[str]) -> Facts:
        """The same a moment later: what the database now says of the documents with these ids."""
        few, later = Facts(asks, ids), copy.copy(self)
        places = np.fromiter(map(self._documents.number, ids), np.int32, len(ids))
        there = np.fromiter(map(self.place.__getitem__, few.ids), np.int32, few.size)
        size = len(self.ids)
        later.alive = longer(self.alive, size)
        later.alive[places], later.alive[there] = False, True
        later._columns = {
            name: column.changed(there, few.column(name).at(range(few.size)), size)
            for name, column in self._columns.items()
        }
        self._told.append(tuple(ids))
        later._known = len(self._told)
        later._masks, later._ranks = dict(self._masks), {}
        later._orders = {name: later._sorted_again(order, name, places) for name, order in self._orders.items()}
        return later

    def _sorted_again(self, order: Order, name: str, places: Ids) -> Order:
        """`order` where the documents at these places have other values, or are gone."""

        def key(place: int) -> tuple[tuple[bool, str], ...]:
            (value,), (came,) = self.column(name).at([place]), self.column("came").at([place])
            return sorts(value), sorts(came), sorts(self.ids[place])

        moved = np.zeros(self.size, np.bool_)
        moved[places] = True
        rest = order[~moved[order]]
        coming = sorted((place for place in places.tolist() if self.alive[place]), key=key)
        return np.insert(rest, [bisect(rest, key(place), key=key) for place in coming], coming)

    @property
    def worn(self) -> bool:
        """Told of so much that it is time to read everything anew."""
        return len(self._told) >= MOST_TOLD


def most_changes(size: int) -> int:
    """Of more of `size` documents it is not worth to ask for each that was changed."""
    return max(FEW, size // SHARE)


def _dialect(asks: Asks) -> sa.Dialect:
    bind: sa.Engine | sa.Connection = asks.get_bind() if isinstance(asks, Session) else asks
    return bind.dialect


def _spelled(asks: Asks, condition: Condition) -> str:
    compiled = condition.compile(dialect=_dialect(asks))
    return f"{compiled} {compiled.params!r}"
