"""What is not as it should be in a book: numbers that wait, were voided or are missing, and papers entered twice."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history, register_days
from archive.codes import PARTY, find_codes
from archive.errors import BadValue
from archive.models import BookYear, ClosedDay, RegisterEntry
from archive.register_books import lock_counter, named
from archive.vietnamese import fold

Range = tuple[int, int]
"""First and last of numbers that follow one another."""


@dataclass(frozen=True)
class Twice:
    """Lines that may be one paper: `certain` when they also name the same issuer."""

    code: str
    entries: tuple[RegisterEntry, ...]
    certain: bool


@dataclass(frozen=True)
class Report:
    """The state of a book in a year."""

    lines: int
    first: int
    last: int
    awaited: list[Range]
    missing: list[Range]
    voided: Sequence[RegisterEntry]
    twice: list[Twice]
    altered: list[ClosedDay]
    """Closed days whose lines somebody changed all the same."""


def report(session: Session, book_id: str, year: int) -> Report:
    """Everything that wants a look."""
    named(session, book_id)
    of_year = sa.select(RegisterEntry).where(RegisterEntry.book_id == book_id, RegisterEntry.year == year)
    entries = session.scalars(of_year.order_by(RegisterEntry.number)).all()
    counter = session.get(BookYear, (book_id, year))
    last = max(counter.last if counter else 0, entries[-1].number if entries else 0)
    first = counter.first if counter else 1
    have = {entry.number for entry in entries}
    return Report(
        len(entries), first, last,
        ranges(entry.number for entry in entries if entry.status == "awaited"),
        ranges(sorted(set(range(first, last + 1)) - have)),
        [entry for entry in entries if entry.status == "void"],
        twice(entry for entry in entries if entry.status == "registered"),
        [day for day in register_days.altered(session, book_id) if day.day.year == year],
    )  # fmt: skip


def ranges(numbers: Iterable[int]) -> list[Range]:
    """Sorted numbers as ranges."""
    found: list[Range] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def twice(entries: Iterable[RegisterEntry]) -> list[Twice]:
    """Lines with the same number and symbol of the same organ, in one year or, of the Party, of one day.

    `05/UBND-VX` and `5/UBND-VX` are the same. A Party number repeats each term of the committee, so the day counts. A
    line that names no issuer goes with every other.
    """
    alike: dict[tuple[str, str], list[RegisterEntry]] = defaultdict(list)
    for entry in entries:
        if key := _key(entry):
            alike[key].append(entry)
    found = (one for group in alike.values() if len(group) > 1 for one in _of_one_issuer(group))
    return sorted(found, key=lambda one: one.entries[0].number)


def _key(entry: RegisterEntry) -> tuple[str, str] | None:
    code = plain_code(entry.code)
    if not code:
        return None
    day = entry.document_date or ""
    return code, day if _is_party(entry.code) else day[:4]


def plain_code(code: str) -> str:
    """A code without marks, blanks and leading zeros, for telling whether two are the same."""
    return re.sub(r"^0+(?=\d)", "", re.sub(r"\s+", "", fold(code)))


def _is_party(code: str) -> bool:
    found = next(iter(find_codes(code, bare=True)), None)
    return found is not None and found.system == PARTY


def _of_one_issuer(group: Sequence[RegisterEntry]) -> list[Twice]:
    named_by: dict[str, list[RegisterEntry]] = defaultdict(list)
    for entry in group:
        named_by[fold(entry.issuer).strip()].append(entry)
    unnamed = named_by.pop("", [])
    found = []
    for same in named_by.values() or [[]]:
        both = sorted([*same, *unnamed], key=lambda one: one.number)
        if len(both) > 1:
            found.append(Twice(both[0].code, tuple(both), not unnamed))
    return found


def void_range(
    session: Session, book_id: str, year: int, first: int, last: int, reason: str, actor: str,
    at: dt.datetime | None = None,
) -> int:  # fmt: skip
    """Void every awaited number from `first` to `last`, with one reason and one event; how many. BadValue for none."""
    reason = " ".join(reason.split())
    if not reason or len(reason) > 500:
        raise BadValue("Huỷ số phải nêu lý do, dài nhất 500 ký tự.")
    lock_counter(session, book_id, year)
    waiting = sa.select(RegisterEntry).where(
        RegisterEntry.book_id == book_id, RegisterEntry.year == year, RegisterEntry.status == "awaited",
        RegisterEntry.number.between(first, last),
    ).order_by(RegisterEntry.number)  # fmt: skip
    entries = session.scalars(waiting.execution_options(populate_existing=True)).all()
    if not entries:
        raise BadValue(f"Không có số nào đang chờ văn bản từ số {first} đến số {last}.")
    for entry in entries:
        entry.status, entry.void_reason = "void", reason
    numbers = [entry.number for entry in entries]
    facts = {"numbers": ranges(numbers), "reason": reason}
    history.append(session, actor, "numbers_voided", f"{book_id}/{year}", facts, at)
    session.flush()
    return len(numbers)
