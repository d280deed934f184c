"""The books of the office: which there are, what goes into which, and the counter from which numbers come.

NĐ 30/2020, art. 22 wants one series of numbers for paper and electronic; some offices keep a book for each source (TT
07/2012, art. 5: by ministries, provinces, complaints …), and every book then counts by itself.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from archive import history, origins
from archive.errors import BadValue, Conflict, NotFound
from archive.models import Book, BookYear, Document, RegisterEntry
from archive.vietnamese import fold

DEFAULT = "den"
"""The book every office has."""
SYSTEMS = ("state", "party")
MOST_WORDS = 50
FARTHEST_AHEAD = 10_000
"""A stamp that is farther ahead of the book than this was misread."""

_counter = (
    sa.select(BookYear)
    .where(BookYear.book_id == sa.bindparam("book"), BookYear.year == sa.bindparam("year"))
    .with_for_update()
    .execution_options(populate_existing=True)
)


def lock_counter(session: Session, book_id: str, year: int) -> BookYear:
    """The counter of this book and year, locked until the transaction ends; NotFound without such a book."""
    key = {"book": book_id, "year": year}
    counter = session.scalars(_counter, key).one_or_none()
    if counter:
        return counter
    named(session, book_id)
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    # Two first entries of a year may come at once: both ask for the row, one of them makes it.
    row = insert(BookYear).values(book_id=book_id, year=year, last=0)
    session.execute(row.on_conflict_do_nothing())
    return session.scalars(_counter, key).one()


def await_numbers(session: Session, counter: BookYear, last: int, actor: str, at: dt.datetime) -> None:
    """Move the locked counter to `last`, if it is not there yet: the numbers between wait for their papers."""
    between = range(counter.last + 1, last + 1)
    if not between:
        return
    line = {"book_id": counter.book_id, "year": counter.year, "status": "awaited", "registered_by": actor,
            "registered_at": at}  # fmt: skip
    session.execute(sa.insert(RegisterEntry), [line | {"number": n} for n in between])
    facts = {"book": counter.book_id, "year": counter.year, "from": between[0], "to": between[-1]}
    history.append(session, actor, "numbers_awaited", f"{counter.book_id}/{counter.year}", facts, at)
    counter.last = last


def named(session: Session, book_id: str) -> Book:
    """The book with this id; NotFound."""
    book = session.get(Book, book_id) if len(book_id) <= 40 and "\0" not in book_id else None
    if book is None:
        raise NotFound(f"Không có sổ {book_id[:40]!r}.")
    return book


def books(session: Session, *, closed: bool = False) -> Sequence[Book]:
    """The books papers may go into, in the order in which they are asked; with `closed` also those given up."""
    wanted = sa.select(Book).order_by(Book.position, Book.id)
    return session.scalars(wanted if closed else wanted.where(Book.active)).all()


def book_for(session: Session, document: Document) -> Book:
    """The book this paper goes into unless a clerk says otherwise."""
    return books_for(session, [document])[document.id]


def books_for(session: Session, documents: Collection[Document]) -> dict[str, Book]:
    """Paper → the book it goes into unless a clerk says otherwise.

    That of the place it lay in (a folder of this book), else the first that asks for it, else the default one.
    """
    known = books(session)
    plain = next((book for book in known if book.id == DEFAULT), None) or next(iter(known), None)
    if plain is None:
        raise NotFound("Chưa có sổ nào đang dùng. Hãy nhờ quản trị viên mở một sổ.")
    put = origins.books(session, {one.scan_id for one in documents})
    return {one.id: _of_place(known, put.get(one.scan_id)) or _asking(known, one) or plain for one in documents}


def _of_place(known: Sequence[Book], put: str | None) -> Book | None:
    return next((book for book in known if book.id == put), None)


def _asking(known: Sequence[Book], document: Document) -> Book | None:
    return next((book for book in known if _asks_for(book, document)), None)


def _asks_for(book: Book, document: Document) -> bool:
    if not book.takes and not book.system:
        return False
    if book.system and book.system != document.system:
        return False
    organ = f" {fold(document.issuing_organ or '')} "
    return not book.takes or any(f" {fold(word)} " in organ for word in book.takes)


def add(
    session: Session, title: str, takes: Iterable[str] = (), system: str | None = None, *, actor: str
) -> Book:  # fmt: skip
    """A new book, asked after those that are there; its id comes from the title. BadValue, Conflict."""
    title, words = _checked(title, takes, system)
    slug = re.sub(r"[^a-z0-9]+", "_", fold(title)).strip("_")[:40].strip("_")
    if not slug:
        raise BadValue("Tên sổ phải có chữ.")
    if session.get(Book, slug) or session.scalar(sa.select(Book.id).where(Book.title == title)):
        raise Conflict(f"Đã có sổ tên {title!r}. Hãy đặt tên khác.")
    position = (session.scalar(sa.select(sa.func.max(Book.position))) or 0) + 1
    book = Book(id=slug, title=title, takes=words, system=system, position=position, active=True)
    session.add(book)
    session.flush()
    history.append(session, actor, "book_added", slug, {"title": title, "takes": words, "system": system})
    return book


def change(
    session: Session, book: Book, title: str, takes: Iterable[str] = (), system: str | None = None, *,
    active: bool, actor: str,
) -> Book:  # fmt: skip
    """Another title or rule for a book, or no new papers for it; its lines stay. BadValue, Conflict."""
    title, words = _checked(title, takes, system)
    others = [one for one in books(session) if one.id != book.id]
    if not active and not others:
        raise Conflict("Đây là sổ duy nhất đang dùng nên không ngừng được. Hãy mở sổ khác trước.")
    if any(one.title == title for one in others):
        raise Conflict(f"Đã có sổ tên {title!r}. Hãy đặt tên khác.")
    before = {"title": book.title, "takes": book.takes, "system": book.system, "active": book.active}
    book.title, book.takes, book.system, book.active = title, words, system, active
    after = {"title": title, "takes": words, "system": system, "active": active}
    if after != before:
        history.append(session, actor, "book_changed", book.id, {"before": before, "after": after})
    return book


def _checked(title: str, takes: Iterable[str], system: str | None) -> tuple[str, list[str]]:
    title = " ".join(title.split())
    words = list(dict.fromkeys(filter(None, (" ".join(word.split()) for word in takes))))
    if not title or len(title) > 200 or "\0" in title:
        raise BadValue("Sổ phải có tên, dài nhất 200 ký tự.")
    if len(words) > MOST_WORDS or any(len(word) > 200 or "\0" in word for word in words):
        raise BadValue(f"Một sổ nhận theo nhiều nhất {MOST_WORDS} tên cơ quan, mỗi tên dài nhất 200 ký tự.")
    if system not in (None, *SYSTEMS):
        raise BadValue("Hệ thống văn bản phải là Nhà nước (state) hoặc Đảng (party).")
    return title, words
