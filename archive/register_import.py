"""Taking over an old register book: which lines of the workbook go into the book, which not and why, then all at once.

Numbers stay what they were; what is missing between them waits, as in a book that is written here. Nothing is written
before somebody has seen the plan; then all lines and one event are one transaction. A line whose number stands in the
book already is refused, so the same workbook, mended, can be taken over again.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history, register_days
from archive.errors import BadValue, Conflict
from archive.models import BookImport, BookYear, RegisterEntry, now
from archive.register import FAR_FOR_A_FIRST
from archive.register_books import FARTHEST_AHEAD, lock_counter, named
from archive.register_report import Range, Twice, ranges, twice
from archive.register_sheet import TITLES, Sheet, is_numbering
from archive.vietnamese import find_dates, fold, iso_date, short_date
from archive.workdays import HANOI

NEEDED = ("number", "arrived_on")
MOST_NUMBER = 1_000_000
_LONGEST = {"issuer": 300, "code": 80, "type_and_subject": 5000, "recipient": 300, "receipt": 200, "note": 400}
_EPOCH = dt.date(1899, 12, 30)
"""Day 0 of Excel, that counts a 29 February 1900."""


@dataclass(frozen=True)
class Line:
    """One row of the workbook; `why` is empty when it can be taken over."""

    row: int
    """As Excel counts, from 1."""
    number: int | None
    values: Mapping[str, Any]
    why: str = ""


@dataclass(frozen=True)
class Plan:
    """What would happen: shown before anything does."""

    good: list[Line]
    refused: list[Line]
    gaps: list[Range]
    """Numbers between the first and the last that are neither in the workbook nor in the book: they will wait."""
    unordered: list[Line]
    """Taken over, but with a day before that of a smaller number."""
    twice: list[Twice] = field(default_factory=list)


def draft(
    session: Session, book_id: str, year: int, filename: str, sha256: str, sheet: Sheet, actor: str
) -> BookImport:
    """Keep what was read of a workbook until somebody decides; BadValue for a year no book can have."""
    named(session, book_id)
    if not 1945 <= year <= now().astimezone(HANOI).year:
        raise BadValue("Năm của sổ không hợp lệ.")
    made = BookImport(
        book_id=book_id, year=year, filename=filename[:500], sha256=sha256, sheet=sheet.rows, head=sheet.head,
        mapping=dict(sheet.mapping), by=actor,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def remap(made: BookImport, mapping: Mapping[str, int]) -> None:
    """Say which column of the sheet is which of the book. BadValue."""
    widest = max(map(len, made.sheet), default=0)
    if set(mapping) - set(TITLES) or any(not 0 <= column < widest for column in mapping.values()):
        raise BadValue("Cột đã chọn không có trong tệp.")
    made.mapping = dict(mapping)


def plan(session: Session, made: BookImport) -> Plan:
    """Every row weighed against the rules of the book, its lines that are there, and the other rows."""
    if missing := [name for name in NEEDED if name not in made.mapping]:
        titles = {"number": "Số đến", "arrived_on": "Ngày đến"}
        raise BadValue(f"Hãy chỉ ra cột {' và cột '.join(titles[name] for name in missing)} của tệp.")
    there = _there(session, made)
    closed = register_days.closed_until(session, made.book_id, made.year)
    lines = [_weighed(line, there, closed) for line in _lines(made)]
    seen = Counter(line.number for line in lines if not line.why)
    lines = [_refuse(line, "Số này có ở nhiều dòng của tệp.") if not line.why and seen[line.number] > 1 else line
             for line in lines]  # fmt: skip
    good = sorted((line for line in lines if not line.why), key=lambda line: line.number or 0)
    known = {*there, *(line.number for line in good if line.number)}
    between = _between(session, made, known) if good else range(0)
    return Plan(
        good, [line for line in lines if line.why], ranges(n for n in between if n not in known), _unordered(good),
        twice(RegisterEntry(**_columns(made, line)) for line in good),
    )  # fmt: skip


def _there(session: Session, made: BookImport) -> dict[int, str]:
    """Number -> status of the lines the book has."""
    of_year = sa.select(RegisterEntry.number, RegisterEntry.status).where(
        RegisterEntry.book_id == made.book_id, RegisterEntry.year == made.year
    )
    return {number: status for number, status in session.execute(of_year)}  # noqa: C416 - rows, not pairs


def _between(session: Session, made: BookImport, known: set[int]) -> range:
    """The numbers that the book will span: from 1 on, unless it is one whose first numbers nobody has."""
    counter = session.get(BookYear, (made.book_id, made.year))
    lowest, last = min(known), max(*known, counter.last if counter else 0)
    return range(lowest if lowest > FAR_FOR_A_FIRST else 1, last + 1)


def _lines(made: BookImport) -> list[Line]:
    """The rows under the titles that say anything; an empty day is the one above it, as hands write it."""
    found: list[Line] = []
    day = ""
    for index, cells in enumerate(made.sheet[made.head + 1 :], made.head + 2):
        said = {name: cells[column] for name, column in made.mapping.items() if column < len(cells)}
        if not any(said.values()) or is_numbering(cells):
            continue
        day = said.get("arrived_on") or day
        found.append(_line(index, said | {"arrived_on": day}, made.year))
    return found


def _line(row: int, said: Mapping[str, str], year: int) -> Line:
    digits = re.fullmatch(r"0*(\d{1,7})", said.get("number", ""))
    number = int(digits[1]) if digits else None
    arrived = day_of(said.get("arrived_on", ""), year)
    values = {
        "arrived_on": arrived, "issuer": said.get("issuer", ""), "code": said.get("code", ""),
        "type_and_subject": _subject(said), "recipient": said.get("recipient", ""),
        "forwarded_on": day_of(said.get("forwarded_on", ""), year), "receipt": said.get("receipt", ""),
        "note": said.get("note", ""), "document_date": None,
    }  # fmt: skip
    if written := said.get("document_date", ""):
        of_paper = _before(day_of(written, year), arrived, written)
        values["document_date"] = of_paper.isoformat() if of_paper else None
        if of_paper is None:
            values["note"] = f"{values['note']} (ngày văn bản ghi: {written[:60]})".strip()
    return Line(row, number, values, _wrong(said, number, arrived, values, year))


def _before(day: dt.date | None, arrived: dt.date | None, written: str) -> dt.date | None:
    """A day without a year is the last such day before the paper came: 28/12 in January is of the year before."""
    has_year = len(re.findall(r"\d+", written)) > 2
    if day and arrived and day > arrived and not has_year:
        return _same_day(day, day.year - 1)
    return day


def _same_day(day: dt.date, year: int) -> dt.date | None:
    iso = iso_date(day.day, day.month, year)
    return dt.date.fromisoformat(iso) if iso else None


def _subject(said: Mapping[str, str]) -> str:
    kind, subject = said.get("type", ""), said.get("subject", "")
    return subject if not kind or fold(subject).startswith(fold(kind)) else f"{kind} {subject}".strip()


def _wrong(
    said: Mapping[str, str], number: int | None, arrived: dt.date | None, values: Mapping[str, Any], year: int
) -> str:
    if not number or number > MOST_NUMBER:
        return f"Số đến {said.get('number', '')[:30]!r} không phải một số."
    if arrived is None:
        return f"Không hiểu ngày đến {said.get('arrived_on', '')[:30]!r}."
    if arrived.year != year:
        return f"Ngày đến {arrived:%d/%m/%Y} không thuộc năm {year} của sổ."
    if arrived > now().astimezone(HANOI).date():
        return f"Ngày đến {arrived:%d/%m/%Y} ở tương lai."
    long = next((name for name, most in _LONGEST.items() if len(values[name]) > most), None)
    return f"Một ô dài quá {_LONGEST[long]} ký tự." if long else ""


def day_of(written: str, year: int) -> dt.date | None:
    """A day in any form a book is kept in: 2026-03-25, 25/3/26, 25.3, `ngày 25 tháng 3`, Excel's count of days."""
    written = written.strip()
    if re.fullmatch(r"\d{5}", written):
        day = _EPOCH + dt.timedelta(days=int(written))
        return day if 1945 <= day.year <= 2100 else None
    iso: str | None
    if re.fullmatch(r"\d{4}-\d\d?-\d\d?", written):
        iso = iso_date(*map(int, reversed(written.split("-"))))
    elif re.fullmatch(r"[\d\s./-]+", written):
        iso = short_date(written, near=str(year))
    else:
        iso = next((day.iso for day in find_dates(written) if day.iso), None) or short_date(written, near=str(year))
    return dt.date.fromisoformat(iso) if iso else None


def _weighed(line: Line, there: Mapping[int, str], closed: dt.date | None) -> Line:
    """The line, refused where the book says no."""
    if line.why or line.number is None:
        return line
    if there.get(line.number, "awaited") != "awaited":
        return _refuse(line, "Số này đã có trong sổ.")
    if closed and line.values["arrived_on"] <= closed:
        return _refuse(line, f"Sổ đã khóa đến hết ngày {closed:%d/%m/%Y}.")
    return line


def _refuse(line: Line, why: str) -> Line:
    return Line(line.row, line.number, line.values, why)


def _unordered(good: Sequence[Line]) -> list[Line]:
    found: list[Line] = []
    latest = dt.date.min
    for line in good:
        if line.values["arrived_on"] < latest:
            found.append(line)
        latest = max(latest, line.values["arrived_on"])
    return found


def _columns(made: BookImport, line: Line) -> dict[str, Any]:
    return {"book_id": made.book_id, "year": made.year, "number": line.number, "status": "registered", **line.values}


def commit(session: Session, made: BookImport, actor: str, at: dt.datetime | None = None) -> int:
    """Write every good line, in the caller's transaction, with one event; how many. Conflict when it was done.

    The book is locked first and the plan made anew: what it says is what is true now.
    """
    at = at or now()
    counter = lock_counter(session, made.book_id, made.year)
    session.refresh(made, with_for_update=True)
    if made.state == "done":
        raise Conflict("Tệp này đã được nhập vào sổ rồi.")
    found = plan(session, made)
    if not found.good:
        raise Conflict("Không có dòng nào nhập được, nên sổ vẫn như cũ.")
    waiting = [n for first, last in found.gaps for n in range(first, last + 1)]
    if len(waiting) > FARTHEST_AHEAD:
        raise Conflict(f"Giữa các số trống đến {len(waiting)} số: có lẽ một số đến ghi sai. Hãy xem lại tệp.")
    facts = {"registered_by": actor, "registered_at": at, "import_id": made.id}
    awaited = _take_awaited(session, made, found.good, facts)
    new = [_columns(made, line) | facts for line in found.good if line.number not in awaited]
    if new:
        session.execute(sa.insert(RegisterEntry), new)
    if waiting:
        gap = {"book_id": made.book_id, "year": made.year, "status": "awaited", "registered_by": actor,
               "registered_at": at}  # fmt: skip
        session.execute(sa.insert(RegisterEntry), [gap | {"number": n} for n in waiting])
    numbers = [line.number for line in found.good if line.number]
    lowest = min([*numbers, *waiting])
    counter.first = lowest if not counter.last else min(counter.first, lowest)
    counter.last = max(counter.last, max(numbers))
    made.state, made.lines, made.sheet, made.mapping = "done", len(numbers), [], {}
    told = {"import": made.id, "file": made.filename, "sha256": made.sha256, "lines": len(numbers),
            "first": min(numbers), "last": max(numbers), "refused": len(found.refused),
            "awaited": found.gaps}  # fmt: skip
    history.append(session, actor, "book_imported", f"{made.book_id}/{made.year}", told, at)
    session.flush()
    return len(numbers)


def _take_awaited(session: Session, made: BookImport, good: Sequence[Line], facts: Mapping[str, Any]) -> set[int]:
    """Fill the lines that waited for these papers; their numbers."""
    waiting = sa.select(RegisterEntry).where(
        RegisterEntry.book_id == made.book_id, RegisterEntry.year == made.year, RegisterEntry.status == "awaited"
    )
    by_number = {line.number: line for line in good}
    found = [entry for entry in session.scalars(waiting) if entry.number in by_number]
    for entry in found:
        for name, value in {**by_number[entry.number].values, "status": "registered", **facts}.items():
            setattr(entry, name, value)
    session.flush()
    return {entry.number for entry in found}
