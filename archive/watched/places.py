"""What the name of a sub-folder says of the files in it: for which unit, for which book, urgent, secret.

A name counts as a unit's or a book's when it is its id or its name, with or without marks: "Phòng Tài chính",
`phong-tai-chinh` and `phong_tai_chinh` are the same. Several may be nested. Any other name is merely where it lay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import register_books
from archive.models import Unit
from archive.origins import Origin
from archive.vietnamese import fold, printable

URGENT = frozenset({"khan", "thuongkhan", "hoatoc", "urgent"})
SECRET = frozenset({"mật", "tốimật", "tuyệtmật", "mat", "toimat", "tuyetmat"})
"""With their marks, or all without: "Mắt" and "Mặt" are other words."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a file because it lies there."""

    origin: Origin
    urgent: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Map:
    """The units and books there are, by their ids and names as `plain` writes them."""

    units: Mapping[str, str]
    books: Mapping[str, str]

    def unit(self, name: str) -> str | None:
        """The id of the unit with this id or name."""
        return self.units.get(plain(name))

    def book(self, name: str) -> str | None:
        """The id of the book with this id or title."""
        return self.books.get(plain(name))

    def place(self, parts: Sequence[str]) -> Place:
        """Of the sub-folders a file lies in, outermost first; the innermost that says a thing is believed."""
        said = [plain(part) for part in parts]
        return Place(
            Origin("/".join(printable(part) for part in parts), _last(said, self.units), _last(said, self.books)),
            not URGENT.isdisjoint(said), not SECRET.isdisjoint(_letters(part) for part in parts),
        )  # fmt: skip


def load(session: Session) -> Map:
    """The units and books of this moment."""
    units = session.execute(sa.select(Unit.id, Unit.name).where(Unit.active).order_by(Unit.id)).all()
    books = [(book.id, book.title) for book in register_books.books(session)]
    return Map(_known([(row[0], row[1]) for row in units]), _known(books))


def plain(name: str) -> str:
    """Letters and digits alone, without marks: as names of folders are compared."""
    return re.sub(r"[^a-z0-9]", "", fold(printable(name)))


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", printable(name)).lower()


def _known(rows: Sequence[tuple[str, str]]) -> dict[str, str]:
    names = {plain(name): id_ for id_, name in rows} | {plain(id_): id_ for id_, _ in rows}
    return {name: id_ for name, id_ in names.items() if name}


def _last(said: Sequence[str], known: Mapping[str, str]) -> str | None:
    return next((known[one] for one in reversed(said) if one in known), None)
