"""Columns of numbers that stand for values: what is asked of a value is asked once, not once a document."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from archive.search.entry import Flags, Ids

Value = str | None
Kind = TypeVar("Kind", bound=np.generic)


class Numbers:
    """Values by number and back. It only grows, so arrays of another moment stay right; one thread adds at a time."""

    def __init__(self) -> None:
        self.of: dict[Value, int] = {}
        self.values: list[Value] = []

    def first(self, values: Iterable[Value]) -> Ids:
        """The numbers of these, where there was none yet."""
        numbers = np.fromiter((self.of.setdefault(value, len(self.of)) for value in values), np.int32)
        self.values.extend(self.of)
        return numbers

    def number(self, value: Value) -> int:
        """Its number; one of its own for a new one."""
        number = self.of.setdefault(value, len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number


class Column:
    """One column: a number for each document and what the numbers stand for."""

    def __init__(self, codes: Ids, numbers: Numbers) -> None:
        self.codes, self._numbers, self._size = codes, numbers, len(numbers.values)

    @property
    def values(self) -> list[Value]:
        """By number; no document may have it any more."""
        return self._numbers.values[: self._size]

    def at(self, places: Iterable[int]) -> list[Value]:
        """Of the documents at these places."""
        return [self._numbers.values[self.codes[place]] for place in places]

    def where(self, holds: Callable[[Value], bool]) -> Flags:
        """The documents whose value is so."""
        values = self.values
        return np.fromiter(map(holds, values), np.bool_, len(values))[self.codes]

    def ranks(self) -> Ids:
        """Of each document, the place of its value among all values; none comes first."""
        values = self.values
        order = sorted(range(len(values)), key=lambda code: sorts(values[code]))
        places = np.empty(len(order), np.int32)
        places[order] = np.arange(len(order), dtype=np.int32)
        return places[self.codes]

    def changed(self, places: Ids, values: Iterable[Value], size: int) -> Column:
        """With these values at these places, of `size` documents; itself where nothing is another."""
        codes = np.fromiter(map(self._numbers.number, values), np.int32, len(places))
        if size == len(self.codes) and bool((self.codes[places] == codes).all()):
            return self
        after = longer(self.codes, size)
        after[places] = codes
        if not self._numbers.values:  # all that came are gone again
            self._numbers.number(None)
        return Column(after, self._numbers)


def sorts(value: Value) -> tuple[bool, str]:
    """By what values are sorted: none comes first."""
    return value is not None, value or ""


def longer(array: npt.NDArray[Kind], size: int) -> npt.NDArray[Kind]:
    """A copy with zeros behind."""
    copy = np.zeros(size, array.dtype)
    copy[: len(array)] = array
    return copy
