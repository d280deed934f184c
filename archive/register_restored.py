"""After a restore: which number was last given on paper is asked of a person before a book gives a new one.

What happened after the backup was taken is not in it: papers that went out of the office's hands with a number, a stamp
on each. Were the book to go on from where the backup stands, those numbers would be given a second time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.errors import BadValue, Conflict, NumbersUnknown
from archive.models import Book, BookYear, Restore, now
from archive.register_books import FARTHEST_AHEAD, await_numbers, lock_counter
from archive.workdays import HANOI

_latest = sa.select(Restore).order_by(Restore.id.desc()).limit(1)


@dataclass(frozen=True)
class Asked:
    """A book of a year of which the last number on paper is not known."""

    book: Book
    year: int
    last: int
    """The last one the archive knows of."""


def latest(session: Session) -> Restore | None:
    """The last restore; None where the archive never was brought back."""
    return session.scalars(_latest).one_or_none()


def is_asked(session: Session, counter: BookYear) -> bool:
    """Whether this book of this year must not give a new number yet. Years that began after the restore may."""
    restore = latest(session)
    return restore is not None and counter.settled < restore.id and counter.year <= _year(restore)


def _year(restore: Restore) -> int:
    return restore.restored_at.astimezone(HANOI).year


def check(session: Session, counter: BookYear) -> None:
    """NumbersUnknown while a person has not said which number was last."""
    restore = latest(session) if is_asked(session, counter) else None
    if restore:
        taken = restore.made_at.astimezone(HANOI)
        raise NumbersUnknown(
            f"Kho vừa được phục hồi từ bản sao lưu lúc {taken:%H:%M ngày %d/%m/%Y}, nên chưa biết số đến cuối cùng đã "
            f"cấp trên giấy của sổ {counter.book_id} năm {counter.year} (kho biết đến số {counter.last}). Văn bản vẫn "
            "được lưu an toàn. Văn thư hãy ghi số cuối cùng ở trang Sổ văn bản đến, mục “Số cuối trên giấy”."
        )


def asked(session: Session) -> Sequence[Asked]:
    """Every book and year that is asked for, the latest year first; each book in use is asked for this year, too."""
    restore = latest(session)
    if restore is None:
        return []
    counters = {(one.book_id, one.year): one for one in session.scalars(sa.select(BookYear))}
    books = {book.id: book for book in session.scalars(sa.select(Book))}
    years = {restore.made_at.astimezone(HANOI).year, _year(restore)}
    keys = set(counters) | {(book.id, year) for book in books.values() if book.active for year in years}
    found = [counters.get(key) or BookYear(book_id=key[0], year=key[1], last=0, settled=0) for key in keys]
    open_ones = [one for one in found if one.settled < restore.id and one.year <= _year(restore)]
    return [
        Asked(books[one.book_id], one.year, one.last)
        for one in sorted(open_ones, key=lambda one: (-one.year, books[one.book_id].position, one.book_id))
    ]


def say_last(
    session: Session, book_id: str, year: int, last: int, *, actor: str, at: dt.datetime | None = None
) -> int:  # fmt: skip
    """A person says which number was last given on paper, 0 for none; the book goes on after it.

    Numbers that the archive does not know wait for their papers; how many. BadValue, Conflict: nothing was written.
    """
    at = at or now()
    counter = lock_counter(session, book_id, year)
    restore = latest(session)
    if restore is None or not is_asked(session, counter):
        raise Conflict(f"Sổ {book_id} năm {year} không phải ghi số cuối trên giấy: chưa phục hồi, hoặc đã ghi rồi.")
    if last < counter.last:
        raise BadValue(
            f"Kho đã có đến số {counter.last} của sổ {book_id} năm {year}, nên số cuối cùng không thể là {last}. "
            f"Nếu trên giấy không có số nào lớn hơn, hãy ghi {counter.last}."
        )
    if last > counter.last + FARTHEST_AHEAD:
        raise BadValue(f"Số {last} quá xa so với sổ (kho biết đến số {counter.last}). Hãy xem lại dấu ĐẾN cuối cùng.")
    before = counter.last
    await_numbers(session, counter, last, actor, at)
    counter.settled = restore.id
    facts = {"last": last, "before": before, "restore": restore.id}
    history.append(session, actor, "last_on_paper", f"{book_id}/{year}", facts, at)
    session.flush()
    return last - before
