"""Which of the found documents pass the filters; how many are of each type, issuer, year, unit, status, province."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import numpy as np

from archive.search.abbreviations import Pairs, spelled_out
from archive.search.columns import Column, Value
from archive.search.conditions import of_units
from archive.search.entry import Flags
from archive.search.facts import Facts
from archive.search.query import Filters
from archive.search.view import Seen, View
from archive.search.words import line

FACETS = ("type", "issuer", "year", "unit", "status", "province")
MOST_VALUES = 20
_IN_PART = ("issuer",)
"""Who types a part of the name means it, too."""
_FOLDED = ("type", "issuer", "province")
"""May be typed without marks, or short."""

Counts = dict[str, list[tuple[str, int]]]
Passing = Mapping[str, Flags]


def passing(view: View, seen: Seen, filters: Filters, short: Pairs = ()) -> Passing:
    """Of each filter that has values, by its name: which of `seen` pass it?"""
    wanted = {name: getattr(filters, name) for name in FACETS if getattr(filters, name)}
    return {name: _passing(view, seen.facts, name, values, short)[seen.places] for name, values in wanted.items()}


def _passing(view: View, facts: Facts, name: str, wanted: Sequence[str], short: Pairs) -> Flags:
    if name == "unit":
        return view.mask(facts, of_units(wanted))
    column = facts.column(name)
    if name not in _FOLDED:
        return column.where(lambda value: value in wanted)
    known = _values(column, view.allowed(facts))
    meant = {value for one in wanted for value in _meant(one, known, short, in_part=name in _IN_PART)}
    return column.where(lambda value: value in meant)


def _values(column: Column, allowed: Flags) -> list[str]:
    """What this person may know to be there: what hidden papers have decides nothing."""
    counts = np.bincount(column.codes[allowed], minlength=len(column.values))
    return [value for value, count in zip(column.values, counts.tolist(), strict=True) if value and count]


def _meant(wanted: str, known: Sequence[str], short: Pairs, *, in_part: bool) -> list[str]:
    if wanted in known:
        return [wanted]
    sought = line(spelled_out(wanted, short))
    return [value for value in known if sought == _line(value) or (in_part and sought in _line(value))]


_line = functools.lru_cache(maxsize=4096)(line)


def of_days(seen: Seen, filters: Filters) -> Seen:
    """Those between the first and the last day."""
    first, last = filters.date_from or "", filters.date_to or "9"
    if not (filters.date_from or filters.date_to):
        return seen

    def between(day: Value) -> bool:
        return day is not None and first <= day <= last

    return seen.kept(seen.facts.column("date").where(between)[seen.places])


def every(seen: Seen, passes: Passing, but: str = "") -> Seen:
    """Those that pass every filter, but for one."""
    flags = [passed for name, passed in passes.items() if name != but]
    return seen.kept(np.logical_and.reduce(flags)) if flags else seen


def counted(seen: Seen, passes: Passing, filters: Filters) -> Counts:
    """(value, how many) of each facet, most first; what is taken is always among them, with 0 if need be.

    A facet counts what passes every filter but its own, so that a second value can be seen and taken, too.
    """
    all_of_them = every(seen, passes)
    return {
        name: _counted(every(seen, passes, name) if name in passes else all_of_them, name, getattr(filters, name))
        for name in FACETS
    }  # fmt: skip


def _counted(seen: Seen, name: str, taken: Sequence[str]) -> list[tuple[str, int]]:
    column = seen.facts.column(name)
    counts = np.bincount(column.codes[seen.places], minlength=len(column.values)).tolist()
    found = ((value, count) for value, count in zip(column.values, counts, strict=True) if value and count)
    ordered = sorted(found, key=lambda item: (-item[1], item[0]))
    wanted = {line(value): value for value in taken}
    shown = ordered[:MOST_VALUES] + [item for item in ordered[MOST_VALUES:] if line(item[0]) in wanted]
    missing = wanted.keys() - {line(value) for value, _ in shown}
    return shown + [(wanted[key], 0) for key in sorted(missing)]
